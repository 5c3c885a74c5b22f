//! The methods beyond reCAPTCHA, hCaptcha, Turnstile and the text of a picture: what each must carry, and what it is
//! answered with.
//!
//! Sources: the chapters of 2captcha.com/2captcha-api; for those that it has no chapter on, what the service's own client
//! for this format sends (github.com/2captcha/2captcha-python).

use serde_json::Value;

use super::shapes;
use crate::call::Made;

/// A method of `in.php`.
pub(super) struct Method {
    pub(super) name: &'static str,
    /// Fields that must be there.
    pub(super) required: &'static [(&'static str, Kind)],
    /// Fields of which one must be there.
    pub(super) one_of: &'static [&'static str],
    pub(super) proxy: Proxy,
    /// Makes the solution.
    pub(super) shape: fn(&Made<'_>) -> Value,
}

/// What a field must be.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Url,
    /// A picture in base64.
    Picture,
    /// A picture in base64, of any size.
    Piece,
    /// A list of whole numbers, as JSON.
    Steps,
}

/// Whether it is solved through the client's proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Proxy {
    /// Nothing is visited: one that is given is not looked at.
    Unused,
    Optional,
    Required,
}

use Kind::{Picture, Piece, Steps, Text, Url};

const PAGE: (&str, Kind) = ("pageurl", Url);
const SITE_KEY: (&str, Kind) = ("sitekey", Text);

/// A token for a site key on a page: what an entry means where it says nothing else.
const TOKEN: Method =
    Method { name: "", required: &[PAGE, SITE_KEY], one_of: &[], proxy: Proxy::Optional, shape: shapes::token };

/// All of them.
pub(super) const METHODS: &[Method] = &[
    Method { name: "funcaptcha", required: &[PAGE, ("publickey", Text)], shape: shapes::funcaptcha, ..TOKEN },
    Method { name: "geetest", required: &[PAGE, ("gt", Text), ("challenge", Text)], shape: shapes::geetest, ..TOKEN },
    Method { name: "geetest_v4", required: &[PAGE, ("captcha_id", Text)], shape: shapes::geetest_v4, ..TOKEN },
    Method { name: "mt_captcha", ..TOKEN },
    Method { name: "friendly_captcha", ..TOKEN },
    Method { name: "prosopo", ..TOKEN },
    Method { name: "altcha", required: &[PAGE], one_of: &["challenge_url", "challenge_json"], ..TOKEN },
    Method { name: "cybersiara", required: &[PAGE, ("master_url_id", Text), ("userAgent", Text)], ..TOKEN },
    Method {
        name: "keycaptcha",
        required: &[
            PAGE,
            ("s_s_c_user_id", Text),
            ("s_s_c_session_id", Text),
            ("s_s_c_web_server_sign", Text),
            ("s_s_c_web_server_sign2", Text),
        ],
        shape: shapes::keycaptcha,
        ..TOKEN
    },
    Method { name: "lemin", required: &[PAGE, ("captcha_id", Text)], shape: shapes::lemin, ..TOKEN },
    Method { name: "capy", required: &[PAGE, ("captchakey", Text)], shape: shapes::capy, ..TOKEN },
    Method { name: "tencent", required: &[PAGE, ("app_id", Text)], shape: shapes::tencent, ..TOKEN },
    Method { name: "cutcaptcha", required: &[PAGE, ("misery_key", Text), ("api_key", Text)], ..TOKEN },
    Method { name: "atb_captcha", required: &[PAGE, ("app_id", Text), ("api_server", Url)], ..TOKEN },
    Method { name: "yandex", ..TOKEN },
    Method { name: "captchafox", required: &[PAGE, SITE_KEY, ("useragent", Text)], proxy: Proxy::Required, ..TOKEN },
    Method {
        name: "vkcaptcha",
        required: &[("redirect_uri", Url), ("useragent", Text)],
        proxy: Proxy::Required,
        ..TOKEN
    },
    Method {
        name: "binance",
        required: &[PAGE, SITE_KEY, ("validate_id", Text)],
        shape: shapes::token_and_browser,
        ..TOKEN
    },
    Method { name: "yidun", ..TOKEN },
    Method { name: "alibaba", required: &[PAGE, ("scene_id", Text), ("prefix", Text)], ..TOKEN },
    Method { name: "basilisk", ..TOKEN },
    Method { name: "hunt", required: &[PAGE, ("api_get_lib", Url)], ..TOKEN },
    Method {
        name: "amazon_waf",
        required: &[PAGE, SITE_KEY, ("iv", Text), ("context", Text)],
        shape: shapes::amazon_waf,
        ..TOKEN
    },
    Method {
        name: "datadome",
        required: &[PAGE, ("captcha_url", Url), ("userAgent", Text)],
        proxy: Proxy::Required,
        shape: shapes::datadome,
        ..TOKEN
    },
    Method {
        name: "incapsula",
        required: &[PAGE, ("incapsula_script_url", Text), ("incapsula_cookies", Text)],
        proxy: Proxy::Required,
        shape: shapes::cookies,
        ..TOKEN
    },
    Method {
        name: "tspd",
        required: &[PAGE, ("tspd_cookie", Text), ("html_page_base64", Text)],
        proxy: Proxy::Required,
        shape: shapes::cookies,
        ..TOKEN
    },
    Method {
        name: "rotatecaptcha",
        required: &[],
        one_of: &["body", "file_1"],
        proxy: Proxy::Unused,
        shape: shapes::angles,
    },
    Method {
        name: "bounding_box",
        required: &[("image", Picture)],
        one_of: &["textinstructions", "imginstructions"],
        proxy: Proxy::Unused,
        shape: shapes::boxes,
    },
    Method {
        name: "vkimage",
        required: &[("body", Picture), ("steps", Steps)],
        one_of: &[],
        proxy: Proxy::Unused,
        shape: shapes::vk_image,
    },
    Method {
        name: "temuimage",
        required: &[("body", Picture), ("part1", Piece), ("part2", Piece), ("part3", Piece)],
        one_of: &[],
        proxy: Proxy::Unused,
        shape: shapes::points,
    },
];

/// What a parameter makes of a picture: the last one that is set tells.
pub(super) const KINDS_OF_PICTURE: &[Method] = &[
    Method {
        name: "recaptcha",
        required: &[],
        one_of: &["textinstructions", "imginstructions"],
        proxy: Proxy::Unused,
        shape: shapes::tiles,
    },
    Method {
        name: "canvas",
        required: &[],
        one_of: &["textinstructions", "imginstructions"],
        proxy: Proxy::Unused,
        shape: shapes::lines,
    },
    Method { name: "coordinatescaptcha", required: &[], one_of: &[], proxy: Proxy::Unused, shape: shapes::points },
];

//! Other captchas whose solution is a token, or a few values like one.
//!
//! Source: the chapter of each on <https://2captcha.com/2captcha-api>. It has none on Yandex, Altcha, VK, Binance, Yidun,
//! Alibaba, Basilisk and HUNT: those are sent as the service's own client sends them
//! (<https://github.com/2captcha/2captcha-python>), and what they answer beside the token is not documented.

use adapter_kit::ProxySupport::Required;

use super::{
    ANY_USER_AGENT, Answers, Convert, Family, LeaveOut, Refuse, Row, SITE_KEY, SMALL_USER_AGENT, Send, Shape, TOKEN,
    URL, USER_AGENT,
};
use crate::given::{bare_server, funcaptcha_data, geetest_start, not_true, server, server_with_slash};

const SERVER_OF_V3: Row =
    ("geetestApiServerSubdomain", Convert(|value, draft| bare_server("geetestApiServerSubdomain", value, draft)));
const NO_GEETEST_LIB: Row = ("geetestGetLib", Refuse("GeeTest's own script is used here"));
const ALTCHA_WHOLE: &str = "the challenge is taken whole here, as challengeJSON";

/// `funcaptcha`.
pub const FUNCAPTCHA: Family = Family {
    name: "funcaptcha",
    fixed: &[("method", "funcaptcha")],
    list_price: "0.002",
    parameters: &[
        URL,
        ("websitePublicKey", Send("publickey")),
        (
            "funcaptchaApiJSSubdomain",
            Convert(|value, draft| server(("funcaptchaApiJSSubdomain", "surl"), value, draft)),
        ),
        ("data", Convert(funcaptcha_data)),
        USER_AGENT,
    ],
    ..TOKEN
};

/// `geetest_v3`.
pub const GEETEST_V3: Family = Family {
    name: "geetest_v3",
    fixed: &[("method", "geetest")],
    parameters: &[URL, ("gt", Send("gt")), ("challenge", Send("challenge")), SERVER_OF_V3, NO_GEETEST_LIB, USER_AGENT],
    answers: Answers::Json(Shape::Members(&["validate"])),
    ..TOKEN
};

/// `geetest_v4`.
pub const GEETEST_V4: Family = Family {
    name: "geetest_v4",
    fixed: &[("method", "geetest_v4")],
    parameters: &[
        URL,
        ("captchaId", Send("captcha_id")),
        ("initParameters", Convert(geetest_start)),
        ("geetestApiServerSubdomain", Refuse("GeeTest v4 is loaded from its usual server here")),
        NO_GEETEST_LIB,
        USER_AGENT,
    ],
    answers: Answers::Json(Shape::Members(&["captcha_output", "pass_token"])),
    ..TOKEN
};

/// `mtcaptcha`.
pub const MTCAPTCHA: Family = Family {
    name: "mtcaptcha",
    fixed: &[("method", "mt_captcha")],
    parameters: &[
        URL,
        SITE_KEY,
        ("pageAction", Refuse("MTCaptcha tasks take no action here")),
        (
            "isInvisible",
            Convert(|value, _| not_true("isInvisible", "MTCaptcha is solved as a visible one here", value)),
        ),
        USER_AGENT,
    ],
    ..TOKEN
};

/// `friendly`.
pub const FRIENDLY: Family = Family {
    name: "friendly",
    fixed: &[("method", "friendly_captcha")],
    parameters: &[URL, SITE_KEY, ("apiGetLib", Refuse("Friendly Captcha's own script is used here")), ANY_USER_AGENT],
    ..TOKEN
};

/// `prosopo`.
pub const PROSOPO: Family =
    Family { name: "prosopo", fixed: &[("method", "prosopo")], parameters: &[URL, SITE_KEY, ANY_USER_AGENT], ..TOKEN };

/// `altcha`.
pub const ALTCHA: Family = Family {
    name: "altcha",
    fixed: &[("method", "altcha")],
    list_price: "0.00145",
    parameters: &[
        URL,
        ("challengeURL", Send("challenge_url")),
        ("challengeJSON", Send("challenge_json")),
        ("challenge", Refuse(ALTCHA_WHOLE)),
        ("iterations", Refuse(ALTCHA_WHOLE)),
        ("salt", Refuse(ALTCHA_WHOLE)),
        ("signature", Refuse(ALTCHA_WHOLE)),
        ANY_USER_AGENT,
    ],
    ..TOKEN
};

/// `cybersiara`.
pub const CYBERSIARA: Family = Family {
    name: "cybersiara",
    fixed: &[("method", "cybersiara")],
    parameters: &[URL, ("SlideMasterUrlId", Send("master_url_id")), USER_AGENT],
    ..TOKEN
};

/// `keycaptcha`.
pub const KEYCAPTCHA: Family = Family {
    name: "keycaptcha",
    fixed: &[("method", "keycaptcha")],
    parameters: &[
        URL,
        ("s_s_c_user_id", Send("s_s_c_user_id")),
        ("s_s_c_session_id", Send("s_s_c_session_id")),
        ("s_s_c_web_server_sign", Send("s_s_c_web_server_sign")),
        ("s_s_c_web_server_sign2", Send("s_s_c_web_server_sign2")),
        ANY_USER_AGENT,
    ],
    ..TOKEN
};

/// `lemin`.
pub const LEMIN: Family = Family {
    name: "lemin",
    fixed: &[("method", "lemin")],
    parameters: &[
        URL,
        ("captchaId", Send("captcha_id")),
        ("divId", Send("div_id")),
        ("leminApiServerSubdomain", Convert(server_with_slash)),
        ANY_USER_AGENT,
    ],
    answers: Answers::Json(Shape::Members(&["answer"])),
    ..TOKEN
};

/// `capy`.
pub const CAPY: Family = Family {
    name: "capy",
    fixed: &[("method", "capy")],
    parameters: &[URL, ("websiteKey", Send("captchakey")), ANY_USER_AGENT],
    answers: Answers::Json(Shape::Members(&["answer"])),
    ..TOKEN
};

/// `tencent`.
pub const TENCENT: Family = Family {
    name: "tencent",
    fixed: &[("method", "tencent")],
    parameters: &[
        URL,
        ("appId", Send("app_id")),
        ("captchaUrl", Send("captcha_script")),
        ("userAgent", Refuse("a Tencent ticket is got with the worker's own browser here, which is not named")),
    ],
    answers: Answers::Json(Shape::Members(&["ticket"])),
    ..TOKEN
};

/// `cutcaptcha`.
pub const CUTCAPTCHA: Family = Family {
    name: "cutcaptcha",
    fixed: &[("method", "cutcaptcha")],
    parameters: &[URL, ("miseryKey", Send("misery_key")), ("apiKey", Send("api_key")), ANY_USER_AGENT],
    ..TOKEN
};

/// `atb`.
pub const ATB: Family = Family {
    name: "atb",
    fixed: &[("method", "atb_captcha")],
    parameters: &[URL, ("appId", Send("app_id")), ("apiServer", Send("api_server")), ANY_USER_AGENT],
    ..TOKEN
};

/// `yandex_smart`.
pub const YANDEX_SMART: Family = Family {
    name: "yandex_smart",
    fixed: &[("method", "yandex")],
    parameters: &[URL, SITE_KEY, USER_AGENT, ("cookies", Refuse("Yandex tasks take no cookies here"))],
    ..TOKEN
};

/// `captchafox`.
pub const CAPTCHAFOX: Family = Family {
    name: "captchafox",
    fixed: &[("method", "captchafox")],
    proxy: Required,
    parameters: &[URL, SITE_KEY, SMALL_USER_AGENT],
    ..TOKEN
};

/// `vk`.
pub const VK: Family = Family {
    name: "vk",
    fixed: &[("method", "vkcaptcha")],
    proxy: Required,
    list_price: "0.002",
    parameters: &[("redirectUri", Send("redirect_uri")), SMALL_USER_AGENT],
    ..TOKEN
};

/// `binance`.
pub const BINANCE: Family = Family {
    name: "binance",
    fixed: &[("method", "binance")],
    parameters: &[URL, SITE_KEY, ("validateId", Send("validate_id")), SMALL_USER_AGENT],
    ..TOKEN
};

/// `yidun`.
pub const YIDUN: Family = Family {
    name: "yidun",
    fixed: &[("method", "yidun")],
    list_price: "0.003",
    parameters: &[
        URL,
        SITE_KEY,
        ("yidunGetLib", Send("yidun_get_lib")),
        ("yidunApiServerSubdomain", Convert(|value, draft| bare_server("yidunApiServerSubdomain", value, draft))),
        ("challenge", Send("challenge")),
        ("hcg", Send("hcg")),
        ("hct", Send("hct")),
        SMALL_USER_AGENT,
    ],
    ..TOKEN
};

/// `alibaba`.
pub const ALIBABA: Family = Family {
    name: "alibaba",
    fixed: &[("method", "alibaba")],
    parameters: &[
        URL,
        ("websiteKey", LeaveOut("the scene and the prefix name the captcha")),
        ("sceneId", Send("scene_id")),
        ("prefix", Send("prefix")),
        ("userId", Send("user_id")),
        ("userUserId", Send("user_user_id")),
        ("verifyType", Send("verify_type")),
        ("region", Send("region")),
        ("userCertifyId", Send("user_certify_id")),
        ("apiGetLib", Send("api_get_lib")),
        SMALL_USER_AGENT,
    ],
    answers: Answers::Json(Shape::Value(&["token", "tokens"])),
    ..TOKEN
};

/// `basilisk`.
pub const BASILISK: Family = Family {
    name: "basilisk",
    fixed: &[("method", "basilisk")],
    parameters: &[URL, SITE_KEY, SMALL_USER_AGENT],
    answers: Answers::Json(Shape::Value(&["captcha_response", "token"])),
    ..TOKEN
};

/// `hunt`.
pub const HUNT: Family = Family {
    name: "hunt",
    fixed: &[("method", "hunt")],
    parameters: &[URL, ("apiGetLib", Send("api_get_lib")), ("data", Send("data")), SMALL_USER_AGENT],
    ..TOKEN
};

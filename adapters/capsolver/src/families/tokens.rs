//! Tokens for a site key.
//!
//! Sources: `captcha/ReCaptchaV2`, `captcha/ReCaptchaV3`, `captcha/cloudflare_turnstile`, `captcha/Geetest` and
//! `captcha/MtCaptcha` of the documentation; `captcha/FunCaptcha`, `captcha/FriendlyCaptcha`, `captcha/YandexCaptcha` and
//! `captcha/CyberSiara` have left its menu, and what they held is still in the provider's client libraries.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};

use super::{Family, PLAIN, Rows, Types};
use crate::parameters::{self, Row};
use crate::solution::Kind;

const URL: Row = ("websiteURL", Send("websiteURL"));
const KEY: Row = ("websiteKey", Send("websiteKey"));
const INVISIBLE: Row = ("isInvisible", Send("isInvisible"));
const API_DOMAIN: Row = ("apiDomain", Convert(parameters::api_domain));
const PAGE_ACTION: Row = ("pageAction", Send("pageAction"));
const SESSION: Row = ("isSession", Send("isSession"));
const PAYLOAD: Row = ("enterprisePayload", Send("enterprisePayload"));
/// Recordings of the page's own requests; older copies of the page take them, newer ones do without.
const ANCHOR: Row = ("anchor", Send("anchor"));
const RELOAD: Row = ("reload", Send("reload"));
const MIN_SCORE: Row = ("minScore", Convert(parameters::min_score));
const USER_AGENT: Row = ("userAgent", LeaveOut("the provider's own browser is used, and named in the solution"));
/// These tokens hold with any browser.
const ANY_BROWSER: Row = ("userAgent", LeaveOut("the solution does not hang on the browser"));
/// They have left the documentation, and a page that asks for them tells its visitors apart by them.
const COOKIES: Row = ("cookies", Refuse("reCAPTCHA tasks take no cookies here"));
const SUBDOMAIN: Row = ("geetestApiServerSubdomain", Send("geetestApiServerSubdomain"));
const GET_LIB: Row = ("geetestGetLib", Refuse("there is no place for it here"));
/// Older copies of the page require an action and name this as the usual one; newer ones do not require it.
const VERIFY: &[(&str, &str)] = &[("pageAction", "verify")];

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        // A type with a proxy is documented for Enterprise only.
        types: Types::Solo("ReCaptchaV2TaskProxyLess"),
        list_price: "0.0008",
        parameters: Rows::Table(&[
            URL,
            KEY,
            INVISIBLE,
            ("recaptchaDataSValue", Send("recaptchaDataSValue")),
            API_DOMAIN,
            PAGE_ACTION,
            SESSION,
            USER_AGENT,
            COOKIES,
        ]),
        ..PLAIN
    },
    Family {
        name: "recaptcha_v2_enterprise",
        types: Types::Either("ReCaptchaV2EnterpriseTaskProxyLess", "ReCaptchaV2EnterpriseTask"),
        list_price: "0.001",
        parameters: Rows::Table(&[URL, KEY, PAYLOAD, INVISIBLE, API_DOMAIN, PAGE_ACTION, SESSION, USER_AGENT, COOKIES]),
        ..PLAIN
    },
    Family {
        name: "recaptcha_v3",
        types: Types::Either("ReCaptchaV3TaskProxyLess", "ReCaptchaV3Task"),
        list_price: "0.001",
        parameters: Rows::Table(&[
            URL,
            KEY,
            PAGE_ACTION,
            MIN_SCORE,
            ("enterprisePayload", Refuse("the Enterprise variant alone takes it here")),
            API_DOMAIN,
            SESSION,
            ANCHOR,
            RELOAD,
            USER_AGENT,
            COOKIES,
        ]),
        defaults: VERIFY,
        ..PLAIN
    },
    Family {
        name: "recaptcha_v3_enterprise",
        types: Types::Either("ReCaptchaV3EnterpriseTaskProxyLess", "ReCaptchaV3EnterpriseTask"),
        list_price: "0.003",
        parameters: Rows::Table(&[
            URL,
            KEY,
            PAGE_ACTION,
            MIN_SCORE,
            PAYLOAD,
            API_DOMAIN,
            SESSION,
            ANCHOR,
            RELOAD,
            USER_AGENT,
            COOKIES,
        ]),
        defaults: VERIFY,
        ..PLAIN
    },
    Family {
        name: "turnstile",
        types: Types::Solo("AntiTurnstileTaskProxyLess"),
        list_price: "0.0012",
        parameters: Rows::Table(&[
            URL,
            KEY,
            ("action", Convert(parameters::turnstile_action)),
            ("cdata", Convert(parameters::turnstile_cdata)),
            ("pageData", Refuse("challenge pages are solved by another task type here, and not for a token")),
            ("userAgent", LeaveOut("the provider ignores it and names its own in the solution")),
        ]),
        ..PLAIN
    },
    Family {
        name: "funcaptcha",
        types: Types::Either("FunCaptchaTaskProxyLess", "FunCaptchaTask"),
        // Cautious: what others take.
        list_price: "0.003",
        parameters: Rows::Table(&[
            URL,
            ("websitePublicKey", Send("websitePublicKey")),
            ("funcaptchaApiJSSubdomain", Send("funcaptchaApiJSSubdomain")),
            ("data", Send("data")),
            ("userAgent", Convert(parameters::chrome)),
        ]),
        ..PLAIN
    },
    Family {
        name: "geetest_v3",
        // The page names the type without a proxy; the other one is in the client libraries.
        types: Types::Either("GeeTestTaskProxyLess", "GeeTestTask"),
        // Cautious: what others take.
        list_price: "0.003",
        parameters: Rows::Table(&[
            URL,
            ("gt", Send("gt")),
            ("challenge", Send("challenge")),
            SUBDOMAIN,
            GET_LIB,
            ("userAgent", Send("userAgent")),
        ]),
        solution: Kind::Fields(&["validate"], &["challenge", "seccode", "userAgent"]),
        ..PLAIN
    },
    Family {
        name: "geetest_v4",
        types: Types::Either("GeeTestTaskProxyLess", "GeeTestTask"),
        // Cautious: what others take.
        list_price: "0.003",
        parameters: Rows::Table(&[
            URL,
            ("captchaId", Send("captchaId")),
            ("initParameters", Refuse("there is no place for them here")),
            SUBDOMAIN,
            GET_LIB,
            ("userAgent", Send("userAgent")),
        ]),
        solution: Kind::Fields(
            &["captcha_output", "pass_token"],
            &["captcha_id", "lot_number", "gen_time", "risk_type", "userAgent"],
        ),
        ..PLAIN
    },
    Family {
        name: "mtcaptcha",
        types: Types::Either("MtCaptchaTaskProxyLess", "MtCaptchaTask"),
        // Cautious: nothing is listed.
        list_price: "0.003",
        parameters: Rows::Table(&[
            URL,
            KEY,
            ("pageAction", Refuse("there is no place for it here")),
            ("isInvisible", LeaveOut("the provider shows nobody the widget")),
            ANY_BROWSER,
        ]),
        ..PLAIN
    },
    Family {
        name: "friendly",
        // Spelt as the provider spells it.
        types: Types::Solo("FriendlyCaptchaTaskProxyless"),
        // Cautious: what others take.
        list_price: "0.003",
        parameters: Rows::Table(&[URL, KEY, ("apiGetLib", Refuse("there is no place for it here")), ANY_BROWSER]),
        ..PLAIN
    },
    Family {
        name: "cybersiara",
        types: Types::Either("AntiCyberSiAraTaskProxyLess", "AntiCyberSiAraTask"),
        // Cautious: nothing is listed.
        list_price: "0.003",
        parameters: Rows::Table(&[
            URL,
            ("SlideMasterUrlId", Send("SlideMasterUrlId")),
            ("userAgent", Send("userAgent")),
        ]),
        ..PLAIN
    },
    Family {
        name: "yandex_smart",
        types: Types::Solo("YandexCaptchaTaskProxyLess"),
        // Cautious: nothing is listed.
        list_price: "0.003",
        parameters: Rows::Table(&[URL, KEY, ANY_BROWSER, ("cookies", Refuse("there is no place for them here"))]),
        ..PLAIN
    },
];

//! reCAPTCHA, Turnstile, FunCaptcha and GeeTest: what most sites have.
//!
//! Sources: `recaptcha-v2`, `recaptcha-v2-enterprise`, `recaptcha-v3`, `cloudflare-turnstile`, `arkoselabs-funcaptcha` and
//! `geetest`.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};
use create_task::family::Constant;
use create_task::{Family, Parameters, Row, Solution, given as usual};

use super::{KEY, TOKEN, URL, USER_AGENT};
use crate::parameters as given;

const INVISIBLE: Row = ("isInvisible", Send("isInvisible"));
const API_DOMAIN: Row = ("apiDomain", Convert(usual::bare_api_domain));
const SESSION: Row = ("isSession", Convert(usual::no_session));
const COOKIES: Row = ("cookies", Send("cookies"));
const NO_V2_ACTION: Row = ("pageAction", Refuse("reCAPTCHA v2 tasks take no action here"));

/// Both reCAPTCHA v3 are one type there, with a flag; the score is mandatory, and one of three.
const V3: Family = Family {
    solo: Some("RecaptchaV3TaskProxyless"),
    parameters: Parameters::By(&[
        URL,
        KEY,
        ("pageAction", Send("pageAction")),
        ("minScore", Convert(usual::min_score)),
        ("enterprisePayload", Refuse("reCAPTCHA v3 tasks take no enterprise payload here")),
        API_DOMAIN,
        SESSION,
        ("anchor", Refuse("the page's requests are made anew here")),
        ("reload", Refuse("the page's requests are made anew here")),
        ("userAgent", LeaveOut("the score hangs on the worker's own browser")),
        ("cookies", Refuse("reCAPTCHA v3 tasks take no cookies here, and the score hangs on them")),
    ]),
    otherwise: &[("minScore", Constant::Fraction(0.3))],
    ..TOKEN
};

const TURNSTILE: Family =
    Family { solo: Some("TurnstileTaskProxyless"), proxied: Some("TurnstileTask"), list_price: "0.00145", ..TOKEN };

/// Both GeeTest are one type there, with a version.
const GEETEST: Family = Family { solo: Some("GeeTestTaskProxyless"), proxied: Some("GeeTestTask"), ..TOKEN };
const NO_GEETEST_LIB: Row = ("geetestGetLib", Refuse("GeeTest's own script is used here"));

pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        solo: Some("RecaptchaV2TaskProxyless"),
        proxied: Some("RecaptchaV2Task"),
        parameters: Parameters::By(&[
            URL,
            KEY,
            INVISIBLE,
            ("recaptchaDataSValue", Send("recaptchaDataSValue")),
            API_DOMAIN,
            NO_V2_ACTION,
            SESSION,
            USER_AGENT,
            COOKIES,
        ]),
        ..TOKEN
    },
    Family {
        name: "recaptcha_v2_enterprise",
        solo: Some("RecaptchaV2EnterpriseTaskProxyless"),
        proxied: Some("RecaptchaV2EnterpriseTask"),
        parameters: Parameters::By(&[
            URL,
            KEY,
            INVISIBLE,
            ("enterprisePayload", Send("enterprisePayload")),
            API_DOMAIN,
            NO_V2_ACTION,
            SESSION,
            USER_AGENT,
            COOKIES,
        ]),
        ..TOKEN
    },
    Family { name: "recaptcha_v3", ..V3 },
    Family { name: "recaptcha_v3_enterprise", always: &[("isEnterprise", Constant::Flag(true))], ..V3 },
    Family {
        name: "turnstile",
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("action", Send("action")),
            ("cdata", Send("data")),
            ("pageData", Send("pagedata")),
            USER_AGENT,
        ]),
        finish: given::whole_challenge,
        ..TURNSTILE
    },
    Family {
        name: "turnstile_challenge",
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("action", Send("action")),
            ("cdata", Send("data")),
            ("pageData", Send("pagedata")),
            ("apiJsUrl", LeaveOut("the worker's page loads the widget with Cloudflare's own script")),
            USER_AGENT,
        ]),
        ..TURNSTILE
    },
    Family {
        name: "funcaptcha",
        solo: Some("FunCaptchaTaskProxyless"),
        proxied: Some("FunCaptchaTask"),
        list_price: "0.002",
        parameters: Parameters::By(&[
            URL,
            ("websitePublicKey", Send("websitePublicKey")),
            ("funcaptchaApiJSSubdomain", Send("funcaptchaApiJSSubdomain")),
            ("data", Send("data")),
            USER_AGENT,
        ]),
        ..TOKEN
    },
    Family {
        name: "geetest_v3",
        parameters: Parameters::By(&[
            URL,
            ("gt", Send("gt")),
            ("challenge", Send("challenge")),
            ("geetestApiServerSubdomain", Send("geetestApiServerSubdomain")),
            NO_GEETEST_LIB,
            USER_AGENT,
        ]),
        always: &[("version", Constant::Number(3))],
        solution: Solution::Values(&["validate", "challenge", "seccode"]),
        ..GEETEST
    },
    Family {
        name: "geetest_v4",
        parameters: Parameters::By(&[
            URL,
            ("captchaId", Send("initParameters.captcha_id")),
            ("initParameters", Convert(given::geetest_start)),
            ("geetestApiServerSubdomain", Refuse("GeeTest v4 is loaded from its usual server here")),
            NO_GEETEST_LIB,
            USER_AGENT,
        ]),
        always: &[("version", Constant::Number(4))],
        solution: Solution::Values(&["captcha_output", "pass_token", "captcha_id", "lot_number", "gen_time"]),
        ..GEETEST
    },
];

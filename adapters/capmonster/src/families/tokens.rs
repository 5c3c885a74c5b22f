//! Tokens for a site key, and values like one.
//!
//! Sources: `no-captcha-task`, `recaptcha-v2-enterprise-task`, `recaptcha-v3-task`, `recaptcha-v3-enterprise-task`,
//! `turnstile-task`, `turnstile-challenge-task`, `funcaptcha-task`, `geetest-task`, `mtcaptcha-task`, `prosopo-task`,
//! `friendly-task`, `altcha-task`, `tendi`, `binance`, `yidun-task`, `alibaba-task`, `Basilisk-task`, `hunt-task`.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};
use create_task::family::Constant;
use create_task::{Family, Parameters, Row, Solution, given as usual};

use super::{KEY, TOKEN, TOKEN_REPORTS, URL, USER_AGENT};
use crate::{parameters as given, solution};

const SESSION: Row = ("isSession", Convert(usual::no_session));
const COOKIES: Row = ("cookies", Send("cookies"));

/// Both reCAPTCHA v3 know the same parameters, and take no proxy.
const V3: Family = Family {
    parameters: Parameters::By(&[
        URL,
        KEY,
        ("pageAction", Send("pageAction")),
        ("minScore", Send("minScore")),
        ("enterprisePayload", Refuse("reCAPTCHA v3 tasks take no enterprise payload here")),
        ("apiDomain", Refuse("reCAPTCHA v3 tasks take no domain here")),
        SESSION,
        ("anchor", Refuse("reCAPTCHA v3 tasks take no anchor request here")),
        ("reload", Refuse("reCAPTCHA v3 tasks take no reload request here")),
        ("userAgent", LeaveOut("the provider's own browser is used, and named in the solution where it matters")),
        ("cookies", Refuse("reCAPTCHA v3 tasks take no cookies here, and the score hangs on them")),
    ]),
    reports: TOKEN_REPORTS,
    ..TOKEN
};

/// Both GeeTest are one type there, with a version.
const GEETEST: Family =
    Family { solo: Some("GeeTestTask"), proxied: Some("GeeTestTask"), reports: TOKEN_REPORTS, ..TOKEN };
const SUBDOMAIN: Row = ("geetestApiServerSubdomain", Send("geetestApiServerSubdomain"));
const GET_LIB: Row = ("geetestGetLib", Send("geetestGetLib"));

/// A type of which a class tells the kind, and whose solution is in an object of its own.
const CUSTOM: Family = Family {
    solo: Some("CustomTask"),
    proxied: Some("CustomTask"),
    solution: Solution::Made(solution::token_of_data),
    ..TOKEN
};

pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        solo: Some("RecaptchaV2Task"),
        proxied: Some("RecaptchaV2Task"),
        list_price: "0.0006",
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("isInvisible", Send("isInvisible")),
            ("recaptchaDataSValue", Send("recaptchaDataSValue")),
            ("apiDomain", Refuse("plain reCAPTCHA v2 tasks take no domain here")),
            ("pageAction", Refuse("plain reCAPTCHA v2 tasks take no action here")),
            SESSION,
            USER_AGENT,
            COOKIES,
        ]),
        reports: TOKEN_REPORTS,
        ..TOKEN
    },
    Family {
        name: "recaptcha_v2_enterprise",
        solo: Some("RecaptchaV2EnterpriseTask"),
        proxied: Some("RecaptchaV2EnterpriseTask"),
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("enterprisePayload", Send("enterprisePayload")),
            ("isInvisible", LeaveOut("this type has no such field, and the site key says as much")),
            ("apiDomain", Convert(usual::api_domain)),
            ("pageAction", Send("pageAction")),
            SESSION,
            USER_AGENT,
            COOKIES,
        ]),
        reports: TOKEN_REPORTS,
        ..TOKEN
    },
    Family { name: "recaptcha_v3", solo: Some("RecaptchaV3TaskProxyless"), list_price: "0.0009", ..V3 },
    Family { name: "recaptcha_v3_enterprise", solo: Some("RecaptchaV3EnterpriseTask"), ..V3 },
    Family {
        name: "turnstile",
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("action", Send("pageAction")),
            ("cdata", Send("data")),
            ("pageData", Refuse("it makes a challenge page of the task here, which needs action and cdata too")),
            USER_AGENT,
        ]),
        ..TURNSTILE
    },
    Family {
        name: "turnstile_challenge",
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("action", Send("pageAction")),
            ("cdata", Send("data")),
            ("pageData", Send("pageData")),
            ("apiJsUrl", Send("apiJsUrl")),
            USER_AGENT,
        ]),
        always: &[("cloudflareTaskType", Constant::Text("token"))],
        needs: &[&["userAgent"]],
        ..TURNSTILE
    },
    Family {
        name: "funcaptcha",
        solo: Some("FunCaptchaTask"),
        proxied: Some("FunCaptchaTask"),
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
            SUBDOMAIN,
            GET_LIB,
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
            ("captchaId", Send("gt")),
            ("initParameters", Send("initParameters")),
            SUBDOMAIN,
            GET_LIB,
            USER_AGENT,
        ]),
        always: &[("version", Constant::Number(4))],
        solution: Solution::Values(&["captcha_output", "pass_token", "captcha_id", "lot_number", "gen_time"]),
        ..GEETEST
    },
    Family {
        name: "mtcaptcha",
        solo: Some("MTCaptchaTask"),
        proxied: Some("MTCaptchaTask"),
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("pageAction", Send("pageAction")),
            ("isInvisible", Send("isInvisible")),
            USER_AGENT,
        ]),
        ..TOKEN
    },
    Family {
        name: "friendly",
        parameters: Parameters::By(&[URL, KEY, ("apiGetLib", Send("metadata.apiGetLib")), USER_AGENT]),
        always: &[("class", Constant::Text("friendly"))],
        needs: &[&["apiGetLib"]],
        ..CUSTOM
    },
    Family {
        name: "prosopo",
        solo: Some("ProsopoTask"),
        proxied: Some("ProsopoTask"),
        parameters: Parameters::By(&[URL, KEY, USER_AGENT]),
        ..TOKEN
    },
    Family {
        name: "altcha",
        parameters: Parameters::By(&[
            URL,
            ("challengeURL", Refuse("the challenge itself is needed here")),
            ("challengeJSON", Convert(given::challenge_in_parts)),
            ("challenge", Send("metadata.challenge")),
            ("iterations", Send("metadata.iterations")),
            ("salt", Send("metadata.salt")),
            ("signature", Send("metadata.signature")),
            USER_AGENT,
        ]),
        // The key is a required field, and empty in every sample: an ALTCHA has none.
        always: &[("class", Constant::Text("altcha")), ("websiteKey", Constant::Text(""))],
        needs: &[&["challenge", "iterations", "salt", "signature"], &["challengeJSON"]],
        ..CUSTOM
    },
    Family {
        name: "tencent",
        parameters: Parameters::By(&[
            URL,
            ("appId", Send("websiteKey")),
            ("captchaUrl", Send("metadata.captchaUrl")),
            USER_AGENT,
        ]),
        always: &[("class", Constant::Text("TenDI"))],
        solution: Solution::Made(solution::tencent),
        ..CUSTOM
    },
    Family {
        name: "binance",
        solo: Some("BinanceTask"),
        proxied: Some("BinanceTask"),
        parameters: Parameters::By(&[URL, KEY, ("validateId", Send("validateId")), USER_AGENT]),
        ..TOKEN
    },
    Family {
        name: "yidun",
        solo: Some("YidunTask"),
        proxied: Some("YidunTask"),
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("yidunGetLib", Send("yidunGetLib")),
            ("yidunApiServerSubdomain", Send("yidunApiServerSubdomain")),
            ("challenge", Send("challenge")),
            ("hcg", Send("hcg")),
            ("hct", Send("hct")),
            USER_AGENT,
        ]),
        ..TOKEN
    },
    Family {
        name: "alibaba",
        parameters: Parameters::By(&[
            URL,
            ("websiteKey", Refuse("the captcha is told by its scene here")),
            ("sceneId", Send("metadata.sceneId")),
            ("prefix", Send("metadata.prefix")),
            ("userId", Send("metadata.userId")),
            ("userUserId", Send("metadata.userUserId")),
            ("verifyType", Send("metadata.verifyType")),
            ("region", Send("metadata.region")),
            ("userCertifyId", Send("metadata.UserCertifyId")),
            ("apiGetLib", Send("metadata.apiGetLib")),
            USER_AGENT,
        ]),
        always: &[("class", Constant::Text("alibaba"))],
        solution: Solution::Made(solution::alibaba),
        ..CUSTOM
    },
    Family {
        name: "basilisk",
        parameters: Parameters::By(&[URL, KEY, USER_AGENT]),
        always: &[("class", Constant::Text("Basilisk"))],
        solution: Solution::Made(solution::basilisk),
        ..CUSTOM
    },
    Family {
        name: "hunt",
        solo: None,
        parameters: Parameters::By(&[
            URL,
            ("apiGetLib", Send("metadata.apiGetLib")),
            ("data", Send("metadata.data")),
            USER_AGENT,
        ]),
        always: &[("class", Constant::Text("HUNT"))],
        ..CUSTOM
    },
];

const TURNSTILE: Family =
    Family { solo: Some("TurnstileTask"), proxied: Some("TurnstileTask"), reports: TOKEN_REPORTS, ..TOKEN };

//! The table of what anti-captcha serves.
//!
//! Sources: the page of each type under <https://anti-captcha.com/apidoc/task-types> (most have a `…Proxyless` sister),
//! `getQueueStats`, and the provider's own client libraries where a page is silent.

use adapter_kit::Rule::{Convert, HintWithProxy, LeaveOut, OnlyWithProxy, Refuse, Send};
use create_task::family::Constant;
use create_task::{Draft, Family, Parameters, Row, Solution, given as usual};

use crate::{image, parameters as given, proxy, report};

/// A token for a site key: what a family means where it says nothing else.
///
/// Prices float with the workers' load. Where a range is published this is its upper end for the rarer types and the usual
/// price for the common ones. For types without a published price it is a cautious 0.003: comparable services list up to
/// 2.99 for 1000 of them. The market tells the true one where there is a queue.
const TOKEN: Family = Family {
    list_price: "0.003",
    parameters: Parameters::By(&[URL, KEY, WORKERS_OWN]),
    proxy: proxy::by_address,
    ..Family::PLAIN
};

const URL: Row = ("websiteURL", Send("websiteURL"));
const KEY: Row = ("websiteKey", Send("websiteKey"));
const INVISIBLE: Row = ("isInvisible", Send("isInvisible"));
const API_DOMAIN: Row = ("apiDomain", Convert(usual::api_domain));
const SESSION: Row = ("isSession", Convert(usual::no_session));
/// The worker's browser has its own; through a proxy the provider lets it be told.
const USER_AGENT: Row = ("userAgent", HintWithProxy("userAgent"));
const WORKERS_USER_AGENT: adapter_kit::Rule<Draft> =
    LeaveOut("the worker's own browser is used, and named in the solution");
const WORKERS_OWN: Row = ("userAgent", WORKERS_USER_AGENT);
const COOKIES: Row = ("cookies", OnlyWithProxy("cookies", "cookies are taken for tasks with a proxy only"));
const NO_V2_ACTION: Row = ("pageAction", Refuse("reCAPTCHA v2 tasks take no action here"));

/// Both reCAPTCHA v3 are one type there, with a flag.
const V3: Family = Family {
    solo: Some("RecaptchaV3TaskProxyless"),
    list_price: "0.002",
    parameters: Parameters::By(&[
        URL,
        KEY,
        ("pageAction", Send("pageAction")),
        ("minScore", Convert(usual::min_score)),
        API_DOMAIN,
        SESSION,
        WORKERS_OWN,
        ("enterprisePayload", Refuse("reCAPTCHA v3 tasks take no enterprise payload here")),
        ("anchor", Refuse("reCAPTCHA v3 tasks take no anchor request here")),
        ("reload", Refuse("reCAPTCHA v3 tasks take no reload request here")),
        ("cookies", Refuse("reCAPTCHA v3 tasks take no cookies here, and the score hangs on them")),
    ]),
    // The score is mandatory there; the lowest of the three classes has the most workers.
    otherwise: &[("minScore", Constant::Fraction(0.3))],
    reports: report::RECAPTCHA,
    ..TOKEN
};

/// Every family that is served.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        solo: Some("RecaptchaV2TaskProxyless"),
        proxied: Some("RecaptchaV2Task"),
        list_price: "0.00095",
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
        reports: report::RECAPTCHA,
        ..TOKEN
    },
    Family {
        name: "recaptcha_v2_enterprise",
        solo: Some("RecaptchaV2EnterpriseTaskProxyless"),
        proxied: Some("RecaptchaV2EnterpriseTask"),
        list_price: "0.002",
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
        reports: report::RECAPTCHA,
        ..TOKEN
    },
    Family { name: "recaptcha_v3", ..V3 },
    Family { name: "recaptcha_v3_enterprise", always: &[("isEnterprise", Constant::Flag(true))], ..V3 },
    Family {
        name: "hcaptcha",
        solo: Some("HCaptchaTaskProxyless"),
        proxied: Some("HCaptchaTask"),
        list_price: "0.002",
        parameters: Parameters::By(&[
            URL,
            KEY,
            INVISIBLE,
            ("isEnterprise", Send("isEnterprise")),
            ("rqdata", Convert(given::rqdata)),
            ("enterprisePayload", Convert(given::enterprise_payload)),
            WORKERS_OWN,
            ("fallbackToActualUA", WORKERS_USER_AGENT),
        ]),
        finish: given::enterprise_if_it_has_a_payload,
        reports: report::HCAPTCHA,
        ..TOKEN
    },
    Family { name: "turnstile", ..TURNSTILE },
    // The same type, with all three values; its page offers two of them for Cloudflare's own pages.
    Family { name: "turnstile_challenge", ..TURNSTILE },
    Family {
        name: "funcaptcha",
        solo: Some("FunCaptchaTaskProxyless"),
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
            GEETEST_SERVER,
            GEETEST_LIB,
            USER_AGENT,
        ]),
        solution: Solution::Values(&["validate", "challenge", "seccode"]),
        ..GEETEST
    },
    Family {
        name: "geetest_v4",
        parameters: Parameters::By(&[
            URL,
            ("captchaId", Send("gt")),
            ("initParameters", Send("initParameters")),
            GEETEST_SERVER,
            GEETEST_LIB,
            USER_AGENT,
        ]),
        always: &[("version", Constant::Number(4))],
        solution: Solution::Values(&["captcha_output", "pass_token", "captcha_id", "lot_number", "gen_time"]),
        ..GEETEST
    },
    Family {
        name: "friendly",
        solo: Some("FriendlyCaptchaTaskProxyless"),
        proxied: Some("FriendlyCaptchaTask"),
        parameters: Parameters::By(&[URL, KEY, WORKERS_OWN, ("apiGetLib", Refuse("no script can be named here"))]),
        ..TOKEN
    },
    Family { name: "prosopo", solo: Some("ProsopoTaskProxyless"), proxied: Some("ProsopoTask"), ..TOKEN },
    Family {
        name: "altcha",
        solo: Some("AltchaTaskProxyless"),
        proxied: Some("AltchaTask"),
        parameters: Parameters::By(&[
            URL,
            ("challengeURL", Send("challengeURL")),
            ("challengeJSON", Send("challengeJSON")),
            ("challenge", Convert(given::challenge)),
            ("iterations", Convert(given::iterations)),
            ("salt", Convert(given::salt)),
            ("signature", Convert(given::signature)),
            WORKERS_OWN,
        ]),
        finish: given::challenge_as_json,
        ..TOKEN
    },
    Family {
        name: "aws_waf",
        solo: Some("AmazonTaskProxyless"),
        proxied: Some("AmazonTask"),
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("iv", Send("iv")),
            ("context", Send("context")),
            ("challengeScript", Send("challengeScript")),
            ("captchaScript", Send("captchaScript")),
            ("jsapiScript", Send("jsapiScript")),
            ("wafType", Convert(given::waf_type)),
            ("cookieSolution", Convert(given::no_voucher)),
            WORKERS_OWN,
        ]),
        needs: &[&["websiteKey", "iv", "context"], &["websiteKey", "jsapiScript"]],
        finish: given::one_form_of_amazon,
        ..TOKEN
    },
    Family {
        name: "image_to_text",
        solo: Some("ImageToTextTask"),
        list_price: "0.0005",
        parameters: Parameters::By(&[
            ("body", Convert(image::body)),
            ("phrase", Send("phrase")),
            ("case", Send("case")),
            ("numeric", Convert(image::numeric)),
            ("math", Send("math")),
            ("minLength", Send("minLength")),
            ("maxLength", Send("maxLength")),
            ("comment", Send("comment")),
            NO_SECOND_IMAGE,
            ("languagePool", Convert(given::language_pool)),
        ]),
        solution: Solution::Text,
        reports: report::IMAGE,
        ..TOKEN
    },
    Family {
        name: "coordinates",
        solo: Some("ImageToCoordinatesTask"),
        parameters: Parameters::By(&[
            ("body", Convert(image::body)),
            ("comment", Convert(image::english_comment)),
            ("mode", Send("mode")),
            ("minClicks", Convert(image::least_clicks)),
            ("maxClicks", Convert(image::most_clicks)),
            NO_SECOND_IMAGE,
            ("languagePool", Convert(image::english_workers)),
        ]),
        solution: Solution::Places,
        ..TOKEN
    },
    // About 0.002 for one, by the page of the next.
    Family {
        name: "anti_captcha_anti_gate",
        solo: Some("AntiGateTask"),
        proxied: Some("AntiGateTask"),
        list_price: "0.002",
        needs: &[&["templateName", "variables"]],
        ..OWN
    },
    // Five credits of a subscription of at least 9.90 for 25,000 of them.
    Family { name: "anti_captcha_anti_bot_cookie", proxied: Some("AntiBotCookieTask"), list_price: "0.002", ..OWN },
];

const TURNSTILE: Family = Family {
    solo: Some("TurnstileTaskProxyless"),
    proxied: Some("TurnstileTask"),
    list_price: "0.002",
    parameters: Parameters::By(&[
        URL,
        KEY,
        ("action", Send("action")),
        ("cdata", Send("cData")),
        ("pageData", Send("chlPageData")),
        ("apiJsUrl", Refuse("no script can be named here")),
        WORKERS_OWN,
    ]),
    ..TOKEN
};

/// Both GeeTest are one type there, with a version.
const GEETEST: Family = Family {
    solo: Some("GeeTestTaskProxyless"),
    proxied: Some("GeeTestTask"),
    // The version is 3 where it is not said.
    always: &[("version", Constant::Number(3))],
    ..TOKEN
};
const GEETEST_SERVER: Row = ("geetestApiServerSubdomain", Send("geetestApiServerSubdomain"));
const GEETEST_LIB: Row = ("geetestGetLib", Send("geetestGetLib"));
const NO_SECOND_IMAGE: Row = ("imgInstructions", Refuse("workers are shown no second image here"));

/// Types that this provider alone knows.
const OWN: Family =
    Family { parameters: Parameters::AsSent, proxy: proxy::https_only, solution: Solution::AsGiven, ..TOKEN };

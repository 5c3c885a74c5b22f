//! The table of what anti-captcha serves; the manifest, submit, replies, market and report all read it.
//!
//! Sources: the page of each type under <https://anti-captcha.com/apidoc/task-types> (most have a `…Proxyless` sister),
//! `getQueueStats`, and the provider's own client libraries where a page is silent.

use adapter_kit::Fault;
use adapter_kit::Rule::{Convert, HintWithProxy, LeaveOut, OnlyWithProxy, Refuse, Send};

use crate::parameters::{self as given, Row, Rule};
use crate::solution::Solution;
use crate::task::Draft;
use crate::{image, report};

/// A canonical family as anti-captcha serves it.
pub(crate) struct Family {
    /// Canonical name.
    pub name: &'static str,
    /// The provider's type without a proxy; none where it needs one.
    pub solo: Option<&'static str>,
    /// The provider's type with the client's proxy; none where it never takes one.
    pub proxied: Option<&'static str>,
    /// US dollars for one task; see [`TOKEN`].
    pub list_price: &'static str,
    /// The queue whose load and price are published for it, without a proxy where there are two; none where there is no
    /// such queue.
    pub queue: Option<u32>,
    /// What becomes of the canonical parameters.
    pub parameters: Parameters,
    /// Parameters beyond the canonical ones that it needs: all of one of these groups. None are needed where it is empty.
    pub needs: &'static [&'static [&'static str]],
    /// Fills in what the provider needs and the client did not give, once the parameters are in.
    pub finish: fn(&mut Draft) -> Result<(), Fault>,
    /// What a solution holds.
    pub solution: Solution,
    /// The methods that take reports.
    pub reports: report::Methods,
}

/// What becomes of the canonical parameters.
pub(crate) enum Parameters {
    /// What the rows say. One that has no row is refused.
    By(&'static [Row]),
    /// They are the provider's own and pass as they were sent.
    AsSent,
}

/// A token for a site key: what a family means where it says nothing else.
///
/// Prices float with the workers' load. Where a range is published this is its upper end for the rarer types and the usual
/// price for the common ones. For types without a published price it is a cautious 0.003: comparable services list up to
/// 2.99 for 1000 of them. The market tells the true one where there is a queue.
const TOKEN: Family = Family {
    name: "",
    solo: None,
    proxied: None,
    list_price: "0.003",
    queue: None,
    parameters: Parameters::By(&[URL, KEY, WORKERS_OWN]),
    needs: &[],
    finish: given::as_they_are,
    solution: Solution::Token,
    reports: report::NONE,
};

const URL: Row = ("websiteURL", Send("websiteURL"));
const KEY: Row = ("websiteKey", Send("websiteKey"));
const INVISIBLE: Row = ("isInvisible", Send("isInvisible"));
const API_DOMAIN: Row = ("apiDomain", Convert(given::api_domain));
const SESSION: Row = ("isSession", Convert(given::no_session));
/// The worker's browser has its own; through a proxy the provider lets it be told.
const USER_AGENT: Row = ("userAgent", HintWithProxy("userAgent"));
const WORKERS_USER_AGENT: Rule = LeaveOut("the worker's own browser is used, and named in the solution");
const WORKERS_OWN: Row = ("userAgent", WORKERS_USER_AGENT);
const COOKIES: Row = ("cookies", OnlyWithProxy("cookies", "cookies are taken for tasks with a proxy only"));
const NO_V2_ACTION: Row = ("pageAction", Refuse("reCAPTCHA v2 tasks take no action here"));

/// Both reCAPTCHA v3 are one type there, with a flag.
const V3: Family = Family {
    solo: Some("RecaptchaV3TaskProxyless"),
    list_price: "0.002",
    queue: Some(18),
    parameters: Parameters::By(&[
        URL,
        KEY,
        ("pageAction", Send("pageAction")),
        ("minScore", Convert(given::min_score)),
        API_DOMAIN,
        SESSION,
        WORKERS_OWN,
        ("enterprisePayload", Refuse("reCAPTCHA v3 tasks take no enterprise payload here")),
        ("anchor", Refuse("reCAPTCHA v3 tasks take no anchor request here")),
        ("reload", Refuse("reCAPTCHA v3 tasks take no reload request here")),
        ("cookies", Refuse("reCAPTCHA v3 tasks take no cookies here, and the score hangs on them")),
    ]),
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
        queue: Some(6),
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
        queue: Some(24),
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
    Family { name: "recaptcha_v3", finish: given::lowest_score, ..V3 },
    Family { name: "recaptcha_v3_enterprise", finish: given::enterprise_score, ..V3 },
    Family {
        name: "hcaptcha",
        solo: Some("HCaptchaTaskProxyless"),
        proxied: Some("HCaptchaTask"),
        list_price: "0.002",
        // The queues of plain hCaptcha (21, 22) have left the documentation; 29 is the one that remains.
        queue: Some(29),
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
        queue: Some(10),
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
        finish: given::version_4,
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
        queue: Some(1),
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
        queue: Some(28),
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
        queue: Some(25),
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
    queue: Some(27),
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
    queue: Some(13),
    finish: given::version_3,
    ..TOKEN
};
const GEETEST_SERVER: Row = ("geetestApiServerSubdomain", Send("geetestApiServerSubdomain"));
const GEETEST_LIB: Row = ("geetestGetLib", Send("geetestGetLib"));
const NO_SECOND_IMAGE: Row = ("imgInstructions", Refuse("workers are shown no second image here"));

/// Types that this provider alone knows.
const OWN: Family = Family { parameters: Parameters::AsSent, solution: Solution::AsGiven, ..TOKEN };

/// The family of this canonical name.
pub(crate) fn find(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

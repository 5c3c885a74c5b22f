//! The table of what anti-captcha serves; the manifest, submit, market and report all read it.
//!
//! Sources: the pages `RecaptchaV2Task`, `RecaptchaV2EnterpriseTask`, `RecaptchaV3TaskProxyless`, `HCaptchaTask`,
//! `TurnstileTask`, `ImageToTextTask` (each with its `…Proxyless` sister) and `getQueueStats` under
//! <https://anti-captcha.com/apidoc>, and the provider's own client libraries where a page is silent.

use adapter_kit::Rule::{Convert, HintWithProxy, LeaveOut, OnlyWithProxy, Refuse, Send};
use serde_json::{Map, Value, json};

use crate::parameters::{Row, Rule, api_domain, enterprise_payload, language_pool, min_score, rqdata};
use crate::{image, report};

/// A canonical family as anti-captcha serves it.
pub(crate) struct Family {
    /// Canonical name.
    pub name: &'static str,
    /// The provider's type without a proxy.
    pub solo: &'static str,
    /// The provider's type with the client's proxy; none where it never takes one.
    pub proxied: Option<&'static str>,
    /// US dollars for one task. Prices float with the workers' load; where a range is published this is its upper end
    /// for the rarer types and the usual price for the common ones.
    pub list_price: &'static str,
    /// The queue whose load and price are published for it; without a proxy, where there are two.
    pub queue: u32,
    /// What becomes of each canonical parameter. One that has no row is refused.
    pub parameters: &'static [Row],
    /// Fills in what the provider needs and the client did not give.
    pub complete: fn(&mut Map<String, Value>),
    /// What a solution holds.
    pub solution: Solution,
    /// The methods that take reports.
    pub reports: report::Methods,
}

/// What a solution holds.
#[derive(Clone, Copy)]
pub(crate) enum Solution {
    /// A token, and whatever it is bound to.
    Token,
    /// Text.
    Text,
}

const URL: Row = ("websiteURL", Send("websiteURL"));
const KEY: Row = ("websiteKey", Send("websiteKey"));
const INVISIBLE: Row = ("isInvisible", Send("isInvisible"));
const API_DOMAIN: Row = ("apiDomain", Convert(api_domain));
/// The worker's browser has its own; through a proxy the provider lets it be told.
const USER_AGENT: Row = ("userAgent", HintWithProxy("userAgent"));
const WORKERS_USER_AGENT: Rule = LeaveOut("the worker's own browser is used, and named in the solution");
const COOKIES: Row = ("cookies", OnlyWithProxy("cookies", "cookies are taken for tasks with a proxy only"));
const NO_V2_ACTION: Row = ("pageAction", Refuse("reCAPTCHA v2 tasks take no action here"));

/// Every family that is served.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        solo: "RecaptchaV2TaskProxyless",
        proxied: Some("RecaptchaV2Task"),
        list_price: "0.00095",
        queue: 6,
        parameters: &[
            URL,
            KEY,
            INVISIBLE,
            ("recaptchaDataSValue", Send("recaptchaDataSValue")),
            API_DOMAIN,
            NO_V2_ACTION,
            USER_AGENT,
            COOKIES,
        ],
        complete: as_it_is,
        solution: Solution::Token,
        reports: report::RECAPTCHA,
    },
    Family {
        name: "recaptcha_v2_enterprise",
        solo: "RecaptchaV2EnterpriseTaskProxyless",
        proxied: Some("RecaptchaV2EnterpriseTask"),
        list_price: "0.002",
        queue: 24,
        parameters: &[
            URL,
            KEY,
            INVISIBLE,
            ("enterprisePayload", Send("enterprisePayload")),
            API_DOMAIN,
            NO_V2_ACTION,
            USER_AGENT,
            COOKIES,
        ],
        complete: as_it_is,
        solution: Solution::Token,
        reports: report::RECAPTCHA,
    },
    Family {
        name: "recaptcha_v3",
        solo: "RecaptchaV3TaskProxyless",
        proxied: None,
        list_price: "0.002",
        queue: 18,
        parameters: &[
            URL,
            KEY,
            ("pageAction", Send("pageAction")),
            ("minScore", Convert(min_score)),
            ("isEnterprise", Send("isEnterprise")),
            API_DOMAIN,
            ("enterprisePayload", Refuse("reCAPTCHA v3 tasks take no enterprise payload here")),
            ("userAgent", WORKERS_USER_AGENT),
            ("cookies", Refuse("reCAPTCHA v3 tasks take no cookies here, and the score hangs on them")),
        ],
        complete: lowest_score,
        solution: Solution::Token,
        reports: report::RECAPTCHA,
    },
    Family {
        name: "hcaptcha",
        solo: "HCaptchaTaskProxyless",
        proxied: Some("HCaptchaTask"),
        list_price: "0.002",
        // The queues of plain hCaptcha (21, 22) have left the documentation; 29 is the one that remains.
        queue: 29,
        parameters: &[
            URL,
            KEY,
            INVISIBLE,
            ("isEnterprise", Send("isEnterprise")),
            ("rqdata", Convert(rqdata)),
            ("enterprisePayload", Convert(enterprise_payload)),
            ("userAgent", WORKERS_USER_AGENT),
        ],
        complete: enterprise_if_it_has_a_payload,
        solution: Solution::Token,
        reports: report::HCAPTCHA,
    },
    Family {
        name: "turnstile",
        solo: "TurnstileTaskProxyless",
        proxied: Some("TurnstileTask"),
        list_price: "0.002",
        queue: 27,
        parameters: &[
            URL,
            KEY,
            ("action", Send("action")),
            ("cdata", Send("cData")),
            ("pageData", Send("chlPageData")),
            ("userAgent", WORKERS_USER_AGENT),
        ],
        complete: as_it_is,
        solution: Solution::Token,
        reports: report::NONE,
    },
    Family {
        name: "image_to_text",
        solo: "ImageToTextTask",
        proxied: None,
        list_price: "0.0005",
        queue: 1,
        parameters: &[
            ("body", Convert(image::body)),
            ("phrase", Send("phrase")),
            ("case", Send("case")),
            ("numeric", Convert(image::numeric)),
            ("math", Send("math")),
            ("minLength", Send("minLength")),
            ("maxLength", Send("maxLength")),
            ("comment", Send("comment")),
            ("imgInstructions", Refuse("workers are shown no second image here")),
            ("languagePool", Convert(language_pool)),
        ],
        complete: as_it_is,
        solution: Solution::Text,
        reports: report::IMAGE,
    },
];

/// The family of this canonical name.
pub(crate) fn find(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

fn as_it_is(_task: &mut Map<String, Value>) {}

/// The score is mandatory there; the lowest of the three queues has the most workers.
fn lowest_score(task: &mut Map<String, Value>) {
    task.entry("minScore").or_insert(json!(0.3));
}

/// A payload is read for tasks that are flagged as Enterprise only.
fn enterprise_if_it_has_a_payload(task: &mut Map<String, Value>) {
    if task.contains_key("enterprisePayload") {
        task.entry("isEnterprise").or_insert(json!(true));
    }
}

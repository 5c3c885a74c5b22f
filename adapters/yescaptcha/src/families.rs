//! The table of what YesCaptcha serves.
//!
//! Sources: `NoCaptchaTaskProxyless`, `RecaptchaV2EnterpriseTaskProxyless`, `RecaptchaV3TaskProxyless`,
//! `RecaptchaV3EnterpriseTask` and `TurnstileTaskProxyless` under <https://yescaptcha.atlassian.net/wiki/spaces/YESCAPTCHA>.
//! Prices are in points there, 1000 for a yuan: here at seven yuan for a dollar, rounded up, for a price below the cost is
//! paid by whoever owns the key. No type takes the client's proxy.
//!
//! Not served: hCaptcha, FunCaptcha, text and tiles of images, of which the provider's client library knows the types and
//! whose pages could not be read.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};
use create_task::{Family, Parameters, Row, given as usual};

const URL: Row = ("websiteURL", Send("websiteURL"));
const KEY: Row = ("websiteKey", Send("websiteKey"));
const PAGE_ACTION: Row = ("pageAction", Send("pageAction"));
const API_DOMAIN: Row = ("apiDomain", Refuse("there is no place for it here"));
const SESSION: Row = ("isSession", Convert(usual::no_session));
const USER_AGENT: Row = ("userAgent", LeaveOut("there is no place for it here: the provider's own browser is used"));
const COOKIES: Row = ("cookies", Refuse("there is no place for them here"));
const NO_ACTION: Row = ("pageAction", Refuse("reCAPTCHA v2 tasks take no action here"));

/// Both reCAPTCHA v3 know the same parameters. There is a type of 0.7 and more, for half as many points again; a family has
/// one price, and this is the usual type's.
const V3: Family = Family {
    // 20 points.
    list_price: "0.0029",
    parameters: Parameters::By(&[
        URL,
        KEY,
        PAGE_ACTION,
        ("minScore", Convert(usual::usual_score)),
        ("enterprisePayload", Refuse("reCAPTCHA v3 tasks take no enterprise payload here")),
        API_DOMAIN,
        SESSION,
        ("anchor", Refuse("there is no place for it here")),
        ("reload", Refuse("there is no place for it here")),
        USER_AGENT,
        COOKIES,
    ]),
    ..Family::PLAIN
};

/// Every family that is served.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        solo: Some("NoCaptchaTaskProxyless"),
        // 15 points.
        list_price: "0.0022",
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("isInvisible", Send("isInvisible")),
            ("recaptchaDataSValue", Refuse("there is no place for it here")),
            API_DOMAIN,
            NO_ACTION,
            SESSION,
            USER_AGENT,
            COOKIES,
        ]),
        ..Family::PLAIN
    },
    Family {
        name: "recaptcha_v2_enterprise",
        solo: Some("RecaptchaV2EnterpriseTaskProxyless"),
        // 20 points.
        list_price: "0.0029",
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("enterprisePayload", Send("enterprisePayload")),
            ("isInvisible", LeaveOut("this type has no such field, and the site key says as much")),
            API_DOMAIN,
            NO_ACTION,
            SESSION,
            USER_AGENT,
            COOKIES,
        ]),
        ..Family::PLAIN
    },
    Family { name: "recaptcha_v3", solo: Some("RecaptchaV3TaskProxyless"), ..V3 },
    Family { name: "recaptcha_v3_enterprise", solo: Some("RecaptchaV3EnterpriseTask"), ..V3 },
    Family {
        name: "turnstile",
        solo: Some("TurnstileTaskProxyless"),
        // 25 points, or 15 by another version of the page.
        list_price: "0.0036",
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("action", Refuse("there is no place for it here")),
            ("cdata", Refuse("there is no place for it here")),
            ("pageData", Refuse("there is no place for it here")),
            USER_AGENT,
        ]),
        ..Family::PLAIN
    },
];

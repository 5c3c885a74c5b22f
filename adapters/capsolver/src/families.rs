//! The table of what CapSolver serves; the manifest, submit and the reading of solutions use it.
//!
//! Sources: the pages `captcha/ReCaptchaV2`, `captcha/ReCaptchaV3`, `captcha/cloudflare_turnstile` and
//! `recognition/ImageToTextTask` under <https://docs.capsolver.com/guide/>, and the provider's own client libraries where
//! a page is silent. hCaptcha has left the documentation and is not served. Prices: <https://www.capsolver.com/>.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};

use crate::parameters::{self, Row};
use crate::solution::Kind;

/// A canonical family as CapSolver serves it.
pub(crate) struct Family {
    /// Canonical name.
    pub name: &'static str,
    /// The provider's type without a proxy.
    pub solo: Type,
    /// The provider's type with the client's proxy; none where it never takes one.
    pub proxied: Option<Type>,
    /// US dollars for one task.
    pub list_price: &'static str,
    /// What becomes of each canonical parameter. One that has no row is refused.
    pub parameters: &'static [Row],
    /// What is sent where the client gave nothing: a name of the provider's and its value.
    pub defaults: &'static [(&'static str, &'static str)],
    /// What a solution holds.
    pub solution: Kind,
}

/// The provider's name of a type.
pub(crate) struct Type {
    /// Of the usual variant.
    pub plain: &'static str,
    /// Of the Enterprise variant, where one family has both.
    pub enterprise: &'static str,
}

const fn one(name: &'static str) -> Type {
    Type { plain: name, enterprise: name }
}

const URL: Row = ("websiteURL", Send("websiteURL"));
const KEY: Row = ("websiteKey", Send("websiteKey"));
const INVISIBLE: Row = ("isInvisible", Send("isInvisible"));
const API_DOMAIN: Row = ("apiDomain", Convert(parameters::api_domain));
const PAGE_ACTION: Row = ("pageAction", Send("pageAction"));
const USER_AGENT: Row = ("userAgent", LeaveOut("the provider's own browser is used, and named in the solution"));
/// They have left the documentation, and a page that asks for them tells its visitors apart by them.
const COOKIES: Row = ("cookies", Refuse("reCAPTCHA tasks take no cookies here"));

/// Every family that is served.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        solo: one("ReCaptchaV2TaskProxyLess"),
        // A type with a proxy is documented for Enterprise only.
        proxied: None,
        list_price: "0.0008",
        parameters: &[
            URL,
            KEY,
            INVISIBLE,
            ("recaptchaDataSValue", Send("recaptchaDataSValue")),
            API_DOMAIN,
            PAGE_ACTION,
            USER_AGENT,
            COOKIES,
        ],
        defaults: &[],
        solution: Kind::Token,
    },
    Family {
        name: "recaptcha_v2_enterprise",
        solo: one("ReCaptchaV2EnterpriseTaskProxyLess"),
        proxied: Some(one("ReCaptchaV2EnterpriseTask")),
        list_price: "0.001",
        parameters: &[
            URL,
            KEY,
            ("enterprisePayload", Send("enterprisePayload")),
            INVISIBLE,
            API_DOMAIN,
            PAGE_ACTION,
            USER_AGENT,
            COOKIES,
        ],
        defaults: &[],
        solution: Kind::Token,
    },
    Family {
        name: "recaptcha_v3",
        solo: Type { plain: "ReCaptchaV3TaskProxyLess", enterprise: "ReCaptchaV3EnterpriseTaskProxyLess" },
        proxied: Some(Type { plain: "ReCaptchaV3Task", enterprise: "ReCaptchaV3EnterpriseTask" }),
        // The Enterprise variant's; the usual one is 0.001. A family has one price, the provider does not say what it
        // charged, and a price below the cost is paid by whoever owns the key.
        list_price: "0.003",
        parameters: &[
            URL,
            KEY,
            PAGE_ACTION,
            ("minScore", Convert(parameters::min_score)),
            ("isEnterprise", Convert(parameters::is_enterprise)),
            ("enterprisePayload", Send("enterprisePayload")),
            API_DOMAIN,
            USER_AGENT,
            COOKIES,
        ],
        // Older copies of the page require an action and name this as the usual one; newer ones do not require it.
        defaults: &[("pageAction", "verify")],
        solution: Kind::Token,
    },
    Family {
        name: "turnstile",
        solo: one("AntiTurnstileTaskProxyLess"),
        proxied: None,
        list_price: "0.0012",
        parameters: &[
            URL,
            KEY,
            ("action", Convert(parameters::turnstile_action)),
            ("cdata", Convert(parameters::turnstile_cdata)),
            ("pageData", Refuse("challenge pages are solved by another task type here, and not for a token")),
            ("userAgent", LeaveOut("the provider ignores it and names its own in the solution")),
        ],
        defaults: &[],
        solution: Kind::Token,
    },
    Family {
        name: "image_to_text",
        solo: one("ImageToTextTask"),
        proxied: None,
        list_price: "0.0004",
        // A model reads the image. It takes no wishes for the answer but the one about its letters' case; what asks for
        // nothing is left out, and a wish that would not be heard is refused.
        parameters: &[
            ("body", Send("body")),
            ("phrase", Convert(parameters::no_phrase)),
            ("case", Send("case")),
            ("numeric", Convert(parameters::no_numeric)),
            ("math", Convert(parameters::no_math)),
            ("minLength", Convert(parameters::no_min_length)),
            ("maxLength", Convert(parameters::no_max_length)),
            ("comment", Refuse("nobody reads instructions here")),
            ("imgInstructions", Refuse("nobody reads instructions here")),
            ("languagePool", Convert(parameters::language_pool)),
        ],
        defaults: &[],
        solution: Kind::Text,
    },
];

/// The family of this canonical name.
pub(crate) fn find(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

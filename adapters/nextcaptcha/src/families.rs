//! The table of what NextCaptcha serves.
//!
//! Sources: the provider's own client libraries, <https://github.com/nextcaptcha/nextcaptcha-python> and
//! <https://github.com/nextcaptcha/nextcaptcha-go>, since of its pages only the one of `getTaskResult` could be read. No
//! prices are published where they could be read; 0.003 is what the dearer services list for such tasks, for a price below
//! the cost is paid by whoever owns the key.
//!
//! Not served: hCaptcha, which the libraries still send but name no more among what is solved; reCAPTCHA v3 Enterprise, of
//! which there is no type; reCAPTCHA in apps, which the catalogue does not have; and the `HS` types, of which nobody says
//! what they are.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};
use adapter_kit::{Draft as _, Fault, Proxy, ProxyScheme};
use create_task::{Draft, Family, Parameters, Row, given as usual, proxy};
use serde_json::json;

const TOKEN: Family = Family { list_price: "0.003", ..Family::PLAIN };

const URL: Row = ("websiteURL", Send("websiteURL"));
const KEY: Row = ("websiteKey", Send("websiteKey"));
const INVISIBLE: Row = ("isInvisible", Send("isInvisible"));
const API_DOMAIN: Row = ("apiDomain", Convert(usual::api_domain));
const PAGE_ACTION: Row = ("pageAction", Send("pageAction"));
const SESSION: Row = ("isSession", Convert(usual::no_session));
const USER_AGENT: Row = ("userAgent", LeaveOut("there is no place for it here: the provider's own browser is used"));
const COOKIES: Row = ("cookies", Refuse("there is no place for them here"));

/// Every family that is served.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        solo: Some("RecaptchaV2TaskProxyless"),
        parameters: Parameters::By(&[
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
        ..TOKEN
    },
    Family {
        name: "recaptcha_v2_enterprise",
        solo: Some("RecaptchaV2EnterpriseTaskProxyless"),
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("enterprisePayload", Send("enterprisePayload")),
            INVISIBLE,
            API_DOMAIN,
            PAGE_ACTION,
            SESSION,
            USER_AGENT,
            COOKIES,
        ]),
        ..TOKEN
    },
    Family {
        name: "recaptcha_v3",
        solo: Some("RecaptchaV3TaskProxyless"),
        proxied: Some("RecaptchaV3Task"),
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
        ..TOKEN
    },
    Family {
        name: "turnstile",
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("action", Send("pageAction")),
            ("cdata", Send("data")),
            ("pageData", Send("pagedata")),
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
            ("pageData", Send("pagedata")),
            ("apiJsUrl", Refuse("no script can be named here")),
            USER_AGENT,
        ]),
        ..TURNSTILE
    },
];

const TURNSTILE: Family =
    Family { solo: Some("TurnstileTaskProxyless"), proxied: Some("TurnstileTask"), proxy: without_https, ..TOKEN };

/// Turnstile's proxies are of three kinds; HTTPS is none of them.
fn without_https(given: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    let kind = match given.scheme {
        ProxyScheme::Https => {
            return Err(Fault::not_supported("PROXY_NOT_SUPPORTED", "no HTTPS proxies are taken for this type"));
        }
        ProxyScheme::Http | ProxyScheme::Socks4 | ProxyScheme::Socks5 => proxy::scheme(given.scheme),
    };
    draft.set("proxyType", json!(kind));
    proxy::four_fields(given, draft)
}

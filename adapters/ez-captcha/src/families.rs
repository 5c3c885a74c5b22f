//! The table of what EzCaptcha serves.
//!
//! Sources: the provider's own wiki, <https://github.com/ez-captcha/EzCaptchaWiki>, and its client libraries, of which
//! <https://github.com/EZXLabs/ezcapsolver-go> names every field and the page of <https://docs.ezxlabs.com/docs/captcha/api>
//! that it is from. Prices of reCAPTCHA v2 are in the wiki; the others are drawn by a script and are cautious here, for a
//! price below the cost is paid by whoever owns the key.
//!
//! A type is the same with the client's proxy and without, whatever its name says. Not served: what is answered by another
//! host alone, within one request that takes up to three minutes (Akamai, DataDome, Incapsula, recognition of images), and
//! the types for a score of 0.9, for a family has one price and they cost twice as much.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};
use create_task::family::Constant;
use create_task::{Family, Parameters, Row, Solution, given as usual};

use crate::{parameters as given, proxy, solution};

const TOKEN: Family = Family { list_price: "0.003", proxy: proxy::address, ..Family::PLAIN };

const URL: Row = ("websiteURL", Send("websiteURL"));
const KEY: Row = ("websiteKey", Send("websiteKey"));
const API_DOMAIN: Row = ("apiDomain", Refuse("there is no place for it here"));
const SESSION: Row = ("isSession", Convert(usual::no_session));
const USER_AGENT: Row = ("userAgent", LeaveOut("there is no place for it here: the provider's own browser is used"));
const COOKIES: Row = ("cookies", Refuse("there is no place for them here"));
const INVISIBLE: Row = ("isInvisible", Send("isInvisible"));
/// The visible widget is sent by its name, too.
const VISIBLE: &[(&str, Constant)] = &[("isInvisible", Constant::Flag(false))];

/// Both reCAPTCHA v3 know the same parameters.
const V3: Family = Family {
    parameters: Parameters::By(&[
        URL,
        KEY,
        ("pageAction", Send("pageAction")),
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
};

/// Every family that is served.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        solo: Some("ReCaptchaV2TaskProxyless"),
        proxied: Some("ReCaptchaV2TaskProxyless"),
        list_price: "0.0006",
        parameters: Parameters::By(&[
            URL,
            KEY,
            INVISIBLE,
            ("recaptchaDataSValue", Convert(given::plain_s)),
            API_DOMAIN,
            ("pageAction", Send("sa")),
            SESSION,
            USER_AGENT,
            COOKIES,
        ]),
        otherwise: VISIBLE,
        finish: given::type_with_s,
        ..TOKEN
    },
    Family {
        name: "recaptcha_v2_enterprise",
        solo: Some("ReCaptchaV2EnterpriseTaskProxyless"),
        proxied: Some("ReCaptchaV2EnterpriseTaskProxyless"),
        list_price: "0.0012",
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("enterprisePayload", Convert(given::enterprise_s)),
            INVISIBLE,
            API_DOMAIN,
            ("pageAction", Send("sa")),
            SESSION,
            USER_AGENT,
            COOKIES,
        ]),
        otherwise: VISIBLE,
        finish: given::type_with_s,
        ..TOKEN
    },
    Family {
        name: "recaptcha_v3",
        solo: Some("ReCaptchaV3TaskProxyless"),
        proxied: Some("ReCaptchaV3TaskProxyless"),
        ..V3
    },
    Family {
        name: "recaptcha_v3_enterprise",
        solo: Some("ReCaptchaV3EnterpriseTaskProxyless"),
        proxied: Some("ReCaptchaV3EnterpriseTaskProxyless"),
        ..V3
    },
    Family {
        name: "hcaptcha",
        solo: Some("HCaptcha"),
        proxied: Some("HCaptcha"),
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("isInvisible", Send("invisible")),
            ("isEnterprise", LeaveOut("rqdata says as much")),
            ("rqdata", Send("rqdata")),
            ("enterprisePayload", Convert(given::rqdata_of_payload)),
            ("fallbackToActualUA", LeaveOut("the provider's own browser is used, and named in the solution")),
            USER_AGENT,
        ]),
        otherwise: &[("invisible", Constant::Flag(false)), ("lang", Constant::Text("en-US"))],
        solution: Solution::Made(solution::hcaptcha),
        ..TOKEN
    },
    Family {
        name: "turnstile",
        solo: Some("CloudFlareTurnstileTask"),
        proxied: Some("CloudFlareTurnstileTask"),
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("action", Send("rqData.metadataAction")),
            ("cdata", Send("rqData.metadataCdata")),
            ("pageData", Refuse("challenge pages are solved by another task type here, and not for a token")),
            USER_AGENT,
        ]),
        ..TOKEN
    },
    Family {
        name: "cloudflare_clearance",
        proxied: Some("CloudFlare5STask"),
        parameters: Parameters::By(&[
            URL,
            ("websiteKey", LeaveOut("the page is visited, and tells it")),
            ("htmlPageBase64", LeaveOut("the page is visited anew")),
            ("html", LeaveOut("the page is visited anew")),
            ("userAgent", LeaveOut("the provider's own browser is used, and named in the solution")),
        ]),
        solution: Solution::Made(solution::clearance),
        ..TOKEN
    },
    Family {
        name: "funcaptcha",
        solo: Some("FuncaptchaTaskProxyless"),
        proxied: Some("FuncaptchaTaskProxyless"),
        parameters: Parameters::By(&[
            URL,
            ("websitePublicKey", Send("websiteKey")),
            ("funcaptchaApiJSSubdomain", Send("funcaptchaApiJSSubdomain")),
            ("data", Send("data")),
            USER_AGENT,
        ]),
        proxy: proxy::address_with_login_behind,
        ..TOKEN
    },
];

//! reCAPTCHA, hCaptcha and Cloudflare: what most sites have.
//!
//! Source: the chapters "reCAPTCHA V2", "Invisible reCAPTCHA V2", "reCAPTCHA V3", "reCAPTCHA Enterprise" and "Cloudflare
//! Turnstile" of <https://2captcha.com/2captcha-api>. The chapter on hCaptcha has left the page; the official client
//! libraries still send the method.

use adapter_kit::ProxySupport::Never;

use super::{
    Answers, Convert, Family, Fault, INVISIBLE, LeaveOut, Refuse, Row, SCORE, SESSION, SITE_KEY, SLOW, Send, Shape,
    TOKEN, URL, USER_AGENT, WORKERS_USER_AGENT,
};
use crate::given::{cookies, domain, enterprise_s, hcaptcha_payload};
use crate::task::Draft;

const GOOGLE_KEY: Row = ("websiteKey", Send("googlekey"));
const DOMAIN: Row = ("apiDomain", Convert(domain));
const COOKIES: Row = ("cookies", Convert(cookies));
const NO_V2_ACTION: Row = ("pageAction", Refuse("reCAPTCHA v2 tasks take no action here"));
/// "We also return worker's cookies in the response if you use json=1": nobody asked for them, and a line has the price.
const GOOGLE_TOKEN: Answers = Answers::Line(Shape::Value(&["token"]));

const V3: &[Row] = &[
    URL,
    GOOGLE_KEY,
    ("pageAction", Send("action")),
    ("minScore", Send("min_score")),
    DOMAIN,
    SESSION,
    ("enterprisePayload", Refuse("reCAPTCHA v3 tasks take no enterprise payload here")),
    ("anchor", Refuse("the page's requests are made anew here")),
    ("reload", Refuse("the page's requests are made anew here")),
    ("userAgent", LeaveOut("the score hangs on the worker's own browser")),
    ("cookies", Refuse("reCAPTCHA v3 tasks take no cookies here, and the score hangs on them")),
];

/// `recaptcha_v2`.
pub const RECAPTCHA_V2: Family = Family {
    name: "recaptcha_v2",
    fixed: &[("method", "userrecaptcha")],
    parameters: &[
        URL,
        GOOGLE_KEY,
        INVISIBLE,
        ("recaptchaDataSValue", Send("data-s")),
        DOMAIN,
        NO_V2_ACTION,
        SESSION,
        USER_AGENT,
        COOKIES,
    ],
    answers: GOOGLE_TOKEN,
    ..TOKEN
};

/// `recaptcha_v2_enterprise`.
pub const RECAPTCHA_V2_ENTERPRISE: Family = Family {
    name: "recaptcha_v2_enterprise",
    fixed: &[("method", "userrecaptcha"), ("enterprise", "1")],
    parameters: &[
        URL,
        GOOGLE_KEY,
        INVISIBLE,
        ("enterprisePayload", Convert(enterprise_s)),
        DOMAIN,
        NO_V2_ACTION,
        SESSION,
        USER_AGENT,
        COOKIES,
    ],
    answers: GOOGLE_TOKEN,
    ..TOKEN
};

/// `recaptcha_v3`.
pub const RECAPTCHA_V3: Family = Family {
    name: "recaptcha_v3",
    fixed: &[("method", "userrecaptcha"), ("version", "v3")],
    // "Proxies are not supported for reCAPTCHA V3 and Enterprise V3."
    proxy: Never,
    parameters: V3,
    complete: lowest_score,
    answers: GOOGLE_TOKEN,
    pace: SCORE,
    ..TOKEN
};

/// `recaptcha_v3_enterprise`.
pub const RECAPTCHA_V3_ENTERPRISE: Family = Family {
    name: "recaptcha_v3_enterprise",
    fixed: &[("method", "userrecaptcha"), ("version", "v3"), ("enterprise", "1")],
    proxy: Never,
    parameters: V3,
    complete: lowest_score,
    answers: GOOGLE_TOKEN,
    pace: SCORE,
    ..TOKEN
};

/// `hcaptcha`.
pub const HCAPTCHA: Family = Family {
    name: "hcaptcha",
    fixed: &[("method", "hcaptcha")],
    parameters: &[
        URL,
        SITE_KEY,
        INVISIBLE,
        ("isEnterprise", LeaveOut("the site key tells; what Enterprise adds is the rqdata")),
        ("rqdata", Send("data")),
        ("enterprisePayload", Convert(hcaptcha_payload)),
        ("fallbackToActualUA", LeaveOut("it allows what is not done here")),
        USER_AGENT,
    ],
    complete: data_with_a_browser,
    ..TOKEN
};

/// `turnstile`.
pub const TURNSTILE: Family = Family {
    name: "turnstile",
    fixed: &[("method", "turnstile")],
    list_price: "0.00145",
    parameters: &[
        URL,
        SITE_KEY,
        ("action", Send("action")),
        ("cdata", Send("data")),
        ("pageData", Send("pagedata")),
        WORKERS_USER_AGENT,
    ],
    complete: whole_challenge,
    ..TOKEN
};

/// `turnstile_challenge`.
pub const TURNSTILE_CHALLENGE: Family = Family {
    name: "turnstile_challenge",
    fixed: &[("method", "turnstile")],
    list_price: "0.00145",
    parameters: &[
        URL,
        SITE_KEY,
        ("action", Send("action")),
        ("cdata", Send("data")),
        ("pageData", Send("pagedata")),
        ("apiJsUrl", LeaveOut("the worker's page loads the widget with Cloudflare's own script")),
        // Not in the table of parameters, but in the chapter's script that collects them. The solution names the one
        // that was used.
        USER_AGENT,
    ],
    pace: SLOW,
    ..TOKEN
};

/// The catalogue means 0.3 where no score is given, and the provider 0.4, which few of its workers have.
fn lowest_score(draft: &mut Draft) -> Result<(), Fault> {
    draft.suggest("min_score", "0.3".to_owned());
    Ok(())
}

/// "You MUST provide userAgent if you submit with data."
fn data_with_a_browser(draft: &mut Draft) -> Result<(), Fault> {
    if draft.has("data") && !draft.has("userAgent") {
        return Err(Fault::parameter_refused("rqdata", "it needs the page's userAgent beside it here"));
    }
    Ok(())
}

/// "If you need to bypass the Turnstile on Cloudflare Challenge pages you MUST provide": all three of them.
fn whole_challenge(draft: &mut Draft) -> Result<(), Fault> {
    if draft.has("pagedata") && !(draft.has("action") && draft.has("data")) {
        return Err(Fault::parameter_refused(
            "pageData",
            "a challenge page needs action, cdata and pageData together here",
        ));
    }
    Ok(())
}

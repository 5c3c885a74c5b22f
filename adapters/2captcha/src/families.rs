//! The table of what 2captcha serves; the manifest, submit and poll all read it.
//!
//! Source: the chapters "Normal Captcha", "reCAPTCHA V2", "Invisible reCAPTCHA V2", "reCAPTCHA V3", "reCAPTCHA
//! Enterprise" and "Cloudflare Turnstile" of <https://2captcha.com/2captcha-api>, each with the parameters of `in.php`.
//! The chapter on hCaptcha has left the page; the official client libraries still send the method. Where it is switched
//! off, `ERROR_METHOD_CALL` is answered, nothing is charged, and the next candidate is tried.

use adapter_kit::Fault;
use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};

use crate::image;
use crate::parameters::{Row, comment, cookies, domain, enterprise_s, hcaptcha_payload, language, length, numeric};
use crate::task::Draft;

/// A canonical family as 2captcha serves it.
pub(crate) struct Family {
    /// Canonical name.
    pub name: &'static str,
    /// The fields of `in.php` that say what it is.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Whether it is solved through the client's proxy.
    pub takes_proxy: bool,
    /// US dollars for one task. Prices float with the workers' load: this is the upper end of what is published.
    pub list_price: &'static str,
    /// What becomes of each canonical parameter. One that has no row is refused.
    pub parameters: &'static [Row],
    /// Fills in what the provider would take otherwise than the catalogue means it, and refuses what it documents as
    /// impossible.
    pub complete: fn(&mut Draft) -> Result<(), Fault>,
    /// How `res.php` is asked, and what it answers.
    pub answers: Answers,
    /// When it is worth asking, where that is later or rarer than the manifest says.
    pub pace: Option<Pace>,
}

/// How a family's tasks are polled.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Milliseconds from acceptance to the first poll.
    pub first_ms: u32,
    /// Milliseconds from one poll to the next.
    pub gap_ms: u32,
}

/// How `res.php` is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// `OK|text|price`.
    Text,
    /// `OK|token|price`.
    Token,
    /// A JSON object: the token is good only with the user agent beside it, which a plain answer does not hold.
    /// "Always set to 1 for turnstile to get the response as JSON containing the User-Agent value."
    TokenAndBrowser,
}

impl Answers {
    /// The question, without the id.
    pub(crate) const fn question(self) -> &'static str {
        match self {
            Self::Text | Self::Token => "get2",
            Self::TokenAndBrowser => "get&json=1",
        }
    }
}

/// "Make a 15-20 seconds timeout", then at most twenty questions in the 300 s that a worker has.
const SLOW: Option<Pace> = Some(Pace { first_ms: 20_000, gap_ms: 15_000 });
/// "Make a 10-15 seconds timeout"; the gap as above.
const SCORE: Option<Pace> = Some(Pace { first_ms: 15_000, gap_ms: 15_000 });

const URL: Row = ("websiteURL", Send("pageurl"));
const GOOGLE_KEY: Row = ("websiteKey", Send("googlekey"));
const SITE_KEY: Row = ("websiteKey", Send("sitekey"));
const INVISIBLE: Row = ("isInvisible", Send("invisible"));
const DOMAIN: Row = ("apiDomain", Convert(domain));
const USER_AGENT: Row = ("userAgent", Send("userAgent"));
const WORKERS_USER_AGENT: adapter_kit::Rule<Draft> =
    LeaveOut("the worker's own browser is used, and named in the solution");
const COOKIES: Row = ("cookies", Convert(cookies));
const NO_V2_ACTION: Row = ("pageAction", Refuse("reCAPTCHA v2 tasks take no action here"));

/// Every family that is served.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        fixed: &[("method", "userrecaptcha")],
        takes_proxy: true,
        list_price: "0.00299",
        parameters: &[
            URL,
            GOOGLE_KEY,
            INVISIBLE,
            ("recaptchaDataSValue", Send("data-s")),
            DOMAIN,
            NO_V2_ACTION,
            USER_AGENT,
            COOKIES,
        ],
        complete: as_it_is,
        answers: Answers::Token,
        pace: SLOW,
    },
    Family {
        name: "recaptcha_v2_enterprise",
        fixed: &[("method", "userrecaptcha"), ("enterprise", "1")],
        takes_proxy: true,
        list_price: "0.00299",
        parameters: &[
            URL,
            GOOGLE_KEY,
            INVISIBLE,
            ("enterprisePayload", Convert(enterprise_s)),
            DOMAIN,
            NO_V2_ACTION,
            USER_AGENT,
            COOKIES,
        ],
        complete: as_it_is,
        answers: Answers::Token,
        pace: SLOW,
    },
    Family {
        name: "recaptcha_v3",
        fixed: &[("method", "userrecaptcha"), ("version", "v3")],
        // "Proxies are not supported for reCAPTCHA V3 and Enterprise V3."
        takes_proxy: false,
        list_price: "0.00299",
        parameters: &[
            URL,
            GOOGLE_KEY,
            ("pageAction", Send("action")),
            ("minScore", Send("min_score")),
            ("isEnterprise", Send("enterprise")),
            DOMAIN,
            ("enterprisePayload", Refuse("reCAPTCHA v3 tasks take no enterprise payload here")),
            ("userAgent", LeaveOut("the score hangs on the worker's own browser")),
            ("cookies", Refuse("reCAPTCHA v3 tasks take no cookies here, and the score hangs on them")),
        ],
        complete: lowest_score,
        answers: Answers::Token,
        pace: SCORE,
    },
    Family {
        name: "hcaptcha",
        fixed: &[("method", "hcaptcha")],
        takes_proxy: true,
        list_price: "0.00299",
        parameters: &[
            URL,
            SITE_KEY,
            INVISIBLE,
            ("isEnterprise", LeaveOut("the site key tells; what Enterprise adds is the rqdata")),
            ("rqdata", Send("data")),
            ("enterprisePayload", Convert(hcaptcha_payload)),
            USER_AGENT,
        ],
        complete: data_with_a_browser,
        answers: Answers::TokenAndBrowser,
        pace: SLOW,
    },
    Family {
        name: "turnstile",
        fixed: &[("method", "turnstile")],
        takes_proxy: true,
        list_price: "0.00145",
        parameters: &[
            URL,
            SITE_KEY,
            ("action", Send("action")),
            ("cdata", Send("data")),
            ("pageData", Send("pagedata")),
            ("userAgent", WORKERS_USER_AGENT),
        ],
        complete: whole_challenge,
        answers: Answers::TokenAndBrowser,
        pace: SLOW,
    },
    Family {
        name: "image_to_text",
        fixed: &[("method", "post")],
        takes_proxy: false,
        list_price: "0.001",
        parameters: &[
            ("body", Convert(image::body)),
            ("phrase", Send("phrase")),
            ("case", Send("regsense")),
            ("numeric", Convert(numeric)),
            ("math", Send("calc")),
            ("minLength", Convert(|value, draft| length("min_len", value, draft))),
            ("maxLength", Convert(|value, draft| length("max_len", value, draft))),
            ("comment", Convert(comment)),
            ("imgInstructions", Convert(image::instructions)),
            ("languagePool", Convert(language)),
        ],
        complete: as_it_is,
        answers: Answers::Text,
        pace: None,
    },
];

/// The family of this canonical name.
pub(crate) fn find(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

/// How tasks of this family are asked about; a token where nobody knows the family any more.
pub(crate) fn answers(name: &str) -> Answers {
    find(name).map_or(Answers::Token, |family| family.answers)
}

fn as_it_is(_draft: &mut Draft) -> Result<(), Fault> {
    Ok(())
}

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

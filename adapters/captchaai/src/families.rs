//! The table of what CaptchaAI serves.
//!
//! Sources: <https://blog.captchaai.com/captchaai-api-quick-reference-card>; what its own client sends and reads
//! (<https://pypi.org/project/captchaai/>, version 1.0.1); <https://github.com/CaptchaAI/captchaai-workflow-doctor>, which shows
//! Turnstile's `action` and Cloudflare's cookie. Where the first two name a field differently it is sent under both names.
//!
//! Not served: hCaptcha, which an example of its own sends and no page or client knows; BLS, for which the catalogue has no
//! family; challenge pages of Cloudflare as a token.

use adapter_kit::ProxySupport::{Never, Required};
use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};
use adapter_kit::{Fault, Rule};
use classic::given::{bare_server, comment, language, length, numeric, text};
use classic::image::{Most, write};
use classic::methods::{ANY_USER_AGENT, INVISIBLE, SESSION, SITE_KEY, URL, USER_AGENT};
use classic::{Answers, Draft, Family, Pace, Row, Shape};
use serde_json::Value;

/// Threads are sold by the month, at about three dollars each. This is a minute of a thread that works a tenth of its time.
const MINUTE: &str = "0.0007";
/// A few seconds of the same thread.
const SECONDS: &str = "0.0001";

const GOOGLE_KEY: Row = ("websiteKey", Send("googlekey"));
const DOMAIN: Row = ("apiDomain", Convert(usual_domain));
const NO_COOKIES: Row = ("cookies", Refuse("how cookies are written is not documented here"));
const NO_ACTION: Row = ("pageAction", Refuse("reCAPTCHA v2 tasks take no action here"));
const NO_PAYLOAD: Row = ("enterprisePayload", Refuse("no enterprise payload is taken here"));
const OWN_REQUESTS: &str = "the page's requests are made anew here";

const fn soon(first_ms: u32) -> Option<Pace> {
    Some(Pace { first_ms, gap_ms: 5_000 })
}

const TOKEN: Family = Family { list_price: MINUTE, pace: soon(10_000), ..Family::PLAIN };

const V3: &[Row] = &[
    URL,
    GOOGLE_KEY,
    ("pageAction", Send("action")),
    ("minScore", Send("min_score")),
    NO_PAYLOAD,
    DOMAIN,
    SESSION,
    ("anchor", Refuse(OWN_REQUESTS)),
    ("reload", Refuse(OWN_REQUESTS)),
    USER_AGENT,
    NO_COOKIES,
];

/// Every family that is served.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        fixed: &[("method", "userrecaptcha")],
        parameters: &[
            URL,
            GOOGLE_KEY,
            INVISIBLE,
            ("recaptchaDataSValue", Refuse("no data-s is taken here")),
            DOMAIN,
            NO_ACTION,
            SESSION,
            USER_AGENT,
            NO_COOKIES,
        ],
        pace: soon(15_000),
        ..TOKEN
    },
    Family {
        name: "recaptcha_v2_enterprise",
        fixed: &[("method", "userrecaptcha"), ("enterprise", "1")],
        parameters: &[
            URL,
            GOOGLE_KEY,
            NO_PAYLOAD,
            INVISIBLE,
            DOMAIN,
            ("pageAction", Send("action")),
            SESSION,
            USER_AGENT,
            NO_COOKIES,
        ],
        pace: soon(15_000),
        ..TOKEN
    },
    Family {
        name: "recaptcha_v3",
        fixed: &[("method", "userrecaptcha"), ("version", "v3")],
        needs: &["pageAction"],
        parameters: V3,
        complete: lowest_score,
        ..TOKEN
    },
    Family {
        name: "recaptcha_v3_enterprise",
        fixed: &[("method", "userrecaptcha"), ("version", "v3"), ("enterprise", "1")],
        needs: &["pageAction"],
        parameters: V3,
        complete: lowest_score,
        ..TOKEN
    },
    Family {
        name: "turnstile",
        fixed: &[("method", "turnstile")],
        parameters: &[
            URL,
            SITE_KEY,
            ("action", Send("action")),
            ("cdata", Refuse("no cdata is taken here")),
            ("pageData", Refuse("challenge pages are not solved as a token here")),
            USER_AGENT,
        ],
        ..TOKEN
    },
    Family {
        name: "cloudflare_clearance",
        fixed: &[("method", "cloudflare_challenge")],
        proxy: Required,
        parameters: &[
            URL,
            ("websiteKey", LeaveOut("the page is loaded, and names its own")),
            ("htmlPageBase64", LeaveOut("the page is loaded anew through the client's proxy")),
            ("html", LeaveOut("the page is loaded anew through the client's proxy")),
            USER_AGENT,
        ],
        answers: Answers::Json(Shape::Clearance),
        pace: soon(15_000),
        ..TOKEN
    },
    Family {
        name: "geetest_v3",
        fixed: &[("method", "geetest")],
        parameters: &[
            URL,
            ("gt", Send("gt")),
            ("challenge", Send("challenge")),
            (
                "geetestApiServerSubdomain",
                Convert(|value, draft| bare_server("geetestApiServerSubdomain", value, draft)),
            ),
            ("geetestGetLib", Refuse("GeeTest's own script is used here")),
            USER_AGENT,
        ],
        answers: Answers::Json(Shape::Members(&["validate"])),
        pace: soon(15_000),
        ..TOKEN
    },
    Family {
        name: "geetest_v4",
        fixed: &[("method", "geetest"), ("version", "4")],
        parameters: &[
            URL,
            ("captchaId", Send("gt")),
            ("initParameters", Refuse("the captcha's id is all that is taken here")),
            ("geetestApiServerSubdomain", Refuse("GeeTest v4 is loaded from its usual server here")),
            ("geetestGetLib", Refuse("GeeTest's own script is used here")),
            USER_AGENT,
        ],
        answers: Answers::Json(Shape::Members(&["captcha_output", "pass_token"])),
        pace: soon(15_000),
        ..TOKEN
    },
    Family {
        name: "captchafox",
        fixed: &[("method", "captchafox")],
        proxy: Required,
        parameters: &[URL, SITE_KEY, USER_AGENT],
        ..TOKEN
    },
    Family {
        name: "friendly",
        fixed: &[("method", "friendly_captcha")],
        parameters: &[
            URL,
            SITE_KEY,
            ("apiGetLib", Refuse("Friendly Captcha's own script is used here")),
            ANY_USER_AGENT,
        ],
        ..TOKEN
    },
    Family {
        name: "lemin",
        fixed: &[("method", "lemin")],
        parameters: &[
            URL,
            ("captchaId", Send("captcha_id")),
            ("divId", Send("div_id")),
            ("leminApiServerSubdomain", Convert(lemin_server)),
            ANY_USER_AGENT,
        ],
        answers: Answers::Json(Shape::Members(&["answer"])),
        ..TOKEN
    },
    Family {
        name: "image_to_text",
        fixed: &[("method", "base64")],
        proxy: Never,
        list_price: SECONDS,
        parameters: &[
            BODY,
            ("phrase", Send("phrase")),
            ("case", Convert(case)),
            ("numeric", Convert(digits_or_letters)),
            ("math", Send("calc")),
            ("minLength", Convert(|value, draft| length("min_len", value, draft))),
            ("maxLength", Convert(|value, draft| length("max_len", value, draft))),
            ("comment", Convert(comment)),
            NO_SECOND_IMAGE,
            ("languagePool", Convert(language)),
        ],
        answers: Answers::Json(Shape::Value(&["text"])),
        pace: None,
        ..TOKEN
    },
    Family {
        name: "grid",
        fixed: &[("method", "base64"), ("img_type", "recaptcha")],
        proxy: Never,
        list_price: SECONDS,
        needs: &["body", "comment", "grid"],
        parameters: &[
            ("websiteURL", LeaveOut("the picture alone is looked at")),
            ("websiteKey", LeaveOut("the picture alone is looked at")),
            BODY,
            ("images", Refuse("one picture is taken here, as body")),
            ("imageUrls", Refuse("a picture is sent, not its address, here")),
            ("comment", Send("instructions")),
            NO_SECOND_IMAGE,
            ("rows", LeaveOut("the grid says it")),
            ("columns", LeaveOut("the grid says it")),
            ("grid", Convert(grid_size)),
            ("languagePool", LeaveOut("no person reads the instruction")),
        ],
        answers: Answers::Json(Shape::TileList),
        pace: None,
        ..TOKEN
    },
];

const BODY: Row = ("body", Convert(|value, draft| write(("body", "body"), value, &PICTURE, draft)));
const NO_SECOND_IMAGE: Row = ("imgInstructions", NO_IMAGE);
const NO_IMAGE: Rule<Draft> = Rule::Refuse("an instruction is taken as text here");

/// The newer page has "< 1 KB" as too small and the older one 100 bytes; as too large they have 1024 KB and 100 kB. Between them
/// it is taken for granted by neither. A side has at most a thousand pixels, by the client.
const PICTURE: Most = Most {
    least: 1_024,
    bytes: 100_000,
    width: 1_000,
    height: 1_000,
    words: "an image has 1 to 100 kB and at most 1000 pixels on a side here",
};

/// The catalogue means 0.3 where no score is given; nobody says what the service means then.
fn lowest_score(draft: &mut Draft) -> Result<(), Fault> {
    draft.suggest("min_score", "0.3".to_owned());
    Ok(())
}

/// Google's script is loaded from where it usually is.
fn usual_domain(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    let asked = text("apiDomain", value)?.to_ascii_lowercase();
    if !asked.trim_end_matches('/').ends_with("google.com") {
        return Err(Fault::parameter_refused("apiDomain", "the script is loaded from google.com here"));
    }
    Ok(())
}

/// A server's name, under both of its names.
fn lemin_server(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    bare_server("leminApiServerSubdomain", value, draft)?;
    if let Some(server) = draft.text("api_server").map(str::to_owned) {
        draft.set("apiServer", server);
    }
    Ok(())
}

/// Whether letter case counts, under both of its names.
fn case(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let counts = value.as_bool().ok_or_else(|| Fault::parameter_of_wrong_type("case"))?;
    for name in ["regsense", "caseSensitive"] {
        draft.set(name, u8::from(counts).to_string());
    }
    Ok(())
}

/// 0 to 3 are the catalogue's; 4 is something else here, and two pages disagree about what.
fn digits_or_letters(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    if value.as_u64() == Some(4) {
        return Err(Fault::parameter_refused("numeric", "digits and letters together cannot be asked for here"));
    }
    numeric(value, draft)
}

/// Two sizes are known.
fn grid_size(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    match text("grid", value)? {
        size @ ("3x3" | "4x4") => draft.set("grid_size", size.to_owned()),
        _ => return Err(Fault::parameter_refused("grid", "it is 3x3 or 4x4 here")),
    }
    Ok(())
}

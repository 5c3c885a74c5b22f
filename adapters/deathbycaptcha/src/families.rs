//! The table of what Death By Captcha serves.
//!
//! Sources: the list of types in <https://github.com/deathbycaptcha/deathbycaptcha-agent-api-metadata> (`spec/openapi/http.yaml`) and
//! the example of each in <https://github.com/deathbycaptcha/deathbycaptcha-api-client-python> (`examples/`), which name the fields.
//!
//! Not served: FunCaptcha, hCaptcha and KeyCAPTCHA, which have left the list; reCAPTCHA v3 Enterprise, which is not on it;
//! `DataDome`, whose cookie is bound to a browser that its type has no place for.

use adapter_kit::ProxySupport::{Never, Optional};
use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};
use adapter_kit::{Fault, ProxySupport, Row};

use crate::parameters as given;
use crate::solution::Shape;
use crate::task::Draft;
use Carried::{AsFields, AsJson};

/// A canonical family as the service serves it.
pub(crate) struct Family {
    /// Canonical name.
    pub name: &'static str,
    /// The service's number for it.
    pub kind: &'static str,
    /// How its parameters are carried.
    pub carried: Carried,
    /// Whether it is solved through the client's proxy.
    pub proxy: ProxySupport,
    /// US dollars for one task.
    pub list_price: &'static str,
    /// Parameters that the catalogue leaves open and the service needs.
    pub needs: &'static [&'static str],
    /// What becomes of each canonical parameter. One that has no row is refused.
    pub parameters: &'static [Row<Draft>],
    /// What cannot be said parameter by parameter.
    pub complete: fn(&mut Draft) -> Result<(), Fault>,
    /// What its text is.
    pub solution: Shape,
    /// Milliseconds to the first poll, where that is later than the manifest says.
    pub first_ms: Option<u32>,
}

/// How a family's parameters are carried in the form.
#[derive(Clone, Copy)]
pub(crate) enum Carried {
    /// As a JSON text under this name.
    AsJson(&'static str),
    /// As a field each, pictures as files.
    AsFields,
}

const TOKEN: Family = Family {
    name: "",
    kind: "",
    carried: AsFields,
    proxy: Optional,
    // Cautious: no price is published where machines read it.
    list_price: "0.003",
    needs: &[],
    parameters: &[],
    complete: as_it_is,
    solution: Shape::Token,
    first_ms: Some(10_000),
};

/// What a worker does by hand. The rate of an account is shown as 0.139 cents
/// (<https://www.rubydoc.info/gems/captched_to_death/0.2.2>).
const PICTURE: Family = Family { proxy: Never, list_price: "0.0014", solution: Shape::Text, first_ms: None, ..TOKEN };

const URL: Row<Draft> = ("websiteURL", Send("pageurl"));
const SITE_KEY: Row<Draft> = ("websiteKey", Send("sitekey"));
const GOOGLE_KEY: Row<Draft> = ("websiteKey", Send("googlekey"));
const ANY_USER_AGENT: Row<Draft> =
    ("userAgent", LeaveOut("the type has no place for it, and the solution is bound to none"));
const DOMAIN: Row<Draft> = ("apiDomain", Convert(given::usual_domain));
const SESSION: Row<Draft> =
    ("isSession", Convert(|value, _| given::not_true("isSession", "no values of a session are given here", value)));
const INVISIBLE: Row<Draft> = ("isInvisible", LeaveOut("the site key tells"));
const NO_ACTION: Row<Draft> = ("pageAction", Refuse("tasks of this type take no action here"));
const NO_COOKIES: Row<Draft> = ("cookies", Refuse("no cookies are taken here"));
const NO_PAYLOAD: Row<Draft> = ("enterprisePayload", Refuse("no enterprise payload is taken here"));
const OWN_SCRIPT: &str = "the captcha's own script is used here";
const OWN_REQUESTS: &str = "the page's requests are made anew here";
const HINT: &str = "a hint; the picture shows it";
const NO_INSTRUCTIONS: Row<Draft> = ("imgInstructions", Refuse("one picture is taken here"));
const LANGUAGE: Row<Draft> = ("languagePool", LeaveOut("workers cannot be chosen here"));

/// What the text of a family is that nobody knows any more.
pub(crate) const UNKNOWN: Shape = Shape::Token;

/// Every family that is served.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        kind: "4",
        carried: AsJson("token_params"),
        parameters: &[
            URL,
            GOOGLE_KEY,
            INVISIBLE,
            ("recaptchaDataSValue", Send("data-s")),
            DOMAIN,
            NO_ACTION,
            SESSION,
            ANY_USER_AGENT,
            NO_COOKIES,
        ],
        ..TOKEN
    },
    Family {
        name: "recaptcha_v2_enterprise",
        kind: "25",
        carried: AsJson("token_enterprise_params"),
        parameters: &[URL, GOOGLE_KEY, NO_PAYLOAD, INVISIBLE, DOMAIN, NO_ACTION, SESSION, ANY_USER_AGENT, NO_COOKIES],
        ..TOKEN
    },
    Family {
        name: "recaptcha_v3",
        kind: "5",
        carried: AsJson("token_params"),
        parameters: &[
            URL,
            GOOGLE_KEY,
            ("pageAction", Send("action")),
            ("minScore", Convert(given::score)),
            NO_PAYLOAD,
            DOMAIN,
            SESSION,
            ("anchor", Refuse(OWN_REQUESTS)),
            ("reload", Refuse(OWN_REQUESTS)),
            ("userAgent", LeaveOut("the score hangs on the worker's own browser")),
            NO_COOKIES,
        ],
        complete: given::lowest_score,
        ..TOKEN
    },
    Family {
        name: "turnstile",
        kind: "12",
        carried: AsJson("turnstile_params"),
        parameters: &[
            URL,
            SITE_KEY,
            ("action", Refuse("no action is taken here")),
            ("cdata", Refuse("no cdata is taken here")),
            ("pageData", Refuse("challenge pages are not solved here")),
            ANY_USER_AGENT,
        ],
        ..TOKEN
    },
    Family {
        name: "geetest_v3",
        kind: "8",
        carried: AsJson("geetest_params"),
        parameters: &[
            URL,
            ("gt", Send("gt")),
            ("challenge", Send("challenge")),
            ("geetestApiServerSubdomain", Refuse("GeeTest is loaded from its usual server here")),
            ("geetestGetLib", Refuse(OWN_SCRIPT)),
            ANY_USER_AGENT,
        ],
        solution: Shape::Members("validate"),
        ..TOKEN
    },
    Family {
        name: "geetest_v4",
        kind: "9",
        carried: AsJson("geetest_params"),
        parameters: &[
            URL,
            ("captchaId", Send("captcha_id")),
            ("initParameters", Refuse("the captcha's id is all that is taken here")),
            ("geetestApiServerSubdomain", Refuse("GeeTest is loaded from its usual server here")),
            ("geetestGetLib", Refuse(OWN_SCRIPT)),
            ANY_USER_AGENT,
        ],
        solution: Shape::Members("pass_token"),
        ..TOKEN
    },
    Family {
        name: "mtcaptcha",
        kind: "18",
        carried: AsJson("mtcaptcha_params"),
        parameters: &[
            URL,
            SITE_KEY,
            NO_ACTION,
            (
                "isInvisible",
                Convert(|value, _| given::not_true("isInvisible", "MTCaptcha is solved as a visible one here", value)),
            ),
            ANY_USER_AGENT,
        ],
        ..TOKEN
    },
    Family {
        name: "friendly",
        kind: "20",
        carried: AsJson("friendly_params"),
        parameters: &[URL, SITE_KEY, ("apiGetLib", Refuse(OWN_SCRIPT)), ANY_USER_AGENT],
        ..TOKEN
    },
    Family {
        name: "cybersiara",
        kind: "17",
        carried: AsJson("siara_params"),
        parameters: &[URL, ("SlideMasterUrlId", Send("slideurlid")), ("userAgent", Send("useragent"))],
        ..TOKEN
    },
    Family {
        name: "lemin",
        kind: "14",
        carried: AsJson("lemin_params"),
        parameters: &[
            URL,
            ("captchaId", Send("captchaid")),
            ("divId", LeaveOut("the page is loaded, and has it")),
            ("leminApiServerSubdomain", Refuse("Lemin is loaded from its usual server here")),
            ANY_USER_AGENT,
        ],
        solution: Shape::Members("answer"),
        ..TOKEN
    },
    Family {
        name: "capy",
        kind: "15",
        carried: AsJson("capy_params"),
        // Its example does name the key so.
        parameters: &[URL, GOOGLE_KEY, ANY_USER_AGENT],
        solution: Shape::Members("answer"),
        ..TOKEN
    },
    Family {
        name: "tencent",
        kind: "23",
        carried: AsJson("tencent_params"),
        parameters: &[
            URL,
            ("appId", Send("appid")),
            ("captchaUrl", Refuse(OWN_SCRIPT)),
            ("userAgent", Refuse("a Tencent ticket is got with the worker's own browser here, which is not named")),
        ],
        solution: Shape::Members("ticket"),
        ..TOKEN
    },
    Family {
        name: "cutcaptcha",
        kind: "19",
        carried: AsJson("cutcaptcha_params"),
        parameters: &[URL, ("miseryKey", Send("miserykey")), ("apiKey", Send("apikey")), ANY_USER_AGENT],
        ..TOKEN
    },
    Family {
        name: "atb",
        kind: "24",
        carried: AsJson("atb_params"),
        parameters: &[URL, ("appId", Send("appid")), ("apiServer", Send("apiserver")), ANY_USER_AGENT],
        ..TOKEN
    },
    Family {
        name: "aws_waf",
        kind: "16",
        carried: AsJson("waf_params"),
        parameters: &[
            URL,
            SITE_KEY,
            ("iv", Send("iv")),
            ("context", Send("context")),
            ("challengeScript", LeaveOut("the page is loaded, and names its scripts")),
            ("captchaScript", LeaveOut("the page is loaded, and names its scripts")),
            ("jsapiScript", Refuse("the widget of jsapi.js is not solved here")),
            ("wafType", Refuse("only the page with key, iv and context is solved here")),
            ("cookieSolution", Refuse("which of its two forms the answer has cannot be chosen here")),
            ANY_USER_AGENT,
        ],
        needs: &["websiteKey", "iv", "context"],
        solution: Shape::MembersOrToken("captcha_voucher"),
        ..TOKEN
    },
    Family {
        name: "image_to_text",
        kind: "0",
        parameters: &[
            ("body", Convert(given::picture)),
            ("phrase", LeaveOut(HINT)),
            (
                "case",
                Convert(|value, _| given::not_true("case", "nobody says whether letter case is kept here", value)),
            ),
            ("numeric", LeaveOut(HINT)),
            ("math", Convert(|value, _| given::not_true("math", "what is read is what is given here", value))),
            ("minLength", LeaveOut(HINT)),
            ("maxLength", LeaveOut(HINT)),
            ("comment", Refuse("nothing can be said to the worker here")),
            NO_INSTRUCTIONS,
            LANGUAGE,
        ],
        ..PICTURE
    },
    Family {
        name: "coordinates",
        kind: "2",
        parameters: &[
            ("body", Convert(given::picture)),
            ("comment", Refuse("the picture has to say what to do here")),
            NO_INSTRUCTIONS,
            (
                "minClicks",
                Convert(|value, _| given::at_most("minClicks", 1, "no least number of points is taken here", value)),
            ),
            (
                "maxClicks",
                Convert(|value, _| given::at_most("maxClicks", 0, "no greatest number of points is taken here", value)),
            ),
            ("mode", Convert(given::points)),
            LANGUAGE,
        ],
        solution: Shape::Points,
        ..PICTURE
    },
    Family {
        name: "grid",
        kind: "3",
        // "Requires `banner` and `banner_text`."
        needs: &["body", "comment", "imgInstructions"],
        parameters: &[
            ("websiteURL", LeaveOut("the worker sees the picture alone")),
            ("websiteKey", LeaveOut("the worker sees the picture alone")),
            ("body", Convert(given::picture)),
            ("images", Refuse("one picture of all tiles is taken here, as body")),
            ("imageUrls", Refuse("a picture is sent, not its address, here")),
            ("comment", Send("banner_text")),
            ("imgInstructions", Convert(given::banner)),
            ("rows", Send("rows")),
            ("columns", Send("columns")),
            ("grid", Convert(given::grid)),
            LANGUAGE,
        ],
        complete: given::width_by_height,
        solution: Shape::Tiles,
        ..PICTURE
    },
    Family { name: "text_question", kind: "11", parameters: &[("comment", Send("textcaptcha")), LANGUAGE], ..PICTURE },
    Family { name: "audio", kind: "13", parameters: &[("body", Send("audio")), ("lang", Send("language"))], ..PICTURE },
];

/// The family of this canonical name.
pub(crate) fn find(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

/// Nothing is left to be filled in.
fn as_it_is(_draft: &mut Draft) -> Result<(), Fault> {
    Ok(())
}

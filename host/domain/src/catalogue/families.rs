//! The families. One entry says everything that clients, prices, adapters and the documentation need to know.
//!
//! Names and parameters are the union of what the services of the field document; where they differ, the canonical name
//! is the most common one and the others are its spellings.

use super::fields::{Class, Field, Kind};
use super::{Family, SolutionField};

const PAGE: Field =
    Field::required("websiteURL", Kind::Url, "The page on which the captcha is shown.").also(&["pageUrl", "url"]);
const SITE_KEY: Field = Field::required("websiteKey", Kind::Text(1024), "The captcha's site key on that page.")
    .also(&["siteKey", "googleKey"]);
const INVISIBLE: Field = Field::optional("isInvisible", Kind::Flag, "The widget is invisible.").also(&["invisible"]);
const API_DOMAIN: Field = Field::optional(
    "apiDomain",
    Kind::Text(256),
    "Domain that the page loads the captcha from, where it is not the usual one.",
);
const ACTION: Field =
    Field::optional("pageAction", Kind::Text(256), "The action that the page gives the captcha.").also(&["action"]);
const USER_AGENT: Field = Field::optional("userAgent", Kind::Text(1024), "Browser identification to solve with.");
const COOKIES: Field = Field::optional("cookies", Kind::Cookies, "Cookies of the page.").class(Class::Secret);
const ENTERPRISE: Field =
    Field::optional("isEnterprise", Kind::Flag, "The page uses the enterprise variant.").also(&["enterprise"]);
const PAYLOAD: Field =
    Field::optional("enterprisePayload", Kind::Object, "Further values that the page hands to the enterprise variant.");

/// A token under the two names that clients read.
const RECAPTCHA_SOLUTION: &[SolutionField] = &[
    SolutionField { name: "token", also: &["gRecaptchaResponse"], class: Class::Personal },
    SolutionField { name: "userAgent", also: &[], class: Class::Plain },
    SolutionField { name: "cookies", also: &[], class: Class::Secret },
];

/// Every family, in the order of the documentation.
pub const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        title: "reCAPTCHA v2",
        wire_name: "ReCaptchaV2Token",
        type_names: &["ReCaptchaV2Token", "RecaptchaV2Task", "NoCaptchaTask", "ReCaptchaV2InvisibleToken"],
        takes_proxy: true,
        enterprise: Some("recaptcha_v2_enterprise"),
        fields: &[
            PAGE,
            SITE_KEY,
            INVISIBLE,
            Field::optional("recaptchaDataSValue", Kind::Text(16 * 1024), "Value of data-s; can be used once.")
                .also(&["dataS", "data-s", "recaptchaDataS"]),
            API_DOMAIN,
            ACTION,
            USER_AGENT,
            COOKIES,
        ],
        solution: RECAPTCHA_SOLUTION,
        token_life_s: Some(120),
    },
    Family {
        name: "recaptcha_v2_enterprise",
        title: "reCAPTCHA v2 Enterprise",
        wire_name: "ReCaptchaV2EnterpriseToken",
        type_names: &["ReCaptchaV2EnterpriseToken", "RecaptchaV2EnterpriseTask"],
        takes_proxy: true,
        enterprise: None,
        fields: &[PAGE, SITE_KEY, PAYLOAD, INVISIBLE, API_DOMAIN, ACTION, USER_AGENT, COOKIES],
        solution: RECAPTCHA_SOLUTION,
        token_life_s: Some(120),
    },
    Family {
        name: "recaptcha_v3",
        title: "reCAPTCHA v3",
        wire_name: "ReCaptchaV3Token",
        type_names: &["ReCaptchaV3Token", "RecaptchaV3Task"],
        takes_proxy: true,
        enterprise: None,
        fields: &[
            PAGE,
            SITE_KEY,
            ACTION,
            Field::optional("minScore", Kind::Number(0.1, 0.9), "Least score wanted; 0.3 where not given."),
            ENTERPRISE,
            PAYLOAD,
            API_DOMAIN,
            USER_AGENT,
            COOKIES,
        ],
        solution: RECAPTCHA_SOLUTION,
        token_life_s: Some(120),
    },
    Family {
        name: "hcaptcha",
        title: "hCaptcha",
        wire_name: "HCaptchaToken",
        type_names: &[
            "HCaptchaToken",
            "HCaptchaTask",
            "PopularCaptchaToken",
            "PopularCaptchaInvisibleToken",
            "HardCaptchaToken",
        ],
        takes_proxy: true,
        enterprise: None,
        fields: &[
            PAGE,
            SITE_KEY,
            INVISIBLE,
            ENTERPRISE,
            Field::optional("rqdata", Kind::Text(64 * 1024), "The page's rqdata.").also(&["data", "rqToken"]),
            PAYLOAD,
            USER_AGENT,
        ],
        solution: &[
            SolutionField { name: "token", also: &["gRecaptchaResponse"], class: Class::Personal },
            SolutionField { name: "userAgent", also: &[], class: Class::Plain },
            SolutionField { name: "respKey", also: &[], class: Class::Personal },
        ],
        token_life_s: Some(120),
    },
    Family {
        name: "turnstile",
        title: "Cloudflare Turnstile",
        wire_name: "TurnstileToken",
        type_names: &["TurnstileToken", "TurnstileTask", "AntiTurnstileTask", "CloudFlareTurnstileTask"],
        takes_proxy: true,
        enterprise: None,
        fields: &[
            PAGE,
            SITE_KEY,
            Field::optional("action", Kind::Text(256), "The widget's action.").also(&["pageAction", "metadataAction"]),
            Field::optional("cdata", Kind::Text(4096), "The widget's cData.").also(&["data", "cData", "metadataCdata"]),
            Field::optional("pageData", Kind::Text(16 * 1024), "The challenge page's chlPageData.")
                .also(&["chlPageData"]),
            USER_AGENT,
        ],
        solution: &[
            SolutionField { name: "token", also: &[], class: Class::Personal },
            SolutionField { name: "userAgent", also: &[], class: Class::Plain },
        ],
        token_life_s: Some(300),
    },
    Family {
        name: "image_to_text",
        title: "Image to text",
        wire_name: "ImageToTextTask",
        type_names: &["ImageToTextTask", "ImageToText", "TextRecognition", "HumanRecognition"],
        takes_proxy: false,
        enterprise: None,
        fields: &[
            Field::required("body", Kind::Image, "The image: JPG, PNG or GIF in base64, 100 to 500 000 bytes.")
                .also(&["imageBase64", "image"])
                .class(Class::Personal),
            Field::optional("phrase", Kind::Flag, "The answer has several words."),
            Field::optional("case", Kind::Flag, "Letter case counts.").also(&["caseSensitive"]),
            Field::optional(
                "numeric",
                Kind::Integer(0, 4),
                "0 anything, 1 digits, 2 no digits, 3 digits or letters only, 4 both.",
            ),
            Field::optional("math", Kind::Flag, "The answer has to be calculated."),
            Field::optional("minLength", Kind::Integer(0, 1000), "Shortest answer; 0 = any."),
            Field::optional("maxLength", Kind::Integer(0, 1000), "Longest answer; 0 = any."),
            Field::optional("comment", Kind::Text(4096), "What to do, for the solver.").class(Class::Personal),
            Field::optional("imgInstructions", Kind::Image, "What to do, as an image.").class(Class::Personal),
            Field::optional("languagePool", Kind::Text(16), "Language of the solvers, such as en or ru."),
        ],
        solution: &[SolutionField { name: "text", also: &[], class: Class::Personal }],
        token_life_s: None,
    },
];

//! What families have in common: the usual parameters, the usual solutions, and what an entry leaves unsaid.

use crate::catalogue::{Class, Family, Field, Kind, Says, SolutionField};

/// A token for a site key: what an entry means where it says nothing else.
pub(super) const TOKEN: Family = Family {
    name: "",
    title: "",
    wire_name: "",
    type_names: &[],
    takes_proxy: true,
    variants: &[],
    fields: &[PAGE, SITE_KEY, USER_AGENT],
    one_of: &[],
    solution: TOKEN_SOLUTION,
    token_life_s: None,
    bound_to_user_agent: false,
    only: None,
    passes_through: false,
};

/// Work on pictures or texts: no site is visited.
pub(super) const RECOGNITION: Family = Family { takes_proxy: false, fields: &[BODY], ..TOKEN };

pub(super) const PAGE: Field = Field::required("websiteURL", Kind::Url, "The page on which the captcha is shown.")
    .also(&["pageUrl", "url"])
    .page();
pub(super) const SITE_KEY: Field =
    Field::required("websiteKey", Kind::Text(1024), "The captcha's site key on that page.")
        .also(&["siteKey", "googleKey"]);
pub(super) const INVISIBLE: Field =
    Field::optional("isInvisible", Kind::Flag, "The widget is invisible.").also(&["invisible"]);
pub(super) const API_DOMAIN: Field = Field::optional(
    "apiDomain",
    Kind::Text(256),
    "Domain that the page loads the captcha from, where it is not the usual one.",
)
.also(&["domain"])
.address();
pub(super) const PAGE_ACTION: Field =
    Field::optional("pageAction", Kind::Text(256), "The action that the page gives the captcha.").also(&["action"]);
pub(super) const USER_AGENT: Field =
    Field::optional("userAgent", Kind::Text(1024), "Browser identification to solve with.");
pub(super) const COOKIES: Field =
    Field::optional("cookies", Kind::Cookies, "Cookies of the page.").class(Class::Secret);
pub(super) const ENTERPRISE: Field =
    Field::optional("isEnterprise", Kind::Flag, "The page uses the enterprise variant.").also(&["enterprise"]);
pub(super) const PAYLOAD: Field =
    Field::optional("enterprisePayload", Kind::Object, "Further values that the page hands to the enterprise variant.");
pub(super) const SCRIPT: Field =
    Field::optional("apiGetLib", Kind::Url, "The script that the page loads the captcha with.");
pub(super) const HTML_BASE64: Field =
    Field::optional("htmlPageBase64", Kind::Text(512 * 1024), "The page as it was answered, in base64.")
        .class(Class::Secret);

pub(super) const BODY: Field =
    Field::required("body", Kind::Image, "The image: JPG, PNG or GIF in base64, 100 to 500 000 bytes.")
        .also(&["imageBase64", "image", "file"])
        .class(Class::Personal);
pub(super) const IMAGES: Field = Field::optional("images", Kind::Images(20), "The images, each as in body.")
    .also(&["imagesBase64", "queries"])
    .class(Class::Personal);
pub(super) const COMMENT: Field = Field::optional("comment", Kind::Text(4096), "What to do, for the solver.")
    .also(&["textInstructions", "question"])
    .class(Class::Personal);
pub(super) const INSTRUCTIONS: Field =
    Field::optional("imgInstructions", Kind::Image, "What to do, as an image.").class(Class::Personal);
pub(super) const LANGUAGE: Field =
    Field::optional("languagePool", Kind::Text(16), "Language of the solvers, such as en or ru.").also(&["lang"]);
pub(super) const BACKGROUND: Field =
    Field::optional("imageBackground", Kind::Image, "The picture that it belongs on.").class(Class::Personal);

/// What a worker who sees a picture is told; of many services one of the two must be given.
pub(super) const TOLD: &[&str] = &["comment", "imgInstructions"];

/// The flag on a plain type that several services tell the enterprise variant by.
pub(super) const IS_ENTERPRISE: (Field, Says) = (ENTERPRISE, Says::Yes);

pub(super) const TOKEN_FIELD: SolutionField = SolutionField::main("token", Class::Personal, "The token.");
pub(super) const USER_AGENT_OUT: SolutionField =
    SolutionField::beside("userAgent", Class::Plain, "The browser that it was solved with.");
pub(super) const COOKIES_OUT: SolutionField =
    SolutionField::beside("cookies", Class::Secret, "Cookies of the solving browser: text, or an object.");
pub(super) const DOMAINS: SolutionField = SolutionField::main(
    "domains",
    Class::Secret,
    "For each host an object with cookies and localStorage, each of names and values.",
);
pub(super) const DATA: SolutionField =
    SolutionField::beside("data", Class::Secret, "The same as an object, where the service gives one.");

/// A token, with the browser that it was made in.
pub(super) const TOKEN_SOLUTION: &[SolutionField] = &[TOKEN_FIELD, USER_AGENT_OUT];
/// A picture's text.
pub(super) const TEXT_SOLUTION: &[SolutionField] = &[SolutionField::main("text", Class::Personal, "The answer.")];

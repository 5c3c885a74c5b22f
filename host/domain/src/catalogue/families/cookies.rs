//! Protections of whole sites, whose solution is mostly cookies.

use super::shared::{COOKIES_OUT, DOMAINS, HTML_BASE64, PAGE, SITE_KEY, TOKEN, USER_AGENT, USER_AGENT_OUT};
use crate::catalogue::{Class, Family, Field, Kind, Says, SolutionField, Variant};

const fn secret(name: &'static str, about: &'static str) -> SolutionField {
    SolutionField::main(name, Class::Secret, about)
}

const COOKIE: SolutionField = secret("cookie", "The cookie, as in Set-Cookie or by its value alone.");
const COOKIES: Family = Family { bound_to_user_agent: true, ..TOKEN };
const BODY: Field = Field::optional("body", Kind::Text(1), "").also(&["image", "imageBase64"]);

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "aws_waf",
        title: "AWS WAF",
        wire_name: "AwsWafToken",
        type_names: &["AwsWafToken", "AmazonTask", "AntiAwsWafTask", "AwsWafTask", "amazon_waf"],
        fields: &[
            PAGE,
            SITE_KEY.unneeded().also(&["siteKey", "awsKey"]),
            Field::optional("iv", Kind::Text(4096), "The page's iv.").also(&["awsIv"]),
            Field::optional("context", Kind::Text(16 * 1024), "The page's context.").also(&["awsContext"]),
            Field::optional("challengeScript", Kind::Url, "The page's challenge.js.").also(&["awsChallengeJS"]),
            Field::optional("captchaScript", Kind::Url, "The page's captcha.js."),
            Field::optional("jsapiScript", Kind::Url, "The page's jsapi.js.").also(&["awsApiJs"]),
            Field::optional("wafType", Kind::Text(64), "Which of its forms the page shows."),
            Field::optional("cookieSolution", Kind::Flag, "A cookie is wanted, not a voucher."),
            USER_AGENT,
        ],
        solution: &[
            secret("token", "The value of the cookie aws-waf-token.").also(&["aws-waf-token"]),
            COOKIE,
            SolutionField { main: true, ..COOKIES_OUT },
            SolutionField::main("captcha_voucher", Class::Personal, "The voucher, to be sent with existing_token."),
            SolutionField::beside("existing_token", Class::Secret, "What belongs to the voucher."),
            USER_AGENT_OUT,
        ],
        ..COOKIES
    },
    Family {
        name: "datadome",
        title: "DataDome",
        wire_name: "DataDomeSliderTask",
        type_names: &["DataDomeSliderTask", "DataDomeTask"],
        fields: &[
            PAGE,
            Field::required("captchaUrl", Kind::Url, "The address of the page's captcha frame."),
            USER_AGENT.needed(),
            Field::optional("datadomeCookie", Kind::Cookies, "The page's cookie datadome.").class(Class::Secret),
            Field::optional("datadomeVersion", Kind::Text(64), "The version of the page's protection."),
        ],
        solution: &[COOKIE.also(&["datadome"]), DOMAINS, COOKIES_OUT, USER_AGENT_OUT],
        ..COOKIES
    },
    Family {
        name: "imperva",
        title: "Imperva (Incapsula)",
        wire_name: "ImpervaTask",
        type_names: &["ImpervaTask", "IncapsulaTask", "AntiImpervaTask", "incapsula"],
        fields: &[
            PAGE,
            Field::optional("reeseScriptUrl", Kind::Url, "The page's Reese script."),
            Field::optional("incapsulaScriptUrl", Kind::Text(8 * 1024), "The page's script, as the page names it.")
                .address(),
            Field::optional("incapsulaCookies", Kind::Cookies, "The page's cookies.").class(Class::Secret),
            Field::optional("reese84UrlEndpoint", Kind::Text(8 * 1024), "Where the page's fingerprint is sent.")
                .address(),
            Field::optional("reese84", Kind::Flag, "The cookie reese84 is wanted."),
            Field::optional("utmvc", Kind::Flag, "The cookie ___utmvc is wanted."),
            Field::optional("reeseToken", Kind::Text(16 * 1024), "The token that the page has.").class(Class::Secret),
            USER_AGENT,
        ],
        solution: &[
            DOMAINS,
            secret("token", "The cookie reese84's or ___utmvc's value."),
            SolutionField { main: true, ..COOKIES_OUT },
            USER_AGENT_OUT,
        ],
        ..COOKIES
    },
    Family {
        name: "tspd",
        title: "TSPD (F5)",
        wire_name: "TspdTask",
        type_names: &["TspdTask"],
        fields: &[
            PAGE,
            Field::required("tspdCookie", Kind::Cookies, "The page's cookies.").class(Class::Secret),
            HTML_BASE64.needed(),
            USER_AGENT.needed(),
        ],
        solution: &[DOMAINS, SolutionField { main: true, ..COOKIES_OUT }, USER_AGENT_OUT],
        ..COOKIES
    },
    Family {
        name: "temu",
        title: "Temu, as cookies",
        wire_name: "TemuTask",
        type_names: &["TemuTask"],
        variants: &[Variant { when: &[(BODY, Says::Anything)], becomes: "temu_image" }],
        fields: &[
            PAGE,
            Field::required("cookie", Kind::Cookies, "The page's cookies.").also(&["cookies"]).class(Class::Secret),
            USER_AGENT,
        ],
        solution: &[DOMAINS, SolutionField { main: true, ..COOKIES_OUT }, USER_AGENT_OUT],
        ..COOKIES
    },
];

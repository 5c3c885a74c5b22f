//! Protections of whole sites, whose solution is mostly cookies.
//!
//! Sources: `turnstile-challenge-task`, `turnstile-waitroom-task`, `amazon-task`, `datadome`, `incapsula`, `tspd-task`.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};
use create_task::family::Constant;
use create_task::{Family, Parameters, Row, Solution};

use super::{TOKEN, URL, USER_AGENT};
use crate::{parameters as given, solution};

const HTML_BASE64: Row = ("htmlPageBase64", Send("htmlPageBase64"));
const SITE_KEY: Row = ("websiteKey", Send("websiteKey"));

/// Cloudflare's own pages. The key is a required field in which any text will do.
const CLOUDFLARE: Family = Family {
    proxied: Some("TurnstileTask"),
    otherwise: &[("websiteKey", Constant::Text("xxxxxx"))],
    solution: Solution::Fields(&["cf_clearance"], &["userAgent"]),
    ..TOKEN
};

/// A type of which a class tells the kind; the site has to be visited through the client's proxy.
const CUSTOM: Family =
    Family { proxied: Some("CustomTask"), solution: Solution::Made(solution::cookies_of_domains), ..TOKEN };

pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "cloudflare_clearance",
        parameters: Parameters::By(&[URL, SITE_KEY, HTML_BASE64, ("html", Convert(given::html)), USER_AGENT]),
        always: &[("cloudflareTaskType", Constant::Text("cf_clearance"))],
        needs: &[&["htmlPageBase64", "userAgent"], &["html", "userAgent"]],
        ..CLOUDFLARE
    },
    Family {
        name: "cloudflare_wait_room",
        parameters: Parameters::By(&[URL, SITE_KEY, HTML_BASE64, USER_AGENT]),
        always: &[("cloudflareTaskType", Constant::Text("wait_room"))],
        needs: &[&["htmlPageBase64", "userAgent"]],
        ..CLOUDFLARE
    },
    Family {
        name: "aws_waf",
        solo: Some("AmazonTask"),
        proxied: Some("AmazonTask"),
        parameters: Parameters::By(&[
            URL,
            SITE_KEY,
            ("iv", Send("iv")),
            ("context", Send("context")),
            ("challengeScript", Send("challengeScript")),
            ("captchaScript", Send("captchaScript")),
            ("jsapiScript", Convert(given::jsapi)),
            ("wafType", LeaveOut("the scripts tell it")),
            ("cookieSolution", Send("cookieSolution")),
            USER_AGENT,
        ]),
        // A voucher is what comes by default there, a cookie what every other service gives.
        otherwise: &[("cookieSolution", Constant::Flag(true))],
        finish: given::one_form_of_amazon,
        solution: Solution::Made(solution::aws_waf),
        ..TOKEN
    },
    Family {
        name: "datadome",
        parameters: Parameters::By(&[
            URL,
            ("captchaUrl", Convert(given::datadome_frame)),
            USER_AGENT,
            ("datadomeCookie", Send("metadata.datadomeCookie")),
            ("datadomeVersion", Send("metadata.datadomeVersion")),
        ]),
        always: &[("class", Constant::Text("DataDome"))],
        needs: &[&["datadomeCookie"]],
        ..CUSTOM
    },
    Family {
        name: "imperva",
        parameters: Parameters::By(&[
            URL,
            ("reeseScriptUrl", Refuse("the endpoint of the fingerprint is needed here, not the script")),
            ("incapsulaScriptUrl", Send("metadata.incapsulaScriptUrl")),
            ("incapsulaCookies", Send("metadata.incapsulaCookies")),
            ("reese84UrlEndpoint", Send("metadata.reese84UrlEndpoint")),
            ("reese84", Convert(given::reese84)),
            ("utmvc", LeaveOut("it is what the script gives")),
            ("reeseToken", Refuse("there is no place for it here")),
            USER_AGENT,
        ]),
        always: &[("class", Constant::Text("Imperva"))],
        needs: &[&["incapsulaScriptUrl", "incapsulaCookies"]],
        finish: given::endpoint_for_reese84,
        ..CUSTOM
    },
    Family {
        name: "tspd",
        parameters: Parameters::By(&[
            URL,
            ("tspdCookie", Send("metadata.tspdCookie")),
            ("htmlPageBase64", Send("metadata.htmlPageBase64")),
            USER_AGENT,
        ]),
        always: &[("class", Constant::Text("tspd"))],
        ..CUSTOM
    },
];

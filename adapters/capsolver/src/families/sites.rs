//! Protections of whole sites, solved for cookies.
//!
//! Sources: `captcha/cloudflare_challenge`, `captcha/awsWaf` and `captcha/datadome` of the documentation.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};

use super::{Family, PLAIN, Rows, Types};
use crate::parameters::{self, Row};
use crate::solution::{self, Kind};

const URL: Row = ("websiteURL", Send("websiteURL"));

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "cloudflare_clearance",
        types: Types::Proxied("AntiCloudflareTask"),
        // Cautious: nothing is listed.
        list_price: "0.003",
        parameters: Rows::Table(&[
            URL,
            ("websiteKey", LeaveOut("the page is found by its address")),
            ("htmlPageBase64", Convert(parameters::html_of_base64)),
            ("html", Send("html")),
            ("userAgent", Convert(parameters::chrome)),
        ]),
        solution: Kind::Made(solution::clearance),
        ..PLAIN
    },
    Family {
        name: "aws_waf",
        types: Types::Either("AntiAwsWafTaskProxyLess", "AntiAwsWafTask"),
        // Cautious: what others take for twice.
        list_price: "0.003",
        parameters: Rows::Table(&[
            URL,
            ("websiteKey", Send("awsKey")),
            ("iv", Send("awsIv")),
            ("context", Send("awsContext")),
            ("challengeScript", Send("awsChallengeJS")),
            ("captchaScript", LeaveOut("the provider needs challenge.js alone, which lies beside it")),
            ("jsapiScript", Send("awsApiJs")),
            ("wafType", Refuse("the provider takes no word for the form of the page")),
            ("cookieSolution", Convert(parameters::cookie_wanted)),
            ("userAgent", Refuse("the provider uses a browser of its own, and does not say which")),
        ]),
        solution: Kind::Made(solution::aws_waf),
        ..PLAIN
    },
    Family {
        name: "datadome",
        types: Types::Proxied("DatadomeSliderTask"),
        // The upper end of what has been seen, 2.50 to 5.00 for a thousand.
        list_price: "0.005",
        parameters: Rows::Table(&[
            URL,
            ("captchaUrl", Convert(parameters::datadome_frame)),
            ("userAgent", Send("userAgent")),
            ("datadomeCookie", LeaveOut("the frame's address has it as cid")),
            ("datadomeVersion", LeaveOut("the provider sees for itself")),
        ]),
        solution: Kind::Fields(&["cookie"], &["userAgent"]),
        ..PLAIN
    },
];

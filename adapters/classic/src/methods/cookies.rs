//! Protections of whole sites.
//!
//! Source: the chapters "Amazon WAF Captcha" and "DataDome" of <https://2captcha.com/2captcha-api>. It has none on Imperva
//! and TSPD: those are sent as the service's own client sends them (<https://github.com/2captcha/2captcha-python>), which
//! says of their answer no more than "a JSON string with cookies".

use adapter_kit::ProxySupport::Required;

use super::{
    Answers, Convert, Family, Fault, LeaveOut, Refuse, SITE_KEY, SMALL_USER_AGENT, Send, Shape, TOKEN, URL, USER_AGENT,
};
use crate::given::not_true;
use crate::task::Draft;

/// `aws_waf`.
pub const AWS_WAF: Family = Family {
    name: "aws_waf",
    fixed: &[("method", "amazon_waf")],
    list_price: "0.00145",
    needs: &["websiteKey", "iv", "context"],
    parameters: &[
        URL,
        SITE_KEY,
        ("iv", Send("iv")),
        ("context", Send("context")),
        ("challengeScript", Send("challenge_script")),
        ("captchaScript", Send("captcha_script")),
        ("jsapiScript", Refuse("the widget of jsapi.js is not solved here")),
        ("wafType", Refuse("only the page with key, iv and context is solved here")),
        ("cookieSolution", Convert(|value, _| not_true("cookieSolution", "a voucher is given here", value))),
        ("userAgent", LeaveOut("a voucher is exchanged for the cookie by the client's own browser")),
    ],
    answers: Answers::Json(Shape::Members(&["captcha_voucher"])),
    ..TOKEN
};

/// `datadome`.
pub const DATADOME: Family = Family {
    name: "datadome",
    fixed: &[("method", "datadome")],
    proxy: Required,
    parameters: &[
        URL,
        ("captchaUrl", Send("captcha_url")),
        USER_AGENT,
        ("datadomeCookie", LeaveOut("the captcha's address holds the same id")),
        ("datadomeVersion", LeaveOut("the captcha's address tells")),
    ],
    complete: address_that_is_not_banned,
    answers: Answers::Json(Shape::Value(&["cookie"])),
    ..TOKEN
};

/// `imperva`.
pub const IMPERVA: Family = Family {
    name: "imperva",
    fixed: &[("method", "incapsula")],
    proxy: Required,
    needs: &["incapsulaScriptUrl", "incapsulaCookies"],
    parameters: &[
        URL,
        ("reeseScriptUrl", Refuse("the page's incapsulaScriptUrl is asked for here")),
        ("incapsulaScriptUrl", Send("incapsula_script_url")),
        ("incapsulaCookies", Send("incapsula_cookies")),
        ("reese84UrlEndpoint", Send("reese84_url_endpoint")),
        ("reese84", LeaveOut("the page tells which of its cookies there are")),
        ("utmvc", LeaveOut("the page tells which of its cookies there are")),
        ("reeseToken", Refuse("a token cannot be renewed here")),
        SMALL_USER_AGENT,
    ],
    answers: Answers::Json(Shape::Cookies),
    ..TOKEN
};

/// `tspd`.
pub const TSPD: Family = Family {
    name: "tspd",
    fixed: &[("method", "tspd")],
    proxy: Required,
    parameters: &[
        URL,
        ("tspdCookie", Send("tspd_cookie")),
        ("htmlPageBase64", Send("html_page_base64")),
        SMALL_USER_AGENT,
    ],
    answers: Answers::Json(Shape::Cookies),
    ..TOKEN
};

/// "If t=bv, it means that your ip is banned by the captcha": no worker can solve that.
fn address_that_is_not_banned(draft: &mut Draft) -> Result<(), Fault> {
    let query = draft.text("captcha_url").and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
    if query.split('&').any(|pair| pair == "t=bv") {
        return Err(Fault::invalid_task("PROXY_BANNED", "captchaUrl says that the site has banned the address (t=bv)"));
    }
    Ok(())
}

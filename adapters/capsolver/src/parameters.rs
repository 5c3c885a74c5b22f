//! Canonical parameters that are sent in another form, or refused by their value.

use adapter_kit::{Draft as _, Fault};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::task::Draft;

/// A canonical parameter and what becomes of it.
pub(crate) type Row = adapter_kit::Row<Draft>;

/// What the catalogue means where no score is given. Nothing more than that can be asked for.
const LEAST_SCORE: f64 = 0.3;

/// The documentation takes no score (it once did, and the provider paid no heed to it). A token below the score that the
/// page asks for is worthless, so whoever needs more than the usual is served elsewhere.
pub(crate) fn min_score(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_f64().ok_or_else(|| Fault::parameter_of_wrong_type("minScore"))?;
    if asked > LEAST_SCORE {
        return Err(Fault::parameter_refused("minScore", "a score above 0.3 cannot be asked for here"));
    }
    Ok(())
}

/// The script is served from one of two domains there, named as addresses.
pub(crate) fn api_domain(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = text("apiDomain", value)?.to_ascii_lowercase();
    let host = asked.strip_prefix("https://").or_else(|| asked.strip_prefix("http://")).unwrap_or(&asked);
    let domain = match host.trim_end_matches('/') {
        "google.com" | "www.google.com" => "http://www.google.com/",
        "recaptcha.net" | "www.recaptcha.net" => "http://www.recaptcha.net/",
        _ => return Err(Fault::parameter_refused("apiDomain", "it is www.google.com or www.recaptcha.net here")),
    };
    draft.set("apiDomain", json!(domain));
    Ok(())
}

/// The widget's values ride in `metadata`.
pub(crate) fn turnstile_action(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.metadata.insert("action".to_owned(), value.clone());
    Ok(())
}

/// See [`turnstile_action`].
pub(crate) fn turnstile_cdata(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.metadata.insert("cdata".to_owned(), value.clone());
    Ok(())
}

/// The provider plays Chrome and no other browser.
pub(crate) fn chrome(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    if !text("userAgent", value)?.contains("Chrome/") {
        return Err(Fault::parameter_refused("userAgent", "the browser is Chrome here"));
    }
    draft.set("userAgent", value.clone());
    Ok(())
}

/// The page is sent as it is there; given in both forms it is the same page.
pub(crate) fn html_of_base64(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let page = STANDARD.decode(text("htmlPageBase64", value)?).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let page =
        page.ok_or_else(|| Fault::invalid_task("INVALID_PARAMETERS", "htmlPageBase64 is no base64 of a page"))?;
    draft.set("html", json!(page));
    Ok(())
}

/// The provider gives a cookie. Who says that he wants none wants a voucher.
pub(crate) fn cookie_wanted(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    match value.as_bool() {
        Some(true) => Ok(()),
        Some(false) => Err(Fault::parameter_refused("cookieSolution", "a solution is a cookie here")),
        None => Err(Fault::parameter_of_wrong_type("cookieSolution")),
    }
}

/// An address with `t=bv` says that the visitor's own address is banned: nobody can solve that.
pub(crate) fn datadome_frame(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let query = text("captchaUrl", value)?.split_once('?').map_or("", |(_, query)| query);
    if query.split('&').any(|pair| pair == "t=bv") {
        return Err(Fault::invalid_task(
            "PROXY_BANNED",
            "captchaUrl says that the site has banned the proxy's address",
        ));
    }
    draft.set("captchaUrl", value.clone());
    Ok(())
}

/// With the picture that it belongs on, it is another puzzle there.
pub(crate) fn turned_on_background(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.set("imageBackground", value.clone());
    draft.set("module", json!("rotate_1"));
    Ok(())
}

/// One picture is turned at a time.
pub(crate) fn only_image(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.set("image", single(value)?);
    Ok(())
}

/// One picture of everything, though the name is a plural.
pub(crate) fn one_screenshot(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.set("images", single(value)?);
    Ok(())
}

fn single(images: &Value) -> Result<Value, Fault> {
    match images.as_array().map(Vec::as_slice) {
        Some([image]) => Ok(image.clone()),
        Some(_) => Err(Fault::parameter_refused("images", "one picture is looked at here")),
        None => Err(Fault::parameter_of_wrong_type("images")),
    }
}

fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str, Fault> {
    value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type(name))
}

//! Canonical parameters that are sent in another form, or refused by their value.

use adapter_kit::{Draft as _, Fault, Proxy};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use create_task::given::{bytes_of_base64, flag, number, open_datadome_frame, single, text};
use create_task::{Draft, proxy as usual};
use serde_json::{Map, Value, json};

/// The page of error codes: images above 50 KB are refused.
const MOST_BYTES: usize = 50_000;

/// A proxy in five fields, by its address; HTTPS is the same as HTTP but for a few proxies. A per cent sign in what it is
/// opened with is an error there.
pub(crate) fn proxy(given: &Proxy, draft: &mut Draft) -> Result<(), Fault> {
    usual::by_address(given)?;
    if [&given.login, &given.password].into_iter().flatten().any(|text| text.contains('%')) {
        return Err(Fault::not_supported("PROXY_NOT_SUPPORTED", "a proxy's login and password have no % here"));
    }
    usual::five_fields(given, draft)
}

/// A challenge in JSON becomes its parts, texts all of them.
pub(crate) fn challenge_in_parts(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let given = text("challengeJSON", value)?;
    let parts: Map<String, Value> =
        serde_json::from_str(given).map_err(|_| Fault::parameter_of_wrong_type("challengeJSON"))?;
    let named = [
        ("challenge", "metadata.challenge"),
        ("maxnumber", "metadata.iterations"),
        ("salt", "metadata.salt"),
        ("signature", "metadata.signature"),
    ];
    for (theirs, field) in named {
        let part = match parts.get(theirs) {
            Some(Value::String(part)) => part.clone(),
            Some(Value::Number(part)) => part.to_string(),
            _ => return Err(Fault::parameter_refused("challengeJSON", &format!("its {theirs} is needed here"))),
        };
        draft.set(field, json!(part));
    }
    Ok(())
}

/// The page in base64, unless it was given so.
pub(crate) fn html(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    if !draft.has("htmlPageBase64") {
        draft.set("htmlPageBase64", json!(STANDARD.encode(text("html", value)?)));
    }
    Ok(())
}

/// The script of a widget has the name of the other form's.
pub(crate) fn jsapi(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.set("captchaScript", value.clone());
    Ok(())
}

/// A widget has a key and its script; the page that filters bots has a script of its own, and two one-time values beside
/// the key. Where that page shows no captcha there are none of the three, and the values are sent empty.
pub(crate) fn one_form_of_amazon(draft: &mut Draft) -> Result<(), Fault> {
    let has_values = draft.has("iv") || draft.has("context");
    let needed: &[&str] = if has_values {
        &["challengeScript", "websiteKey", "context", "iv"]
    } else if draft.has("challengeScript") {
        &[]
    } else {
        &["websiteKey", "captchaScript"]
    };
    if let Some(name) = needed.iter().find(|name| !draft.has(name)) {
        let canonical = if *name == "captchaScript" { "jsapiScript" } else { name };
        return Err(Fault::parameter_refused(canonical, "this form of AWS WAF needs it here"));
    }
    if needed.is_empty() {
        draft.set("context", json!(""));
        draft.set("iv", json!(""));
    }
    Ok(())
}

/// See [`open_datadome_frame`].
pub(crate) fn datadome_frame(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.set("metadata.captchaUrl", open_datadome_frame(value)?);
    Ok(())
}

/// The cookie is had from its endpoint, which is seen to once all is in.
pub(crate) fn reese84(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    if flag("reese84", value)? {
        draft.aside.insert("reese84".to_owned(), json!(true));
    }
    Ok(())
}

/// Whoever wants the cookie `reese84` has to name its endpoint.
pub(crate) fn endpoint_for_reese84(draft: &mut Draft) -> Result<(), Fault> {
    if draft.aside.contains_key("reese84") && !draft.has("metadata.reese84UrlEndpoint") {
        return Err(Fault::parameter_refused("reese84UrlEndpoint", "reese84 is had from it here"));
    }
    Ok(())
}

/// An image in base64; its size follows from its length.
pub(crate) fn small_image(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    fits("body", text("body", value)?)?;
    draft.set("body", value.clone());
    Ok(())
}

fn fits(name: &str, image: &str) -> Result<(), Fault> {
    if bytes_of_base64(image) > MOST_BYTES {
        return Err(Fault::parameter_refused(name, "an image has at most 50 KB here"));
    }
    Ok(())
}

/// Digits only, or anything.
pub(crate) fn numeric(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    match value.as_u64().ok_or_else(|| Fault::parameter_of_wrong_type("numeric"))? {
        known @ 0..=1 => draft.set("numeric", json!(known)),
        _ => return Err(Fault::parameter_refused("numeric", "it is 0 or 1 here")),
    }
    Ok(())
}

/// Asks for nothing where it is false.
pub(crate) fn no_phrase(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("phrase", !flag("phrase", value)?)
}

/// Asks for nothing where it is 0.
pub(crate) fn no_least_length(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("minLength", number("minLength", value)? == 0)
}

/// Asks for nothing where it is 0.
pub(crate) fn no_greatest_length(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("maxLength", number("maxLength", value)? == 0)
}

/// English is what every service takes for granted.
pub(crate) fn english(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("languagePool", text("languagePool", value)?.eq_ignore_ascii_case("en"))
}

fn nothing_asked(name: &str, holds: bool) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::parameter_refused(name, "this cannot be asked for here")) }
}

/// The whole image, in a list of one.
pub(crate) fn grid_image(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    fits("body", text("body", value)?)?;
    draft.set("imagesBase64", json!([value]));
    Ok(())
}

/// One whole image; a tile is an image of its own.
pub(crate) fn grid_images(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let image = single("images", value)?;
    fits("images", text("images", image)?)?;
    draft.set("imagesBase64", value.clone());
    Ok(())
}

/// See [`grid_images`].
pub(crate) fn grid_urls(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    single("imageUrls", value)?;
    draft.set("imageUrls", value.clone());
    Ok(())
}

/// The question as reCAPTCHA's own code, or in words.
pub(crate) fn question(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let is_code = text("comment", value)?.starts_with("/m/");
    draft.set(if is_code { "metadata.TaskDefinition" } else { "metadata.Task" }, value.clone());
    Ok(())
}

/// Kept until both are known.
pub(crate) fn rows(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.aside.insert("rows".to_owned(), json!(number("rows", value)?));
    Ok(())
}

/// See [`rows`].
pub(crate) fn columns(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.aside.insert("columns".to_owned(), json!(number("columns", value)?));
    Ok(())
}

/// The size of the grid, which has to be told, is one of three.
pub(crate) fn size_of_grid(draft: &mut Draft) -> Result<(), Fault> {
    if draft.has("metadata.Grid") {
        return Ok(());
    }
    let side = |name: &str| draft.aside.get(name).and_then(Value::as_u64);
    let size = match (side("rows"), side("columns")) {
        (Some(3), Some(3)) => "3x3",
        (Some(4), Some(4)) => "4x4",
        (Some(1), Some(1)) => "1x1",
        _ => return Err(Fault::parameter_refused("grid", "it is 3x3, 4x4 or 1x1 here, and has to be told")),
    };
    draft.set("metadata.Grid", json!(size));
    Ok(())
}

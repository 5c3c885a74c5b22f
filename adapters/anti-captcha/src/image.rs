//! What anti-captcha asks of an image, checked before it is sent: requests that cannot succeed get a key banned.
//!
//! Source: `ImageToTextTask`, `ImageToCoordinatesTask` and the errors 3, 4 and 15 under <https://anti-captcha.com/apidoc>.

use adapter_kit::{Draft as _, Fault};
use create_task::Draft;
use serde_json::{Value, json};

/// Error 3: fewer bytes than this are no image.
const LEAST_BYTES: usize = 100;
/// Error 4: more bytes than this are refused.
const MOST_BYTES: usize = 500_000;
/// A worker marks no more places than this in an image.
const MOST_PLACES: u64 = 6;
/// How JPEG, GIF and PNG files begin in base64 (error 15: no other type is taken).
const BEGINNINGS: [&str; 3] = ["/9j/", "R0lGOD", "iVBORw0KGg"];

/// The image in base64. It is not decoded: its size follows from its length, its type from its beginning.
pub(crate) fn body(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let text = value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type("body"))?;
    let bytes = text.trim_end_matches('=').len() / 4 * 3 + text.trim_end_matches('=').len() % 4 * 3 / 4;
    if bytes < LEAST_BYTES {
        return Err(Fault::invalid_task("IMAGE_TOO_SMALL", "an image has at least 100 bytes"));
    }
    if bytes > MOST_BYTES {
        return Err(Fault::parameter_refused("body", "an image has at most 500,000 bytes here"));
    }
    if !BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) {
        return Err(Fault::parameter_refused("body", "an image is JPEG, GIF or PNG here"));
    }
    draft.set("body", value.clone());
    Ok(())
}

/// 0 no requirement, 1 digits only, 2 no digits. The catalogue's 3 (either) and 4 (both) cannot be said there.
pub(crate) fn numeric(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    match value.as_u64().ok_or_else(|| Fault::parameter_of_wrong_type("numeric"))? {
        known @ 0..=2 => draft.set("numeric", json!(known)),
        _ => return Err(Fault::parameter_refused("numeric", "it is 0, 1 or 2 here")),
    }
    Ok(())
}

/// Who looks for places in an image is told what to look for in English letters only.
pub(crate) fn english_comment(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let comment = value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type("comment"))?;
    if !comment.is_ascii() {
        return Err(Fault::parameter_refused("comment", "it is in English letters only here"));
    }
    draft.set("comment", value.clone());
    Ok(())
}

/// Nobody can be asked for more places than one, though more may come.
pub(crate) fn least_clicks(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    match value.as_u64().ok_or_else(|| Fault::parameter_of_wrong_type("minClicks"))? {
        0 | 1 => Ok(()),
        _ => Err(Fault::parameter_refused("minClicks", "no least number of places can be asked for here")),
    }
}

/// Six places come at most; fewer cannot be asked for.
pub(crate) fn most_clicks(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    match value.as_u64().ok_or_else(|| Fault::parameter_of_wrong_type("maxClicks"))? {
        0..MOST_PLACES => Err(Fault::parameter_refused("maxClicks", "up to six places are given here")),
        _ => Ok(()),
    }
}

/// Places are looked for by one queue of workers, who read English.
pub(crate) fn english_workers(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    match value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type("languagePool"))? {
        "en" => Ok(()),
        _ => Err(Fault::parameter_refused("languagePool", "there are workers who read English only here")),
    }
}

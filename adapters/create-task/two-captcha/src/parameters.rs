//! Canonical parameters that are sent in another form, or refused by their value.

use adapter_kit::{Draft as _, Fault};
use create_task::Draft;
use create_task::given::{bytes_of_base64, flag, number, open_datadome_frame, single, text};
use serde_json::{Value, json};

/// Pictures have at most 100 kB.
const MOST_BYTES: usize = 100_000;

/// A challenge page needs all three of its values.
pub(crate) fn whole_challenge(draft: &mut Draft) -> Result<(), Fault> {
    if draft.has("pagedata") && !(draft.has("action") && draft.has("data")) {
        let reason = "a challenge page needs action, cdata and pageData together here";
        return Err(Fault::parameter_refused("pageData", reason));
    }
    Ok(())
}

/// What the page starts GeeTest v4 with. An id that was given by itself is the more specific one.
pub(crate) fn geetest_start(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let mut start = value.as_object().ok_or_else(|| Fault::parameter_of_wrong_type("initParameters"))?.clone();
    if let Some(id) = draft.get("initParameters.captcha_id") {
        start.insert("captcha_id".to_owned(), id.clone());
    }
    draft.set("initParameters", Value::Object(start));
    Ok(())
}

/// MTCaptcha is solved as a visible one.
pub(crate) fn visible(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    if flag("isInvisible", value)? {
        return Err(Fault::parameter_refused("isInvisible", "MTCaptcha is solved as a visible one here"));
    }
    Ok(())
}

/// A voucher is what comes there, never the cookie.
pub(crate) fn voucher(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    if flag("cookieSolution", value)? {
        return Err(Fault::parameter_refused("cookieSolution", "a voucher is given here"));
    }
    Ok(())
}

/// See [`open_datadome_frame`].
pub(crate) fn datadome_frame(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    draft.set("captchaUrl", open_datadome_frame(value)?);
    Ok(())
}

/// The picture, in base64.
pub(crate) fn image(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    fits("body", value)?;
    draft.set("body", value.clone());
    Ok(())
}

/// A list of one picture.
pub(crate) fn one_image(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let image = single("images", value)?;
    fits("images", image)?;
    draft.set("body", image.clone());
    Ok(())
}

/// A picture that says what to do.
pub(crate) fn instructions(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    fits("imgInstructions", value)?;
    draft.set("imgInstructions", value.clone());
    Ok(())
}

fn fits(name: &str, image: &Value) -> Result<(), Fault> {
    if bytes_of_base64(text(name, image)?) > MOST_BYTES {
        return Err(Fault::parameter_refused(name, "a picture has at most 100 kB here"));
    }
    Ok(())
}

/// Workers are chosen by one of two languages, beside the task.
pub(crate) fn language_pool(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let pool = match text("languagePool", value)?.to_ascii_lowercase().as_str() {
        "en" => "en",
        "rn" | "ru" => "rn",
        _ => return Err(Fault::parameter_refused("languagePool", "it is en or rn here")),
    };
    draft.set_beside("languagePool", json!(pool));
    Ok(())
}

/// No number of points can be asked for; one comes at least.
pub(crate) fn least_clicks(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    match number("minClicks", value)? {
        0 | 1 => Ok(()),
        _ => Err(Fault::parameter_refused("minClicks", "no least number of points can be asked for here")),
    }
}

/// See [`least_clicks`]; 0 asks for none.
pub(crate) fn most_clicks(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    match number("maxClicks", value)? {
        0 => Ok(()),
        _ => Err(Fault::parameter_refused("maxClicks", "no greatest number of points can be asked for here")),
    }
}

/// A worker clicks on points; boxes are a type of their own.
pub(crate) fn points(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    match text("mode", value)? {
        "points" => Ok(()),
        _ => Err(Fault::parameter_refused("mode", "rectangles are asked for as bounding_box here")),
    }
}

/// Rows and columns in one word; what says them one by one is more specific.
pub(crate) fn grid(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let side = match text("grid", value)? {
        "3x3" => 3,
        "4x4" => 4,
        _ => return Err(Fault::parameter_refused("grid", "it is 3x3 or 4x4 here")),
    };
    for name in ["rows", "columns"] {
        if !draft.has(name) {
            draft.set(name, json!(side));
        }
    }
    Ok(())
}

/// Degrees of one step; 0 is the catalogue's "any", of which nothing is said there.
pub(crate) fn angle(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let degrees = value.as_f64().ok_or_else(|| Fault::parameter_of_wrong_type("angle"))?;
    if degrees > 0.0 {
        draft.set("angle", value.clone());
    }
    Ok(())
}

/// A recording is an MP3: a tag in front, or the eleven set bits that each frame begins with, in base64.
pub(crate) fn recording(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let given = text("body", value)?;
    if !["SUQz", "//", "/+"].iter().any(|beginning| given.starts_with(beginning)) {
        return Err(Fault::parameter_refused("body", "a recording is an MP3 here"));
    }
    draft.set("body", value.clone());
    Ok(())
}

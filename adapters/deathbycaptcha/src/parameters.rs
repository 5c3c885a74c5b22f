//! Canonical parameters that are sent in another form, or refused by their value.

use adapter_kit::{Draft as _, Fault};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::task::Draft;

fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str, Fault> {
    value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type(name))
}

/// Refuses what is set, for this reason; unset it says nothing.
pub(crate) fn not_true(name: &str, reason: &str, value: &Value) -> Result<(), Fault> {
    match value.as_bool().ok_or_else(|| Fault::parameter_of_wrong_type(name))? {
        true => Err(Fault::parameter_refused(name, reason)),
        false => Ok(()),
    }
}

/// Refuses another number than these, for this reason.
pub(crate) fn at_most(name: &str, most: u64, reason: &str, value: &Value) -> Result<(), Fault> {
    match value.as_u64().ok_or_else(|| Fault::parameter_of_wrong_type(name))? {
        small if small <= most => Ok(()),
        _ => Err(Fault::parameter_refused(name, reason)),
    }
}

/// Tokens above the usual score "are hard to get", and none above 0.9.
pub(crate) fn score(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    if !value.is_number() {
        return Err(Fault::parameter_of_wrong_type("minScore"));
    }
    draft.set("min_score", value.clone());
    Ok(())
}

/// The catalogue means 0.3 where no score is given; nobody says what the service means then.
pub(crate) fn lowest_score(draft: &mut Draft) -> Result<(), Fault> {
    if !draft.has("min_score") {
        draft.set("min_score", json!(0.3));
    }
    Ok(())
}

/// Google's script is loaded from where it usually is.
pub(crate) fn usual_domain(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    let asked = text("apiDomain", value)?.to_ascii_lowercase();
    match asked.trim_start_matches("https://").trim_start_matches("www.").trim_end_matches('/') {
        "google.com" => Ok(()),
        _ => Err(Fault::parameter_refused("apiDomain", "the script is loaded from google.com here")),
    }
}

/// The picture, as a file.
pub(crate) fn picture(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    file(("body", "captchafile"), value, draft)
}

/// The picture that shows what is looked for, as a file.
pub(crate) fn banner(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    file(("imgInstructions", "banner"), value, draft)
}

fn file((name, theirs): (&str, &str), value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let bytes = STANDARD
        .decode(text(name, value)?)
        .map_err(|_| Fault::invalid_task("IMAGE_UNREADABLE", &format!("{name} is no base64")))?;
    draft.attach(theirs, bytes);
    Ok(())
}

/// A worker clicks on points.
pub(crate) fn points(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    match text("mode", value)? {
        "points" => Ok(()),
        _ => Err(Fault::parameter_refused("mode", "points are what is given here")),
    }
}

/// Rows and columns in one word; what says them one by one is more specific.
pub(crate) fn grid(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let size = text("grid", value)?;
    for (name, side) in ["columns", "rows"].into_iter().zip(size.split('x')) {
        let side: u64 = side.parse().map_err(|_| Fault::parameter_of_wrong_type("grid"))?;
        if !draft.has(name) {
            draft.set(name, json!(side));
        }
    }
    Ok(())
}

/// `2x4` is two wide and four high. Where it is not given the service looks for itself.
pub(crate) fn width_by_height(draft: &mut Draft) -> Result<(), Fault> {
    match (draft.take("columns"), draft.take("rows")) {
        (Some(columns), Some(rows)) => draft.set("grid", json!(format!("{columns}x{rows}"))),
        (None, None) => {}
        (Some(_), None) => {
            return Err(Fault::parameter_refused("columns", "they are taken with rows beside them here"));
        }
        (None, Some(_)) => {
            return Err(Fault::parameter_refused("rows", "they are taken with columns beside them here"));
        }
    }
    Ok(())
}

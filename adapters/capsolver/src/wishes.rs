//! Wishes for an answer that nobody would hear: what asks for nothing is left out, everything else is refused.

use adapter_kit::Fault;
use serde_json::Value;

use crate::task::Draft;

/// Asks for nothing where it is false.
pub(crate) fn no_phrase(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("phrase", !flag("phrase", value)?)
}

/// Asks for nothing where it is false.
pub(crate) fn no_math(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("math", !flag("math", value)?)
}

/// Asks for nothing where it is 0.
pub(crate) fn no_numeric(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("numeric", number("numeric", value)? == 0)
}

/// Asks for nothing where it is 0.
pub(crate) fn no_min_length(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("minLength", number("minLength", value)? == 0)
}

/// Asks for nothing where it is 0.
pub(crate) fn no_max_length(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("maxLength", number("maxLength", value)? == 0)
}

/// The page turns its picture by steps; 0 is by any number of degrees, as the provider answers.
pub(crate) fn no_angle(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_f64().ok_or_else(|| Fault::parameter_of_wrong_type("angle"))?;
    nothing_asked("angle", asked == 0.0)
}

/// reCAPTCHA's pictures have three tiles on a side, or four, or are one tile; the provider sees which.
pub(crate) fn rows(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("rows", matches!(number("rows", value)?, 1 | 3 | 4))
}

/// See [`rows`].
pub(crate) fn columns(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    nothing_asked("columns", matches!(number("columns", value)?, 1 | 3 | 4))
}

/// English is what every service takes for granted; another language needs readers of it.
pub(crate) fn language_pool(value: &Value, _draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type("languagePool"))?;
    nothing_asked("languagePool", asked.eq_ignore_ascii_case("en"))
}

fn nothing_asked(name: &str, holds: bool) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::parameter_refused(name, "this cannot be asked for here")) }
}

fn flag(name: &str, value: &Value) -> Result<bool, Fault> {
    value.as_bool().ok_or_else(|| Fault::parameter_of_wrong_type(name))
}

fn number(name: &str, value: &Value) -> Result<u64, Fault> {
    value.as_u64().ok_or_else(|| Fault::parameter_of_wrong_type(name))
}

//! The fields of a JSON task, read as the services that take JSON read them.
//!
//! Placeholders that clients send for "not given" (`null`, `""`, `comment: false`, `0` for a flag, numbers as text) are
//! taken as such; everything else that does not fit is refused.

use serde_json::{Map, Value};

use crate::call::Refusal;

/// The fields of a task.
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// Text that must be there.
    pub(crate) fn required(&self, name: &'static str) -> Result<&'a str, Refusal> {
        self.optional(name)?.ok_or(Refusal::Field(name))
    }

    /// Text that may be there.
    pub(crate) fn optional(&self, name: &'static str) -> Result<Option<&'a str>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(Refusal::Field(name))
            }
        }
    }

    /// Whether a flag is set; absent is not.
    pub(crate) fn flag(&self, name: &'static str) -> Result<bool, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(false),
            Some(Value::Number(number)) if number.as_u64() == Some(1) => Ok(true),
            Some(Value::String(text)) if text.is_empty() => Ok(false),
            Some(Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => Err(Refusal::Field(name)),
        }
    }

    /// A whole number that may be there.
    pub(crate) fn whole(&self, name: &'static str) -> Result<Option<u64>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => Ok(None),
            Some(Value::Number(number)) => number.as_u64().map(Some).ok_or(Refusal::Field(name)),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => text.trim().parse().map(Some).map_err(|_| Refusal::Field(name)),
            Some(Value::Bool(true) | Value::Array(_) | Value::Object(_)) => Err(Refusal::Field(name)),
        }
    }

    /// A number that must be there.
    pub(crate) fn decimal(&self, name: &'static str) -> Result<f64, Refusal> {
        let value = self.0.get(name);
        let number = value.and_then(|value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()));
        number.ok_or(Refusal::Field(name))
    }

    /// Checks an object that may be there.
    pub(crate) fn object(&self, name: &'static str) -> Result<(), Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null | Value::Object(_)) => Ok(()),
            Some(Value::String(text)) if text.is_empty() => Ok(()),
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => Err(Refusal::Field(name)),
        }
    }
}

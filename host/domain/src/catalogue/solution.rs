//! From an adapter's canonical solution to what clients read: the union of the names that they look for.

use serde_json::{Map, Value};

use super::Family;

/// Why a solution cannot be handed on: the adapter broke the contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SolutionError {
    /// Not a JSON object.
    #[error("a solution is not a JSON object")]
    NotAnObject,
    /// None of the family's main fields is there.
    #[error("a solution of {family} lacks {fields}")]
    Lacks {
        /// The family.
        family: &'static str,
        /// Its main fields.
        fields: String,
    },
    /// Empty, where nobody knows its fields.
    #[error("a solution of {0} is empty")]
    Empty(&'static str),
}

/// Completes a canonical solution: each known field under all its names, others as they are.
///
/// # Errors
/// [`SolutionError`] when the text is no object or none of the family's main fields is there.
pub fn complete(family: &Family, solution: &str) -> Result<Map<String, Value>, SolutionError> {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(solution) else { return Err(SolutionError::NotAnObject) };
    if family.passes_through {
        return if fields.is_empty() { Err(SolutionError::Empty(family.name)) } else { Ok(fields) };
    }
    let mut has_main = false;
    for field in family.solution {
        let names = || std::iter::once(field.name).chain(field.also.iter().copied());
        let Some(value) = names().find_map(|name| fields.get(name).filter(|v| !is_empty(v)).cloned()) else { continue };
        has_main |= field.main;
        for name in names() {
            fields.insert(name.to_owned(), value.clone());
        }
    }
    if !has_main {
        let main: Vec<&str> = family.solution.iter().filter(|field| field.main).map(|field| field.name).collect();
        return Err(SolutionError::Lacks { family: family.name, fields: main.join(" or ") });
    }
    Ok(fields)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::by_name;
    use super::*;

    #[test]
    fn a_token_is_given_under_both_names() {
        let family = by_name("recaptcha_v2").unwrap();
        for text in [r#"{"token":"t","extra":1}"#, r#"{"gRecaptchaResponse":"t","extra":1}"#] {
            let fields = complete(family, text).unwrap();
            assert_eq!(Value::Object(fields), json!({"token": "t", "gRecaptchaResponse": "t", "extra": 1}));
        }
    }

    #[test]
    fn a_solution_without_its_main_field_is_a_breach() {
        let family = by_name("image_to_text").unwrap();
        for text in ["", "[]", "{}", r#"{"text":""}"#, r#"{"text":null}"#] {
            assert!(complete(family, text).is_err(), "{text}");
        }
    }
}

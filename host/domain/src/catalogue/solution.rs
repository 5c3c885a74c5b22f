//! From an adapter's canonical solution to what clients read: the union of the names that they look for.

use serde_json::{Map, Value};

use super::Family;

/// Why a solution cannot be handed on: the adapter broke the contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SolutionError {
    /// Not a JSON object.
    #[error("a solution is not a JSON object")]
    NotAnObject,
    /// The family's main field is missing or empty.
    #[error("a solution of {family} lacks {field}")]
    Lacks {
        /// The family.
        family: &'static str,
        /// The field.
        field: &'static str,
    },
}

/// Completes a canonical solution: each known field under all its names, others as they are.
///
/// # Errors
/// [`SolutionError`] when the text is no object or the family's main field is not there.
pub fn complete(family: &Family, solution: &str) -> Result<Map<String, Value>, SolutionError> {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(solution) else { return Err(SolutionError::NotAnObject) };
    for (rank, field) in family.solution.iter().enumerate() {
        let names = || std::iter::once(field.name).chain(field.also.iter().copied());
        let Some(value) = names().find_map(|name| fields.get(name).filter(|v| !is_empty(v)).cloned()) else {
            if rank == 0 {
                return Err(SolutionError::Lacks { family: family.name, field: field.name });
            }
            continue;
        };
        for name in names() {
            fields.insert(name.to_owned(), value.clone());
        }
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

//! From CapSolver's solutions to canonical ones.

use adapter_kit::json_text;
use serde_json::{Map, Value, json};

use crate::families;

/// What a solution holds.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A token, and whatever it is bound to.
    Token,
    /// Text.
    Text,
}

/// What a token is bound to besides its user agent, and is used as a cookie.
const COOKIES: [&str; 2] = ["recaptcha-ca-t", "recaptcha-ca-e"];

/// The canonical solution of an answer, where there is one.
pub(crate) fn read(family: &str, body: &Map<String, Value>) -> Option<String> {
    let given = body.get("solution")?.as_object()?;
    let solution = match families::find(family)?.solution {
        Kind::Token => token(given)?,
        Kind::Text => json!({ "text": text(given, "text")? }),
    };
    Some(json_text(&solution))
}

/// A token, the browser that it is good with, and its cookies. When it was made and will expire is left out: clients are
/// told that from the time of the answer.
fn token(given: &Map<String, Value>) -> Option<Value> {
    let mut solution = Map::new();
    let token = text(given, "gRecaptchaResponse").or_else(|| text(given, "token"))?;
    solution.insert("token".to_owned(), json!(token));
    for name in ["userAgent", "secChUa"] {
        if let Some(value) = text(given, name) {
            solution.insert(name.to_owned(), json!(value));
        }
    }
    let cookies: Map<String, Value> =
        COOKIES.iter().filter_map(|name| Some(((*name).to_owned(), json!(text(given, name)?)))).collect();
    if !cookies.is_empty() {
        solution.insert("cookies".to_owned(), Value::Object(cookies));
    }
    Some(Value::Object(solution))
}

fn text<'a>(given: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    given.get(name)?.as_str().filter(|text| !text.is_empty())
}

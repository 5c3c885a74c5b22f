//! From the text of an answer to the canonical solution.

use serde_json::{Map, Value, json};

/// What the text of a type is.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// A token.
    Token,
    /// Text.
    Text,
    /// An object, or its text, in which this member must be.
    Members(&'static str),
    /// The same, or a token.
    MembersOrToken(&'static str),
    /// `[[23.21, 82.11]]`.
    Points,
    /// `[1, 4, 6]`, from 1 on.
    Tiles,
}

impl Shape {
    /// The solution; none where the text is something else.
    pub(crate) fn read(self, given: &Value) -> Option<Value> {
        match self {
            Self::Token => Some(json!({ "token": token(given)? })),
            Self::Text => Some(json!({ "text": given.as_str()? })),
            Self::Members(main) => members(given, main),
            Self::MembersOrToken(main) => {
                members(given, main).or_else(|| token(given).map(|token| json!({ "token": token })))
            }
            Self::Points => Some(json!({ "coordinates": points(&opened(given))? })),
            Self::Tiles => Some(json!({ "click": tiles(&opened(given))? })),
        }
    }
}

/// A text that is no object's or list's.
fn token(given: &Value) -> Option<&str> {
    given.as_str().filter(|text| !text.trim_start().starts_with(['{', '[']))
}

/// An object or a list that came as its text.
fn opened(given: &Value) -> Value {
    let text = given.as_str().map(str::trim_start).filter(|text| text.starts_with(['{', '[']));
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| given.clone())
}

fn members(given: &Value, main: &str) -> Option<Value> {
    let Value::Object(members) = opened(given) else { return None };
    let mut renamed = Map::new();
    for (name, value) in members {
        if !value.is_null() {
            let name = name.strip_prefix("geetest_").unwrap_or(&name);
            renamed.insert(if name == "useragent" { "userAgent" } else { name }.to_owned(), value);
        }
    }
    renamed.contains_key(main).then_some(Value::Object(renamed))
}

fn points(given: &Value) -> Option<Value> {
    let point = |pair: &Value| match pair.as_array().map(Vec::as_slice) {
        Some([x, y]) if x.is_number() && y.is_number() => Some(json!({ "x": x, "y": y })),
        _ => None,
    };
    let points: Vec<Value> = given.as_array()?.iter().map(point).collect::<Option<_>>()?;
    (!points.is_empty()).then_some(Value::Array(points))
}

fn tiles(given: &Value) -> Option<Value> {
    let tiles = given.as_array()?;
    tiles.iter().all(|tile| tile.as_u64().is_some_and(|tile| tile > 0)).then(|| given.clone())
}

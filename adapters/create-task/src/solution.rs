//! From a service's solution to the canonical one.

use serde_json::{Map, Value, json};

/// What a solution holds.
#[derive(Clone, Copy)]
pub enum Solution {
    /// A token, and whatever it is bound to.
    Token,
    /// Text.
    Text,
    /// Several values under their canonical names; the first is the proof.
    Values(&'static [&'static str]),
    /// Fields that the catalogue calls the same, whatever they hold: one of the first must be there, the others come beside.
    Fields(&'static [&'static str], &'static [&'static str]),
    /// Points or rectangles in an image.
    Places,
    /// Something that has to be made of it.
    Made(fn(&Map<String, Value>) -> Option<Value>),
    /// What the service gives, for types that it alone knows.
    AsGiven,
}

impl Solution {
    /// The canonical solution of what was given; none where it lacks what the task was about.
    #[must_use]
    pub fn read(self, given: &Map<String, Value>) -> Option<Value> {
        match self {
            Self::Token => token(given),
            Self::Text => Some(json!({ "text": text(given, "text")? })),
            Self::Values(names) => values(given, names),
            Self::Fields(main, beside) => fields(given, main, beside).map(Value::Object),
            Self::Places => places(given),
            Self::Made(make) => make(given),
            Self::AsGiven => (!given.is_empty()).then(|| Value::Object(given.clone())),
        }
    }
}

/// A token and what it is bound to: it is good with that user agent and those cookies only.
fn token(given: &Map<String, Value>) -> Option<Value> {
    let mut solution = Map::new();
    let token = text(given, "gRecaptchaResponse").or_else(|| text(given, "token"))?;
    solution.insert("token".to_owned(), json!(token));
    for name in ["userAgent", "respKey"] {
        if let Some(value) = text(given, name) {
            solution.insert(name.to_owned(), json!(value));
        }
    }
    // No cookies come as an empty array at some services.
    if let Some(cookies) = given.get("cookies").and_then(Value::as_object).filter(|cookies| !cookies.is_empty()) {
        solution.insert("cookies".to_owned(), json!(cookies));
    }
    Some(Value::Object(solution))
}

/// The named values as text, with the browser that they are bound to.
fn values(given: &Map<String, Value>, names: &[&str]) -> Option<Value> {
    names.first().and_then(|proof| text(given, proof))?;
    let mut solution = Map::new();
    for &name in names.iter().chain(&["userAgent"]) {
        // Clients read a time as text; no page says that it never comes as a number.
        let value = match given.get(name) {
            Some(Value::Number(number)) => json_number(number),
            _ => text(given, name).map(Value::from),
        };
        if let Some(value) = value {
            solution.insert(name.to_owned(), value);
        }
    }
    Some(Value::Object(solution))
}

fn json_number(number: &serde_json::Number) -> Option<Value> {
    number.as_u64().map(|whole| Value::from(whole.to_string()))
}

/// The named fields, where one of the main ones is there.
#[must_use]
pub fn fields(given: &Map<String, Value>, main: &[&str], beside: &[&str]) -> Option<Map<String, Value>> {
    let mut solution = Map::new();
    copy(given, main, &mut solution);
    if solution.is_empty() {
        return None;
    }
    copy(given, beside, &mut solution);
    Some(solution)
}

/// Copies the named fields that hold something.
fn copy(given: &Map<String, Value>, names: &[&str], solution: &mut Map<String, Value>) {
    for name in names {
        let value = given.get(*name).filter(|value| holds_something(value));
        solution.extend(value.map(|value| ((*name).to_owned(), value.clone())));
    }
}

fn holds_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Pairs are points, fours are rectangles from the upper left corner to the lower right one.
fn places(given: &Map<String, Value>) -> Option<Value> {
    let given = given.get("coordinates")?.as_array().filter(|places| !places.is_empty())?;
    let places: Option<Vec<Value>> = given.iter().map(place).collect();
    Some(json!({ "coordinates": places? }))
}

fn place(given: &Value) -> Option<Value> {
    let numbers = given.as_array()?;
    if !numbers.iter().all(Value::is_number) {
        return None;
    }
    match numbers.as_slice() {
        [x, y] => Some(json!({ "x": x, "y": y })),
        [x1, y1, x2, y2] => Some(json!({ "x1": x1, "y1": y1, "x2": x2, "y2": y2 })),
        _ => None,
    }
}

/// A text that is not empty.
#[must_use]
pub fn text<'a>(given: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    given.get(name)?.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(solution: Solution, given: &Value) -> Option<Value> {
        solution.read(given.as_object().unwrap())
    }

    #[test]
    fn places_are_named_by_their_corners() {
        let given = json!({ "coordinates": [[17, 48], [17, 48, 54, 83]] });
        let named = json!({ "coordinates": [{ "x": 17, "y": 48 }, { "x1": 17, "y1": 48, "x2": 54, "y2": 83 }] });
        assert_eq!(read(Solution::Places, &given), Some(named));
        for broken in [json!([]), json!([[1]]), json!([[1, 2, 3]]), json!([["1", 2]]), json!("1,2"), json!([1, 2])] {
            assert_eq!(read(Solution::Places, &json!({ "coordinates": broken })), None);
        }
    }

    #[test]
    fn values_need_their_proof_and_are_text() {
        let v4 = Solution::Values(&["captcha_output", "gen_time"]);
        let given = json!({ "captcha_output": "o", "gen_time": 1_693_924_478, "userAgent": "Probe/1", "more": 1 });
        let named = json!({ "captcha_output": "o", "gen_time": "1693924478", "userAgent": "Probe/1" });
        assert_eq!(read(v4, &given), Some(named));
        assert_eq!(read(v4, &json!({ "gen_time": "1" })), None);
    }

    #[test]
    fn fields_need_one_of_the_main_ones_with_something_in_it() {
        let cookies = Solution::Fields(&["cookies", "token"], &["userAgent"]);
        let given = json!({ "cookies": { "a": "1" }, "token": null, "userAgent": "Probe/1", "more": 1 });
        assert_eq!(read(cookies, &given), Some(json!({ "cookies": { "a": "1" }, "userAgent": "Probe/1" })));
        for empty in [json!({}), json!([]), json!(""), json!(null)] {
            assert_eq!(read(cookies, &json!({ "cookies": empty, "userAgent": "Probe/1" })), None);
        }
    }

    #[test]
    fn what_only_the_provider_knows_stays_as_it_is_unless_it_is_nothing() {
        let given = json!({ "cookies": {}, "url": null, "n": 1.5 });
        assert_eq!(read(Solution::AsGiven, &given), Some(given));
        assert_eq!(read(Solution::AsGiven, &json!({})), None);
    }
}

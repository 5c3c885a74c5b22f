//! From an answer of `res.php` to the canonical solution.
//!
//! Source: the result examples of each chapter of <https://2captcha.com/2captcha-api>.

use serde_json::{Map, Value, json};

/// What the answer to a method looks like, and what becomes of it. A list of names is that of the members of which one
/// must be there.
#[derive(Clone, Copy)]
pub enum Shape {
    /// A text, which is given under the first of these names, or an object that has one of them.
    Value(&'static [&'static str]),
    /// An object, or its text.
    Members(&'static [&'static str]),
    /// Cookies, in a form that nobody documents: an object of names and values or of hosts, or text.
    Cookies,
    /// `coordinate:x=39,y=59;x=252,y=72`, or a list of `{x, y}`.
    Points,
    /// `click:3/8/9`.
    Tiles,
    /// `canvas:5,5,3,91,93,90;208,211,208,287,294,294;`.
    Lines,
    /// A list of `{xMin, xMax, yMin, yMax}`, mostly as text.
    Boxes,
    /// `40|200|-120`.
    Angles,
    /// Cloudflare's cookie as text, or an object with it in its `cookies`.
    Clearance,
    /// `[1,4,7]`: tiles as a list, from 1 on.
    TileList,
}

/// What a worker answers where no tile fits, and was allowed to.
const NO_TILE: &str = "No_matching_images";

impl Shape {
    /// The solution; none where the answer has another shape. `beside` is what else an answer in JSON holds.
    pub(crate) fn read(self, answer: Value, beside: Option<&Map<String, Value>>) -> Option<Map<String, Value>> {
        match self {
            Self::Value(names) => value(names, answer, beside),
            Self::Members(names) => members(opened(answer)).filter(|members| has_one(members, names)),
            Self::Cookies => cookies(answer),
            Self::Points => named("coordinates", points(opened(answer))?),
            Self::Tiles => named("click", tiles(answer.as_str()?)?),
            Self::Lines => named("canvas", lines(answer.as_str()?)?),
            Self::Boxes => named("bounding_boxes", boxes(opened(answer))?),
            Self::Angles => named("rotate", angles(answer.as_str()?)?),
            Self::Clearance => clearance(answer, beside),
            Self::TileList => named("click", tile_list(opened(answer))?),
        }
    }
}

fn named(name: &str, value: Value) -> Option<Map<String, Value>> {
    // One by one here and below: collecting into a map sorts, which is large in a component.
    let mut solution = Map::new();
    solution.insert(name.to_owned(), value);
    Some(solution)
}

/// An object or a list that came as its text.
fn opened(answer: Value) -> Value {
    let text = answer.as_str().map(str::trim_start).filter(|text| text.starts_with(['{', '[']));
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(answer)
}

/// The members of an object under canonical names: without the captcha's own name in front.
fn members(answer: Value) -> Option<Map<String, Value>> {
    let Value::Object(members) = answer else { return None };
    let mut renamed = Map::new();
    for (name, value) in members {
        if !value.is_null() {
            renamed.insert(canonical(&name).to_owned(), value);
        }
    }
    Some(renamed)
}

fn canonical(name: &str) -> &str {
    match name {
        "useragent" | "user_agent" => "userAgent",
        "respkey" => "respKey",
        "challenge_uuid" => "challenge_id",
        _ => name.strip_prefix("geetest_").or_else(|| name.strip_prefix("capy_")).unwrap_or(name),
    }
}

fn has_one(members: &Map<String, Value>, names: &[&str]) -> bool {
    names.iter().any(|name| members.contains_key(*name))
}

fn value(names: &[&'static str], answer: Value, beside: Option<&Map<String, Value>>) -> Option<Map<String, Value>> {
    if answer.is_object() {
        return members(answer).filter(|members| has_one(members, names));
    }
    let text = answer.as_str()?;
    let mut solution = named(names.first()?, json!(text))?;
    // What a token is bound to; of a line there is nothing beside.
    bind(&mut solution, beside);
    Some(solution)
}

/// Adds what a token is bound to.
fn bind(solution: &mut Map<String, Value>, beside: Option<&Map<String, Value>>) {
    for name in ["userAgent", "useragent", "user_agent", "respKey", "respkey"] {
        let given = beside.and_then(|beside| beside.get(name)).filter(|value| value.as_str() != Some(""));
        if let Some(given @ Value::String(_)) = given {
            solution.insert(canonical(name).to_owned(), given.clone());
        }
    }
}

fn clearance(answer: Value, beside: Option<&Map<String, Value>>) -> Option<Map<String, Value>> {
    let mut solution = match opened(answer) {
        Value::Object(object) => {
            let cookie = object.get("cookies").and_then(|cookies| cookies.get("cf_clearance")).cloned();
            let mut solution = members(Value::Object(object))?;
            solution.extend(cookie.map(|cookie| ("cf_clearance".to_owned(), cookie)));
            solution
        }
        cookie => named("cf_clearance", cookie)?,
    };
    bind(&mut solution, beside);
    solution.get("cf_clearance").is_some_and(Value::is_string).then_some(solution)
}

fn tile_list(answer: Value) -> Option<Value> {
    let tiles = answer.as_array()?.iter().map(number_of);
    let tiles: Vec<Value> = tiles.collect::<Option<_>>()?;
    tiles.iter().all(|tile| tile.as_u64().is_some_and(|tile| tile > 0)).then_some(Value::Array(tiles))
}

fn cookies(answer: Value) -> Option<Map<String, Value>> {
    match opened(answer) {
        Value::Object(object) if has_one(&object, &["cookies", "domains"]) => members(Value::Object(object)),
        object @ Value::Object(_) if object != json!({}) => named("cookies", object),
        text @ Value::String(_) => named("cookies", text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number as JSON has it, whole where it is.
fn number(text: &str) -> Option<Value> {
    serde_json::from_str(text.trim()).ok().filter(Value::is_number)
}

/// A number that some answers write as text.
fn number_of(value: &Value) -> Option<Value> {
    value.as_str().map_or_else(|| Some(value.clone()).filter(Value::is_number), number)
}

fn points(answer: Value) -> Option<Value> {
    let points: Option<Vec<Value>> = match &answer {
        Value::Array(points) => {
            let point = |point: &Value| Some(json!({ "x": number_of(&point["x"])?, "y": number_of(&point["y"])? }));
            points.iter().map(point).collect()
        }
        Value::String(text) => {
            let points = text.split_once(':').map_or(text.as_str(), |(_, points)| points);
            points.split([';', '|']).filter(|point| !point.trim().is_empty()).map(point).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    };
    points.filter(|points| !points.is_empty()).map(Value::Array)
}

/// `x=39,y=59`.
fn point(text: &str) -> Option<Value> {
    let (x, y) = text.split_once(',')?;
    let coordinate = |text: &str, axis: &str| number(text.trim().strip_prefix(axis)?);
    Some(json!({ "x": coordinate(x, "x=")?, "y": coordinate(y, "y=")? }))
}

fn tiles(text: &str) -> Option<Value> {
    if text == NO_TILE {
        return Some(json!([]));
    }
    let tiles = text.strip_prefix("click:")?.split('/');
    let tile = |tile: &str| tile.trim().parse::<u32>().ok().filter(|tile| *tile > 0).map(Value::from);
    tiles.map(tile).collect::<Option<Vec<Value>>>().map(Value::Array)
}

fn lines(text: &str) -> Option<Value> {
    let areas = text.strip_prefix("canvas:")?.split(';').filter(|area| !area.trim().is_empty());
    let areas: Option<Vec<Value>> = areas.map(line).collect();
    areas.filter(|areas| !areas.is_empty()).map(Value::Array)
}

/// `5,5,3,91,93,90`: pairs.
fn line(area: &str) -> Option<Value> {
    let numbers: Option<Vec<Value>> = area.split(',').map(number).collect();
    let point = |pair: &[Value]| match pair {
        [x, y] => Some(json!({ "x": x, "y": y })),
        _ => None,
    };
    numbers?.chunks(2).map(point).collect::<Option<Vec<Value>>>().map(Value::Array)
}

fn boxes(answer: Value) -> Option<Value> {
    let whole = |found: &Value| ["xMin", "xMax", "yMin", "yMax"].iter().all(|edge| found[*edge].is_number());
    let found = answer.as_array()?.iter().all(whole);
    found.then_some(answer)
}

fn angles(text: &str) -> Option<Value> {
    let angles: Vec<Value> = text.split('|').map(number).collect::<Option<_>>()?;
    match angles.as_slice() {
        [angle] => Some(angle.clone()),
        _ => Some(Value::Array(angles)),
    }
}

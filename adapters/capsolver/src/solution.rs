//! From CapSolver's solutions to canonical ones.

use adapter_kit::json_text;
use serde_json::{Map, Value, json};

use crate::families;

/// Makes a canonical solution of theirs, where it holds one.
type Make = fn(&Map<String, Value>) -> Option<Map<String, Value>>;

/// What a solution holds.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A token, and whatever it is bound to.
    Token,
    /// Fields that the catalogue calls the same: one of the first must be there, the others come beside.
    Fields(&'static [&'static str], &'static [&'static str]),
    /// Something that has to be made of it.
    Made(Make),
    /// It is handed on as it is.
    Whole,
}

/// What a token is bound to besides its user agent: values that are used as cookies.
const SESSION: [&str; 2] = ["recaptcha-ca-t", "recaptcha-ca-e"];

/// The canonical solution of an answer, where there is one.
pub(crate) fn read(family: &str, body: &Map<String, Value>) -> Option<String> {
    let given = body.get("solution")?.as_object().filter(|given| !given.is_empty())?;
    let solution = match families::find(family)?.solution {
        Kind::Token => token(given)?,
        Kind::Fields(main, beside) => fields(given, main, beside)?,
        Kind::Made(make) => make(given)?,
        Kind::Whole => given.clone(),
    };
    Some(json_text(&Value::Object(solution)))
}

/// A token, the browser that it is good with, and its cookies. When it was made and will expire is left out: clients are
/// told that from the time of the answer.
fn token(given: &Map<String, Value>) -> Option<Map<String, Value>> {
    let token = text(given, "gRecaptchaResponse").or_else(|| text(given, "token"))?;
    let mut solution = Map::from_iter([("token".to_owned(), json!(token))]);
    copy(given, &["userAgent", "secChUa"], &mut solution);
    let session: Map<String, Value> =
        SESSION.iter().filter_map(|name| Some(((*name).to_owned(), json!(text(given, name)?)))).collect();
    if !session.is_empty() {
        solution.extend(session.clone());
        solution.insert("cookies".to_owned(), Value::Object(session));
    }
    Some(solution)
}

fn fields(given: &Map<String, Value>, main: &[&str], beside: &[&str]) -> Option<Map<String, Value>> {
    let mut solution = Map::new();
    copy(given, main, &mut solution);
    if solution.is_empty() {
        return None;
    }
    copy(given, beside, &mut solution);
    Some(solution)
}

/// Cloudflare's cookies, with the headers of the browser that they are bound to. The one that matters is in `token` as
/// well, and its browser is named among the headers.
pub(crate) fn clearance(given: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut solution = fields(given, &["cookies", "token"], &["headers", "proxy", "userAgent"])?;
    let cookie = match given.get("cookies") {
        Some(Value::String(cookies)) => cookie_of(cookies, "cf_clearance"),
        Some(Value::Object(cookies)) => text(cookies, "cf_clearance"),
        _ => None,
    };
    if let Some(value) = cookie.or_else(|| text(given, "token")) {
        solution.insert("cf_clearance".to_owned(), json!(value));
    }
    let headers = given.get("headers").and_then(Value::as_object);
    let browser = headers.and_then(|headers| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("user-agent")));
    if let Some((_, browser)) = browser {
        solution.entry("userAgent").or_insert_with(|| browser.clone());
    }
    Some(solution)
}

/// The cookie `aws-waf-token`, which comes by its value alone or with its name; `token` is the value.
pub(crate) fn aws_waf(given: &Map<String, Value>) -> Option<Map<String, Value>> {
    let cookie = text(given, "cookie")?;
    let mut solution = Map::from_iter([("cookie".to_owned(), json!(cookie))]);
    let value = cookie_of(cookie, "aws-waf-token").unwrap_or(cookie);
    solution.insert("token".to_owned(), json!(value));
    copy(given, &["userAgent"], &mut solution);
    Some(solution)
}

/// Tiles that match, counted from 0 there; of a single tile, whether it does.
pub(crate) fn tiles(given: &Map<String, Value>) -> Option<Map<String, Value>> {
    let click: Vec<u64> = match (given.get("objects").and_then(Value::as_array), given.get("hasObject")) {
        (Some(objects), _) => objects.iter().map(|n| n.as_u64()?.checked_add(1)).collect::<Option<_>>()?,
        (None, Some(Value::Bool(true))) => vec![1],
        (None, Some(Value::Bool(false))) => Vec::new(),
        (None, _) => return None,
    };
    let mut solution = Map::from_iter([("click".to_owned(), json!(click))]);
    copy(given, &["objects", "hasObject", "size"], &mut solution);
    Some(solution)
}

/// Degrees, which they call an angle, or how far to slide for them.
pub(crate) fn turn(given: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut solution = fields(given, &["angle", "distance"], &[])?;
    if let Some(angle) = solution.remove("angle") {
        solution.insert("rotate".to_owned(), angle);
    }
    Some(solution)
}

/// The value of a cookie in a list of them, or in a `Set-Cookie`.
fn cookie_of<'a>(cookies: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, value)| found.eq_ignore_ascii_case(name) && !value.is_empty()).map(|(_, value)| value)
}

fn copy(given: &Map<String, Value>, names: &[&str], solution: &mut Map<String, Value>) {
    for name in names {
        let value = given.get(*name).filter(|value| !value.is_null() && value.as_str() != Some(""));
        solution.extend(value.map(|value| ((*name).to_owned(), value.clone())));
    }
}

fn text<'a>(given: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    given.get(name)?.as_str().filter(|text| !text.is_empty())
}

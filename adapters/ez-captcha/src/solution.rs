//! From EzCaptcha's solutions to canonical ones, where they have names of their own.

use create_task::solution::text;
use serde_json::{Map, Value, json};

/// The token has hCaptcha's own name.
pub(crate) fn hcaptcha(given: &Map<String, Value>) -> Option<Value> {
    let mut solution = Map::from_iter([("token".to_owned(), json!(text(given, "generated_pass_UUID")?))]);
    solution.extend(text(given, "ua").map(|browser| ("userAgent".to_owned(), json!(browser))));
    Some(Value::Object(solution))
}

/// Cloudflare's cookies, with the headers of the browser that they are bound to.
pub(crate) fn clearance(given: &Map<String, Value>) -> Option<Value> {
    let cookies = given.get("cookies")?.as_object().filter(|cookies| !cookies.is_empty())?;
    let mut solution = Map::from_iter([("cookies".to_owned(), json!(cookies))]);
    solution.extend(text(cookies, "cf_clearance").map(|value| ("cf_clearance".to_owned(), json!(value))));
    if let Some(headers) = given.get("header").and_then(Value::as_object).filter(|headers| !headers.is_empty()) {
        let browser = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("user-agent"));
        solution.extend(browser.map(|(_, browser)| ("userAgent".to_owned(), browser.clone())));
        solution.insert("headers".to_owned(), json!(headers));
    }
    Some(Value::Object(solution))
}

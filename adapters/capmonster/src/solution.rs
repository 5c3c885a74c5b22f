//! From CapMonster Cloud's solutions to canonical ones, where they are more than a few fields.
//!
//! Solutions of `CustomTask` have their values in `data`, the browser among `headers`, and cookies by host in `domains`.

use create_task::solution::text;
use serde_json::{Map, Value, json};

/// A token in `data`, with what comes beside it.
pub(crate) fn token_of_data(given: &Map<String, Value>) -> Option<Value> {
    let data = data(given)?;
    let mut solution = Map::from_iter([("token".to_owned(), json!(text(data, "token")?))]);
    if let Some(number) = data.get("number").filter(|number| number.is_number()) {
        solution.insert("number".to_owned(), number.clone());
    }
    with_browser(solution, given)
}

/// Ticket and random text.
pub(crate) fn tencent(given: &Map<String, Value>) -> Option<Value> {
    let data = data(given)?;
    let mut solution = Map::from_iter([("ticket".to_owned(), json!(text(data, "ticket")?))]);
    if let Some(random) = text(data, "randstr") {
        solution.insert("randstr".to_owned(), json!(random));
    }
    with_browser(solution, given)
}

/// The text that holds the tokens.
pub(crate) fn alibaba(given: &Map<String, Value>) -> Option<Value> {
    let data = data(given)?;
    let tokens = Map::from_iter([("tokens".to_owned(), json!(text(data, "tokens")?))]);
    with_browser(tokens, given)
}

/// The token under the captcha's own name.
pub(crate) fn basilisk(given: &Map<String, Value>) -> Option<Value> {
    let data = data(given)?;
    let token = Map::from_iter([("captcha_response".to_owned(), json!(text(data, "captcha_response")?))]);
    with_browser(token, given)
}

/// AWS WAF's cookie, or the voucher with the token that belongs to it.
pub(crate) fn aws_waf(given: &Map<String, Value>) -> Option<Value> {
    let mut solution = Map::new();
    if let Some(cookies) = given.get("cookies").and_then(Value::as_object) {
        solution.insert("token".to_owned(), json!(text(cookies, "aws-waf-token")?));
        solution.insert("cookies".to_owned(), json!(cookies));
    } else {
        for name in ["captcha_voucher", "existing_token"] {
            solution.insert(name.to_owned(), json!(text(given, name)?));
        }
    }
    with_browser(solution, given)
}

/// Cookies by host. One page's sample has its names in capitals.
pub(crate) fn cookies_of_domains(given: &Map<String, Value>) -> Option<Value> {
    let theirs = given.get("domains").or_else(|| given.get("Domains"))?.as_object()?;
    let mut domains = Map::new();
    for (host, kept) in theirs {
        let kept = kept.as_object()?;
        let cookies = kept.get("cookies").or_else(|| kept.get("Cookies"));
        let Some(cookies) = cookies.and_then(Value::as_object).filter(|cookies| !cookies.is_empty()) else { continue };
        let storage = kept.get("localStorage").cloned().unwrap_or_default();
        domains.insert(host.clone(), json!({ "cookies": cookies, "localStorage": storage }));
    }
    let mut all = domains.values().filter_map(|kept| kept.get("cookies")?.as_object());
    let datadome = all.find_map(|cookies| text(cookies, "datadome")).map(|value| format!("datadome={value}"));
    if domains.is_empty() {
        return None;
    }
    let mut solution = Map::from_iter([("domains".to_owned(), Value::Object(domains))]);
    if let Some(cookie) = datadome {
        solution.insert("cookie".to_owned(), json!(cookie));
    }
    with_browser(solution, given)
}

/// Which tiles match, counted from 1 row by row.
pub(crate) fn tiles(given: &Map<String, Value>) -> Option<Value> {
    let answer = given.get("answer")?.as_array().filter(|answer| !answer.is_empty())?;
    let tiles: Option<Vec<bool>> = answer.iter().map(Value::as_bool).collect();
    let click: Vec<usize> = tiles?.iter().zip(1..).filter_map(|(matches, tile)| matches.then_some(tile)).collect();
    Some(json!({ "click": click, "objects": answer }))
}

fn data(given: &Map<String, Value>) -> Option<&Map<String, Value>> {
    given.get("data")?.as_object()
}

/// Adds `data`, `headers` and the browser, which is named by itself or among the headers.
fn with_browser(mut solution: Map<String, Value>, given: &Map<String, Value>) -> Option<Value> {
    for name in ["data", "headers"] {
        let fields = given.get(name).and_then(Value::as_object).filter(|fields| !fields.is_empty());
        solution.extend(fields.map(|fields| (name.to_owned(), json!(fields))));
    }
    let headers = given.get("headers").and_then(Value::as_object);
    let named = headers.and_then(|headers| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("user-agent")));
    let browser = text(given, "userAgent").or_else(|| named.and_then(|(_, browser)| browser.as_str()));
    solution.extend(browser.map(|browser| ("userAgent".to_owned(), json!(browser))));
    Some(Value::Object(solution))
}

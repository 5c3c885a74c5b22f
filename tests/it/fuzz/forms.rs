//! What each dialect may answer: closed forms, as its clients read them.

use anyhow::{Context as _, Result, ensure};
use capstan_domain::dialect::Dialect;
use capstan_tests::client::Raw;
use serde_json::Value;

use super::faces::Face;

/// Checks an answer; true when it is a good one.
pub(super) fn check(face: Face, answer: &Raw) -> Result<bool> {
    match face {
        Face::Json(dialect) => {
            ensure!(answer.header("content-type") == "application/json", "another content type");
            let body = answer.json()?;
            match dialect {
                Dialect::AnySolver => anysolver(answer.status, &body),
                Dialect::AntiCaptcha => anticaptcha(answer.status, &body),
                Dialect::CapSolver => capsolver(answer.status, &body),
            }
        }
        Face::Classic => classic(answer),
    }
}

/// A field's name, with ! when it must be there, and whether a value is of its type.
type Field<'f> = (&'f str, fn(&Value) -> bool);

/// Every field that there is must be one of these and of its type; returns whether the required ones, marked `!`, are there.
fn closed(body: &Value, fields: &[Field<'_>]) -> Result<()> {
    let object = body.as_object().context("no object")?;
    for (name, value) in object {
        let known = fields.iter().find(|(known, _)| known.trim_end_matches('!') == name);
        let (_, is_right) = known.with_context(|| format!("{name} is no field of this dialect"))?;
        ensure!(is_right(value), "{name} is {value}");
    }
    for (name, _) in fields {
        let missing = name.strip_suffix('!').filter(|name| !object.contains_key(*name));
        ensure!(missing.is_none(), "{name} is missing");
    }
    Ok(())
}

fn is_error(body: &Value) -> bool {
    body["errorId"] != 0
}

/// 404 and 405 are answers to what is no method at all.
fn is_no_method(status: u16) -> bool {
    matches!(status, 404 | 405)
}

fn anysolver(status: u16, body: &Value) -> Result<bool> {
    ensure!(status == 200 || is_no_method(status), "HTTP {status}");
    if is_error(body) {
        let a_code = |value: &Value| value.as_str().is_some_and(|code| !code.is_empty());
        closed(
            body,
            &[
                ("errorId!", |id| matches!(id.as_u64(), Some(1 | 2))),
                ("errorCode!", a_code),
                ("errorDescription!", a_code),
                ("status", |status| status == "failed"),
                ("taskId", Value::is_string),
                ("taskType", Value::is_string),
                ("createTime", Value::is_i64),
                ("endTime", Value::is_i64),
            ],
        )?;
        ensure!(body["errorId"] == 1, "an internal error");
        return Ok(false);
    }
    closed(
        body,
        &[
            ("errorId!", Value::is_u64),
            ("taskId", |id| id.as_str().is_some_and(|id| id.len() == 36)),
            ("status", |status| ["processing", "ready", "success"].iter().any(|word| status == word)),
            ("balance", Value::is_number),
            ("notice", Value::is_string),
            ("solution", Value::is_object),
            ("cost", Value::is_number),
            ("taskType", Value::is_string),
            ("provider", Value::is_string),
            ("createTime", Value::is_i64),
            ("endTime", Value::is_i64),
        ],
    )?;
    Ok(true)
}

fn anticaptcha(status: u16, body: &Value) -> Result<bool> {
    ensure!(status == 200 || is_no_method(status), "HTTP {status}");
    if is_error(body) {
        closed(
            body,
            &[
                ("errorId!", |id| id.as_u64().is_some_and(|id| id > 0)),
                ("errorCode!", |code| code.as_str().is_some_and(|code| code.starts_with("ERROR_"))),
                ("errorDescription!", Value::is_string),
            ],
        )?;
        return Ok(false);
    }
    closed(
        body,
        &[
            ("errorId!", Value::is_u64),
            ("taskId", |id| id.as_i64().is_some_and(|id| id > 0 && id < 1 << 53)),
            ("status", |status| ["processing", "ready", "success"].iter().any(|word| status == word)),
            ("balance", Value::is_number),
            ("solution", Value::is_object),
            ("cost", Value::is_string),
            ("ip", Value::is_string),
            ("createTime", Value::is_i64),
            ("endTime", Value::is_i64),
            ("solveCount", Value::is_i64),
        ],
    )?;
    ensure!(body["taskId"].is_null() || body["status"].is_null(), "a createTask with a status");
    Ok(true)
}

fn capsolver(status: u16, body: &Value) -> Result<bool> {
    if is_error(body) {
        ensure!(matches!(status, 400 | 401) || is_no_method(status), "HTTP {status}");
        closed(
            body,
            &[
                ("errorId!", |id| id == 1),
                ("errorCode!", |code| code.as_str().is_some_and(|code| code.starts_with("ERROR_"))),
                ("errorDescription!", Value::is_string),
                ("status!", |status| status == "failed"),
                ("taskId", Value::is_string),
            ],
        )?;
        return Ok(false);
    }
    ensure!(status == 200, "HTTP {status}");
    closed(
        body,
        &[
            ("errorId!", Value::is_u64),
            ("errorCode!", |code| code == ""),
            ("errorDescription!", |text| text == ""),
            ("taskId", Value::is_string),
            ("status", |status| ["idle", "processing", "ready"].iter().any(|word| status == word)),
            ("solution", Value::is_object),
            ("balance", Value::is_number),
            ("packages", Value::is_array),
            ("message", Value::is_string),
        ],
    )?;
    Ok(true)
}

fn classic(answer: &Raw) -> Result<bool> {
    ensure!(answer.status == 200, "HTTP {}", answer.status);
    if answer.header("content-type") == "application/json" {
        let body = answer.json()?;
        let is_good = body["status"] == 1;
        closed(
            &body,
            &[
                ("status!", |status| status == 0 || status == 1),
                ("request!", |request| request.is_string() || request.is_object()),
                ("error_text", Value::is_string),
                ("price", Value::is_string),
                ("useragent", Value::is_string),
            ],
        )?;
        ensure!(is_good || body["request"].as_str().is_some_and(is_word), "{body}");
        return Ok(is_good);
    }
    let text = answer.text.as_str();
    if is_word(text) {
        return Ok(false);
    }
    let is_list = text.split('|').all(|part| is_word(part) || !part.is_empty());
    ensure!(text.starts_with("OK") || text.parse::<f64>().is_ok() || is_list, "{text}");
    Ok(true)
}

/// One of the words of the classic catalogue.
fn is_word(text: &str) -> bool {
    let is_code = text.starts_with("ERROR_") && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    is_code || text == "MAX_USER_TURN" || text == "CAPCHA_NOT_READY"
}

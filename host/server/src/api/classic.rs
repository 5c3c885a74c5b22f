//! The classic API: `/in.php` takes tasks, `/res.php` everything else. The fields of a task are read by the same catalogue
//! as everywhere: its families know the classic names.

use std::sync::Arc;

use base64::Engine as _;
use capstan_domain::code::ErrorCode;
use serde_json::{Map, Value};

use super::auth::{self, Caller};
use super::create_task::{self, Sent};
use super::dialect::Answer;
use super::dialect::classic::{Form, Read, line};
use super::fields::{self, bad, given};
use super::path::Endpoint;
use crate::app::App;
use crate::tasks::{self, Options, Refusal};

/// How the answer is to be written: `json=1`, or a body that is JSON itself.
pub(super) fn form(fields: &Map<String, Value>) -> Form {
    match given(fields, "json") {
        Some(Value::String(text)) if text.trim() == "1" => Form::Json,
        Some(Value::Number(number)) if number.as_i64() == Some(1) => Form::Json,
        Some(Value::Bool(true)) => Form::Json,
        Some(_) | None => Form::Text,
    }
}

/// The key that a request names.
pub(super) fn key(fields: &Map<String, Value>) -> Option<&str> {
    given(fields, "key").or_else(|| given(fields, "clientKey")).and_then(Value::as_str)
}

pub(super) async fn answer(
    app: &Arc<App>,
    (caller, options): (&Caller, Options),
    (endpoint, fields, form): (Endpoint, &Map<String, Value>, Form),
    sent: &Sent<'_>,
) -> Result<Answer, Refusal> {
    if endpoint == Endpoint::ClassicIn {
        let task = task(fields)?;
        let (created, allowance) =
            create_task::create(app, caller, sent, (task, fields::options(fields, options)?)).await?;
        let notice = created.storm.map(super::storm_notice);
        return Ok(Answer { allowance: Some(allowance), notice, ..form.created(&created) });
    }
    let action = given(fields, "action").and_then(Value::as_str).unwrap_or("get").trim().to_ascii_lowercase();
    match action.as_str() {
        "get" | "get2" => read(app, caller, (fields, action == "get2"), form).await,
        "getbalance" => {
            let allowance = auth::limit(app, caller)?;
            Ok(Answer { allowance: Some(allowance), ..form.balance(tasks::balance(app, caller).await?) })
        }
        "reportgood" | "reportbad" => {
            let allowance = auth::limit(app, caller)?;
            let id = id(fields).ok_or_else(no_id)?;
            let refund = tasks::report(app, caller, fields::named(&id), action == "reportgood").await?;
            let notice = refund.map(super::report::notice);
            Ok(Answer { allowance: Some(allowance), notice, ..form.reported() })
        }
        _ => Err(bad("action: it must be one of get, get2, getbalance, reportgood, reportbad")),
    }
}

/// Most tasks that are read at once.
const MOST_IDS: usize = 100;

async fn read(
    app: &App,
    caller: &Caller,
    (fields, with_price): (&Map<String, Value>, bool),
    form: Form,
) -> Result<Answer, Refusal> {
    let wait = fields::wait(fields)?;
    let Some(ids) = given(fields, "ids").map(line) else {
        let id = id(fields).ok_or_else(no_id)?;
        let (view, allowance) = tasks::result(app, caller, fields::named(&id), wait).await?;
        return Ok(Answer { allowance: Some(allowance), ..form.result(&view, with_price) });
    };
    let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.is_empty() || ids.len() > MOST_IDS {
        return Err(bad(format!("ids: name 1 to {MOST_IDS} tasks, separated by commas")));
    }
    let mut results = Vec::with_capacity(ids.len());
    for id in ids {
        // Each may cost a read of the database.
        auth::limit(app, caller)?;
        results.push(match tasks::result(app, caller, fields::named(id), std::time::Duration::ZERO).await {
            Ok((view, _)) => Read::Task(view),
            Err(refusal) => Read::Refused(refusal),
        });
    }
    Ok(form.results(&results))
}

fn id(fields: &Map<String, Value>) -> Option<String> {
    given(fields, "id").map(line)
}

fn no_id() -> Refusal {
    Refusal::new(ErrorCode::TaskNotFound, "id is missing.")
}

/// What in a request is not about the task.
const NOT_OF_THE_TASK: &[&str] = &[
    "key",
    "clientKey",
    "method",
    "json",
    "soft_id",
    "pingback",
    "header_acao",
    "debug_dump",
    "selectionMode",
    "keyPoolMode",
    "provider",
    "settings",
];

/// A classic request as a task: `method` is its type, the other fields are its parameters.
pub(super) fn task(fields: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let mut task: Map<String, Value> = fields
        .iter()
        .filter(|(name, _)| !NOT_OF_THE_TASK.iter().any(|other| fields::is_same(name, other)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(file) = task.remove("file") {
        task.entry("body").or_insert(base64_of(file));
    }
    fold_lists(&mut task);
    if let Some(Value::String(cookies)) = task.get_mut("cookies") {
        *cookies = classic_cookies(cookies);
    }
    let method = match given(fields, "method") {
        Some(Value::String(method)) => method.trim(),
        // Text questions and pictures come without one.
        None if given(&task, "textcaptcha").is_some() => "textcaptcha",
        None if task.contains_key("body") => "base64",
        Some(_) | None => return Err(bad("method is missing: it must be the name of a method, such as userrecaptcha")),
    };
    task.insert("type".to_owned(), Value::from(method));
    Ok(task)
}

/// A form has no lists and no objects: `file_1` to `file_9` are pictures, `data[blob]` is a member of `data`.
fn fold_lists(task: &mut Map<String, Value>) {
    let pictures: Vec<Value> = (1..=9).filter_map(|n| task.remove(&format!("file_{n}"))).map(base64_of).collect();
    if !pictures.is_empty() {
        task.entry("images").or_insert(Value::Array(pictures));
    }
    let members: Vec<String> =
        task.keys().filter(|name| name.starts_with("data[") && name.ends_with(']')).cloned().collect();
    let mut data = Map::new();
    for name in members {
        let member = name.trim_start_matches("data[").trim_end_matches(']').to_owned();
        if let Some(value) = task.remove(&name) {
            data.insert(member, value);
        }
    }
    if !data.is_empty() {
        task.entry("data").or_insert(Value::Object(data));
    }
}

/// A file that came in a field of a form is taken as it is when it is base64.
fn base64_of(file: Value) -> Value {
    let Value::String(text) = &file else { return file };
    if text.trim_start().starts_with("data:") {
        return file;
    }
    // In a form that was not encoded as one should, a plus arrives as a blank.
    let plus = text.replace(' ', "+");
    let is_base64 = plus.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=\r\n".contains(&b));
    if is_base64 { Value::from(plus) } else { Value::from(base64::engine::general_purpose::STANDARD.encode(text)) }
}

/// `a:1;b:2` is what the classic API calls cookies.
fn classic_cookies(text: &str) -> String {
    let pair = |pair: &str| match (pair.find('='), pair.find(':')) {
        (None, Some(at)) => {
            format!("{}={}", pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default())
        }
        (Some(_), _) | (None, None) => pair.to_owned(),
    };
    text.split(';').map(|part| pair(part.trim())).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(fields: Value) -> Result<Value, String> {
        task(fields.as_object().unwrap()).map(Value::Object).map_err(|refusal| refusal.detail)
    }

    #[test]
    fn a_method_is_a_type_and_the_other_fields_are_parameters() {
        let fields = json!({
            "key": "k", "json": "1", "soft_id": "9", "method": "userrecaptcha", "googlekey": "g", "pageurl": "u",
            "cookies": "a:1;b=2",
        });
        let task = json!({"type": "userrecaptcha", "googlekey": "g", "pageurl": "u", "cookies": "a=1; b=2"});
        assert_eq!(of(fields).unwrap(), task);
        assert_eq!(of(json!({"file": "YQ=="})).unwrap(), json!({"type": "base64", "body": "YQ=="}));
        assert_eq!(of(json!({"file": "a b="})).unwrap(), json!({"type": "base64", "body": "a+b="}));
        let uri = "data:image/png;base64,YQ==";
        assert_eq!(of(json!({"file": uri})).unwrap(), json!({"type": "base64", "body": uri}));
        assert_eq!(
            of(json!({"client_key": "k", "KEY": "k", "file": "YQ=="})).unwrap(),
            json!({"type": "base64", "body": "YQ=="})
        );
        assert_eq!(of(json!({"method": "post", "file": "\u{1}"})).unwrap(), json!({"type": "post", "body": "AQ=="}));
        assert_eq!(of(json!({"textcaptcha": "1+1"})).unwrap(), json!({"type": "textcaptcha", "textcaptcha": "1+1"}));
        let folded = json!({"type": "funcaptcha", "data": {"blob": "b"}});
        assert_eq!(of(json!({"method": "funcaptcha", "data[blob]": "b"})).unwrap(), folded);
        let folded = json!({"type": "rotatecaptcha", "images": ["YQ==", "Yg=="]});
        assert_eq!(of(json!({"method": "rotatecaptcha", "file_1": "YQ==", "file_2": "Yg=="})).unwrap(), folded);
        assert!(of(json!({"pageurl": "u"})).unwrap_err().starts_with("method is missing"));
    }

    #[test]
    fn json_is_answered_to_who_asks_for_it() {
        for (fields, expected) in [
            (json!({"json": 1}), Form::Json),
            (json!({"json": "1"}), Form::Json),
            (json!({"json": 0}), Form::Text),
            (json!({}), Form::Text),
        ] {
            assert_eq!(form(fields.as_object().unwrap()), expected);
        }
    }
}

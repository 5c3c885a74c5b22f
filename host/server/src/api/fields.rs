//! The top level of a request, read as leniently as clients write it: names in any letter case, with or without
//! underscores; null, "" and blank mean "not given". What is given is then checked strictly.

use std::time::Duration;

use capstan_domain::code::ErrorCode;
use capstan_domain::route::{PoolMode, SelectionMode};
use capstan_storage::TaskName;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::tasks::{Options, Refusal};

/// Longest name of a provider that is looked at.
const MOST_PROVIDER_BYTES: usize = 100;
/// Longest wait that a client may ask for; the gateway waits as long as its own limit allows.
const MOST_WAIT_S: f64 = 3_600.0;

/// The value given for a field; its exact name goes before other spellings.
pub(super) fn given<'b>(body: &'b Map<String, Value>, name: &str) -> Option<&'b Value> {
    let found = body.get(name).or_else(|| body.iter().find(|(key, _)| is_same(key, name)).map(|(_, value)| value));
    found.filter(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => true,
    })
}

/// Whether two names are one: letter case, `_` and `-` do not count.
pub(super) fn is_same(key: &str, name: &str) -> bool {
    fn bare(text: &str) -> impl Iterator<Item = u8> {
        text.bytes().filter(|b| !matches!(b, b'_' | b'-')).map(|b| b.to_ascii_lowercase())
    }
    bare(key).eq(bare(name))
}

/// The task object of createTask. Where the whole body is a form, it comes as text.
pub(super) fn task(body: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    match given(body, "task") {
        Some(Value::Object(task)) => Ok(task.clone()),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| bad("task: it must be an object")),
        Some(_) => Err(bad("task: it must be an object")),
        None => Err(bad("task is missing: it must be an object")),
    }
}

/// How the task is to be routed: the request's own words, then those under `settings`, then those behind the key.
pub(super) fn options(body: &Map<String, Value>, suffix: Options) -> Result<Options, Refusal> {
    let mut options = read_options(body)?;
    if let Some(Value::Object(settings)) = given(body, "settings") {
        options = options.or(read_options(settings)?);
        if let Some(Value::Object(routing)) = given(settings, "routing") {
            let mode = word(routing, ("settings.routing.mode", "mode"), SelectionMode::ALL, SelectionMode::from_word)?;
            options = options.or(Options { mode, ..read_options(routing)? });
        }
    }
    Ok(options.or(suffix))
}

fn read_options(from: &Map<String, Value>) -> Result<Options, Refusal> {
    let provider = match given(from, "provider") {
        None => None,
        Some(Value::String(name)) if name.len() <= MOST_PROVIDER_BYTES => Some(name.clone()),
        Some(_) => return Err(bad("provider: it must be the name of a provider")),
    };
    Ok(Options {
        mode: word(from, ("selectionMode", "selectionMode"), SelectionMode::ALL, SelectionMode::from_word)?,
        pool: word(from, ("keyPoolMode", "keyPoolMode"), PoolMode::ALL, PoolMode::from_word)?,
        provider,
    })
}

/// An option with a closed set of words; letter case does not count.
fn word<T>(
    from: &Map<String, Value>,
    (shown, name): (&str, &str),
    words: &[(&'static str, T)],
    read: fn(&str) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    let allowed = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    let refusal = |found: &str| bad(format!("{shown} is {found}: it must be one of {}", allowed()));
    let text = match given(from, name) {
        None => return Ok(None),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(refusal("no text")),
    };
    read(text).map(Some).ok_or_else(|| refusal(&format!("{:?}", text.chars().take(40).collect::<String>())))
}

/// The task that a request names: by its id, or by its number, as text or as a number.
pub(super) fn task_name(body: &Map<String, Value>) -> Result<TaskName, Refusal> {
    let not_found = |detail: &str| Refusal::new(ErrorCode::TaskNotFound, detail);
    match given(body, "taskId") {
        Some(Value::String(text)) => Ok(named(text)),
        Some(Value::Number(number)) => {
            Ok(number.as_i64().or_else(|| whole(number.as_f64()?)).map_or_else(|| named(""), TaskName::Number))
        }
        Some(_) => Err(not_found("taskId must be text or a number.")),
        None => Err(not_found("taskId is missing.")),
    }
}

/// A task's name as text; what cannot be one is the name of no task.
pub(super) fn named(text: &str) -> TaskName {
    let text = text.trim();
    match Uuid::parse_str(text) {
        Ok(id) => TaskName::Id(capstan_domain::TaskId(id)),
        // Numbers of tasks are above zero.
        Err(_) => TaskName::Number(text.parse().unwrap_or(0)),
    }
}

/// Some languages have floats alone; in this range they are exact.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and below 2^53")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

/// How long getTaskResult may wait for the task's end.
pub(super) fn wait(body: &Map<String, Value>) -> Result<Duration, Refusal> {
    let seconds = match given(body, "wait") {
        None | Some(Value::Null | Value::Bool(false)) => return Ok(Duration::ZERO),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Bool(true) | Value::Array(_) | Value::Object(_)) => None,
    };
    let seconds = seconds.filter(|seconds| (0.0..=MOST_WAIT_S).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| bad(format!("wait: it must be a number of seconds from 0 to {MOST_WAIT_S}")))
}

pub(super) fn bad(detail: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::InvalidTaskData, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value, suffix: Options) -> Result<Options, Refusal> {
        options(body.as_object().unwrap(), suffix)
    }

    #[test]
    fn options_are_read_in_any_letter_case_and_placeholders_are_none() {
        let body = json!({"selection_mode": "AUTOFASTEST", "keypoolmode": "platformonly", "provider": "X"});
        let options = read(body, Options::default()).unwrap();
        assert_eq!((options.mode, options.pool), (Some(SelectionMode::AutoFastest), Some(PoolMode::PlatformOnly)));
        assert_eq!(options.provider.as_deref(), Some("X"));
        let none = json!({"selectionMode": null, "keyPoolMode": "", "provider": " "});
        assert_eq!(read(none, Options::default()).unwrap(), Options::default());
    }

    #[test]
    fn the_first_that_speaks_wins_body_settings_key() {
        let suffix = Options {
            mode: Some(SelectionMode::Priority),
            pool: Some(PoolMode::PlatformOnly),
            provider: Some("z".to_owned()),
        };
        let body = json!({
            "selectionMode": "autoCheapest",
            "settings": {"selectionMode": "autoFastest", "provider": "y", "routing": {"mode": "autoMostReliable"}},
        });
        let options = read(body, suffix).unwrap();
        assert_eq!((options.mode, options.pool), (Some(SelectionMode::AutoCheapest), Some(PoolMode::PlatformOnly)));
        assert_eq!(options.provider.as_deref(), Some("y"));
        let older = json!({"settings": {"routing": {"mode": "autoMostReliable"}}});
        assert_eq!(read(older, Options::default()).unwrap().mode, Some(SelectionMode::AutoMostReliable));
    }

    #[test]
    fn an_unknown_word_names_the_field_and_the_words_allowed() {
        let refusal = read(json!({"keyPoolMode": "mine"}), Options::default()).err().unwrap();
        assert_eq!(refusal.detail, "keyPoolMode is \"mine\": it must be one of all, platformOnly");
        let refusal = read(json!({"selectionMode": 1}), Options::default()).err().unwrap();
        assert!(refusal.detail.ends_with("autoCheapest, autoFastest, autoMostReliable, priority"));
        let refusal = read(json!({"settings": {"routing": {"mode": "x"}}}), Options::default()).err().unwrap();
        assert!(refusal.detail.starts_with("settings.routing.mode is \"x\""), "{}", refusal.detail);
        for body in [json!({}), json!({"task": null}), json!({"task": "x"}), json!({"task": []})] {
            assert!(task(body.as_object().unwrap()).err().unwrap().detail.starts_with("task"));
        }
    }

    #[test]
    fn tasks_are_named_by_id_or_number_as_text_or_number() {
        let of = |value: Value| task_name(json!({"taskId": value}).as_object().unwrap());
        for value in [json!(7), json!("7"), json!(" 7 "), json!(7.0)] {
            assert_eq!(of(value).unwrap(), TaskName::Number(7));
        }
        let id = Uuid::from_u128(9);
        assert_eq!(of(json!(id.to_string())).unwrap(), TaskName::Id(capstan_domain::TaskId(id)));
        assert_eq!(of(json!("nonsense")).unwrap(), TaskName::Number(0));
        for value in [json!(null), json!(""), json!([7])] {
            assert_eq!(of(value).err().unwrap().code, ErrorCode::TaskNotFound);
        }
    }

    #[test]
    fn a_wait_is_seconds_and_anything_else_is_named() {
        let of = |value: Value| wait(json!({"wait": value}).as_object().unwrap());
        for value in [json!(1.5), json!("1.5")] {
            assert_eq!(of(value).unwrap(), Duration::from_millis(1_500));
        }
        assert_eq!(of(json!(null)).unwrap(), Duration::ZERO);
        for value in [json!(-1), json!("long"), json!(true), json!(1e9)] {
            assert!(of(value.clone()).err().unwrap().detail.starts_with("wait"), "{value}");
        }
    }
}

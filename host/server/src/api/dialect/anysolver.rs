//! The default dialect: the AnySolver page's shape, with `status` in every answer about a task.

use capstan_domain::Amount;
use capstan_domain::code::ErrorCode;
use capstan_domain::route::{PoolMode, SelectionMode};
use serde_json::{Map, Value, json};

use super::Answer;
use crate::tasks::{CreateRequest, Created, Ending, Refusal, TaskView};

/// Every answer of this dialect is HTTP 200: its clients read the body whatever the status.
const fn ok(body: Value) -> Answer {
    Answer { status: 200, body }
}

/// Longest name of a provider that is looked at.
const MOST_PROVIDER_BYTES: usize = 100;

pub(super) fn read_create(body: &Map<String, Value>) -> Result<CreateRequest, Refusal> {
    let bad = |detail: String| Refusal::new(ErrorCode::InvalidTaskData, detail);
    let task = match body.get("task") {
        Some(Value::Object(task)) => task.clone(),
        None | Some(Value::Null) => return Err(bad("task is missing: it must be an object".to_owned())),
        Some(_) => return Err(bad("task: it must be an object".to_owned())),
    };
    let mode = option(body, "selectionMode", SelectionMode::ALL, SelectionMode::from_word)?;
    let pool = option(body, "keyPoolMode", PoolMode::ALL, PoolMode::from_word)?;
    let provider = match body.get("provider") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if name.trim().is_empty() => None,
        Some(Value::String(name)) if name.len() <= MOST_PROVIDER_BYTES => Some(name.clone()),
        Some(_) => return Err(bad("provider: it must be the name of a provider".to_owned())),
    };
    Ok(CreateRequest { task, mode, pool, provider })
}

/// An option with a closed set of words; letter case does not count, null and "" mean not given.
fn option<T>(
    body: &Map<String, Value>,
    name: &str,
    words: &[(&'static str, T)],
    read: fn(&str) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    let allowed = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    let refusal = |found: &str| {
        Refusal::new(ErrorCode::InvalidTaskData, format!("{name} is {found}: it must be one of {}", allowed()))
    };
    let text = match body.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(refusal("no text")),
    };
    read(text).map(Some).ok_or_else(|| refusal(&format!("{:?}", text.chars().take(40).collect::<String>())))
}

pub(super) fn created(created: &Created) -> Answer {
    let mut body = json!({"errorId": 0, "taskId": created.task.0.to_string(), "status": "processing"});
    if let (Some(ended), Some(fields)) = (&created.ended, body.as_object_mut())
        && let Ending::Solved { .. } = &ended.ending
    {
        fields.extend(solved_fields(ended));
    }
    ok(body)
}

pub(super) fn result(view: &TaskView) -> Answer {
    match &view.ending {
        Ending::Open => ok(json!({
            "errorId": 0, "status": "processing", "taskId": view.task.0.to_string(), "taskType": view.task_type,
            "createTime": seconds(view.created_at_ms),
        })),
        Ending::Solved { .. } => {
            let mut body = json!({"errorId": 0, "taskId": view.task.0.to_string()});
            if let Some(fields) = body.as_object_mut() {
                fields.extend(solved_fields(view));
            }
            ok(body)
        }
        Ending::Failed { code, detail, ended_at_ms } => {
            let mut answer = refused(&Refusal { code: *code, detail: detail.clone() });
            if let Some(fields) = answer.body.as_object_mut() {
                fields.insert("status".to_owned(), Value::from("failed"));
                fields.insert("taskId".to_owned(), Value::from(view.task.0.to_string()));
                fields.insert("taskType".to_owned(), Value::from(view.task_type.clone()));
                fields.insert("createTime".to_owned(), seconds(view.created_at_ms));
                fields.insert("endTime".to_owned(), seconds(*ended_at_ms));
            }
            answer
        }
    }
}

fn solved_fields(view: &TaskView) -> Map<String, Value> {
    let mut fields = Map::new();
    if let Ending::Solved { solution, cost, provider, ended_at_ms } = &view.ending {
        fields.insert("status".to_owned(), Value::from("ready"));
        fields.insert("solution".to_owned(), Value::Object(solution.clone()));
        fields.insert("cost".to_owned(), Value::from(cost.as_dollars()));
        fields.insert("taskType".to_owned(), Value::from(view.task_type.clone()));
        fields.insert("provider".to_owned(), Value::from(provider.clone()));
        fields.insert("createTime".to_owned(), seconds(view.created_at_ms));
        fields.insert("endTime".to_owned(), seconds(*ended_at_ms));
    }
    fields
}

/// Whole seconds since 1970, as the field writes times.
fn seconds(at_ms: i64) -> Value {
    Value::from(at_ms.div_euclid(1000))
}

pub(super) fn balance(available: Amount) -> Answer {
    ok(json!({"errorId": 0, "balance": available.as_dollars()}))
}

pub(super) fn refused(refusal: &Refusal) -> Answer {
    let text = refusal.code.text();
    let description = if refusal.detail.is_empty() { text.to_owned() } else { format!("{text} {}", refusal.detail) };
    ok(json!({
        "errorId": refusal.code.error_id(), "errorCode": refusal.code.as_str(), "errorDescription": description,
    }))
}

#[cfg(test)]
mod tests {
    use capstan_domain::TaskId;
    use uuid::Uuid;

    use super::*;

    fn read(body: Value) -> Result<CreateRequest, Refusal> {
        read_create(body.as_object().unwrap())
    }

    fn view(ending: Ending) -> TaskView {
        TaskView { task: TaskId(Uuid::nil()), number: 7, task_type: "T".to_owned(), created_at_ms: 1_999, ending }
    }

    #[test]
    fn options_are_read_in_any_letter_case_and_placeholders_are_none() {
        let request =
            read(json!({"task": {}, "selectionMode": "AUTOFASTEST", "keyPoolMode": "platformonly", "provider": "X"}));
        let request = request.unwrap();
        assert_eq!((request.mode, request.pool), (Some(SelectionMode::AutoFastest), Some(PoolMode::PlatformOnly)));
        assert_eq!(request.provider.as_deref(), Some("X"));
        let none = read(json!({"task": {}, "selectionMode": null, "keyPoolMode": "", "provider": " "})).unwrap();
        assert!(none.mode.is_none() && none.pool.is_none() && none.provider.is_none());
    }

    #[test]
    fn an_unknown_word_names_the_field_and_the_words_allowed() {
        let refusal = read(json!({"task": {}, "keyPoolMode": "mine"})).err().unwrap();
        assert_eq!(refusal.detail, "keyPoolMode is \"mine\": it must be one of all, platformOnly");
        let refusal = read(json!({"task": {}, "selectionMode": 1})).err().unwrap();
        assert!(refusal.detail.ends_with("autoCheapest, autoFastest, autoMostReliable, priority"));
        for body in [json!({}), json!({"task": null}), json!({"task": "x"})] {
            assert!(read(body).err().unwrap().detail.starts_with("task"));
        }
    }

    #[test]
    fn every_answer_has_its_shape() {
        let solved = Ending::Solved {
            solution: json!({"token": "t"}).as_object().unwrap().clone(),
            cost: Amount::from_nanos(1_260_000),
            provider: "P".to_owned(),
            ended_at_ms: 2_000,
        };
        let ready = json!({
            "errorId": 0, "taskId": "00000000-0000-0000-0000-000000000000", "status": "ready", "solution": {"token": "t"},
            "cost": 0.00126, "taskType": "T", "provider": "P", "createTime": 1, "endTime": 2,
        });
        assert_eq!(result(&view(solved.clone())).body, ready);
        let at_once = Created { task: TaskId(Uuid::nil()), number: 7, ended: Some(view(solved)) };
        assert_eq!(created(&at_once).body, ready);
        let later = Created { task: TaskId(Uuid::nil()), number: 7, ended: None };
        assert_eq!(
            created(&later).body,
            json!({"errorId": 0, "taskId": "00000000-0000-0000-0000-000000000000", "status": "processing"})
        );
        assert_eq!(balance(Amount::from_nanos(12_500_000_000)).body, json!({"errorId": 0, "balance": 12.5}));
        let failed =
            result(&view(Ending::Failed { code: ErrorCode::TaskTimeout, detail: String::new(), ended_at_ms: 5_000 }));
        assert_eq!(
            (failed.status, &failed.body["errorCode"], &failed.body["status"]),
            (200, &json!("ERROR_TASK_TIMEOUT"), &json!("failed"))
        );
    }

    #[test]
    fn every_code_has_an_answer_of_two_texts_and_a_number() {
        for code in ErrorCode::ALL {
            let answer = refused(&Refusal::new(*code, "more"));
            assert_eq!(answer.body["errorId"], json!(code.error_id()));
            assert_eq!(answer.body["errorCode"], json!(code.as_str()));
            assert_eq!(answer.body["errorDescription"], json!(format!("{} more", code.text())));
        }
    }
}

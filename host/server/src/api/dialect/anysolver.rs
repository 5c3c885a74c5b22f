//! The default dialect: the AnySolver page's shape, with `status` in every answer about a task. Always HTTP 200: its clients
//! read the body whatever the status.

use capstan_domain::Amount;
use capstan_domain::complaint::Decision;
use serde_json::{Map, Value, json};

use super::{Answer, description, seconds};
use crate::tasks::{Created, Ending, Refusal, TaskView};

const fn ok(body: Value) -> Answer {
    Answer::json(200, body)
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
    let mut body = match &view.ending {
        Ending::Open => json!({
            "errorId": 0, "status": "processing", "taskType": view.task_type,
            "createTime": seconds(view.created_at_ms),
        }),
        Ending::Solved { .. } => {
            let mut fields = solved_fields(view);
            fields.insert("errorId".to_owned(), Value::from(0));
            Value::Object(fields)
        }
        Ending::Failed { code, detail, ended_at_ms } => {
            let mut body = error(&Refusal::new(*code, detail.clone()));
            body.insert("status".to_owned(), Value::from("failed"));
            body.insert("taskType".to_owned(), Value::from(view.task_type.clone()));
            body.insert("createTime".to_owned(), seconds(view.created_at_ms));
            body.insert("endTime".to_owned(), seconds(*ended_at_ms));
            Value::Object(body)
        }
    };
    if let Some(fields) = body.as_object_mut() {
        fields.insert("taskId".to_owned(), Value::from(view.task.0.to_string()));
    }
    ok(body)
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

pub(super) fn balance(available: Amount, notice: Option<&str>) -> Answer {
    let mut body = json!({"errorId": 0, "balance": available.as_dollars()});
    if let (Some(notice), Some(fields)) = (notice, body.as_object_mut()) {
        fields.insert("notice".to_owned(), Value::from(notice));
    }
    ok(body)
}

pub(super) fn reported(refund: Option<Decision>) -> Answer {
    let mut body = json!({"errorId": 0, "status": "success"});
    if let (Some(refund), Some(fields)) = (refund, body.as_object_mut()) {
        fields.insert("refund".to_owned(), Value::from(refund.as_str()));
    }
    ok(body)
}

pub(super) fn refused(refusal: &Refusal) -> Answer {
    ok(Value::Object(error(refusal)))
}

fn error(refusal: &Refusal) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("errorId".to_owned(), Value::from(refusal.code.error_id()));
    body.insert("errorCode".to_owned(), Value::from(refusal.code.as_str()));
    body.insert("errorDescription".to_owned(), Value::from(description(refusal)));
    body
}

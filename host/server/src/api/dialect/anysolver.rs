//! The default dialect: the AnySolver page's shape, with `status` in every answer about a task. Always HTTP 200: its clients
//! read the body whatever the status.

use capstan_domain::complaint::Decision;
use capstan_domain::{Amount, TaskId};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Answer, description, seconds};
use crate::tasks::{Created, Ending, Refusal, TaskView};

/// The page's fields; those without a value are not sent. A solution is written from where it lies: results are asked for
/// more than anything else.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'v> {
    error_id: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<TaskId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    solution: Option<&'v Map<String, Value>>,
    /// Dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_type: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
}

fn ok(body: &impl Serialize) -> Answer {
    Answer::json(200, body)
}

pub(super) fn created(created: &Created) -> Answer {
    match created.solved() {
        Some(view) => result(view),
        None => ok(&Body { task_id: Some(created.task), status: Some("processing"), ..Body::default() }),
    }
}

pub(super) fn result(view: &TaskView) -> Answer {
    let about = Body {
        task_id: Some(view.task),
        task_type: Some(&view.task_type),
        create_time: Some(seconds(view.created_at_ms)),
        ..Body::default()
    };
    ok(&match &view.ending {
        Ending::Open => Body { status: Some("processing"), ..about },
        Ending::Solved { solution, cost, provider, ended_at_ms } => Body {
            status: Some("ready"),
            solution: Some(solution),
            cost: Some(cost.as_dollars()),
            provider: Some(provider),
            end_time: Some(seconds(*ended_at_ms)),
            ..about
        },
        Ending::Failed { code, detail, ended_at_ms } => {
            let Body { error_id, error_code, error_description, .. } = error(&Refusal::new(*code, detail.clone()));
            let (status, end_time) = (Some("failed"), Some(seconds(*ended_at_ms)));
            Body { error_id, error_code, error_description, status, end_time, ..about }
        }
    })
}

pub(super) fn balance(available: Amount, notice: Option<&str>) -> Answer {
    let mut body = json!({"errorId": 0, "balance": available.as_dollars()});
    if let (Some(notice), Some(fields)) = (notice, body.as_object_mut()) {
        fields.insert("notice".to_owned(), Value::from(notice));
    }
    ok(&body)
}

pub(super) fn reported(refund: Option<Decision>) -> Answer {
    let mut body = json!({"errorId": 0, "status": "success"});
    if let (Some(refund), Some(fields)) = (refund, body.as_object_mut()) {
        fields.insert("refund".to_owned(), Value::from(refund.as_str()));
    }
    ok(&body)
}

pub(super) fn refused(refusal: &Refusal) -> Answer {
    ok(&error(refusal))
}

fn error(refusal: &Refusal) -> Body<'static> {
    Body {
        error_id: refusal.code.error_id(),
        error_code: Some(refusal.code.as_str()),
        error_description: Some(description(refusal)),
        ..Body::default()
    }
}

//! `POST /getTaskResult`.

use capstan_domain::code::ErrorCode;
use serde_json::{Map, Value};

use super::auth::Caller;
use super::dialect::{Answer, Dialect};
use crate::app::App;
use crate::tasks::{self, Refusal};

pub(super) async fn answer(
    app: &App,
    dialect: Dialect,
    caller: &Caller,
    body: &Map<String, Value>,
) -> Result<Answer, Refusal> {
    let id = match body.get("taskId") {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        None | Some(Value::Null) => return Err(Refusal::new(ErrorCode::TaskNotFound, "taskId is missing.")),
        Some(_) => return Err(Refusal::new(ErrorCode::TaskNotFound, "taskId must be text.")),
    };
    let view = tasks::result(app, caller, &id).await?;
    Ok(dialect.result(&view))
}

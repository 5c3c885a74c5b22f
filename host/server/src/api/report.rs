//! The field's calls that say of a solution whether it worked.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::auth::{self, Caller};
use super::dialect::{self, Answer, Dialect};
use super::fields::{self, bad};
use crate::app::App;
use crate::tasks::{self, Refusal};

/// `reportCorrect…` and `reportIncorrect…`.
pub(super) async fn answer(
    app: &Arc<App>,
    dialect: Dialect,
    caller: &Caller,
    (body, correct): (&Map<String, Value>, bool),
) -> Result<Answer, Refusal> {
    let allowance = auth::limit(app, caller)?;
    tasks::report(app, caller, fields::task_name(body)?, correct).await?;
    Ok(Answer { allowance: Some(allowance), ..dialect::reported(dialect) })
}

/// capsolver's `feedbackTask`: `result.invalid` says that the solution did not work.
pub(super) fn feedback(body: &Map<String, Value>) -> Result<bool, Refusal> {
    let expected = || bad("result.invalid: it must be true or false");
    let Some(Value::Object(result)) = fields::given(body, "result") else { return Err(expected()) };
    match fields::given(result, "invalid") {
        Some(Value::Bool(invalid)) => Ok(!invalid),
        Some(Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) | None => {
            Err(expected())
        }
    }
}

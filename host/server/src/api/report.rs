//! The field's calls that say of a solution whether it worked.

use std::sync::Arc;

use capstan_domain::complaint::Decision;
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
    let refund = tasks::report(app, caller, fields::task_name(body)?, correct).await?;
    let notice = refund.map(notice);
    Ok(Answer { allowance: Some(allowance), notice, ..dialect::reported(dialect, refund) })
}

/// What was decided on a complaint, for those who read no field beyond their dialect's.
pub(super) fn notice(refund: Decision) -> String {
    format!("refund={}", refund.as_str())
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

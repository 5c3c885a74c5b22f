//! `POST /createTask`.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value};

use super::auth::{self, Caller};
use super::dialect::{Answer, Dialect};
use crate::app::App;
use crate::tasks::{self, Refusal};

pub(super) async fn answer(
    app: &Arc<App>,
    dialect: Dialect,
    (caller, began): (&Caller, Instant),
    body: &Map<String, Value>,
) -> Result<Answer, Refusal> {
    auth::may_create(caller)?;
    auth::limit(app, caller)?;
    let request = dialect.read_create(body)?;
    let created = tasks::create(app, caller, request, began).await?;
    Ok(dialect.created(&created))
}

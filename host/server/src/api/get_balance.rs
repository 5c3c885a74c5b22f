//! `POST /getBalance`: what the account can spend.

use super::auth::{self, Caller};
use super::dialect::{Answer, Dialect};
use crate::app::App;
use crate::tasks::{self, Refusal};

pub(super) async fn answer(app: &App, dialect: Dialect, caller: &Caller) -> Result<Answer, Refusal> {
    auth::limit(app, caller)?;
    Ok(dialect.balance(tasks::balance(app, caller).await?))
}

//! How the exchange says no: a status, a code for programs, and a sentence that names the field.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use capstan_storage::{ChangeRefusal, PayoutState};
use serde_json::json;

use crate::exchange::ExchangeError;

/// A refusal.
#[derive(Debug)]
pub(super) struct Failure {
    status: u16,
    code: &'static str,
    message: String,
    field: Option<String>,
    retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), field: None, retry_after: None }
    }

    /// A field that cannot be what it is.
    pub(super) fn field(field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(400, "INVALID_FIELD", message) }
    }

    /// The same about a field inside of another one.
    pub(super) fn within(self, outer: &str) -> Self {
        Self { field: self.field.map(|field| format!("{outer}.{field}")), ..self }
    }

    /// The field that it is about.
    #[cfg(test)]
    pub(super) fn named(&self) -> Option<&str> {
        self.field.as_deref()
    }

    pub(super) fn unknown(what: &str) -> Self {
        Self::new(404, "NOT_FOUND", format!("There is no such {what} of yours."))
    }

    pub(super) fn too_often(wait: Duration) -> Self {
        let failure = Self::new(429, "TOO_MANY_REQUESTS", "That was asked for too often.");
        Self { retry_after: Some(wait), ..failure }
    }

    /// What is not the contributor's to know is logged.
    pub(super) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "a contributor's request failed");
        Self::new(500, "INTERNAL", "The gateway failed. Nothing says whether it was done: look before you repeat it.")
    }
}

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Bad { field, message } => Self::field(&field, message),
            ExchangeError::Unknown(what) => Self::unknown(what),
            ExchangeError::Refused(refusal) => refused(&refusal),
            ExchangeError::Store(_)
            | ExchangeError::Vault(_)
            | ExchangeError::Reload(_)
            | ExchangeError::Internal(_) => Self::internal(&error),
        }
    }
}

/// What of a change's refusals a contributor can meet, in the contributor's words.
pub(super) fn refused(refusal: &ChangeRefusal) -> Failure {
    let conflict = |code, message: &str| Failure::new(409, code, message);
    match refusal {
        ChangeRefusal::AccountNotActive | ChangeRefusal::AccountClosed => {
            Failure::new(403, "ACCOUNT_NOT_ACTIVE", "The account is suspended or closed; it can withdraw, and be paid.")
        }
        ChangeRefusal::ContributionForbidden => {
            let why =
                "The operator does not allow credentials of this provider to be contributed: its terms may forbid it.";
            Failure { field: Some("provider".to_owned()), ..Failure::new(403, "CONTRIBUTION_FORBIDDEN", why) }
        }
        ChangeRefusal::CredentialOfAnother(_) => {
            let why = "Somebody else has contributed the same credential. If it is yours, POST /claims says so.";
            Failure { field: Some("fields".to_owned()), ..conflict("CREDENTIAL_KNOWN", why) }
        }
        ChangeRefusal::CredentialBeingWithdrawn => conflict(
            "BEING_WITHDRAWN",
            "It is being withdrawn: when its last tasks have ended, within minutes, it can be contributed again.",
        ),
        ChangeRefusal::CredentialBarred => {
            let why = "This key may not be contributed again: the operator had disabled it, or it was found to be somebody else's.";
            Failure { field: Some("fields".to_owned()), ..Failure::new(403, "CREDENTIAL_BARRED", why) }
        }
        ChangeRefusal::CredentialChanged => {
            conflict("CHANGED_MEANWHILE", "It has changed meanwhile: look at it, and ask again.")
        }
        ChangeRefusal::EarningsTooSmall(has) => conflict(
            "EARNINGS_TOO_SMALL",
            &format!(
                "There are {has} USD of matured earnings that are not asked for yet; what is pending matures later."
            ),
        ),
        ChangeRefusal::PayoutReferenceTaken | ChangeRefusal::ReferenceTaken(_) => {
            let why = "Something else was asked for by this reference, or it is over: use another one.";
            Failure { field: Some("reference".to_owned()), ..conflict("REFERENCE_TAKEN", why) }
        }
        ChangeRefusal::PayoutOver(PayoutState::Paid) => conflict("PAYOUT_OVER", "It is paid."),
        ChangeRefusal::PayoutOver(PayoutState::Requested | PayoutState::Refused | PayoutState::Cancelled) => {
            conflict("PAYOUT_OVER", "It is over.")
        }
        ChangeRefusal::TopUp(_)
        | ChangeRefusal::AccountHasBalance(_)
        | ChangeRefusal::AccountHasOpenTasks
        | ChangeRefusal::BalanceTooSmall(_)
        | ChangeRefusal::NoEarning
        | ChangeRefusal::EarningMatured
        | ChangeRefusal::TakenBackBefore
        | ChangeRefusal::SecretKnown(_)
        | ChangeRefusal::ClaimDecided => {
            tracing::error!(?refusal, "a contributor met a refusal that is none of theirs");
            Failure::new(500, "INTERNAL", "The gateway failed.")
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self { status, code, message, field, retry_after } = self;
        let body = json!({"error": {"code": code, "message": message, "field": field}}).to_string();
        let mut response = answer(status, body, "application/json");
        if status == 401 {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
        }
        response
    }
}

/// An answer that is kept nowhere.
pub(super) fn answer(status: u16, body: String, kind: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

pub(super) async fn no_such_path() -> Failure {
    Failure::new(
        404,
        "NOT_FOUND",
        "There is nothing at this path; /exchange/v1 is described in the exchange's documentation.",
    )
}

pub(super) async fn no_such_method() -> Failure {
    Failure::new(405, "NO_SUCH_METHOD", "This path takes another method.")
}

//! `/exchange/v1`: the Provider Exchange for contributors, in JSON. What they authenticate with is a token of their own, never a
//! `clientKey`, which sits in scripts.
//!
//! | method and path | what |
//! |---|---|
//! | `GET /statement`, `GET /providers` | what a contributor signs; where credentials may be contributed |
//! | `GET`, `POST /credentials` | the own ones; contributes one |
//! | `GET`, `PATCH`, `DELETE /credentials/{id}` | one of them; its limits; withdraws it |
//! | `POST /credentials/{id}/pause`, `…/resume`, `…/check` | its life |
//! | `POST /credentials/{id}/agree` | to what its provider's adapter asks for anew |
//! | `GET /credentials/{id}/uses`, `…/days`, `…/events` | what was made of it, and what happened to it |
//! | `GET /earnings`, `GET /earnings/statement` | what was earned |
//! | `POST /spendings`; `GET`, `POST /payouts`, `DELETE /payouts/{id}` | what becomes of it |
//! | `GET`, `POST /claims` | that somebody else has contributed the own credential |
//!
//! Reading order: here (who asks, how it is refused), [`fields`] (what was sent), [`credentials`], [`earnings`].

mod caller;
mod credentials;
mod earnings;
mod failure;
mod fields;
mod shown;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{delete, get, post};
use capstan_domain::AccountId;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use failure::Failure;

/// What the exchange's pages need.
pub(super) struct Front {
    app: Arc<App>,
    /// Requests of one token.
    requests: DefaultKeyedRateLimiter<Uuid>,
    /// What makes this gateway ask a provider or read everything anew, of one account: whoever tries out found keys must be slow.
    outward: DefaultKeyedRateLimiter<AccountId>,
}

/// What every handler answers.
type Answer = Result<axum::response::Response, Failure>;

/// After so many at once, a token has ten requests a second.
const BURST: u32 = 50;
/// After so many at once, an account makes the gateway ask a provider once in half a minute.
const OUTWARD_BURST: u32 = 20;

impl Front {
    fn new(app: &Arc<App>) -> Self {
        let quota = |every: Duration, burst: u32| {
            let quota = Quota::with_period(every).unwrap_or(Quota::per_minute(NonZeroU32::MIN));
            quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
        };
        Self {
            app: Arc::clone(app),
            requests: RateLimiter::keyed(quota(Duration::from_millis(100), BURST)),
            outward: RateLimiter::keyed(quota(Duration::from_secs(30), OUTWARD_BURST)),
        }
    }

    /// Counts something that makes this gateway ask a provider.
    fn asks_outward(&self, account: AccountId) -> Result<(), Failure> {
        self.outward.retain_recent();
        self.outward.check_key(&account).map_err(|_| Failure::too_often(Duration::from_secs(30)))
    }
}

/// The exchange's router, beside the client API's.
pub fn exchange_router(app: &Arc<App>) -> Router {
    let routes = Router::new()
        .route("/statement", get(credentials::statement))
        .route("/providers", get(credentials::providers))
        .route("/credentials", get(credentials::list).post(credentials::contribute))
        .route("/credentials/{id}", get(credentials::one).patch(credentials::set_limits).delete(credentials::withdraw))
        .route("/credentials/{id}/pause", post(credentials::pause))
        .route("/credentials/{id}/resume", post(credentials::resume))
        .route("/credentials/{id}/check", post(credentials::check))
        .route("/credentials/{id}/agree", post(credentials::agree))
        .route("/credentials/{id}/uses", get(credentials::uses))
        .route("/credentials/{id}/days", get(credentials::days))
        .route("/credentials/{id}/events", get(credentials::events))
        .route("/claims", get(credentials::claims).post(credentials::claim))
        .route("/earnings", get(earnings::summary))
        .route("/earnings/statement", get(earnings::statement))
        .route("/spendings", post(earnings::spend))
        .route("/payouts", get(earnings::payouts).post(earnings::request))
        .route("/payouts/{id}", delete(earnings::cancel))
        .fallback(failure::no_such_path)
        .method_not_allowed_fallback(failure::no_such_method);
    Router::new().nest("/exchange/v1", routes.with_state(Arc::new(Front::new(app))))
}

fn json(status: u16, value: &Value) -> axum::response::Response {
    failure::answer(status, value.to_string(), "application/json")
}

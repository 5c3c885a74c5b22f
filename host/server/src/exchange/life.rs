//! How a contributed credential changes: the rule is asked ([`CredentialStatus::after`]), the step is written with what its owner
//! and the audit log are told, and put in force.

use std::sync::Arc;

use capstan_domain::CredentialId;
use capstan_domain::exchange::{CredentialStatus, Happening, life};
use capstan_storage::{Change, ChangeRefusal, Contribution, Credential, LifeStep, Store};
use serde_json::json;

use super::{ExchangeError, words};
use crate::app::App;
use crate::clock;
use crate::operate::audit_line;

/// Something that happens to a credential.
pub(crate) struct Happens<'h> {
    /// What.
    pub(crate) happening: Happening,
    /// Why it is not in use, for its owner.
    pub(crate) reason: Option<String>,
    /// Who did it.
    pub(crate) actor: &'h str,
    /// What divides the waits of its provider, for trials.
    pub(crate) time_scale: u32,
}

/// Another process may have changed it since it was read; then it is read again, so many times at most.
const MOST_TRIES: u32 = 8;

/// Lets something happen to a contributed credential, puts it in force, and answers how it stands then.
pub(crate) async fn happens(
    app: &Arc<App>,
    credential: CredentialId,
    what: &Happens<'_>,
) -> Result<CredentialStatus, ExchangeError> {
    let (status, changed) = write(&app.store, credential, what).await?;
    if changed {
        app.reload().await?;
        app.exchange.wake.notify_one();
        tracing::info!(credential.id = %credential, status = status.as_str(), "a contributed credential has changed");
    }
    Ok(status)
}

/// The same without putting it in force: answers how it stands, and whether that has changed.
pub(crate) async fn write(
    store: &Store,
    credential: CredentialId,
    what: &Happens<'_>,
) -> Result<(CredentialStatus, bool), ExchangeError> {
    for _ in 0..MOST_TRIES {
        let (row, contribution) = find(store, credential).await?;
        let Some(step) = step((&row, &contribution), what) else { return Ok((row.status, false)) };
        let to = step.to;
        let detail = json!({"from": step.from, "to": to, "reason": step.reason});
        let line = audit_line(what.actor, "exchange", (format!("credential {credential}"), &detail));
        match store.apply(Change::Live(step), line).await? {
            Ok(_) => return Ok((to, true)),
            Err(ChangeRefusal::CredentialChanged) => {}
            Err(refusal) => return Err(ExchangeError::Refused(refusal)),
        }
    }
    Err(ExchangeError::Refused(ChangeRefusal::CredentialChanged))
}

/// A contributed credential as the database has it.
pub(crate) async fn find(store: &Store, id: CredentialId) -> Result<(Credential, Contribution), ExchangeError> {
    let (row, contribution) = (store.find_credential(id).await?, store.find_contribution(id).await?);
    row.zip(contribution).ok_or(ExchangeError::Unknown("contributed credential"))
}

/// The step that follows, if any.
fn step((row, contribution): (&Credential, &Contribution), what: &Happens<'_>) -> Option<LifeStep> {
    let to = row.status.after(what.happening)?;
    let unfit_looks = match what.happening {
        Happening::OutOfFunds | Happening::Refused => contribution.unfit_looks.saturating_add(1),
        Happening::Funded | Happening::Pause | Happening::Resume | Happening::Withdraw => 0,
        Happening::Disable | Happening::Enable => 0,
    };
    let wait_ms = if to == CredentialStatus::Pending { 0 } else { wait_ms(unfit_looks, what.time_scale) };
    let reason = what.reason.clone().filter(|_| to != CredentialStatus::Active);
    let detail = json!({"reason": reason});
    Some(LifeStep {
        credential: row.id,
        from: row.status,
        to,
        look_at_ms: to.is_looked_at().then(|| clock::now_ms().saturating_add(wait_ms)),
        unfit_looks,
        event: words::event(row.id, to.as_str(), &detail),
        reason,
    })
}

/// The wait before the next look, in the provider's own time.
pub(crate) fn wait_ms(unfit_looks: u32, time_scale: u32) -> i64 {
    life::next_look_ms(unfit_looks) / i64::from(time_scale.max(1))
}

//! Looks at providers' balances: once in a while by one node, each held against the books, with an alarm when more is gone than
//! is booked; and in between, where little is left, for this node's router alone.

use std::sync::Arc;
use std::time::Duration;

use capstan_domain::Amount;
use capstan_domain::reconcile::Verdict;
use capstan_egress::Waiting;
use capstan_storage::{BalanceLook, NewBalanceLook, StoreError};

use super::drive::{self, Party, Told};
use crate::app::App;
use crate::clock;
use crate::providers::{self, Credential, Provider, Snapshot};

/// Longest that a provider may take to tell a balance, in milliseconds.
const TOLD_WITHIN_MS: i64 = 30_000;
/// Shortest time between a look at a credential and one before its time, in the provider's own time.
const LOOK_AGAIN_MS: u32 = 60_000;
/// How often it is seen after whether a look is due before its time.
const SEE_AFTER: Duration = Duration::from_secs(1);

/// Looks at every credential in use whose provider tells balances. One that cannot be looked at now is looked at next time.
pub(crate) async fn look_at_balances(app: &Arc<App>) {
    for (provider, credential) in tellable(&app.snapshot.load()) {
        if app.shutdown.is_cancelled() {
            return;
        }
        match look(app, &provider, &credential).await {
            Some(look) => tell(app, &look),
            None => app.metrics.balance_looked(&provider.id, "failed"),
        }
    }
}

/// Takes over what the newest looks found, whoever made them: before a restart, or the node that looks for all. What was spent
/// since is not known here, so that it may be too much; then a provider says that nothing is left, and it is looked at anew.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn recall_balances(app: &App) -> Result<(), StoreError> {
    let snapshot = app.snapshot.load_full();
    for look in app.store.list_balance_looks().await? {
        let Some((_, credential)) = snapshot.find(look.credential) else { continue };
        credential.known_balance.recalled(look.balance, look.at_ms, counts_until_ms(app, look.at_ms));
    }
    Ok(())
}

/// Looks before its time at every credential of which that is due, until the process stops. For this node's router alone: it is
/// not written, and not held against the books.
pub(crate) async fn look_at_low_balances(app: Arc<App>) {
    if app.limits.balance_check_every.is_zero() {
        return;
    }
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(SEE_AFTER) => {}
        }
        let mut due = tellable(&app.snapshot.load());
        let now_ms = clock::now_ms();
        due.retain(|(provider, credential)| {
            credential.known_balance.is_due(now_ms, provider.in_our_time(LOOK_AGAIN_MS))
        });
        for (provider, credential) in due {
            if app.shutdown.is_cancelled() {
                return;
            }
            let verdict = if ask(&app, &provider, &credential).await.is_some() { "between" } else { "failed" };
            app.metrics.balance_looked(&provider.id, verdict);
        }
    }
}

/// Every credential in use whose provider tells balances.
fn tellable(snapshot: &Snapshot) -> Vec<(Arc<Provider>, Arc<Credential>)> {
    let tells = |provider: &Provider| provider.is_in_use() && provider.abilities.balance;
    let in_use = snapshot.credentials().filter(|credential| credential.is_in_use());
    in_use.filter_map(|c| snapshot.find(c.id).filter(|(provider, _)| tells(provider))).collect()
}

/// What is found counts for two rounds of looks: one may fail.
fn counts_until_ms(app: &App, at_ms: i64) -> i64 {
    let rounds_ms = app.limits.balance_check_every.as_millis().saturating_mul(2);
    at_ms.saturating_add(i64::try_from(rounds_ms).unwrap_or(i64::MAX))
}

async fn look(app: &App, provider: &Provider, credential: &Credential) -> Option<BalanceLook> {
    let balance = ask(app, provider, credential).await?;
    let look = NewBalanceLook { credential: credential.id, at_ms: clock::now_ms(), balance };
    match app.store.record_balance_look(look).await {
        Ok(look) => Some(look),
        Err(error) => {
            tracing::error!(credential.id = %credential.id, error = &error as &dyn std::error::Error, "a balance could not be taken down");
            None
        }
    }
}

/// Asks a provider for a balance, in US dollars, and lets the router know.
async fn ask(app: &App, provider: &Provider, credential: &Credential) -> Option<Amount> {
    let asked = credential.known_balance.asked(clock::now_ms());
    let (until_ms, waiting) = (clock::now_ms().saturating_add(TOLD_WITHIN_MS), Waiting::default());
    let party = Party { provider, credential: Some(credential), until_ms, waiting: &waiting };
    let balance = match drive::balance(app, &party).await {
        // Another currency cannot be held against the books.
        Ok(Told::Balance(money)) => providers::dollars(&money)?,
        Ok(Told::Failed(fault)) => {
            tracing::warn!(provider.id = %provider.id, credential.id = %credential.id, fault = fault.class.as_str(), "a balance was not told");
            return None;
        }
        Err(cut_off) => {
            tracing::warn!(provider.id = %provider.id, credential.id = %credential.id, error = &cut_off as &dyn std::error::Error, "a look at a balance was cut off");
            return None;
        }
    };
    let now_ms = clock::now_ms();
    credential.known_balance.seen(balance, asked, counts_until_ms(app, now_ms));
    Some(balance)
}

fn tell(app: &App, look: &BalanceLook) {
    app.metrics.balance_looked(&look.provider, look.verdict.as_str());
    let (provider, credential, balance) = (&look.provider, look.credential, look.balance);
    let Some((spent, booked)) = look.since else { return };
    match look.verdict {
        Verdict::First | Verdict::Agrees => {}
        Verdict::Less => {
            tracing::info!(provider.id = %provider, credential.id = %credential, %balance, %spent, %booked, "less is gone from a balance than is booked: topped up, or charged less");
        }
        Verdict::More => {
            tracing::error!(provider.id = %provider, credential.id = %credential, %balance, %spent, %booked, "more is gone from a balance than is booked");
        }
    }
}

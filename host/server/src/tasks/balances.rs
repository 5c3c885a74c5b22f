//! Looks at providers' balances: once in a while by one node, each held against the books, with an alarm when more is gone than
//! is booked; and in between, where little is left, for this node's router alone.

use std::sync::Arc;
use std::time::Duration;

use capstan_domain::Amount;
use capstan_domain::adapter::{Fault, Money};
use capstan_domain::reconcile::Verdict;
use capstan_egress::Waiting;
use capstan_storage::{BalanceLook, NewBalanceLook, StoreError};

use super::drive::{self, Asked, Party};
use crate::app::App;
use crate::clock;
use crate::providers::{self, Credential, Provider, Snapshot};

/// Longest that a provider may take to tell a balance, in milliseconds.
const TOLD_WITHIN_MS: i64 = 30_000;
/// What is found counts for an hour at least, where nobody looks regularly.
const LEAST_COUNTS_MS: u128 = 3_600_000;
/// What must be left of a lent credential is held against nothing older, in its provider's own time: other nodes spend as well.
const RESERVE_KNOWN_MS: u32 = 600_000;
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
            Some(look) => tell(app, &look, credential.lent.is_some()),
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
    let are_regular = !app.limits.balance_check_every.is_zero();
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(SEE_AFTER) => {}
        }
        let mut due = tellable(&app.snapshot.load());
        let now_ms = clock::now_ms();
        due.retain(|(provider, credential)| {
            let (known, rest_ms) = (&credential.known_balance, provider.in_our_time(LOOK_AGAIN_MS));
            // What must be left of a lent one cannot be kept where nobody knows what is there.
            let has_reserve = credential.lent.as_ref().is_some_and(|lent| lent.limits.reserve > Amount::ZERO);
            let is_old = || known.was_asked_before(now_ms, provider.in_our_time(RESERVE_KNOWN_MS));
            if has_reserve && (known.gives(now_ms).is_none() || is_old()) {
                known.look_soon();
            }
            (are_regular || has_reserve) && known.is_due(now_ms, rest_ms)
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
    let found = snapshot.credentials().filter_map(|credential| snapshot.find(credential.id));
    found.filter(|(provider, credential)| provider.abilities.balance && provider.may_use(credential)).collect()
}

/// What is found counts for two rounds of looks: one may fail.
fn counts_until_ms(app: &App, at_ms: i64) -> i64 {
    let rounds_ms = app.limits.balance_check_every.as_millis().saturating_mul(2).max(LEAST_COUNTS_MS);
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

/// What a provider says to a question for a balance.
pub(crate) enum BalanceTold {
    /// So much is there.
    Money(Money),
    /// It does not say.
    Failed(Fault),
    /// It could not be asked.
    CutOff,
}

/// Asks a credential's provider for its balance, and lets the router know.
pub(crate) async fn ask_balance(app: &App, provider: &Provider, credential: &Credential) -> BalanceTold {
    let asked = credential.known_balance.asked(clock::now_ms());
    let (until_ms, waiting) = (clock::now_ms().saturating_add(TOLD_WITHIN_MS), Waiting::default());
    let party = Party { provider, credential: Some(credential), until_ms, waiting: &waiting };
    match drive::balance(app, &party).await {
        Ok(Asked::Told(money)) => {
            if let Some(balance) = providers::dollars(&money) {
                credential.known_balance.seen(balance, asked, counts_until_ms(app, clock::now_ms()));
            }
            BalanceTold::Money(money)
        }
        Ok(Asked::Failed(fault)) => {
            tracing::warn!(provider.id = %provider.id, credential.id = %credential.id, fault = fault.class.as_str(), "a balance was not told");
            BalanceTold::Failed(fault)
        }
        Err(cut_off) => {
            tracing::warn!(provider.id = %provider.id, credential.id = %credential.id, error = &cut_off as &dyn std::error::Error, "a look at a balance was cut off");
            BalanceTold::CutOff
        }
    }
}

/// Asks a provider for a balance, in US dollars.
async fn ask(app: &App, provider: &Provider, credential: &Credential) -> Option<Amount> {
    match ask_balance(app, provider, credential).await {
        // Another currency cannot be held against the books.
        BalanceTold::Money(money) => providers::dollars(&money),
        BalanceTold::Failed(_) | BalanceTold::CutOff => None,
    }
}

fn tell(app: &App, look: &BalanceLook, is_lent: bool) {
    app.metrics.balance_looked(&look.provider, look.verdict.as_str());
    let (provider, credential, balance) = (&look.provider, look.credential, look.balance);
    let Some((spent, booked)) = look.since else { return };
    match look.verdict {
        Verdict::First | Verdict::Agrees => {}
        Verdict::Less => {
            tracing::info!(provider.id = %provider, credential.id = %credential, %balance, %spent, %booked, "less is gone from a balance than is booked: topped up, or charged less");
        }
        // Its owner uses it elsewhere as well, and need not say so.
        Verdict::More if is_lent => {}
        Verdict::More => {
            tracing::error!(provider.id = %provider, credential.id = %credential, %balance, %spent, %booked, "more is gone from a balance than is booked");
        }
    }
}

//! Looks at providers' balances once in a while, each held against the books, with an alarm when more is gone than is booked.

use std::sync::Arc;

use capstan_domain::reconcile::Verdict;
use capstan_egress::Waiting;
use capstan_storage::{BalanceLook, NewBalanceLook};

use super::drive::{self, Party, Told};
use crate::app::App;
use crate::clock;
use crate::providers::{self, Credential, Provider};

/// Longest that a provider may take to tell a balance, in milliseconds.
const TOLD_WITHIN_MS: i64 = 30_000;

/// Looks at every credential in use whose provider tells balances. One that cannot be looked at now is looked at next time.
pub(crate) async fn look_at_balances(app: &Arc<App>) {
    let snapshot = app.snapshot.load_full();
    for credential in snapshot.credentials().filter(|credential| credential.is_in_use()) {
        let Some(provider) = snapshot.provider(&credential.provider) else { continue };
        if !(provider.is_in_use() && provider.abilities.balance) || app.shutdown.is_cancelled() {
            continue;
        }
        match look(app, provider, credential).await {
            Some(look) => tell(app, &look),
            None => app.metrics.balance_looked(&provider.id, "failed"),
        }
    }
}

async fn look(app: &App, provider: &Provider, credential: &Credential) -> Option<BalanceLook> {
    let (until_ms, waiting) = (clock::now_ms().saturating_add(TOLD_WITHIN_MS), Waiting::default());
    let party = Party { provider, credential, until_ms, waiting: &waiting };
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
    let look = NewBalanceLook { credential: credential.id, at_ms: clock::now_ms(), balance };
    match app.store.record_balance_look(look).await {
        Ok(look) => Some(look),
        Err(error) => {
            tracing::error!(credential.id = %credential.id, error = &error as &dyn std::error::Error, "a balance could not be taken down");
            None
        }
    }
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

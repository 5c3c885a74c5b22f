//! How accounts' tasks are found by providers ([`capstan_domain::exchange::conduct`]), remembered in this process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use capstan_domain::AccountId;
use capstan_domain::adapter::FaultClass;
use capstan_domain::exchange::conduct::{Conduct, WINDOW_MS};
use moka::sync::Cache;

use crate::clock;

/// Accounts of which a provider has lately found a task bad.
pub(crate) struct Conducts {
    known: Cache<AccountId, Arc<Mutex<Conduct>>>,
}

/// Most accounts that are remembered.
const MOST: u64 = 10_000;

impl Default for Conducts {
    fn default() -> Self {
        // Twice a window: who is kept to the platform is forgotten when that is over.
        let idle = Duration::from_millis(u64::try_from(2 * WINDOW_MS).unwrap_or(0));
        Self { known: Cache::builder().max_capacity(MOST).time_to_idle(idle).build() }
    }
}

impl Conducts {
    /// Takes down what a provider said to a task; `None` that it has it. An account of which no task was ever bad is not
    /// remembered: most are.
    pub(crate) fn note(&self, account: AccountId, said: Option<FaultClass>) {
        let is_bad = match said {
            Some(FaultClass::InvalidTask) => true,
            None | Some(FaultClass::Unsolvable) => false,
            // About the provider, or not known yet.
            Some(
                FaultClass::NotSupported
                | FaultClass::Throttled(_)
                | FaultClass::NoCapacity
                | FaultClass::CredentialRejected
                | FaultClass::CredentialOutOfFunds
                | FaultClass::ProviderDown
                | FaultClass::InDoubt,
            ) => return,
        };
        let known = if is_bad { Some(self.known.get_with(account, Arc::default)) } else { self.known.get(&account) };
        let Some(known) = known else { return };
        // A poisoned lock is entered all the same: a conduct is whole between two statements.
        let begins = known.lock().unwrap_or_else(PoisonError::into_inner).note(is_bad, clock::now_ms());
        if begins {
            tracing::warn!(account.id = %account, "too many bad tasks: the account is kept to platform credentials for a while");
        }
    }

    /// Whether an account's tasks are kept to the platform's credentials.
    pub(crate) fn is_kept(&self, account: AccountId) -> bool {
        let known = self.known.get(&account);
        known.is_some_and(|known| known.lock().unwrap_or_else(PoisonError::into_inner).is_kept(clock::now_ms()))
    }
}

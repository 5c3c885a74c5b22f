//! The model: a map from ledger account to balance, and what is known of each task.

use std::collections::BTreeMap;

use capstan_domain::complaint::Decision;
use capstan_domain::{AccountId, AttemptId, CredentialId, TaskId};

/// A map of balances, in nano-dollars, by the ledger account's name.
#[derive(Clone, Default)]
pub(crate) struct Books(pub(crate) BTreeMap<String, i64>);

impl Books {
    pub(crate) fn of(&self, account: &str) -> i64 {
        self.0.get(account).copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, account: &str, nanos: i64) {
        *self.0.entry(account.to_owned()).or_default() += nanos;
    }

    /// From one to the other: what every move is made of.
    pub(crate) fn transfer(&mut self, from: &str, to: &str, nanos: i64) {
        self.add(from, -nanos);
        self.add(to, nanos);
    }
}

pub(crate) fn available(account: AccountId) -> String {
    format!("account:{account}:available")
}

pub(crate) fn held(account: AccountId) -> String {
    format!("account:{account}:held")
}

pub(crate) fn pending(account: AccountId) -> String {
    format!("contributor:{account}:pending")
}

pub(crate) fn matured(account: AccountId) -> String {
    format!("contributor:{account}:available")
}

/// How the model has a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Submitting,
    Running,
    InDoubt,
    Solved,
    Failed,
}

impl State {
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Submitting | Self::Running | Self::InDoubt)
    }
}

/// An attempt as the model has it.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    pub(crate) id: AttemptId,
    pub(crate) credential: CredentialId,
    /// Whose credential it is, where it is a contributor's.
    pub(crate) contributor: Option<AccountId>,
    /// Whether what its provider charged is in the books.
    pub(crate) is_charged: bool,
    /// Whether it is the one whose solution was captured.
    pub(crate) is_captured: bool,
}

/// A task as the model has it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) id: TaskId,
    pub(crate) payer: AccountId,
    pub(crate) hold: i64,
    pub(crate) state: State,
    /// The last is the one in hand.
    pub(crate) attempts: Vec<Tried>,
    /// What was captured.
    pub(crate) capture: i64,
    /// What was decided on the complaint about it.
    pub(crate) complaint: Option<Decision>,
}

/// A lot that a contributor has earned, or got back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lot {
    pub(crate) attempt: AttemptId,
    pub(crate) contributor: AccountId,
    pub(crate) nanos: i64,
    pub(crate) matures_at_ms: i64,
    pub(crate) is_share: bool,
    pub(crate) state: LotState,
}

/// How a lot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LotState {
    Pending,
    Matured,
    TakenBack,
}

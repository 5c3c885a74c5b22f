//! What an adapter says of itself: who its provider is, what it serves, how it may be polled.

use serde::{Deserialize, Serialize};

use super::Placement;
use crate::ProviderId;

/// What an adapter says of itself and its provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The provider's id; the key that routes, prices and credentials hang on.
    pub provider: ProviderId,
    /// The provider's name as people write it.
    pub display_name: String,
    /// The adapter's own version.
    pub version: String,
    /// Where to read about the provider.
    pub homepage: String,
    /// Where relative request URLs lead; an operator may override it in the provider's row.
    pub base_url: String,
    /// Hosts that requests may name besides the base URL's: exact names, or `*.example.com`.
    pub hosts: Vec<String>,
    /// The fields of a credential, in the order in which a form would ask for them.
    pub credential: Vec<CredentialField>,
    /// Every place in which requests will ask for a credential; others are refused.
    pub placements: Vec<Placement>,
    /// What the provider solves.
    pub task_types: Vec<ServedType>,
    /// How it may be polled.
    pub polling: PollLimits,
    /// What else it can do.
    pub abilities: Abilities,
}

/// One field of a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialField {
    /// Its name in placements.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// What it looks like and where to find it.
    pub description: String,
}

/// A task type that a provider serves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServedType {
    /// The canonical family, such as `recaptcha_v2`.
    pub family: String,
    /// Whether it is solved through the client's proxy.
    pub proxy: ProxySupport,
    /// What the provider lists for one task.
    pub list_price: Money,
    /// JSON Schema of what it needs beyond the canonical parameters.
    pub schema: Option<String>,
}

/// Whether a provider solves a task type through the client's proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxySupport {
    /// Only without one.
    Never,
    /// With or without.
    Optional,
    /// Only with one.
    Required,
}

/// A provider's rules for polling; all times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollLimits {
    /// Wait after acceptance before the first poll.
    pub first_wait_ms: u32,
    /// Shortest time between two polls of one task.
    pub interval_ms: u32,
    /// Most polls of one task.
    pub max_polls: u32,
    /// After this long the provider surely has given a task up.
    pub longest_life_ms: u32,
    /// How long a finished task's result can still be read.
    pub result_kept_ms: u32,
    /// Most tasks in one poll; 1 where the provider has no batch poll.
    pub max_batch: u32,
}

/// What a provider can do beyond submit and poll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "a set of independent abilities, as the contract's flags")]
pub struct Abilities {
    /// The same submit sent twice makes one task.
    pub idempotent_submit: bool,
    /// A task can be found by our attempt id.
    pub look_up: bool,
    /// An accepted task can be cancelled.
    pub cancel: bool,
    /// Solutions can be reported as wrong or right.
    pub report: bool,
    /// The credential's balance can be read.
    pub balance: bool,
    /// Public prices and load can be read.
    pub market: bool,
}

/// A decimal amount with its currency, as a provider writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Plain decimal, such as `0.00126`.
    pub amount: String,
    /// ISO 4217 code, such as `USD`.
    pub currency: String,
}

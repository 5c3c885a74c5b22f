//! The rules of Capstan: what a task, a price, a route and a move of money are, and what may follow what.
//!
//! Here: nouns, the task's state machine, ledger moves, the refund policy, the task catalogue, route choice, poll timing,
//! site policy, and the adapter contract in the domain's own words.
//!
//! Never here: `async`, SQL, HTTP, WebAssembly, a clock that is read, randomness that is drawn. Time, ids and random
//! draws come in as arguments, so that every rule is a table test.
//!
//! Start reading at [`task`] (life of a task), then [`ledger`] (life of money), then [`catalogue`] (what can be asked).

pub mod adapter;
pub mod amount;
pub mod catalogue;
pub mod code;
pub mod complaint;
pub mod dialect;
pub mod doubt;
pub mod exchange;
pub mod ids;
pub mod ledger;
pub mod policy;
pub mod price;
pub mod quarantine;
pub mod reconcile;
pub mod route;
pub mod schedule;
pub mod task;
pub mod trial;

pub use amount::Amount;
pub use ids::{AccountId, ApiKeyId, AttemptId, CredentialId, MoveId, ProviderId, TaskId};

//! The door: HTTP in, workers that move tasks, and the wiring of the rooms.
//!
//! Here: how clients come in ([`door`]), the client API ([`api`]), the use cases ([`tasks`]), what a gateway shares ([`app`]) and how it is opened, started
//! and stopped ([`gateway`]). Never here: SQL, a component's bytes, an outward socket, an opened credential; those are
//! `storage`, `sandbox` and `egress`. Only `api` knows HTTP; `tasks` does not know `api`'s wire forms.
//!
//! Start reading at [`tasks`], then [`api`].

pub mod adapters;
pub mod admission;
pub mod api;
pub mod app;
pub mod clock;
pub mod door;
pub mod exchange;
pub mod fixtures;
pub mod gateway;
pub mod keys;
pub mod known_balance;
mod learning;
pub mod limits;
mod line;
pub mod lock;
pub mod market;
mod master_key_check;
pub mod metrics;
pub mod operate;
pub mod providers;
pub mod quarantine;
mod recorded;
pub mod restore;
pub mod settings;
mod site_policy;
pub mod standing;
mod statements;
pub mod statistics;
pub mod switches;
pub mod tasks;
pub mod transcribing;
mod workers;

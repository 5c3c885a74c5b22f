//! What the integration tests share: a real gateway with a simulated provider, a client, and how a test is registered.
//!
//! Fakes stand at the network edge only: the simulator is a server, the gateway is the real one, on SQLite in a temporary
//! directory or on a PostgreSQL cluster that the tests start. Nothing here sleeps to wait for something: tests wait for
//! events of the simulator, or poll the API as a client does, within a bound.

#![expect(clippy::indexing_slicing, reason = "JSON answers are looked into; what is not there is null")]

pub mod client;
pub mod components;
pub mod contributor;
pub mod database;
pub mod exposition;
pub mod finding;
pub mod gateway;
pub mod hostile;
pub mod html;
pub mod libraries;
pub mod overlay;
pub mod process;
pub mod registry;
pub mod stage;
pub mod suite;
pub mod switches;

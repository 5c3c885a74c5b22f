//! What adapters share whose services speak `createTask` and `getTaskResult`: the format that anti-captcha began with and
//! that many speak since, each with its own task types, codes and habits.
//!
//! An adapter of such a service is a [`Service`] (who it is, its families, its table of codes, its habits) and a few lines
//! that hand the operations on to it. What no table can say, a conversion or a finish of its own says.
//!
//! It is a crate beside the kit and no module of it: the kit holds nothing of one wire format, and an adapter that speaks
//! another should not have to know that this one exists. CapSolver's adapter does not use it, though it speaks a relative
//! of the format: recognition is answered within `createTask`, some types have paths of their own, and its error for a
//! broken key is told by a description; as exceptions of a shared reader these would burden every other service.
//!
//! **Lives here**: the envelope, ids, statuses, errors, proxies, families, the usual parameters and solutions.
//! **Never lives here**: anything of one service.
//! **Start reading at** [`Service`], then [`Family`].

pub mod family;
pub mod faults;
pub mod given;
mod manifest;
pub mod proxy;
pub mod reply;
mod report;
mod service;
pub mod solution;
mod task;

pub use family::{Family, Needs, Pace, Parameters, Reports, Row};
pub use faults::row;
pub use reply::Answer;
pub use service::{Http, Ids, Polling, Service, State, Statuses, client_key};
pub use solution::Solution;
pub use task::Draft;

//! What adapters share whose services speak the classic format: forms to `in.php`, questions to `res.php`, answers in plain
//! text or, with `json=1`, as a small object. It began with 2captcha, and its sisters and clones speak it since.
//!
//! An adapter of such a service is a [`Service`] (who it is, its families, its table of codes, its habits) and a few lines
//! that hand the operations on to it. The methods as 2captcha documents them are in [`methods`], a constant for each family: a
//! service that takes the same fields lists them, and one that differs says where.
//!
//! **Lives here**: forms, files, proxies, ids, lines and objects, solutions, the usual methods.
//! **Never lives here**: anything of one service, such as its prices, rules for polling and codes.
//! **Start reading at** [`Service`], then [`Family`].

pub mod family;
pub mod faults;
pub mod given;
pub mod image;
mod manifest;
pub mod methods;
mod reply;
mod report;
mod service;
mod solution;
mod task;

pub use family::{Answers, Family, Pace, Row};
pub use service::{Polling, Reports, Service, State};
pub use solution::Shape;
pub use task::Draft;

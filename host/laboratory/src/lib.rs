//! The laboratory: what routing is worth, found out without spending anybody's money.
//!
//! A [`scenario`] is a seeded population of providers over an hour: prices, times, failures, outages, limits, and how all of
//! that changes. A [`trial`] sends the same tasks with the same luck through one [`chooser`]: the gateway's own router, or
//! what others do instead. [`report`] sums up, beside an oracle that knows what no router can.
//!
//! Here: models and sums. Never here: the network, a database, a clock, an adapter; and nothing of the router's own but the
//! public face that the gateway uses, so that what is tried is what runs. Numbers are drawn from a generator whose output is
//! the same everywhere and for ever: a seed names its result.
//!
//! Start reading at [`scenario`].

pub mod chooser;
pub mod oracle;
pub mod others;
pub mod plot;
pub mod report;
pub mod router;
pub mod scenario;
pub mod trial;
pub mod trouble;
pub mod world;

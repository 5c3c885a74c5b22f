//! The room as a whole, against providers on loopback addresses.

mod counting;
mod exchanging;
mod parts;
mod placing;
mod proxies;
mod refusing;
mod resolving;
mod scrubbing;
mod sealing;
mod support;
mod turns;

//! The room as a whole, against providers on loopback addresses.

mod exchanging;
mod placing;
mod refusing;
mod scrubbing;
mod sealing;
mod support;

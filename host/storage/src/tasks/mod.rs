//! Tasks and their attempts.
//!
//! [`place`] and [`settle`] are the two transactions that move money, [`charges`] what providers take without a task to
//! carry it, [`refunds`] what goes back after a complaint ([`reports`]); [`attempts`] and [`accept`] record what lies between
//! them, [`watched`] what is left of them afterwards. Every one of them begins with a look, so that a call which was made before
//! finds its own traces and gives its own answer again; then comes the fence, then compare-and-set writes. What a client asked
//! to be solved is never stored.

pub(crate) mod accept;
pub(crate) mod attempts;
pub(crate) mod charges;
mod close;
pub(crate) mod guards;
pub(crate) mod place;
mod reads;
pub(crate) mod refunds;
pub(crate) mod reports;
pub(crate) mod rows;
pub(crate) mod settle;
pub(crate) mod watched;

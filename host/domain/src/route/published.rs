//! What a provider publishes about itself for a family: its price, its speed, and how many of its workers are idle.
//!
//! A stranger's word, and up to a minute old. So it is believed where nothing better is known (the speed), or where it speaks
//! against its author (the price, the workers), and it closes a route to nobody but who would lose by it.

use crate::Amount;

/// What is published for one family; nothing where nothing is, or where it is too old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// What a task costs there, in US dollars. Clients pay what the price book says; this is what a credential is charged.
    pub price: Option<Amount>,
    /// Mean time to a solution in milliseconds of the gateway's own time.
    pub speed_ms: Option<u32>,
    /// Idle workers.
    pub idle: Option<u32>,
}

impl Published {
    /// Nothing.
    pub const NOTHING: Self = Self { price: None, speed_ms: None, idle: None };

    /// Whether all of its workers are busy.
    #[must_use]
    pub const fn nobody_is_idle(self) -> bool {
        matches!(self.idle, Some(0))
    }
}

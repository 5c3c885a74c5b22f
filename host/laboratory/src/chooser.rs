//! What chooses: the face that the router and all the others have in a trial.

use capstan_domain::route::SelectionMode;

use crate::world::{Place, Reply, World};

/// How an accepted task ended, as far as a gateway can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Whether it was solved; else it was given up, or never answered until its deadline.
    pub is_solved: bool,
    /// After how many milliseconds.
    pub took_ms: i64,
    /// After how many it was looked upon as overdue, if it was.
    pub overdue_ms: Option<i64>,
}

/// When something happens, and a number drawn for it.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Milliseconds since the scenario began.
    pub ms: i64,
    /// The draw.
    pub draw: u64,
}

/// One way of choosing. It sees what a gateway sees, when a gateway sees it.
pub trait Chooser {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// The credentials to try for a task that arrives now, in order; at most `most` of them are tried.
    fn choose(&mut self, world: &World, now: Now, most: usize) -> Vec<Place>;

    /// Whether a task may be sent there after all.
    fn enter(&mut self, _place: Place, _now: Now) -> bool {
        true
    }

    /// What a provider said to a task.
    fn replied(&mut self, _place: Place, _reply: Reply, _now: Now) {}

    /// After how many milliseconds it wants to hear that a task is still open.
    fn overdue_after_ms(&self, _place: Place) -> Option<i64> {
        None
    }

    /// A task that it accepted is still open after so many milliseconds.
    fn overdue(&mut self, _place: Place, _age_ms: i64, _now: Now) {}

    /// How a task that it accepted ended.
    fn ended(&mut self, _place: Place, _end: End, _now: Now) {}
}

/// The modes that are tried.
pub const MODES: [SelectionMode; 4] =
    [SelectionMode::AutoCheapest, SelectionMode::AutoFastest, SelectionMode::AutoMostReliable, SelectionMode::Priority];

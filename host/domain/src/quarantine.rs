//! Quarantine: when an adapter that breaks its limits or the contract gets no more tasks, and how it comes back.
//!
//! A fault is the adapter's own: out of time, a trap, a refused request, a step that makes no sense. What its provider does
//! is no fault here; routing rests credentials for that.
//!
//! What counts is a number **and** a share of the operations in a window. A number alone would quarantine a busy adapter
//! for one task type that it gets wrong; a share alone would quarantine a quiet one for its first mistake. Submits are
//! counted apart from the upkeep of accepted tasks, since there are many polls to a submit: polls that go well must not
//! hide submits that all fail, nor the other way round. Time-outs need a smaller share, because one takes as much of a
//! thread as hundreds of honest calls.
//!
//! A quarantined adapter is offered no tasks. After a while it is let have a few, as probes: if they go well it is free, at
//! the first fault it is shut out for twice as long. Polls of the tasks that it has already go on; once one of them has
//! broken a limit, one at a time and at a growing distance, until one goes well.

use std::fmt;

use serde::{Deserialize, Serialize};

/// From when on an adapter is quarantined, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Length of the window in which operations are counted, in milliseconds: a minute.
    pub window_ms: i64,
    /// Faults in the window, of submits or of upkeep, at which an adapter is quarantined: 5 …
    pub faults: u32,
    /// … if they are this many percent of the operations: 20. One bad task type of five is not enough.
    pub fault_percent: u32,
    /// Time-outs in the window at which an adapter is quarantined: 3 …
    pub time_outs: u32,
    /// … if they are this many percent of the operations: 5, which is a millisecond of a thread for each operation.
    pub time_out_percent: u32,
    /// First time without tasks, in milliseconds: 30 s. It doubles with each return.
    pub first_rest_ms: i64,
    /// Longest time without tasks: an hour.
    pub longest_rest_ms: i64,
    /// Tasks let in as probes after that time; as many operations without a fault set it free. 3.
    pub probes: u32,
    /// Shortest time between two polls that may break a limit, in milliseconds: a second. It doubles with each that does.
    pub first_poll_rest_ms: i64,
    /// Longest time between two such polls: 10 s, so that a result is read before providers drop it after 60.
    pub longest_poll_rest_ms: i64,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            window_ms: 60_000,
            faults: 5,
            fault_percent: 20,
            time_outs: 3,
            time_out_percent: 5,
            first_rest_ms: 30_000,
            longest_rest_ms: 3_600_000,
            probes: 3,
            first_poll_rest_ms: 1_000,
            longest_poll_rest_ms: 10_000,
        }
    }
}

/// What an operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A new task.
    Submit,
    /// Everything about tasks that the provider has: polls, look-ups.
    Upkeep,
}

/// How the adapter behaved in one operation, whatever its provider did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// Within its limits and the contract.
    Kept,
    /// It broke one; the word names which.
    Broke(&'static str),
    /// It used up its time.
    TimedOut(&'static str),
}

/// Why an adapter was quarantined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Too many faults.
    Faults,
    /// Too many time-outs.
    TimeOuts,
}

/// A quarantine as the operator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuarantineNote {
    /// Since when.
    pub since_ms: i64,
    /// When it is let have probes.
    pub probed_at_ms: i64,
    /// What it got wrong.
    pub work: Work,
    /// Too much of what.
    pub cause: Cause,
    /// The name of its latest fault.
    pub last_fault: &'static str,
    /// Faults in the window in which it was quarantined, time-outs included, and those since.
    pub faults: u32,
    /// Operations in that window, and faults since.
    pub operations: u32,
}

impl fmt::Display for QuarantineNote {
    /// The reason in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = match self.cause {
            Cause::Faults => "too many faults",
            Cause::TimeOuts => "too many time-outs",
        };
        let work = match self.work {
            Work::Submit => "submits",
            Work::Upkeep => "polls",
        };
        write!(f, "{cause}: {} of {} {work} failed, the last by {}", self.faults, self.operations, self.last_fault)
    }
}

/// What a note of an adapter's conduct has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is quarantined from now on.
    Quarantined(QuarantineNote),
    /// It failed as a probe, and stays quarantined for longer.
    Prolonged(QuarantineNote),
    /// It has proved itself.
    Freed,
}

/// Whether a task may be submitted through an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It may.
    Free,
    /// It may, and shows whether the quarantine can end.
    Probe,
    /// It may not.
    Shut,
}

/// What is remembered of one adapter's conduct.
#[derive(Clone, Debug, Default)]
pub struct Record {
    submits: Tally,
    upkeep: Tally,
    shut: Option<Shut>,
    /// When the last quarantine ended, and how long its last rest was: who comes back soon rests for longer.
    before: Option<(i64, i64)>,
}

#[derive(Clone, Copy, Debug)]
struct Shut {
    note: QuarantineNote,
    rest_ms: i64,
    probes_left: u32,
    kept: u32,
    /// Set once a poll has broken a limit and none has gone well since.
    polls: Option<PollRest>,
}

#[derive(Clone, Copy, Debug)]
struct PollRest {
    rest_ms: i64,
    next_at_ms: i64,
}

impl Record {
    /// Whether tasks may be routed to the adapter now.
    #[must_use]
    pub fn admits(&self, now_ms: i64) -> bool {
        let has_probe = |shut: &Shut| {
            now_ms >= shut.note.probed_at_ms
                && (shut.probes_left > 0 || now_ms >= shut.note.probed_at_ms + shut.rest_ms)
        };
        self.shut.as_ref().is_none_or(has_probe)
    }

    /// Lets a task in, or not. Probes that never led to anything are given out again after one more rest.
    pub fn enter(&mut self, rule: &Rule, now_ms: i64) -> Entry {
        if !self.admits(now_ms) {
            return Entry::Shut;
        }
        let Some(shut) = &mut self.shut else { return Entry::Free };
        if shut.probes_left == 0 {
            shut.probes_left = rule.probes;
            shut.note.probed_at_ms = now_ms;
        }
        shut.probes_left = shut.probes_left.saturating_sub(1);
        Entry::Probe
    }

    /// Lets a poll go on, or says when it may.
    ///
    /// # Errors
    /// The time before which it may not, in milliseconds.
    pub fn poll(&mut self, now_ms: i64) -> Result<(), i64> {
        let Some(rest) = self.shut.as_mut().and_then(|shut| shut.polls.as_mut()) else { return Ok(()) };
        if now_ms < rest.next_at_ms {
            return Err(rest.next_at_ms);
        }
        rest.next_at_ms = now_ms.saturating_add(rest.rest_ms);
        Ok(())
    }

    /// Takes down how the adapter behaved in an operation.
    pub fn note(&mut self, rule: &Rule, work: Work, (conduct, now_ms): (Conduct, i64)) -> Option<Change> {
        if let Some(shut) = &mut self.shut {
            let change = shut.note(rule, work, (conduct, now_ms));
            if change == Some(Change::Freed) {
                let rest_ms = shut.rest_ms;
                self.free(Some((now_ms, rest_ms)));
            }
            return change;
        }
        let tally = match work {
            Work::Submit => &mut self.submits,
            Work::Upkeep => &mut self.upkeep,
        };
        tally.add(rule, conduct, now_ms);
        let last_fault = match conduct {
            Conduct::Kept => return None,
            Conduct::Broke(name) | Conduct::TimedOut(name) => name,
        };
        let count = tally.count(rule, now_ms);
        let cause = count.verdict(rule)?;
        let rest_ms = match self.before {
            Some((freed_at_ms, rest_ms)) if now_ms - freed_at_ms <= rest_ms => rule.doubled(rest_ms),
            Some(_) | None => rule.first_rest_ms,
        };
        let note = QuarantineNote {
            since_ms: now_ms,
            probed_at_ms: now_ms.saturating_add(rest_ms),
            work,
            cause,
            last_fault,
            faults: count.faults,
            operations: count.operations,
        };
        let polls = (work == Work::Upkeep).then(|| PollRest::after(None, rule, now_ms));
        self.shut = Some(Shut { note, rest_ms, probes_left: rule.probes, kept: 0, polls });
        Some(Change::Quarantined(note))
    }

    /// How the adapter stands; `None` when it is free.
    #[must_use]
    pub fn standing(&self) -> Option<QuarantineNote> {
        self.shut.map(|shut| shut.note)
    }

    /// Ends the quarantine, and forgets what led to it; returns whether there was one.
    pub fn lift(&mut self) -> bool {
        let was_shut = self.shut.is_some();
        self.free(None);
        was_shut
    }

    fn free(&mut self, before: Option<(i64, i64)>) {
        *self = Self { before, ..Self::default() };
    }
}

impl Shut {
    fn note(&mut self, rule: &Rule, work: Work, (conduct, now_ms): (Conduct, i64)) -> Option<Change> {
        let is_probed = now_ms >= self.note.probed_at_ms;
        let last_fault = match conduct {
            Conduct::Kept => {
                if work == Work::Upkeep {
                    self.polls = None;
                }
                // Polls that go well say nothing about submits that did not, nor the other way round.
                self.kept = self.kept.saturating_add(u32::from(is_probed && work == self.note.work));
                return (self.kept >= rule.probes).then_some(Change::Freed);
            }
            Conduct::Broke(name) | Conduct::TimedOut(name) => name,
        };
        self.note.last_fault = last_fault;
        self.note.faults = self.note.faults.saturating_add(1);
        self.note.operations = self.note.operations.saturating_add(1);
        if work == Work::Upkeep {
            self.polls = Some(PollRest::after(self.polls, rule, now_ms));
        }
        // Polls of old tasks that fail are no failed probes of an adapter whose trouble is submits.
        if !is_probed || work == Work::Upkeep && self.note.work == Work::Submit {
            return None;
        }
        self.rest_ms = rule.doubled(self.rest_ms);
        self.note.probed_at_ms = now_ms.saturating_add(self.rest_ms);
        self.probes_left = rule.probes;
        self.kept = 0;
        Some(Change::Prolonged(self.note))
    }
}

impl PollRest {
    fn after(before: Option<Self>, rule: &Rule, now_ms: i64) -> Self {
        let rest_ms = before
            .map_or(rule.first_poll_rest_ms, |rest| rest.rest_ms.saturating_mul(2).min(rule.longest_poll_rest_ms));
        Self { rest_ms, next_at_ms: now_ms.saturating_add(rest_ms) }
    }
}

impl Rule {
    fn doubled(&self, rest_ms: i64) -> i64 {
        rest_ms.saturating_mul(2).min(self.longest_rest_ms)
    }
}

/// Parts of the window; the oldest is dropped as a whole.
const SLOTS: usize = 6;

/// Operations of the last window, in slots of a sixth of it each.
#[derive(Clone, Debug, Default)]
struct Tally {
    slots: [Slot; SLOTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    number: i64,
    count: Count,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    operations: u32,
    faults: u32,
    time_outs: u32,
}

impl Tally {
    fn add(&mut self, rule: &Rule, conduct: Conduct, now_ms: i64) {
        let number = slot_number(rule, now_ms);
        let place = usize::try_from(number.rem_euclid(SLOTS as i64)).unwrap_or(0);
        let Some(slot) = self.slots.get_mut(place) else { return };
        if slot.number != number {
            *slot = Slot { number, count: Count::default() };
        }
        let (fault, time_out) = match conduct {
            Conduct::Kept => (0, 0),
            Conduct::Broke(_) => (1, 0),
            Conduct::TimedOut(_) => (1, 1),
        };
        slot.count.operations = slot.count.operations.saturating_add(1);
        slot.count.faults = slot.count.faults.saturating_add(fault);
        slot.count.time_outs = slot.count.time_outs.saturating_add(time_out);
    }

    fn count(&self, rule: &Rule, now_ms: i64) -> Count {
        let oldest = slot_number(rule, now_ms) - SLOTS as i64;
        let recent = self.slots.iter().filter(|slot| slot.number > oldest);
        recent.fold(Count::default(), |sum, slot| Count {
            operations: sum.operations.saturating_add(slot.count.operations),
            faults: sum.faults.saturating_add(slot.count.faults),
            time_outs: sum.time_outs.saturating_add(slot.count.time_outs),
        })
    }
}

impl Count {
    fn verdict(&self, rule: &Rule) -> Option<Cause> {
        let is_share = |part: u32, percent: u32| {
            u64::from(part).saturating_mul(100) >= u64::from(percent).saturating_mul(u64::from(self.operations))
        };
        if self.time_outs >= rule.time_outs && is_share(self.time_outs, rule.time_out_percent) {
            return Some(Cause::TimeOuts);
        }
        (self.faults >= rule.faults && is_share(self.faults, rule.fault_percent)).then_some(Cause::Faults)
    }
}

fn slot_number(rule: &Rule, now_ms: i64) -> i64 {
    now_ms.div_euclid((rule.window_ms / SLOTS as i64).max(1))
}

#[cfg(test)]
#[path = "quarantine_tests.rs"]
mod tests;

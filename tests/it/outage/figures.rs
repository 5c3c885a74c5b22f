//! What an outage has cost, counted in tasks and in the gateway's own time, and its table.

use std::fmt::Write as _;
use std::time::Duration;

use super::load::{Asked, Fault, TIME_SCALE, Way};

/// As many tasks in a row say whether the best provider has them again: more than half of them do.
pub(super) const BACK: usize = 10;

/// As many tasks in a row say whether it is left: at most one of them goes there.
const WINDOW: usize = 20;

/// When something was so: so many tasks and so much time later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    pub(super) tasks: usize,
    pub(super) after: Duration,
}

/// What became of one load.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) way: (Fault, Way),
    /// Tasks that came in the outage, and how long it lasted.
    pub(super) tasks: usize,
    pub(super) lasted: Duration,
    /// Those that failed by its end: the first of them may have come a moment before its beginning.
    pub(super) failed: usize,
    /// Those after it that failed.
    pub(super) failed_after: usize,
    /// Those of the outage that were sent to the provider that was down.
    pub(super) at_best: usize,
    /// How long after the beginning of the outage the first client heard that its task had failed.
    pub(super) first_failed: Option<Duration>,
    /// From when on, to the end of the outage, of any twenty tasks in a row at most one was sent there.
    pub(super) moved: Option<Reached>,
    /// From when on it has more than half of the tasks again, since the end of the outage.
    pub(super) back: Option<Reached>,
}

fn at_best(asked: &[Asked]) -> usize {
    asked.iter().filter(|asked| asked.at_best).count()
}

fn reached(asked: &[Asked], is_so: impl Fn(&[Asked]) -> bool) -> Option<Reached> {
    let tasks = (0..asked.len()).find(|from| asked.get(*from..).is_some_and(&is_so))?;
    let (first, then) = (asked.first()?, asked.get(tasks)?);
    Some(Reached { tasks, after: then.at.duration_since(first.at) })
}

fn is_left(rest: &[Asked]) -> bool {
    rest.len() >= WINDOW && rest.windows(WINDOW).all(|some| at_best(some) * WINDOW <= some.len())
}

impl Figures {
    pub(super) fn new(way: (Fault, Way), lasted: Duration, [before, during, after]: [&[Asked]; 3]) -> Self {
        let began = during.first().map(|asked| asked.at);
        let until_end = |asked: &Asked| Some(asked.ended.saturating_duration_since(began?));
        let failed = || [before, during].into_iter().flatten().filter(|asked| asked.error.is_some());
        Self {
            way,
            tasks: during.len(),
            lasted,
            failed: failed().count(),
            failed_after: after.iter().filter(|asked| asked.error.is_some()).count(),
            at_best: at_best(during),
            first_failed: failed().filter_map(until_end).min(),
            moved: reached(during, is_left),
            back: reached(after, |rest| rest.get(..BACK).is_some_and(|next| at_best(next) * 2 > BACK)),
        }
    }
}

/// The table of some loads; times are the providers' own, which are longer by the scale of the trial.
pub(super) fn table<'f>(all: impl Iterator<Item = &'f Figures>) -> String {
    let mut table = "| the best | way | tasks | failed | sent to it | left after | back after |\n".to_owned();
    table.push_str("|---|---|---|---|---|---|---|\n");
    let shown = |reached: Option<Reached>| match reached {
        None => "-".to_owned(),
        Some(Reached { tasks, after }) => format!("{tasks} tasks, {:.0} s", (after * TIME_SCALE).as_secs_f64()),
    };
    for Figures { way: (fault, way), tasks, failed, at_best, moved, back, .. } in all {
        let part = |many: usize| format!("{many} ({} %)", (many * 1_000 / tasks.max(&1)) as f64 / 10.0);
        let (moved, back) = (shown(*moved), shown(*back));
        let line =
            format!("| {fault:?} | {way:?} | {tasks} | {} | {} | {moved} | {back} |", part(*failed), part(*at_best));
        let _ = writeln!(table, "{line}");
    }
    table
}

//! When a way of choosing goes away from a provider in trouble, and when it comes back: beside what it sent there before, so that
//! whoever spreads its tasks is measured by the same rule as whoever sends all of them to the best.

/// So many tasks in a row are looked at together.
const ROW: usize = 40;
/// It is gone when no row has more than this part of what it sent there before.
const LEFT: f64 = 0.25;
/// It is back when a row has at least this part.
const BACK: f64 = 0.5;

/// One trial's times, in milliseconds; none where it never happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// From the trouble's beginning until it was gone for good.
    pub away_ms: Option<i64>,
    /// From the trouble's end until it was back, where it was gone.
    pub back_ms: Option<i64>,
}

/// Looks through a trial's tasks: when each came, and whether the provider was tried for it.
#[must_use]
pub fn moved(tasks: &[(i64, bool)], (from_ms, until_ms): (i64, i64)) -> Moved {
    let (began, over) =
        (tasks.partition_point(|(ms, _)| *ms < from_ms), tasks.partition_point(|(ms, _)| *ms < until_ms));
    let part = |of: &[(i64, bool)]| {
        let sent = u32::try_from(of.iter().filter(|(_, is_sent)| *is_sent).count()).unwrap_or(u32::MAX);
        f64::from(sent) / f64::from(u32::try_from(of.len()).unwrap_or(u32::MAX).max(1))
    };
    let (before, during, after) = (
        tasks.get(..began).unwrap_or_default(),
        tasks.get(began..over).unwrap_or_default(),
        tasks.get(over..).unwrap_or_default(),
    );
    // What it knew in the first minutes is not what it did before the trouble.
    let before = part(before.get(before.len() / 2..).unwrap_or_default());
    let rows = || during.windows(ROW);
    let still = rows().rposition(|row| part(row) > before * LEFT).map_or(0, |last| last + 1);
    let left = rows().nth(still).and_then(|row| row.first());
    let is_back = |row: &&[(i64, bool)]| part(row) >= before * BACK;
    let back = left.and_then(|_| after.windows(ROW).find(is_back)).and_then(|row| row.first());
    Moved { away_ms: left.map(|(ms, _)| ms - from_ms), back_ms: back.map(|(ms, _)| ms - until_ms) }
}

/// The median over trials, in seconds; none where it never happened in half of them.
pub(crate) fn median_s(mut times_ms: Vec<Option<i64>>) -> Option<f64> {
    times_ms.sort_by_key(|ms| ms.unwrap_or(i64::MAX));
    times_ms.get(times_ms.len() / 2).copied().flatten().map(|ms| crate::world::quotient(ms, 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A task in each second: sent there until the first time, and again from the second on.
    fn tasks(gone: i64, back: i64) -> Vec<(i64, bool)> {
        (0..1_000).map(|s| (s * 1_000, s < gone || s >= back)).collect()
    }

    #[test]
    fn the_times_are_those_of_the_move() {
        let Moved { away_ms, back_ms } = moved(&tasks(350, 700), (300_000, 600_000));
        // A row that begins at 340 still has ten of forty; one that begins at 680 has twenty.
        assert_eq!((away_ms, back_ms), (Some(40_000), Some(80_000)));
    }

    #[test]
    fn who_never_left_is_never_back() {
        assert_eq!(moved(&tasks(1_000, 0), (300_000, 600_000)), Moved { away_ms: None, back_ms: None });
        let spread: Vec<_> = (0..1_000).map(|s| (s * 1_000, s % 6 == 0)).collect();
        assert_eq!(moved(&spread, (300_000, 600_000)), Moved { away_ms: None, back_ms: None });
    }

    #[test]
    fn a_task_that_finds_out_now_and_then_is_no_return() {
        let finds_out = |(ms, is_sent): (i64, bool)| (ms, is_sent || ms % 16_000 == 0);
        let tasks: Vec<_> = tasks(310, 900).into_iter().map(finds_out).collect();
        let Moved { away_ms, back_ms } = moved(&tasks, (300_000, 600_000));
        assert!(
            away_ms.is_some_and(|ms| ms < 15_000) && back_ms.is_some_and(|ms| ms > 270_000),
            "{away_ms:?} {back_ms:?}"
        );
    }

    #[test]
    fn a_median_is_there_when_most_are() {
        assert_eq!(median_s(vec![Some(5_000), None, Some(1_000)]), Some(5.0));
        assert_eq!(median_s(vec![None, None, Some(1_000)]), None);
        assert_eq!(median_s(vec![]), None);
    }
}

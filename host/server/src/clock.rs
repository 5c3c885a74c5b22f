//! The one clock, and what is drawn at random: everything else is handed its time and its ids.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use capstan_domain::{AttemptId, MoveId, TaskId};
use uuid::Uuid;

/// Milliseconds since 1970.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A new UUIDv7: sorted by creation.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "ids are made here")]
pub fn new_uuid() -> Uuid {
    Uuid::now_v7()
}

/// A task's id.
#[must_use]
pub fn new_task_id() -> TaskId {
    TaskId(new_uuid())
}

/// An attempt's id.
#[must_use]
pub fn new_attempt_id() -> AttemptId {
    AttemptId(new_uuid())
}

/// A move's id.
#[must_use]
pub fn new_move_id() -> MoveId {
    MoveId(new_uuid())
}

/// A time between a half and the whole of one, drawn at random: many processes that start together do not go on together.
#[must_use]
pub fn spread(span: Duration) -> Duration {
    let thousandths = u32::try_from(random() % 500).unwrap_or(0);
    span.saturating_mul(500 + thousandths) / 1_000
}

/// A number of 64 bits, drawn at random.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "randomness is drawn here")]
pub fn draw() -> u64 {
    // Of a v4 UUID's halves neither is random in every bit; where one is not, the other is.
    let (high, low) = Uuid::new_v4().as_u64_pair();
    high ^ low
}

/// A number from 0 below 2^62, drawn at random.
#[must_use]
pub fn random() -> i64 {
    (draw() >> 2).cast_signed()
}

/// How many of a task number's 52 bits count within a millisecond.
const COUNTED_BITS: u32 = 16;

/// A number from 1 below 2^52: a task's id for clients that need an integer. The time, and a count that each process begins
/// somewhere: numbers of the same moment are neighbours, so that a database's index of them grows at one end. They come
/// round after two years; which numbers are taken, the database knows.
#[must_use]
pub fn new_task_number() -> i64 {
    static COUNT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(draw()));
    let count = COUNT.fetch_add(1, Ordering::Relaxed) & ((1 << COUNTED_BITS) - 1);
    let number = (now_ms().cast_unsigned() << COUNTED_BITS | count) & ((1 << 52) - 1);
    number.max(1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_a_draw_is_drawn() {
        let (ones, zeros) = (0..200).map(|_| draw()).fold((0, 0), |(ones, zeros), draw| (ones | draw, zeros | !draw));
        assert_eq!((ones, zeros), (u64::MAX, u64::MAX));
        assert!((0..200).map(|_| random()).all(|drawn| (0..1 << 62).contains(&drawn)));
    }
}

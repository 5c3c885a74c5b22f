//! What has been seen of providers and credentials, in memory: a tally for each family ([`capstan_domain::route::tally`]).
//!
//! Bounded: one small tally for each of the catalogue's families, made when it is first used. A route reads a thousand of them:
//! what a tally says is kept beside it in a few words that are read without its lock, and worked out anew when it has changed
//! or has had time to fade. Whatever replaces the snapshot takes the tallies over; `learning` writes them for a restart.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use capstan_domain::catalogue;
use capstan_domain::route::{Changed, Observed, Seen, Tally};

/// What a tally says is worked out anew after so long: much less than it takes to fade.
const FRESH_MS: i64 = 10_000;

/// The tallies of one provider or one credential.
pub struct Statistics {
    families: Vec<OnceLock<Box<Kept>>>,
}

/// A tally, and what it says.
#[derive(Default)]
struct Kept {
    tally: Mutex<Tally>,
    /// Samples and success, then times for the solved and the unsolved, each two numbers of 32 bits. One may be of another
    /// moment than the other: they are estimates.
    shares: AtomicU64,
    times: AtomicU64,
    said_at_ms: AtomicI64,
    at_ms: AtomicI64,
    changed_at_ms: AtomicI64,
    /// Whether there is something to find out about it: few are in trouble, and their tally is asked itself.
    has_former: AtomicBool,
    /// Whether it has changed since it was written.
    is_new: AtomicBool,
}

impl Default for Statistics {
    fn default() -> Self {
        Self { families: catalogue::all().iter().map(|_| OnceLock::new()).collect() }
    }
}

/// A family's place in the tallies; looked up once for all of them.
#[derive(Clone, Copy, Debug)]
pub struct FamilyPlace(usize);

impl FamilyPlace {
    /// The place of the family of this canonical name.
    #[must_use]
    pub fn of(family: &str) -> Option<Self> {
        catalogue::all().iter().position(|known| known.name == family).map(Self)
    }
}

impl FamilyPlace {
    /// Its number among the catalogue's families.
    pub(crate) const fn index(self) -> usize {
        self.0
    }
}

impl Statistics {
    /// Counts the end of a task at a provider; answers when that last changed.
    pub fn note(&self, family: FamilyPlace, seen: Seen, now_ms: i64) -> Changed {
        let Some(kept) = self.families.get(family.0) else { return Changed::default() };
        let noted = |tally: &mut Tally| {
            tally.note(seen, now_ms);
            tally.changed()
        };
        kept.get_or_init(Box::default).change(now_ms, noted)
    }

    /// Counts it at a credential of that provider.
    pub fn note_within(&self, family: FamilyPlace, seen: Seen, now_ms: i64, provider: Changed) {
        if let Some(kept) = self.families.get(family.0) {
            let kept = kept.get_or_init(Box::default);
            kept.change(now_ms, |tally| tally.note_within(seen, now_ms, provider));
        }
    }

    /// A task is sent to find out whether a provider is what it was.
    pub fn tried(&self, family: FamilyPlace, now_ms: i64) {
        if let Some(kept) = self.families.get(family.0).and_then(OnceLock::get) {
            kept.change(now_ms, |tally| tally.tried(now_ms));
        }
    }

    /// Adds what was seen before a restart, or by another process.
    pub fn add(&self, family: FamilyPlace, seen: &Tally, now_ms: i64) {
        if let Some(kept) = self.families.get(family.0) {
            let kept = kept.get_or_init(Box::default);
            kept.change(now_ms, |tally| *tally = tally.and(seen));
            kept.is_new.store(false, Ordering::Relaxed);
        }
    }

    /// What has been seen, as of now.
    #[must_use]
    pub fn observed(&self, family: FamilyPlace, now_ms: i64) -> Observed {
        let kept = self.families.get(family.0).and_then(OnceLock::get);
        kept.map_or_else(Observed::default, |kept| kept.observed(now_ms))
    }

    /// After how many milliseconds an open task of the family is overdue, if that is known.
    #[must_use]
    pub fn overdue_after_ms(&self, family: FamilyPlace) -> Option<i64> {
        self.families.get(family.0)?.get()?.tally().overdue_after_ms()
    }

    /// The tallies that have changed since this was asked last, with the names of their families.
    pub fn take_new(&self) -> Vec<(&'static str, Tally)> {
        let changed = |(kept, family): (&OnceLock<Box<Kept>>, &'static catalogue::Family)| {
            let kept = kept.get().filter(|kept| kept.is_new.swap(false, Ordering::Relaxed))?;
            Some((family.name, *kept.tally()))
        };
        self.families.iter().zip(catalogue::all()).filter_map(changed).collect()
    }
}

impl Kept {
    // A poisoned lock is entered all the same: a tally is whole between two statements.
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, now_ms: i64, change: impl FnOnce(&mut Tally) -> T) -> T {
        let mut tally = self.tally();
        let changed = change(&mut tally);
        self.say(&tally, now_ms);
        self.is_new.store(true, Ordering::Relaxed);
        changed
    }

    /// Keeps what the tally says; its lock is held.
    fn say(&self, tally: &Tally, now_ms: i64) -> Observed {
        let observed = tally.observed(now_ms);
        self.shares.store(packed(observed.samples, observed.success), Ordering::Relaxed);
        self.times.store(packed(observed.latency_ms, observed.lost_ms), Ordering::Relaxed);
        self.at_ms.store(observed.at_ms, Ordering::Relaxed);
        self.changed_at_ms.store(observed.changed_at_ms, Ordering::Relaxed);
        self.has_former.store(observed.former.is_some(), Ordering::Relaxed);
        self.said_at_ms.store(now_ms, Ordering::Relaxed);
        observed
    }

    fn observed(&self, now_ms: i64) -> Observed {
        if self.has_former.load(Ordering::Relaxed) {
            return self.tally().observed(now_ms);
        }
        if now_ms.saturating_sub(self.said_at_ms.load(Ordering::Relaxed)) > FRESH_MS {
            return self.say(&self.tally(), now_ms);
        }
        let (samples, success) = unpacked(self.shares.load(Ordering::Relaxed));
        let (latency_ms, lost_ms) = unpacked(self.times.load(Ordering::Relaxed));
        let [at_ms, changed_at_ms] = [&self.at_ms, &self.changed_at_ms].map(|ms| ms.load(Ordering::Relaxed));
        Observed { samples, success, latency_ms, lost_ms, at_ms, changed_at_ms, former: None }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "24 bits of an estimate are more than is known")]
fn packed(one: f64, other: f64) -> u64 {
    (u64::from((one as f32).to_bits()) << 32) | u64::from((other as f32).to_bits())
}

#[expect(clippy::cast_possible_truncation, reason = "each half is 32 bits")]
fn unpacked(both: u64) -> (f64, f64) {
    let float = |bits: u64| f64::from(f32::from_bits(bits as u32));
    (float(both >> 32), float(both))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> FamilyPlace {
        FamilyPlace::of("turnstile").unwrap()
    }

    #[test]
    fn what_a_provider_was_is_told_when_it_is_time_to_find_out() {
        let statistics = Statistics::default();
        for (n, seen) in
            [Seen::Solved(9_000)].repeat(400).into_iter().chain([Seen::Unsolved(60_000)].repeat(30)).zip(0..)
        {
            statistics.note(place(), n, i64::from(seen) * 1_000);
        }
        assert_eq!(statistics.observed(place(), 440_000).former, None);
        let due = statistics.observed(place(), 600_000);
        assert!(due.former.is_some_and(|former| former.success > 0.8) && due.success < 0.3, "{due:?}");
        statistics.tried(place(), 600_000);
        assert_eq!(statistics.observed(place(), 600_001).former, None, "one is under way");
    }

    #[test]
    fn each_family_has_its_own_and_an_unknown_one_has_no_place() {
        let statistics = Statistics::default();
        statistics.note(place(), Seen::Solved(9_000), 1);
        assert_eq!(statistics.observed(FamilyPlace::of("hcaptcha").unwrap(), 1), Observed::default());
        let seen = statistics.observed(place(), 1);
        assert_eq!((seen.samples, seen.success, seen.latency_ms), (1.0, 1.0, 9_000.0));
        assert!(FamilyPlace::of("no_such_family").is_none());
    }

    #[test]
    fn what_is_said_follows_each_change_at_once_and_fading_soon() {
        let statistics = Statistics::default();
        statistics.note(place(), Seen::Solved(9_000), 0);
        statistics.note(place(), Seen::Unsolved(60_000), 0);
        let now = statistics.observed(place(), 0);
        assert!((now.success - 0.5).abs() < 0.01 && (now.lost_ms - 60_000.0).abs() < 1.0, "{now:?}");
        assert_eq!(statistics.observed(place(), FRESH_MS), now);
        assert!(statistics.observed(place(), 900_000).samples < 0.6 * now.samples);
    }

    #[test]
    fn what_is_new_is_taken_once_and_what_is_added_is_not_new() {
        let (one, other) = (Statistics::default(), Statistics::default());
        one.note(place(), Seen::Solved(9_000), 1);
        let new = one.take_new();
        assert_eq!(new.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["turnstile"]);
        assert!(one.take_new().is_empty());
        other.add(place(), &new[0].1, 1);
        assert!(other.take_new().is_empty());
        assert_eq!(other.observed(place(), 1), one.observed(place(), 1));
    }
}

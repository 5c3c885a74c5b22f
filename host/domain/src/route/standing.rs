//! How a credential stands: whether it rests, how much it has to do, and how much it can.
//!
//! **Rest.** A provider that says "too fast" is left alone for as long as it says: what is too fast for it gets keys blocked
//! for everybody. One that is down, never answers, or does not accept its key any more is left alone for a time that
//! doubles, and then tried by one task at a time (a breaker with a half-open probe), until one is accepted. When all rest,
//! tasks are refused: a refusal costs a client nothing, and trying what is down would cost it its time.
//!
//! **Load.** How much a credential can do at once is nobody's to configure: "too fast" says that what it had to do was as much
//! as it can, and from there on it is given more bit by bit. A credential at its learned limit is still a candidate, after all
//! others: a guess keeps no task from being tried.

/// What a credential's provider said to a task, as far as it says something about the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It was accepted, or answered with a verdict on the task.
    Good,
    /// Too fast: not again before so many milliseconds have passed, in the gateway's own time.
    TooFast(u32),
    /// The provider is down: the task was surely not accepted.
    Down,
    /// It did not answer, and may have the task: whoever tries it next may wait in vain.
    Silent,
    /// It does not accept the key, or nothing is left on it.
    Useless,
}

/// When something is noted.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Now.
    pub now_ms: i64,
    /// What divides the waits of the provider, for trials.
    pub time_scale: u32,
    /// A number drawn at random, so that credentials that went down together are not all tried together.
    pub draw: u64,
}

/// The first rest of what is down.
const DOWN_MS: f64 = 1_000.0;
/// The longest: a try costs its task next to nothing, and whoever is up again is found soon.
const DOWN_MOST_MS: f64 = 60_000.0;
/// So many answers in a row must be missing before that is more than bad luck.
const SILENT_OPENS: u32 = 3;
/// The first rest of what is silent.
const SILENT_MS: f64 = 10_000.0;
/// The longest.
const SILENT_MOST_MS: f64 = 600_000.0;
/// The first rest of a key that is of no use.
const USELESS_MS: f64 = 300_000.0;
/// The longest.
const USELESS_MOST_MS: f64 = 6.0 * 3_600_000.0;
/// Who tries it has so long to be heard of; then somebody else may.
const PROBE_MS: f64 = 60_000.0;
/// What a learned limit grows by when as many tasks as it allows were accepted once each.
const GROWS: f64 = 0.1;

/// How one credential stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    until_ms: i64,
    state: State,
    /// How often in a row it was down or useless.
    strikes: i32,
    /// How many answers in a row were missing.
    silent: u32,
    in_flight: u32,
    /// As many tasks at once as it can do; unknown where it was never too many.
    most: Option<f64>,
    /// Until when "too fast" is about the load for which the limit was cut already.
    cut_until_ms: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Open to all, once it is rested.
    #[default]
    Sound,
    /// Open to one, once it is rested.
    Broken,
    /// One is trying it.
    Tried,
}

/// What one credential has to do, beside what it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Its open tasks.
    pub in_flight: u32,
    /// As many as it can have; `u32::MAX` where that is unknown.
    pub most: u32,
}

impl Load {
    /// Nothing to do, and nothing known.
    pub const NONE: Self = Self { in_flight: 0, most: u32::MAX };

    /// Whether it has as much to do as it can.
    #[must_use]
    pub const fn is_full(self) -> bool {
        self.in_flight >= self.most
    }

    /// How full it is, as a number to compare.
    #[must_use]
    pub(super) fn fullness(self) -> f64 {
        // A limit that is unknown is taken for a wide one.
        f64::from(self.in_flight) / f64::from(self.most.min(1_000_000))
    }
}

impl Standing {
    /// Until when no task is routed to it.
    #[must_use]
    pub const fn rested_until_ms(&self) -> i64 {
        self.until_ms
    }

    /// What it has to do, beside what it can.
    #[must_use]
    pub fn load(&self) -> Load {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float above `u32::MAX` becomes that"
        )]
        let most = self.most.map_or(u32::MAX, |most| most as u32);
        Load { in_flight: self.in_flight, most }
    }

    /// Lets a task in, which counts until [`Self::leave`]; not while it rests, nor while another tries it.
    pub fn enter(&mut self, moment: Moment) -> bool {
        if self.until_ms > moment.now_ms {
            return false;
        }
        if self.state != State::Sound {
            self.state = State::Tried;
            self.until_ms = moment.after(PROBE_MS, 0.0);
        }
        self.take();
        true
    }

    /// Counts a task that is there already, as after a restart.
    pub const fn take(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
    }

    /// A task is no longer there.
    pub const fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Lets it rest at least until then.
    pub const fn rest_until(&mut self, until_ms: i64) {
        if until_ms > self.until_ms {
            self.until_ms = until_ms;
        }
    }

    /// Takes down what its provider said to a task that was let in.
    pub fn note(&mut self, word: Word, moment: Moment) {
        match word {
            Word::Good => self.good(),
            Word::TooFast(rest_ms) => {
                self.sound();
                self.cut(moment);
                self.rest_until(moment.now_ms.saturating_add(i64::from(rest_ms)));
            }
            Word::Down => self.strike((DOWN_MS, DOWN_MOST_MS), moment),
            Word::Silent => {
                self.silent = self.silent.saturating_add(1);
                if self.state == State::Tried || self.silent >= SILENT_OPENS {
                    self.strike((SILENT_MS, SILENT_MOST_MS), moment);
                }
            }
            Word::Useless => self.strike((USELESS_MS, USELESS_MOST_MS), moment),
        }
    }

    /// Whoever was let in before it broke down and is heard of only now does not mend it.
    fn good(&mut self) {
        if self.state == State::Broken {
            return;
        }
        self.sound();
        if let Some(most) = self.most.filter(|most| f64::from(self.in_flight) + 1.0 >= most.floor()) {
            self.most = Some(most + GROWS / most);
        }
    }

    /// It answers: whatever was the matter with it is over.
    const fn sound(&mut self) {
        if matches!(self.state, State::Tried) {
            self.until_ms = 0;
        }
        if !matches!(self.state, State::Broken) {
            self.state = State::Sound;
            self.strikes = 0;
            self.silent = 0;
        }
    }

    /// A rest that doubles. Of those who were let in together only the first one's word counts.
    fn strike(&mut self, (first_ms, most_ms): (f64, f64), moment: Moment) {
        if self.state == State::Broken && self.until_ms > moment.now_ms {
            return;
        }
        let rest_ms = (first_ms * 2.0_f64.powi(self.strikes)).min(most_ms);
        self.strikes = self.strikes.saturating_add(1).min(20);
        self.state = State::Broken;
        self.until_ms = moment.after(rest_ms, 0.2);
    }

    /// The task that was told "too fast" is one of those that were let in.
    fn cut(&mut self, moment: Moment) {
        let load = f64::from(self.in_flight.saturating_sub(1).max(1));
        // Those who were let in together are told "too fast" together, and mean one load: that of the first.
        if self.cut_until_ms <= moment.now_ms {
            self.most = Some(self.most.map_or(load, |most| most.min(load)));
            self.cut_until_ms = moment.after(1_000.0, 0.0);
        }
    }
}

impl Moment {
    /// A time from now, in the provider's own time, longer or shorter by a drawn part of itself.
    fn after(self, wait_ms: f64, by: f64) -> i64 {
        let drawn = f64::from(u32::try_from(self.draw >> 32).unwrap_or(0)) / f64::from(u32::MAX);
        let wait_ms = wait_ms * (1.0 + by * (2.0 * drawn - 1.0)) / f64::from(self.time_scale.max(1));
        #[expect(clippy::cast_possible_truncation, reason = "six hours in milliseconds")]
        let wait_ms = wait_ms as i64;
        self.now_ms.saturating_add(wait_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(now_ms: i64) -> Moment {
        Moment { now_ms, time_scale: 1, draw: u64::MAX / 2 }
    }

    fn entered(tasks: u32) -> Standing {
        let mut standing = Standing::default();
        (0..tasks).for_each(|_| assert!(standing.enter(at(0))));
        standing
    }

    #[test]
    fn too_fast_rests_as_long_as_was_said_and_is_then_open_to_all() {
        let mut standing = entered(2);
        standing.note(Word::TooFast(5_000), at(10));
        assert!(!standing.enter(at(5_009)) && standing.rested_until_ms() == 5_010);
        assert!(standing.enter(at(5_010)) && standing.enter(at(5_010)));
    }

    #[test]
    fn what_is_down_rests_twice_as_long_each_time_and_is_tried_by_one() {
        let mut standing = entered(1);
        let mut now = 0;
        for rest_ms in [1_000, 2_000, 4_000, 8_000] {
            standing.note(Word::Down, at(now));
            let until = standing.rested_until_ms();
            assert!((until - now - rest_ms).abs() <= 1, "{} instead of {rest_ms}", until - now);
            assert!(!standing.enter(at(until - 1)));
            now = until;
            assert!(standing.enter(at(now)) && !standing.enter(at(now)), "one tries it");
        }
        standing.note(Word::Good, at(now));
        assert!(standing.enter(at(now)) && standing.enter(at(now)));
        standing.note(Word::Down, at(now));
        assert!((standing.rested_until_ms() - now - 1_000).abs() <= 1, "the count begins again");
    }

    #[test]
    fn a_rest_has_an_end_and_a_probe_that_is_never_heard_of_too() {
        let mut standing = entered(1);
        let mut now = 0;
        for _ in 0..40 {
            standing.note(Word::Down, at(now));
            now = standing.rested_until_ms();
            assert!(standing.enter(at(now)));
        }
        standing.note(Word::Down, at(now));
        assert!((standing.rested_until_ms() - now - 60_000).abs() <= 1);
        now = standing.rested_until_ms();
        assert!(standing.enter(at(now)) && !standing.enter(at(now + 59_999)) && standing.enter(at(now + 60_000)));
    }

    #[test]
    fn those_who_were_let_in_together_are_one_strike_and_mend_nothing_later() {
        let mut standing = entered(50);
        (0..50).for_each(|_| standing.note(Word::Down, at(0)));
        assert!((standing.rested_until_ms() - 1_000).abs() <= 1);
        standing.note(Word::Good, at(500));
        assert!(!standing.enter(at(990)), "a straggler does not mend it");
    }

    #[test]
    fn one_missing_answer_is_bad_luck_and_three_in_a_row_are_not() {
        let mut standing = entered(4);
        for word in [Word::Silent, Word::Silent, Word::Good, Word::Silent, Word::Silent] {
            standing.note(word, at(0));
            assert!(standing.enter(at(0)), "{word:?}");
        }
        standing.note(Word::Silent, at(0));
        assert!((standing.rested_until_ms() - 10_000).abs() <= 1);
        let tried = standing.rested_until_ms();
        assert!(standing.enter(at(tried)));
        standing.note(Word::Silent, at(tried));
        assert!((standing.rested_until_ms() - tried - 20_000).abs() <= 2, "who tries it need not ask three times");
    }

    #[test]
    fn a_useless_key_rests_for_minutes_and_a_trial_divides_it() {
        let mut standing = entered(1);
        standing.note(Word::Useless, at(0));
        assert!((standing.rested_until_ms() - 300_000).abs() <= 1);
        let mut standing = entered(1);
        standing.note(Word::Useless, Moment { time_scale: 100, ..at(0) });
        assert!((standing.rested_until_ms() - 3_000).abs() <= 1);
        let early = Moment { draw: 0, ..at(0) }.after(1_000.0, 0.2);
        let late = Moment { draw: u64::MAX, ..at(0) }.after(1_000.0, 0.2);
        assert_eq!((early, late), (800, 1_200));
    }

    #[test]
    fn the_load_is_learned_from_too_fast_once_for_all_and_grows_slowly() {
        let mut standing = entered(41);
        assert!(!standing.load().is_full());
        for _ in 0..11 {
            standing.note(Word::TooFast(100), at(0));
            standing.leave();
        }
        assert_eq!(standing.load(), Load { in_flight: 30, most: 40 });
        (0..10).for_each(|_| standing.take());
        assert!(standing.load().is_full());
        (0..399).for_each(|_| standing.note(Word::Good, at(1)));
        assert_eq!(standing.load(), Load { in_flight: 40, most: 40 });
        (0..10).for_each(|_| standing.note(Word::Good, at(2)));
        assert_eq!(standing.load().most, 41);
        (0..20).for_each(|_| standing.leave());
        (0..1_000).for_each(|_| standing.note(Word::Good, at(3)));
        assert_eq!(standing.load().most, 41, "what it does not have to do says nothing");
        let mut one = entered(1);
        (0..9_i64).for_each(|n| one.note(Word::TooFast(100), at(n * 2_000)));
        assert_eq!(one.load().most, 1, "one task at a time can always be tried");
    }
}

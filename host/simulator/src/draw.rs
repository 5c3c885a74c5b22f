//! Repeatable chance: a value is a pure function of the seed and of what it is drawn for.
//!
//! There is no generator whose order of use could matter. A draw is addressed (seed, key, number of the create,
//! purpose), so requests that overtake each other change nothing about what happens to each of them.

/// What a draw decides. Each purpose sees its own value at the same address.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Entry = 1,
    Ending,
    ProxyFault,
    Latency,
    LatencyAngle,
    SlowReply,
    Malformed,
    Token,
    Text,
    Length,
}

/// An address in the space of all draws of one seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw(u64);

impl Draw {
    /// The root of a run.
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// The address below this one that belongs to a number.
    pub(crate) const fn at(self, number: u64) -> Self {
        Self(mix(self.0 ^ mix(number)))
    }

    /// The address below this one that belongs to some bytes.
    pub(crate) fn named(self, bytes: &[u8]) -> Self {
        self.at(digest(bytes))
    }

    /// The address below this one that belongs to a purpose.
    pub(crate) const fn of(self, purpose: Purpose) -> Self {
        self.at(purpose as u64)
    }

    /// The value drawn here, uniform in `0.0..1.0`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what the fraction of an f64 holds exactly")]
    pub(crate) fn unit(self) -> f64 {
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The value drawn here, uniform in `0..bound`; 0 where the bound is 0.
    pub(crate) fn below(self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.0 % bound).unwrap_or(0)
    }

    /// The first choice whose share of the unit interval holds this draw; none where the shares leave room.
    pub(crate) fn pick<T: Copy>(self, choices: &[(f64, T)]) -> Option<T> {
        let mut rest = self.unit();
        for &(share, choice) in choices {
            if rest < share {
                return Some(choice);
            }
            rest -= share;
        }
        None
    }
}

/// FNV-1a over the bytes: short, and the same on every machine for ever.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The output function of `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
/// Written out because a seed must keep its meaning across versions of any library.
const fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_its_address_and_on_nothing_else() {
        let here = || Draw::seeded(7).named(b"key").at(3).of(Purpose::Entry);
        assert_eq!(here().0, here().0);
        assert_ne!(here().0, Draw::seeded(8).named(b"key").at(3).of(Purpose::Entry).0);
        assert_ne!(here().0, Draw::seeded(7).named(b"kex").at(3).of(Purpose::Entry).0);
        assert_ne!(here().0, Draw::seeded(7).named(b"key").at(3).of(Purpose::Ending).0);
    }

    #[test]
    fn draws_spread_evenly_over_the_unit_interval() {
        let mut tenths = [0_u32; 10];
        for number in 0..10_000 {
            let unit = Draw::seeded(1).at(number).unit();
            assert!((0.0..1.0).contains(&unit));
            tenths[(unit * 10.0) as usize] += 1;
        }
        assert!(tenths.iter().all(|count| (900..1100).contains(count)), "{tenths:?}");
    }

    #[test]
    fn picks_follow_their_shares() {
        let picks = (0..10_000).map(|number| Draw::seeded(2).at(number).pick(&[(0.1, 'a'), (0.3, 'b')]));
        let (mut a, mut b, mut none) = (0, 0, 0);
        for pick in picks {
            match pick {
                Some('a') => a += 1,
                Some(_) => b += 1,
                None => none += 1,
            }
        }
        assert!(
            (900..1100).contains(&a) && (2800..3200).contains(&b) && (5800..6200).contains(&none),
            "{a} {b} {none}"
        );
        assert_eq!(Draw::seeded(2).pick::<char>(&[]), None);
    }
}

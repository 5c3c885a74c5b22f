//! What a contributor lends a credential for. The limits are for the tasks of others: who has the own task solved with the own
//! credential knows what it costs. All tasks count towards them.

use std::collections::BTreeSet;

use crate::Amount;
use crate::policy::{Places, SiteList};
use crate::route::{Hit, Hits};

/// What a contributor lends a credential for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerLimits {
    /// Most that its provider may charge for tasks of one day (UTC).
    pub daily_cap: Option<Amount>,
    /// Most open tasks at once.
    pub most_open: Option<u32>,
    /// The families that it may be used for; none means every one.
    pub families: Option<BTreeSet<String>>,
    /// Sites that it must not be used for.
    pub excluded: SiteList,
    /// What must be left at its provider, for its owner's own use.
    pub reserve: Amount,
}

/// A task, as far as a contributor may mind it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'t> {
    /// Its family.
    pub family: &'t str,
    /// Every site that it names.
    pub places: &'t Places<'t>,
}

/// What has been made of a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// What its provider has charged or may charge for tasks of today.
    pub today: Amount,
    /// Its open tasks.
    pub open: u32,
    /// What it has at its provider, where that is known.
    pub balance: Option<Amount>,
}

impl OwnerLimits {
    /// The limits that keep another account's task from a credential. `cost` is what its provider is expected to charge;
    /// where nobody knows, a cap lets tasks through until it is reached.
    #[must_use]
    pub fn hits(&self, asked: &Asked<'_>, used: &Used, cost: Option<Amount>) -> Hits {
        let cost = cost.unwrap_or(Amount::ZERO);
        let is_spent = |cap: Amount| used.today >= cap || used.today.plus(cost).is_ok_and(|then| then > cap);
        let is_needed = |balance: Amount| balance.minus(cost).is_ok_and(|left| left < self.reserve);
        let hits = [
            (Hit::OwnersTypes, self.families.as_ref().is_some_and(|lent| !lent.contains(asked.family))),
            (Hit::OwnersSites, self.excluded.names(asked.places)),
            (Hit::OwnersLoad, self.most_open.is_some_and(|most| used.open >= most)),
            (Hit::OwnersCap, self.daily_cap.is_some_and(is_spent)),
            // What nobody knows may be less: it is looked at before a task is sent.
            (Hit::OwnersReserve, self.reserve > Amount::ZERO && used.balance.is_none_or(is_needed)),
        ];
        hits.into_iter().filter(|(_, is_hit)| *is_hit).fold(Hits::default(), |all, (hit, _)| all.and(hit))
    }
}

/// Whether a charge is given back to a contributor that nobody has told of and that may never have been made: so long as such
/// charges of one credential and day stay below a twentieth of what the solved tasks of others cost that day, and 0.02 USD. Else
/// somebody could have tasks of a second account fail at the own credential, and live on what is given back.
#[must_use]
pub fn gives_back_untold(cost: Amount, (given_back, solved): (Amount, Amount)) -> bool {
    const AT_ALL: Amount = Amount::from_nanos(20_000_000);
    let most = AT_ALL.nanos().saturating_add(solved.nanos().max(0) / 20);
    given_back.nanos().saturating_add(cost.nanos()) <= most
}

/// A node's part of a limit that holds for all nodes of a database: the parts of the 256 shards, each a whole number, sum up to
/// the limit, whoever holds which.
#[must_use]
pub fn part_of(limit: u64, shards: impl Iterator<Item = u8>) -> u64 {
    let below = |shard: u64| (u128::from(limit) * u128::from(shard)).div_ceil(256);
    let parts = shards.map(|shard| below(u64::from(shard) + 1) - below(u64::from(shard)));
    u64::try_from(parts.sum::<u128>()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn hits(limits: &OwnerLimits, sites: &[&str], used: Used, cost: i64) -> Vec<Hit> {
        let sites: Vec<Url> = sites.iter().map(|site| Url::parse(site).unwrap()).collect();
        let places = Places::of(&sites);
        let asked = Asked { family: "recaptcha_v2", places: &places };
        limits.hits(&asked, &used, Some(Amount::from_nanos(cost))).iter().collect()
    }

    #[test]
    fn without_limits_it_is_lent_for_everything() {
        let used = Used { today: Amount::from_nanos(1 << 50), open: 1_000, balance: Some(Amount::ZERO) };
        assert_eq!(hits(&OwnerLimits::default(), &["https://example.com/"], used, 5), []);
    }

    #[test]
    fn each_limit_holds_by_itself() {
        let nanos = Amount::from_nanos;
        let cap = OwnerLimits { daily_cap: Some(nanos(100)), ..OwnerLimits::default() };
        let of = |today| Used { today: nanos(today), ..Used::default() };
        for (today, cost, expected) in
            [(95, 5, vec![]), (96, 5, vec![Hit::OwnersCap]), (99, 0, vec![]), (100, 0, vec![Hit::OwnersCap])]
        {
            assert_eq!(hits(&cap, &[], of(today), cost), expected, "{today} {cost}");
        }
        let load = OwnerLimits { most_open: Some(2), ..OwnerLimits::default() };
        assert_eq!(hits(&load, &[], Used { open: 1, ..Used::default() }, 1), []);
        assert_eq!(hits(&load, &[], Used { open: 2, ..Used::default() }, 1), [Hit::OwnersLoad]);
        let reserve = OwnerLimits { reserve: nanos(50), ..OwnerLimits::default() };
        for (balance, expected) in [
            (None, vec![Hit::OwnersReserve]),
            (Some(55), vec![]),
            (Some(54), vec![Hit::OwnersReserve]),
            (Some(0), vec![Hit::OwnersReserve]),
        ] {
            let used = Used { balance: balance.map(nanos), ..Used::default() };
            assert_eq!(hits(&reserve, &[], used, 5), expected, "{balance:?}");
        }
        let lent = |family: &str| OwnerLimits { families: Some([family.to_owned()].into()), ..OwnerLimits::default() };
        assert_eq!(hits(&lent("recaptcha_v2"), &[], Used::default(), 1), []);
        assert_eq!(hits(&lent("turnstile"), &[], Used::default(), 1), [Hit::OwnersTypes]);
    }

    #[test]
    fn an_excluded_site_is_excluded_with_what_is_below_it_wherever_the_task_names_it() {
        let limits = OwnerLimits { excluded: SiteList::read(["example.com"]).unwrap(), ..OwnerLimits::default() };
        let excluded = |sites: &[&str]| !hits(&limits, sites, Used::default(), 1).is_empty();
        assert!(excluded(&["https://shop.example.com/login"]));
        assert!(excluded(&["https://example.org/", "https://cdn.example.com/challenge.js"]));
        assert!(!excluded(&["https://example.org/"]) && !excluded(&[]));
    }

    #[test]
    fn what_nobody_has_told_of_is_given_back_within_bounds() {
        let gives = |cost, given_back, solved| {
            let [cost, given_back, solved] = [cost, given_back, solved].map(Amount::from_nanos);
            gives_back_untold(cost, (given_back, solved))
        };
        assert!(gives(20_000_000, 0, 0) && !gives(20_000_001, 0, 0) && !gives(1, 20_000_000, 0));
        assert!(gives(1_000, 20_000_000, 20_000) && !gives(1_001, 20_000_000, 20_000));
        assert!(!gives(i64::MAX, i64::MAX, i64::MAX));
    }

    #[test]
    fn the_parts_of_all_nodes_are_the_limit() {
        for limit in [0, 1, 2, 7, 255, 256, 257, 1_000_003, u64::MAX >> 1] {
            assert_eq!(part_of(limit, 0..=255), limit);
            let odd = part_of(limit, (0..=255).filter(|shard| shard % 3 == 0));
            let rest = part_of(limit, (0..=255).filter(|shard| shard % 3 != 0));
            assert_eq!(odd + rest, limit);
        }
    }
}

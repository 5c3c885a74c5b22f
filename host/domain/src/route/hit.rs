//! Why a credential is no candidate.

use serde::{Serialize, Serializer};

/// A filter that a credential hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hit {
    /// Another provider was forced.
    OtherProvider,
    /// The API key's saved order does not name its provider.
    NotListed,
    /// Its adapter does not serve the family.
    Family,
    /// Its provider takes no proxy for this family, and the task has one.
    ProxyNotTaken,
    /// Its provider needs a proxy for this family, and the task has none.
    ProxyNeeded,
    /// Its pool is not admitted.
    Pool,
    /// The price book has no price for it.
    NoPrice,
    /// Its contributor would earn less than its provider takes.
    ShareBelowCost,
    /// What is known to be left on it is less than its provider takes for the task.
    OutOfFunds,
    /// Its adapter broke its limits or the contract too often.
    Quarantined,
    /// It is resting after a fault.
    Resting,
    /// Its owner does not lend it for this family.
    OwnersTypes,
    /// Its owner does not lend it for a site that the task names.
    OwnersSites,
    /// It has as many open tasks as its owner lets it have.
    OwnersLoad,
    /// Its provider has charged as much today as its owner lets it.
    OwnersCap,
    /// What it has at its provider is its owner's own reserve.
    OwnersReserve,
}

impl Hit {
    /// Every filter.
    pub const ALL: [Self; 16] = [
        Self::OtherProvider,
        Self::NotListed,
        Self::Family,
        Self::ProxyNotTaken,
        Self::ProxyNeeded,
        Self::Pool,
        Self::NoPrice,
        Self::ShareBelowCost,
        Self::OutOfFunds,
        Self::Quarantined,
        Self::Resting,
        Self::OwnersTypes,
        Self::OwnersSites,
        Self::OwnersLoad,
        Self::OwnersCap,
        Self::OwnersReserve,
    ];

    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// Every filter that a credential hit: what would all have to be different for it to be a candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hits(u16);

impl Hits {
    /// One filter alone.
    #[must_use]
    pub const fn only(hit: Hit) -> Self {
        Self(hit.bit())
    }

    /// These and one more.
    #[must_use]
    pub const fn and(self, hit: Hit) -> Self {
        Self(self.0 | hit.bit())
    }

    /// These and those.
    #[must_use]
    pub const fn union(self, those: Self) -> Self {
        Self(self.0 | those.0)
    }

    /// Whether this filter is one of them.
    #[must_use]
    pub const fn has(self, hit: Hit) -> bool {
        self.0 & hit.bit() != 0
    }

    /// Whether all of those are among these.
    #[must_use]
    pub const fn has_all(self, those: Self) -> bool {
        self.0 & those.0 == those.0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Hit> {
        Hit::ALL.into_iter().filter(move |hit| self.has(*hit))
    }
}

impl Serialize for Hits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_a_set() {
        let two = Hits::only(Hit::Pool).and(Hit::ProxyNotTaken).and(Hit::Pool);
        assert_eq!(two.iter().collect::<Vec<_>>(), [Hit::ProxyNotTaken, Hit::Pool]);
        assert_eq!(two.count(), 2);
        assert!(two.has_all(Hits::only(Hit::Pool)) && !Hits::only(Hit::Pool).has_all(two));
        assert_eq!(serde_json::to_string(&two).unwrap(), r#"["proxy-not-taken","pool"]"#);
        assert!(
            Hits::default().is_empty() && Hit::ALL.iter().all(|hit| two.has(*hit) || !two.has_all(Hits::only(*hit)))
        );
    }
}

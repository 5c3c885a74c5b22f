//! Prices: one versioned book; a missing price is no route, never price zero.

use std::collections::HashMap;

use crate::route::Pool;
use crate::{Amount, ProviderId};

/// What one task costs the account, and what its contributor earns of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Charged per solved task.
    pub amount: Amount,
    /// The contributor's share in basis points; 0 for platform credentials.
    pub share_bp: u16,
}

/// One version of all prices.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    /// Its number; every task is priced by one version for its whole life.
    pub version: i64,
    /// By provider, then by family; so a look-up borrows what it looks for.
    prices: HashMap<ProviderId, HashMap<String, Prices>>,
}

/// A family's prices at one provider.
#[derive(Clone, Copy, Debug, Default)]
struct Prices {
    platform: Option<Price>,
    community: Option<Price>,
}

/// Why a book is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPrice {
    /// A price that is not above zero.
    #[error("the price of {family} at {provider} must be above zero")]
    NotPositive {
        /// The provider.
        provider: ProviderId,
        /// The family.
        family: String,
    },
    /// A share above the whole.
    #[error("the share of {family} at {provider} is above 10000 basis points")]
    ShareAboveWhole {
        /// The provider.
        provider: ProviderId,
        /// The family.
        family: String,
    },
}

impl PriceBook {
    /// A book of these prices, all or none.
    ///
    /// # Errors
    /// [`BadPrice`] for the first price that cannot be.
    pub fn new(
        version: i64,
        prices: impl IntoIterator<Item = (ProviderId, String, Pool, Price)>,
    ) -> Result<Self, BadPrice> {
        let mut book = Self { version, prices: HashMap::new() };
        for (provider, family, pool, price) in prices {
            if price.amount <= Amount::ZERO {
                return Err(BadPrice::NotPositive { provider, family });
            }
            if price.share_bp > 10_000 {
                return Err(BadPrice::ShareAboveWhole { provider, family });
            }
            let prices = book.prices.entry(provider).or_default().entry(family).or_default();
            match pool {
                Pool::Platform => prices.platform = Some(price),
                Pool::Community => prices.community = Some(price),
            }
        }
        Ok(book)
    }

    /// Every price, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&ProviderId, &str, Pool, Price)> {
        self.prices.iter().flat_map(|(provider, families)| {
            families.iter().flat_map(move |(family, prices)| {
                let pools = [(Pool::Platform, prices.platform), (Pool::Community, prices.community)];
                pools.into_iter().filter_map(move |(pool, price)| Some((provider, family.as_str(), pool, price?)))
            })
        })
    }

    /// The price, if there is one.
    #[must_use]
    pub fn price(&self, provider: &ProviderId, family: &str, pool: Pool) -> Option<Price> {
        let prices = self.prices.get(provider)?.get(family)?;
        match pool {
            Pool::Platform => prices.platform,
            Pool::Community => prices.community,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_with_a_bad_price_is_refused_and_a_missing_price_is_none() {
        let provider = ProviderId::new("p").unwrap();
        let entry = |nanos, share_bp| {
            (provider.clone(), "f".to_owned(), Pool::Platform, Price { amount: Amount::from_nanos(nanos), share_bp })
        };
        assert!(PriceBook::new(1, [entry(0, 0)]).is_err());
        assert!(PriceBook::new(1, [entry(1, 10_001)]).is_err());
        let book = PriceBook::new(1, [entry(5, 0)]).unwrap();
        assert!(book.price(&provider, "f", Pool::Platform).is_some());
        assert!(book.price(&provider, "f", Pool::Community).is_none());
    }
}

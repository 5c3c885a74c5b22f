//! Prices: one versioned book of rules; a missing price is no route, never price zero.
//!
//! A rule ([`rule`]) says for which families, providers and pool it is, what a task costs there and how it is billed; the
//! [`book`] finds the most specific one and works its price out. What an attempt was agreed at is its [`Terms`]: nothing
//! that is published later changes them.

pub mod book;
pub mod condition;
pub mod rule;
#[cfg(test)]
mod tests;

pub use book::{Asked, BadPrice, NoPrice, PriceBook, Problem, Quote};
pub use condition::{BadCondition, Condition};
pub use rule::{Base, Extra, Rule, Surcharge};

use crate::Amount;

/// Most basis points of a margin: ten times the price. What is above is a slip of the keyboard.
pub const MOST_MARGIN_BP: u32 = 100_000;

/// How a solved task is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billing {
    /// The price, whatever the provider charged.
    Fixed,
    /// What the provider says it charged, and this much on top, in basis points; never more than the price.
    CostPlus {
        /// The margin.
        margin_bp: u32,
    },
}

/// What an attempt was agreed at, for its whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Most that the account pays: what is set aside. Above zero.
    pub price: Amount,
    /// How it is charged.
    pub billing: Billing,
    /// What the provider lists or publishes for the task, whichever is more; none where it says no price in dollars.
    pub expected_cost: Option<Amount>,
}

impl Terms {
    /// A price that is charged as it is.
    #[must_use]
    pub const fn fixed(price: Amount) -> Self {
        Self { price, billing: Billing::Fixed, expected_cost: None }
    }

    /// What a solved task is charged, given what its provider says it took: from nothing to the price. A provider that does
    /// not say leaves it at the price. A cost is a stranger's word: below zero it counts as none, and however high it is, the
    /// account pays no more than was set aside.
    #[must_use]
    pub fn charge(&self, reported: Option<Amount>) -> Amount {
        let (margin_bp, cost) = match (self.billing, reported) {
            (Billing::Fixed, _) | (Billing::CostPlus { .. }, None) => return self.price,
            (Billing::CostPlus { margin_bp }, Some(cost)) => (margin_bp, cost.max(Amount::ZERO)),
        };
        // What does not fit into an amount is above every price.
        cost.with_margin(margin_bp).map_or(self.price, |charge| charge.min(self.price))
    }
}

/// What one task costs the account, and what its contributor earns of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// What is agreed.
    pub terms: Terms,
    /// The contributor's share in basis points; 0 for platform credentials.
    pub share_bp: u16,
}

/// A published price above so many times what is listed is taken for that much: it is a stranger's word, and what is expected
/// is what the books take for a charge that nobody tells.
const MOST_PUBLISHED_TIMES: i64 = 10;

impl Price {
    /// The same for its contributor's own task: what is left of the price when the share is taken from it, whatever the
    /// provider charges, since the provider charges the contributor itself. A price below which nothing can be set aside is the
    /// least amount that there is.
    #[must_use]
    pub fn of_own_use(self) -> Self {
        let Terms { price, expected_cost, .. } = self.terms;
        let fee = price.share(self.share_bp).and_then(|share| price.minus(share)).unwrap_or(price);
        let price = fee.max(Amount::from_nanos(1));
        Self { terms: Terms { price, billing: Billing::Fixed, expected_cost }, ..self }
    }

    /// The same while its provider publishes this price for the task: what it is expected to take is the higher of the two,
    /// since the list is as old as the adapter, and a published price is what is charged now at least. What the account pays
    /// stays as it is agreed.
    #[must_use]
    pub fn published_at(self, published: Option<Amount>) -> Self {
        let Some(published) = published else { return self };
        let listed = self.terms.expected_cost.filter(|cost| *cost > Amount::ZERO);
        let most = listed.unwrap_or(self.terms.price).nanos().saturating_mul(MOST_PUBLISHED_TIMES);
        let believed = published.clamp(Amount::ZERO, Amount::from_nanos(most.max(0)));
        let expected_cost = Some(self.terms.expected_cost.map_or(believed, |cost| cost.max(believed)));
        Self { terms: Terms { expected_cost, ..self.terms }, ..self }
    }

    /// Whether a contributor gets back at least what the provider is expected to take: else every task would cost them money.
    /// Where the provider says no price in dollars, nobody knows, and nothing is held against it.
    #[must_use]
    pub fn covers_the_contributor(&self) -> bool {
        let Some(cost) = self.terms.expected_cost else { return true };
        self.terms.charge(Some(cost)).share(self.share_bp).is_ok_and(|share| share >= cost)
    }
}

//! One rule of a price book.

use std::fmt;
use std::str::FromStr;

use super::{Billing, Condition};
use crate::route::Pool;
use crate::{Amount, ProviderId};

/// A rule: for whom it is, what a task costs there, and how it is charged.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The canonical family; none means every one.
    pub family: Option<String>,
    /// The provider; none means every one.
    pub provider: Option<ProviderId>,
    /// The pool; none means both.
    pub pool: Option<Pool>,
    /// What a task costs before surcharges.
    pub base: Base,
    /// How a solved task is charged.
    pub billing: Billing,
    /// The share of a community credential's contributor, in basis points.
    pub share_bp: u16,
    /// What comes on top, for tasks that are more work; all that apply are added.
    pub surcharges: Vec<Surcharge>,
}

/// What a task costs before surcharges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// This much.
    Fixed(Amount),
    /// The provider's list price and a margin on top, rounded up to the nano-dollar.
    Margin {
        /// The margin, in basis points of the list price.
        margin_bp: u32,
        /// Not less than this.
        least: Option<Amount>,
    },
    /// It is not sold here, whatever a wider rule says.
    NotSold,
}

/// What comes on top of the base for some tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct Surcharge {
    /// For which.
    pub when: Condition,
    /// How much.
    pub add: Extra,
}

/// How much comes on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// This much.
    Amount(Amount),
    /// This part of the base, in basis points, rounded up to the nano-dollar.
    Part(u32),
}

impl Rule {
    /// A rule with a fixed price for one family at one provider, in one pool, charged as it is; no share.
    #[must_use]
    pub fn fixed(provider: ProviderId, family: &str, pool: Pool, price: Amount) -> Self {
        Self {
            family: Some(family.to_owned()),
            provider: Some(provider),
            pool: Some(pool),
            base: Base::Fixed(price),
            billing: Billing::Fixed,
            share_bp: 0,
            surcharges: Vec::new(),
        }
    }

    /// The same with a contributor's share, in basis points.
    #[must_use]
    pub fn with_share(self, share_bp: u16) -> Self {
        Self { share_bp, ..self }
    }

    /// What tells it from every other rule of its book: family, provider and pool, `*` and `both` where it is for all.
    #[must_use]
    pub fn selector(&self) -> [&str; 3] {
        [
            self.family.as_deref().unwrap_or("*"),
            self.provider.as_ref().map_or("*", ProviderId::as_str),
            self.pool.map_or("both", Pool::as_str),
        ]
    }
}

impl fmt::Display for Rule {
    /// For whom it is: `recaptcha_v2 at capsolver, platform`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [family, provider, pool] = self.selector();
        write!(f, "{family} at {provider}, {pool}")
    }
}

/// Why a text is no price, no billing or no surcharge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct Unread {
    found: String,
    expected: &'static str,
}

impl Unread {
    fn of(text: &str, expected: &'static str) -> Self {
        Self { found: text.chars().take(40).collect(), expected }
    }
}

impl FromStr for Base {
    type Err = Unread;

    /// Reads `0.0012`, `list+25%` (also `list`) or `none`; a minimum is said beside it.
    fn from_str(text: &str) -> Result<Self, Unread> {
        let bad = || Unread::of(text, "dollars such as 0.0012, a margin such as list+25%, or none");
        let text = text.trim();
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::NotSold);
        }
        if let Some(margin) = text.strip_prefix("list") {
            return Ok(Self::Margin { margin_bp: margin_of(margin).ok_or_else(bad)?, least: None });
        }
        Amount::from_decimal(text).map(Self::Fixed).map_err(|_| bad())
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(price) => price.fmt(f),
            Self::Margin { margin_bp, .. } => write!(f, "list+{}", Percent(*margin_bp)),
            Self::NotSold => f.write_str("none"),
        }
    }
}

impl FromStr for Billing {
    type Err = Unread;

    /// Reads `fixed` or `cost+25%` (also `cost`).
    fn from_str(text: &str) -> Result<Self, Unread> {
        let bad = || Unread::of(text, "fixed, or a margin on the reported cost such as cost+25%");
        let text = text.trim();
        if text == "fixed" {
            return Ok(Self::Fixed);
        }
        let margin = text.strip_prefix("cost").and_then(margin_of);
        margin.map(|margin_bp| Self::CostPlus { margin_bp }).ok_or_else(bad)
    }
}

impl fmt::Display for Billing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed => f.write_str("fixed"),
            Self::CostPlus { margin_bp } => write!(f, "cost+{}", Percent(*margin_bp)),
        }
    }
}

impl FromStr for Extra {
    type Err = Unread;

    /// Reads `0.001` or `20%`.
    fn from_str(text: &str) -> Result<Self, Unread> {
        let bad = || Unread::of(text, "dollars such as 0.001, or a part of the price such as 20%");
        if let Some(percent) = text.trim().strip_suffix('%') {
            return basis_points(percent).map(Self::Part).ok_or_else(bad);
        }
        Amount::from_decimal(text.trim()).map(Self::Amount).map_err(|_| bad())
    }
}

impl Extra {
    /// As clients read it: `$0.001`, `20%`.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Amount(amount) => format!("${amount}"),
            Self::Part(bp) => Percent(*bp).to_string(),
        }
    }
}

impl fmt::Display for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Amount(amount) => amount.fmt(f),
            Self::Part(bp) => Percent(*bp).fmt(f),
        }
    }
}

/// Basis points as people write them: `25%`, `12.5%`.
struct Percent(u32);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}%"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{}%", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02}%"),
        }
    }
}

/// `+25%` in basis points; nothing is no margin.
fn margin_of(text: &str) -> Option<u32> {
    if text.is_empty() {
        return Some(0);
    }
    basis_points(text.strip_prefix('+')?.strip_suffix('%')?)
}

/// A percentage of at most two decimal places, in basis points.
fn basis_points(percent: &str) -> Option<u32> {
    const NANOS_IN_A_BASIS_POINT: i64 = 10_000_000;
    let nanos = Amount::from_decimal(percent.trim()).ok()?.nanos();
    (nanos % NANOS_IN_A_BASIS_POINT == 0).then(|| u32::try_from(nanos / NANOS_IN_A_BASIS_POINT).ok()).flatten()
}

//! The book: all rules of a version, the most specific of them for a task, and the price that it makes.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{BadCondition, Base, Billing, Condition, Extra, MOST_MARGIN_BP, Price, Rule, Terms};
use crate::route::Pool;
use crate::{Amount, ProviderId, catalogue};

/// Most surcharges of one rule.
const MOST_SURCHARGES: usize = 50;
/// Where a rule for every provider or family stands in the maps; no provider and no family is called so.
const EVERY: &str = "*";

/// One version of all prices.
#[derive(Clone, Debug, Default)]
pub struct PriceBook {
    /// Its number; every task is priced by one version for its whole life.
    pub version: i64,
    rules: Vec<Rule>,
    /// By provider, then by family, each a name or [`EVERY`]; so a look-up borrows what it looks for.
    places: HashMap<String, HashMap<String, ByPool>>,
}

/// Where the rules of one family at one provider stand in the book.
#[derive(Clone, Copy, Debug, Default)]
struct ByPool {
    platform: Option<usize>,
    community: Option<usize>,
    both: Option<usize>,
}

/// What is to be priced: what of a task a price may depend on.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'t> {
    /// The canonical family.
    pub family: &'t str,
    /// The canonical parameters.
    pub parameters: &'t Map<String, Value>,
    /// Whether the client's proxy is used.
    pub with_proxy: bool,
}

/// A price and how it came about.
#[derive(Clone, Debug)]
pub struct Quote<'b> {
    /// The rule that made it.
    pub rule: &'b Rule,
    /// The price before surcharges.
    pub base: Amount,
    /// The surcharges that apply, each with what it adds.
    pub surcharges: Vec<(&'b Condition, Amount)>,
    /// What comes of it.
    pub price: Price,
}

/// Why there is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPrice {
    /// No rule is for it.
    #[error("no rule of the book is for it")]
    NoRule,
    /// A rule takes it out.
    #[error("the rule for {0} says that it is not sold")]
    NotSold(String),
    /// A margin on what is not known.
    #[error("the rule for {0} is a margin on the list price, and the provider lists none in dollars")]
    NoListPrice(String),
    /// More than an amount holds.
    #[error("the rule for {0} makes a price that is out of range")]
    OutOfRange(String),
    /// A list price of nothing with a margin on it is no price.
    #[error("the rule for {0} makes a price that is not above zero")]
    NotPositive(String),
}

/// Why a book is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule {place} ({rule}): {problem}")]
pub struct BadPrice {
    /// Which rule, from 1.
    pub place: usize,
    /// For whom it is.
    pub rule: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a rule; each names the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A price that is not above zero.
    #[error("price: it must be above zero")]
    Price,
    /// A least price that is not above zero.
    #[error("minimum: it must be above zero")]
    Minimum,
    /// A margin on the list price that nobody means.
    #[error("price: a margin is at most 1000%")]
    Margin,
    /// A margin on the reported cost that nobody means.
    #[error("billing: a margin is at most 1000%")]
    BillingMargin,
    /// A share above the whole.
    #[error("share: it is at most 10000 basis points")]
    ShareAboveWhole,
    /// A share where there is no contributor.
    #[error("share: it must be 0 for the platform's own credentials")]
    ShareOfPlatform,
    /// Another rule is for the same family, provider and pool.
    #[error("it is a second rule for the same family, provider and pool as rule {0}")]
    Duplicate(usize),
    /// More surcharges than anybody reads.
    #[error("surcharges: a rule has at most {MOST_SURCHARGES}")]
    TooManySurcharges,
    /// A condition that no task of the family fulfils.
    #[error("surcharges, when: {0}")]
    Condition(#[from] BadCondition),
    /// The same condition twice.
    #[error("surcharges, when: {0:?} stands there twice")]
    SameCondition(String),
    /// A surcharge that is none, or one that nobody means.
    #[error("surcharges, add: it must be above zero, and at most 1000%")]
    Extra,
}

impl PriceBook {
    /// A book of these rules, all or none.
    ///
    /// # Errors
    /// [`BadPrice`] for the first rule that cannot be.
    pub fn new(version: i64, rules: Vec<Rule>) -> Result<Self, BadPrice> {
        let mut book = Self { version, rules: Vec::new(), places: HashMap::new() };
        for (index, rule) in rules.iter().enumerate() {
            let refuse = |problem| BadPrice { place: index.saturating_add(1), rule: rule.to_string(), problem };
            check(rule).map_err(refuse)?;
            let [family, provider, _] = rule.selector().map(str::to_owned);
            let by_pool = book.places.entry(provider).or_default().entry(family).or_default();
            let place = match rule.pool {
                Some(Pool::Platform) => &mut by_pool.platform,
                Some(Pool::Community) => &mut by_pool.community,
                None => &mut by_pool.both,
            };
            if let Some(first) = place.replace(index) {
                return Err(refuse(Problem::Duplicate(first.saturating_add(1))));
            }
        }
        book.rules = rules;
        Ok(book)
    }

    /// Every rule, in the order in which they were given.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The most specific rule: one for the family goes before one for every family, then one for the provider before one
    /// for every provider, then one for the pool before one for both. No two rules are for the same three, so that there is
    /// no tie.
    #[must_use]
    pub fn rule(&self, provider: &ProviderId, family: &str, pool: Pool) -> Option<&Rule> {
        let own = self.places.get(provider.as_str());
        let every = self.places.get(EVERY);
        let places = [(own, family), (every, family), (own, EVERY), (every, EVERY)];
        let found = places.into_iter().find_map(|(families, family)| {
            let by_pool = families?.get(family)?;
            match pool {
                Pool::Platform => by_pool.platform,
                Pool::Community => by_pool.community,
            }
            .or(by_pool.both)
        });
        self.rules.get(found?)
    }

    /// What a task costs at a provider, by its list price in dollars, and why. An upper bound: the base and all surcharges
    /// that apply to the parameters as they were sent. What cannot be worked out is no price, never zero.
    ///
    /// # Errors
    /// [`NoPrice`].
    pub fn quote(
        &self,
        (provider, list_price): (&ProviderId, Option<Amount>),
        asked: &Asked<'_>,
        pool: Pool,
    ) -> Result<Quote<'_>, NoPrice> {
        let rule = self.rule(provider, asked.family, pool).ok_or(NoPrice::NoRule)?;
        let out_of_range = |_| NoPrice::OutOfRange(rule.to_string());
        let base = base(rule, list_price)?;
        let (mut price, mut surcharges) = (base, Vec::new());
        for surcharge in rule.surcharges.iter().filter(|surcharge| surcharge.when.holds(asked)) {
            let more = surcharge.add.of(base).map_err(out_of_range)?;
            price = price.plus(more).map_err(out_of_range)?;
            surcharges.push((&surcharge.when, more));
        }
        if price <= Amount::ZERO {
            return Err(NoPrice::NotPositive(rule.to_string()));
        }
        let share_bp = match pool {
            Pool::Platform => 0,
            Pool::Community => rule.share_bp,
        };
        let expected_cost = list_price.filter(|cost| *cost >= Amount::ZERO);
        let terms = Terms { price, billing: rule.billing, expected_cost };
        Ok(Quote { rule, base, surcharges, price: Price { terms, share_bp } })
    }
}

fn base(rule: &Rule, list_price: Option<Amount>) -> Result<Amount, NoPrice> {
    match rule.base {
        Base::Fixed(price) => Ok(price),
        Base::NotSold => Err(NoPrice::NotSold(rule.to_string())),
        Base::Margin { margin_bp, least } => {
            let list = list_price.ok_or_else(|| NoPrice::NoListPrice(rule.to_string()))?;
            let price = list.with_margin(margin_bp).map_err(|_| NoPrice::OutOfRange(rule.to_string()))?;
            Ok(least.map_or(price, |least| price.max(least)))
        }
    }
}

impl Extra {
    fn of(self, base: Amount) -> Result<Amount, crate::amount::AmountError> {
        match self {
            Self::Amount(amount) => Ok(amount),
            Self::Part(bp) => base.with_margin(bp)?.minus(base),
        }
    }
}

/// What can be said of a rule alone.
fn check(rule: &Rule) -> Result<(), Problem> {
    match rule.base {
        Base::Fixed(price) if price <= Amount::ZERO => return Err(Problem::Price),
        Base::Margin { margin_bp, .. } if margin_bp > MOST_MARGIN_BP => return Err(Problem::Margin),
        Base::Margin { least: Some(least), .. } if least <= Amount::ZERO => return Err(Problem::Minimum),
        Base::Fixed(_) | Base::Margin { .. } | Base::NotSold => {}
    }
    match rule.billing {
        Billing::CostPlus { margin_bp } if margin_bp > MOST_MARGIN_BP => return Err(Problem::BillingMargin),
        Billing::CostPlus { .. } | Billing::Fixed => {}
    }
    if rule.share_bp > 10_000 {
        return Err(Problem::ShareAboveWhole);
    }
    if rule.share_bp != 0 && rule.pool == Some(Pool::Platform) {
        return Err(Problem::ShareOfPlatform);
    }
    check_surcharges(rule)
}

fn check_surcharges(rule: &Rule) -> Result<(), Problem> {
    if rule.surcharges.len() > MOST_SURCHARGES {
        return Err(Problem::TooManySurcharges);
    }
    for (index, surcharge) in rule.surcharges.iter().enumerate() {
        let family = rule.family.as_deref().map(catalogue::by_name);
        match family {
            None => surcharge.when.check(None)?,
            Some(Some(family)) => surcharge.when.check(Some(family))?,
            // Whoever reads a book says that the family is unknown; nothing of it is sold in any case.
            Some(None) => {}
        }
        if rule.surcharges.iter().take(index).any(|before| before.when == surcharge.when) {
            return Err(Problem::SameCondition(surcharge.when.to_string()));
        }
        let is_meant = match surcharge.add {
            Extra::Amount(amount) => amount > Amount::ZERO,
            Extra::Part(bp) => (1..=MOST_MARGIN_BP).contains(&bp),
        };
        if !is_meant {
            return Err(Problem::Extra);
        }
    }
    Ok(())
}

//! Price books: a whole book at a time, never changed afterwards.
//!
//! A book's rules are in `price_rules`. One of a release before has its prices in `prices`, and is read as rules with fixed
//! prices; what fits there is written there as well, for nodes of that release.

use capstan_domain::price::{Base, Billing, PriceBook, Rule, Surcharge};
use capstan_domain::route::Pool;
use capstan_domain::{Amount, ProviderId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::credentials::read_pool;
use crate::db::{Db, sql};
use crate::{Store, StoreError, providers, words};

/// A price book to be published.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPriceBook {
    /// What names this publication: said twice, it is one version.
    pub id: Uuid,
    /// Its rules, in their order.
    pub rules: Vec<Rule>,
    /// When it is published.
    pub created_at_ms: i64,
}

#[derive(sqlx::FromRow)]
struct PriceRow {
    provider_id: String,
    family: String,
    pool: String,
    price_nanos: i64,
    share_bp: i64,
}

impl PriceRow {
    fn read(self) -> Result<Rule, StoreError> {
        let provider = providers::read_id("prices", "provider_id", &self.provider_id)?;
        let pool = words::read(read_pool(&self.pool), "prices", "pool", &self.provider_id)?;
        let share_bp = words::read(u16::try_from(self.share_bp).ok(), "prices", "share_bp", &self.provider_id)?;
        let share_bp = if pool == Pool::Community { share_bp } else { 0 };
        Ok(Rule::fixed(provider, &self.family, pool, Amount::from_nanos(self.price_nanos)).with_share(share_bp))
    }
}

#[derive(sqlx::FromRow)]
struct RuleRow {
    place: i64,
    family: Option<String>,
    provider_id: Option<String>,
    pool: Option<String>,
    base: String,
    price_nanos: Option<i64>,
    margin_bp: Option<i64>,
    least_nanos: Option<i64>,
    billing: String,
    billing_margin_bp: Option<i64>,
    share_bp: i64,
    surcharges: String,
}

impl RuleRow {
    fn read(self) -> Result<Rule, StoreError> {
        let place = self.place;
        let provider = self.provider_id.as_deref().map(|id| providers::read_id("price_rules", "provider_id", id));
        let pool = self.pool.as_deref().map(|word| words::read(read_pool(word), "price_rules", "pool", place));
        let base = match (self.base.as_str(), self.price_nanos, self.margin_bp.map(u32::try_from)) {
            ("fixed", Some(nanos), None) => Some(Base::Fixed(Amount::from_nanos(nanos))),
            ("margin", None, Some(Ok(margin_bp))) => {
                Some(Base::Margin { margin_bp, least: self.least_nanos.map(Amount::from_nanos) })
            }
            ("not_sold", None, None) => Some(Base::NotSold),
            _ => None,
        };
        let billing = read_billing(&self.billing, self.billing_margin_bp);
        Ok(Rule {
            family: self.family,
            provider: provider.transpose()?,
            pool: pool.transpose()?,
            base: words::read(base, "price_rules", "base", place)?,
            billing: words::read(billing, "price_rules", "billing", place)?,
            share_bp: words::read(u16::try_from(self.share_bp).ok(), "price_rules", "share_bp", place)?,
            surcharges: words::read(read_surcharges(&self.surcharges), "price_rules", "surcharges", place)?,
        })
    }
}

/// A surcharge as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    when: String,
    add: String,
}

fn read_surcharges(text: &str) -> Option<Vec<Surcharge>> {
    let kept: Vec<Kept> = serde_json::from_str(text).ok()?;
    kept.iter().map(|kept| Some(Surcharge { when: kept.when.parse().ok()?, add: kept.add.parse().ok()? })).collect()
}

fn surcharges_text(surcharges: &[Surcharge]) -> Result<String, StoreError> {
    let kept = |surcharge: &Surcharge| Kept { when: surcharge.when.to_string(), add: surcharge.add.to_string() };
    let kept: Vec<Kept> = surcharges.iter().map(kept).collect();
    serde_json::to_string(&kept).map_err(|_| StoreError::unreadable("price_rules", "surcharges", "new"))
}

/// How a solved task is charged, as a word and its margin.
pub(crate) fn billing_words(billing: Billing) -> (&'static str, Option<i64>) {
    match billing {
        Billing::Fixed => ("fixed", None),
        Billing::CostPlus { margin_bp } => ("cost_plus", Some(i64::from(margin_bp))),
    }
}

/// The same read back.
pub(crate) fn read_billing(word: &str, margin_bp: Option<i64>) -> Option<Billing> {
    match (word, margin_bp.map(u32::try_from)) {
        ("fixed", None) => Some(Billing::Fixed),
        ("cost_plus", Some(Ok(margin_bp))) => Some(Billing::CostPlus { margin_bp }),
        _ => None,
    }
}

impl Store {
    /// Publishes a whole book or nothing, under the next version, which it answers with.
    ///
    /// # Errors
    /// [`StoreError::Driver`] when a price is not above zero, a margin or share is out of range, a provider unknown, or two
    /// rules are for the same.
    pub async fn publish_price_book(&self, book: NewPriceBook) -> Result<i64, StoreError> {
        self.write(book, |db, book| Box::pin(publish(db, book))).await
    }

    /// The newest book, if any was published.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn current_price_book(&self) -> Result<Option<PriceBook>, StoreError> {
        let db = &mut self.reader().await?;
        // A book never changes once its version can be seen, so that several looks are as good as one.
        let (version,) = sql!(db, one as (Option<i64>,), "select max(version) from price_books")?;
        let Some(version) = version else { return Ok(None) };
        let rules = list_rules(db, version).await?;
        let rules = if rules.is_empty() { list_prices(db, version).await? } else { rules };
        let book = PriceBook::new(version, rules).ok();
        words::read(book, "price_rules", "version", version).map(Some)
    }
}

async fn list_rules(db: &mut Db, version: i64) -> Result<Vec<Rule>, StoreError> {
    let rows = sql!(
        db,
        all as RuleRow,
        "select place, family, provider_id, pool, base, price_nanos, margin_bp, least_nanos, billing, billing_margin_bp,
                share_bp, surcharges
           from price_rules where version = $1 order by place",
        version
    )?;
    rows.into_iter().map(RuleRow::read).collect()
}

async fn list_prices(db: &mut Db, version: i64) -> Result<Vec<Rule>, StoreError> {
    let rows = sql!(
        db,
        all as PriceRow,
        "select provider_id, family, pool, price_nanos, share_bp from prices where version = $1
          order by provider_id, family, pool",
        version
    )?;
    rows.into_iter().map(PriceRow::read).collect()
}

pub(crate) async fn publish(db: &mut Db, book: &NewPriceBook) -> Result<i64, StoreError> {
    let published = sql!(db, optional as (i64,), "select version from price_books where id = $1", book.id)?;
    if let Some((version,)) = published {
        return Ok(version);
    }
    let version = sql!(
        db,
        optional as (i64,),
        "insert into price_books (version, id, created_at_ms)
         select coalesce(max(version), 0) + 1, $1, $2 from price_books where true
         on conflict do nothing
         returning version",
        book.id,
        book.created_at_ms
    )?;
    // Somebody published at the same moment, under the same number: look again.
    let Some((version,)) = version else { return Err(StoreError::Contended) };
    for (place, rule) in (1..).zip(&book.rules) {
        insert_rule(db, (version, place), rule).await?;
        insert_price(db, version, rule).await?;
    }
    Ok(version)
}

async fn insert_rule(db: &mut Db, (version, place): (i64, i64), rule: &Rule) -> Result<(), StoreError> {
    let (base, price, margin_bp, least) = match rule.base {
        Base::Fixed(price) => ("fixed", Some(price.nanos()), None, None),
        Base::Margin { margin_bp, least } => ("margin", None, Some(i64::from(margin_bp)), least.map(Amount::nanos)),
        Base::NotSold => ("not_sold", None, None, None),
    };
    let (billing, billing_margin_bp) = billing_words(rule.billing);
    let surcharges = surcharges_text(&rule.surcharges)?;
    sql!(
        db,
        execute,
        "insert into price_rules (version, place, family, provider_id, pool, base, price_nanos, margin_bp, least_nanos,
                                  billing, billing_margin_bp, share_bp, surcharges)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        version,
        place,
        rule.family.as_deref(),
        rule.provider.as_ref().map(ProviderId::as_str),
        rule.pool.map(Pool::as_str),
        base,
        price,
        margin_bp,
        least,
        billing,
        billing_margin_bp,
        i64::from(rule.share_bp),
        surcharges.as_str()
    )?;
    Ok(())
}

/// Writes a rule down as releases before know it, where it is no more than that.
async fn insert_price(db: &mut Db, version: i64, rule: &Rule) -> Result<(), StoreError> {
    let Rule { family: Some(family), provider: Some(provider), pool: Some(pool), base: Base::Fixed(price), .. } = rule
    else {
        return Ok(());
    };
    if rule.billing != Billing::Fixed || !rule.surcharges.is_empty() {
        return Ok(());
    }
    sql!(
        db,
        execute,
        "insert into prices (version, provider_id, family, pool, price_nanos, share_bp) values ($1, $2, $3, $4, $5, $6)",
        version,
        provider.as_str(),
        family.as_str(),
        pool.as_str(),
        price.nanos(),
        i64::from(rule.share_bp)
    )?;
    Ok(())
}

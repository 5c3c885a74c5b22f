//! Price books: a whole book at a time, never changed afterwards.

use capstan_domain::price::{Price, PriceBook};
use capstan_domain::route::Pool;
use capstan_domain::{Amount, ProviderId};
use uuid::Uuid;

use crate::credentials::read_pool;
use crate::db::{Db, sql};
use crate::{Store, StoreError, providers, words};

/// A price book to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPriceBook {
    /// What names this publication: said twice, it is one version.
    pub id: Uuid,
    /// Its prices.
    pub prices: Vec<PricedFamily>,
    /// When it is published.
    pub created_at_ms: i64,
}

/// One price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedFamily {
    /// The provider.
    pub provider: ProviderId,
    /// The canonical family.
    pub family: String,
    /// The pool.
    pub pool: Pool,
    /// What a task costs and what its contributor earns.
    pub price: Price,
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
    fn read(self) -> Result<(ProviderId, String, Pool, Price), StoreError> {
        let provider = providers::read_id("prices", "provider_id", &self.provider_id)?;
        let pool = words::read(read_pool(&self.pool), "prices", "pool", &self.provider_id)?;
        let share_bp = words::read(u16::try_from(self.share_bp).ok(), "prices", "share_bp", &self.provider_id)?;
        Ok((provider, self.family, pool, Price { amount: Amount::from_nanos(self.price_nanos), share_bp }))
    }
}

impl Store {
    /// Publishes a whole book or nothing, under the next version, which it answers with.
    ///
    /// # Errors
    /// [`StoreError::Driver`] when a price is not above zero, a share above the whole, or a provider unknown.
    pub async fn publish_price_book(&self, book: NewPriceBook) -> Result<i64, StoreError> {
        self.write(book, |db, book| Box::pin(publish(db, book))).await
    }

    /// The newest book, if any was published.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn current_price_book(&self) -> Result<Option<PriceBook>, StoreError> {
        let db = &mut self.reader().await?;
        // A book never changes once its version can be seen, so that two looks are as good as one.
        let (version,) = sql!(db, one as (Option<i64>,), "select max(version) from price_books")?;
        let Some(version) = version else { return Ok(None) };
        let rows = sql!(
            db,
            all as PriceRow,
            "select provider_id, family, pool, price_nanos, share_bp from prices where version = $1",
            version
        )?;
        let prices = rows.into_iter().map(PriceRow::read).collect::<Result<Vec<_>, _>>()?;
        let book = PriceBook::new(version, prices).ok();
        words::read(book, "prices", "price_nanos", version).map(Some)
    }
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
    for priced in &book.prices {
        sql!(
            db,
            execute,
            "insert into prices (version, provider_id, family, pool, price_nanos, share_bp)
             values ($1, $2, $3, $4, $5, $6)",
            version,
            priced.provider.as_str(),
            priced.family.as_str(),
            priced.pool.as_str(),
            priced.price.amount.nanos(),
            i64::from(priced.price.share_bp)
        )?;
    }
    Ok(version)
}

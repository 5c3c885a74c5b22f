//! Prices: a book is published as a whole, so setting one price publishes all of them anew.

use std::collections::BTreeMap;

use capstan_domain::catalogue;
use capstan_domain::price::Price;
use capstan_domain::route::Pool;
use capstan_domain::{Amount, ProviderId};
use capstan_storage::{Applied, Change, NewPriceBook, PricedFamily};
use serde_json::{Value, json};

use super::accounts::read_amount;
use super::{Call, OperateError, Operator, PriceLine};
use crate::clock;

/// Most lines of a book.
const MOST_PRICES: usize = 10_000;

/// A book under construction: provider, family and pool to price.
type Book = BTreeMap<(ProviderId, String, Pool), Price>;

pub(super) async fn set(call: &Call<'_>, line: &PriceLine) -> Result<Value, OperateError> {
    let (mut book, known) = (current(call.operator).await?, known(call.operator).await?);
    put(&known, &mut book, line).map_err(OperateError::Bad)?;
    let detail = json!({
        "provider": line.provider, "family": line.family, "pool": line.pool, "price": line.price,
        "shareBp": line.share_bp,
    });
    publish(call, "price set", book, detail).await
}

/// Replaces the whole book; nothing is changed when one line of it cannot be.
pub(super) async fn import(call: &Call<'_>, lines: &[PriceLine]) -> Result<Value, OperateError> {
    if lines.is_empty() || lines.len() > MOST_PRICES {
        return Err(OperateError::Bad(format!("prices: a book has 1 to {MOST_PRICES} lines, not {}", lines.len())));
    }
    let (mut book, known) = (Book::new(), known(call.operator).await?);
    for (index, line) in lines.iter().enumerate() {
        let before = book.len();
        let put = put(&known, &mut book, line)
            .and_then(|()| if book.len() == before { Err("it prices nothing new".to_owned()) } else { Ok(()) });
        put.map_err(|error| OperateError::Bad(format!("prices, line {}: {error}", index + 1)))?;
    }
    let detail = json!({"lines": book.len()});
    publish(call, "price import", book, detail).await
}

pub(super) async fn list(operator: &Operator) -> Result<Value, OperateError> {
    let book = current(operator).await?;
    let shown = |((provider, family, pool), price): (&(ProviderId, String, Pool), &Price)| {
        let adapter = operator.adapters.iter().find(|a| a.manifest().provider == *provider);
        let served = adapter.and_then(|a| a.manifest().task_types.iter().find(|t| t.family == *family));
        json!({
            "provider": provider, "family": family, "pool": pool.as_str(), "price": price.amount.to_string(),
            "shareBp": price.share_bp,
            "listPrice": served.map(|t| format!("{} {}", t.list_price.amount, t.list_price.currency)),
        })
    };
    Ok(book.iter().map(shown).collect())
}

async fn current(operator: &Operator) -> Result<Book, OperateError> {
    let book = operator.store.current_price_book().await?.unwrap_or_default();
    Ok(book
        .iter()
        .map(|(provider, family, pool, price)| ((provider.clone(), family.to_owned(), pool), price))
        .collect())
}

/// The providers that can have a price.
async fn known(operator: &Operator) -> Result<Vec<ProviderId>, OperateError> {
    Ok(operator.store.list_providers().await?.into_iter().map(|row| row.id).collect())
}

/// Puts one line into a book, or says what is wrong with it.
fn put(known: &[ProviderId], book: &mut Book, line: &PriceLine) -> Result<(), String> {
    let provider = known.iter().find(|id| id.matches(&line.provider)).cloned();
    let provider = provider
        .ok_or_else(|| format!("provider {:?} is not set up; `capstan provider set` does it", line.provider))?;
    let family = catalogue::by_name(line.family.trim()).ok_or_else(|| {
        let known: Vec<&str> = catalogue::families::FAMILIES.iter().map(|family| family.name).collect();
        format!("family {:?} is not in the catalogue; there are {}", line.family, known.join(", "))
    })?;
    let pool = match line.pool.trim() {
        "platform" => Pool::Platform,
        "community" => Pool::Community,
        other => return Err(format!("pool is {other:?}: it must be platform or community")),
    };
    let key = (provider, family.name.to_owned(), pool);
    if line.price.trim().eq_ignore_ascii_case("none") {
        return match book.remove(&key) {
            Some(_) => Ok(()),
            None => Err("there is no such price to take away".to_owned()),
        };
    }
    if line.share_bp > 10_000 || (pool == Pool::Platform && line.share_bp != 0) {
        return Err(format!("share is {}: 0 to 10000 basis points, and 0 for the platform's own", line.share_bp));
    }
    let amount: Amount = read_amount("price", &line.price).map_err(|error| error.to_string())?;
    book.insert(key, Price { amount, share_bp: line.share_bp });
    Ok(())
}

async fn publish(call: &Call<'_>, action: &'static str, book: Book, detail: Value) -> Result<Value, OperateError> {
    let lines = book.len();
    let prices = book.into_iter();
    let prices = prices.map(|((provider, family, pool), price)| PricedFamily { provider, family, pool, price });
    let new = NewPriceBook { id: clock::new_uuid(), prices: prices.collect(), created_at_ms: clock::now_ms() };
    let applied = call.change(action, "price book".to_owned(), detail, Change::PublishPrices(new)).await?;
    let Applied::Prices(version) = applied else {
        return Err(OperateError::Internal("a price book made something else".to_owned()));
    };
    Ok(json!({"version": version, "prices": lines}))
}

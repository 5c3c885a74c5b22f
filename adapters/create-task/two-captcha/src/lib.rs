//! The JSON API of one service under two names, 2captcha.com and rucaptcha.com, each with accounts, keys and money of its
//! own.
//!
//! **Lives here**: what the [documentation](https://2captcha.com/api-docs) says, as tables: task types and what becomes of
//! each canonical parameter (`families`), codes (`faults`), conversions (`parameters`).
//! **Never lives here**: which of the names speaks; that is what the two adapters are.
//! **Start reading at** [`service`], then `families`.

mod families;
mod faults;
mod parameters;

use adapter_kit::Money;
use create_task::{Http, Ids, Polling, Service, Statuses};

use crate::faults::{FAULTS, GONE};

/// A name that the service goes by.
pub struct Brand {
    /// Provider id.
    pub id: &'static str,
    /// Name for people.
    pub display_name: &'static str,
    /// Home page.
    pub homepage: &'static str,
    /// Where its API is.
    pub base_url: &'static str,
    /// Whether its sums are in US dollars.
    pub in_dollars: bool,
}

/// The service under one of its names.
///
/// Sources: `create-task`, `get-task-result`, `report-correct`, `report-incorrect`, `error-codes` and `limits` below
/// <https://2captcha.com/api-docs>; <https://rucaptcha.com/api-docs> has the same pages.
#[must_use]
pub const fn service(brand: Brand) -> Service {
    Service {
        id: brand.id,
        display_name: brand.display_name,
        homepage: brand.homepage,
        base_url: brand.base_url,
        root: "",
        repeat_header: None,
        key: "32 characters, shown on the dashboard",
        polling: Polling {
            // Images are asked about five seconds after they were sent, tokens later and rarer: see `families`. A worker
            // has 300 s at most, and reports are taken for fifteen minutes.
            first_wait_ms: 5_000,
            interval_ms: 5_000,
            longest_life_ms: 300_000,
            result_kept_ms: 900_000,
            most_polls: None,
        },
        families: &[families::TOKENS, families::OTHERS, families::PICTURES],
        faults: FAULTS,
        gone: &[GONE],
        unready: &[],
        statuses: Statuses::USUAL,
        ids: Ids::Numbers,
        // Whatever the API itself answers has 200; another status means to wait and to ask again.
        http: Http::Nothing,
        balance: if brand.in_dollars { Some(Money::usd_from_json) } else { None },
        tells_cost: brand.in_dollars,
    }
}

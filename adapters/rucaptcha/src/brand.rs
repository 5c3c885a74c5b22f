//! Who speaks this API: the same service under two names, each with accounts, keys and money of its own.

use adapter_kit::Money;
use create_task::{Http, Ids, Polling, Service, Statuses};

use crate::families;
use crate::faults::{FAULTS, GONE};

/// A name that the service goes by.
#[derive(Clone, Copy)]
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

/// For customers who pay in roubles: no sum of it can be read in dollars without a rate.
pub const RUCAPTCHA: Brand = Brand {
    id: "rucaptcha",
    display_name: "RuCaptcha",
    homepage: "https://rucaptcha.com",
    base_url: "https://api.rucaptcha.com",
    in_dollars: false,
};

/// The international one. (Its adapter of that id speaks the classic API.)
pub const TWO_CAPTCHA: Brand = Brand {
    id: "2captcha",
    display_name: "2Captcha",
    homepage: "https://2captcha.com",
    base_url: "https://api.2captcha.com",
    in_dollars: true,
};

/// rucaptcha.com.
pub(crate) static SERVICE: Service = service(RUCAPTCHA);

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

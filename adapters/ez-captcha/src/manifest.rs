//! Who the provider is and how it wants to be asked.

use adapter_kit::{Money, decimal};
use create_task::{Http, Ids, Polling, Service, Statuses};
use serde_json::Value;

use crate::families::FAMILIES;
use crate::faults::{FAULTS, GONE};

/// ez-captcha.com.
///
/// Sources: <https://github.com/ez-captcha/EzCaptchaWiki> and <https://github.com/EZXLabs/ezcapsolver-go>.
pub(crate) static SERVICE: Service = Service {
    id: "ez-captcha",
    display_name: "EzCaptcha",
    homepage: "https://www.ez-captcha.com",
    base_url: "https://api.ez-captcha.com",
    root: "",
    repeat_header: None,
    key: "Shown in the personal centre",
    polling: Polling {
        // "Processing" means to ask again in three seconds; a task times out after 120 s, and the provider's libraries wait
        // 150 s for it. Results are held for five minutes after the creation.
        first_wait_ms: 3_000,
        interval_ms: 3_000,
        longest_life_ms: 150_000,
        result_kept_ms: 120_000,
        most_polls: None,
    },
    families: &[FAMILIES],
    faults: FAULTS,
    gone: &[GONE],
    unready: &[],
    statuses: Statuses::USUAL,
    ids: Ids::Texts,
    http: Http::Something,
    balance: Some(dollars),
    tells_cost: false,
};

/// The balance is in points, of which a dollar has 10,000.
///
/// Source: <https://ezcaptcha.atlassian.net/wiki/pages/viewpage.action?pageId=187138080>.
fn dollars(points: &Value) -> Option<Money> {
    let points = Money::usd_from_json(points)?.amount;
    decimal(&format!("{points}e-4")).map(|amount| Money::usd(&amount))
}

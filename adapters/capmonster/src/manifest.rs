//! Who the provider is and how it wants to be asked.

use adapter_kit::Money;
use create_task::{Http, Ids, Polling, Service, Statuses};

use crate::families;
use crate::faults::{FAULTS, GONE, GONE_TOO};

/// capmonster.cloud.
///
/// Sources: `createTask`, `getTaskResult` and `getBalance` under <https://docs.capmonster.cloud/docs/api/methods/> and
/// <https://docs.capmonster.cloud/docs/api/api-errors/>. No page says which HTTP status an error has.
pub(crate) static SERVICE: Service = Service {
    id: "capmonster",
    display_name: "CapMonster Cloud",
    homepage: "https://capmonster.cloud",
    base_url: "https://api.capmonster.cloud",
    root: "",
    repeat_header: None,
    key: "Shown on the dashboard, dash.capmonster.cloud",
    polling: Polling {
        // A task is asked about at most once in two seconds and 120 times in all; above either, the account is blocked for
        // a while. Three seconds leave room for a poll that a restart repeats. The first answers come after one second.
        first_wait_ms: 2_000,
        interval_ms: 3_000,
        // The longest that the provider's own client libraries wait.
        longest_life_ms: 180_000,
        // A task is known for five minutes after its creation: what is left of them to the one that took the longest.
        result_kept_ms: 120_000,
        most_polls: Some(100),
    },
    families: &[families::TOKENS, families::SITES, families::PICTURES],
    faults: FAULTS,
    gone: &[GONE, GONE_TOO],
    // The name of the page, and the one of the format's other services.
    unready: &["CAPTCHA_NOT_READY", "CAPCHA_NOT_READY"],
    statuses: Statuses::USUAL,
    ids: Ids::Numbers,
    http: Http::Something,
    balance: Some(Money::usd_from_json),
    // Undocumented as a field, but there in the samples of recognition: `"cost":0.0005`.
    tells_cost: true,
};

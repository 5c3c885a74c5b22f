//! Who the provider is and how it wants to be asked.

use adapter_kit::Money;
use create_task::{Http, Ids, Polling, Service, Statuses};

use crate::families::FAMILIES;
use crate::faults::{FAULTS, GONE};

/// nextcaptcha.com.
///
/// Sources: <https://nextcaptcha.com/en/apidocs/get-task-result> and the provider's own client libraries.
pub(crate) static SERVICE: Service = Service {
    id: "nextcaptcha",
    display_name: "NextCaptcha",
    homepage: "https://nextcaptcha.com",
    base_url: "https://api.nextcaptcha.com",
    root: "",
    repeat_header: None,
    key: "Shown on the dashboard, dashboard.nextcaptcha.com",
    polling: Polling {
        // No rules are published. The provider's libraries poll twice in a second and give up after 45 s; this is slower,
        // and waits as long as the format's other services take.
        first_wait_ms: 3_000,
        interval_ms: 3_000,
        longest_life_ms: 120_000,
        result_kept_ms: 60_000,
        most_polls: None,
    },
    families: &[FAMILIES],
    faults: FAULTS,
    gone: &[GONE],
    unready: &[],
    // The page has "processing" and "ready", the libraries the other two.
    statuses: Statuses { open: &["processing", "pending"], failed: &["failed"], failed_with_code: &[] },
    ids: Ids::Numbers,
    http: Http::Something,
    balance: Some(Money::usd_from_json),
    tells_cost: false,
};

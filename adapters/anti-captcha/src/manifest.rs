//! Who the provider is and how it wants to be asked.

use adapter_kit::Money;
use create_task::{Http, Ids, Polling, Service, Statuses};

use crate::families::FAMILIES;
use crate::faults::{FAULTS, GONE};

/// anti-captcha.com. Five workers in turn may try a task, and the official clients wait 300 s for it.
///
/// Source: <https://anti-captcha.com/apidoc/methods/createTask>, `…/getTaskResult`, `…/getBalance`.
pub(crate) static SERVICE: Service = Service {
    id: "anti-captcha",
    display_name: "Anti-Captcha",
    homepage: "https://anti-captcha.com",
    base_url: "https://api.anti-captcha.com",
    root: "",
    repeat_header: None,
    key: "32 hexadecimal characters, shown under Settings → API setup",
    polling: Polling {
        // The documented advice: five seconds after acceptance, and then two seconds apart.
        first_wait_ms: 5_000,
        interval_ms: 2_000,
        longest_life_ms: 300_000,
        // Results, and the right to report them, end 60 s after the solve.
        result_kept_ms: 60_000,
        most_polls: None,
    },
    families: &[FAMILIES],
    faults: FAULTS,
    gone: &[GONE],
    unready: &[],
    statuses: Statuses::USUAL,
    ids: Ids::Numbers,
    http: Http::Nothing,
    balance: Some(Money::usd_from_json),
    tells_cost: true,
};

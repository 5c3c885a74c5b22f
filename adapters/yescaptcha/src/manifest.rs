//! Who the provider is and how it wants to be asked.

use create_task::{Http, Ids, Polling, Service, Statuses};

use crate::families::FAMILIES;
use crate::faults::{FAULTS, GONE};

/// yescaptcha.com.
///
/// Sources: `createTask`, `getTaskResult` (<https://yescaptcha.atlassian.net/wiki/x/FoDxAw>) and `getBalance`
/// (<https://yescaptcha.atlassian.net/wiki/x/EoDzAw>).
pub(crate) static SERVICE: Service = Service {
    id: "yescaptcha",
    display_name: "YesCaptcha",
    homepage: "https://yescaptcha.com",
    base_url: "https://api.yescaptcha.com",
    root: "",
    repeat_header: None,
    key: "40 hexadecimal characters, shown in the personal centre",
    polling: Polling {
        // Answers take 10 to 80 s, and a task times out after 120 s. "Processing" means to ask again in three. A task is
        // asked about 120 times at most, within five minutes of its creation.
        first_wait_ms: 5_000,
        interval_ms: 3_000,
        longest_life_ms: 150_000,
        result_kept_ms: 120_000,
        most_polls: Some(100),
    },
    families: &[FAMILIES],
    faults: FAULTS,
    gone: &[GONE],
    unready: &[],
    statuses: Statuses::USUAL,
    ids: Ids::Texts,
    http: Http::Something,
    // It is in points, which are bought for yuan: no dollars can be made of it without a rate.
    balance: None,
    tells_cost: false,
};

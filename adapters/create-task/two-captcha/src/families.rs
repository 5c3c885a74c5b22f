//! The tables of what the API serves.
//!
//! Sources: the pages below <https://2captcha.com/api-docs>, one for each kind, and the typed client libraries that follow
//! them (<https://github.com/blackravenx/captcha-libs>, <https://github.com/AndreiDrang/python-rucaptcha>) where a page
//! could not be read. Prices are the upper end of what 2captcha publishes, as in the adapter for its classic API.
//!
//! Not served: hCaptcha, which has left the pages; Alibaba, Basilisk, Imperva and TSPD, whose answers are nowhere shown, and
//! VK's images, of which nobody shows how the steps are written. The adapter for the classic API serves them.

mod others;
mod pictures;
mod tokens;

use adapter_kit::Rule::{LeaveOut, Send};
use create_task::{Family, Pace, Reports, Row};

pub(crate) use others::FAMILIES as OTHERS;
pub(crate) use pictures::FAMILIES as PICTURES;
pub(crate) use tokens::FAMILIES as TOKENS;

/// Both verdicts, on every kind of task.
const REPORTS: Reports = Reports { correct: Some("/reportCorrect"), incorrect: Some("/reportIncorrect") };
/// Ten to twenty seconds at first; then so rarely that the 300 s which a worker has are twenty questions: whoever asks
/// more often for each task is blocked for five minutes (`ERROR: 1005` of the classic API, whose queue it is).
const SLOW: Option<Pace> = Some(Pace { first_ms: 20_000, gap_ms: 15_000 });

/// A token. Most have no published price; this is what the dearest of those that have one cost.
const TOKEN: Family = Family { list_price: "0.00299", reports: REPORTS, pace: SLOW, ..Family::PLAIN };

const URL: Row = ("websiteURL", Send("websiteURL"));
const KEY: Row = ("websiteKey", Send("websiteKey"));
const USER_AGENT: Row = ("userAgent", Send("userAgent"));
const ANY_USER_AGENT: Row = ("userAgent", LeaveOut("the type has no place for it, and the solution is bound to none"));

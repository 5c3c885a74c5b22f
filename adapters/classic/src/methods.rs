//! The methods as 2captcha documents them: a constant for each family.
//!
//! Source: <https://2captcha.com/2captcha-api>, whose chapters each have the parameters of `in.php`. Families that the
//! service documents in its newer JSON API alone (<https://2captcha.com/api-docs>) are sent as its own client for the
//! classic API sends them (<https://github.com/2captcha/2captcha-python>); their entries say so. Where a method is
//! switched off, `ERROR_METHOD_CALL` is answered, nothing is charged, and the next candidate is tried.

pub mod cookies;
pub mod pictures;
pub mod sites;
pub mod tokens;

use adapter_kit::Fault;
use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};

use crate::family::{Answers, Family, Pace, Row};
use crate::given::not_true;
use crate::solution::Shape;

/// "Make a 15-20 seconds timeout", then at most twenty questions in the 300 s that a worker has.
const SLOW: Option<Pace> = Some(Pace { first_ms: 20_000, gap_ms: 15_000 });
/// "Make a 10-15 seconds timeout"; the gap as above.
const SCORE: Option<Pace> = Some(Pace { first_ms: 15_000, gap_ms: 15_000 });

/// A token: what an entry means where it says nothing else.
const TOKEN: Family = Family {
    // Cautious: most of these have no published price, and this is what the dearest ones of those that have one cost.
    list_price: "0.00299",
    pace: SLOW,
    ..Family::PLAIN
};

/// The page.
pub const URL: Row = ("websiteURL", Send("pageurl"));
/// The captcha's key on the page.
pub const SITE_KEY: Row = ("websiteKey", Send("sitekey"));
/// Whether nothing of it is seen on the page.
pub const INVISIBLE: Row = ("isInvisible", Send("invisible"));
/// The client's browser. Older methods spell it so, and newer ones in small letters.
pub const USER_AGENT: Row = ("userAgent", Send("userAgent"));
const SMALL_USER_AGENT: Row = ("userAgent", Send("useragent"));
const WORKERS_USER_AGENT: Row = ("userAgent", LeaveOut("the worker's own browser is used, and named in the solution"));
/// For families whose solutions any browser may use.
pub const ANY_USER_AGENT: Row =
    ("userAgent", LeaveOut("the method has no place for it, and the solution is bound to none"));
/// Values of a session, which none of these services gives.
pub const SESSION: Row =
    ("isSession", Convert(|value, _| not_true("isSession", "the session's values are not given here", value)));

//! The table of what 2captcha serves; the manifest, submit and poll all read it.
//!
//! Source: <https://2captcha.com/2captcha-api>, whose chapters each have the parameters of `in.php`. Families that the
//! service documents in its newer JSON API alone (<https://2captcha.com/api-docs>) are sent as its own client for the
//! classic API sends them (<https://github.com/2captcha/2captcha-python>); their entries say so. Where a method is
//! switched off, `ERROR_METHOD_CALL` is answered, nothing is charged, and the next candidate is tried.

mod cookies;
mod pictures;
mod sites;
mod tokens;

use adapter_kit::ProxySupport::Optional;
use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};
use adapter_kit::{Fault, ProxySupport};

use crate::parameters::{Row, not_true};
use crate::solution::Shape;
use crate::task::Draft;

/// A canonical family as 2captcha serves it.
pub(crate) struct Family {
    /// Canonical name.
    pub name: &'static str,
    /// The fields of `in.php` that say what it is.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Whether it is solved through the client's proxy.
    pub proxy: ProxySupport,
    /// US dollars for one task. Prices float with the workers' load: this is the upper end of what is published.
    pub list_price: &'static str,
    /// Parameters that the catalogue leaves open and the provider needs.
    pub needs: &'static [&'static str],
    /// What becomes of each canonical parameter. One that has no row is refused.
    pub parameters: &'static [Row],
    /// Fills in what the provider would take otherwise than the catalogue means it, and refuses what it documents as
    /// impossible.
    pub complete: fn(&mut Draft) -> Result<(), Fault>,
    /// How `res.php` is asked, and what it answers.
    pub answers: Answers,
    /// When it is worth asking, where that is later or rarer than the manifest says.
    pub pace: Option<Pace>,
}

/// How a family's tasks are polled.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Milliseconds from acceptance to the first poll.
    pub first_ms: u32,
    /// Milliseconds from one poll to the next.
    pub gap_ms: u32,
}

/// How `res.php` is asked.
#[derive(Clone, Copy)]
pub(crate) enum Answers {
    /// For a line, `OK|answer|price`.
    Line(Shape),
    /// For JSON: the answer is an object or holds bars that cannot be told from the one before the price, or is good
    /// only with the user agent beside it, which a line does not hold. "Always set to 1 for turnstile to get the
    /// response as JSON containing the User-Agent value."
    Json(Shape),
}

impl Answers {
    /// The question, without the id.
    pub(crate) const fn question(self) -> &'static str {
        match self {
            Self::Line(_) => "get2",
            Self::Json(_) => "get&json=1",
        }
    }
}

/// "Make a 15-20 seconds timeout", then at most twenty questions in the 300 s that a worker has.
const SLOW: Option<Pace> = Some(Pace { first_ms: 20_000, gap_ms: 15_000 });
/// "Make a 10-15 seconds timeout"; the gap as above.
const SCORE: Option<Pace> = Some(Pace { first_ms: 15_000, gap_ms: 15_000 });

/// A token: what an entry means where it says nothing else.
const TOKEN: Family = Family {
    name: "",
    fixed: &[],
    proxy: Optional,
    // Cautious: most of these have no published price, and this is what the dearest ones of those that have one cost.
    list_price: "0.00299",
    needs: &[],
    parameters: &[],
    complete: as_it_is,
    answers: Answers::Json(Shape::Value(&["token"])),
    pace: SLOW,
};

const URL: Row = ("websiteURL", Send("pageurl"));
const SITE_KEY: Row = ("websiteKey", Send("sitekey"));
const INVISIBLE: Row = ("isInvisible", Send("invisible"));
/// Older methods spell it so, and newer ones in small letters.
const USER_AGENT: Row = ("userAgent", Send("userAgent"));
const SMALL_USER_AGENT: Row = ("userAgent", Send("useragent"));
const WORKERS_USER_AGENT: Row = ("userAgent", LeaveOut("the worker's own browser is used, and named in the solution"));
/// For families whose solutions any browser may use.
const ANY_USER_AGENT: Row =
    ("userAgent", LeaveOut("the method has no place for it, and the solution is bound to none"));
const SESSION: Row =
    ("isSession", Convert(|value, _| not_true("isSession", "the session's values are not given here", value)));

/// Every family that is served.
pub(crate) fn all() -> impl Iterator<Item = &'static Family> {
    [sites::FAMILIES, tokens::FAMILIES, cookies::FAMILIES, pictures::FAMILIES].into_iter().flatten()
}

/// The family of this canonical name.
pub(crate) fn find(name: &str) -> Option<&'static Family> {
    all().find(|family| family.name == name)
}

/// How tasks of this family are asked about; a token where nobody knows the family any more.
pub(crate) fn answers(name: &str) -> Answers {
    find(name).map_or(Answers::Line(Shape::Value(&["token"])), |family| family.answers)
}

fn as_it_is(_draft: &mut Draft) -> Result<(), Fault> {
    Ok(())
}

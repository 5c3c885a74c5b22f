//! A family as a service serves it: a row of its table.

use adapter_kit::{Fault, ProxySupport};

use crate::solution::Shape;
use crate::task::Draft;

/// A canonical parameter and its rule.
pub type Row = adapter_kit::Row<Draft>;

/// A canonical family as a service serves it.
#[derive(Clone, Copy)]
pub struct Family {
    /// Canonical name.
    pub name: &'static str,
    /// The fields of `in.php` that say what it is.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Whether it is solved through the client's proxy.
    pub proxy: ProxySupport,
    /// US dollars for one task: the upper end of what is published.
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
pub struct Pace {
    /// Milliseconds from acceptance to the first poll.
    pub first_ms: u32,
    /// Milliseconds from one poll to the next.
    pub gap_ms: u32,
}

/// How `res.php` is asked, by a service that is not asked for objects anyway.
#[derive(Clone, Copy)]
pub enum Answers {
    /// For a line, `OK|answer|price`.
    Line(Shape),
    /// For JSON: the answer is an object or holds bars that cannot be told from the one before the price, or is good
    /// only with the user agent beside it, which a line does not hold. "Always set to 1 for turnstile to get the
    /// response as JSON containing the User-Agent value."
    Json(Shape),
}

impl Family {
    /// What an entry means where it says nothing else: a token, with a proxy or without, answered as an object.
    pub const PLAIN: Self = Self {
        name: "",
        fixed: &[],
        proxy: ProxySupport::Optional,
        list_price: "",
        needs: &[],
        parameters: &[],
        complete: as_it_is,
        answers: Answers::Json(Shape::Value(&["token"])),
        pace: None,
    };
}

/// Nothing is left to be filled in.
fn as_it_is(_draft: &mut Draft) -> Result<(), Fault> {
    Ok(())
}

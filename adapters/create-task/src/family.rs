//! A family as a service serves it: a row of its table.

use adapter_kit::{Fault, Proxy, ProxySupport};
use serde_json::{Value, json};

use crate::{Draft, Solution, given, proxy};

/// A canonical parameter and its rule.
pub type Row = adapter_kit::Row<Draft>;

/// A canonical family as a service serves it.
#[derive(Clone, Copy)]
pub struct Family {
    /// Canonical name.
    pub name: &'static str,
    /// The service's type without a proxy; none where it needs one.
    pub solo: Option<&'static str>,
    /// The service's type with the client's proxy; none where it never takes one.
    pub proxied: Option<&'static str>,
    /// US dollars for one task.
    pub list_price: &'static str,
    /// What becomes of the canonical parameters.
    pub parameters: Parameters,
    /// Fields that every task of the family has, whatever the client gave.
    pub always: &'static [(&'static str, Constant)],
    /// Fields that a task has where the client gave nothing for them.
    pub otherwise: &'static [(&'static str, Constant)],
    /// What the catalogue leaves open and the service asks for.
    pub needs: Needs,
    /// What cannot be said parameter by parameter; run when they and the proxy are in.
    pub finish: fn(&mut Draft) -> Result<(), Fault>,
    /// Writes the client's proxy.
    pub proxy: fn(&Proxy, &mut Draft) -> Result<(), Fault>,
    /// What a solution holds.
    pub solution: Solution,
    /// The methods that take reports.
    pub reports: Reports,
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

/// What becomes of the canonical parameters.
#[derive(Clone, Copy)]
pub enum Parameters {
    /// What the rows say. One that has no row is refused.
    By(&'static [Row]),
    /// They are the service's own and pass as they were sent.
    AsSent,
}

/// Canonical parameters that a service needs: all of one of these groups. None are needed where there is no group.
pub type Needs = &'static [&'static [&'static str]];

/// A value that does not hang on the task.
#[derive(Clone, Copy, Debug)]
pub enum Constant {
    /// A text.
    Text(&'static str),
    /// A whole number.
    Number(u32),
    /// A number with a fraction.
    Fraction(f64),
    /// True or false.
    Flag(bool),
}

/// The methods that take reports on one family; none where the service has no such method.
#[derive(Clone, Copy)]
pub struct Reports {
    /// For solutions that worked.
    pub correct: Option<&'static str>,
    /// For those that did not.
    pub incorrect: Option<&'static str>,
}

impl Reports {
    /// No method at all.
    pub const NONE: Self = Self { correct: None, incorrect: None };
}

impl Family {
    /// What an entry means where it says nothing else: a token, through a proxy in the usual five fields.
    pub const PLAIN: Self = Self {
        name: "",
        solo: None,
        proxied: None,
        list_price: "",
        parameters: Parameters::By(&[]),
        always: &[],
        otherwise: &[],
        needs: &[],
        finish: given::as_they_are,
        proxy: proxy::five_fields,
        solution: Solution::Token,
        reports: Reports::NONE,
        pace: None,
    };

    /// Whether it is solved through the client's proxy.
    #[must_use]
    pub const fn proxy_support(&self) -> ProxySupport {
        match (self.solo, self.proxied) {
            (_, None) => ProxySupport::Never,
            (Some(_), Some(_)) => ProxySupport::Optional,
            (None, Some(_)) => ProxySupport::Required,
        }
    }
}

impl Constant {
    /// As JSON.
    #[must_use]
    pub fn json(self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::Fraction(number) => json!(number),
            Self::Flag(flag) => json!(flag),
        }
    }
}

//! The table of what CapSolver serves; the manifest, submit and the reading of solutions use it.
//!
//! Sources: the pages below <https://docs.capsolver.com/guide/>, one for each kind (named at each table), and the
//! provider's own client libraries where a page is silent. Prices: <https://www.capsolver.com/>; where it lists none, a
//! cautious value, which is said there: a price below the cost is paid by whoever owns the key.
//!
//! Not served, though there once was a page or still is: hCaptcha, which has left the documentation; Imperva, whose task
//! gives a payload to be posted to the site nowadays (`reese84Payload`) and not the cookie that the family is about;
//! BotDeflector, which the catalogue does not have.

mod images;
mod own;
mod sites;
mod tokens;

use adapter_kit::{Fault, ProxySupport};
use serde_json::{Map, Value};

use crate::parameters::Row;
use crate::solution::Kind;

/// A canonical family as CapSolver serves it.
pub(crate) struct Family {
    /// Canonical name.
    pub name: &'static str,
    /// The provider's type, or types.
    pub types: Types,
    /// US dollars for one task.
    pub list_price: &'static str,
    /// What becomes of each canonical parameter. One that has no row is refused.
    pub parameters: Rows,
    /// What the catalogue leaves open and the provider asks for: a canonical name and what it is here.
    pub needs: &'static [(&'static str, &'static str)],
    /// What cannot be said parameter by parameter; run before anything else.
    pub check: fn(&Map<String, Value>) -> Result<(), Fault>,
    /// The same for the manifest, as JSON Schema of the canonical parameters.
    pub schema: Option<&'static str>,
    /// What is sent where the client gave nothing: a name of the provider's and its value.
    pub defaults: &'static [(&'static str, &'static str)],
    /// What a solution holds.
    pub solution: Kind,
    /// Where the task is posted.
    pub path: &'static str,
}

/// The provider's name of a type: it tells whether the client's proxy is used.
pub(crate) enum Types {
    /// It never is.
    Solo(&'static str),
    /// One type without it, one with it.
    Either(&'static str, &'static str),
    /// It always is.
    Proxied(&'static str),
}

/// How the parameters are sent.
pub(crate) enum Rows {
    /// Each by its rule.
    Table(&'static [Row]),
    /// As they are, for nobody but the provider knows them; the page's address under this name.
    AsSent(&'static str),
}

/// What an entry means where it says nothing else.
const PLAIN: Family = Family {
    name: "",
    types: Types::Solo(""),
    list_price: "",
    parameters: Rows::Table(&[]),
    needs: &[],
    check: anything,
    schema: None,
    defaults: &[],
    solution: Kind::Token,
    path: "/createTask",
};

impl Family {
    /// Whether it is solved through the client's proxy.
    pub(crate) const fn proxy(&self) -> ProxySupport {
        match self.types {
            Types::Solo(_) => ProxySupport::Never,
            Types::Either(..) => ProxySupport::Optional,
            Types::Proxied(_) => ProxySupport::Required,
        }
    }
}

fn anything(_given: &Map<String, Value>) -> Result<(), Fault> {
    Ok(())
}

/// Every family that is served, in the order of the catalogue.
pub(crate) fn all() -> impl Iterator<Item = &'static Family> {
    [tokens::FAMILIES, sites::FAMILIES, images::FAMILIES, own::FAMILIES].into_iter().flatten()
}

/// The family of this canonical name.
pub(crate) fn find(name: &str) -> Option<&'static Family> {
    all().find(|family| family.name == name)
}

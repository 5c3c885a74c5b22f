//! Rows of a table of codes, as short as they can be written.

use adapter_kit::{About, Charged, FaultClass, FaultRow};

/// A row: the service's number for it (0 where it has none), its code, what the host must do, whether a task that fails so
/// is charged, and what the code speaks of.
#[must_use]
pub const fn row(number: u64, code: &'static str, class: FaultClass, charged: Charged, about: About) -> FaultRow {
    FaultRow { number, code, class, charged, about }
}

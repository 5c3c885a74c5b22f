//! Faults: constructors, and tables that map a provider's codes to what the host must do.

use crate::{Charged, Fault, FaultClass};

/// Most characters of a provider's own words that a fault passes on.
const MAX_MESSAGE_CHARS: usize = 300;

impl Fault {
    /// A fault of this class, nothing charged: what is refused before work costs nothing. See [`Fault::charged`].
    #[must_use]
    pub fn new(class: FaultClass, code: &str, message: &str) -> Self {
        Self { class, code: for_people(code), message: for_people(message), charged: Charged::No }
    }

    /// The same fault with another word on whether the provider charged.
    #[must_use]
    pub fn charged(mut self, charged: Charged) -> Self {
        self.charged = charged;
        self
    }

    /// The client's fault: no other provider is tried.
    #[must_use]
    pub fn invalid_task(code: &str, message: &str) -> Self {
        Self::new(FaultClass::InvalidTask, code, message)
    }

    /// The provider does not do that: the next candidate is tried.
    #[must_use]
    pub fn not_supported(code: &str, message: &str) -> Self {
        Self::new(FaultClass::NotSupported, code, message)
    }

    /// Too fast; the wait in milliseconds, where the provider said so.
    #[must_use]
    pub fn throttled(retry_after_ms: Option<u32>, message: &str) -> Self {
        Self::new(FaultClass::Throttled(retry_after_ms), "THROTTLED", message)
    }

    /// The provider is down and surely did nothing.
    #[must_use]
    pub fn provider_down(code: &str, message: &str) -> Self {
        Self::new(FaultClass::ProviderDown, code, message)
    }

    /// The task failed for good. Whether it was charged is unknown until [`Fault::charged`] says otherwise.
    #[must_use]
    pub fn unsolvable(code: &str, message: &str) -> Self {
        Self::new(FaultClass::Unsolvable, code, message).charged(Charged::Unknown)
    }

    /// Sent, and no definitive answer: it may have been charged.
    #[must_use]
    pub fn in_doubt(code: &str, message: &str) -> Self {
        Self::new(FaultClass::InDoubt, code, message).charged(Charged::Unknown)
    }
}

/// A row of a provider's error table.
#[derive(Clone, Copy, Debug)]
pub struct FaultRow {
    /// The provider's number for it; 0 where it has none.
    pub number: u64,
    /// The provider's code.
    pub code: &'static str,
    /// What the host must do.
    pub class: FaultClass,
    /// Whether a task that fails so is charged.
    pub charged: Charged,
    /// What the code speaks of.
    pub about: About,
}

/// What an error code speaks of. The difference matters to a poll: an error about the call says nothing of the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The task: it has failed.
    Task,
    /// The call, the credential or the provider's state: the task may still be solved.
    Call,
}

/// The row for a provider's answer: by its code, or by its number where the code is absent or unknown.
#[must_use]
pub fn find_fault(table: &'static [FaultRow], code: Option<&str>, number: Option<u64>) -> Option<&'static FaultRow> {
    let by_code = code.and_then(|code| table.iter().find(|row| row.code.eq_ignore_ascii_case(code.trim())));
    by_code.or_else(|| number.filter(|n| *n != 0).and_then(|n| table.iter().find(|row| row.number == n)))
}

/// A provider's own words, fit to be shown: control characters removed, at most 300 characters.
#[must_use]
pub fn for_people(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(MAX_MESSAGE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[FaultRow] = &[
        FaultRow {
            number: 12,
            code: "ERROR_UNSOLVABLE",
            class: FaultClass::Unsolvable,
            charged: Charged::Yes,
            about: About::Task,
        },
        FaultRow {
            number: 0,
            code: "ERROR_BLOCKED",
            class: FaultClass::InvalidTask,
            charged: Charged::No,
            about: About::Task,
        },
        FaultRow {
            number: 12,
            code: "ERROR_DUPLICATES",
            class: FaultClass::Unsolvable,
            charged: Charged::Unknown,
            about: About::Task,
        },
    ];

    #[test]
    fn a_code_is_found_before_its_number() {
        assert_eq!(find_fault(TABLE, Some("error_duplicates "), Some(12)).unwrap().code, "ERROR_DUPLICATES");
        assert_eq!(find_fault(TABLE, Some("ERROR_NEW"), Some(12)).unwrap().code, "ERROR_UNSOLVABLE");
        assert_eq!(find_fault(TABLE, None, Some(12)).unwrap().code, "ERROR_UNSOLVABLE");
        assert!(find_fault(TABLE, Some("ERROR_NEW"), Some(0)).is_none());
        assert!(find_fault(TABLE, None, None).is_none());
    }

    #[test]
    fn a_message_is_bounded_and_without_control_characters() {
        let fault = Fault::not_supported("CODE", &format!("a\u{0}b\n{}", "x".repeat(1000)));
        assert!(fault.message.starts_with("abx"));
        assert_eq!(fault.message.chars().count(), MAX_MESSAGE_CHARS);
    }

    #[test]
    fn only_what_may_have_been_worked_on_may_have_been_charged() {
        assert_eq!(Fault::not_supported("C", "m").charged, Charged::No);
        assert_eq!(Fault::provider_down("C", "m").charged, Charged::No);
        assert_eq!(Fault::in_doubt("C", "m").charged, Charged::Unknown);
        assert_eq!(Fault::unsolvable("C", "m").charged(Charged::Yes).charged, Charged::Yes);
    }
}

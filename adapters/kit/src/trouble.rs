//! When no answer of the provider's own came back.

use crate::{Fault, Response};

/// A response without a readable answer of the provider's own in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// HTTP 429, and the wait in milliseconds where it was given.
    Throttled(Option<u32>),
    /// HTTP 5xx.
    ServerError(u16),
    /// Any other status.
    Unreadable(u16),
}

impl Trouble {
    /// Which trouble a response is in whose body cannot be read.
    #[must_use]
    pub fn of(response: &Response) -> Self {
        if response.is_throttled() {
            Self::Throttled(response.retry_after_ms())
        } else if response.is_server_error() {
            Self::ServerError(response.status)
        } else {
            Self::Unreadable(response.status)
        }
    }

    /// For a request that may have had an effect: unless it was turned away for its rate, nobody knows.
    #[must_use]
    pub fn may_have_acted(self) -> Fault {
        self.fault(Fault::in_doubt)
    }

    /// For a request that only reads: whatever happened, nothing was changed by it.
    #[must_use]
    pub fn acted_on_nothing(self) -> Fault {
        self.fault(Fault::provider_down)
    }

    fn fault(self, otherwise: fn(&str, &str) -> Fault) -> Fault {
        match self {
            Self::Throttled(after) => Fault::throttled(after, "HTTP 429"),
            Self::ServerError(status) => otherwise("HTTP_ERROR", &format!("HTTP {status}")),
            Self::Unreadable(status) => {
                otherwise("UNREADABLE_REPLY", &format!("HTTP {status} without a readable answer"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FaultClass;

    #[test]
    fn a_request_that_may_have_acted_is_in_doubt_and_one_that_reads_is_not() {
        for (status, trouble) in
            [(400, Trouble::Unreadable(400)), (200, Trouble::Unreadable(200)), (502, Trouble::ServerError(502))]
        {
            let seen = Trouble::of(&Response { status, headers: vec![], body: vec![] });
            assert_eq!(seen, trouble);
            assert_eq!(seen.may_have_acted().class, FaultClass::InDoubt);
            assert_eq!(seen.acted_on_nothing().class, FaultClass::ProviderDown);
        }
        let headers = vec![("retry-after".to_owned(), "7".to_owned())];
        let throttled = Trouble::of(&Response { status: 429, headers, body: vec![] });
        assert_eq!(throttled.may_have_acted().class, FaultClass::Throttled(Some(7000)));
        assert_eq!(throttled.acted_on_nothing().class, FaultClass::Throttled(Some(7000)));
    }
}

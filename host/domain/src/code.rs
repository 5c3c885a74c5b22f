//! The error codes that clients see: one table, from which the documentation is printed.
//!
//! `errorId` 1 means outside the gateway (the request, the account, the provider), 2 means the gateway itself: such a
//! request may be repeated after a few seconds.

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($variant:ident = $code:literal, $id:literal, $text:literal, $advice:literal;)+) => {
        /// A client-visible error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $(#[doc = $text] #[serde(rename = $code)] $variant,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// 1 = outside the gateway, 2 = the gateway.
            #[must_use]
            pub const fn error_id(self) -> u8 {
                match self { $(Self::$variant => $id,)+ }
            }

            /// What it means; the beginning of `errorDescription`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// What the client should do.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)+ }
            }

            /// Reads a code as it is stored.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|c| c.as_str() == code)
            }
        }
    };
}

error_codes! {
    KeyDoesNotExist = "ERROR_KEY_DOES_NOT_EXIST", 1, "Invalid or missing API key.", "Check clientKey.";
    UserBanned = "ERROR_USER_BANNED", 1, "The account is suspended.", "Ask the operator.";
    ZeroBalance = "ERROR_ZERO_BALANCE", 1, "Insufficient account balance.", "Top up; nothing was charged.";
    DailyCap = "ERROR_DAILY_LIMIT", 1, "The key has spent what it may spend today.", "Ask the key's owner to raise its daily cap, or wait until tomorrow (UTC); nothing was charged.";
    AddressNotAllowed = "ERROR_IP_NOT_ALLOWED", 1, "The key may not be used from this address.", "Ask the key's owner to add the address.";
    InvalidTaskData = "INVALID_TASK_DATA", 1, "Invalid or missing task parameters. Check request structure.", "Correct the field that is named; repeating it unchanged will not help.";
    NoSuchMethod = "ERROR_NO_SUCH_METHOD", 1, "There is no such method.", "Check the path; the methods are POST requests with a JSON object as body.";
    RepeatedDifferently = "ERROR_IDEMPOTENCY_KEY_REUSED", 1, "The Idempotency-Key was used before for another task.", "Use a new key for a new task; repeat the first body unchanged to have its answer again.";
    ImageCorrupted = "IMAGE_CORRUPTED", 1, "The image cannot be read.", "Send a JPG, PNG or GIF in base64.";
    ImageTooLarge = "IMAGE_TOO_LARGE", 1, "The image is too large.", "Send at most 500 000 bytes.";
    ImageTooSmall = "IMAGE_TOO_SMALL", 1, "The image is too small.", "Send at least 100 bytes.";
    TaskNotSupported = "TASK_NOT_SUPPORTED", 1, "Task type not supported.", "Check task.type.";
    NoProvidersAvailable = "NO_PROVIDERS_AVAILABLE", 1, "No providers available for this task type.", "Repeat later, or loosen provider and keyPoolMode; nothing was charged.";
    RateLimit = "ERROR_RATE_LIMIT", 1, "Too many requests.", "Slow down; repeat after a second.";
    TaskNotFound = "ERROR_TASK_NOT_FOUND", 1, "No such task, or its result has expired.", "Check taskId.";
    TaskTimeout = "ERROR_TASK_TIMEOUT", 1, "The task was not solved in time.", "Create it again; nothing was charged.";
    CaptchaUnsolvable = "CAPTCHA_UNSOLVABLE", 1, "The captcha could not be solved.", "Create it again; nothing was charged.";
    DomainBanned = "DOMAIN_BANNED", 1, "The site is refused by policy.", "Tasks for this site are not accepted.";
    Internal = "INTERNAL_ERROR", 2, "Internal error.", "Repeat after a few seconds.";
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn codes_are_unique_and_read_back() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_code(code.as_str()), Some(*code));
            assert!(matches!(code.error_id(), 1 | 2));
        }
        assert_eq!(ErrorCode::from_code("NO_SUCH"), None);
    }
}

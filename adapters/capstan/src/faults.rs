//! The table of the gateway's own error codes.
//!
//! Source: "Errors" of `docs/api.md`. "A failure costs nothing", so nothing that fails is charged.

use adapter_kit::About::{Call, Task};
use adapter_kit::Charged::{No, Unknown};
use adapter_kit::FaultClass::{
    CredentialOutOfFunds, CredentialRejected, InDoubt, InvalidTask, NoCapacity, NotSupported, Throttled, Unsolvable,
};
use adapter_kit::FaultRow;
use create_task::row;

/// The gateway knows no such task, or not any more.
pub(crate) const GONE: &str = "ERROR_TASK_NOT_FOUND";

/// Every code.
pub(crate) const FAULTS: &[FaultRow] = &[
    // The key, its account and its funds.
    row(0, "ERROR_KEY_DOES_NOT_EXIST", CredentialRejected, No, Call),
    row(0, "ERROR_USER_BANNED", CredentialRejected, No, Call),
    row(0, "ERROR_IP_NOT_ALLOWED", CredentialRejected, No, Call),
    row(0, "ERROR_ZERO_BALANCE", CredentialOutOfFunds, No, Call),
    // Both say in `Retry-After` how long to rest; the cap of a day ends with the day, and the key is good after it.
    row(0, "ERROR_DAILY_LIMIT", Throttled(None), No, Call),
    row(0, "ERROR_RATE_LIMIT", Throttled(None), No, Call),
    row(0, "NO_PROVIDERS_AVAILABLE", NoCapacity, No, Call),
    // The client's task.
    row(0, "INVALID_TASK_DATA", InvalidTask, No, Task),
    row(0, "IMAGE_CORRUPTED", InvalidTask, No, Task),
    row(0, "IMAGE_TOO_LARGE", InvalidTask, No, Task),
    row(0, "IMAGE_TOO_SMALL", InvalidTask, No, Task),
    // What this gateway does not do, and others may: sites that its own policy refuses among them.
    row(0, "DOMAIN_BANNED", NotSupported, No, Task),
    row(0, "TASK_NOT_SUPPORTED", NotSupported, No, Task),
    row(0, "ERROR_NO_SUCH_METHOD", NotSupported, No, Call),
    row(0, "ERROR_IDEMPOTENCY_KEY_REUSED", NotSupported, No, Call),
    // Tried, and not solved.
    row(0, "CAPTCHA_UNSOLVABLE", Unsolvable, No, Task),
    row(0, "ERROR_TASK_TIMEOUT", Unsolvable, No, Task),
    // Forgotten, or never known: whether there was a solution, and was charged, nobody knows.
    row(0, GONE, Unsolvable, Unknown, Task),
    // "The gateway itself": whether it had taken the task down by then it does not say.
    row(0, "INTERNAL_ERROR", InDoubt, Unknown, Call),
];

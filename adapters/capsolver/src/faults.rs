//! The table of CapSolver's error codes.
//!
//! Source: <https://docs.capsolver.com/guide/api-error>. `errorId` is 1 for every one of them and the HTTP status 400 or,
//! for a wrong key, 401: the code alone tells them apart. Only solutions are charged: of a task that was refused, was
//! unsolvable or had a bad proxy that is known, of one that ran out of time or is forgotten it is not.

use adapter_kit::About::{Call, Task};
use adapter_kit::Charged::{No, Unknown};
use adapter_kit::FaultClass::{
    CredentialOutOfFunds, CredentialRejected, InvalidTask, NotSupported, ProviderDown, Throttled, Unsolvable,
};
use adapter_kit::{About, Charged, FaultClass, FaultRow};

/// The provider knows no such task: it never did, or has dropped it five minutes after its creation.
pub(crate) const GONE: &str = "ERROR_TASKID_INVALID";
/// The same in another word, which the page does not have and client libraries know.
pub(crate) const GONE_TOO: &str = "ERROR_TASK_NOT_FOUND";
/// The task's data are wrong, or, by its description alone, the key is.
pub(crate) const INVALID_DATA: &str = "ERROR_INVALID_TASK_DATA";

/// How long a block lasts that many errors within a minute have brought on.
const KEY_BLOCK_MS: u32 = 300_000;
const ADDRESS_BLOCK_MS: u32 = 600_000;

/// Every known code: what the host must do, whether a task that fails so is charged, and what the code speaks of.
pub(crate) const FAULTS: &[FaultRow] = &[
    // The key and its funds.
    row("ERROR_KEY_DENIED_ACCESS", CredentialRejected, No, Call),
    row("ERROR_ZERO_BALANCE", CredentialOutOfFunds, No, Call),
    // "Check your balance": the price could not be taken off it.
    row("ERROR_SETTLEMENT_FAILED", CredentialOutOfFunds, No, Call),
    // Too fast, or too many errors in too short a time. A block ends by itself: a key that is sound is not taken out of
    // use for it, and one that is not asked for that long does not make it longer. The address is the gateway's and is
    // blocked whatever the key; each of its keys learns of it once, and rests.
    row("ERROR_RATE_LIMIT", Throttled(None), No, Call),
    row("ERROR_KEY_TEMP_BLOCKED", Throttled(Some(KEY_BLOCK_MS)), No, Call),
    row("ERROR_IP_BANNED", Throttled(Some(ADDRESS_BLOCK_MS)), No, Call),
    // The provider. (Its spelling.)
    row("ERROR_SERVICE_UNAVALIABLE", ProviderDown, No, Call),
    // The client's task.
    row(INVALID_DATA, InvalidTask, No, Task),
    row("ERROR_PARSE_IMAGE_FAIL", InvalidTask, No, Task),
    row("ERROR_PROXY_BANNED", InvalidTask, No, Task),
    // What the provider does not do. Images were measured by the catalogue before, so a size that does not please is the
    // provider's own limit. A request that is wrong without a word on what is wrong with it may be right elsewhere; on a
    // poll it is the poll that is wrong.
    row("ERROR_TASK_NOT_SUPPORTED", NotSupported, No, Task),
    row("ERROR_UNKNOWN_QUESTION", NotSupported, No, Task),
    row("ERROR_INVALID_IMAGE", NotSupported, No, Task),
    row("ERROR_BAD_REQUEST", NotSupported, No, Call),
    // Tried, and not solved. The first is documented to cost nothing.
    row("ERROR_CAPTCHA_UNSOLVABLE", Unsolvable, No, Task),
    row("ERROR_TASK_TIMEOUT", Unsolvable, Unknown, Task),
    // Forgotten: no solution will come of it any more, and whether there was one, and was charged, nobody knows. So it
    // must not be sent elsewhere either.
    row(GONE, Unsolvable, Unknown, Task),
    // Not on the page, but answered by the provider or known to its client libraries.
    row(GONE_TOO, Unsolvable, Unknown, Task),
    row("ERROR_KEY_DOES_NOT_EXIST", CredentialRejected, No, Call),
    row("ERROR_SERVICE_UNAVAILABLE", ProviderDown, No, Call),
];

const fn row(code: &'static str, class: FaultClass, charged: Charged, about: About) -> FaultRow {
    FaultRow { number: 0, code, class, charged, about }
}

/// The row of [`INVALID_DATA`] where it is the key that is wrong: a key that is no key at all is answered so, and every
/// client's task would be called invalid for it.
pub(crate) const INVALID_KEY: FaultRow = row(INVALID_DATA, CredentialRejected, No, Call);

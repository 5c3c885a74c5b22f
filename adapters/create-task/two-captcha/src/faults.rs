//! The table of the API's error codes.
//!
//! Source: <https://2captcha.com/api-docs/error-codes>. What workers could not solve is given back.

use adapter_kit::About::{Call, Task};
use adapter_kit::Charged::{No, Unknown};
use adapter_kit::FaultClass::{
    CredentialOutOfFunds, CredentialRejected, InvalidTask, NoCapacity, NotSupported, Throttled, Unsolvable,
};
use adapter_kit::FaultRow;
use create_task::row;

/// The service knows no such task. (Its spelling.)
pub(crate) const GONE: &str = "ERROR_NO_SUCH_CAPCHA_ID";

/// How long the gateway's address is blocked.
const BAN_MS: u32 = 300_000;

/// Every known code, with its number.
pub(crate) const FAULTS: &[FaultRow] = &[
    // The key, its account and its funds.
    row(1, "ERROR_KEY_DOES_NOT_EXIST", CredentialRejected, No, Call),
    row(10, "ERROR_ZERO_BALANCE", CredentialOutOfFunds, No, Call),
    row(11, "ERROR_IP_NOT_ALLOWED", CredentialRejected, No, Call),
    row(55, "ERROR_ACCOUNT_SUSPENDED", CredentialRejected, No, Call),
    // A blocked address ends by itself: taking every credential out of use for it would outlast the block by far.
    row(21, "ERROR_IP_BLOCKED", Throttled(Some(BAN_MS)), No, Call),
    // Nobody free at this price, or too many tasks in the queue. It answers a submit alone, so on a poll it says nothing.
    row(2, "ERROR_NO_SLOT_AVAILABLE", NoCapacity, No, Call),
    // The client's task, and its proxy.
    row(3, "ERROR_ZERO_CAPTCHA_FILESIZE", InvalidTask, No, Task),
    row(5, "ERROR_PAGEURL", InvalidTask, No, Task),
    row(15, "ERROR_IMAGE_TYPE_NOT_SUPPORTED", InvalidTask, No, Task),
    row(22, "ERROR_TASK_ABSENT", InvalidTask, No, Task),
    row(31, "ERROR_RECAPTCHA_INVALID_SITEKEY", InvalidTask, No, Task),
    row(110, "ERROR_BAD_PARAMETERS", InvalidTask, No, Task),
    row(115, "ERROR_BAD_IMGINSTRUCTIONS", InvalidTask, No, Task),
    row(130, "ERROR_BAD_PROXY", InvalidTask, No, Task),
    // The service's own limits.
    row(4, "ERROR_TOO_BIG_CAPTCHA_FILESIZE", NotSupported, No, Task),
    row(14, "ERROR_NO_SUCH_METHOD", NotSupported, No, Call),
    row(23, "ERROR_TASK_NOT_SUPPORTED", NotSupported, No, Task),
    // Tried, and not solved: by three workers. Of votes that found no majority nothing is said.
    row(12, "ERROR_CAPTCHA_UNSOLVABLE", Unsolvable, No, Task),
    row(13, "ERROR_BAD_DUPLICATES", Unsolvable, Unknown, Task),
    // Forgotten, or never known: whether there was a solution, and was charged, nobody knows. So it must not be sent
    // elsewhere either.
    row(16, GONE, Unsolvable, Unknown, Task),
];

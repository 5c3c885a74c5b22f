//! The table of CapMonster Cloud's error codes.
//!
//! Source: <https://docs.capmonster.cloud/docs/api/api-errors/>. `errorId` is 1 for every one of them: the code alone tells
//! them apart. No page says what failed tasks cost, but that an image below the wanted confidence is not charged, which is
//! answered with the same code as every other task that could not be solved.

use adapter_kit::About::{Call, Task};
use adapter_kit::Charged::{No, Unknown};
use adapter_kit::FaultClass::{
    CredentialOutOfFunds, CredentialRejected, InvalidTask, NoCapacity, NotSupported, ProviderDown, Throttled,
    Unsolvable,
};
use adapter_kit::FaultRow;
use create_task::row;

/// The provider knows no such task: five minutes have gone. (Its spelling.)
pub(crate) const GONE: &str = "ERROR_NO_SUCH_CAPCHA_ID";
/// The same in another word of the same page.
pub(crate) const GONE_TOO: &str = "WRONG_CAPTCHA_ID";

/// Every known code.
pub(crate) const FAULTS: &[FaultRow] = &[
    // The key and its funds.
    row(0, "ERROR_KEY_DOES_NOT_EXIST", CredentialRejected, No, Call),
    row(0, "ERROR_ZERO_BALANCE", CredentialOutOfFunds, No, Call),
    row(0, "ERROR_IP_NOT_ALLOWED", CredentialRejected, No, Call),
    // The gateway's address is banned for a while, whatever the key: taking every credential out of use for it would
    // outlast the ban by far.
    row(0, "ERROR_IP_BANNED", ProviderDown, No, Call),
    row(0, "ERROR_IP_BLOCKED", ProviderDown, No, Call),
    // Asked too often about one task.
    row(0, "ERROR_TOO_MUCH_REQUESTS", Throttled(None), No, Call),
    // It makes no tasks while their results could not be had.
    row(0, "ERROR_SERVICE_NOT_AVAILABLE", ProviderDown, No, Call),
    // Off the page nowadays; client libraries know it.
    row(0, "ERROR_NO_SLOT_AVAILABLE", NoCapacity, No, Task),
    // The client's task. An image was measured by the catalogue before, so a size that does not please is the provider's
    // own limit; so is a site that it does not solve for, and a browser that it does not play.
    row(0, "ERROR_ZERO_CAPTCHA_FILESIZE", InvalidTask, No, Task),
    row(0, "ERROR_TOO_BIG_CAPTCHA_FILESIZE", NotSupported, No, Task),
    row(0, "ERROR_DOMAIN_NOT_ALLOWED", NotSupported, No, Task),
    row(0, "ERROR_WRONG_USERAGENT", NotSupported, No, Task),
    row(0, "ERROR_TASK_ABSENT", InvalidTask, No, Task),
    row(0, "ERROR_INVALID_TASK", InvalidTask, No, Task),
    row(0, "ERROR_TOKEN_EXPIRED", InvalidTask, Unknown, Task),
    row(0, "ERROR_RECAPTCHA_INVALID_SITEKEY", InvalidTask, Unknown, Task),
    row(0, "ERROR_RECAPTCHA_INVALID_DOMAIN", InvalidTask, Unknown, Task),
    // The client's proxy.
    row(0, "ERROR_PROXY_MISSING", InvalidTask, No, Task),
    row(0, "ERROR_PROXY_CREDENTIALS_INVALID_CHARACTER", NotSupported, No, Task),
    row(0, "ERROR_PROXY_CONNECT_REFUSED", InvalidTask, Unknown, Task),
    row(0, "ERROR_PROXY_NOT_AUTHORISED", InvalidTask, Unknown, Task),
    row(0, "ERROR_PROXY_READ_TIMEOUT", InvalidTask, Unknown, Task),
    row(0, "ERROR_PROXY_BANNED", InvalidTask, Unknown, Task),
    // Tried, and not solved.
    row(0, "ERROR_CAPTCHA_UNSOLVABLE", Unsolvable, Unknown, Task),
    row(0, "ERROR_RECAPTCHA_TIMEOUT", Unsolvable, Unknown, Task),
    // Forgotten: no solution will come of it any more, and whether there was one, and was charged, nobody knows. So it
    // must not be sent elsewhere either.
    row(0, GONE, Unsolvable, Unknown, Task),
    row(0, GONE_TOO, Unsolvable, Unknown, Task),
    // What the provider does not do. The first is about the type of a task, its name notwithstanding.
    row(0, "ERROR_NO_SUCH_METHOD", NotSupported, No, Task),
    row(0, "ERROR_TASK_NOT_SUPPORTED", NotSupported, No, Task),
];

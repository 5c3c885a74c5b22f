//! Rows of a table of codes, and how they are found.

use adapter_kit::About::{Call, Task};
use adapter_kit::Charged::{No, Unknown};
use adapter_kit::FaultClass::{
    CredentialOutOfFunds, CredentialRejected, InvalidTask, NoCapacity, NotSupported, Throttled, Unsolvable,
};
use adapter_kit::{About, Charged, FaultClass, FaultRow, find_fault};

/// How the codes of request limits begin; a number follows, and new ones may come.
pub const LIMIT: &str = "ERROR:";
/// A limit whose number is not in the table: the code of a row with the number 0.
pub const ANY_LIMIT: &str = "ERROR: NNNN";

/// The row of a code. Limits are known by their numbers, and one with an unknown number is still a limit.
pub(crate) fn find(table: &'static [FaultRow], code: &str) -> Option<&'static FaultRow> {
    let Some(number) = code.strip_prefix(LIMIT) else {
        return find_fault(table, Some(code), None);
    };
    find_fault(table, None, number.trim().parse().ok()).or_else(|| find_fault(table, Some(ANY_LIMIT), None))
}

/// A row: the code, what the host must do, whether a task that fails so is charged, and what the code speaks of.
#[must_use]
pub const fn row(code: &'static str, class: FaultClass, charged: Charged, about: About) -> FaultRow {
    FaultRow { number: 0, code, class, charged, about }
}

/// A row of a request limit, which says nothing of any task.
#[must_use]
pub const fn limit(number: u64, code: &'static str, class: FaultClass) -> FaultRow {
    FaultRow { number, code, class, charged: Charged::No, about: About::Call }
}

/// How long the gateway's address is blocked for keys that do not exist.
const BAN_MS: u32 = 300_000;

/// The codes as 2captcha documents them: what the host must do, whether a task that fails so is charged, and what the code
/// speaks of.
///
/// Sources: "List of in.php errors", "List of res.php errors" and "List of error codes for request limitations" of
/// <https://2captcha.com/2captcha-api>; the codes of the same service's JSON API
/// (<https://2captcha.com/api-docs/error-codes>), and what the official client libraries meet. "You are charged only in
/// case the image is recognized correctly" (<https://2captcha.com/order-captchas>): what fails costs nothing.
pub const USUAL: &[FaultRow] = &[
    // The key, its account and its funds.
    row("ERROR_WRONG_USER_KEY", CredentialRejected, No, Call),
    row("ERROR_KEY_DOES_NOT_EXIST", CredentialRejected, No, Call),
    row("ERROR_IP_NOT_ALLOWED", CredentialRejected, No, Call),
    row("ERROR_ACCOUNT_SUSPENDED", CredentialRejected, No, Call),
    row("ERROR_ZERO_BALANCE", CredentialOutOfFunds, No, Call),
    // Rates, each with its own time of rest. A blocked address is one of them: taking every credential out of use for it
    // would outlast the block by far.
    row("MAX_USER_TURN", Throttled(Some(10_000)), No, Call),
    row("ERROR_TOO_MUCH_REQUESTS", Throttled(None), No, Call),
    row("TOO_MANY_BAD_IMAGES", Throttled(None), No, Call),
    row("IP_BANNED", Throttled(Some(BAN_MS)), No, Call),
    row("ERROR_IP_BLOCKED", Throttled(Some(BAN_MS)), No, Call),
    limit(1001, "ERROR: 1001", Throttled(Some(600_000))),
    // 120 times `ERROR_ZERO_BALANCE` in a minute: the rest does not fill the account.
    limit(1002, "ERROR: 1002", CredentialOutOfFunds),
    limit(1003, "ERROR: 1003", Throttled(Some(30_000))),
    limit(1004, "ERROR: 1004", Throttled(Some(600_000))),
    limit(1005, "ERROR: 1005", Throttled(Some(300_000))),
    limit(0, ANY_LIMIT, Throttled(None)),
    // Nobody free at this price, or too many tasks in the queue. It is `in.php`'s alone, so on a poll it says nothing.
    row("ERROR_NO_SLOT_AVAILABLE", NoCapacity, No, Call),
    // The client's task.
    row("ERROR_PAGEURL", InvalidTask, No, Task),
    row("ERROR_GOOGLEKEY", InvalidTask, No, Task),
    row("ERROR_WRONG_GOOGLEKEY", InvalidTask, No, Task),
    row("ERROR_SITEKEY", InvalidTask, No, Task),
    row("ERROR_RECAPTCHA_INVALID_SITEKEY", InvalidTask, No, Task),
    row("ERROR_BAD_TOKEN_OR_PAGEURL", InvalidTask, No, Task),
    row("ERROR_BAD_PARAMETERS", InvalidTask, No, Task),
    row("ERROR_TOKEN_EXPIRED", InvalidTask, No, Task),
    row("ERROR_ZERO_CAPTCHA_FILESIZE", InvalidTask, No, Task),
    row("ERROR_IMAGE_TYPE_NOT_SUPPORTED", InvalidTask, No, Task),
    row("ERROR_BAD_IMGINSTRUCTIONS", InvalidTask, No, Task),
    // The client's proxy.
    row("ERROR_BAD_PROXY", InvalidTask, No, Task),
    row("ERROR_PROXY_CONNECTION_FAILED", InvalidTask, No, Task),
    // The provider's own limits, and what this adapter wrote in a way that it does not read: others may.
    row("ERROR_TOO_BIG_CAPTCHA_FILESIZE", NotSupported, No, Task),
    row("ERROR_WRONG_FILE_EXTENSION", NotSupported, No, Task),
    row("ERROR_UPLOAD", NotSupported, No, Task),
    row("ERROR_PROXY_FORMAT", NotSupported, No, Task),
    row("ERROR_TASK_NOT_SUPPORTED", NotSupported, No, Task),
    row("ERROR_METHOD_CALL", NotSupported, No, Call),
    row("ERROR_NO_SUCH_METHOD", NotSupported, No, Call),
    row("ERROR_EMPTY_ACTION", NotSupported, No, Call),
    row("ERROR_IP_ADDRES", NotSupported, No, Call),
    // Tried, and not solved: three workers, or no answer in time. Of votes that found no majority nothing is said.
    row("ERROR_CAPTCHA_UNSOLVABLE", Unsolvable, No, Task),
    row("ERROR_CAPTCHAIMAGE_BLOCKED", Unsolvable, No, Task),
    row("ERROR_BAD_DUPLICATES", Unsolvable, Unknown, Task),
    // Forgotten, or never known: no solution will come of it any more, and whether there was one, and was charged,
    // nobody knows. So it must not be sent elsewhere either.
    row("ERROR_WRONG_CAPTCHA_ID", Unsolvable, Unknown, Task),
    row("ERROR_WRONG_ID_FORMAT", Unsolvable, Unknown, Task),
    row("ERROR_NO_SUCH_CAPCHA_ID", Unsolvable, Unknown, Task),
    // Reports: too late or too often wrong, and the second one about a task. The first has lost its prefix in places.
    row("ERROR_REPORT_NOT_RECORDED", InvalidTask, No, Call),
    row("REPORT_NOT_RECORDED", InvalidTask, No, Call),
    row("ERROR_DUPLICATE_REPORT", InvalidTask, No, Call),
];

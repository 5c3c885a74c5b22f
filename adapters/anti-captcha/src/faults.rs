//! The table of anti-captcha's error codes.
//!
//! Sources: <https://anti-captcha.com/apidoc/errors> and the enumerations of the provider's own client libraries, which
//! go further than the page. Codes 12 and 13 share a number on the current page; the code decides, not the number.

use adapter_kit::About::{Call, Task};
use adapter_kit::Charged::{No, Unknown, Yes};
use adapter_kit::FaultClass::{
    CredentialOutOfFunds, CredentialRejected, InvalidTask, NoCapacity, NotSupported, ProviderDown, Unsolvable,
};
use adapter_kit::FaultRow;
use create_task::row;

/// The provider knows no such task: its result, and the right to report it, end 60 s after the solve. (Its spelling.)
pub(crate) const GONE: &str = "ERROR_NO_SUCH_CAPCHA_ID";

/// Every known code: what the host must do, whether a task that fails so is charged, and what the code speaks of.
pub(crate) const FAULTS: &[FaultRow] = &[
    // The key, its account and its funds.
    row(1, "ERROR_KEY_DOES_NOT_EXIST", CredentialRejected, No, Call),
    row(10, "ERROR_ZERO_BALANCE", CredentialOutOfFunds, No, Call),
    row(11, "ERROR_IP_NOT_ALLOWED", CredentialRejected, No, Call),
    row(55, "ERROR_ACCOUNT_SUSPENDED", CredentialRejected, No, Call),
    // The gateway's address is banned for a while, whatever the key: taking every credential out of use for it would
    // outlast the ban by far.
    row(21, "ERROR_IP_BLOCKED", ProviderDown, No, Call),
    // Nobody free at this price, or nobody left whom earlier reports have not excluded.
    row(2, "ERROR_NO_SLOT_AVAILABLE", NoCapacity, No, Task),
    row(54, "ERROR_ALL_WORKERS_FILTERED", NoCapacity, No, Task),
    // The client's task. Size and type of an image are checked before it is sent, so that error 15 is left to broken
    // files; error 4 stays the provider's own limit.
    row(3, "ERROR_ZERO_CAPTCHA_FILESIZE", InvalidTask, No, Task),
    row(4, "ERROR_TOO_BIG_CAPTCHA_FILESIZE", NotSupported, No, Task),
    row(15, "ERROR_IMAGE_TYPE_NOT_SUPPORTED", InvalidTask, No, Task),
    row(20, "ERROR_EMPTY_COMMENT", InvalidTask, No, Task),
    row(22, "ERROR_TASK_ABSENT", InvalidTask, No, Task),
    row(24, "ERROR_INCORRECT_SESSION_DATA", InvalidTask, No, Task),
    row(31, "ERROR_RECAPTCHA_INVALID_SITEKEY", InvalidTask, Unknown, Task),
    row(32, "ERROR_RECAPTCHA_INVALID_DOMAIN", InvalidTask, Unknown, Task),
    row(33, "ERROR_RECAPTCHA_OLD_BROWSER", InvalidTask, Unknown, Task),
    row(34, "ERROR_TOKEN_EXPIRED", InvalidTask, Unknown, Task),
    row(51, "ERROR_INVISIBLE_RECAPTCHA", InvalidTask, Unknown, Task),
    row(53, "ERROR_VISIBLE_RECAPTCHA", InvalidTask, Unknown, Task),
    // The client's proxy. What its check finds comes before any work; the other two may come during it.
    row(25, "ERROR_PROXY_CONNECT_REFUSED", InvalidTask, No, Task),
    row(26, "ERROR_PROXY_CONNECT_TIMEOUT", InvalidTask, No, Task),
    row(27, "ERROR_PROXY_READ_TIMEOUT", InvalidTask, Unknown, Task),
    row(28, "ERROR_PROXY_BANNED", InvalidTask, Unknown, Task),
    row(29, "ERROR_PROXY_TRANSPARENT", InvalidTask, No, Task),
    row(35, "ERROR_PROXY_HAS_NO_IMAGE_SUPPORT", InvalidTask, No, Task),
    row(36, "ERROR_PROXY_INCOMPATIBLE_HTTP_VERSION", InvalidTask, No, Task),
    row(49, "ERROR_PROXY_NOT_AUTHORISED", InvalidTask, No, Task),
    // Tried, and not solved. Five workers have been paid for the first; of the others nothing is said.
    row(12, "ERROR_CAPTCHA_UNSOLVABLE", Unsolvable, Yes, Task),
    row(13, "ERROR_BAD_DUPLICATES", Unsolvable, Unknown, Task),
    row(30, "ERROR_RECAPTCHA_TIMEOUT", Unsolvable, Unknown, Task),
    row(52, "ERROR_FAILED_LOADING_WIDGET", Unsolvable, Unknown, Task),
    row(57, "ERROR_TASK_CANCELED", Unsolvable, Unknown, Task),
    row(0, "ERROR_CAPTCHAIMAGE_BLOCKED", Unsolvable, Unknown, Task),
    // Forgotten: no solution will come of it any more, and whether there was one, and was charged, nobody knows. So it
    // must not be sent elsewhere either.
    row(16, GONE, Unsolvable, Unknown, Task),
    // What the provider does not do, at all or for this account.
    row(23, "ERROR_TASK_NOT_SUPPORTED", NotSupported, No, Task),
    row(50, "ERROR_FUNCAPTCHA_NOT_ALLOWED", NotSupported, No, Task),
    row(56, "ERROR_TEMPLATE_NOT_FOUND", NotSupported, No, Task),
    row(14, "ERROR_NO_SUCH_METHOD", NotSupported, No, Call),
    // A retired product, and faults on the provider's side of it.
    row(37, "ERROR_FACTORY_SERVER_API_CONNECTION_FAILED", ProviderDown, No, Call),
    row(38, "ERROR_FACTORY_SERVER_BAD_JSON", ProviderDown, No, Call),
    row(39, "ERROR_FACTORY_SERVER_ERRORID_MISSING", ProviderDown, No, Call),
    row(40, "ERROR_FACTORY_SERVER_ERRORID_NOT_ZERO", ProviderDown, No, Call),
    row(41, "ERROR_FACTORY_MISSING_PROPERTY", ProviderDown, No, Call),
    row(42, "ERROR_FACTORY_PROPERTY_INCORRECT_FORMAT", ProviderDown, No, Call),
    row(43, "ERROR_FACTORY_ACCESS_DENIED", ProviderDown, No, Call),
    row(44, "ERROR_FACTORY_SERVER_OPERATION_FAILED", ProviderDown, No, Call),
    row(45, "ERROR_FACTORY_PLATFORM_OPERATION_FAILED", ProviderDown, No, Call),
    row(46, "ERROR_FACTORY_PROTOCOL_BROKEN", ProviderDown, No, Call),
    row(47, "ERROR_FACTORY_TASK_NOT_FOUND", ProviderDown, No, Call),
    row(48, "ERROR_FACTORY_IS_SANDBOXED", ProviderDown, No, Call),
];

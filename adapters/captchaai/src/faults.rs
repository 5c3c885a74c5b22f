//! The table of CaptchaAI's error codes.
//!
//! Sources: <https://docs.captchaai.com/pages/err_handling>, <https://docs.captchaai.com/api/api-error-handling>, and what the
//! service's own client tells apart (<https://pypi.org/project/captchaai/>, version 1.0.1). No task is paid for by itself, so
//! nothing that fails is charged.

use adapter_kit::About::{Call, Task};
use adapter_kit::Charged::No;
use adapter_kit::FaultClass::{
    CredentialRejected, InvalidTask, NoCapacity, NotSupported, ProviderDown, Throttled, Unsolvable,
};
use adapter_kit::FaultRow;
use classic::faults::row;

/// "Ban will be automatically lifted after 5 minutes."
const BAN_MS: u32 = 300_000;

/// Every known code.
pub(crate) const FAULTS: &[FaultRow] = &[
    // The key.
    row("ERROR_WRONG_USER_KEY", CredentialRejected, No, Call),
    row("ERROR_KEY_DOES_NOT_EXIST", CredentialRejected, No, Call),
    row("IP_BANNED", Throttled(Some(BAN_MS)), No, Call),
    // "You don't have free threads": the key is good, and free again as soon as one of its tasks is done.
    row("ERROR_ZERO_BALANCE", NoCapacity, No, Call),
    row("ERROR_NO_SLOT_AVAILABLE", NoCapacity, No, Call),
    // "Transient server-side error. Retry after ~10s."
    row("ERROR_SERVER_ERROR", ProviderDown, No, Call),
    row("ERROR_INTERNAL_SERVER_ERROR", ProviderDown, No, Call),
    // The client's task, and its proxy.
    row("ERROR_PAGEURL", InvalidTask, No, Task),
    row("ERROR_GOOGLEKEY", InvalidTask, No, Task),
    row("ERROR_WRONG_GOOGLEKEY", InvalidTask, No, Task),
    row("ERROR_BAD_TOKEN_OR_PAGEURL", InvalidTask, No, Task),
    row("ERROR_BAD_PARAMETERS", InvalidTask, No, Task),
    row("ERROR_IMAGE_TYPE_NOT_SUPPORTED", InvalidTask, No, Task),
    row("ERROR_BAD_PROXY", InvalidTask, No, Task),
    row("ERROR_PROXY_CONNECTION_FAILED", InvalidTask, No, Task),
    // The service's own limits, and its policy: others may.
    row("ERROR_ZERO_CAPTCHA_FILESIZE", NotSupported, No, Task),
    row("ERROR_TOO_BIG_CAPTCHA_FILESIZE", NotSupported, No, Task),
    row("ERROR_IMAGE_DIMENSIONS_TOO_LARGE", NotSupported, No, Task),
    row("ERROR_WRONG_FILE_EXTENSION", NotSupported, No, Task),
    row("ERROR_UPLOAD", NotSupported, No, Task),
    row("ERROR_DOMAIN_NOT_ALLOWED", NotSupported, No, Task),
    row("ERROR_METHOD_CALL", NotSupported, No, Call),
    row("ERROR_EMPTY_ACTION", NotSupported, No, Call),
    // Tried, and not solved.
    row("ERROR_CAPTCHA_UNSOLVABLE", Unsolvable, No, Task),
    // Forgotten, or never known: no solution will come of it any more.
    row("ERROR_WRONG_CAPTCHA_ID", Unsolvable, No, Task),
    row("ERROR_WRONG_ID_FORMAT", Unsolvable, No, Task),
];

//! The table of errors, and what an HTTP status says where the error is in no table.
//!
//! Sources: `responses` of <https://github.com/deathbycaptcha/deathbycaptcha-agent-api-metadata> (`spec/openapi/http.yaml`), what
//! the service's client tells apart (<https://github.com/deathbycaptcha/deathbycaptcha-api-client-python>), and the further words
//! that <https://pypi.org/project/unicaps/> meets. "Charge per correctly solved CAPTCHA": what fails costs nothing.

use adapter_kit::About::{Call, Task};
use adapter_kit::Charged::{No, Unknown};
use adapter_kit::FaultClass::{
    CredentialOutOfFunds, CredentialRejected, InDoubt, InvalidTask, NoCapacity, NotSupported, ProviderDown,
};
use adapter_kit::{About, Charged, FaultClass, FaultRow};

/// Every known error.
pub(crate) const FAULTS: &[FaultRow] = &[
    // The account and its funds.
    row("not-logged-in", CredentialRejected, Call),
    row("invalid-credentials", CredentialRejected, Call),
    row("token authentication disabled", CredentialRejected, Call),
    row("banned", CredentialRejected, Call),
    row("insufficient-funds", CredentialOutOfFunds, Call),
    row("service-overload", NoCapacity, Call),
    // The client's task, and its proxy.
    row("invalid-captcha", InvalidTask, Task),
    row("Invalid base64-encoded CAPTCHA", InvalidTask, Task),
    row("Not a (CAPTCHA) image", InvalidTask, Task),
    row("Empty CAPTCHA image", InvalidTask, Task),
    row("ERROR_PAGEURL", InvalidTask, Task),
    row("ERROR_GOOGLEKEY", InvalidTask, Task),
    row("ERROR_SITEKEY", InvalidTask, Task),
    row("ERROR_PUBLICKEY", InvalidTask, Task),
    row("ERROR_ACTION", InvalidTask, Task),
    row("ERROR_MIN_SCORE", InvalidTask, Task),
    row("ERROR_MIN_SCORE_NOT_FLOAT", InvalidTask, Task),
    row("ERROR_PROXY", InvalidTask, Task),
    // What this adapter wrote in a way that the service does not read: others may.
    row("upload-failed", NotSupported, Task),
    row("not-implemented", NotSupported, Task),
    row("ERROR_PROXYTYPE", NotSupported, Task),
];

const fn row(code: &'static str, class: FaultClass, about: About) -> FaultRow {
    FaultRow { number: 0, code, class, charged: No, about }
}

/// What the status of an error says that is in no table, after a submit. One without a meaning of its own is still an error,
/// beside which there is no task.
pub(crate) const fn by_status(status: u16) -> (FaultClass, Charged) {
    match status {
        400 => (InvalidTask, No),
        // Too large, or a type that is not served.
        413 | 501 => (NotSupported, No),
        // "Invalid credentials or insufficient balance": out of use in both cases.
        401 | 403 => (CredentialRejected, No),
        429 => (FaultClass::Throttled(None), No),
        503 => (NoCapacity, No),
        500 | 502 | 504 => (InDoubt, Unknown),
        _ => (ProviderDown, No),
    }
}

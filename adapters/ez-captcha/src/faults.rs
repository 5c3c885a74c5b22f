//! The table of EzCaptcha's error codes.
//!
//! Source: the exceptions of the provider's own client libraries, such as <https://github.com/EZXLabs/ezcapsolver-go>:
//! `errorId` alone says whether there is an error, most have HTTP 500, and the code tells them apart. What workers answer of
//! a task that they could not solve is in no list, so it is not here either: such a task ends at its deadline. Nor is what
//! may come of a breakdown (`ERROR_INTERNAL_SERVER_ERROR`): after a submit nobody knows what had been done by then.

use adapter_kit::About::{Call, Task};
use adapter_kit::Charged::{No, Unknown};
use adapter_kit::FaultClass::{CredentialOutOfFunds, CredentialRejected, NotSupported, Throttled, Unsolvable};
use adapter_kit::FaultRow;
use create_task::row;

/// The provider knows no such task: results are held for five minutes after the creation.
pub(crate) const GONE: &str = "ERROR_TASK_NOT_EXIST";

/// How long a key is banned that came with thirty errors within a minute.
const BAN_MS: u32 = 180_000;

/// Every known code.
pub(crate) const FAULTS: &[FaultRow] = &[
    // The key and its funds. Thirty of the first three within a minute bring on a ban.
    row(0, "ERROR_KEY_DOES_NOT_EXIST", CredentialRejected, No, Call),
    row(0, "ERROR_KEY_NOT_AVAILABLE", CredentialRejected, No, Call),
    row(0, "ERROR_ZERO_BALANCE", CredentialOutOfFunds, No, Call),
    row(0, "ERROR_SUBSCRIPTION_EXPIRED", CredentialOutOfFunds, No, Call),
    row(0, "ERROR_PACKAGE_NOT_EXIST", CredentialOutOfFunds, No, Call),
    // Too fast: the request is turned away before the task is looked up.
    row(0, "ERROR_REQUEST_LIMIT", Throttled(None), No, Call),
    row(0, "ERROR_REQUEST_BANNED", Throttled(Some(BAN_MS)), No, Call),
    // What the provider does not do, at all or for this key.
    row(0, "ERROR_PACKAGE_TASK_TYPE_NOT_SUPPORTED", NotSupported, No, Task),
    row(0, "ERROR_TASK_TYPE_NOT_ALLOWED", NotSupported, No, Task),
    row(0, "ERROR_TASK_TYPE_NOT_AVAILABLE", NotSupported, No, Task),
    row(0, "ERROR_TASK_TYPE_NOT_SUPPORTED", NotSupported, No, Task),
    row(0, "ERROR_WEBSITE_NOT_ALLOWED", NotSupported, No, Task),
    row(0, "ERROR_REQUEST_PROXY_MISSING", NotSupported, No, Task),
    // A request that is wrong here may be right elsewhere; on a poll it is the poll that is wrong.
    row(0, "ERROR_REQUEST_PARAMETERS", NotSupported, No, Call),
    row(0, "ERROR_REQUEST_METHOD", NotSupported, No, Call),
    row(0, "ERROR_CONTENT_TYPE_ERROR", NotSupported, No, Call),
    row(0, "ERROR_NOT_FOUND", NotSupported, No, Call),
    // Forgotten: whether there was a solution, and was charged, nobody knows. So it must not be sent elsewhere either.
    row(0, GONE, Unsolvable, Unknown, Task),
];

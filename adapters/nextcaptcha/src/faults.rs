//! The table of NextCaptcha's error codes.
//!
//! Source: <https://nextcaptcha.com/en/apidocs/get-task-result>, whose sample is number 12 with its code. The page of codes
//! could not be read; the few others here have had one meaning wherever the format is spoken, and no numbers, since other
//! services give all errors the number 1. What is not here says nothing of a task. What failures cost is nowhere said.

use adapter_kit::About::{Call, Task};
use adapter_kit::Charged::{No, Unknown};
use adapter_kit::FaultClass::{CredentialOutOfFunds, CredentialRejected, NoCapacity, NotSupported, Unsolvable};
use adapter_kit::FaultRow;
use create_task::row;

/// The provider knows no such task. (The format's spelling.)
pub(crate) const GONE: &str = "ERROR_NO_SUCH_CAPCHA_ID";

/// Every known code.
pub(crate) const FAULTS: &[FaultRow] = &[
    row(0, "ERROR_KEY_DOES_NOT_EXIST", CredentialRejected, No, Call),
    row(0, "ERROR_NO_SLOT_AVAILABLE", NoCapacity, No, Task),
    row(0, "ERROR_ZERO_BALANCE", CredentialOutOfFunds, No, Call),
    // The sample's words are of a proxy that the task does not take; the code is the same for every other failure.
    row(12, "ERROR_CAPTCHA_UNSOLVABLE", Unsolvable, Unknown, Task),
    row(0, GONE, Unsolvable, Unknown, Task),
    row(0, "ERROR_TASK_NOT_SUPPORTED", NotSupported, No, Task),
];

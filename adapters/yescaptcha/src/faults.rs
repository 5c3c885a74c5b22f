//! The table of YesCaptcha's error codes.
//!
//! `errorId` is 1 for every error, and the page of codes could not be read. These few have had one meaning wherever the
//! format is spoken; what is not here says nothing of a task. What failures cost is nowhere said.

use adapter_kit::About::{Call, Task};
use adapter_kit::Charged::{No, Unknown};
use adapter_kit::FaultClass::{CredentialOutOfFunds, CredentialRejected, NoCapacity, NotSupported, Unsolvable};
use adapter_kit::FaultRow;
use create_task::row;

/// The provider knows no such task: it is asked about in its first five minutes only. (The format's spelling.)
pub(crate) const GONE: &str = "ERROR_NO_SUCH_CAPCHA_ID";

/// Every known code.
pub(crate) const FAULTS: &[FaultRow] = &[
    row(0, "ERROR_KEY_DOES_NOT_EXIST", CredentialRejected, No, Call),
    row(0, "ERROR_ZERO_BALANCE", CredentialOutOfFunds, No, Call),
    row(0, "ERROR_NO_SLOT_AVAILABLE", NoCapacity, No, Task),
    row(0, "ERROR_CAPTCHA_UNSOLVABLE", Unsolvable, Unknown, Task),
    row(0, GONE, Unsolvable, Unknown, Task),
    row(0, "ERROR_TASK_NOT_SUPPORTED", NotSupported, No, Task),
];

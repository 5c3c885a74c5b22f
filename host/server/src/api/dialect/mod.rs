//! Dialects: how the use cases look on the wire. Each is one file of pure conversion that nothing else knows.
//!
//! A dialect reads a body into what the use case asks for, and writes its answer or refusal as a status and a JSON body.

mod anysolver;

use capstan_domain::Amount;
use serde_json::{Map, Value};

use crate::tasks::{CreateRequest, Created, Refusal, TaskView};

/// A wire form. Closed: a new one is a file here and an arm below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The default: UUID ids, a status in every answer, always HTTP 200.
    AnySolver,
}

/// An answer ready to be sent.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
}

impl Dialect {
    /// Reads what createTask asks for.
    ///
    /// # Errors
    /// A refusal that names the field.
    pub fn read_create(self, body: &Map<String, Value>) -> Result<CreateRequest, Refusal> {
        match self {
            Self::AnySolver => anysolver::read_create(body),
        }
    }

    /// Writes createTask's answer.
    #[must_use]
    pub fn created(self, created: &Created) -> Answer {
        match self {
            Self::AnySolver => anysolver::created(created),
        }
    }

    /// Writes getTaskResult's answer.
    #[must_use]
    pub fn result(self, view: &TaskView) -> Answer {
        match self {
            Self::AnySolver => anysolver::result(view),
        }
    }

    /// Writes getBalance's answer.
    #[must_use]
    pub fn balance(self, available: Amount) -> Answer {
        match self {
            Self::AnySolver => anysolver::balance(available),
        }
    }

    /// Writes a refusal.
    #[must_use]
    pub fn refused(self, refusal: &Refusal) -> Answer {
        match self {
            Self::AnySolver => anysolver::refused(refusal),
        }
    }
}

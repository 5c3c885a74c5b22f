//! A service and its operations.

use adapter_kit::{
    Abilities, Fault, FaultRow, Manifest, Money, Next, OpenTask, Placement, Report, Request, Response, Submission, Turn,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Family, manifest, reply, report, task};

/// A service that speaks `createTask` and `getTaskResult`.
pub struct Service {
    /// Its id: accounts, prices and credentials hang on it, so it never changes.
    pub id: &'static str,
    /// Name for people.
    pub display_name: &'static str,
    /// Its home page.
    pub homepage: &'static str,
    /// Where its API is.
    pub base_url: &'static str,
    /// What is before the name of every method; mostly nothing.
    pub root: &'static str,
    /// The header that makes one task of a submit that is sent twice; it carries our id of the attempt.
    pub repeat_header: Option<&'static str>,
    /// What its key looks like and where it is found.
    pub key: &'static str,
    /// How it wants to be polled.
    pub polling: Polling,
    /// The families that it serves, in one table or several.
    pub families: &'static [&'static [Family]],
    /// Its error codes.
    pub faults: &'static [FaultRow],
    /// Codes of the table that say that it knows no such task (any more).
    pub gone: &'static [&'static str],
    /// Codes, of no table, that say that the task is still open.
    pub unready: &'static [&'static str],
    /// The statuses of a task that has no solution.
    pub statuses: Statuses,
    /// What its task ids are.
    pub ids: Ids,
    /// What the HTTP status of its answers says.
    pub http: Http,
    /// Reads `balance` as money; none where it is no money or cannot be asked for.
    pub balance: Option<fn(&Value) -> Option<Money>>,
    /// Whether `cost` in its results is US dollars.
    pub tells_cost: bool,
}

/// How a service wants to be polled, in milliseconds.
pub struct Polling {
    /// From acceptance to the first poll.
    pub first_wait_ms: u32,
    /// From one poll to the next.
    pub interval_ms: u32,
    /// From acceptance until a task is given up.
    pub longest_life_ms: u32,
    /// From the solve until the result is gone.
    pub result_kept_ms: u32,
    /// Most polls for one task, where the service has a limit.
    pub most_polls: Option<u32>,
}

/// Words for the state of a task that has no solution. A word that is in neither list says nothing of the task.
pub struct Statuses {
    /// It is still open.
    pub open: &'static [&'static str],
    /// It has failed, without an error that says why.
    pub failed: &'static [&'static str],
    /// Beside an error: that it is the task's end, whatever else its code may be about.
    pub failed_with_code: &'static [&'static str],
}

impl Statuses {
    /// What most services say: a task that has failed is answered with an error.
    pub const USUAL: Self = Self { open: &["processing"], failed: &[], failed_with_code: &[] };
}

/// What task ids are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Whole numbers; 0 is none.
    Numbers,
    /// Texts, mostly UUIDs.
    Texts,
}

/// What the HTTP status of an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http {
    /// Nothing: the service's own answers have 200, errors too, and 429 or 5xx came from something in front of it.
    Nothing,
    /// Its errors may have another status, or nobody has written down which: the code in the body decides, and the status
    /// counts where the code is not known.
    Something,
}

/// What is remembered while a request is under way.
#[derive(Serialize, Deserialize)]
pub enum State {
    /// `createTask` of this family.
    Submitting {
        /// Canonical family.
        family: String,
    },
    /// `getTaskResult` of this task.
    Polling {
        /// The task's id.
        reference: String,
        /// Canonical family.
        family: String,
    },
    /// `getBalance`.
    Balance,
    /// One of the report methods.
    Reporting,
}

/// The one placement: the key as the top-level field `clientKey`.
#[must_use]
pub fn client_key() -> Placement {
    Placement::json_field("key", "clientKey")
}

impl Service {
    /// A request with the key in it.
    fn keyed(&self, path: &str, body: &Value) -> Request {
        Request::post_json(&format!("{}{path}", self.root), body).with_credential(client_key())
    }

    /// The manifest, with the abilities that follow from the tables.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        manifest::manifest(self)
    }

    /// Every family, in the order of the tables.
    pub fn all(&self) -> impl Iterator<Item = &'static Family> {
        self.families.iter().copied().flatten()
    }

    /// The family of this canonical name.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&'static Family> {
        self.all().find(|family| family.name == name)
    }

    /// Begins `createTask`.
    ///
    /// # Errors
    /// `not-supported` where the service cannot take the task as it is, `invalid-task` where nobody can.
    pub fn submit<S: From<State>>(&self, task: Submission) -> Turn<S> {
        let mut request = self.keyed("/createTask", &task::create_task(self, &task)?);
        if let Some(header) = self.repeat_header {
            request = request.with_header(header, &task.attempt_id);
        }
        request.then(State::Submitting { family: task.family }.into())
    }

    /// Begins `getTaskResult` of the first task. There is no batch poll and the manifest says so; a task that is not asked
    /// about stays open.
    ///
    /// # Errors
    /// `in-doubt` where the task's reference is none of this service's.
    pub fn poll<S: From<State>>(&self, tasks: Vec<OpenTask>) -> Turn<S> {
        let Some(OpenTask { reference, family, .. }) = tasks.into_iter().next() else {
            return Ok(Next::Polled(Vec::new()));
        };
        let body = json!({ "taskId": self.ids.write(&reference)? });
        self.keyed("/getTaskResult", &body).then(State::Polling { reference, family }.into())
    }

    /// Begins `getBalance`. An adapter whose service has no balance in money leaves the refusal to the kit.
    ///
    /// # Errors
    /// Never; it is a [`Turn`] so that a method may end in it.
    pub fn balance<S: From<State>>(&self) -> Turn<S> {
        self.keyed("/getBalance", &json!({})).then(State::Balance.into())
    }

    /// Begins a report, by the method that the family's table names.
    ///
    /// # Errors
    /// `not-supported` where there is no such method.
    pub fn report<S: From<State>>(&self, report: &Report) -> Turn<S> {
        let path = report::method(self, &report.task.family, report.correct)?;
        self.keyed(path, &json!({ "taskId": self.ids.write(&report.task.reference)? })).then(State::Reporting.into())
    }

    /// Reads what came back.
    ///
    /// # Errors
    /// The fault that ends the operation.
    pub fn read<S>(&self, state: State, response: &Response) -> Turn<S> {
        match state {
            State::Submitting { family } => reply::submitted(self, &family, response),
            State::Polling { reference, family } => reply::polled(self, reference, &family, response),
            State::Balance => reply::balance(self, response),
            State::Reporting => report::read(self, response),
        }
    }

    /// Whether some family takes reports.
    fn takes_reports(&self) -> bool {
        self.all().any(|family| family.reports.correct.is_some() || family.reports.incorrect.is_some())
    }

    /// The abilities that follow from the tables.
    pub(crate) fn abilities(&self) -> Abilities {
        let repeat = if self.repeat_header.is_some() { Abilities::IDEMPOTENT_SUBMIT } else { Abilities::empty() };
        let balance = if self.balance.is_some() { Abilities::BALANCE } else { Abilities::empty() };
        let report = if self.takes_reports() { Abilities::REPORT } else { Abilities::empty() };
        repeat | balance | report
    }
}

/// Longest text that can be a reference, by the contract.
const MAX_ID_BYTES: usize = 512;

impl Ids {
    /// The id in an answer, as a reference.
    pub(crate) fn read(self, value: &Value) -> Option<String> {
        match self {
            Self::Numbers => reply::whole(value).filter(|id| *id != 0).map(|id| id.to_string()),
            Self::Texts => {
                let id = value.as_str()?.trim();
                (1..=MAX_ID_BYTES).contains(&id.len()).then(|| id.to_owned())
            }
        }
    }

    /// A reference as the service's id. References are written by the adapter, so one that is no id is somebody's mistake;
    /// the task that it stood for is in doubt.
    fn write(self, reference: &str) -> Result<Value, Fault> {
        match self {
            Self::Numbers => reference
                .parse::<u64>()
                .map(Value::from)
                .map_err(|_| Fault::in_doubt("REFERENCE_UNREADABLE", "the task's reference is no number")),
            Self::Texts => Ok(Value::from(reference)),
        }
    }
}

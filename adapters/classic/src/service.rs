//! A service and its operations.

use adapter_kit::{FaultRow, Manifest, Next, OpenTask, Placement, Report, Request, Response, Submission, Turn};
use serde::{Deserialize, Serialize};

use crate::family::Answers;
use crate::solution::Shape;
use crate::{Family, manifest, reply, report, task};

/// A service that speaks `in.php` and `res.php`.
pub struct Service {
    /// Its id: accounts, prices and credentials hang on it, so it never changes.
    pub id: &'static str,
    /// Name for people.
    pub display_name: &'static str,
    /// Its home page.
    pub homepage: &'static str,
    /// Where its API is.
    pub base_url: &'static str,
    /// What its key looks like and where it is found.
    pub key: &'static str,
    /// How it wants to be polled.
    pub polling: Polling,
    /// The families that it serves.
    pub families: &'static [Family],
    /// Its error codes. Those of limits have their numbers; see [`crate::faults`].
    pub faults: &'static [FaultRow],
    /// Whether every answer is asked for as an object; otherwise only those that a line cannot hold.
    pub json: bool,
    /// Whether `getbalance` answers US dollars.
    pub tells_balance: bool,
    /// The verdicts that it takes.
    pub reports: Reports,
}

/// How a service wants to be polled, in milliseconds.
pub struct Polling {
    /// From acceptance to the first poll, for families without a pace of their own.
    pub first_wait_ms: u32,
    /// From one poll to the next, for families without a pace of their own.
    pub interval_ms: u32,
    /// From acceptance until a task is given up.
    pub longest_life_ms: u32,
    /// From the solve until the result is gone.
    pub result_kept_ms: u32,
}

/// Which verdicts on solutions a service takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reports {
    /// `reportgood` and `reportbad`.
    Both,
    /// `reportbad` alone.
    Wrong,
}

/// What is remembered while a request is under way.
#[derive(Serialize, Deserialize)]
pub enum State {
    /// `in.php` with a task of this family.
    Submitting {
        /// Canonical family.
        family: String,
    },
    /// `res.php` about this task.
    Polling {
        /// The task's id, in decimal.
        reference: String,
        /// Canonical family.
        family: String,
    },
    /// `res.php?action=getbalance`.
    Balance,
    /// `res.php?action=reportgood` or `reportbad`.
    Reporting,
}

/// Where `in.php` reads the key: in the form, so that it stays out of URLs where it can.
pub(crate) fn key_in_form() -> Placement {
    Placement::form_field("key", "key")
}

/// Where `res.php` reads the key.
pub(crate) fn key_in_query() -> Placement {
    Placement::query("key", "key")
}

impl Service {
    /// The manifest, with the abilities that follow from the tables.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        manifest::manifest(self)
    }

    /// The family of this canonical name.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&'static Family> {
        self.families.iter().find(|family| family.name == name)
    }

    /// How tasks of this family are answered; a token where nobody knows the family any more.
    pub(crate) fn answers(&self, family: &str) -> Answers {
        self.family(family).map_or(Answers::Line(Shape::Value(&["token"])), |family| family.answers)
    }

    /// Begins `in.php`.
    ///
    /// # Errors
    /// `not-supported` where the service cannot take the task as it is, `invalid-task` where nobody can.
    pub fn submit(&self, task: Submission) -> Turn<State> {
        let request = task::submit(self, &task)?.with_credential(key_in_form());
        request.then(State::Submitting { family: task.family })
    }

    /// Begins `res.php` about the first task. `action=get&ids=…` answers `one|another|CAPCHA_NOT_READY`, without an `OK|`: a
    /// text that itself holds a `|`, or reads like a code, shifts or forges the answers of its neighbours, and neither the
    /// price nor the user agent is in them. So one task is asked about at a time; one that is not asked about stays open.
    ///
    /// # Errors
    /// `in-doubt` where the task's reference is none of this service's.
    pub fn poll(&self, tasks: Vec<OpenTask>) -> Turn<State> {
        let Some(OpenTask { reference, family, .. }) = tasks.into_iter().next() else {
            return Ok(Next::Polled(Vec::new()));
        };
        let question = match self.answers(&family) {
            Answers::Line(_) if !self.json => "get2",
            Answers::Line(_) | Answers::Json(_) => "get&json=1",
        };
        ask(&format!("{question}&id={}", task::id(&reference)?)).then(State::Polling { reference, family })
    }

    /// Begins `getbalance`. An adapter whose service has no balance in money leaves the refusal to the kit.
    ///
    /// # Errors
    /// Never; it is a [`Turn`] so that a method may end in it.
    pub fn balance(&self) -> Turn<State> {
        ask(&format!("getbalance{}", self.as_json())).then(State::Balance)
    }

    /// Begins a report.
    ///
    /// # Errors
    /// `not-supported` for a verdict that the service does not take.
    pub fn report(&self, report: &Report) -> Turn<State> {
        let action = report::action(self.reports, report.correct)?;
        let question = format!("{action}{}&id={}", self.as_json(), task::id(&report.task.reference)?);
        ask(&question).then(State::Reporting)
    }

    /// Reads what came back.
    ///
    /// # Errors
    /// The fault that it is.
    pub fn read(&self, state: State, response: &Response) -> Turn<State> {
        match state {
            State::Submitting { family } => reply::submitted(self, &family, response),
            State::Polling { reference, family } => reply::polled(self, reference, &family, response),
            State::Balance => reply::balance(self, response),
            State::Reporting => report::read(self, response),
        }
    }

    const fn as_json(&self) -> &'static str {
        if self.json { "&json=1" } else { "" }
    }
}

/// A question to `res.php`, with the key in its query.
fn ask(action: &str) -> Request {
    Request::get(&format!("/res.php?action={action}")).with_credential(key_in_query())
}

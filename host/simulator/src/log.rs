//! What was received, in order: the memory that tests and people read.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::script::Malformed;

/// A request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its place in the order of arrival, from 1; never used again.
    pub number: u64,
    /// Real milliseconds since the start.
    pub at_ms: u64,
    /// HTTP method.
    pub method: String,
    /// Path as it was sent.
    pub path: String,
    /// Query as it was sent, without the question mark; empty where there was none.
    pub query: String,
    /// The API key, where one could be read.
    pub key: Option<String>,
    /// The task of a create, where there was one. In the JSON formats the exact bytes of the `task` value, a slice of
    /// `body`; at 2captcha the fields of the form or query without the key, as a JSON object of texts. A picture that
    /// was uploaded as a file is there as `body`, in base64, as if it had been sent so.
    pub task: Option<Bytes>,
    /// The exact bytes of the body.
    pub body: Bytes,
    /// The task that was created, or asked about; [`crate::WireFormat::task_id`] writes it as clients see it.
    pub task_id: Option<u64>,
    /// What was decided and answered.
    pub decision: Decision,
}

impl Received {
    /// The `task` as JSON, for tests that compare fields; none where there was no task.
    #[must_use]
    pub fn task_json(&self) -> Option<Value> {
        serde_json::from_slice(self.task.as_ref()?).ok()
    }

    /// The bytes that it keeps in memory for the client's sake.
    fn size(&self) -> usize {
        let body = self.body.as_ptr_range();
        let own_task = self.task.as_ref().filter(|task| !body.contains(&task.as_ptr()));
        self.body.len() + self.query.len() + own_task.map_or(0, Bytes::len)
    }
}

/// What was decided and answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing yet: creates are being held, or the reply waits for its solution; or the client went away meanwhile.
    Waiting,
    /// Done as asked, and answered so.
    Answered,
    /// Answered with this error code.
    Refused(String),
    /// Answered with an error page; `accepted` says whether the task was taken all the same.
    ServerError {
        /// Whether the task was taken.
        accepted: bool,
    },
    /// The connection was closed without an answer; `accepted` says whether the task was taken all the same.
    Lost {
        /// Whether the task was taken.
        accepted: bool,
    },
    /// Answered in a way that cannot be read; a create was accepted.
    Malformed(Malformed),
}

/// A bounded log.
pub(crate) struct Log {
    entries: VecDeque<Received>,
    next_number: u64,
    bytes: usize,
    most_entries: usize,
    most_bytes: usize,
}

impl Log {
    pub(crate) const fn new(most_entries: usize, most_bytes: usize) -> Self {
        Self { entries: VecDeque::new(), next_number: 1, bytes: 0, most_entries, most_bytes }
    }

    /// Adds a request; answers the number that it got. What is over the bounds goes, oldest first.
    pub(crate) fn add(&mut self, mut received: Received) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        received.number = number;
        self.bytes += received.size();
        self.entries.push_back(received);
        while self.entries.len() > self.most_entries || self.bytes > self.most_bytes {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.size();
        }
        number
    }

    /// Notes what became of a request, if the log still has it.
    pub(crate) fn decide(&mut self, number: u64, task_id: Option<u64>, decision: Decision) {
        let Some(first) = self.entries.front().map(|entry| entry.number) else { return };
        let place = number.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        if let Some(entry) = place.and_then(|place| self.entries.get_mut(place)) {
            entry.task_id = task_id;
            entry.decision = decision;
        }
    }

    /// The requests after this number, oldest first.
    pub(crate) fn after(&self, number: u64) -> Vec<Received> {
        self.entries.iter().filter(|entry| entry.number > number).cloned().collect()
    }

    /// Forgets everything; numbers go on.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &'static [u8]) -> Received {
        Received {
            number: 0,
            at_ms: 0,
            method: "POST".to_owned(),
            path: "/createTask".to_owned(),
            query: String::new(),
            key: None,
            task: None,
            body: Bytes::from_static(body),
            task_id: None,
            decision: Decision::Waiting,
        }
    }

    fn numbers(log: &Log) -> Vec<u64> {
        log.after(0).iter().map(|entry| entry.number).collect()
    }

    #[test]
    fn the_log_drops_the_oldest_beyond_its_entries_and_its_bytes() {
        let mut log = Log::new(3, 10);
        for _ in 0..5 {
            log.add(request(b"ab"));
        }
        assert_eq!(numbers(&log), [3, 4, 5]);
        log.add(request(b"12345678"));
        assert_eq!(numbers(&log), [5, 6]);
    }

    #[test]
    fn a_task_that_is_no_part_of_the_body_counts_as_well() {
        let mut log = Log::new(3, 10);
        log.add(Received { task: Some(Bytes::from_static(b"1234")), ..request(b"12345") });
        assert_eq!(log.bytes, 9);
        let body = Bytes::from_static(b"12345678");
        log.add(Received { task: Some(body.slice(2..4)), body, ..request(b"") });
        assert_eq!((log.bytes, numbers(&log)), (8, vec![2]));
    }

    #[test]
    fn a_decision_finds_its_request_and_a_dropped_one_is_ignored() {
        let mut log = Log::new(2, 100);
        for _ in 0..3 {
            log.add(request(b""));
        }
        log.decide(1, Some(7), Decision::Answered);
        log.decide(3, Some(9), Decision::Answered);
        log.decide(4, Some(9), Decision::Answered);
        let entries = log.after(2);
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].task_id, &entries[0].decision), (Some(9), &Decision::Answered));
        assert_eq!(log.after(0)[0].decision, Decision::Waiting);
        log.clear();
        assert_eq!(log.add(request(b"")), 4);
    }
}

//! The table of codes: every code in every place, and what is in no table.

use std::collections::BTreeSet;

use adapter_kit::{
    Abilities, About, Charged, FaultClass, Operation, Provider, Report, Response, Standing, Step, describe,
};
use create_task::{Http, Ids};
use serde_json::{Value, json};

use crate::{Proof, failed, response};

/// An error as services answer it. Those that number theirs have other numbers; the code comes first in any case.
fn error(number: u64, code: &str) -> Value {
    json!({ "errorId": number.max(1), "errorCode": code, "errorDescription": "words" })
}

impl<P: Provider> Proof<P> {
    /// What the table of codes has, and how each of them and any other is read.
    pub fn every_code_is_read(&self, published: &[&str]) {
        self.the_table_of_codes_is_whole(published);
        self.every_code_is_read_in_every_place();
        self.an_unknown_code_decides_nothing();
        self.what_cannot_be_read_is_in_doubt_after_a_submit();
    }

    /// The table has every code that the documentation publishes, each once; what it says of the call is never a verdict
    /// on a task.
    pub fn the_table_of_codes_is_whole(&self, published: &[&str]) {
        let known: BTreeSet<_> = self.service.faults.iter().map(|row| row.code).collect();
        assert_eq!(known.len(), self.service.faults.len(), "a code is in the table twice");
        for code in published {
            assert!(known.contains(code) || self.service.unready.contains(code), "{code}");
        }
        for code in self.service.gone {
            assert!(known.contains(code), "{code}");
        }
        for row in self.service.faults {
            let of_the_call = matches!(
                row.class,
                FaultClass::CredentialRejected
                    | FaultClass::CredentialOutOfFunds
                    | FaultClass::Throttled(_)
                    | FaultClass::ProviderDown
            );
            assert!(!of_the_call || row.about == About::Call, "{}", row.code);
        }
    }

    /// Every code ends each operation as its row says.
    pub fn every_code_is_read_in_every_place(&self) {
        let report = |correct| Operation::Report(Report { task: self.open_task(), correct });
        let abilities = describe::<P>().abilities;
        for row in self.service.faults {
            let answer = || response(200, &error(row.number, row.code));
            let fault = failed(self.after(self.first_submit(), answer()));
            assert_eq!((fault.class, fault.code.as_str()), (row.class, row.code));
            let is_definite = row.class != FaultClass::InDoubt;
            let known = if is_definite && row.charged == Charged::Unknown { Charged::No } else { row.charged };
            assert_eq!(fault.charged, known, "{} at the submit", row.code);
            self.polled(row, answer());
            if (abilities & Abilities::BALANCE) == Abilities::BALANCE {
                assert_eq!(failed(self.after(Operation::Balance, answer())).class, row.class, "{}", row.code);
            }
            if (abilities & Abilities::REPORT) == Abilities::REPORT {
                let gone = self.service.gone.contains(&row.code);
                let class = if gone { FaultClass::InvalidTask } else { row.class };
                assert_eq!(failed(self.after(report(false), answer())).class, class, "{}", row.code);
            }
        }
    }

    fn polled(&self, row: &adapter_kit::FaultRow, answer: Response) {
        let step = self.after(Operation::Poll(vec![self.open_task()]), answer);
        match row.about {
            About::Call => assert_eq!(failed(step).class, row.class, "{}", row.code),
            About::Task => {
                let Step::Polled(verdicts) = step else { panic!("no verdict on {}", row.code) };
                let [verdict] = verdicts.as_slice() else { panic!("not one verdict") };
                let Standing::Failed(fault) = &verdict.standing else { panic!("not failed: {}", row.code) };
                assert_eq!((fault.class, fault.charged), (row.class, row.charged), "{}", row.code);
            }
        }
    }

    /// A code that is in no table, with a number that no row has, is no verdict on a task, and at the submit it says
    /// that there is no task.
    pub fn an_unknown_code_decides_nothing(&self) {
        let unused = (1..).find(|number| self.service.faults.iter().all(|row| row.number != *number)).unwrap();
        let read = |operation, status| {
            failed(self.after(operation, response(status, &error(unused, "ERROR_NEVER_HEARD_OF")))).class
        };
        let poll = || Operation::Poll(vec![self.open_task()]);
        assert_eq!(read(poll(), 200), FaultClass::ProviderDown);
        assert_eq!(read(self.first_submit(), 200), FaultClass::ProviderDown);
        assert_eq!(read(self.first_submit(), 500), FaultClass::InDoubt);
        let (keyless, fast) = (read(self.first_submit(), 401), read(self.first_submit(), 429));
        assert_eq!(fast, FaultClass::Throttled(None));
        match self.service.http {
            Http::Nothing => assert_eq!(keyless, FaultClass::ProviderDown),
            Http::Something => assert_eq!(keyless, FaultClass::CredentialRejected),
        }
        for code in self.service.unready {
            let Step::Polled(verdicts) = self.after(poll(), response(200, &error(1, code))) else { panic!("{code}") };
            assert!(verdicts.iter().all(|verdict| matches!(verdict.standing, Standing::Open(_))), "{code}");
        }
    }

    /// What is no answer of the service's own is in doubt after a submit and nothing after a poll.
    pub fn what_cannot_be_read_is_in_doubt_after_a_submit(&self) {
        let foreign = match self.service.ids {
            Ids::Numbers => json!({ "errorId": 0, "taskId": 0 }).to_string(),
            Ids::Texts => json!({ "errorId": 0, "taskId": "x".repeat(513) }).to_string(),
        };
        for body in ["", "<html>", "[]", r#"{"errorId":0}"#, r#"{"errorId":0,"taskId":""}"#, foreign.as_str()] {
            for status in [200, 404, 500, 502] {
                let reply = || Response { status, headers: vec![], body: body.as_bytes().to_vec() };
                let submitted = failed(self.after(self.first_submit(), reply()));
                assert_eq!(submitted.class, FaultClass::InDoubt, "{status} {body}");
                let polled = failed(self.after(Operation::Poll(vec![self.open_task()]), reply()));
                assert_eq!(polled.class, FaultClass::ProviderDown, "{status} {body}");
            }
        }
    }
}

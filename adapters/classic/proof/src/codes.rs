//! The table of codes: every code in every place, and what is in no table.

use std::collections::BTreeSet;

use adapter_kit::{
    Abilities, About, Charged, FaultClass, Operation, Provider, Report, Response, Standing, Step, describe,
};

use crate::{OpenTask, Proof, begin, failed, line, object};

impl<P: Provider> Proof<P> {
    /// What the table of codes has, and how each of them and any other is read.
    pub fn every_code_is_read(&self, published: &[&str]) {
        self.the_table_of_codes_is_whole(published);
        self.every_code_is_read_in_every_place();
        self.what_cannot_be_read_is_in_doubt_after_a_submit();
        self.a_reference_that_is_no_number_is_never_put_into_a_url();
    }

    /// The table has every code that the documentation publishes, each once; what it says of the call is never a verdict
    /// on a task.
    fn the_table_of_codes_is_whole(&self, published: &[&str]) {
        let known: BTreeSet<_> = self.service.faults.iter().map(|row| row.code).collect();
        assert_eq!(known.len(), self.service.faults.len(), "a code is in the table twice");
        for code in published {
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

    /// Every code ends each operation as its row says, as a line, with words behind it, and as an object.
    fn every_code_is_read_in_every_place(&self) {
        let (balance, report) = (Abilities::BALANCE, Abilities::REPORT);
        let abilities = describe::<P>().abilities;
        for row in self.service.faults {
            for answer in [line(200, row.code), line(200, &format!("{}|words\n", row.code)), object(row.code)] {
                let fault = failed(self.after(self.first_submit(), answer.clone()));
                assert_eq!((fault.class, fault.charged), (row.class, Charged::No), "{}", row.code);
                self.polled(row, answer.clone());
                if (abilities & balance) == balance {
                    assert_eq!(failed(self.after(Operation::Balance, answer.clone())).class, row.class, "{}", row.code);
                }
                if (abilities & report) == report {
                    let verdict = Operation::Report(Report { task: self.open_task(), correct: false });
                    let class = if row.about == About::Task { FaultClass::InvalidTask } else { row.class };
                    assert_eq!(failed(self.after(verdict, answer)).class, class, "{}", row.code);
                }
            }
            assert_eq!(failed(self.after(self.first_submit(), object(row.code))).message, "words", "{}", row.code);
        }
    }

    fn polled(&self, row: &adapter_kit::FaultRow, answer: Response) {
        let step = self.after(Operation::Poll(vec![self.open_task()]), answer);
        match row.about {
            About::Call => {
                let fault = failed(step);
                assert_eq!((fault.class, fault.charged), (row.class, Charged::No), "{}", row.code);
            }
            About::Task => {
                let Step::Polled(verdicts) = step else { panic!("no verdict on {}", row.code) };
                let [verdict] = verdicts.as_slice() else { panic!("not one verdict") };
                let Standing::Failed(fault) = &verdict.standing else { panic!("not failed: {}", row.code) };
                assert_eq!((fault.class, fault.charged), (row.class, row.charged), "{}", row.code);
            }
        }
    }

    /// What is no answer of the service's own is in doubt after a submit and nothing after a poll. A code that is in no table
    /// decides nothing.
    fn what_cannot_be_read_is_in_doubt_after_a_submit(&self) {
        let poll = || Operation::Poll(vec![self.open_task()]);
        for body in ["", "<html>", "[]", "{}", r#"{"status":1}"#, r#"{"status":2,"request":"7"}"#, "nonsense"] {
            for status in [200, 404, 500, 502] {
                let submitted = failed(self.after(self.first_submit(), line(status, body)));
                assert_eq!(submitted.class, FaultClass::InDoubt, "{status} {body}");
                let polled = failed(self.after(poll(), line(status, body)));
                assert_eq!(polled.class, FaultClass::ProviderDown, "{status} {body}");
            }
        }
        for body in ["OK|", "OK|0", "OK|seven", r#"{"status":1,"request":"seven"}"#] {
            assert_eq!(failed(self.after(self.first_submit(), line(200, body))).class, FaultClass::InDoubt, "{body}");
        }
        for unknown in [line(200, "ERROR_NEVER_HEARD_OF"), object("ERROR_NEVER_HEARD_OF")] {
            assert_eq!(failed(self.after(self.first_submit(), unknown.clone())).class, FaultClass::ProviderDown);
            assert_eq!(failed(self.after(poll(), unknown)).class, FaultClass::ProviderDown);
        }
        assert_eq!(failed(self.after(self.first_submit(), line(429, ""))).class, FaultClass::Throttled(None));
    }

    fn a_reference_that_is_no_number_is_never_put_into_a_url(&self) {
        for reference in ["", "0", "7&action=del_pingback", "-7", "7 ", "123456789012345678901"] {
            let foreign = OpenTask { reference: reference.to_owned(), ..self.open_task() };
            for operation in
                [Operation::Poll(vec![foreign.clone()]), Operation::Report(Report { task: foreign, correct: false })]
            {
                assert_eq!(failed(begin::<P>(operation)).class, FaultClass::InDoubt, "{reference}");
            }
        }
    }
}

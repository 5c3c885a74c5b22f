//! What a new version would have made of its provider's last operations, beside what the one in force makes of them.
//!
//! A difference is no fault: a version is made to be different. It is told, so that whoever installs it sees whether that is what was
//! meant; what comes of it the trial shows.

use capstan_domain::adapter::{MAX_STEPS, Operation, Step};
use capstan_sandbox::Adapter;
use serde_json::{Value, json};

use crate::fixtures::differences;
use crate::operate::transcript::{request_json, step_json};
use crate::recorded::Recorded;

/// Differences that are told.
const MOST_TOLD: usize = 10;

/// How two versions compare.
pub(crate) struct Compared {
    /// Operations that both were asked.
    pub(crate) all: usize,
    /// Those that they took differently.
    pub(crate) different: usize,
    /// Where, each by its operation and place: what the one in force says is expected.
    pub(crate) told: Vec<String>,
}

/// Asks both the same.
pub(crate) async fn compare(in_force: &Adapter, new: &Adapter, recorded: &[Recorded]) -> Compared {
    let mut compared = Compared { all: recorded.len(), different: 0, told: Vec::new() };
    for one in recorded {
        let (before, now) = (run(in_force, one).await, run(new, one).await);
        if before != now {
            compared.different += 1;
            differences(&named(&one.operation), (&before, &now), &mut compared.told);
        }
    }
    compared.told.truncate(MOST_TOLD);
    compared
}

fn named(operation: &Operation) -> String {
    let family = match operation {
        Operation::Submit(task) => task.family.as_str(),
        Operation::Poll(tasks) => tasks.first().map_or("", |task| task.family.as_str()),
        Operation::LookUp(_) | Operation::Balance | Operation::Market | Operation::Report(_) | Operation::Cancel(_) => {
            ""
        }
    };
    format!("{} {family}", operation.name()).trim_end().to_owned()
}

/// Every step of an operation that is answered as it was, as JSON.
async fn run(adapter: &Adapter, one: &Recorded) -> Value {
    let mut steps = Vec::new();
    let mut replies = one.replies.iter().cloned();
    let mut step = adapter.begin(one.operation.clone()).await;
    for _ in 0..MAX_STEPS {
        let state = match step {
            Ok(Step::Send(request, state)) => {
                steps.push(json!({"request": request_json(&request)}));
                state
            }
            Ok(Step::Wait(milliseconds, state)) => {
                steps.push(json!({"wait_ms": milliseconds}));
                state
            }
            Ok(end) => {
                steps.push(json!({"end": step_json(&end)}));
                break;
            }
            Err(error) => {
                steps.push(json!({"fault": error.to_string()}));
                break;
            }
        };
        // One that asks for more than was answered has shown that already.
        let Some(reply) = replies.next() else { break };
        step = adapter.advance(state, reply).await;
    }
    json!({"steps": steps})
}

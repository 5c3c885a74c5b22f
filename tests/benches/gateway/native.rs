//! The instant guest's code as it is compiled natively: between the domain's words and the kit's, so far as this guest
//! uses them.

use adapter_kit as kit;
use capstan_domain::adapter as domain;
use guest_instant::Instant;

/// The contract's `begin`.
pub(crate) fn begin(operation: domain::Operation) -> domain::Step {
    match operation {
        domain::Operation::Submit(task) => step(kit::begin::<Instant>(kit::Operation::Submit(kit::Submission {
            attempt_id: task.attempt.to_string(),
            family: task.family,
            parameters: task.parameters,
            proxy: None,
        }))),
        domain::Operation::Poll(_)
        | domain::Operation::LookUp(_)
        | domain::Operation::Balance
        | domain::Operation::Market
        | domain::Operation::Report(_)
        | domain::Operation::Cancel(_) => unforeseen("an operation"),
    }
}

/// The contract's `advance`.
pub(crate) fn advance(state: Vec<u8>, reply: domain::Reply) -> domain::Step {
    let reply = match reply {
        domain::Reply::Response(response) => kit::Reply::Response(kit::Response {
            status: response.status,
            headers: response.headers,
            body: response.body,
        }),
        domain::Reply::Waited => kit::Reply::Waited,
    };
    step(kit::advance::<Instant>(&state, reply))
}

fn step(step: kit::Step) -> domain::Step {
    match step {
        kit::Step::Send((request, state)) => domain::Step::Send(
            domain::OutwardRequest {
                method: domain::Method::Get,
                url: request.url,
                headers: request.headers,
                body: domain::Body::Empty,
                placements: request.placements.into_iter().filter_map(placement).collect(),
            },
            state,
        ),
        kit::Step::Solved(solved) => {
            let cost = solved.cost.map(|cost| domain::Money { amount: cost.amount, currency: cost.currency });
            domain::Step::Solved(domain::Solved { solution: solved.solution, cost })
        }
        kit::Step::Wait(_)
        | kit::Step::Accepted(_)
        | kit::Step::Polled(_)
        | kit::Step::Balance(_)
        | kit::Step::Market(_)
        | kit::Step::Failed(_)
        | kit::Step::Done => unforeseen("a step"),
    }
}

fn placement(placement: kit::Placement) -> Option<domain::Placement> {
    match placement.place {
        kit::Place::Header((name, prefix)) => {
            Some(domain::Placement { field: placement.field, place: domain::Place::Header { name, prefix } })
        }
        kit::Place::JsonField(_) | kit::Place::FormField(_) | kit::Place::Query(_) | kit::Place::Basic(_) => None,
    }
}

/// The task fails, and with it the run.
fn unforeseen(what: &str) -> domain::Step {
    domain::Step::Failed(domain::Fault {
        class: domain::FaultClass::InDoubt,
        code: "unforeseen".to_owned(),
        message: format!("{what} that the instant guest does not use"),
        charged: domain::Charged::Unknown,
    })
}

//! What an adapter implements, and how the contract's three calls reach it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{
    Acceptance, Fault, FaultClass, Manifest, Money, Offer, OpenTask, Operation, Reply, Report, Request, Response,
    Solved, Step, Submission, Verdict,
};

/// What an adapter answers when it is asked or when a reply is in: what is next, or the fault that ends the operation.
pub type Turn<S> = Result<Next<S>, Fault>;

/// What is next in an operation: one more request or wait, or the step that ends it.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<S> {
    /// Send this; [`Provider::read`] is called with the state and the response.
    Send(Request, S),
    /// Wait so many milliseconds; [`Provider::resume`] is called with the state.
    Wait(u32, S),
    /// The provider has the task (submit, look-up).
    Accepted(Acceptance),
    /// The provider solved the task in its reply (submit).
    Solved(Solved),
    /// What the poll found out; a task that is not named is still open.
    Polled(Vec<Verdict>),
    /// The credential's balance.
    Balance(Money),
    /// What the provider publishes.
    Market(Vec<Offer>),
    /// Nothing more to say (report, cancel); or surely no such task (look-up).
    Done,
}

/// One provider, as its adapter speaks to it.
///
/// Each operation begins in the method of its name, which usually answers [`Next::Send`]: a request and the state that
/// [`Provider::read`] needs to make sense of the response. The usual state is an enum with one variant for each kind
/// of request, and `read` one `match` over it. Operations behind an ability have a default that refuses them: implement
/// those that the manifest lists, and no others.
pub trait Provider {
    /// What is remembered while a request or a wait is under way; at most 64 KiB as JSON.
    type State: Serialize + DeserializeOwned;

    /// Who you are. Constant.
    fn manifest() -> Manifest;

    /// Have a task solved.
    ///
    /// # Errors
    /// A fault that ends the operation; before anything is sent, mostly `not-supported`.
    fn submit(task: Submission) -> Turn<Self::State>;

    /// Ask about accepted tasks, at most `max-batch` of them.
    ///
    /// # Errors
    /// A fault says that the poll itself failed, and nothing about the tasks.
    fn poll(tasks: Vec<OpenTask>) -> Turn<Self::State>;

    /// The response to a request is in.
    ///
    /// # Errors
    /// A fault that ends the operation.
    fn read(state: Self::State, response: Response) -> Turn<Self::State>;

    /// A wait is over. Only adapters that answer [`Next::Wait`] are called.
    ///
    /// # Errors
    /// A fault that ends the operation.
    fn resume(_state: Self::State) -> Turn<Self::State> {
        Err(Fault::in_doubt("UNEXPECTED_REPLY", "the adapter asked for no wait"))
    }

    /// Find what became of the attempt with this id (ability `look-up`).
    ///
    /// # Errors
    /// A fault that ends the operation.
    fn look_up(_attempt_id: String) -> Turn<Self::State> {
        Err(missing_ability("look-up"))
    }

    /// Read the credential's balance (ability `balance`).
    ///
    /// # Errors
    /// A fault that ends the operation.
    fn balance() -> Turn<Self::State> {
        Err(missing_ability("balance"))
    }

    /// Read public prices and load (ability `market`).
    ///
    /// # Errors
    /// A fault that ends the operation.
    fn market() -> Turn<Self::State> {
        Err(missing_ability("market"))
    }

    /// Tell the provider whether a solution worked (ability `report`).
    ///
    /// # Errors
    /// A fault that ends the operation.
    fn report(_report: Report) -> Turn<Self::State> {
        Err(missing_ability("report"))
    }

    /// Give up an accepted task (ability `cancel`).
    ///
    /// # Errors
    /// A fault that ends the operation.
    fn cancel(_task: OpenTask) -> Turn<Self::State> {
        Err(missing_ability("cancel"))
    }
}

/// The contract's `describe`, for this provider.
#[must_use]
pub fn describe<P: Provider>() -> Manifest {
    P::manifest()
}

/// The contract's `begin`, for this provider.
#[must_use]
pub fn begin<P: Provider>(operation: Operation) -> Step {
    into_step(match operation {
        Operation::Submit(task) => P::submit(task),
        Operation::Poll(tasks) => P::poll(tasks),
        Operation::LookUp(attempt_id) => P::look_up(attempt_id),
        Operation::Balance => P::balance(),
        Operation::Market => P::market(),
        Operation::Report(report) => P::report(report),
        Operation::Cancel(task) => P::cancel(task),
    })
}

/// The contract's `advance`, for this provider. A state that cannot be read is in doubt: something has been sent.
#[must_use]
pub fn advance<P: Provider>(state: &[u8], reply: Reply) -> Step {
    let Ok(state) = serde_json::from_slice::<P::State>(state) else {
        return Step::Failed(Fault::in_doubt("STATE_UNREADABLE", "the state is not one that this adapter wrote"));
    };
    into_step(match reply {
        Reply::Response(response) => P::read(state, response),
        Reply::Waited => P::resume(state),
    })
}

/// A turn as the contract's step. A state that cannot be written is in doubt, for this may not be the first request.
fn into_step<S: Serialize>(turn: Turn<S>) -> Step {
    let unwritable = || Step::Failed(Fault::in_doubt("STATE_UNWRITABLE", "the adapter's state is no JSON"));
    match turn {
        Ok(Next::Send(request, state)) => {
            serde_json::to_vec(&state).map_or_else(|_| unwritable(), |state| Step::Send((request, state)))
        }
        Ok(Next::Wait(milliseconds, state)) => {
            serde_json::to_vec(&state).map_or_else(|_| unwritable(), |state| Step::Wait((milliseconds, state)))
        }
        Ok(Next::Accepted(acceptance)) => Step::Accepted(acceptance),
        Ok(Next::Solved(solved)) => Step::Solved(solved),
        Ok(Next::Polled(verdicts)) => Step::Polled(verdicts),
        Ok(Next::Balance(money)) => Step::Balance(money),
        Ok(Next::Market(offers)) => Step::Market(offers),
        Ok(Next::Done) => Step::Done,
        Err(fault) => Step::Failed(fault),
    }
}

fn missing_ability(operation: &str) -> Fault {
    Fault::new(FaultClass::NotSupported, "OPERATION_NOT_SUPPORTED", &format!("the provider has no {operation}"))
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{Abilities, PollLimits};

    #[derive(Serialize, Deserialize)]
    enum State {
        Asked { left: u32 },
        Waiting,
    }

    /// Asks twice, waits once, then is done; poll leaves everything open.
    struct Patient;

    impl Provider for Patient {
        type State = State;

        fn manifest() -> Manifest {
            Manifest {
                provider_id: "patient".into(),
                display_name: "Patient".into(),
                version: "0.1.0".into(),
                homepage: "https://example.com".into(),
                base_url: "https://example.com".into(),
                hosts: vec![],
                credential: vec![],
                placements: vec![],
                task_types: vec![],
                polling: PollLimits {
                    first_wait_ms: 1,
                    interval_ms: 1,
                    max_polls: 1,
                    longest_life_ms: 1,
                    result_kept_ms: 1,
                    max_batch: 1,
                },
                abilities: Abilities::empty(),
            }
        }

        fn submit(_task: Submission) -> Turn<State> {
            Request::get("/first").then(State::Asked { left: 1 })
        }

        fn poll(_tasks: Vec<OpenTask>) -> Turn<State> {
            Ok(Next::Polled(vec![]))
        }

        fn read(state: State, _response: Response) -> Turn<State> {
            match state {
                State::Asked { left: 0 } => Ok(Next::Wait(250, State::Waiting)),
                State::Asked { left } => Request::get("/again").then(State::Asked { left: left - 1 }),
                State::Waiting => Err(Fault::in_doubt("UNEXPECTED_REPLY", "a response during a wait")),
            }
        }

        fn resume(_state: State) -> Turn<State> {
            Ok(Next::Done)
        }
    }

    fn fine() -> Reply {
        Reply::Response(Response { status: 200, headers: vec![], body: vec![] })
    }

    fn submission() -> Operation {
        Operation::Submit(Submission {
            attempt_id: "a".into(),
            family: "f".into(),
            parameters: "{}".into(),
            proxy: None,
        })
    }

    #[test]
    fn an_operation_may_take_several_requests_and_a_wait() {
        let Step::Send((first, state)) = begin::<Patient>(submission()) else { panic!("no request") };
        assert_eq!(first.url, "/first");
        let Step::Send((second, state)) = advance::<Patient>(&state, fine()) else { panic!("no second request") };
        assert_eq!(second.url, "/again");
        let Step::Wait((250, state)) = advance::<Patient>(&state, fine()) else { panic!("no wait") };
        assert_eq!(advance::<Patient>(&state, Reply::Waited), Step::Done);
    }

    #[test]
    fn an_ability_that_is_not_implemented_is_refused() {
        for operation in [
            Operation::Balance,
            Operation::Market,
            Operation::LookUp("a".into()),
            Operation::Cancel(OpenTask { reference: "1".into(), family: "f".into(), memo: vec![] }),
        ] {
            let Step::Failed(fault) = begin::<Patient>(operation) else { panic!("not refused") };
            assert_eq!(fault.class, FaultClass::NotSupported);
        }
    }

    #[test]
    fn a_foreign_state_is_in_doubt() {
        let Step::Failed(fault) = advance::<Patient>(b"not ours", fine()) else { panic!("no fault") };
        assert_eq!(fault.class, FaultClass::InDoubt);
        assert_eq!(describe::<Patient>().provider_id, "patient");
    }
}

//! One call: a fresh instance, the function, what it said, and what became of it.

use std::sync::Arc;

use capstan_domain::adapter::{Operation, Reply, Step};
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};

use crate::bindings::{Provider, ProviderPre, capstan::adapter::types as wit};
use crate::inert::{Guest, GuestExit};
use crate::limits::{Budget, COPIED_BYTES, HANDLES};
use crate::notes::{Notes, clean};
use crate::{AdapterFault, CallError, convert};

/// Under which limits calls run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) memory_bytes: usize,
    pub(crate) budget: Budget,
}

/// What an adapter can be asked within an operation.
pub(crate) enum Call {
    Begin(Operation),
    Advance(Vec<u8>, Reply),
}

/// A component that is ready to run, and the limits that it runs under.
#[derive(Clone)]
pub(crate) struct Ready {
    pub(crate) instances: Arc<ProviderPre<Guest>>,
    pub(crate) limits: Limits,
}

impl Ready {
    /// The adapter's next step. Runs the guest on this thread.
    pub(crate) fn step(&self, call: Call) -> (Result<Step, CallError>, Notes) {
        let (step, notes) = match call {
            Call::Begin(operation) => {
                let operation = convert::operation(operation);
                self.run(|provider, store| provider.call_begin(store, &operation))
            }
            Call::Advance(state, reply) => {
                let reply = convert::reply(reply);
                self.run(|provider, store| provider.call_advance(store, &state, &reply))
            }
        };
        (step.and_then(|step| convert::step(step).map_err(CallError::Adapter)), notes)
    }

    /// The adapter's manifest, as it gives it. Runs the guest on this thread.
    pub(crate) fn describe(&self) -> (Result<wit::Manifest, CallError>, Notes) {
        self.run(|provider, store| provider.call_describe(store))
    }

    /// Each call has a store and an instance of its own, so nothing of one call is there in the next.
    fn run<T>(
        &self,
        call: impl FnOnce(&Provider, &mut Store<Guest>) -> wasmtime::Result<T>,
    ) -> (Result<T, CallError>, Notes) {
        let mut store = self.store();
        let answer = self.instances.instantiate(&mut store).and_then(|provider| call(&provider, &mut store));
        let guest = store.into_data();
        (answer.map_err(|error| classify(&error, guest.memory.refused())), guest.notes)
    }

    fn store(&self) -> Store<Guest> {
        let engine = self.instances.engine();
        let mut store = Store::new(engine, Guest::new(self.limits.memory_bytes));
        store.limiter(|guest| &mut guest.memory);
        store.set_hostcall_fuel(COPIED_BYTES);
        store.set_max_component_handles(HANDLES);
        let watch = self.limits.budget.start();
        store.epoch_deadline_callback(move |_| Ok(watch.deadline()));
        store.set_epoch_deadline(self.limits.budget.first_ticks());
        store
    }
}

/// Names what ended a call. A guest that was refused memory crashes in its own way: the refusal is the cause.
fn classify(error: &wasmtime::Error, refused: bool) -> CallError {
    if error.is::<PoolConcurrencyLimitError>() {
        return CallError::Busy;
    }
    let fault = match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => AdapterFault::OutOfTime,
        Some(Trap::StackOverflow) => AdapterFault::OutOfStack,
        _ if refused => AdapterFault::OutOfMemory,
        Some(trap) => AdapterFault::Trapped { reason: clean(&trap.to_string(), 300) },
        None if error.is::<GuestExit>() => AdapterFault::Trapped { reason: GuestExit.to_string() },
        None if copied_too_much(error) => {
            AdapterFault::OutputTooLarge { what: "answer", bytes: COPIED_BYTES.saturating_add(1), most: COPIED_BYTES }
        }
        None => AdapterFault::Trapped { reason: clean(&format!("{:#}", error.root_cause()), 300) },
    };
    CallError::Adapter(fault)
}

/// The engine keeps the type of this error to itself; a test holds its text.
fn copied_too_much(error: &wasmtime::Error) -> bool {
    error.root_cause().to_string().contains("fuel allocated for hostcalls")
}

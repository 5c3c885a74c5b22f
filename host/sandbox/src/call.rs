//! One call: a fresh instance, the function, what it said, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use capstan_domain::adapter::{Operation, Reply, Step};
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};

use crate::bindings::{Provider, ProviderPre, capstan::adapter::types as wit};
use crate::inert::{Guest, GuestExit};
use crate::limits::{Budget, COPIED_BYTES, HANDLES, Watch};
use crate::notes::{Notes, clean};
use crate::{AdapterFault, CallError, convert};

/// Under which limits calls run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) memory_bytes: usize,
    pub(crate) budget: Budget,
}

/// What one call took: nothing where it did not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// CPU time, that of making the instance and of letting it go included.
    pub cpu: Duration,
    /// Bytes of memories and tables that it was given, its initial ones included.
    pub memory_bytes: usize,
}

/// What became of a call.
pub(crate) struct Ran<T> {
    pub(crate) answer: Result<T, CallError>,
    pub(crate) notes: Notes,
    pub(crate) used: Used,
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
    pub(crate) fn step(&self, call: Call) -> Ran<Step> {
        let Ran { answer, notes, used } = match call {
            Call::Begin(operation) => {
                let operation = convert::operation(operation);
                self.run(|provider, store| provider.call_begin(store, &operation))
            }
            Call::Advance(state, reply) => {
                let reply = convert::reply(reply);
                self.run(|provider, store| provider.call_advance(store, &state, &reply))
            }
        };
        Ran { answer: answer.and_then(|step| convert::step(step).map_err(CallError::Adapter)), notes, used }
    }

    /// The adapter's manifest, as it gives it. Runs the guest on this thread.
    pub(crate) fn describe(&self) -> Ran<wit::Manifest> {
        self.run(|provider, store| provider.call_describe(store))
    }

    /// Each call has a store and an instance of its own, so nothing of one call is there in the next.
    fn run<T>(&self, call: impl FnOnce(&Provider, &mut Store<Guest>) -> wasmtime::Result<T>) -> Ran<T> {
        let watch = self.limits.budget.start();
        let mut store = self.store(watch);
        let answer = self.instances.instantiate(&mut store).and_then(|provider| call(&provider, &mut store));
        let guest = store.into_data();
        let used = Used { cpu: watch.used(), memory_bytes: guest.memory.used() };
        Ran { answer: answer.map_err(|error| classify(&error, guest.memory.refused())), notes: guest.notes, used }
    }

    fn store(&self, watch: Watch) -> Store<Guest> {
        let engine = self.instances.engine();
        let mut store = Store::new(engine, Guest::new(self.limits.memory_bytes));
        store.limiter(|guest| &mut guest.memory);
        store.set_hostcall_fuel(COPIED_BYTES);
        store.set_max_component_handles(HANDLES);
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

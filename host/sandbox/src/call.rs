//! One call: a fresh instance, the function, what it said, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use capstan_domain::adapter::{Operation, Reply, Step};
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lower};
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
    instances: Arc<ProviderPre<Guest>>,
    begin: ComponentExportIndex,
    advance: ComponentExportIndex,
    limits: Limits,
}

impl Ready {
    /// A component whose imports are there.
    ///
    /// # Errors
    /// When it does not export one of the contract's functions.
    pub(crate) fn new(instances: InstancePre<Guest>, limits: Limits) -> wasmtime::Result<Self> {
        let instances = Arc::new(ProviderPre::new(instances)?);
        let component = instances.instance_pre().component();
        let exported = |name| {
            component.get_export_index(None, name).ok_or_else(|| wasmtime::format_err!("it does not export {name}"))
        };
        let (begin, advance) = (exported("begin")?, exported("advance")?);
        Ok(Self { instances, begin, advance, limits })
    }

    /// The adapter's next step. Runs the guest on this thread.
    pub(crate) fn step(&self, call: Call) -> Ran<Step> {
        let Ran { answer, notes, used } = match call {
            Call::Begin(operation) => {
                let operation = convert::operation(operation);
                self.run(|instance, store| ask(instance, store, (self.begin, (&operation,))))
            }
            Call::Advance(state, reply) => {
                let reply = convert::reply(reply);
                self.run(|instance, store| ask(instance, store, (self.advance, (state.as_slice(), &reply))))
            }
        };
        Ran { answer: answer.and_then(|step| convert::step(step).map_err(CallError::Adapter)), notes, used }
    }

    /// The adapter's manifest, as it gives it, once all of its functions are seen to have the contract's types. Runs the guest on
    /// this thread.
    pub(crate) fn describe(&self) -> Ran<wit::Manifest> {
        self.run(|instance, store| Provider::new(&mut *store, instance)?.call_describe(store))
    }

    /// Each call has a store and an instance of its own, so nothing of one call is there in the next.
    fn run<T>(&self, call: impl FnOnce(&Instance, &mut Store<Guest>) -> wasmtime::Result<T>) -> Ran<T> {
        let watch = self.limits.budget.start();
        let mut store = self.store(watch);
        let instance = self.instances.instance_pre().instantiate(&mut store);
        let answer = instance.and_then(|instance| call(&instance, &mut store));
        let guest = store.into_data();
        let used = Used { cpu: watch.used(), memory_bytes: guest.memory.used() };
        Ran { answer: answer.map_err(|error| classify(&error, guest.memory.refused())), notes: guest.notes, used }
    }

    /// CPU time of each of so many calls, one after another in a single instance, each under a call's own limits: what is left of a
    /// call where nothing is made for it and nothing let go.
    #[cfg(feature = "native-adapter")]
    pub(crate) fn begin_again(&self, operation: Operation, calls: usize) -> wasmtime::Result<Vec<Duration>> {
        let operation = convert::operation(operation);
        let mut store = self.store(self.limits.budget.start());
        let instance = self.instances.instance_pre().instantiate(&mut store)?;
        let begin = instance.get_typed_func::<(&wit::Operation,), (wit::Step,)>(&mut store, self.begin)?;
        let mut times = Vec::with_capacity(calls);
        for _ in 0..calls {
            let watch = self.limits.budget.start();
            self.limit(&mut store, watch);
            begin.call(&mut store, (&operation,))?;
            times.push(watch.used());
        }
        Ok(times)
    }

    fn store(&self, watch: Watch) -> Store<Guest> {
        let engine = self.instances.engine();
        let mut store = Store::new(engine, Guest::new(self.limits.memory_bytes));
        store.limiter(|guest| &mut guest.memory);
        store.set_max_component_handles(HANDLES);
        self.limit(&mut store, watch);
        store
    }

    /// What a call may copy, and how long it may take.
    fn limit(&self, store: &mut Store<Guest>, watch: Watch) {
        store.set_hostcall_fuel(COPIED_BYTES);
        store.epoch_deadline_callback(move |_| Ok(watch.deadline()));
        store.set_epoch_deadline(self.limits.budget.first_ticks());
    }
}

/// One function, whose types alone are checked: to check all three, as the generated bindings do for each instance, takes longer
/// than the guest does.
fn ask<Given: ComponentNamedList + Lower>(
    instance: &Instance,
    store: &mut Store<Guest>,
    (function, given): (ComponentExportIndex, Given),
) -> wasmtime::Result<wit::Step> {
    let function = instance.get_typed_func::<Given, (wit::Step,)>(&mut *store, function)?;
    function.call(store, given).map(|(step,)| step)
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

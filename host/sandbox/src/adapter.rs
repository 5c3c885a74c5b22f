//! The room's door: a sandbox that admits components, and the adapters that they become.

use std::sync::Arc;

use capstan_domain::adapter::{Manifest, Operation, Reply, Step};
use tokio::sync::{Semaphore, oneshot};
use wasmtime::Engine;

use crate::cache::Cache;
use crate::call::{Call, Limits, Ran, Ready, Used};
use crate::limits::Budget;
use crate::notes::{Allowance, clean};
use crate::part::Part;
use crate::threads::{Threads, Ticker};
use crate::{
    AdapterFault, AdmissionError, CallError, Class, ClassSettings, Digest, SandboxError, SandboxSettings, convert,
    engine, imports, inert, manifest,
};

/// Admits components and runs them. Its threads end when it and every adapter that it admitted are dropped.
pub struct Sandbox {
    engine: Engine,
    cache: Cache,
    /// Small guests first.
    classes: Vec<Admitting>,
}

/// One class of guests that are admitted.
struct Admitting {
    class: Class,
    settings: ClassSettings,
    limits: Limits,
    running: Arc<Running>,
}

/// Room in the queue for components that are being admitted, beside the calls.
const ADMISSIONS: usize = 64;

/// What calls of one class need: the threads that run guests.
struct Running {
    threads: Threads,
    /// Room in the threads' queue. Calls wait for it here: the reply that a call would read is in already, and to drop it
    /// would leave a task in doubt.
    room: Arc<Semaphore>,
    /// Most calls of one adapter that run or are about to.
    calls_of_one: usize,
    /// The ticks that end calls, which are the engine's and so all classes'.
    _ticker: Arc<Ticker>,
}

impl Running {
    fn start(class: Class, settings: ClassSettings, ticker: &Arc<Ticker>) -> Result<Arc<Self>, SandboxError> {
        let queue = settings.queue.saturating_add(ADMISSIONS);
        let threads = Threads::start((class, settings.threads), queue)?;
        let room = Arc::new(Semaphore::new(settings.queue.min(Semaphore::MAX_PERMITS)));
        Ok(Arc::new(Self { threads, room, calls_of_one: settings.calls_of_one(), _ticker: Arc::clone(ticker) }))
    }
}

/// An admitted component, ready to be called; cheap to clone.
#[derive(Clone)]
pub struct Adapter {
    inner: Arc<Admitted>,
}

struct Admitted {
    code: Code,
    manifest: Manifest,
    digest: Digest,
    class: Class,
    from_cache: bool,
    /// What it may write to the log.
    allowance: Allowance,
}

/// Where an adapter's code is.
enum Code {
    /// In a component, which runs on the sandbox's threads.
    Component {
        ready: Ready,
        /// The adapter's own part of the threads.
        part: Arc<Part>,
        running: Arc<Running>,
    },
    /// In this program.
    #[cfg(feature = "native-adapter")]
    Native(crate::native::Native),
}

impl Sandbox {
    /// Sets up the engine and starts the threads.
    ///
    /// # Errors
    /// [`SandboxError`] when a setting makes no sense or the machine gives no engine or no threads.
    pub fn start(settings: SandboxSettings) -> Result<Arc<Self>, SandboxError> {
        settings.check()?;
        let engine = engine::engine(&settings)?;
        let shortest = settings.classes().map(|(_, class)| class.call_budget).min().unwrap_or_default();
        let tick = Budget::tick(shortest);
        // Held weakly: the thread is there for the engine, not the engine for the thread.
        let weak = engine.weak();
        let ticker = Arc::new(Ticker::start(tick, move || {
            if let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
            }
        })?);
        let classes = settings.classes().map(|(class, settings)| {
            let limits =
                Limits { memory_bytes: settings.memory_bytes, budget: Budget::new(settings.call_budget, tick) };
            Ok(Admitting { class, settings, limits, running: Running::start(class, settings, &ticker)? })
        });
        let classes = classes.collect::<Result<_, SandboxError>>()?;
        Ok(Arc::new(Self { engine, cache: Cache::new(&settings), classes }))
    }

    /// The class that a component of so many bytes is of.
    fn class(&self, bytes: usize) -> Result<&Admitting, AdmissionError> {
        let most = self.classes.iter().map(|one| one.settings.component_bytes).max().unwrap_or_default();
        let fitting = self.classes.iter().find(|one| bytes <= one.settings.component_bytes);
        fitting.ok_or(AdmissionError::TooLarge { bytes, most })
    }

    /// Checks, compiles and asks a component to describe itself.
    ///
    /// Blocks for as long as compiling takes (tens of milliseconds for a Rust adapter, seconds for one with an
    /// interpreter inside): call it off the reactor. The component's own code runs on the sandbox's threads only.
    ///
    /// # Errors
    /// [`AdmissionError`] names what is wrong with the component.
    pub fn admit(&self, component: &[u8]) -> Result<Adapter, AdmissionError> {
        let Admitting { class, settings, limits, running } = self.class(component.len())?;
        let imports = imports::allowed(component)?;
        let compiled = self.cache.load_or_compile(&self.engine, settings.compiling, component)?;
        let ready = inert::linker(&self.engine, &compiled.component, &imports)
            .and_then(|linker| linker.instantiate_pre(&compiled.component))
            .and_then(|instances| Ready::new(instances, *limits))
            .map_err(|error| AdmissionError::NotAnAdapter { reason: clean(&format!("{error:#}"), 300) })?;
        let manifest = describe(&ready, running)?;
        let (digest, from_cache) = (Digest::of(component), compiled.from_cache);
        let part = Part::new(running.calls_of_one);
        let code = Code::Component { ready, part, running: Arc::clone(running) };
        Ok(Adapter {
            inner: Arc::new(Admitted {
                code,
                manifest,
                digest,
                class: *class,
                from_cache,
                allowance: Allowance::default(),
            }),
        })
    }
}

/// What the component says of itself, in an instance that has nothing, on a thread of its class.
fn describe(ready: &Ready, running: &Running) -> Result<Manifest, AdmissionError> {
    let (answer, answered) = crossbeam_channel::bounded(1);
    let ready = ready.clone();
    let job = move || {
        answer.send(ready.describe()).ok();
    };
    running.threads.give(Box::new(job)).map_err(AdmissionError::Describe)?;
    let Ran { answer: described, notes, .. } =
        answered.recv().map_err(|_| AdmissionError::Describe(engine_panicked()))?;
    let described = described.map_err(AdmissionError::Describe).and_then(|described| {
        let described = convert::manifest(described).map_err(|error| manifest::bad_provider(&error))?;
        manifest::check(&described)?;
        Ok(described)
    });
    notes.emit(described.as_ref().ok().map(|manifest| &manifest.provider), &Allowance::default());
    described
}

impl Adapter {
    /// What the adapter says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// Which component this is.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.inner.digest
    }

    /// The same, as it is written down.
    #[must_use]
    pub fn digest_bytes(&self) -> &[u8; 32] {
        self.inner.digest.as_bytes()
    }

    /// Under which limits it runs.
    #[must_use]
    pub fn class(&self) -> Class {
        self.inner.class
    }

    /// Whether its code was compiled in an earlier run and loaded now.
    #[must_use]
    pub fn from_cache(&self) -> bool {
        self.inner.from_cache
    }

    /// Calls that wait for a thread of its class, those of other adapters included.
    #[must_use]
    pub fn queued(&self) -> usize {
        match &self.inner.code {
            Code::Component { running, .. } => running.threads.queued(),
            #[cfg(feature = "native-adapter")]
            Code::Native(_) => 0,
        }
    }

    /// An adapter whose code is linked into this program, outside of any sandbox: what benches compare the sandbox with.
    #[cfg(feature = "native-adapter")]
    #[must_use]
    pub fn native(manifest: Manifest, native: crate::Native) -> Self {
        let digest = Digest::of(manifest.provider.as_str().as_bytes());
        Self {
            inner: Arc::new(Admitted {
                code: Code::Native(native),
                manifest,
                digest,
                class: Class::Small,
                from_cache: false,
                allowance: Allowance::default(),
            }),
        }
    }

    /// CPU time of each of so many calls of `begin` in one and the same instance, on this thread: what benches compare a fresh one
    /// with. None of a native adapter.
    ///
    /// # Errors
    /// The first call that failed, in the engine's words.
    #[cfg(feature = "native-adapter")]
    pub fn begin_again(&self, operation: Operation, calls: usize) -> Result<Vec<std::time::Duration>, String> {
        match &self.inner.code {
            Code::Component { ready, .. } => {
                ready.begin_again(operation, calls).map_err(|error| clean(&format!("{error:#}"), 300))
            }
            Code::Native(_) => Ok(Vec::new()),
        }
    }

    /// Starts an operation, in an instance of its own.
    ///
    /// Whether the step belongs to this operation, and how many steps there were, is the caller's to watch.
    ///
    /// # Errors
    /// [`CallError::Adapter`] when the adapter broke a limit or the contract. A call waits while the adapter's other calls
    /// take its part of the threads, and while the queue is full; a caller that goes away meanwhile takes its call with it.
    pub async fn begin(&self, operation: Operation) -> Result<Step, CallError> {
        self.begin_measured(operation).await.0
    }

    /// The same, and what the call took.
    ///
    /// # Errors
    /// As for [`Adapter::begin`].
    pub async fn begin_measured(&self, operation: Operation) -> (Result<Step, CallError>, Used) {
        self.call(Call::Begin(operation)).await.unwrap_or_else(never_ran)
    }

    /// Continues an operation with the state of its last step and what happened since.
    ///
    /// # Errors
    /// As for [`Adapter::begin`].
    pub async fn advance(&self, state: Vec<u8>, reply: Reply) -> Result<Step, CallError> {
        self.advance_measured(state, reply).await.0
    }

    /// The same, and what the call took.
    ///
    /// # Errors
    /// As for [`Adapter::begin`].
    pub async fn advance_measured(&self, state: Vec<u8>, reply: Reply) -> (Result<Step, CallError>, Used) {
        self.call(Call::Advance(state, reply)).await.unwrap_or_else(never_ran)
    }

    /// An error here is one before the adapter ran.
    async fn call(&self, call: Call) -> Result<(Result<Step, CallError>, Used), CallError> {
        let (ready, part, running) = match &self.inner.code {
            Code::Component { ready, part, running } => (ready.clone(), part, running),
            #[cfg(feature = "native-adapter")]
            Code::Native(native) => return Ok((Ok(native.step(call)), Used::default())),
        };
        // The part before the room: calls that wait for their turn among their own kind take no place in the queue.
        let turn = part.turn().await?;
        let room = Arc::clone(&running.room).acquire_owned().await.map_err(|_| CallError::Stopped)?;
        let (answer, answered) = oneshot::channel();
        let admitted = Arc::clone(&self.inner);
        // What the adapter notes belongs to the task that it was called for, though it runs on another thread.
        let span = tracing::Span::current();
        let job = move || {
            drop(room);
            // A caller that went away while the call was queued needs no answer.
            if answer.is_closed() {
                return;
            }
            let Ran { answer: step, notes, used } = ready.step(call);
            let ran_out_of_time = matches!(step, Err(CallError::Adapter(AdapterFault::OutOfTime)));
            // Before the answer, so that the log tells the adapter's words and then what followed.
            span.in_scope(|| notes.emit(Some(&admitted.manifest.provider), &admitted.allowance));
            answer.send((step, used)).ok();
            // After the answer, so that whoever waited for the turn finds this call over.
            turn.end(ran_out_of_time);
        };
        running.threads.offer(Box::new(job))?;
        answered.await.map_err(|_| engine_panicked())
    }
}

fn never_ran(error: CallError) -> (Result<Step, CallError>, Used) {
    (Err(error), Used::default())
}

/// A job's channel closes without an answer only when the engine panicked over the guest.
fn engine_panicked() -> CallError {
    CallError::Adapter(AdapterFault::Trapped { reason: "the engine panicked".to_owned() })
}

impl std::fmt::Debug for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Adapter")
            .field("provider", &self.inner.manifest.provider)
            .field("digest", &self.inner.digest)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

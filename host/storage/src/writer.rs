//! The one writer: commits in groups, answers one by one.
//!
//! There is no timer. A batch is what queued while the previous one was being committed, so that a lone write waits for
//! nobody and a crowd shares one flush to disk. The three writes of every task's life (placed, accepted, settled) are run
//! together, one statement per table for all of a kind ([`Together`]); the others run one by one. Each has its own guard and
//! its own answer; one that is refused or fails leaves nothing behind and harms no neighbour.
//!
//! When a commit's outcome is unknown (the connection broke, the commit itself failed), nobody has been answered yet; the
//! requests are run again, one by one, on a fresh connection. That is safe because every write carries the ids of what it
//! makes: what did commit is found and answered as it would have been the first time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::db::{Db, Pools};
use crate::shards::HeldFences;
use crate::{Acceptance, Fence, PlaceTask, Settlement, StoreError};

mod batch;
use batch::Batch;

/// How often one request is run on its own before its caller hears of the trouble.
const LONE_TRIES: u32 = 3;

/// A write's body: runs inside a savepoint, may run more than once, borrows its input.
pub(crate) type Job<I, T> = for<'t> fn(&'t mut Db, &'t I) -> BoxFuture<'t, Result<T, StoreError>>;

/// What the writer has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Transactions committed.
    pub commits: u64,
    /// Requests whose effect was committed.
    pub kept: u64,
    /// Requests that were refused or failed, and left nothing.
    pub undone: u64,
    /// Batches whose outcome was unknown, run again one by one.
    pub reruns: u64,
    /// Time spent on what was committed, from the beginning of each transaction to its end on disk.
    pub committing: Duration,
}

#[derive(Default)]
pub(crate) struct Counters {
    commits: AtomicU64,
    kept: AtomicU64,
    undone: AtomicU64,
    reruns: AtomicU64,
    committing_nanos: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> StoreStats {
        StoreStats {
            commits: self.commits.load(Ordering::Relaxed),
            kept: self.kept.load(Ordering::Relaxed),
            undone: self.undone.load(Ordering::Relaxed),
            reruns: self.reruns.load(Ordering::Relaxed),
            committing: Duration::from_nanos(self.committing_nanos.load(Ordering::Relaxed)),
        }
    }
}

/// Whether a batch is run for the first time, or whether an earlier run of it may have taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    First,
    Again,
}

/// A write of which many are run by the same statements.
pub(crate) trait Together: Send + Sync + Sized + 'static {
    /// What each is answered.
    type Answer: Send + 'static;

    /// Whether an answer stands for an effect; else there is nothing to keep.
    fn keeps(_: &Self::Answer) -> bool {
        true
    }

    /// What the answer would be, had it been written.
    #[cfg(feature = "bench")]
    fn unwritten(&self) -> Self::Answer;

    /// Under which right it is written.
    fn fence(&self) -> Fence;

    /// Runs a batch inside a savepoint, where these shards stay as they are, and answers each in order. What it answers with
    /// a refusal or an error has had no effect; an error of the whole leaves the effects of all to be undone, and each is
    /// run on its own.
    fn run(
        db: &mut Db,
        held: &HeldFences,
        requests: &[&Self],
        run: Run,
    ) -> impl Future<Output = Result<Vec<Result<Self::Answer, StoreError>>, StoreError>> + Send;
}

/// What the writer is told.
pub(crate) enum Message {
    Write(Box<Request>),
    /// Serve what is queued, take nothing more, end.
    Close,
}

/// One write.
pub(crate) enum Request {
    /// One that is run on its own.
    Alone(Alone),
    Place(Call<PlaceTask>),
    Accept(Call<Acceptance>),
    Settle(Call<Settlement>),
}

/// A write that is run with others of its kind, and the place where its answer will be.
pub(crate) struct Call<I: Together> {
    input: I,
    to_caller: ToCaller<I::Answer>,
}

/// Where an answer goes. Whoever answers takes the sender; a run that is repeated finds it still there.
struct ToCaller<T>(Mutex<Option<oneshot::Sender<Result<T, StoreError>>>>);

impl<T> ToCaller<T> {
    fn new() -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Mutex::new(Some(sender))), receiver)
    }

    fn say(&self, answer: Result<T, StoreError>) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A caller who has gone does not hear it; what was written stays written.
            drop(sender.send(answer));
        }
    }
}

impl<I: Together> Call<I> {
    pub(crate) fn new(input: I) -> (Self, oneshot::Receiver<Result<I::Answer, StoreError>>) {
        let (to_caller, answer) = ToCaller::new();
        (Self { input, to_caller }, answer)
    }
}

type RunAlone = Box<dyn for<'t> Fn(&'t mut Db) -> BoxFuture<'t, Result<Ran, StoreError>> + Send + Sync>;
/// Tells a caller, once the commit is known.
type Tell<'r> = Box<dyn FnOnce() + Send + 'r>;

/// One write, its types forgotten.
pub(crate) struct Alone {
    run: RunAlone,
    fail: Box<dyn Fn(StoreError) + Send + Sync>,
}

/// A request that has run: whether its effect stays, and how its caller is told once the commit is known.
struct Ran {
    keep: bool,
    tell: Tell<'static>,
}

impl Alone {
    /// A request and the place where its answer will be. `keeps` says whether an answer's effect stays or is undone.
    pub(crate) fn new<I, T>(
        input: I,
        job: Job<I, T>,
        keeps: fn(&T) -> bool,
    ) -> (Self, oneshot::Receiver<Result<T, StoreError>>)
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        let (to_caller, receiver) = ToCaller::new();
        let (input, to_caller) = (Arc::new(input), Arc::new(to_caller));
        let to_failed = Arc::clone(&to_caller);
        let run: RunAlone = Box::new(move |db| {
            let (input, to_caller) = (Arc::clone(&input), Arc::clone(&to_caller));
            Box::pin(async move {
                let value = job(db, &input).await?;
                let keep = keeps(&value);
                Ok(Ran { keep, tell: Box::new(move || to_caller.say(Ok(value))) })
            })
        });
        (Self { run, fail: Box::new(move |error| to_failed.say(Err(error))) }, receiver)
    }
}

impl From<Call<PlaceTask>> for Request {
    fn from(call: Call<PlaceTask>) -> Self {
        Self::Place(call)
    }
}

impl From<Call<Acceptance>> for Request {
    fn from(call: Call<Acceptance>) -> Self {
        Self::Accept(call)
    }
}

impl From<Call<Settlement>> for Request {
    fn from(call: Call<Settlement>) -> Self {
        Self::Settle(call)
    }
}

impl Request {
    /// The right under which one is written that is run with others.
    fn fence(&self) -> Option<Fence> {
        match self {
            Self::Alone(_) => None,
            Self::Place(call) => Some(call.input.fence()),
            Self::Accept(call) => Some(call.input.fence()),
            Self::Settle(call) => Some(call.input.fence()),
        }
    }

    fn fail(&self, error: StoreError) {
        match self {
            Self::Alone(alone) => (alone.fail)(error),
            Self::Place(call) => call.to_caller.say(Err(error)),
            Self::Accept(call) => call.to_caller.say(Err(error)),
            Self::Settle(call) => call.to_caller.say(Err(error)),
        }
    }
}

pub(crate) struct Writer {
    pools: Pools,
    db: Option<Db>,
    messages: mpsc::Receiver<Message>,
    counters: Arc<Counters>,
    most_per_commit: usize,
}

impl Writer {
    pub(crate) fn new(
        pools: Pools,
        messages: mpsc::Receiver<Message>,
        counters: Arc<Counters>,
        most_per_commit: usize,
    ) -> Self {
        Self { pools, db: None, messages, counters, most_per_commit }
    }

    /// Serves until it is told to close or every handle is gone; what was queued by then is served first.
    pub(crate) async fn run(mut self) {
        let mut messages = Vec::with_capacity(self.most_per_commit);
        while self.messages.recv_many(&mut messages, self.most_per_commit).await > 0 {
            let mut requests = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Write(request) => requests.push(*request),
                    Message::Close => self.messages.close(),
                }
            }
            if !requests.is_empty() {
                self.serve(requests).await;
            }
        }
        self.drop_connection().await;
        self.pools.close().await;
    }

    async fn serve(&mut self, requests: Vec<Request>) {
        let failed = match self.commit(&requests, Run::First).await {
            Ok(told) => return told.into_iter().for_each(|tell| tell()),
            Err(error) => error,
        };
        tracing::warn!(error = %failed, requests = requests.len(), "a commit's outcome is unknown; running again one by one");
        self.counters.reruns.fetch_add(1, Ordering::Relaxed);
        self.serve_one_by_one(&requests).await;
    }

    /// Runs requests in transactions of their own. A database that cannot be reached, or is locked as a whole, fails the
    /// rest at once: waiting for it once per request would hold the queue up for minutes.
    async fn serve_one_by_one(&mut self, requests: &[Request]) {
        self.drop_connection().await;
        let mut reachable = true;
        for request in requests {
            reachable = reachable && self.is_reachable().await;
            if !reachable {
                request.fail(StoreError::Unreachable);
                continue;
            }
            if let Err(error) = self.commit_alone(request).await {
                request.fail(error);
            }
        }
    }

    async fn commit_alone(&mut self, request: &Request) -> Result<(), StoreError> {
        let mut last = StoreError::Unreachable;
        for _ in 0..LONE_TRIES {
            match self.commit(std::slice::from_ref(request), Run::Again).await {
                Ok(told) => {
                    told.into_iter().for_each(|tell| tell());
                    return Ok(());
                }
                Err(error) => {
                    self.drop_connection().await;
                    last = error;
                }
            }
        }
        Err(last)
    }

    /// One transaction. An error means that nothing is known about it; nobody has been answered.
    async fn commit<'r>(&mut self, requests: &'r [Request], run: Run) -> Result<Vec<Tell<'r>>, StoreError> {
        let counters = Arc::clone(&self.counters);
        let db = self.connect().await?;
        let began = Instant::now();
        db.begin().await?;
        let mut batch = Batch::of(db, requests);
        batch.run_all(requests, run).await?;
        let Batch { db, told, kept, undone, .. } = batch;
        db.run("commit").await?;
        counters.commits.fetch_add(1, Ordering::Relaxed);
        counters.kept.fetch_add(kept, Ordering::Relaxed);
        counters.undone.fetch_add(undone, Ordering::Relaxed);
        let took_nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        counters.committing_nanos.fetch_add(took_nanos, Ordering::Relaxed);
        Ok(told)
    }

    /// Whether a transaction can be begun at all.
    async fn is_reachable(&mut self) -> bool {
        let begun = match self.connect().await {
            Ok(db) => match db.begin().await {
                Ok(()) => db.run("rollback").await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        if let Err(error) = begun {
            tracing::warn!(%error, "the database cannot be reached");
            self.drop_connection().await;
            return false;
        }
        true
    }

    async fn connect(&mut self) -> Result<&mut Db, StoreError> {
        let db = match self.db.take() {
            Some(db) => db,
            None => self.pools.writer().await?,
        };
        Ok(self.db.insert(db))
    }

    /// A connection in an unknown state is closed, never used again.
    async fn drop_connection(&mut self) {
        if let Some(db) = self.db.take() {
            db.discard().await;
        }
    }
}

//! The one writer: commits in groups, answers one by one.
//!
//! There is no timer. A batch is what queued while the previous one was being committed, so that a lone write waits for
//! nobody and a crowd shares one flush to disk. Each request runs under its own savepoint with its own guard and its own
//! answer; one that is refused or fails leaves nothing behind and harms no neighbour.
//!
//! When a commit's outcome is unknown (the connection broke, the commit itself failed), nobody has been answered yet; the
//! requests are run again, one by one, on a fresh connection. That is safe because every write carries the ids of what it
//! makes: what did commit is found and answered as it would have been the first time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::StoreError;
use crate::db::{Db, Pools};

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

/// What the writer is told.
pub(crate) enum Message {
    Write(Request),
    /// Serve what is queued, take nothing more, end.
    Close,
}

type Run = Box<dyn for<'t> Fn(&'t mut Db) -> BoxFuture<'t, Result<Ran, StoreError>> + Send + Sync>;
type Answer = Box<dyn FnOnce() + Send>;

/// One write, its types forgotten.
pub(crate) struct Request {
    run: Run,
    fail: Box<dyn FnOnce(StoreError) + Send + Sync>,
}

/// A request that has run: whether its effect stays, and how its caller is told once the commit is known.
struct Ran {
    keep: bool,
    answer: Answer,
}

impl Request {
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
        let (sender, receiver) = oneshot::channel();
        // Whoever answers takes the sender; a run that is repeated finds it still there.
        let sender = Arc::new(Mutex::new(Some(sender)));
        let say = |sender: &Mutex<Option<oneshot::Sender<_>>>, answer| {
            if let Some(sender) = sender.lock().unwrap_or_else(PoisonError::into_inner).take() {
                // A caller who has gone does not hear it; what was written stays written.
                drop(sender.send(answer));
            }
        };
        let (input, to_caller) = (Arc::new(input), Arc::clone(&sender));
        let run: Run = Box::new(move |db| {
            let (input, to_caller) = (Arc::clone(&input), Arc::clone(&to_caller));
            Box::pin(async move {
                let value = job(db, &input).await?;
                let keep = keeps(&value);
                Ok(Ran { keep, answer: Box::new(move || say(&to_caller, Ok(value))) })
            })
        });
        (Self { run, fail: Box::new(move |error| say(&sender, Err(error))) }, receiver)
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
                    Message::Write(request) => requests.push(request),
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
        match self.commit(&requests).await {
            Ok(answers) => {
                for (request, answer) in requests.into_iter().zip(answers) {
                    deliver(request, answer);
                }
            }
            Err(error) => {
                tracing::warn!(%error, requests = requests.len(), "a commit's outcome is unknown; running again one by one");
                self.counters.reruns.fetch_add(1, Ordering::Relaxed);
                self.serve_one_by_one(requests).await;
            }
        }
    }

    /// Runs requests in transactions of their own. A database that cannot be reached, or is locked as a whole, fails the
    /// rest at once: waiting for it once per request would hold the queue up for minutes.
    async fn serve_one_by_one(&mut self, requests: Vec<Request>) {
        self.drop_connection().await;
        let mut reachable = true;
        for request in requests {
            reachable = reachable && self.is_reachable().await;
            if !reachable {
                (request.fail)(StoreError::Unreachable);
                continue;
            }
            let answer = self.commit_alone(&request).await;
            deliver(request, answer);
        }
    }

    async fn commit_alone(&mut self, request: &Request) -> Result<Answer, StoreError> {
        let mut last = StoreError::Unreachable;
        for _ in 0..LONE_TRIES {
            match self.commit(std::slice::from_ref(request)).await {
                Ok(answers) => return answers.into_iter().next().unwrap_or(Err(StoreError::Closed)),
                Err(error) => {
                    self.drop_connection().await;
                    last = error;
                }
            }
        }
        Err(last)
    }

    /// One transaction. An error means that nothing is known about it; nobody has been answered.
    async fn commit(&mut self, requests: &[Request]) -> Result<Vec<Result<Answer, StoreError>>, StoreError> {
        let db = self.connect().await?;
        let began = Instant::now();
        db.begin().await?;
        let mut answers = Vec::with_capacity(requests.len());
        let (mut kept, mut undone) = (0, 0);
        for request in requests {
            let ran = (request.run)(db).await;
            match ran {
                Ok(Ran { keep: true, answer }) => {
                    db.run("release savepoint request; savepoint request").await?;
                    kept += 1;
                    answers.push(Ok(answer));
                }
                Ok(Ran { keep: false, answer }) => {
                    db.run("rollback to savepoint request").await?;
                    undone += 1;
                    answers.push(Ok(answer));
                }
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => {
                    db.run("rollback to savepoint request").await?;
                    undone += 1;
                    answers.push(Err(error));
                }
            }
        }
        db.run("commit").await?;
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        self.counters.kept.fetch_add(kept, Ordering::Relaxed);
        self.counters.undone.fetch_add(undone, Ordering::Relaxed);
        let took_nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.counters.committing_nanos.fetch_add(took_nanos, Ordering::Relaxed);
        Ok(answers)
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

fn deliver(request: Request, answer: Result<Answer, StoreError>) {
    match answer {
        Ok(answer) => answer(),
        Err(error) => (request.fail)(error),
    }
}

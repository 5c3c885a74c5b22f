//! What a caller holds: a handle that is cheap to clone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use crate::db::{DatabaseUrl, Db, Pools};
use crate::writer::{Alone, Call, Counters, Job, Message, Request, StoreStats, Together, Writer};
use crate::{StoreError, db};

/// How a store is opened; the defaults suit one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// Connections that read.
    pub readers: u32,
    /// Writes that may wait; one more is refused as [`StoreError::Overloaded`].
    pub queue: usize,
    /// Most writes in one commit.
    pub most_per_commit: usize,
    /// How long a statement waits for somebody else's lock.
    pub lock_wait: Duration,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { readers: 4, queue: 4096, most_per_commit: 128, lock_wait: Duration::from_secs(5) }
    }
}

/// The database. Reads use a small pool; writes queue for the one writer.
///
/// A write whose future is dropped still happens: it was handed over.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    url: DatabaseUrl,
    pools: Pools,
    messages: mpsc::Sender<Message>,
    counters: Arc<Counters>,
    writer: Mutex<Option<oneshot::Receiver<()>>>,
    #[cfg(feature = "bench")]
    answers_at_once: std::sync::atomic::AtomicBool,
    #[cfg(feature = "faults")]
    faults: crate::faults::Faults,
}

impl Store {
    /// Opens the database, brings its schema up to date and starts the writer.
    ///
    /// # Errors
    /// [`StoreError::SchemaNewer`] when a newer version has used it; otherwise what keeps it from being opened.
    pub async fn open(url: &DatabaseUrl, options: OpenOptions) -> Result<Self, StoreError> {
        let pools = db::Pools::open(url, &options).await?;
        let (messages, receiver) = mpsc::channel(options.queue.max(1));
        let counters = Arc::new(Counters::default());
        let writer = Writer::new(pools.clone(), receiver, Arc::clone(&counters), options.most_per_commit.max(1)).run();
        #[cfg(feature = "faults")]
        let faults = crate::faults::Faults::default();
        #[cfg(feature = "faults")]
        let writer = {
            let faults = faults.clone();
            async move {
                faults.rule_this_thread();
                writer.await;
            }
        };
        let writer = on_a_thread_of_its_own(writer)?;
        Ok(Self {
            inner: Arc::new(Inner {
                url: url.clone(),
                pools,
                messages,
                counters,
                writer: Mutex::new(Some(writer)),
                #[cfg(feature = "bench")]
                answers_at_once: std::sync::atomic::AtomicBool::new(false),
                #[cfg(feature = "faults")]
                faults,
            }),
        })
    }

    /// Serves the writes that are queued, takes no more, and closes every connection. Later calls find the store closed.
    pub async fn close(&self) {
        let writer = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(writer) = writer else { return };
        // The queue may be full; the word waits for its place like everything else. An error means it is gone already.
        drop(self.inner.messages.send(Message::Close).await);
        if writer.await.is_err() {
            tracing::error!("the writer ended badly");
        }
    }

    /// What the writer has done so far.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        self.inner.counters.read()
    }

    /// Writes that wait for the writer.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.inner.messages.max_capacity().saturating_sub(self.inner.messages.capacity())
    }

    /// What makes the writer's operations fail.
    #[cfg(feature = "faults")]
    #[must_use]
    pub fn faults(&self) -> &crate::faults::Faults {
        &self.inner.faults
    }

    /// Has the database answer a read, to see that it can.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let db = &mut self.reader().await?;
        db::sql!(db, one as (i64,), "select count(*) from shards").map(|(_,)| ())
    }

    /// Where the data is.
    pub(crate) fn url(&self) -> &DatabaseUrl {
        &self.inner.url
    }

    /// A connection that reads.
    pub(crate) async fn reader(&self) -> Result<Db, StoreError> {
        match self.inner.pools.reader().await {
            Err(StoreError::Driver(sqlx::Error::PoolClosed)) => Err(StoreError::Closed),
            other => other,
        }
    }

    /// Queues a write whose effect stays whatever it answers.
    pub(crate) async fn write<I, T>(&self, input: I, job: Job<I, T>) -> Result<T, StoreError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        let (alone, answer) = Alone::new(input, job, |_| true);
        self.submit(Request::Alone(alone), answer).await
    }

    /// Queues a write whose effect is undone when it answers with a refusal.
    pub(crate) async fn write_or_refuse<I, T, R>(
        &self,
        input: I,
        job: Job<I, Result<T, R>>,
    ) -> Result<Result<T, R>, StoreError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        R: Send + 'static,
    {
        let (alone, answer) = Alone::new(input, job, Result::is_ok);
        self.submit(Request::Alone(alone), answer).await
    }

    /// Queues a write that is run with others of its kind.
    pub(crate) async fn write_together<I>(&self, input: I) -> Result<I::Answer, StoreError>
    where
        I: Together,
        Request: From<Call<I>>,
    {
        #[cfg(feature = "bench")]
        if self.inner.answers_at_once.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(input.unwritten());
        }
        let (call, answer) = Call::new(input);
        self.submit(call.into(), answer).await
    }

    /// From now on tasks are placed, accepted and settled without being written, so that a bench can tell what writing
    /// costs.
    #[cfg(feature = "bench")]
    pub fn answer_at_once(&self) {
        self.inner.answers_at_once.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    async fn submit<T>(
        &self,
        request: Request,
        answer: oneshot::Receiver<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.inner.messages.try_send(Message::Write(Box::new(request))).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Closed(_) => StoreError::Closed,
        })?;
        answer.await.map_err(|_| StoreError::Unreachable)?
    }
}

/// Runs the writer on a thread of its own; what is returned resolves when it has ended.
///
/// A statement on SQLite is a message to the connection's thread and one back, some twenty for a task. On the reactor's
/// threads each of them also wakes workers that look for something to do: half of the processor's time went there.
fn on_a_thread_of_its_own(
    writer: impl Future<Output = ()> + Send + 'static,
) -> Result<oneshot::Receiver<()>, StoreError> {
    let failed = |error| StoreError::Driver(sqlx::Error::Io(error));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let (ending, ended) = oneshot::channel();
    let run = move || {
        runtime.block_on(writer);
        // Whoever closes the store may have given up waiting.
        let _ = ending.send(());
    };
    std::thread::Builder::new().name("store-writer".to_owned()).spawn(run).map_err(failed)?;
    Ok(ended)
}

//! A provider that can be asked what became of an attempt: the other side of the guest `finding`.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

/// What it answers, and how often it was asked.
#[derive(Clone, Copy, Debug)]
pub struct Answers {
    /// To a submit; 200 says that it has the task, 500 says nothing.
    pub submit: u16,
    /// To a look-up; 200 says that it has the task, 404 that it has not, 500 nothing.
    pub find: u16,
    /// To a poll; 200 carries the solution, 202 says that it is not there yet.
    pub result: u16,
    /// Submits so far.
    pub submits: u32,
    /// Look-ups so far.
    pub finds: u32,
    /// Polls so far.
    pub results: u32,
}

/// Such a provider on loopback.
pub struct Finding {
    address: SocketAddr,
    answers: Arc<watch::Sender<Answers>>,
    _serving: JoinSet<()>,
}

type Shared = State<Arc<watch::Sender<Answers>>>;

impl Finding {
    /// Starts it: submits go without a clear answer, and it has not said yet whether it has their tasks.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let answers = Answers { submit: 500, find: 500, result: 202, submits: 0, finds: 0, results: 0 };
        let answers = Arc::new(watch::Sender::new(answers));
        let router = Router::new()
            .route("/submit/{id}", get(submit))
            .route("/find/{id}", get(find))
            .route("/result/{id}", get(result))
            .with_state(Arc::clone(&answers));
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { address, answers, _serving: serving })
    }

    /// Changes what it answers.
    pub fn answer(&self, change: impl FnOnce(&mut Answers)) {
        self.answers.send_modify(change);
    }

    /// What it answers, and how often it was asked.
    #[must_use]
    pub fn so_far(&self) -> Answers {
        *self.answers.borrow()
    }

    /// Waits until it has been asked so.
    ///
    /// # Errors
    /// Never: it lives as long as this.
    pub async fn until(&self, reached: impl FnMut(&Answers) -> bool) -> Result<Answers> {
        Ok(*self.answers.subscribe().wait_for(reached).await?)
    }

    /// Its base URL.
    ///
    /// # Errors
    /// Never: an address makes a URL.
    pub fn url(&self) -> Result<Url> {
        Ok(Url::parse(&format!("http://{}", self.address))?)
    }
}

async fn submit(State(answers): Shared, Path(_id): Path<String>) -> (StatusCode, &'static str) {
    answers.send_modify(|answers| answers.submits += 1);
    (status(answers.borrow().submit), "taken")
}

async fn find(State(answers): Shared, Path(_id): Path<String>) -> (StatusCode, &'static str) {
    answers.send_modify(|answers| answers.finds += 1);
    (status(answers.borrow().find), "taken")
}

async fn result(State(answers): Shared, Path(_id): Path<String>) -> (StatusCode, &'static str) {
    answers.send_modify(|answers| answers.results += 1);
    (status(answers.borrow().result), "seen")
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

//! For whoever watches the process: `/healthz` (it is alive) and `/readyz` (it can do its work). Neither needs a key, so
//! neither tells more than which part is wrong.

use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::{Duration, Instant};

use super::dialect::Answer;
use crate::app::App;

/// What the database last answered, so that strangers who ask all the time cost it no more than one read a second.
#[derive(Default)]
pub struct Health {
    last: Mutex<Option<(Instant, bool)>>,
}

/// How long an answer of the database counts.
const REMEMBERED: Duration = Duration::from_secs(1);

/// The answer to a path that is about health.
pub(super) async fn answer(app: &App, path: &str) -> Option<Answer> {
    match path {
        "/healthz" => Some(Answer::json(200, &json!({"status": "ok"}))),
        "/readyz" => Some(ready(app).await),
        _ => None,
    }
}

async fn ready(app: &App) -> Answer {
    let mut wrong = Vec::new();
    if app.draining.is_cancelled() {
        wrong.push("draining: the gateway was told to stop");
    }
    if app.shards.load().held.is_empty() {
        wrong.push("shards: this node holds none");
    }
    if !database_answers(app).await {
        wrong.push("database: no answer");
    }
    if wrong.is_empty() {
        return Answer::json(200, &json!({"status": "ready"}));
    }
    Answer::json(503, &json!({"status": "unavailable", "wrong": wrong}))
}

/// Whether the database answers a read in time. Who asks while somebody's question is under way gets its answer.
async fn database_answers(app: &App) -> bool {
    let mut last = app.health.last.lock().await;
    if let Some((_, answered)) = last.filter(|(at, _)| at.elapsed() < REMEMBERED) {
        return answered;
    }
    let answered = match tokio::time::timeout(app.limits.ready_within, app.store.ping()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready: the database failed");
            false
        }
        Err(_) => {
            tracing::warn!("not ready: the database does not answer in time");
            false
        }
    };
    *last = Some((Instant::now(), answered));
    answered
}

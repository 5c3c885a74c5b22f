//! The client API: how a request is read and answered, and one file per method that needs more than a line.
//!
//! [`docs`] is for people: what the API is, in HTML.
//!
//! Reading order: [`path`] (which method, which dialect), [`body`] and [`fields`] (what was sent, leniently), [`suffix`]
//! (what rides behind the key), [`auth`] (who asks), then the use cases in `tasks`; [`dialect`] writes the answer.
//!
//! A dialect is chosen by the first that speaks: the suffix of the key, the path's base (`/as/capsolver/…`), the listener,
//! the key's own setting. Nothing that a client sends ends in a panic, an empty answer or a status of 500.

mod auth;
mod body;
mod classic;
mod create_task;
pub mod dialect;
pub mod docs;
mod exchange;
mod fields;
mod health;
mod metrics;
mod owners;
mod path;
mod report;
mod route;
mod suffix;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::Response;
use capstan_domain::code::ErrorCode;
use serde_json::{Map, Value};

pub use auth::{Caller, Callers};
use create_task::Sent;
use dialect::classic::Form;
use dialect::{Answer, Content, Dialect};
pub use exchange::exchange_router;
pub use health::Health;
pub use metrics::metrics_router;
pub use owners::owners_router;
use path::Endpoint;

use crate::app::App;
use crate::door::address::ClientAddress;
use crate::tasks::{self, Refusal, StormSeen, WITHIN};

/// The client API as one listener serves it.
#[derive(Clone)]
struct Front {
    app: Arc<App>,
    /// The dialect of the listener.
    listener: Option<Dialect>,
}

/// The client API's router; a listener may have a dialect of its own.
pub fn router(app: Arc<App>, listener: Option<Dialect>) -> Router {
    // Not axum's own paths: clients' spellings of a path are too free for a route table.
    Router::new().fallback(serve).with_state(Front { app, listener })
}

/// How a request is answered, as far as its path and its query say.
#[derive(Clone, Copy)]
enum Face {
    /// As one of the JSON dialects; the key may ask for another one.
    Json(Dialect),
    /// As the classic API.
    Classic(Form),
}

impl Face {
    fn refused(self, refusal: &Refusal) -> Answer {
        match self {
            Self::Json(dialect) => dialect::refused(dialect, refusal),
            Self::Classic(form) => form.refused(refusal),
        }
    }
}

/// A request whose body is in.
struct Arrived {
    endpoint: Endpoint,
    /// The dialect that the path or the listener asks for.
    dialect: Option<Dialect>,
    query: String,
    headers: HeaderMap,
    bytes: Vec<u8>,
    /// Since when; what a slow client takes to send its body is not the gateway's time.
    began: Instant,
    address: IpAddr,
}

async fn serve(State(Front { app, listener }): State<Front>, request: Request<Body>) -> Response {
    if let Some(answer) = health::answer(&app, request.uri().path()).await {
        return send(answer);
    }
    if let Some(response) = docs::answer(&app, &request) {
        return response;
    }
    let named = path::read(request.uri().path());
    let dialect = named.dialect.or(listener);
    let Some(endpoint) = named.endpoint else {
        app.metrics.answered("unknown", Some(ErrorCode::NoSuchMethod), None);
        let refusal = Refusal::new(
            ErrorCode::NoSuchMethod,
            "There are /createTask, /getTaskResult, /getBalance, /getTaskRoute, the report calls, /in.php and /res.php.",
        );
        return send(Answer { status: 404, ..dialect::refused(dialect.unwrap_or_default(), &refusal) });
    };
    // Before the body is read, only the query can ask for JSON.
    let query = request.uri().query().unwrap_or_default();
    let face = match endpoint.is_classic() {
        true => Face::Classic(classic::form(&body::form(query.as_bytes()))),
        false => Face::Json(dialect.unwrap_or_default()),
    };
    let is_allowed = *request.method() == Method::POST || (endpoint.is_classic() && *request.method() == Method::GET);
    if !is_allowed {
        app.metrics.answered(endpoint.as_str(), Some(ErrorCode::NoSuchMethod), None);
        let refusal = Refusal::new(ErrorCode::NoSuchMethod, "The method is POST, with a JSON object as body.");
        return send(Answer { status: 405, ..face.refused(&refusal) });
    }
    // The door tells every request its address; one without would come from nowhere, which no key allows.
    let nowhere = ClientAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let ClientAddress(address) = request.extensions().get().copied().unwrap_or(nowhere);
    let (head, body) = request.into_parts();
    let read = body::arrived(body, &app.limits).await;
    let query = head.uri.query().unwrap_or_default().to_owned();
    let (headers, began) = (head.headers, Instant::now());
    let arrived = |bytes| Arrived { endpoint, dialect, query, headers, bytes, began, address };
    let (code, answer) = match read {
        Err(refusal) => (Some(refusal.code), face.refused(&refusal)),
        Ok(bytes) => match face {
            // What is asked for most is a small future: the others are kept apart from it.
            Face::Classic(form) => Box::pin(answer_classic(&app, arrived(bytes), form)).await,
            Face::Json(_) => answer_json(&app, arrived(bytes)).await,
        },
    };
    app.metrics.answered(endpoint.as_str(), code, Some(began.elapsed()));
    send(answer)
}

/// Answers in the dialect that was chosen last before the answer was known: a refusal may come before the key is read.
async fn answer_json(app: &Arc<App>, request: Arrived) -> (Option<ErrorCode>, Answer) {
    let mut dialect = request.dialect.unwrap_or_default();
    match json(app, &request, &mut dialect).await {
        Ok(answer) => (None, answer),
        Err(refusal) => (Some(refusal.code), dialect::refused(dialect, &refusal)),
    }
}

async fn json(app: &Arc<App>, request: &Arrived, dialect: &mut Dialect) -> Result<Answer, Refusal> {
    let body: Map<String, Value> = body::object(&request.bytes)?;
    let (suffixed, refusal) = suffix::read(key_of(&body, &request.headers)?);
    *dialect = suffixed.dialect.or(request.dialect).unwrap_or_default();
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let caller = auth::caller(app, suffixed.key, request.address).await?;
    *dialect = suffixed.dialect.or(request.dialect).or(caller.dialect).unwrap_or_default();
    let dialect = *dialect;
    match request.endpoint {
        Endpoint::CreateTask => {
            let asked = (fields::task(&body)?, fields::options(&body, suffixed.options)?);
            let sent = Sent { began: request.began, bytes: &request.bytes, headers: &request.headers };
            let (created, allowance) = Box::pin(create_task::create(app, &caller, &sent, asked)).await?;
            let answer = dialect::created(dialect, &created);
            Ok(Answer { allowance: Some(allowance), notice: created.storm.map(storm_notice), ..answer })
        }
        Endpoint::GetTaskResult => {
            let (name, wait) = (fields::task_name(&body)?, fields::wait(&body)?);
            let (view, allowance) = tasks::result(app, &caller, name, wait).await?;
            Ok(Answer { allowance: Some(allowance), ..dialect::result(dialect, &view) })
        }
        Endpoint::GetBalance => {
            let allowance = auth::limit(app, &caller)?;
            let available = Box::pin(tasks::balance(app, &caller)).await?;
            let notice = app.storms.seen(caller.key).map(storm_notice);
            let answer = dialect::balance(dialect, available, notice.as_deref());
            Ok(Answer { allowance: Some(allowance), notice, ..answer })
        }
        Endpoint::GetTaskRoute => Box::pin(route::answer(app, &caller, &body)).await,
        Endpoint::Report(correct) => Box::pin(report::answer(app, dialect, &caller, (&body, correct))).await,
        Endpoint::FeedbackTask => {
            let correct = report::feedback(&body)?;
            Box::pin(report::answer(app, dialect, &caller, (&body, correct))).await
        }
        Endpoint::ClassicIn | Endpoint::ClassicRes => Err(Refusal::new(ErrorCode::NoSuchMethod, "")),
    }
}

/// What an account is told of a storm of its own.
fn storm_notice(seen: StormSeen) -> String {
    format!(
        "{} identical createTask requests within {} s and none of their tasks polled: the client may not understand the \
         answer. Another dialect (/as/NAME/, or KEY__NAME) or the key's --duplicate-window helps.",
        seen.creates,
        WITHIN.as_secs()
    )
}

/// The key that a request names: in its body, or, where that has none, as a bearer's.
fn key_of<'r>(body: &'r Map<String, Value>, headers: &'r HeaderMap) -> Result<&'r str, Refusal> {
    let missing = |detail: &str| Refusal::new(ErrorCode::KeyDoesNotExist, detail);
    match fields::given(body, "clientKey") {
        Some(Value::String(text)) => Ok(text.trim()),
        Some(_) => Err(missing("clientKey must be text.")),
        None => {
            let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let key = bearer.and_then(|text| text.strip_prefix("Bearer ")).map(str::trim);
            key.filter(|key| !key.is_empty()).ok_or_else(|| missing("clientKey is missing."))
        }
    }
}

async fn answer_classic(app: &Arc<App>, request: Arrived, asked: Form) -> (Option<ErrorCode>, Answer) {
    let fields = match body::classic(&request.query, &request.headers, &request.bytes).await {
        Ok(fields) => fields,
        Err(refusal) => return (Some(refusal.code), asked.refused(&refusal)),
    };
    let form = classic::form(&fields);
    let read = async {
        let key = classic::key(&fields).ok_or_else(|| Refusal::new(ErrorCode::KeyDoesNotExist, "key is missing."))?;
        let (suffixed, refusal) = suffix::read(key.trim());
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let caller = auth::caller(app, suffixed.key, request.address).await?;
        // A task in a query is as much a body as one in a body.
        let bytes = [request.query.as_bytes(), &request.bytes].concat();
        let sent = Sent { began: request.began, bytes: &bytes, headers: &request.headers };
        classic::answer(app, (&caller, suffixed.options), (request.endpoint, &fields, form), &sent).await
    };
    match read.await {
        Ok(answer) => (None, answer),
        Err(refusal) => (Some(refusal.code), form.refused(&refusal)),
    }
}

// The draft's names in their form of three fields, which is the one that clients read.
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const NOTICE: HeaderName = HeaderName::from_static("capstan-notice");

fn send(answer: Answer) -> Response {
    let kind = match answer.content {
        Content::Json(_) => "application/json",
        Content::Text(_) => "text/plain; charset=utf-8",
        Content::Html(_) => "text/html; charset=utf-8",
    };
    let mut response = Response::new(Body::from(answer.content.into_bytes()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(allowance) = answer.allowance {
        headers.insert(LIMIT, allowance.limit.into());
        headers.insert(REMAINING, allowance.remaining.into());
        headers.insert(RESET, whole_seconds(allowance.reset).into());
    }
    if let Some(wait) = answer.retry_after {
        headers.insert(header::RETRY_AFTER, whole_seconds(wait).max(1).into());
    }
    if let Some(notice) = answer.notice.and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(NOTICE, notice);
    }
    response
}

/// Seconds, rounded up: who comes earlier would be refused again.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

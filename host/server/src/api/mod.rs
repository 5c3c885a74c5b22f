//! The client API: the route table, and one file per method.
//!
//! Paths are matched as clients write them: any letter case, doubled or trailing slashes, blanks after the name. Every
//! method is a POST of a JSON object; content types do not matter.

mod auth;
mod body;
mod create_task;
pub mod dialect;
mod get_balance;
mod get_task_result;
mod health;
mod metrics;
mod owners;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::Response;
use capstan_domain::code::ErrorCode;
use serde_json::{Map, Value};

pub use auth::{Caller, Callers};
use dialect::{Answer, Dialect};
pub use health::Health;
pub use metrics::metrics_router;
pub use owners::owners_router;

use crate::app::App;
use crate::door::address::ClientAddress;
use crate::tasks::Refusal;

/// The client API's router.
pub fn router(app: Arc<App>) -> Router {
    // Not axum's own paths: clients' spellings of a path are too free for a route table.
    Router::new().fallback(serve).with_state(app)
}

/// The methods of the API, by their canonical path.
#[derive(Clone, Copy)]
enum Endpoint {
    CreateTask,
    GetTaskResult,
    GetBalance,
}

impl Endpoint {
    /// The method's name, as metrics have it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::CreateTask => "createTask",
            Self::GetTaskResult => "getTaskResult",
            Self::GetBalance => "getBalance",
        }
    }
}

fn endpoint(path: &str) -> Option<Endpoint> {
    let blank = |c: char| c == '/' || c.is_whitespace();
    match path.replace("%20", " ").trim_matches(blank).to_ascii_lowercase().as_str() {
        "createtask" => Some(Endpoint::CreateTask),
        "gettaskresult" => Some(Endpoint::GetTaskResult),
        "getbalance" => Some(Endpoint::GetBalance),
        _ => None,
    }
}

async fn serve(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    let dialect = Dialect::AnySolver;
    if let Some(answer) = health::answer(&app, request.uri().path()).await {
        return send(answer);
    }
    let Some(endpoint) = endpoint(request.uri().path()) else {
        app.metrics.answered("unknown", Some(ErrorCode::InvalidTaskData), None);
        let refusal = Refusal::new(
            ErrorCode::InvalidTaskData,
            "There is no such method; there are /createTask, /getTaskResult and /getBalance.",
        );
        return send(Answer { status: 404, ..dialect.refused(&refusal) });
    };
    if request.method() != Method::POST {
        app.metrics.answered(endpoint.as_str(), Some(ErrorCode::InvalidTaskData), None);
        let refusal = Refusal::new(ErrorCode::InvalidTaskData, "The method is POST, with a JSON object as body.");
        return send(Answer { status: 405, ..dialect.refused(&refusal) });
    }
    // The door tells every request its address; one without would come from nowhere, which no key allows.
    let nowhere = ClientAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let ClientAddress(address) = request.extensions().get().copied().unwrap_or(nowhere);
    let arrived = body::arrived(request.into_body(), &app.limits).await;
    // What a slow client takes to send its body is not the gateway's time.
    let began = Instant::now();
    let answer = match arrived {
        Ok(bytes) => answer(&app, dialect, endpoint, Arrived { bytes, began, address }).await,
        Err(refusal) => Err(refusal),
    };
    let code = answer.as_ref().err().map(|refusal| refusal.code);
    let response = send(answer.unwrap_or_else(|refusal| dialect.refused(&refusal)));
    app.metrics.answered(endpoint.as_str(), code, Some(began.elapsed()));
    response
}

/// A request whose body is in, since when, and where it comes from.
struct Arrived {
    bytes: Vec<u8>,
    began: Instant,
    address: IpAddr,
}

async fn answer(app: &Arc<App>, dialect: Dialect, endpoint: Endpoint, request: Arrived) -> Result<Answer, Refusal> {
    let body: Map<String, Value> = body::object(&request.bytes)?;
    let caller = auth::caller(app, &body, request.address).await?;
    match endpoint {
        Endpoint::CreateTask => create_task::answer(app, dialect, (&caller, request.began), &body).await,
        Endpoint::GetTaskResult => get_task_result::answer(app, dialect, &caller, &body).await,
        Endpoint::GetBalance => get_balance::answer(app, dialect, &caller).await,
    }
}

fn send(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body.to_string()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn paths_are_read_as_clients_write_them() {
        for path in ["/createTask", "/createTask%20", "//createTask", "/createTask/", "/CREATETASK"] {
            assert!(endpoint(path).is_some(), "{path}");
        }
        assert!(endpoint("/create").is_none() && endpoint("/").is_none());
    }
}

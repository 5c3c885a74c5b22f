//! The network side of the service: bytes in, one decision, bytes out or a closed connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, put};
use bytes::Bytes;
use futures_util::stream;

use crate::call::{Answer, Call, Manner, Reply, Spoil};
use crate::inspect;
use crate::log::{Decision, Received};
use crate::script::Malformed;
use crate::shared::Shared;
use crate::wire::{self, WireFormat, Written};

/// Larger than any request that the service takes; a picture of 500,000 bytes is 667,000 as base64.
const BIGGEST_BODY: usize = 8 * 1024 * 1024;

const ERROR_PAGE: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
    <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
const HTML_PAGE: &str = "<!DOCTYPE html><html><head><title>Maintenance</title></head>\
    <body><p>We will be back in a few minutes.</p></body></html>";

/// Everything that the simulator answers to: its own pages by name, the service's methods as the rest.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(inspect::help))
        .route("/_log", get(inspect::log).delete(inspect::clear_log))
        .route("/_stats", get(inspect::stats))
        .route("/_control/behaviour", get(inspect::behaviour).put(inspect::set_behaviour))
        .route("/_control/script", put(inspect::script))
        .route("/_control/hold", put(inspect::hold))
        .fallback(receive)
        .with_state(shared)
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    tokio::select! {
        response = serve(&shared, peer.ip(), request) => response,
        // Stopping is what a service that dies looks like: open requests get no answer.
        () = shared.stopped() => closed(),
    }
}

async fn serve(shared: &Shared, ip: IpAddr, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BIGGEST_BODY).await else {
        return response(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", Bytes::new());
    };
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let request = wire::Request { path, query, content_type: content_type.unwrap_or_default(), body: &body };
    let incoming = shared.speaks.read(&request).await;
    let manner = incoming.manner;
    let create = matches!(incoming.call, Call::Create(_));
    let received = Received {
        number: 0,
        at_ms: 0,
        method: parts.method.to_string(),
        path: path.to_owned(),
        query: query.to_owned(),
        key: incoming.key.clone(),
        task: incoming.task.clone(),
        body: body.clone(),
        task_id: None,
        decision: Decision::Waiting,
    };
    let number = shared.arrived(received, create);
    if create {
        shared.creates_open().await;
    }
    let reply = shared.decide(number, incoming, ip);
    let reply = shared.complete(number, reply, manner).await;
    if reply.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(reply.delay_ms)).await;
    }
    write(shared.speaks, &reply, manner, body)
}

fn write(speaks: WireFormat, reply: &Reply, manner: Manner, request: Bytes) -> Response {
    match reply.spoil {
        None if matches!(reply.answer, Answer::Echo) => response(StatusCode::OK, "text/plain; charset=utf-8", request),
        None => written(speaks.write(reply, manner)),
        Some(Spoil::Lost) => closed(),
        Some(Spoil::ServerError) => {
            response(StatusCode::BAD_GATEWAY, "text/html", Bytes::from_static(ERROR_PAGE.as_bytes()))
        }
        Some(Spoil::Malformed(Malformed::Html)) => {
            response(StatusCode::OK, "text/html; charset=utf-8", Bytes::from_static(HTML_PAGE.as_bytes()))
        }
        Some(Spoil::Malformed(Malformed::WrongTypes)) => written(speaks.wrong_types(manner)),
        Some(Spoil::Malformed(Malformed::TruncatedJson)) => written(speaks.write_truncated(reply, manner)),
    }
}

fn written(Written { status, content_type, text }: Written) -> Response {
    response(status, content_type, Bytes::from(text))
}

pub(crate) fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Closes the connection instead of answering. The body fails before its first byte, while the head is still in the
/// connection's buffer; the connection ends in that error and what was buffered goes with it.
fn closed() -> Response {
    let failure = stream::once(async { Err::<Bytes, _>(io::Error::other("this answer is lost on purpose")) });
    Response::new(Body::from_stream(failure))
}

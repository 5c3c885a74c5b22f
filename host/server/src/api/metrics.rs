//! `GET /metrics`, on an address of its own: what operators scrape is nobody else's to read.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;

use crate::app::App;
use crate::metrics::CONTENT_TYPE;

/// The router of the metrics' address.
pub fn metrics_router(app: Arc<App>) -> Router {
    Router::new().route("/metrics", get(expose)).with_state(app)
}

async fn expose(State(app): State<Arc<App>>) -> Response {
    let Ok(text) = app.metrics.expose(&app) else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return response;
    };
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    response
}

//! Requests that no adapter may send: to other hosts, with headers that are the host's, with the credential where it does
//! not belong. And the honest one.

use crate::answers::money;
use crate::bindings::capstan::adapter::types::{Body, Method, Place, Placement, Request, Solved, Step, Submission};

/// The request that the switch names; `at` is the address of somebody who must hear nothing.
pub(crate) fn request(switch: &str, task: &Submission, at: &str) -> Option<Step> {
    let url = |url: &str| Some(get(url));
    let header = |name: &str, value: &str| {
        let headers = vec![(name.to_owned(), value.to_owned())];
        Some(send(Request { headers, ..honest(task) }))
    };
    let post = |body: Body, placements: Vec<Placement>| Some(send(Request { body, placements, ..honest(task) }));
    match switch {
        "foreign-host" => url("https://other.example/take"),
        "own-host" => url("https://data.hostile.example/take"),
        "foreign-port" => url(&format!("http://{at}/take")),
        "foreign-private" => url("https://169.254.169.254/latest/meta-data"),
        "url-userinfo" => url(&format!("http://127.0.0.1@{at}/take")),
        "url-evil-userinfo" => url("https://hostile.example@other.example/take"),
        "url-two-slashes" => url(&format!("//{at}/take")),
        "url-backslash" => url(&format!("/\\{at}/take")),
        "url-scheme" => url("file:///etc/passwd"),
        "url-climbs" => url("/%2e%2e/take"),
        "url-line-break" => url("/take\r\nhost: other.example"),
        "header-value-break" => header("x-one", "1\r\nx-two: 2"),
        "header-name-break" => header("x-one: 1\r\nx-two", "2"),
        "header-host" => header("Host", "other.example"),
        "header-length" => header("Content-Length", "1"),
        "header-encoding" => header("Transfer-Encoding", "chunked"),
        "header-authorization" => header("Authorization", "Bearer mine"),
        "key-elsewhere" => post(Body::Empty, vec![key(Place::Query("key".into()))]),
        "key-unknown" => post(
            Body::Json("{}".into()),
            vec![Placement { field: "password".into(), place: Place::JsonField("clientKey".into()) }],
        ),
        "key-place-taken" => post(Body::Json(r#"{"\u0063lientKey":"mine"}"#.into()), vec![usual_key()]),
        "key-body-kind" => post(Body::Bytes(("text/plain".into(), b"{}".to_vec())), vec![usual_key()]),
        "key-no-object" => post(Body::Json("[]".into()), vec![usual_key()]),
        "key-in-path" => url("/take/{key}/$clientKey?key=%7Bkey%7D"),
        _ => None,
    }
}

/// What an honest adapter would send; `advance` does what the state names.
pub(crate) fn ask(switch: &str, task: &Submission) -> Step {
    Step::Send((honest(task), format!("{AFTER}{switch} {}", task.attempt_id).into_bytes()))
}

/// How the state of an operation begins that goes wrong after an honest request.
pub(crate) const AFTER: &str = "after:";

/// The same request again, for ever.
pub(crate) fn ask_again(state: &str) -> Step {
    Step::Send((bare("/again"), state.as_bytes().to_vec()))
}

pub(crate) fn get(url: &str) -> Step {
    send(bare(url))
}

/// A solution that nobody was asked for.
pub(crate) fn invented() -> Solved {
    Solved { solution: r#"{"token":"invented"}"#.into(), cost: Some(money("0.001")) }
}

fn send(request: Request) -> Step {
    Step::Send((request, Vec::new()))
}

fn bare(url: &str) -> Request {
    Request { method: Method::Get, url: url.into(), headers: Vec::new(), body: Body::Empty, placements: Vec::new() }
}

fn honest(task: &Submission) -> Request {
    Request {
        method: Method::Post,
        url: "/createTask".into(),
        headers: Vec::new(),
        body: Body::Json(task.parameters.clone()),
        placements: vec![usual_key()],
    }
}

fn usual_key() -> Placement {
    key(Place::JsonField("clientKey".into()))
}

fn key(place: Place) -> Placement {
    Placement { field: "key".into(), place }
}

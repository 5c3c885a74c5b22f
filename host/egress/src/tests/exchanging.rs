//! Whole exchanges with a listener on loopback: what is sent, what comes back, what cannot be known.

use std::time::Duration;

use axum::body::Body as AxumBody;
use axum::http::Response;
use capstan_domain::adapter::{Body, InwardResponse, Method, OutwardRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::support::{Provider, binding, egress, get, grant, grant_for, post, sealed, send_bare, settings, vault};
use crate::{Blame, Egress, EgressError, EgressSettings, Grant};

/// A listener that hands each connection to `talk` once a request's head is in.
async fn raw_provider<F, T>(talk: F) -> (Grant, JoinSet<()>)
where
    F: Fn(TcpStream) -> T + Send + 'static,
    T: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let grant = grant_for(listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.unwrap() > 0 {}
            talk(stream).await;
        }
    });
    (grant, tasks)
}

async fn send_raw(reply: &'static [u8]) -> Result<InwardResponse, EgressError> {
    let (grant, _tasks) = raw_provider(move |mut stream| async move { stream.write_all(reply).await.unwrap() }).await;
    send_bare(&grant, &get("/")).await
}

fn impatient() -> Egress {
    Egress::new(vault(), EgressSettings { request_timeout: Duration::from_millis(200), ..settings() }).unwrap()
}

fn assert_unclear(error: &EgressError) {
    assert!(!error.surely_not_sent() && error.blame() == Blame::Provider, "{error:?}");
}

#[tokio::test]
async fn a_reply_comes_back_with_its_status_headers_and_body() {
    let provider = Provider::start(|_| {
        Response::builder().status(503).header("X-Load", "9").body(AxumBody::from("busy")).unwrap()
    })
    .await;
    let reply = send_bare(&grant_for(provider.address), &get("/")).await.unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (503, b"busy".as_slice()));
    assert!(reply.headers.contains(&("x-load".to_owned(), "9".to_owned())));
}

#[tokio::test]
async fn every_method_of_the_contract_is_sent() {
    let provider = Provider::start(|_| Response::new(AxumBody::empty())).await;
    for method in [Method::Get, Method::Post, Method::Delete] {
        let request = OutwardRequest { method, ..get("/x") };
        assert_eq!(send_bare(&grant_for(provider.address), &request).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_redirect_is_handed_to_the_adapter_and_not_followed() {
    let provider = Provider::start(|_| {
        Response::builder().status(302).header("location", "/api/elsewhere").body(AxumBody::empty()).unwrap()
    })
    .await;
    let reply = send_bare(&grant_for(provider.address), &get("/start")).await.unwrap();
    assert_eq!(reply.status, 302);
    assert!(reply.headers.contains(&("location".to_owned(), "/api/elsewhere".to_owned())));
    assert_eq!(provider.last().uri.path(), "/api/start");
}

#[tokio::test]
async fn cookies_are_not_kept() {
    let provider =
        Provider::start(|_| Response::builder().header("set-cookie", "session=1").body(AxumBody::empty()).unwrap())
            .await;
    let egress = egress();
    for _ in 0..2 {
        egress.send(&grant_for(provider.address), None, &get("/")).await.unwrap();
    }
    assert_eq!(provider.last().header("cookie"), "");
}

fn tiny() -> Egress {
    Egress::new(vault(), EgressSettings { max_response_bytes: 10, ..settings() }).unwrap()
}

#[tokio::test]
async fn a_reply_that_announces_too_much_is_not_read() {
    let provider = Provider::start(|_| Response::new(AxumBody::from("12345678901"))).await;
    let error = tiny().send(&grant_for(provider.address), None, &get("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::TooLarge { limit: 10, .. }), "{error:?}");
    assert_unclear(&error);
}

#[tokio::test]
async fn a_reply_of_unknown_length_is_cut_off_at_the_limit() {
    let (grant, _tasks) = raw_provider(|mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head).await.unwrap();
        // Endless: it stops when the reader hangs up.
        while stream.write_all(b"4\r\nmore\r\n").await.is_ok() {}
    })
    .await;
    let error = tiny().send(&grant, None, &get("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::TooLarge { limit: 10, .. }), "{error:?}");
}

#[tokio::test]
async fn a_reply_of_exactly_the_limit_is_read() {
    let provider = Provider::start(|_| Response::new(AxumBody::from("1234567890"))).await;
    assert_eq!(tiny().send(&grant_for(provider.address), None, &get("/")).await.unwrap().body, b"1234567890");
}

#[tokio::test]
async fn a_provider_that_never_answers_leaves_doubt() {
    let (grant, _tasks) = raw_provider(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let error = impatient().send(&grant, None, &get("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::TimedOut { .. }), "{error:?}");
    assert_unclear(&error);
}

#[tokio::test]
async fn a_reply_that_stalls_in_its_body_leaves_doubt() {
    let (grant, _tasks) = raw_provider(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let error = impatient().send(&grant, None, &get("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::TimedOut { .. }), "{error:?}");
    assert_unclear(&error);
}

/// A port on which nothing listens.
async fn closed_port() -> Grant {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    grant_for(listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_refused_connection_is_surely_not_sent() {
    let error = send_bare(&closed_port().await, &post("/", Body::Json("{}".to_owned()))).await.unwrap_err();
    assert!(matches!(error, EgressError::NotConnected { .. }), "{error:?}");
    assert!(error.surely_not_sent() && error.blame() == Blame::Provider);
}

#[tokio::test]
async fn a_failed_tls_handshake_is_surely_not_sent() {
    let provider = Provider::agreeable().await;
    let grant = grant(&format!("https://{}/", provider.address));
    let error = send_bare(&grant, &get("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::NotConnected { .. }), "{error:?}");
    assert!(error.surely_not_sent() && provider.was_sent_nothing());
}

#[tokio::test]
async fn a_tls_handshake_that_stalls_is_surely_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let grant = grant(&format!("https://{}/", listener.local_addr().unwrap()));
    let settings = EgressSettings { connect_timeout: Duration::from_millis(200), ..settings() };
    let error = Egress::new(vault(), settings).unwrap().send(&grant, None, &get("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::NotConnected { .. }), "{error:?}");
    assert!(error.surely_not_sent());
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_surely_not_sent() {
    let error = send_bare(&grant("https://nothing.invalid/"), &get("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Unresolved { .. }), "{error:?}");
    assert!(error.surely_not_sent() && error.blame() == Blame::Provider);
}

#[tokio::test]
async fn a_connection_that_is_reset_before_the_reply_leaves_doubt() {
    let (grant, _tasks) = raw_provider(|stream| async move { stream.set_zero_linger().unwrap() }).await;
    let error = send_bare(&grant, &get("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Broken { .. }), "{error:?}");
    assert_unclear(&error);
}

#[tokio::test]
async fn a_connection_that_is_reset_in_the_reply_leaves_doubt() {
    let (grant, _tasks) = raw_provider(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart").await.unwrap();
        stream.set_zero_linger().unwrap();
    })
    .await;
    let error = send_bare(&grant, &get("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::Broken { .. }), "{error:?}");
    assert_unclear(&error);
}

#[tokio::test]
async fn a_reply_that_is_cut_short_or_is_not_http_leaves_doubt() {
    let replies: [&[u8]; 3] =
        [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart", b"hello?\r\n\r\n", b"HTTP/1.1 200 OK\r\nbroken"];
    for reply in replies {
        let error = send_raw(reply).await.unwrap_err();
        assert!(matches!(error, EgressError::Broken { .. }), "{error:?}");
        assert_unclear(&error);
    }
}

#[tokio::test]
async fn a_compressed_reply_is_refused_because_it_could_hide_the_credential() {
    let error =
        send_raw(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx").await.unwrap_err();
    assert!(matches!(error, EgressError::Encoded { .. }), "{error:?}");
    assert_unclear(&error);
}

#[tokio::test]
async fn two_credentials_never_share_a_connection_and_one_uses_its_own_again() {
    let provider = Provider::agreeable().await;
    let grant = grant_for(provider.address);
    let egress = egress();
    let (one, two) = (binding(1, &[]), binding(2, &[]));
    for (binding, expected) in [(&one, 1), (&one, 1), (&two, 2), (&one, 2), (&two, 2)] {
        egress.send(&grant, Some((binding, &sealed(binding))), &get("/")).await.unwrap();
        assert_eq!(provider.connections(), expected);
    }
    for _ in 0..2 {
        egress.send(&grant, None, &get("/")).await.unwrap();
        assert_eq!(provider.connections(), 3);
    }
}

#[tokio::test]
async fn many_requests_at_once_are_all_answered() {
    let provider = Provider::agreeable().await;
    let grant = grant_for(provider.address);
    let (egress, request) = (egress(), get("/"));
    let replies = futures_util::future::join_all((0..100).map(|_| egress.send(&grant, None, &request))).await;
    assert!(replies.iter().all(|reply| reply.as_ref().is_ok_and(|reply| reply.status == 200)));
}

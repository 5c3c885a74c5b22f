//! How many bytes crossed: as the provider counts them, and as the client tells.

use std::time::Duration;

use capstan_domain::adapter::{Body, Method, OutwardRequest, Part, Place};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::support::{KEY, binding, get, grant_for, post, sealed, settings, vault};
use crate::{Crossed, Egress, EgressError, EgressSettings, Exchanged, Grant, Waiting};

/// A provider of one reply. Ends with the number of bytes that it was sent, once the client has hung up.
struct Counting {
    grant: Grant,
    heard: JoinSet<u64>,
}

impl Counting {
    /// `closes` is whether it hangs up after its reply, or leaves that to the client.
    async fn start(reply: String, closes: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let grant = grant_for(listener.local_addr().unwrap());
        let mut heard = JoinSet::new();
        heard.spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !is_whole(&request) {
                assert!(stream.read_buf(&mut request).await.unwrap() > 0);
            }
            stream.write_all(reply.as_bytes()).await.unwrap();
            if closes {
                stream.shutdown().await.unwrap();
            }
            // Whatever else comes counts too, up to the end of the connection.
            while stream.read_buf(&mut request).await.is_ok_and(|more| more > 0) {}
            request.len() as u64
        });
        Self { grant, heard }
    }

    async fn heard(mut self) -> u64 {
        self.heard.join_next().await.unwrap().unwrap()
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    request.len() >= head.len() + 4 + length.map_or(0, |length| length.parse().unwrap())
}

fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// What the client tells of a request to a provider, and what the provider counted.
async fn counted(reply: String, closes: bool, settings: EgressSettings) -> (Exchanged, u64) {
    let provider = Counting::start(reply, closes).await;
    let egress = Egress::new(vault(), settings).unwrap();
    let request = post("/create", Body::Json("{\"a\":1}".to_owned()));
    let told = egress.send_counted(&provider.grant, None, &request, &Waiting::default()).await;
    drop(egress);
    (told, provider.heard().await)
}

#[tokio::test]
async fn requests_of_every_kind_are_as_long_as_their_provider_counts() {
    let key = || "key".to_owned();
    let part = Part { name: "a\"b".to_owned(), file_name: None, content_type: None, data: vec![0; 1000] };
    let mut with_headers = get("/x");
    with_headers.headers = vec![("X-Mine".to_owned(), "1".to_owned()), ("User-Agent".to_owned(), "mine".to_owned())];
    for (request, place) in [
        (get("/x?a=%20b"), Place::Query(key())),
        (with_headers, Place::Header { name: "authorization".to_owned(), prefix: "Bearer ".to_owned() }),
        (OutwardRequest { method: Method::Delete, ..get("/x") }, Place::Basic { user: "api".to_owned() }),
        (post("/x", Body::Json("{\"a\":1}".to_owned())), Place::JsonField(key())),
        (post("/x", Body::Form(vec![("ä".to_owned(), "&".to_owned())])), Place::FormField(key())),
        (post("/x", Body::Multipart(vec![part])), Place::FormField(key())),
        (post("/x", Body::Bytes("a/b".to_owned(), Vec::new())), Place::Query(key())),
        (post("/x", Body::Empty), Place::Query(key())),
    ] {
        let provider = Counting::start(answer("{}"), false).await;
        let bound = binding(1, std::slice::from_ref(&place));
        let request = OutwardRequest { placements: bound.placements.clone(), ..request };
        let credential = sealed(&bound);
        let egress = Egress::new(vault(), settings()).unwrap();
        let waiting = Waiting::default();
        let told = egress.send_counted(&provider.grant, Some((&bound, &credential)), &request, &waiting).await;
        drop(egress);
        assert_eq!(told.reply.unwrap().status, 200);
        let crossed = Crossed { sent: provider.heard().await, received: 2 };
        assert_eq!(told.crossed, crossed, "{place:?}");
    }
}

#[tokio::test]
async fn a_reply_counts_as_it_came_and_not_as_it_is_handed_on() {
    let provider = Counting::start(answer(KEY), false).await;
    let bound = binding(1, &[]);
    let credential = (&bound, &sealed(&bound));
    let egress = Egress::new(vault(), settings()).unwrap();
    let told = egress.send_counted(&provider.grant, Some(credential), &get("/"), &Waiting::default()).await;
    assert_eq!(told.reply.unwrap().body, b"[credential]");
    assert_eq!(told.crossed.received, KEY.len() as u64);
}

#[tokio::test]
async fn exchanges_that_break_off_tell_what_had_crossed() {
    let impatient = EgressSettings { request_timeout: Duration::from_secs(1), ..settings() };
    let tiny = EgressSettings { max_response_bytes: 10, ..settings() };
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart".to_owned();
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\n12345678901\r\n".to_owned();
    let encoded = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx".to_owned();
    for (reply, closes, settings, kind, received) in [
        (String::new(), false, impatient.clone(), "timed-out", 0),
        (cut.clone(), false, impatient, "timed-out", 4),
        (cut, true, settings(), "broken", 4),
        (String::new(), true, settings(), "broken", 0),
        (chunked, false, tiny.clone(), "too-large", 11),
        (answer("12345678901"), false, tiny, "too-large", 0),
        (encoded, false, settings(), "encoded", 0),
    ] {
        let (told, heard) = counted(reply, closes, settings).await;
        assert_eq!(told.reply.unwrap_err().kind(), kind);
        assert_eq!(told.crossed, Crossed { sent: heard, received }, "{kind}");
        assert!(heard > 100, "{heard}");
    }
}

#[tokio::test]
async fn what_surely_was_not_sent_counts_nothing() {
    let closed = grant_for(TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap());
    let egress = Egress::new(vault(), settings()).unwrap();
    for (request, kind) in [(get("/"), "not-connected"), (get("//evil.org/"), "refused")] {
        let told = egress.send_counted(&closed, None, &request, &Waiting::default()).await;
        let error: EgressError = told.reply.unwrap_err();
        assert_eq!((error.kind(), error.surely_not_sent()), (kind, true));
        assert_eq!(told.crossed, Crossed::default(), "{kind}");
    }
}

//! How many requests to one provider are out at once, and what becomes of one too many.

use std::sync::Arc;
use std::time::Duration;

use capstan_domain::ProviderId;
use capstan_domain::adapter::{InwardResponse, OutwardRequest, Place};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::support::{Provider, binding, get, grant_for, sealed, settings, vault};
use crate::{Blame, Egress, EgressError, EgressSettings, Grant, Waiting};

/// A listener that never answers. It tells of every request that has come in, and lets go of none.
struct Silent {
    grant: Grant,
    heard: mpsc::UnboundedReceiver<()>,
    _tasks: JoinSet<()>,
}

impl Silent {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let grant = grant_for(listener.local_addr().unwrap());
        let (tell, heard) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.unwrap() > 0 {}
                held.push(stream);
                tell.send(()).unwrap();
            }
        });
        Self { grant, heard, _tasks: tasks }
    }

    async fn hears(&mut self, requests: usize) {
        for _ in 0..requests {
            self.heard.recv().await.unwrap();
        }
    }

    /// Hears one more, before any of these ends.
    async fn hears_one_of(&mut self, out: &mut Sent) {
        tokio::select! {
            () = self.hears(1) => {}
            ended = out.join_next() => panic!("not sent: {:?}", ended.map(|ended| ended.map(|sent| sent.err()))),
        }
    }

    fn hears_nothing_more(&mut self) -> bool {
        self.heard.try_recv().is_err()
    }
}

/// A client that lets two requests to a provider out at once, and how long a third one waits.
fn two_at_once(turn_timeout: Duration) -> Arc<Egress> {
    let settings = EgressSettings { max_requests_at_once: 2, turn_timeout, ..settings() };
    Arc::new(Egress::new(vault(), settings).unwrap())
}

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(20);

type Sent = JoinSet<Result<InwardResponse, EgressError>>;

fn send(out: &mut Sent, egress: &Arc<Egress>, grant: &Grant) -> tokio::task::AbortHandle {
    let (egress, grant) = (Arc::clone(egress), grant.clone());
    out.spawn(async move { egress.send(&grant, None, &get("/")).await })
}

#[tokio::test]
async fn a_provider_that_never_answers_takes_its_own_places_and_no_more() {
    let (egress, mut silent, mut out) = (two_at_once(SHORT), Silent::start().await, Sent::new());
    let first = send(&mut out, &egress, &silent.grant);
    send(&mut out, &egress, &silent.grant);
    silent.hears(2).await;

    // Whoever it is for, with a credential of its own or without one.
    let bound = binding(1, &[Place::Query("key".to_owned())]);
    let placed = OutwardRequest { placements: bound.placements.clone(), ..get("/") };
    let sealed = sealed(&bound);
    for (credential, request) in [(None, get("/")), (Some((&bound, &sealed)), placed)] {
        let waiting = Waiting::default();
        let error = egress.send_counted(&silent.grant, credential, &request, &waiting).await.reply.unwrap_err();
        assert!(matches!(error, EgressError::Busy { most: 2, .. }), "{error:?}");
        assert!(error.surely_not_sent() && error.blame() == Blame::Us && error.kind() == "busy");
        assert!(waiting.so_far().is_zero(), "a wait for our own turn is not the provider's time");
    }
    assert!(silent.hears_nothing_more() && out.try_join_next().is_none());

    // Another provider is not touched.
    let other = Provider::agreeable().await;
    let grant = Grant { provider: ProviderId::new("other").unwrap(), ..grant_for(other.address) };
    assert_eq!(egress.send(&grant, None, &get("/")).await.unwrap().status, 200);

    // A request that is given up makes room.
    first.abort();
    assert!(out.join_next().await.unwrap().unwrap_err().is_cancelled());
    send(&mut out, &egress, &silent.grant);
    silent.hears_one_of(&mut out).await;
}

#[tokio::test]
async fn one_request_too_many_goes_out_when_another_ends_in_time() {
    let (egress, mut silent, mut out) = (two_at_once(LONG), Silent::start().await, Sent::new());
    let first = send(&mut out, &egress, &silent.grant);
    send(&mut out, &egress, &silent.grant);
    silent.hears(2).await;
    send(&mut out, &egress, &silent.grant);
    first.abort();
    assert!(out.join_next().await.unwrap().unwrap_err().is_cancelled());
    silent.hears_one_of(&mut out).await;
}

#[tokio::test]
async fn requests_that_end_in_whatever_way_make_room() {
    let one = EgressSettings {
        request_timeout: Duration::from_secs(1),
        max_requests_at_once: 1,
        turn_timeout: Duration::ZERO,
        ..settings()
    };
    let egress = Egress::new(vault(), one).unwrap();
    let (silent, provider) = (Silent::start().await, Provider::agreeable().await);
    let error = egress.send(&silent.grant, None, &get("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::TimedOut { .. }), "{error:?}");
    let unbound = OutwardRequest { placements: binding(1, &[Place::Query("key".to_owned())]).placements, ..get("/") };
    let error = egress.send(&silent.grant, None, &unbound).await.unwrap_err();
    assert!(matches!(error, EgressError::Refused(_)), "{error:?}");
    for _ in 0..2 {
        assert_eq!(egress.send(&grant_for(provider.address), None, &get("/")).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn no_places_at_all_are_one() {
    let egress = Egress::new(vault(), EgressSettings { max_requests_at_once: 0, ..settings() }).unwrap();
    let provider = Provider::agreeable().await;
    assert_eq!(egress.send(&grant_for(provider.address), None, &get("/")).await.unwrap().status, 200);
}

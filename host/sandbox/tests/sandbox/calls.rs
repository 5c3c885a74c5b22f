//! Honest calls: what goes in and out, and what stands in the way of nothing.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use capstan_domain::adapter::{
    Body, InwardResponse, Money, OpenTask, Operation, Place, Proxy, ProxyScheme, Reply, Standing, Step,
};
use capstan_sandbox::{Adapter, AdapterFault, CallError};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::guest::{ATTEMPT, HOSTILE, hostile, reference, sandbox, settings, submit, with};

#[tokio::test]
async fn a_submission_reaches_the_guest_whole_and_its_request_comes_back() {
    let adapter = hostile(settings());
    let mut operation = submit("round-trip");
    if let Operation::Submit(task) = &mut operation {
        let (scheme, host, login, password) = (ProxyScheme::Socks5, "10.1.2.3".to_owned(), None, None);
        task.proxy = Some(Proxy { scheme, host, port: 1080, login, password });
    }
    let Ok(Step::Send(request, state)) = adapter.begin(operation).await else { panic!("the guest sends") };
    assert_eq!(request.url, "/createTask");
    assert_eq!(request.headers, [("x-proxy".to_owned(), "10.1.2.3:1080".to_owned())]);
    assert!(request.body == Body::Json(r#"{"websiteURL":"https://example.com"}"#.to_owned()));
    let bearer = Place::Header { name: "authorization".to_owned(), prefix: "Bearer ".to_owned() };
    assert_eq!(request.placements[0].place, bearer);

    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let response = InwardResponse { status: 201, headers, body: b" and body".to_vec() };
    let Ok(Step::Accepted(acceptance)) = adapter.advance(state, Reply::Response(response)).await else {
        panic!("the guest accepts")
    };
    assert_eq!(acceptance.reference, "201 1");
    assert_eq!(acceptance.memo, format!("{ATTEMPT} and body").into_bytes());
    assert_eq!(acceptance.poll_after_ms, Some(7));
}

#[tokio::test]
async fn every_operation_is_understood() {
    let adapter = hostile(settings());
    let task = OpenTask { reference: "42".to_owned(), family: "echo".to_owned(), memo: vec![1] };
    let Ok(Step::Polled(verdicts)) = adapter.begin(Operation::Poll(vec![task.clone()])).await else { panic!() };
    assert!(verdicts.len() == 1 && verdicts[0].reference == "42" && verdicts[0].standing == Standing::Open(Some(10)));
    let money = Money { amount: "12.50".to_owned(), currency: "USD".to_owned() };
    assert!(adapter.begin(Operation::Balance).await == Ok(Step::Balance(money)));
    let Ok(Step::Market(offers)) = adapter.begin(Operation::Market).await else { panic!() };
    assert_eq!(offers[0].speed_ms, Some(1_500));
    assert!(adapter.begin(Operation::LookUp(ATTEMPT)).await == Ok(Step::Done));
    assert!(adapter.begin(Operation::Cancel(task)).await == Ok(Step::Done));
}

#[tokio::test]
async fn a_guest_learns_nothing_of_its_host_and_the_same_every_time() {
    let adapter = hostile(settings());
    let seen = reference(&adapter, "environment").await;
    assert!(seen.starts_with("vars=0 args=0 stdin=0 wall=0 ran=0 order="), "{seen}");
    assert_eq!(reference(&adapter, "environment").await, seen);
    assert_eq!(reference(&hostile(settings()), "environment").await, seen);
}

#[tokio::test]
async fn a_guest_that_sleeps_for_an_hour_does_not_hold_its_thread() {
    let adapter = hostile(with(|s| s.call_budget = Duration::from_millis(50)));
    let slept = adapter.begin(submit("sleep")).await;
    // The clock stands still: a guest's library returns at once, or spins until its budget is used up.
    let ended = matches!(slept, Ok(Step::Accepted(_)) | Err(CallError::Adapter(AdapterFault::OutOfTime)));
    assert!(ended, "{slept:?}");
}

/// Two adapters of one sandbox: one to spin and one to go on.
fn neighbours(settings: capstan_sandbox::SandboxSettings) -> (Adapter, Adapter) {
    let sandbox = sandbox(settings);
    let admit = || sandbox.admit(&HOSTILE).expect("the guest is admitted");
    (admit(), admit())
}

#[tokio::test]
async fn honest_calls_go_on_while_another_adapter_spins() {
    let (hostile, honest) = neighbours(settings());
    let mut spinning = pin!(hostile.begin(submit("spin")));
    for _ in 0..50 {
        tokio::select! {
            biased;
            ended = &mut spinning => panic!("the spinning guest ended first: {ended:?}"),
            served = reference(&honest, "echo") => assert_eq!(served, ATTEMPT.to_string()),
        }
    }
    assert!(spinning.await == Err(CallError::Adapter(AdapterFault::OutOfTime)));
}

#[tokio::test]
async fn an_adapter_that_spins_in_every_call_takes_half_of_the_threads_and_no_place_in_the_queue() {
    // With as many spinning calls as there are threads and places in the queue, the honest ones would come last.
    let (hostile, honest) = neighbours(with(|s| {
        s.threads = 4;
        s.queue = 4;
    }));
    let mut spinning = FuturesUnordered::new();
    for _ in 0..16 {
        spinning.push(hostile.begin(submit("spin")));
    }
    for _ in 0..200 {
        tokio::select! {
            biased;
            ended = spinning.next() => panic!("a spinning guest ended first: {ended:?}"),
            served = reference(&honest, "echo") => assert_eq!(served, ATTEMPT.to_string()),
        }
    }
    let first = spinning.next().await;
    assert!(first == Some(Err(CallError::Adapter(AdapterFault::OutOfTime))));
    // The others are taken back; the two that run by now end by themselves.
    drop(spinning);
    assert_eq!(reference(&hostile, "echo").await, ATTEMPT.to_string());
}

#[tokio::test]
async fn after_time_outs_an_adapter_that_spins_holds_one_thread() {
    let (hostile, _) = neighbours(with(|s| {
        s.threads = 8;
        s.call_budget = Duration::from_millis(50);
    }));
    // Four at a time, each of which takes one thread away.
    let spin = || hostile.begin(submit("spin"));
    let spun = futures_util::future::join_all((0..4).map(|_| spin())).await;
    assert!(spun.iter().all(|end| *end == Err(CallError::Adapter(AdapterFault::OutOfTime))));
    // The next one has the only thread: a call that takes microseconds waits for its end.
    let mut spinning = pin!(spin());
    assert!(spinning.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let mut short = pin!(reference(&hostile, "echo"));
    tokio::select! {
        biased;
        served = &mut short => panic!("it ran beside the spinning one: {served}"),
        ended = &mut spinning => assert!(ended == Err(CallError::Adapter(AdapterFault::OutOfTime))),
    }
    assert_eq!(short.await, ATTEMPT.to_string());
}

#[tokio::test]
async fn with_a_single_thread_calls_of_two_adapters_take_turns() {
    let short = Duration::from_millis(20);
    let (hostile, honest) = neighbours(with(|s| {
        s.threads = 1;
        s.call_budget = short;
    }));
    let mut spinning = FuturesUnordered::new();
    for _ in 0..50 {
        spinning.push(hostile.begin(submit("spin")));
    }
    let mut ended = 0;
    let mut served = pin!(async { reference(&honest, "echo").await });
    loop {
        tokio::select! {
            biased;
            spun = spinning.next() => {
                assert!(spun == Some(Err(CallError::Adapter(AdapterFault::OutOfTime))));
                ended += 1;
            }
            served = &mut served => break assert_eq!(served, ATTEMPT.to_string()),
        }
    }
    // One that ran, and one that stood before it in the queue.
    assert!(ended <= 2, "{ended} spinning calls came first");
}

#[tokio::test]
async fn calls_wait_while_the_queue_is_full_and_none_is_dropped() {
    let adapter = hostile(with(|s| {
        s.threads = 1;
        s.queue = 1;
    }));
    let mut spinning = pin!(adapter.begin(submit("spin")));
    let mut started = Context::from_waker(Waker::noop());
    assert!(spinning.as_mut().poll(&mut started).is_pending());
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let adapter = adapter.clone();
        calls.spawn(async move { reference(&adapter, "echo").await });
    }
    assert!(calls.join_all().await.iter().all(|served| *served == ATTEMPT.to_string()));
    assert!(spinning.await == Err(CallError::Adapter(AdapterFault::OutOfTime)));
}

#[tokio::test]
async fn a_caller_that_goes_away_hurts_nobody() {
    let adapter = hostile(with(|s| {
        s.threads = 1;
        s.call_budget = Duration::from_millis(50);
    }));
    for family in ["spin", "spin", "huge-output", "echo"] {
        let mut started = Context::from_waker(Waker::noop());
        let mut call = Box::pin(adapter.begin(submit(family)));
        assert!(call.as_mut().poll(&mut started).is_pending());
    }
    assert_eq!(reference(&adapter, "echo").await, ATTEMPT.to_string());
}

#[tokio::test]
async fn an_adapter_outlives_the_sandbox_that_admitted_it() {
    // `hostile` has dropped its sandbox already.
    let adapter = hostile(settings());
    assert_eq!(reference(&adapter.clone(), "echo").await, ATTEMPT.to_string());
}

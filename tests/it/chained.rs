//! One gateway as the provider of another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use capstan_domain::route::Pool;
use capstan_tests::client::recaptcha;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("chained: a task goes through two gateways and comes back with what it cost", a_task_goes_through),
        test("chained: a task whose answer got lost is sent again, and is one task", an_answer_gets_lost),
        test("chained: what the gateway behind refuses is told by its own code", a_refusal_comes_back),
    ]
}

/// A gateway, and one in front of it whose only provider it is.
async fn two(behind: Setup) -> Result<(TestGateway, TestGateway)> {
    let behind = TestGateway::start(behind).await?;
    let url = Url::parse(&behind.gateway.url())?;
    Ok((in_front(&behind, url).await?, behind))
}

/// A gateway whose only provider is the one behind, reached at this address.
async fn in_front(behind: &TestGateway, url: Url) -> Result<TestGateway> {
    let key: &'static str = behind.client.key.clone().leak();
    let start = TestGateway::start(Setup {
        package: "adapter-capstan",
        provider_url: Some(url),
        credentials: vec![(key, Pool::Platform)],
        platform_price: 5_000_000,
        ..Setup::default()
    });
    Box::pin(start).await
}

/// A way to a gateway on which the answers to the first requests get lost: it is passed on, and a proxy has lost its patience.
struct Lossy {
    to: Url,
    losses: AtomicU32,
    sender: reqwest::Client,
}

async fn lossy(State(way): State<Arc<Lossy>>, request: Request) -> Result<Response, StatusCode> {
    let lost = |_| StatusCode::BAD_GATEWAY;
    let (head, body) = request.into_parts();
    let url = way.to.join(head.uri.path()).map_err(|_| StatusCode::BAD_REQUEST)?;
    let bytes = axum::body::to_bytes(body, 1 << 20).await.map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut headers = head.headers;
    headers.remove("host");
    let answer = way.sender.request(head.method, url).headers(headers).body(bytes).send().await.map_err(lost)?;
    let (status, bytes) = (answer.status(), answer.bytes().await.map_err(lost)?);
    let is_lost = way.losses.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
    if is_lost { Err(StatusCode::GATEWAY_TIMEOUT) } else { Ok((status, bytes).into_response()) }
}

#[expect(clippy::disallowed_methods, reason = "this is the way to a gateway, not the gateway")]
async fn an_answer_gets_lost() -> Result<()> {
    let behind = TestGateway::start(Setup::default()).await?;
    let to = Url::parse(&behind.gateway.url())?;
    let way = Arc::new(Lossy { to, losses: AtomicU32::new(2), sender: reqwest::Client::new() });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = Url::parse(&format!("http://{}", listener.local_addr()?))?;
    let serving = Router::new().fallback(lossy).with_state(Arc::clone(&way));
    let mut at_work = JoinSet::new();
    at_work.spawn(async move { drop(axum::serve(listener, serving).await) });
    let front = in_front(&behind, url).await?;
    let before = behind.client.balance().await?;
    let solved = front.client.solve(recaptcha()).await?;
    ensure!(way.losses.load(Ordering::Relaxed) == 0, "nothing got lost");
    ensure!(solved.body["status"] == "ready" && solved.body["cost"] == 0.005, "{solved:?}");
    let spent = before - behind.client.balance().await?;
    ensure!(
        (spent - 0.002).abs() < 1e-9 && behind.provider.stats().creates == 1,
        "{spent} {:?}",
        behind.provider.stats()
    );
    front.finish().await?;
    behind.finish().await
}

async fn a_task_goes_through() -> Result<()> {
    let (front, behind) = two(Setup::default()).await?;
    let before = behind.client.balance().await?;
    let solved = front.client.solve(recaptcha()).await?;
    ensure!(solved.body["status"] == "ready" && solved.body["provider"] == "Capstan", "{solved:?}");
    ensure!(solved.body["solution"]["gRecaptchaResponse"] == solved.body["solution"]["token"], "{solved:?}");
    ensure!(solved.body["cost"] == 0.005, "{solved:?}");
    let spent = before - behind.client.balance().await?;
    ensure!((spent - 0.002).abs() < 1e-9, "{spent}");
    ensure!(behind.provider.stats().creates == 1, "{:?}", behind.provider.stats());
    // The report goes to the gateway behind, too.
    let task = solved.body["taskId"].as_str().context("no id")?;
    let report = front.client.call("/reportCorrect", json!({"taskId": task})).await?;
    ensure!(report.body["status"] == "success", "{report:?}");
    front.finish().await?;
    behind.finish().await
}

async fn a_refusal_comes_back() -> Result<()> {
    let (front, behind) = two(Setup { denied_sites: vec!["example.com"], ..Setup::default() }).await?;
    let mut task = recaptcha();
    task["websiteURL"] = json!("https://www.example.com/login");
    let refused = front.client.create(task).await?;
    ensure!(refused.description().contains("DOMAIN_BANNED"), "{refused:?}");
    ensure!(behind.provider.stats().creates == 0, "{:?}", behind.provider.stats());
    front.finish().await?;
    behind.finish().await
}

//! The page on which a site's owner has it denied: what must be published, how it is looked for, what comes of it.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use capstan_domain::policy::Origin;
use capstan_tests::client::{Page, recaptcha};
use capstan_tests::database::Engine;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("site owners: who publishes the line has the site denied for everybody (SQLite)", || {
            denied(Engine::Sqlite)
        }),
        test("site owners: who publishes the line has the site denied for everybody (Postgres)", || {
            denied(Engine::Postgres)
        }),
        test("site owners: the page repeats nothing as markup, is kept nowhere and runs nothing", harmless),
    ]
}

/// What the owner's server answers below `/.well-known/`.
#[derive(Clone)]
enum Answer {
    Nothing,
    Redirect,
    Text(String),
}

type Published = Arc<Mutex<Answer>>;

async fn well_known(State(published): State<Published>) -> Response {
    match published.lock().await.clone() {
        Answer::Nothing => StatusCode::NOT_FOUND.into_response(),
        Answer::Redirect => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
        Answer::Text(text) => text.into_response(),
    }
}

/// A server of the site's, and its address as the owner would type it.
async fn site(serving: &mut JoinSet<()>) -> Result<(Published, String)> {
    let published = Arc::new(Mutex::new(Answer::Nothing));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let router =
        Router::new().route("/.well-known/capstan-site-owner.txt", get(well_known)).with_state(Arc::clone(&published));
    serving.spawn(async move { drop(axum::serve(listener, router).await) });
    Ok((published, format!("localhost:{port}")))
}

fn is_kept_nowhere(page: &Page) -> bool {
    let header = |name: &str| page.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header("cache-control") == "no-store"
        && header("content-security-policy").starts_with("default-src 'none'")
        && header("x-content-type-options") == "nosniff"
        && header("content-type").starts_with("text/html")
}

async fn denied(engine: Engine) -> Result<()> {
    let gateway = TestGateway::start(Setup { engine, ..Setup::default() }).await?;
    let client = &gateway.client;
    let mut serving = JoinSet::new();
    let (published, domain) = site(&mut serving).await?;
    let mut task = recaptcha();
    task["websiteURL"] = json!("https://shop.localhost/login");
    ensure!(client.create(task.clone()).await?.body["errorId"] == 0, "nobody has denied it yet");

    let page = client.submit("/site-owners", &[("domain", &domain)]).await?;
    ensure!(page.status == 200 && is_kept_nowhere(&page), "{page:?}");
    let line = page.text.split("<code>").nth(1).and_then(|t| t.split("</code>").next()).context("the line")?.to_owned();
    ensure!(line.starts_with("capstan-site-owner="), "{line}");
    let fields = [("domain", domain.as_str())];
    let check = || client.submit("/site-owners/check", &fields);
    for (answer, said) in [
        (Answer::Redirect, "redirect (status 302)"),
        (Answer::Text("capstan-site-owner=somebody-elses".to_owned()), "does not have the line"),
    ] {
        *published.lock().await = answer;
        let page = check().await?;
        ensure!(page.status == 422 && page.text.contains(said) && is_kept_nowhere(&page), "{said}: {page:?}");
        ensure!(client.create(task.clone()).await?.body["errorId"] == 0, "nothing is proved: {said}");
    }
    *published.lock().await = Answer::Text(format!("# ours\r\n{line}\r\n"));
    let page = check().await?;
    ensure!(page.status == 200 && page.text.contains("refuses every task for <strong>localhost</strong>"), "{page:?}");

    let refused = client.create(task).await?;
    ensure!(
        refused.code() == "DOMAIN_BANNED" && refused.description().contains("owner has asked for it"),
        "{refused:?}"
    );
    let store = &gateway.gateway.app.store;
    let audit = store.list_audit(None, 10).await?;
    ensure!(
        audit.len() == 1 && audit[0].action == "policy owner-deny" && audit[0].target == "site localhost",
        "{audit:?}"
    );
    let rules = store.list_site_rules().await?;
    let owners: Vec<_> = rules.iter().filter(|rule| rule.origin == Origin::Owner).map(|rule| &rule.pattern).collect();
    ensure!(owners == ["localhost"], "{owners:?}");
    let page = check().await?;
    ensure!(page.status == 429 && page.text.contains("too many checks"), "{page:?}");
    gateway.finish().await
}

async fn harmless() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let client = &gateway.client;
    let front = client.page("/site-owners").await?;
    ensure!(front.status == 200 && is_kept_nowhere(&front) && front.text.contains("<form"), "{front:?}");
    let style = client.page("/site-owners/style.css").await?;
    ensure!(style.status == 200 && style.headers["content-type"] == "text/css; charset=utf-8", "{style:?}");
    for domain in [
        "\"><script>alert(1)</script>",
        "127.0.0.1:80",
        "10.0.0.1",
        "[::1]",
        "com",
        "",
        "https://a@example.com/",
        "gopher://example.com",
        "example.com:8443",
    ] {
        for path in ["/site-owners", "/site-owners/check"] {
            let page = client.submit(path, &[("domain", domain)]).await?;
            ensure!(page.status == 400 && page.text.contains("no domain name"), "{domain}: {page:?}");
            ensure!(!page.text.contains("<script") && is_kept_nowhere(&page), "{domain}: {page:?}");
        }
    }
    let long = "a".repeat(10_000);
    ensure!(client.submit("/site-owners", &[("domain", &long)]).await?.status == 400);
    ensure!(client.get("/site-owners/nothing").await?.status == 404, "everything else is the client API's");
    gateway.finish().await
}

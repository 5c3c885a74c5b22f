//! `docs/exchange.md`: its requests go as the page tells them, and its paths are those that there are.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::Amount;
use capstan_server::settings::Limits;
use capstan_simulator::Usd;
use capstan_tests::client::recaptcha;
use capstan_tests::contributor::signature;
use capstan_tests::gateway::Setup;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::{KEY, empty, lent};
use crate::refunds::until;

pub(super) fn tests() -> Vec<Trial> {
    vec![test("exchange: the contributor's page tells what there is", page_is_true)]
}

/// The requests of the page: method, path, body.
fn requests(page: &str) -> Result<Vec<(String, String, String)>> {
    let marked = page.split("<!-- request: ").skip(1);
    let read = |part: &str| {
        let (head, rest) = part.split_once(" -->\n```json\n").context("a request without its body")?;
        let (method, path) = head.split_once(' ').context("no path")?;
        let (body, _) = rest.split_once("```").context("a body without an end")?;
        Ok((method.to_owned(), path.to_owned(), body.to_owned()))
    };
    marked.map(read).collect()
}

async fn page_is_true() -> Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.parent().context("no root")?.join("docs/exchange.md"))?;
    let limits = Limits { dispute_window: Duration::ZERO, ..Limits::default() };
    let lent = lent(Setup { limits, ..empty() }, json!({})).await?;
    lent.gateway.provider.set_key("a-second-key-0123456789", Usd::dollars(5));
    lent.gateway.provider.set_key("a-key-of-bob-0123456789", Usd::dollars(5));
    let (_, bob) = lent.gateway.add_contributor("Bob").await?;
    bob.lend("a-key-of-bob-0123456789", json!({"taskTypes": ["turnstile"]})).await?;
    ensure!(lent.gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    let (store, earned) = (&lent.gateway.gateway.app.store, Amount::from_nanos(1_350_000));
    until("nothing matures", async || Ok(store.earnings(lent.account).await?.available == earned)).await?;

    let hash = signature()["statementSha256"].as_str().context("no hash")?.to_owned();
    let requests = requests(&page)?;
    ensure!(requests.len() == 5, "{} requests", requests.len());
    for (method, path, body) in requests {
        let body = body.replace("\"KEY\"", "\"a-second-key-0123456789\"").replace("SHA256", &hash);
        let body: Value = serde_json::from_str(&body.replace("TAKEN", "a-key-of-bob-0123456789"))?;
        let said = lent.ada.ask(&method, &path.replace("ID", &lent.credential), Some(&body)).await?;
        ensure!(matches!(said.status, 200 | 201), "{method} {path}: {said:?}");
        ensure!(!said.body.to_string().contains(KEY), "{said:?}");
    }
    // Every path of the table is there: who asks wrongly is told so, and not that there is nothing.
    let paths = paths(&page);
    for path in &paths {
        let said = lent.ada.ask("PUT", &path.replace("ID", &lent.credential), None).await?;
        ensure!(said.status == 405, "{path}: {said:?}");
    }
    ensure!(paths.len() >= 17, "{paths:?}");
    lent.gateway.finish().await
}

/// The paths of the page's table. One without its method goes beside the one before it.
fn paths(page: &str) -> Vec<String> {
    let cells = page.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
    let mut paths: Vec<String> = Vec::new();
    for piece in cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)) {
        let beside = || paths.last().and_then(|last| last.rsplit_once('/')).map_or("", |(parent, _)| parent);
        match piece.split_once(' ') {
            Some((_, path)) => paths.push(path.to_owned()),
            None if piece.starts_with('/') => paths.push(format!("{}{piece}", beside())),
            None => {}
        }
    }
    paths
}

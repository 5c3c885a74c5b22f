//! What operators see: metrics that add up, labels that stay few, and log lines that can be read alone.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use capstan_domain::catalogue;
use capstan_domain::code::ErrorCode;
use capstan_server::metrics::{Kind, Row, TABLE};
use capstan_server::settings::Limits;
use capstan_simulator::{Create, Outcome};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::exposition::{Exposition, Sample};
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::process::Process;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("metrics: what happened to tasks, attempts and money adds up", numbers_add_up),
        test("metrics: a provider's time is not the gateway's", overhead_leaves_providers_out),
        test("metrics: labels are few and known, and nothing exposed is an id or a secret", labels_are_bounded),
        test("metrics: the clients' address does not serve them", clients_see_none),
        test("logs: every change of a task's state is a line that says whose it is", logs_are_readable_alone),
    ]
}

async fn scrape(gateway: &TestGateway) -> Result<Exposition> {
    let url = gateway.gateway.metrics_url().context("metrics are not served")?;
    Exposition::parse(gateway.client.read(&url).await?)
}

/// Scrapes until something is so; what is booked after a client's answer comes a moment later.
async fn scrape_until(gateway: &TestGateway, is_so: impl Fn(&Exposition) -> bool) -> Result<Exposition> {
    let scraping = async {
        loop {
            let seen = scrape(gateway).await?;
            if is_so(&seen) {
                return anyhow::Ok(seen);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), scraping).await.context("it never was so")?
}

/// One task solved, one that its provider fails and charges for, one that no provider takes, and two bad requests.
async fn a_busy_day(gateway: &TestGateway) -> Result<Vec<String>> {
    let solved = gateway.client.solve(recaptcha()).await?;
    ensure!(solved.body["status"] == "ready", "{solved:?}");
    let outcome = Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned());
    gateway.provider.script([Create::Accept { solve_after_ms: 0, outcome }, Create::error("ERROR_NO_SLOT_AVAILABLE")]);
    let failed = gateway.client.solve(recaptcha()).await?;
    ensure!(failed.code() == "CAPTCHA_UNSOLVABLE", "{failed:?}");
    let refused = gateway.client.create(recaptcha()).await?;
    ensure!(refused.code() == "NO_PROVIDERS_AVAILABLE", "{refused:?}");
    ensure!(gateway.client.create(json!({"type": "NoSuchTask"})).await?.code() == "TASK_NOT_SUPPORTED");
    let stranger = gateway.client.with_key("no-key-of-ours");
    ensure!(stranger.create(recaptcha()).await?.code() == "ERROR_KEY_DOES_NOT_EXIST");
    Ok(vec![solved.task_id()?, failed.task_id()?])
}

async fn numbers_add_up() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    a_busy_day(&gateway).await?;
    let late = |seen: &Exposition| seen.sum("capstan_money_nanodollars_total", &[("move", "loss")]) > 0.0;
    let seen = scrape_until(&gateway, late).await?;
    let is = |name: &str, labels: &[(&str, &str)], expected: f64| {
        let value = seen.sum(name, labels);
        ensure!((value - expected).abs() < 1e-9, "{name} {labels:?} is {value}, not {expected}:\n{}", seen.text);
        Ok(())
    };
    let of = [("provider", "anti-captcha")];
    for (code, count) in
        [("ok", 2.0), ("NO_PROVIDERS_AVAILABLE", 1.0), ("TASK_NOT_SUPPORTED", 1.0), ("ERROR_KEY_DOES_NOT_EXIST", 1.0)]
    {
        is("capstan_requests_total", &[("method", "createTask"), ("code", code)], count)?;
    }
    is("capstan_request_seconds_count", &[("method", "createTask")], 5.0)?;
    let created = [("family", "recaptcha_v2"), ("mode", "autoCheapest"), ("pool", "all")];
    is("capstan_tasks_created_total", &created, 3.0)?;
    for end in ["solved", "CAPTCHA_UNSOLVABLE", "NO_PROVIDERS_AVAILABLE"] {
        is("capstan_tasks_ended_total", &[("family", "recaptcha_v2"), ("end", end)], 1.0)?;
    }
    for (outcome, fault, count) in [
        ("accepted", "none", 2.0),
        ("solved", "none", 1.0),
        ("failed", "unsolvable", 1.0),
        ("refused", "no-capacity", 1.0),
    ] {
        is("capstan_attempts_total", &[of[0], ("outcome", outcome), ("fault", fault)], count)?;
    }
    is("capstan_attempts_total", &[], 5.0)?;
    for (moved, nanos) in [("held", 6_000_000.0), ("captured", 2_000_000.0), ("released", 4_000_000.0)] {
        is("capstan_money_nanodollars_total", &[("move", moved)], nanos)?;
    }
    is("capstan_solve_seconds_count", &[of[0], ("family", "recaptcha_v2")], 1.0)?;
    for outcome in ["solved", "failed"] {
        is("capstan_polls_total", &[of[0], ("outcome", outcome)], 1.0)?;
    }
    for what in ["create_task", "attempt"] {
        is("capstan_overhead_seconds_count", &[("of", what)], 3.0)?;
    }
    is("capstan_egress_seconds_count", &[of[0], ("operation", "submit")], 3.0)?;
    ensure!(seen.sum("capstan_sandbox_call_seconds_count", &[of[0], ("call", "begin")]) >= 5.0, "{}", seen.text);
    is("capstan_open_tasks", &[], 0.0)?;
    is("capstan_credentials", &[of[0], ("pool", "platform"), ("standing", "ready")], 1.0)?;
    let stats = gateway.gateway.app.store.stats();
    ensure!(seen.sum("capstan_commits_total", &[]) <= stats.commits as f64 && stats.commits > 0);
    ensure!(seen.sum("capstan_writes_total", &[("outcome", "kept")]) >= 3.0 * 3.0, "{}", seen.text);
    ensure!(seen.sum("capstan_commit_seconds_total", &[]) > 0.0, "{}", seen.text);
    gateway.finish().await
}

async fn overhead_leaves_providers_out() -> Result<()> {
    let limits = Limits { accept_wait: Duration::from_secs(1), ..Limits::default() };
    let gateway = TestGateway::start(Setup { limits, ..Setup::default() }).await?;
    // The answer goes out while the provider still thinks: a wait that is on counts as far as it has gone.
    gateway.provider.hold_creates();
    let created = gateway.client.create(recaptcha()).await?;
    ensure!(created.body["status"] == "processing", "{created:?}");
    let total = |seen: &Exposition| seen.sum("capstan_request_seconds_sum", &[("method", "createTask")]);
    let overhead = |seen: &Exposition, of| seen.sum("capstan_overhead_seconds_sum", &[("of", of)]);
    let seen = scrape(&gateway).await?;
    ensure!(total(&seen) >= 1.0, "{}", seen.text);
    ensure!(total(&seen) - overhead(&seen, "create_task") > 0.5, "{}", seen.text);
    gateway.provider.release_creates();
    gateway.client.wait(&created.task_id()?).await?;
    let attempts = |seen: &Exposition| seen.sum("capstan_overhead_seconds_count", &[("of", "attempt")]) > 0.0;
    let seen = scrape_until(&gateway, attempts).await?;
    let waited = seen.sum("capstan_egress_seconds_sum", &[("operation", "submit")]);
    ensure!(waited > 0.5 && overhead(&seen, "attempt") < waited, "{}", seen.text);
    gateway.finish().await
}

async fn labels_are_bounded() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let tasks = a_busy_day(&gateway).await?;
    let seen = scrape(&gateway).await?;
    let mut names = BTreeSet::new();
    for sample in &seen.samples {
        let row = row_of(sample).with_context(|| format!("not in the table: {sample:?}"))?;
        names.insert(row.name);
        let labels: BTreeSet<&str> = sample.labels.keys().map(String::as_str).filter(|name| *name != "le").collect();
        ensure!(labels == row.labels.iter().copied().collect(), "{sample:?} has not the labels of its row");
        for (label, value) in &sample.labels {
            ensure!(is_known(label, value), "{label}={value:?} of {}", sample.name);
        }
    }
    // Read when asked for: these are there from the start.
    for name in ["capstan_open_tasks", "capstan_queue_depth", "capstan_build_info", "capstan_commit_reruns_total"] {
        ensure!(names.contains(name), "{name} is missing: {names:?}");
    }
    let identity = [gateway.account.to_string(), gateway.contributor.to_string(), gateway.client.key.clone()];
    let secrets = ["provider-key-of-the-platform", "google.com", "6Le-wvkSAAAAAPBMRTvw0Q4Muexq9bi0DJwx_mJ-"];
    let rows = gateway.gateway.app.store.list_credentials().await?;
    let credentials = rows.iter().map(|row| row.id.to_string());
    for canary in identity.into_iter().chain(tasks).chain(credentials).chain(secrets.map(str::to_owned)) {
        ensure!(canary.len() > 5 && !seen.text.contains(&canary), "{canary} is exposed");
    }
    gateway.finish().await
}

fn row_of(sample: &Sample) -> Option<&'static Row> {
    let of_histogram = |row: &&Row| {
        let rest = sample.name.strip_prefix(row.name);
        matches!(row.kind, Kind::Histogram(_)) && matches!(rest, Some("_bucket" | "_sum" | "_count"))
    };
    TABLE.iter().find(|row| row.name == sample.name || of_histogram(row))
}

fn is_known(label: &str, value: &str) -> bool {
    let is_code = || ErrorCode::from_code(value).is_some();
    match label {
        "provider" => value == "anti-captcha",
        "family" => catalogue::by_name(value).is_some(),
        "code" => value == "ok" || is_code(),
        "end" => value == "solved" || is_code(),
        "le" => value == "+Inf" || value.parse::<f64>().is_ok(),
        "version" => value == env!("CARGO_PKG_VERSION"),
        // Words of the code have no digits; an id without one is not likely.
        _ => value.len() <= 30 && value.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '_')),
    }
}

async fn clients_see_none() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let there = gateway.client.read(&format!("{}/metrics", gateway.gateway.url())).await;
    ensure!(there.is_err(), "{there:?}");
    ensure!(gateway.gateway.metrics_address() != Some(gateway.gateway.address));
    gateway.finish().await
}

async fn logs_are_readable_alone() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (data, log) = (dir.path().join("data").display().to_string(), dir.path().join("log"));
    let args = [
        "--log-format",
        "json",
        "dev",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--metrics",
        "127.0.0.1:0",
        "--data",
        &data,
        "--time-scale",
        "50",
    ];
    let process = Process::start(&args, &log)?;
    let client = Client::new(process.said("url")?, process.said("clientKey")?);
    let solved = client.solve(recaptcha()).await?;
    ensure!(solved.body["status"] == "ready", "{solved:?}");
    let seen = Exposition::parse(client.read(&process.said("metricsUrl")?).await?)?;
    ensure!(seen.sum("capstan_tasks_ended_total", &[("end", "solved")]) == 1.0, "{}", seen.text);
    process.stop()?;
    let written = std::fs::read_to_string(&log)?;
    let lines: Vec<Value> = written
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).with_context(|| line.to_owned()))
        .collect::<Result<_>>()?;
    let task = solved.task_id()?;
    let told: Vec<&Value> = lines.iter().filter(|line| line["task.id"] == task.as_str()).collect();
    let messages: Vec<&str> = told.iter().filter_map(|line| line["message"].as_str()).collect();
    ensure!(messages == ["created", "accepted", "solved"], "{messages:?}");
    for line in told {
        ensure!(line["account.id"].is_string() && line["family"] == "recaptcha_v2", "{line}");
        if line["message"] != "created" {
            ensure!(line["provider.id"] == "capsolver" && line["attempt"] == 1, "{line}");
        }
    }
    if written.contains("ERROR") {
        bail!("{written}");
    }
    Ok(())
}

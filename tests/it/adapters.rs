//! Adapters and what they are granted: all of this repository's are admitted, and none gets further than its operator says.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan::adapters::interpreted::ToolMissing;
use capstan_sandbox::Sandbox;
use capstan_server::operate::{ProviderChange, Verb};
use capstan_storage::{Granted, Provider};
use capstan_tests::client::recaptcha;
use capstan_tests::components::with;
use capstan_tests::gateway::{Return, Setup, TestGateway};
use capstan_tests::hostile::{KEY, Yes, guest, task};
use capstan_tests::process::Process;
use capstan_tests::suite::{Unavailable, test};
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("adapters: every one of the repository is admitted, each for a provider of its own", all_are_admitted),
        test("adapters: the components do what every fixture of theirs says, in the sandbox", fixtures_in_the_sandbox),
        test("adapters: the one in JavaScript does what every fixture of its says, in the sandbox", || {
            interpreted("adapter-nopecha")
        }),
        test("adapters: the one in Python does what every fixture of its says, in the sandbox", || {
            interpreted("adapter-bestcaptchasolver")
        }),
        test("adapters: a fixture that differs is told by its place", differences_are_told),
        test("adapters: one whose own address has moved is left out until that is granted", a_moved_address_is_granted),
        test("adapters: one sends only to the hosts that its operator grants, of those it names", hosts_are_granted),
    ]
}

async fn all_are_admitted() -> Result<()> {
    let admitted = tokio::task::spawn_blocking(|| {
        let files = capstan::adapters::build(capstan::adapters::ADAPTERS, |_| ())?;
        let sandbox = Sandbox::start(with(|small| small.call_budget = Duration::from_secs(1)))?;
        files.iter().map(|file| Ok(sandbox.admit(&std::fs::read(file)?)?)).collect::<Result<Vec<_>>>()
    })
    .await??;
    let providers: HashSet<&str> = admitted.iter().map(|adapter| adapter.manifest().provider.as_str()).collect();
    ensure!(providers.len() == capstan::adapters::ADAPTERS.len(), "{providers:?}");
    for adapter in &admitted {
        let manifest = adapter.manifest();
        ensure!(!manifest.task_types.is_empty() && !manifest.credential.is_empty(), "{manifest:?}");
    }
    Ok(())
}

async fn fixtures_in_the_sandbox() -> Result<()> {
    for package in capstan::adapters::ADAPTERS {
        does_what_fixtures_say(package).await?;
    }
    Ok(())
}

/// Built where there are the tools for it.
async fn interpreted(package: &'static str) -> Result<()> {
    does_what_fixtures_say(package).await.map_err(|error| match error.downcast::<ToolMissing>() {
        Ok(missing) => Unavailable(missing.to_string()).into(),
        Err(error) => error,
    })
}

async fn does_what_fixtures_say(package: &'static str) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (component, fixtures) = component_and_fixtures(package).await?;
    let args = ["adapter", "test", "--json", &component, &fixtures];
    let (code, said) = Process::prints(&args, &dir.path().join("log"))?;
    let told: Vec<Value> = serde_json::from_str(&said).with_context(|| format!("{package}: {said}"))?;
    let wrong: Vec<&Value> = told.iter().filter(|one| one["ok"] != true).collect();
    ensure!(code == Some(0) && wrong.is_empty() && told.len() >= 20, "{package}: {code:?} {wrong:?}");
    let is_measured = |one: &Value| one["calls"].as_u64() >= Some(2) && one["memoryBytes"].as_u64() > Some(60_000);
    ensure!(told.iter().all(is_measured), "{package}: {}", told[0]);
    Ok(())
}

async fn component_and_fixtures(package: &'static str) -> Result<(String, String)> {
    let built = tokio::task::spawn_blocking(move || capstan::adapters::build(&[package], |_| ())).await??;
    let component = built.first().context("nothing was built")?.display().to_string();
    let folder = package.strip_prefix("adapter-").context("another name")?;
    let fixtures = capstan::adapters::workspace().join("adapters").join(folder).join("fixtures");
    Ok((component, fixtures.display().to_string()))
}

async fn differences_are_told() -> Result<()> {
    let (component, fixtures) = component_and_fixtures("adapter-capsolver").await?;
    let name = "createtask-turnstile";
    let text = std::fs::read_to_string(format!("{fixtures}/{}.json", first_submit(&fixtures)?))?;
    let right: Value = serde_json::from_str(&text)?;
    let dir = tempfile::tempdir()?;
    type Mistake = (&'static str, &'static str, fn(&mut Value));
    let planted: [Mistake; 6] = [
        ("url", "exchanges[0].request.url: expected", |f| f["exchanges"][0]["request"]["url"] = json!("/other")),
        ("method", "exchanges[0].request.method: expected", |f| f["exchanges"][0]["request"]["method"] = json!("GET")),
        ("field", "exchanges[0].request.json.task.extra: expected", |f| {
            f["exchanges"][0]["request"]["json"]["task"]["extra"] = json!(1);
        }),
        ("status", "end", |f| f["exchanges"][0]["reply"]["status"] = json!(500)),
        ("source", "source: it cites no page", |f| f["source"] = json!("somewhere")),
        ("name", "it is no fixture: unknown field `ends`", |f| f["ends"] = json!(1)),
    ];
    for (file, _, plant) in &planted {
        let mut wrong = right.clone();
        plant(&mut wrong);
        std::fs::write(dir.path().join(format!("{name}-{file}.json")), wrong.to_string())?;
    }
    std::fs::write(dir.path().join(format!("{name}-right.json")), &text)?;
    let folder = dir.path().display().to_string();
    let args = ["adapter", "test", "--json", &component, &folder];
    let (code, said) = Process::prints(&args, &dir.path().join("log"))?;
    let told: Vec<Value> = serde_json::from_str(&said).with_context(|| said.clone())?;
    ensure!(code == Some(1) && told.len() == planted.len() + 2, "{code:?} {said}");
    for one in &told {
        let planted = planted.iter().find(|(file, ..)| one["fixture"] == format!("{name}-{file}"));
        let Some((file, place, _)) = planted else {
            ensure!(one["ok"] == true, "{one}");
            continue;
        };
        let wrong = one["wrong"].as_array().context("no list")?;
        let is_named = wrong.iter().any(|wrong| wrong.as_str().is_some_and(|wrong| wrong.starts_with(place)));
        ensure!(is_named, "{file}: {one}");
    }
    Ok(())
}

/// The name of a fixture that submits a task with JSON and is accepted.
fn first_submit(folder: &str) -> Result<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let fixture: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
        if fixture["end"]["accepted"].is_object() && fixture["exchanges"][0]["request"]["json"]["task"].is_object() {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    names.into_iter().next().context("no fixture submits a task")
}

async fn hosts_are_granted() -> Result<()> {
    let provider = Yes::start().await?;
    let guests = vec![guest(&provider, 1_000_000)?];
    let setup = Setup { guests, call_budget: Duration::from_millis(200), ..Setup::default() };
    let gateway = TestGateway::start(setup).await?;
    let hosts = |hosts: &[&str]| Verb::ProviderSet {
        provider: "hostile".to_owned(),
        change: ProviderChange {
            hosts: Some(hosts.iter().map(|host| (*host).to_owned()).collect()),
            ..ProviderChange::default()
        },
    };
    let listed = async || -> Result<Value> {
        let rows = gateway.operate(Verb::ProviderList).await?;
        let rows = rows.as_array().context("no list")?;
        Ok(rows.iter().find(|row| row["provider"] == "hostile").context("it is not listed")?.clone())
    };
    let all = json!(["*.hostile.example"]);
    let row = listed().await?;
    ensure!(row["granted"]["hosts"] == json!([]) && row["notGranted"] == all, "{row}");
    for (asked, why) in [("other.example", "names *.hostile.example"), ("hostile.example", "names *.hostile.example")] {
        let refused = gateway.operate(hosts(&[asked])).await;
        ensure!(refused.as_ref().is_err_and(|error| error.to_string().contains(why)), "{asked}: {refused:?}");
    }
    gateway.operate(hosts(&["files.hostile.example"])).await?;
    let row = listed().await?;
    ensure!(row["granted"]["hosts"] == json!(["files.hostile.example"]), "{row}");
    ensure!(row["notGranted"] == all, "{row}");

    let foreign = std::net::TcpListener::bind("127.0.0.1:0")?;
    let body = json!({"task": task("own-host", foreign.local_addr()?), "provider": "hostile"});
    let refused = gateway.client.call("/createTask", body).await?;
    ensure!(refused.description().contains("refused-host"), "{refused:?}");
    ensure!(provider.heard().is_empty() && !refused.description().contains(KEY), "{:?}", provider.heard());
    gateway.operate(hosts(&["manifest"])).await?;
    let row = listed().await?;
    ensure!(row["granted"]["hosts"] == all && row["notGranted"] == json!([]), "{row}");
    gateway.finish().await
}

async fn a_moved_address_is_granted() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let store = &gateway.gateway.app.store;
    let set_up = store.list_providers().await?.into_iter().next().context("no provider")?;
    ensure!(gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    // As if an earlier version of the adapter had been set up, with an address of its own that was another one.
    let granted = Granted { base_url: "https://before.example".to_owned(), hosts: Vec::new(), publisher: None };
    let moved = Provider { base_url: None, loopback: false, time_scale: 1, granted: Some(granted), ..set_up.clone() };
    store.upsert_provider(moved).await?;
    gateway.gateway.app.reload().await?;
    ensure!(gateway.client.create(recaptcha()).await?.code() == "NO_PROVIDERS_AVAILABLE", "it is used");
    let row = gateway.operate(Verb::ProviderList).await?[0].clone();
    ensure!(row["granted"]["baseUrl"] == "https://before.example", "{row}");
    ensure!(row["notGranted"][0].as_str().is_some_and(|url| url.contains("api.anti-captcha.com")), "{row}");
    // As if there had been no grants yet: what the adapter names is granted at the start.
    let store = &gateway.gateway.app.store;
    store.upsert_provider(Provider { granted: None, ..set_up }).await?;
    let gateway = gateway.restart(Return::default()).await?;
    ensure!(gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    let row = gateway.operate(Verb::ProviderList).await?[0].clone();
    ensure!(row["granted"]["baseUrl"].as_str().is_some_and(|url| url.contains("api.anti-captcha.com")), "{row}");
    gateway.finish().await
}

//! `capstan dev` as a newcomer runs it, in a process of its own.

use anyhow::{Context as _, Result, ensure};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::components::with_another_digest;
use capstan_tests::process::Process;
use capstan_tests::suite::test;
use libtest_mimic::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("dev: one command serves a task from end to end, and prints one line", one_command),
        test("dev: a component that is put into the watched directory is in force a moment later", watched),
        test("simulate: one command serves the provider alone", simulate_alone),
        test("dev: a data directory in use is refused with a reason", a_directory_in_use),
    ]
}

async fn one_command() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (data, log) = (dir.path().join("data"), dir.path().join("log"));
    let data_text = data.display().to_string();
    let args = ["dev", "--json", "--listen", "127.0.0.1:0", "--data", &data_text, "--time-scale", "50"];
    let process = Process::start(&args, &log)?;
    ensure!(process.said("metricsUrl").is_err(), "metrics are served without being asked for");
    for name in ["url", "clientKey", "simulatorUrl", "dataDir"] {
        ensure!(!process.said(name)?.is_empty(), "{name}");
    }
    let client = Client::new(process.said("url")?, process.said("clientKey")?);
    let before = client.balance().await?;
    let solved = client.solve(recaptcha()).await?;
    ensure!(solved.body["status"] == "ready", "{solved:?}");
    let cost = solved.body["cost"].as_f64().unwrap_or_default();
    ensure!(cost > 0.0 && (before - client.balance().await? - cost).abs() < 1e-9, "{solved:?}");
    let key = client.key.clone();
    let (ended_well, rest) = process.stop()?;
    ensure!(ended_well && rest.is_empty(), "more than one line: {rest:?}");

    let again = Process::start(&args, &log)?;
    ensure!(again.said("clientKey")? == key, "a second start made another key");
    let client = Client::new(again.said("url")?, key);
    ensure!((before - client.balance().await? - cost).abs() < 1e-9, "a second start changed the balance");
    ensure!(client.solve(recaptcha()).await?.body["status"] == "ready");
    let logged = std::fs::read_to_string(&log)?;
    ensure!(!logged.contains("panicked") && !logged.contains("ERROR"), "{logged}");
    Ok(())
}

async fn watched() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (data, log, watched) = (dir.path().join("data"), dir.path().join("log"), dir.path().join("adapters"));
    let (data_text, watched_text) = (data.display().to_string(), watched.display().to_string());
    // The directory need not be there at the start.
    let args = ["dev", "--json", "--listen", "127.0.0.1:0", "--data", &data_text, "--watch", &watched_text];
    let process = Process::start(&args, &log)?;
    let client = Client::new(process.said("url")?, process.said("clientKey")?);
    let built = capstan::adapters::build(&["adapter-capsolver"], |_| ())?;
    let component = with_another_digest(&std::fs::read(built.first().context("nothing was built")?)?);
    std::fs::create_dir(&watched)?;
    std::fs::write(watched.join("junk.wasm"), "not a component")?;
    std::fs::write(watched.join("capsolver.wasm"), &component)?;
    let digest = capstan_sandbox::Digest::of(&component).to_string();
    process.until_logged("in force file=", 1).await?;
    process.until_logged("not in force", 1).await?;
    let list = ["adapter", "list", "--data", &data_text, "--json"];
    let (code, said) = Process::prints(&list, &dir.path().join("list.log"))?;
    ensure!(code == Some(0) && said.contains(&digest), "{said}");
    ensure!(client.solve(recaptcha()).await?.body["status"] == "ready");
    let logged = std::fs::read_to_string(&log)?;
    ensure!(logged.contains("junk.wasm") && logged.contains("not a component"), "{logged}");
    Ok(())
}

async fn a_directory_in_use() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (data, log) = (dir.path().join("data").display().to_string(), dir.path().join("log"));
    let args = ["dev", "--json", "--listen", "127.0.0.1:0", "--data", &data];
    let _first = Process::start(&args, &log)?;
    let second_log = dir.path().join("second");
    let second = Process::start(&args, &second_log);
    ensure!(second.is_err(), "two processes on one data directory");
    let said = std::fs::read_to_string(&second_log)?;
    ensure!(said.contains("in use by another process"), "{said}");
    Ok(())
}

async fn simulate_alone() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let args = ["simulate", "--json", "--listen", "127.0.0.1:0", "--seed", "7", "--key", "my-key=5.00"];
    let process = Process::start(&args, &dir.path().join("log"))?;
    let client = Client::new(process.said("url")?, "my-key");
    ensure!(client.balance().await? == 5.0, "another balance than was asked for");
    ensure!(
        client.with_key("other").call("/getBalance", serde_json::json!({})).await?.code() == "ERROR_KEY_DOES_NOT_EXIST"
    );
    let (ended_well, rest) = process.stop()?;
    ensure!(ended_well && rest.is_empty(), "more than one line: {rest:?}");
    Ok(())
}

//! Canaries: a credential's bytes are in nothing but what its provider received; a client's secrets are in no file and no log.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use capstan_simulator::{Behaviour, Create, Latency, Outcome, Settings, Simulator, Usd};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::process::Process;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::json;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test("secrets: canaries appear in no file, no log and no answer", canaries_stay_hidden)]
}

const PROXY_PASSWORD: &str = "canary-proxy-password-93b1";
const COOKIE: &str = "canary-cookie-value-77f0";

async fn canaries_stay_hidden() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (data, log) = (dir.path().join("data"), dir.path().join("log"));
    let behaviour = Behaviour { latency: Latency::Fixed { ms: 0 }, time_scale: 50.0, ..Behaviour::default() };
    let simulator = Simulator::start(Settings { behaviour, keys: Vec::new(), ..Settings::default() }).await?;
    let control = simulator.control();
    let (data_text, url) = (data.display().to_string(), simulator.url());
    let args = [
        "--log",
        "trace",
        "dev",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--data",
        &data_text,
        "--simulator",
        &url,
        "--time-scale",
        "50",
    ];
    let process = Process::start(&args, &log)?;
    let provider_key = process.said("providerKey")?;
    let client = Client::new(process.said("url")?, process.said("clientKey")?);

    let mut task = recaptcha();
    task["type"] = json!("ReCaptchaV2Token");
    task["proxy"] = json!(format!("http://me:{PROXY_PASSWORD}@198.51.100.7:8080"));
    task["cookies"] = json!(format!("sid={COOKIE}"));
    let mut answers = vec![
        // The provider does not know the key yet: a refused credential must not be named in the refusal.
        client.create(task.clone()).await?,
    ];
    process.stop()?;
    control.set_key(&provider_key, Usd::dollars(100));
    let process = Process::start(&args, &log)?;
    let client = Client::new(process.said("url")?, process.said("clientKey")?);
    answers.push(client.solve(task.clone()).await?);
    // A provider that repeats the credential in its answers: neither the adapter nor the client gets to see it.
    let echo = json!({"gRecaptchaResponse": format!("03A-{provider_key}-end"), "userAgent": provider_key});
    control.script([Create::Accept { solve_after_ms: 0, outcome: Outcome::Solution(echo) }]);
    let echoed = client.solve(task.clone()).await?;
    ensure!(echoed.body["solution"]["token"] == "03A-[credential]-end", "{echoed:?}");
    answers.push(echoed);
    task["proxyType"] = json!("nonsense");
    task["proxyAddress"] = json!("198.51.100.7");
    task["proxy"] = json!(format!("what:ever:{PROXY_PASSWORD}"));
    answers.push(client.create(task).await?);
    ensure!(answers[1].body["status"] == "ready", "{:?}", answers[1]);

    let received = control.received();
    let with_key = received.iter().filter(|r| r.key.as_deref() == Some(provider_key.as_str())).count();
    ensure!(with_key > 0, "the provider never saw its key");
    let client_key = client.key.clone();
    process.stop()?;

    let secrets = [("credential", provider_key.as_str()), ("proxy password", PROXY_PASSWORD), ("cookie", COOKIE)];
    for answer in &answers {
        let text = answer.body.to_string();
        for (name, secret) in secrets {
            ensure!(!text.contains(secret), "the {name} is in an answer: {text}");
        }
    }
    let files = files_below(dir.path())?;
    ensure!(files.iter().any(|f| f.ends_with("capstan.db")) && files.contains(&log), "{files:?}");
    for file in &files {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        for (name, secret) in secrets.into_iter().chain([("API key", client_key.as_str())]) {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            ensure!(!found, "the {name} is in {}", file.display());
        }
    }
    Ok(())
}

fn files_below(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else if path.is_file() {
            // The operator's socket holds nothing.
            files.push(path);
        }
    }
    Ok(files)
}

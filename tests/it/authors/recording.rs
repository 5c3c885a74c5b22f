//! `capstan adapter record` and `capstan adapter bench`: what is said to a provider becomes fixtures that pass and hold no secret.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use capstan_simulator::{Behaviour, Create, KeySettings, Outcome, Received, Settings, Simulator, Usd, WireFormat};
use capstan_tests::client::recaptcha;
use capstan_tests::process::Process;
use serde_json::{Value, json};
use tempfile::TempDir;

const KEY: &str = "canary-key-at-the-provider";
const PASSWORD: &str = "canary pass/word+1";
const LOGIN: &str = "canary-login";
const COOKIE: &str = "canary-cookie-77f0";
const CLEARANCE: &str = "canary-clearance-93b1";

/// A simulated provider, its adapter, and a folder to record in.
struct Desk {
    simulator: Simulator,
    component: String,
    dir: TempDir,
}

/// What a command has said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    answer: String,
    complaint: String,
}

impl Desk {
    async fn of(provider: &'static str) -> Result<Self> {
        let package = format!("adapter-{provider}");
        let packages: Vec<&str> =
            capstan::adapters::SIMULATED.iter().copied().filter(|simulated| **simulated == package).collect();
        let built = tokio::task::spawn_blocking(move || capstan::adapters::build(&packages, |_| ())).await??;
        let component = built.first().context("nothing was built")?.display().to_string();
        let settings = Settings {
            speaks: provider.parse::<WireFormat>().map_err(|error| anyhow::anyhow!("{error}"))?,
            keys: vec![KeySettings { key: KEY.to_owned(), balance: Usd::dollars(5) }],
            behaviour: Behaviour { time_scale: 100.0, ..Behaviour::default() },
            ..Settings::default()
        };
        let desk = Self { simulator: Simulator::start(settings).await?, component, dir: tempfile::tempdir()? };
        std::fs::write(desk.path("key.txt"), format!("{KEY}\n"))?;
        Ok(desk)
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    async fn record(&self, task: &Value, more: &[&'static str]) -> Result<Said> {
        std::fs::write(self.path("task.json"), task.to_string())?;
        let [task, key, out] = ["task.json", "key.txt", "fixtures"].map(|name| self.path(name));
        let url = self.simulator.url();
        let mut args = vec!["adapter", "record", &self.component, "--task", &task, "--credential", &key];
        args.extend(["--out", &out, "--json"]);
        let usual = [("--source", "https://solver.example/docs"), ("--base-url", &url), ("--time-scale", "100")];
        args.extend(usual.into_iter().filter(|(flag, _)| !more.contains(flag)).flat_map(|(flag, value)| [flag, value]));
        args.extend(more);
        self.run(&args).await
    }

    async fn run(&self, args: &[&str]) -> Result<Said> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let log = self.dir.path().join("stderr");
        tokio::task::spawn_blocking(move || {
            if log.exists() {
                std::fs::remove_file(&log)?;
            }
            let (code, answer) = Process::prints(&args.iter().map(String::as_str).collect::<Vec<_>>(), &log)?;
            Ok(Said { code, answer, complaint: std::fs::read_to_string(log)? })
        })
        .await?
    }

    /// The fixtures, which must be these, pass, and hold nothing of what was to be kept.
    async fn passing(&self, names: &[&str]) -> Result<Vec<Value>> {
        let mut fixtures = Vec::new();
        let there = std::fs::read_dir(self.path("fixtures"))?.count();
        ensure!(there == names.len(), "{there} fixtures");
        for name in names {
            let text = std::fs::read_to_string(Path::new(&self.path("fixtures")).join(name))?;
            let is_clean = !text.contains("canary") && !text.contains("Y2FuYXJ5");
            ensure!(is_clean && !text.contains("pass/word"), "{name} tells a secret: {text}");
            fixtures.push(serde_json::from_str(&text)?);
        }
        // With a name it is these alone, of any name, and none of Capstan's own questions.
        let said = self.run(&["adapter", "test", &self.component, &self.path("fixtures"), "--name", ""]).await?;
        ensure!(said.code == Some(0) && said.answer.contains(" 0 of them differ"), "{said:?}");
        Ok(fixtures)
    }

    /// The tasks that the provider was sent.
    fn created(&self) -> Vec<Value> {
        self.simulator.control().received().iter().filter_map(Received::task_json).collect()
    }
}

fn with_secrets() -> Value {
    let mut task = recaptcha();
    task["type"] = json!("ReCaptchaV2Token");
    for (name, value) in [("Type", "http"), ("Address", "198.51.100.7"), ("Login", LOGIN), ("Password", PASSWORD)] {
        task[format!("proxy{name}")] = json!(value);
    }
    task["proxyPort"] = json!(8080);
    task["cookies"] = json!(format!("sid={COOKIE}"));
    task
}

pub(super) async fn of_a_task_with_secrets() -> Result<()> {
    for provider in ["anti-captcha", "2captcha"] {
        let desk = Desk::of(provider).await?;
        let said = desk.record(&with_secrets(), &["--balance"]).await.context(provider)?;
        ensure!(said.code == Some(0), "{provider}: {said:?}");
        ensure!(!said.answer.contains("canary") && !said.complaint.contains("canary"), "{provider}: {said:?}");
        ensure!(said.complaint.contains("the provider has the task, as "), "{said:?}");
        // The provider was sent the task as it is, once.
        let created = desk.created();
        let [sent] = created.as_slice() else { anyhow::bail!("{provider}: {} tasks", created.len()) };
        let sent = sent.to_string();
        ensure!(sent.contains(PASSWORD) && sent.contains(COOKIE), "{provider}: {sent}");
        let names = ["submit-recaptcha_v2.json", "poll-recaptcha_v2.json", "balance.json"];
        let [submit, poll, balance] = desk.passing(&names).await.context(provider)?.try_into().unwrap_or_default();
        let proxy = &submit["operation"]["submit"]["proxy"];
        ensure!(proxy["host"] == "198.51.100.7" && is_stand_in(&proxy["password"]), "{provider}: {submit}");
        ensure!(submit["end"]["accepted"]["reference"] == poll["operation"]["poll"][0]["reference"], "{poll}");
        let token = &poll["end"]["polled"][0]["solved"]["solution"]["token"];
        ensure!(token.as_str().is_some_and(|token| token.contains("simulated")), "{provider}: {poll}");
        ensure!(
            balance["end"]["balance"].is_string() && balance["source"] == "https://solver.example/docs",
            "{balance}"
        );
        let headers = submit["exchanges"][0]["reply"]["headers"].as_array().context("no headers")?;
        ensure!(headers.iter().all(|header| header[0] == "content-type"), "{provider}: {submit}");
    }
    Ok(())
}

fn is_stand_in(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with("stand-in-"))
}

pub(super) async fn of_a_secret_solution() -> Result<()> {
    let desk = Desk::of("capsolver").await?;
    let mut task = with_secrets();
    task["type"] = json!("AntiCloudflareTask");
    task["cookies"] = Value::Null;
    let solution = json!({
        "cookies": format!("cf_clearance={CLEARANCE}"), "token": CLEARANCE, "page_url": task["websiteURL"],
        "headers": {"User-Agent": "Agent/1", "cookie": "theme=canary-theme", "referer": task["websiteURL"]},
        "proxy": format!("http://{LOGIN}:canary%20pass%2Fword%2B1@198.51.100.7:8080"), "userAgent": "Agent/1",
    });
    desk.simulator.control().script([Create::Accept { solve_after_ms: 0, outcome: Outcome::Solution(solution) }]);
    let said = desk.record(&task, &[]).await?;
    ensure!(said.code == Some(0) && !said.answer.contains("canary"), "{said:?}");
    let [_, poll] = desk
        .passing(&["submit-cloudflare_clearance.json", "poll-cloudflare_clearance.json"])
        .await?
        .try_into()
        .unwrap_or_default();
    let solution = &poll["end"]["polled"][0]["solved"]["solution"];
    ensure!(is_stand_in(&solution["cf_clearance"]) && solution["userAgent"] == "Agent/1", "{poll}");
    let reply = &poll["exchanges"][0]["reply"]["json"]["solution"];
    ensure!(reply["cookies"] == format!("cf_clearance={}", solution["cf_clearance"].as_str().unwrap_or_default()));
    ensure!(reply["headers"]["referer"] == task["websiteURL"], "{poll}");
    Ok(())
}

pub(super) async fn of_what_goes_wrong() -> Result<()> {
    let desk = Desk::of("anti-captcha").await?;
    let control = desk.simulator.control();
    // A refusal is an answer like others.
    control.script([Create::error("ERROR_NO_SLOT_AVAILABLE")]);
    let said = desk.record(&recaptcha(), &[]).await?;
    ensure!(said.code == Some(0) && said.answer.contains("ERROR_NO_SLOT_AVAILABLE"), "{said:?}");
    let [submit] = desk.passing(&["submit-recaptcha_v2.json"]).await?.try_into().unwrap_or_default();
    ensure!(submit["end"]["failed"]["class"] == "no-capacity", "{submit}");
    // So is a task that fails.
    let outcome = Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned());
    control.script([Create::Accept { solve_after_ms: 0, outcome }]);
    let said = desk.record(&recaptcha(), &["--replace"]).await?;
    ensure!(said.code == Some(0), "{said:?}");
    let names = ["submit-recaptcha_v2.json", "poll-recaptcha_v2.json"];
    let [_, poll] = desk.passing(&names).await?.try_into().unwrap_or_default();
    ensure!(poll["end"]["polled"][0]["failed"]["class"] == "unsolvable", "{poll}");
    // Sent, and nothing was heard of it: it is not sent again, and not made up.
    let before = desk.created().len();
    std::fs::remove_dir_all(desk.path("fixtures"))?;
    control.script([Create::AcceptAndLoseReply]);
    let said = desk.record(&recaptcha(), &[]).await?;
    ensure!(said.code == Some(1) && said.complaint.contains("it may have been sent"), "{said:?}");
    ensure!(desk.created().len() == before + 1, "{}", desk.created().len());
    ensure!(std::fs::read_dir(desk.path("fixtures"))?.count() == 0, "something was written");
    Ok(())
}

pub(super) async fn refuses_what_is_in_the_way() -> Result<()> {
    let desk = Desk::of("anti-captcha").await?;
    ensure!(desk.record(&recaptcha(), &[]).await?.code == Some(0));
    let file = Path::new(&desk.path("fixtures")).join("submit-recaptcha_v2.json");
    let (first, heard) = (std::fs::read_to_string(&file)?, desk.simulator.control().received().len());
    let nonsense = json!({"type": "Nonsense"});
    let mut unserved = recaptcha();
    unserved["type"] = json!("MTCaptchaTaskProxyLess");
    let public = vec!["--replace", "--base-url", "https://solver.example", "--time-scale", "2"];
    for (task, more, why) in [
        (recaptcha(), vec![], "submit-recaptcha_v2.json exists; --replace writes over it"),
        (nonsense, vec!["--replace"], "\"Nonsense\" is no known task type"),
        (unserved, vec![], "mtcaptcha is not among the manifest's task-types"),
        (recaptcha(), vec!["--replace", "--source", "http://solver.example"], "is no https address"),
        (recaptcha(), public, "time-scale: it is for providers on this machine"),
    ] {
        let said = desk.record(&task, &more).await?;
        ensure!(said.code == Some(1) && said.complaint.contains(why), "{why}: {said:?}");
    }
    ensure!(desk.simulator.control().received().len() == heard, "something was sent");
    ensure!(std::fs::read_to_string(&file)? == first, "it was written over");
    ensure!(desk.record(&recaptcha(), &["--replace"]).await?.code == Some(0));
    ensure!(std::fs::read_to_string(&file)? != first, "it was not written over");
    Ok(())
}

pub(super) async fn is_measured() -> Result<()> {
    let desk = Desk::of("anti-captcha").await?;
    ensure!(desk.record(&recaptcha(), &[]).await?.code == Some(0));
    let folder = desk.path("fixtures");
    let bench = ["adapter", "bench", &desk.component, &folder, "--runs", "10"];
    let said = desk.run(&[&bench[..], &["--json"]].concat()).await?;
    let told: Value = serde_json::from_str(&said.answer).with_context(|| format!("{said:?}"))?;
    let fixtures = told["fixtures"].as_array().context("no list")?;
    ensure!(said.code == Some(0) && fixtures.len() == 2 && told["runs"] == 10, "{told}");
    for one in fixtures.iter().chain([&told["all"]]) {
        let [p50, p99, most] = ["p50", "p99", "most"].map(|name| one["cpuMicroseconds"][name].as_u64().unwrap_or(0));
        ensure!(0 < p50 && p50 <= p99 && p99 <= most && one["memoryBytes"].as_u64() > Some(60_000), "{one}");
    }
    // Two calls of each, ten times.
    ensure!(fixtures.iter().all(|one| one["calls"] == 20) && told["all"]["calls"] == 40, "{told}");
    let said = desk.run(&bench).await?;
    ensure!(said.answer.lines().count() == 4 && said.answer.contains("submit-recaptcha_v2"), "{said:?}");
    // One that differs is told of, and not measured.
    let file = Path::new(&folder).join("submit-recaptcha_v2.json");
    std::fs::write(&file, std::fs::read_to_string(&file)?.replace("/createTask", "/other"))?;
    let said = desk.run(&bench).await?;
    ensure!(said.code == Some(1) && said.answer.contains("exchanges[0].request.url: expected"), "{said:?}");
    ensure!(said.complaint.contains("1 of 2 differ and were not measured"), "{said:?}");
    Ok(())
}

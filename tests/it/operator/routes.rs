//! Tasks over three providers, four modes and both pools, with failures injected: a table of where each went and why, read
//! back from the stored explanations.

use std::collections::HashMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use capstan_simulator::{Create, Malformed, Outcome};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::database::Engine;
use capstan_tests::stage::{PROVIDERS, Stage};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    vec![test("operator: where tasks over three providers went, and why", a_table_of_routes)]
}

/// One request and what must come of it.
struct Case {
    what: &'static str,
    task: Value,
    options: Value,
    /// What happens at a provider before.
    trouble: Option<(&'static str, Create)>,
    /// Where the attempts go, as `provider/pool`, in order.
    goes: &'static [&'static str],
    /// How the task ends: `solved`, or the client's error code.
    ends: &'static str,
}

fn turnstile() -> Value {
    json!({"type": "TurnstileTokenProxyLess", "websiteURL": "https://example.com/", "websiteKey": "0x4AAAAAAA"})
}

fn with_proxy(mut task: Value, name: &str) -> Value {
    task["type"] = json!(name);
    task["proxy"] = json!("http://198.51.100.7:8080");
    task
}

const COMMUNITY: &str = "a-contributed-key";

/// capsolver is the cheapest, then a contributed key at anti-captcha, then anti-captcha's own, then 2captcha.
fn cases() -> Vec<Case> {
    [orders(), troubles(), proxies()].into_iter().flatten().collect()
}

fn case(what: &'static str, options: Value, goes: &'static [&'static str], ends: &'static str) -> Case {
    Case { what, task: recaptcha(), options, trouble: None, goes, ends }
}

fn cheapest() -> Value {
    json!({"selectionMode": "autoCheapest"})
}

fn orders() -> Vec<Case> {
    vec![
        case("the cheapest", cheapest(), &["capsolver/platform"], "solved"),
        case("the operator's order", json!({"selectionMode": "priority"}), &["2captcha/platform"], "solved"),
        case(
            "a mode that knows nothing bad of anybody goes by price",
            json!({"selectionMode": "autoMostReliable"}),
            &["capsolver/platform"],
            "solved",
        ),
        case("forced", json!({"provider": "2Captcha"}), &["2captcha/platform"], "solved"),
        case(
            "forced, and platform only",
            json!({"provider": "AntiCaptcha", "keyPoolMode": "platformOnly"}),
            &["anti-captcha/platform"],
            "solved",
        ),
        case("forced, both pools", json!({"provider": "AntiCaptcha"}), &["anti-captcha/community"], "solved"),
        Case { task: turnstile(), ..case("another family", cheapest(), &["capsolver/platform"], "solved") },
    ]
}

fn troubles() -> Vec<Case> {
    let trouble = |provider, trouble, case: Case| Case { trouble: Some((provider, trouble)), ..case };
    let anti_captcha = || json!({"provider": "AntiCaptcha"});
    vec![
        trouble(
            "capsolver",
            Create::error("ERROR_RATE_LIMIT"),
            case("the cheapest is throttled", cheapest(), &["capsolver/platform", "anti-captcha/community"], "solved"),
        ),
        trouble(
            "2captcha",
            Create::error("ERROR_NO_SLOT_AVAILABLE"),
            case(
                "no slot, and nowhere else to go",
                json!({"provider": "2captcha"}),
                &["2captcha/platform"],
                "NO_PROVIDERS_AVAILABLE",
            ),
        ),
        trouble(
            "anti-captcha",
            Create::error("ERROR_RECAPTCHA_INVALID_SITEKEY"),
            case(
                "the client's own fault goes no further",
                anti_captcha(),
                &["anti-captcha/community"],
                "INVALID_TASK_DATA",
            ),
        ),
        trouble(
            "anti-captcha",
            Create::AcceptAndMalform(Malformed::Html),
            case("an unclear answer is never sent again", anti_captcha(), &["anti-captcha/community"], "in doubt"),
        ),
    ]
}

fn proxies() -> Vec<Case> {
    let proxied = |case: Case| Case { task: with_proxy(recaptcha(), "ReCaptchaV2Token"), ..case };
    let mut with_password = with_proxy(recaptcha(), "ReCaptchaV2Token");
    with_password["proxy"] = json!("http://me:secret@198.51.100.7:8080");
    let forced = json!({"provider": "capsolver"});
    let (community, platform) = (&["anti-captcha/community"], &["anti-captcha/platform"]);
    vec![
        proxied(case("a proxy, which capsolver does not take for v2", cheapest(), community, "solved")),
        proxied(case("a proxy, forced to capsolver", forced, &[], "NO_PROVIDERS_AVAILABLE")),
        Case {
            task: with_password,
            ..case("a proxy's password stays on platform credentials", cheapest(), platform, "solved")
        },
    ]
}

/// After [`teach`]: capsolver is still the cheapest, but slow, and every other task fails there.
fn learned_cases() -> Vec<Case> {
    let mode = |mode: &str| json!({"selectionMode": mode});
    let anti_captcha = &["anti-captcha/community"];
    vec![
        case("the fastest, once it is known", mode("autoFastest"), anti_captcha, "solved"),
        case("the most reliable, once it is known", mode("autoMostReliable"), anti_captcha, "solved"),
        case("the cheapest stays the cheapest", cheapest(), &["capsolver/platform"], "solved"),
    ]
}

/// Lets the gateway see a dozen tasks at capsolver, slow and half of them failing, and a dozen good ones at anti-captcha.
async fn teach(stage: &Stage, client: &Client) -> Result<()> {
    let bad = |number: usize| match number % 2 {
        0 => Create::solved_after(20_000),
        _ => Create::Accept { solve_after_ms: 1_000, outcome: Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned()) },
    };
    stage.control("capsolver")?.script((0..12).map(bad));
    stage.control("anti-captcha")?.script((0..12).map(|_| Create::solved_after(0)));
    let create =
        |provider: &'static str| client.call("/createTask", json!({"provider": provider, "task": recaptcha()}));
    let created = (0..12).flat_map(|_| [create("capsolver"), create("anti-captcha")]);
    for created in futures_util::future::join_all(created).await {
        client.wait(&created?.task_id()?).await?;
    }
    Ok(())
}

async fn set_up() -> Result<(Stage, Client)> {
    // Nothing is left to a draw: the table is about one task's way each.
    let stage =
        Stage::start_with(Engine::Sqlite, &["platform-key", COMMUNITY], "\n[limits]\nfind_out_every = 0\n").await?;
    for provider in PROVIDERS {
        let flags = stage.simulated(provider)?;
        let set = ["provider", "set", provider].into_iter().chain(flags.iter().map(String::as_str));
        stage.asked(&set.collect::<Vec<_>>(), "")?;
        stage.asked(&["credential", "add", provider, "--label", &format!("main-{provider}")], "platform-key\n")?;
    }
    stage.asked(&["account", "create", "Contributor"], "")?;
    stage.asked(&["provider", "set", "anti-captcha", "--contribution-note", "a simulated provider"], "")?;
    stage.contributor("Contributor")?.lend(COMMUNITY, json!({})).await?;
    let prices = "provider,family,pool,price,share_bp\n2captcha,recaptcha_v2,platform,0.003\n\
                  2captcha,turnstile,platform,0.003\nanti-captcha,recaptcha_v2,platform,0.002\n\
                  anti-captcha,recaptcha_v2,community,0.0018,8000\ncapsolver,recaptcha_v2,platform,0.001\n\
                  capsolver,turnstile,platform,0.0015\n";
    stage.asked(&["price", "import", "-"], prices)?;
    stage.asked(&["routing", "set", "--priority", "2captcha,capsolver"], "")?;
    stage.asked(&["account", "create", "Ada"], "")?;
    stage.asked(&["account", "topup", "Ada", "10", "--reference", "first"], "")?;
    let key = stage.asked(&["key", "create", "Ada"], "")?;
    let client = stage.client(key["clientKey"].as_str().context("no key")?)?;
    Ok((stage, client))
}

async fn a_table_of_routes() -> Result<()> {
    let (stage, client) = set_up().await?;
    let mut table = "| task | mode | pool | attempts | end | why |\n|---|---|---|---|---|---|\n".to_owned();
    let (unlearned, learned) = (cases(), learned_cases());
    let first_learned = unlearned.len();
    for (number, case) in unlearned.into_iter().chain(learned).enumerate() {
        if number == first_learned {
            teach(&stage, &client).await?;
        }
        if let Some((provider, trouble)) = &case.trouble {
            stage.control(provider)?.script([trouble.clone()]);
        }
        let mut body = case.options.clone();
        body["task"] = case.task.clone();
        let (ends, shown) = run(&stage, &client, body).await.with_context(|| case.what)?;
        let went = attempts(&shown);
        ensure!(went == case.goes && ends == case.ends, "{}: went {went:?}, ended {ends}\n{shown:#}", case.what);
        write!(table, "| {} | {} | {} | ", case.what, text(&shown["mode"]), text(&shown["pool"]))?;
        writeln!(table, "{} | {ends} | {} |", went.join(", then "), why(&shown))?;
        rested(&stage).await?;
    }
    ensure_pools_are_kept(&stage)?;
    let path = capstan::adapters::workspace().join("target").join("routes.md");
    std::fs::write(&path, &table)?;
    Ok(())
}

/// Sends a task and follows it to its end, or to where it waits for its deadline.
async fn run(stage: &Stage, client: &Client, body: Value) -> Result<(String, Value)> {
    let before = last_task(stage)?;
    let created = client.call("/createTask", body).await?;
    let Ok(task) = created.task_id() else {
        // A definitive failure within createTask has no task id on the wire; the operator finds the task all the same.
        let shown = last_task(stage)?.filter(|task| Some(task) != before.as_ref());
        let shown = match shown {
            Some(task) => stage.asked(&["task", "show", &task], "")?,
            None => json!({"attempts": [], "refused": created.description()}),
        };
        return Ok((created.code().to_owned(), shown));
    };
    loop {
        let shown = stage.asked(&["task", "show", &task], "")?;
        match shown["state"].as_str() {
            Some("solved") => return Ok(("solved".to_owned(), shown)),
            Some("failed") => return Ok((text(&shown["error"]["code"]), shown)),
            Some("in_doubt") => return Ok(("in doubt".to_owned(), shown)),
            _ => tokio::task::yield_now().await,
        }
    }
}

/// The newest task in the database, whoever asked for it: read beside the gateway, as SQLite allows.
fn last_task(stage: &Stage) -> Result<Option<String>> {
    let listed = stage.asked(&["task", "list", "--most", "1"], "")?;
    Ok(listed[0]["task"].as_str().map(str::to_owned))
}

fn attempts(shown: &Value) -> Vec<String> {
    let attempts = shown["attempts"].as_array().cloned().unwrap_or_default();
    attempts.iter().map(|a| format!("{}/{}", text(&a["provider"]), text(&a["pool"]))).collect()
}

/// The reason of the last attempt, in the words that are stored with it.
fn why(shown: &Value) -> String {
    let Some(last) = shown["attempts"].as_array().and_then(|attempts| attempts.last()) else {
        return text(&shown["refused"]);
    };
    let why = &last["why"];
    let mut hits: HashMap<String, Vec<String>> = HashMap::new();
    for dropped in why["dropped"].as_array().into_iter().flatten() {
        let reasons: Vec<String> = dropped["hits"].as_array().into_iter().flatten().map(text).collect();
        hits.entry(reasons.join(" and ")).or_default().push(text(&dropped["provider"]));
    }
    let mut out: Vec<String> = hits.into_iter().map(|(why, who)| format!("{} out: {why}", who.join(", "))).collect();
    out.sort();
    out.insert(0, format!("{}, rank {}", text(&why["order"]), why["rank"]));
    out.join("; ")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| if value.is_null() { "-".to_owned() } else { value.to_string() }, str::to_owned)
}

/// Waits until no credential rests: a throttled one does for a second of its provider's time.
async fn rested(stage: &Stage) -> Result<()> {
    loop {
        let listed = stage.asked(&["credential", "list"], "")?;
        if listed.as_array().into_iter().flatten().all(|credential| credential["restsUntil"].is_null()) {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

/// The contributed key was used for what may use it, and nothing with a secret went there.
fn ensure_pools_are_kept(stage: &Stage) -> Result<()> {
    for received in stage.control("anti-captcha")?.received() {
        let is_secret = received.task_json().is_some_and(|task| task.get("proxyPassword").is_some());
        ensure!(!(is_secret && received.key.as_deref() == Some(COMMUNITY)), "a secret met a contributed key");
    }
    Ok(())
}

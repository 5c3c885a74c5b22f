//! The client API as its users meet it: every answer, every error code, every liberty that clients take.

use anyhow::{Context as _, Result, ensure};
use capstan_domain::Amount;
use capstan_domain::catalogue;
use capstan_server::settings::Limits;
use capstan_simulator::Create;
use capstan_storage::AccountStatus;
use capstan_tests::client::recaptcha;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("api: a task is solved, paid for, and its result can be read again", a_task_is_solved),
        test("api: every family that is served is solved through the gateway", every_family_is_solved),
        test("api: every refusal has its code", every_refusal_has_its_code),
        test("api: a failure within the wait is createTask's own error", an_early_failure_is_the_answer),
        test("api: a later failure is the task's, refunded", a_later_failure_is_the_tasks),
        test("api: somebody else's task is unknown", a_foreign_task_is_unknown),
        test("api: a suspended account is refused", a_suspended_account_is_refused),
        test("api: polling one's own task five times a second meets no limit", polls_are_not_limited),
        test("api: what a provider solves at once is ready in createTask's answer", solved_at_once),
        test("api: an internal error says so, and that repeating may help", internal_errors_say_so),
        test("api: a client that hangs up changes nothing", hanging_up_changes_nothing),
        test("api: paths and bodies are read as clients write them", paths_are_lenient),
    ]
}

async fn a_task_is_solved() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let before = gateway.client.balance().await?;
    let created = gateway.client.create(recaptcha()).await?;
    ensure!(
        created.status == 200 && created.body["errorId"] == 0 && created.body["status"] == "processing",
        "{created:?}"
    );
    let id = created.task_id()?;
    ensure!(id.len() == 36, "not a UUID: {id}");
    let ready = gateway.client.wait(&id).await?.body;
    ensure!(ready["status"] == "ready" && ready["errorId"] == 0 && ready["taskId"] == id.as_str(), "{ready}");
    ensure!(ready["taskType"] == "ReCaptchaV2TokenProxyLess" && ready["provider"] == "Anti-Captcha", "{ready}");
    ensure!(ready["solution"]["token"].is_string(), "{ready}");
    ensure!(ready["solution"]["token"] == ready["solution"]["gRecaptchaResponse"], "{ready}");
    ensure!(ready["createTime"].as_i64() <= ready["endTime"].as_i64() && ready["createTime"].is_i64(), "{ready}");
    let spent = before - gateway.client.balance().await?;
    ensure!((spent - 0.002).abs() < 1e-12 && ready["cost"] == 0.002, "spent {spent}, {ready}");
    ensure!(gateway.client.result(&id).await?.body == ready, "a second reading differs");
    gateway.finish().await
}

/// What the adapters of the test gateway serve.
const SERVED: [&str; 6] =
    ["recaptcha_v2", "recaptcha_v2_enterprise", "recaptcha_v3", "hcaptcha", "turnstile", "image_to_text"];

async fn every_family_is_solved() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    for family in SERVED.iter().filter_map(|name| catalogue::by_name(name)) {
        let mut task = Value::Object(catalogue::example(family));
        if family.field("body").is_some() {
            task["body"] = json!(image());
        }
        if family.field("websiteKey").is_some() {
            task["websiteKey"] = json!("6Le-wvkSAAAAAPBMRTvw0Q4Muexq9bi0DJwx_mJ-");
        }
        task["pageTitle"] = json!("a field that no family knows");
        let solved = gateway.client.solve(task.clone()).await?;
        ensure!(solved.body["status"] == "ready", "{task}: {}", solved.body);
        let is_there = |name: &str| solved.body["solution"][name].as_str().is_some_and(|text| !text.is_empty());
        ensure!(family.solution.iter().any(|field| field.main && is_there(field.name)), "{}", solved.body);
    }
    // A type without ProxyLess and without a proxy is solved without one.
    let plain = gateway.client.solve(
        json!({"type": "TurnstileTask", "websiteURL": "https://example.com", "websiteKey": "0x4AAAAAAADnPIDROrmt1Wwj"}),
    );
    ensure!(plain.await?.body["taskType"] == "TurnstileTokenProxyLess");
    gateway.finish().await
}

/// A PNG header and enough bytes after it, in base64.
pub(crate) fn image() -> String {
    let mut text = String::from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ");
    text.push_str(&"AAAA".repeat(60));
    text
}

async fn every_refusal_has_its_code() -> Result<()> {
    let denied_sites = vec!["banned.example"];
    let limits = Limits { key_burst: 200.try_into()?, ..Limits::default() };
    let gateway = TestGateway::start(Setup { denied_sites, limits, ..Setup::default() }).await?;
    let client = &gateway.client;
    let site = |url: &str| {
        let mut task = recaptcha();
        task["websiteURL"] = json!(url);
        task
    };
    let create = |options: Value| {
        let mut body = json!({"task": recaptcha()});
        body.as_object_mut()
            .into_iter()
            .for_each(|fields| fields.extend(options.as_object().cloned().unwrap_or_default()));
        client.call("/createTask", body)
    };
    let cases: Vec<(&str, &str, capstan_tests::client::Answer)> = vec![
        ("ERROR_KEY_DOES_NOT_EXIST", "", client.with_key("nobody").create(recaptcha()).await?),
        ("ERROR_KEY_DOES_NOT_EXIST", "clientKey is missing", client.send("/createTask", "{}").await?),
        ("INVALID_TASK_DATA", "task is missing", client.call("/createTask", json!({})).await?),
        ("INVALID_TASK_DATA", "task.type is missing", client.create(json!({})).await?),
        ("INVALID_TASK_DATA", "task.websiteURL is missing", client.create(json!({"type": "NoCaptchaTask"})).await?),
        ("INVALID_TASK_DATA", "task.websiteURL is \"nowhere\"", client.create(site("nowhere")).await?),
        (
            "INVALID_TASK_DATA",
            "selectionMode is \"best\": it must be one of autoCheapest, autoFastest, autoMostReliable, priority",
            create(json!({"selectionMode": "best"})).await?,
        ),
        (
            "INVALID_TASK_DATA",
            "keyPoolMode is \"mine\": it must be one of all, platformOnly",
            create(json!({"keyPoolMode": "mine"})).await?,
        ),
        ("INVALID_TASK_DATA", "body: it must be a JSON object", client.send("/createTask", "not json").await?),
        ("TASK_NOT_SUPPORTED", "\"Riddle\"", client.create(json!({"type": "Riddle"})).await?),
        ("NO_PROVIDERS_AVAILABLE", "\"nobody\"", create(json!({"provider": "nobody"})).await?),
        ("DOMAIN_BANNED", "banned.example", client.create(site("https://www.banned.example/x")).await?),
        ("ERROR_TASK_NOT_FOUND", "", client.result("0190d5a0-0000-7000-8000-000000000000").await?),
        ("ERROR_TASK_NOT_FOUND", "", client.result("123").await?),
        ("ERROR_TASK_NOT_FOUND", "taskId is missing", client.call("/getTaskResult", json!({})).await?),
    ];
    for (code, detail, answer) in &cases {
        ensure!(answer.status == 200 && answer.code() == *code, "{code}: {answer:?}");
        ensure!(answer.description().contains(detail), "{detail}: {answer:?}");
        ensure!(answer.body["errorId"] == 1, "{answer:?}");
    }
    ensure!(cases[2].2.description().starts_with("Invalid or missing task parameters. Check request structure. "));
    let (_, poor) = gateway.add_account("poor", Amount::from_nanos(1_999_999)).await?;
    ensure!(poor.create(recaptcha()).await?.code() == "ERROR_ZERO_BALANCE");
    let mut limited = 0;
    for _ in 0..400 {
        limited += usize::from(client.call("/getBalance", json!({})).await?.code() == "ERROR_RATE_LIMIT");
    }
    ensure!(limited > 0, "400 requests at once met no limit of 200");
    gateway.finish().await
}

async fn an_early_failure_is_the_answer() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    for (provider_code, code) in [
        ("ERROR_RECAPTCHA_INVALID_SITEKEY", "INVALID_TASK_DATA"),
        ("ERROR_NO_SLOT_AVAILABLE", "NO_PROVIDERS_AVAILABLE"),
    ] {
        gateway.provider.script([Create::error(provider_code)]);
        let answer = gateway.client.create(recaptcha()).await?;
        ensure!(answer.code() == code && answer.body.get("taskId").is_none(), "{answer:?}");
        ensure!(answer.description().contains(provider_code), "{answer:?}");
        ensure!(gateway.client.balance().await? == 10.0, "not refunded");
    }
    gateway.finish().await
}

async fn a_later_failure_is_the_tasks() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    gateway.provider.script([Create::Accept {
        solve_after_ms: 0,
        outcome: capstan_simulator::Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned()),
    }]);
    let created = gateway.client.create(recaptcha()).await?;
    ensure!(created.body["status"] == "processing", "{created:?}");
    let failed = gateway.client.wait(&created.task_id()?).await?;
    ensure!(failed.code() == "CAPTCHA_UNSOLVABLE" && failed.body["status"] == "failed", "{failed:?}");
    ensure!(gateway.client.balance().await? == 10.0, "not refunded");
    gateway.finish().await
}

async fn a_foreign_task_is_unknown() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let (_, stranger) = gateway.add_account("stranger", Amount::ZERO).await?;
    gateway.provider.hold_solutions();
    let id = gateway.client.create(recaptcha()).await?.task_id()?;
    ensure!(stranger.result(&id).await?.code() == "ERROR_TASK_NOT_FOUND", "an open task of somebody else");
    gateway.provider.release_solutions();
    ensure!(gateway.client.wait(&id).await?.body["status"] == "ready");
    ensure!(stranger.result(&id).await?.code() == "ERROR_TASK_NOT_FOUND", "an ended task of somebody else");
    gateway.finish().await
}

async fn a_suspended_account_is_refused() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    ensure!(gateway.client.balance().await? == 10.0);
    gateway.gateway.app.store.set_account_status(gateway.account, AccountStatus::Suspended).await?;
    gateway.gateway.app.reload().await?;
    ensure!(gateway.client.create(recaptcha()).await?.code() == "ERROR_USER_BANNED");
    gateway.finish().await
}

async fn polls_are_not_limited() -> Result<()> {
    let limits = Limits { key_rate: 1.try_into()?, key_burst: 5.try_into()?, ..Limits::default() };
    let gateway = TestGateway::start(Setup { limits, ..Setup::default() }).await?;
    gateway.provider.hold_solutions();
    let id = gateway.client.create(recaptcha()).await?.task_id()?;
    let mut pace = tokio::time::interval(std::time::Duration::from_millis(200));
    for _ in 0..30 {
        pace.tick().await;
        let answer = gateway.client.result(&id).await?;
        ensure!(answer.body["status"] == "processing", "{answer:?}");
    }
    gateway.provider.release_solutions();
    ensure!(gateway.client.wait(&id).await?.body["status"] == "ready");
    gateway.finish().await
}

async fn paths_are_lenient() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    for path in ["/getBalance", "//getBalance", "/getbalance/", "/GETBALANCE%20"] {
        ensure!(gateway.client.call(path, json!({})).await?.body["balance"] == 10.0, "{path}");
    }
    let body = json!({"clientKey": gateway.client.key, "softId": 7, "languagePool": "en", "callbackUrl": null, "task": recaptcha(), "provider": "ANTICAPTCHA", "selectionMode": "AutoFastest"});
    let created = gateway.client.send("/createTask/", body.to_string()).await?;
    ensure!(created.body["errorId"] == 0, "{created:?}");
    ensure!(gateway.client.call("/nothing", json!({})).await?.status == 404);
    gateway.client.wait(&created.task_id()?).await?;
    gateway.finish().await
}

async fn solved_at_once() -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let provider_url = Some(url::Url::parse(&format!("http://{}", listener.local_addr()?))?);
    let provider = axum::Router::new().route("/solve", axum::routing::get(async || "the answer"));
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(async move { axum::serve(listener, provider).await });
    let gateway = TestGateway::start(Setup { package: "guest-instant", provider_url, ..Setup::default() }).await?;
    let ready = gateway.client.create(json!({"type": "ImageToTextTask", "body": image()})).await?.body;
    ensure!(ready["status"] == "ready" && ready["solution"] == json!({"text": "the answer"}), "{ready}");
    ensure!(ready["cost"] == 0.002 && ready["provider"] == "Instant", "{ready}");
    let id = ready["taskId"].as_str().unwrap_or_default();
    ensure!(gateway.client.result(id).await?.body == ready, "a later reading differs");
    gateway.finish().await
}

async fn internal_errors_say_so() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    ensure!(gateway.client.balance().await? == 10.0);
    gateway.gateway.app.store.close().await;
    for answer in [gateway.client.create(recaptcha()).await?, gateway.client.call("/getBalance", json!({})).await?] {
        ensure!(answer.status == 200 && answer.code() == "INTERNAL_ERROR" && answer.body["errorId"] == 2, "{answer:?}");
        ensure!(answer.description().trim() == "Internal error.", "{answer:?}");
    }
    gateway.gateway.stop().await;
    Ok(())
}

async fn hanging_up_changes_nothing() -> Result<()> {
    use tokio::io::AsyncWriteExt as _;
    let gateway = TestGateway::start(Setup::default()).await?;
    let body = json!({"clientKey": gateway.client.key, "task": recaptcha()}).to_string();
    let request = format!("POST /createTask HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    gateway.provider.hold_creates();
    let mut patient = Vec::new();
    for n in 0..50 {
        let mut connection = tokio::net::TcpStream::connect(gateway.gateway.address).await?;
        connection.write_all(request.as_bytes()).await?;
        // Every other one hangs up at once, wherever its request is by then; the rest when the provider is being asked.
        if n % 2 == 0 {
            patient.push(connection);
        }
    }
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, gateway.provider.until(|stats| stats.creates >= 25)).await?;
    drop(patient);
    gateway.provider.release_creates();
    let settled = async {
        while gateway.gateway.app.open.count() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(patience, settled).await?;
    let balance = gateway.gateway.app.store.balance(gateway.account).await?.context("no balance")?;
    ensure!(balance.held == Amount::ZERO, "a hold is left open: {balance:?}");
    let accepted = i64::try_from(gateway.provider.stats().accepted)?;
    ensure!((25..=50).contains(&accepted), "{accepted} accepted");
    let spent = Amount::from_nanos(10_000_000_000).minus(balance.available)?;
    ensure!(spent.nanos() == accepted * 2_000_000, "{spent} spent on {accepted} tasks");
    gateway.finish().await
}

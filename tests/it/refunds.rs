//! Complaints over HTTP: who gets money back for what, and what each dialect says of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use capstan_domain::Amount;
use capstan_domain::route::Pool;
use capstan_server::operate::{RefundChange, Verb};
use capstan_simulator::{Behaviour, Create, Outcome, Usd};
use capstan_storage::Earnings;
use capstan_tests::client::{Answer, recaptcha};
use capstan_tests::database::{ENGINES, Engine};
use capstan_tests::gateway::{Return, Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::json;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = vec![
        test("refunds: after the window there is none, and no provider hears of it", after_the_window),
        test("refunds: above the cap a report is a success all the same, and no provider hears of it", above_the_cap),
        test("refunds: what is no solved task of one's own is the catalogue's error", no_solved_task),
        test("refunds: what the provider refuses, or takes no reports about, is not given back", providers_refuse),
        test("refunds: an account's own rule, and a contributor's share that is taken back", own_rule_and_share),
        test(
            "refunds: a complaint lowers what routing thinks of the provider, a good word and a late one do not",
            routing,
        ),
    ];
    tests.extend(ENGINES.map(|engine| {
        let name = format!("refunds: a complaint in time gives the money back, in every dialect ({engine:?})");
        test(name, move || every_dialect(engine))
    }));
    tests.extend(ENGINES.map(|engine| {
        let name = format!("refunds: one that waits for its provider survives a restart and is told once ({engine:?})");
        test(name, move || after_a_restart(engine))
    }));
    tests
}

/// A gateway whose provider takes reports for as long as a slow test takes.
fn setup() -> Setup {
    let mut behaviour = Behaviour::default();
    behaviour.limits.result_kept_ms = Some(24 * 3_600_000);
    Setup { behaviour, ..Setup::default() }
}

async fn set(gateway: &TestGateway, change: RefundChange) -> Result<()> {
    gateway.operate(Verb::RefundsSet { change }).await.map(drop)
}

async fn complain(gateway: &TestGateway, task: &str) -> Result<Answer> {
    gateway.client.call("/reportIncorrectRecaptcha", json!({"taskId": task})).await
}

/// How many reports the provider took.
fn taken(gateway: &TestGateway) -> u64 {
    gateway.provider.stats().reports
}

fn is_dollars(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-9
}

async fn every_dialect(engine: Engine) -> Result<()> {
    let gateway = TestGateway::start(Setup { engine, ..setup() }).await?;
    set(&gateway, RefundChange { cap_floor: Some(10), ..RefundChange::default() }).await?;
    let key = &gateway.client.key;
    let success = r#"{"errorId":0,"status":"success"}"#;
    let refunded = r#"{"errorId":0,"refund":"refunded","status":"success"}"#;
    let okay = r#"{"errorCode":"","errorDescription":"","errorId":0,"message":"okay"}"#;
    for (path, expected) in [
        ("/reportIncorrectRecaptcha", refunded),
        ("/as/2captcha/reportIncorrect", success),
        ("/as/anti-captcha/reportIncorrectRecaptcha", success),
        ("/as/capmonster/reportIncorrectTokenCaptcha", success),
        ("/as/capsolver/feedbackTask", okay),
        ("/res.php", "OK_REPORT_RECORDED"),
    ] {
        let task = gateway.client.solve(recaptcha()).await?.task_id()?;
        let before = gateway.client.balance().await?;
        let body = json!({"clientKey": key, "taskId": task, "result": {"invalid": true}}).to_string();
        let said = match path {
            "/res.php" => {
                let path = format!("/res.php?key={key}&action=reportbad&id={task}");
                gateway.client.raw(("GET", &path), |request| request).await?
            }
            path => gateway.client.raw(("POST", path), |request| request.body(body)).await?,
        };
        ensure!((said.status, said.text.as_str()) == (200, expected), "{path}: {said:?}");
        ensure!(said.header("capstan-notice") == "refund=refunded", "{path}: {said:?}");
        let after = gateway.client.balance().await?;
        ensure!(is_dollars(after, before + 0.002), "{path}: {before} and then {after}");
        let shown = gateway.operate(Verb::TaskShow { task: task.clone() }).await?;
        ensure!(shown["report"]["decision"] == "refunded" && shown["report"]["refund"] == "0.002", "{shown}");
        ensure!(shown["cost"] == "0.002" && shown["state"] == "solved", "terminal is terminal: {shown}");
        ensure!(gateway.client.result(&task).await?.body["cost"] == 0.002, "and so it is for the client");
    }
    ensure!(is_dollars(gateway.client.balance().await?, 10.0) && taken(&gateway) == 6, "{}", taken(&gateway));
    let counted = gateway.operate(Verb::RefundsList { account: None, since: "1h".to_owned() }).await?;
    let line = &counted[0];
    ensure!(line["wrong"] == 6 && line["refunded"] == 6 && line["refunds"] == "0.012", "{counted}");
    gateway.finish().await
}

async fn after_the_window() -> Result<()> {
    let gateway = TestGateway::start(setup()).await?;
    // Any time at all after the solution is too late then.
    set(&gateway, RefundChange { window: Some("0s".to_owned()), ..RefundChange::default() }).await?;
    let task = gateway.client.solve(recaptcha()).await?.task_id()?;
    for _ in 0..2 {
        let said = complain(&gateway, &task).await?;
        ensure!(said.body == json!({"errorId": 0, "status": "success", "refund": "too_late"}), "{}", said.body);
    }
    ensure!(is_dollars(gateway.client.balance().await?, 9.998) && taken(&gateway) == 0, "{}", taken(&gateway));
    gateway.finish().await
}

async fn above_the_cap() -> Result<()> {
    let gateway = TestGateway::start(setup()).await?;
    set(&gateway, RefundChange { cap_floor: Some(1), cap_share_bp: Some(0), ..RefundChange::default() }).await?;
    let mut decided = Vec::new();
    for _ in 0..2 {
        let task = gateway.client.solve(recaptcha()).await?.task_id()?;
        decided.push(complain(&gateway, &task).await?.body["refund"].clone());
    }
    // The cap is the account's: another key of it has no other.
    let other = gateway.key_with(capstan_storage::KeySettings::default()).await?;
    let task = other.solve(recaptcha()).await?.task_id()?;
    let said = other.call("/as/anti-captcha/reportIncorrectRecaptcha", json!({"taskId": task})).await?;
    ensure!(said.body == json!({"errorId": 0, "status": "success"}), "{}", said.body);
    ensure!(decided == ["refunded", "over_cap"], "{decided:?}");
    ensure!(is_dollars(gateway.client.balance().await?, 9.996) && taken(&gateway) == 1, "{}", taken(&gateway));
    gateway.finish().await
}

async fn no_solved_task() -> Result<()> {
    let gateway = TestGateway::start(setup()).await?;
    let outcome = Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned());
    gateway.provider.script([Create::Accept { solve_after_ms: 1_000, outcome }]);
    let failed = gateway.client.solve(recaptcha()).await?.task_id()?;
    let said = complain(&gateway, &failed).await?;
    ensure!(said.code() == "INVALID_TASK_DATA", "{}", said.body);
    let solved = gateway.client.solve(recaptcha()).await?.task_id()?;
    let (_, stranger) = gateway.add_account("stranger", Amount::ZERO).await?;
    for (path, code) in [
        ("/reportIncorrect", "ERROR_TASK_NOT_FOUND"),
        ("/as/anti-captcha/reportIncorrectRecaptcha", "ERROR_NO_SUCH_CAPCHA_ID"),
        ("/as/capsolver/feedbackTask", "ERROR_TASKID_INVALID"),
    ] {
        let body = json!({"taskId": solved, "result": {"invalid": true}});
        let said = stranger.call(path, body).await?;
        ensure!(said.code() == code, "{path}: {}", said.body);
    }
    let path = format!("/res.php?key={}&action=reportbad&id={solved}", stranger.key);
    let said = gateway.client.raw(("GET", &path), |request| request).await?;
    ensure!(said.text == "ERROR_WRONG_CAPTCHA_ID", "{said:?}");
    ensure!(is_dollars(gateway.client.balance().await?, 9.998) && taken(&gateway) == 0, "{}", taken(&gateway));
    gateway.finish().await
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    while !is_so().await? {
        ensure!(began.elapsed() < Duration::from_secs(60), "still not so: {what}");
        // The pace of looking, not a guess at how long it takes.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn providers_refuse() -> Result<()> {
    // This provider forgets its tasks in its own time.
    let gateway = TestGateway::start(Setup::default()).await?;
    let task = gateway.client.solve(recaptcha()).await?.task_id()?;
    until("the provider has forgotten the task", async || Ok(gateway.provider.stats().tasks.solved == 0)).await?;
    let said = complain(&gateway, &task).await?;
    ensure!(said.body["refund"] == "provider_refused", "{}", said.body);
    let turnstile = json!({
        "type": "TurnstileTaskProxyless", "websiteURL": "https://example.com/",
        "websiteKey": "0x4AAAAAAADnPIDROrmt1Wwj",
    });
    let task = gateway.client.solve(turnstile).await?.task_id()?;
    let said = complain(&gateway, &task).await?;
    ensure!(said.body["refund"] == "provider_takes_none", "{}", said.body);
    ensure!(is_dollars(gateway.client.balance().await?, 9.996), "nothing was given back");
    gateway.finish().await
}

async fn own_rule_and_share() -> Result<()> {
    let credentials = vec![("contributed-key-of-a-member", Pool::Community)];
    let gateway = TestGateway::start(Setup { credentials, ..setup() }).await?;
    let own = |rule: &str| {
        let account = Some(gateway.account.to_string());
        set(&gateway, RefundChange { account, rule: Some(rule.to_owned()), ..RefundChange::default() })
    };
    own("never").await?;
    let task = gateway.client.solve(recaptcha()).await?.task_id()?;
    ensure!(complain(&gateway, &task).await?.body["refund"] == "switched_off", "switched off");
    let earned = || gateway.gateway.app.store.earnings(gateway.contributor);
    let share = Amount::from_nanos(1_350_000);
    ensure!(earned().await? == Earnings { pending: share, available: Amount::ZERO }, "the share stays");
    own("always").await?;
    let task = gateway.client.solve(recaptcha()).await?.task_id()?;
    ensure!(complain(&gateway, &task).await?.body["refund"] == "refunded", "refunded");
    ensure!(earned().await? == Earnings { pending: share, available: Amount::ZERO }, "one of two shares is taken back");
    ensure!(is_dollars(gateway.client.balance().await?, 9.9985), "one of two is paid");
    own("none").await?;
    let shown = gateway.operate(Verb::RefundsShow).await?;
    ensure!(shown["rule"] == "provider" && shown["accounts"] == json!({}), "{shown}");
    gateway.finish().await
}

async fn routing() -> Result<()> {
    let gateway = TestGateway::start(setup()).await?;
    let success = || async {
        let task = gateway.client.solve(recaptcha()).await?.task_id()?;
        let shown = gateway.operate(Verb::TaskShow { task: task.clone() }).await?;
        let success = shown["attempts"][0]["why"]["candidates"][0]["success"].as_f64();
        anyhow::Ok((task, success.with_context(|| shown.to_string())?))
    };
    let (first, _) = success().await?;
    let (second, before) = success().await?;
    gateway.client.call("/reportCorrectRecaptcha", json!({"taskId": first})).await?;
    set(&gateway, RefundChange { window: Some("0s".to_owned()), ..RefundChange::default() }).await?;
    ensure!(complain(&gateway, &second).await?.body["refund"] == "too_late", "too late");
    let (third, unchanged) = success().await?;
    ensure!(unchanged >= before, "{before} and then {unchanged}");
    set(&gateway, RefundChange { window: Some("10m".to_owned()), ..RefundChange::default() }).await?;
    ensure!(complain(&gateway, &third).await?.body["refund"] == "refunded", "in time");
    let (_, lowered) = success().await?;
    ensure!(lowered < unchanged, "{unchanged} and then {lowered}");
    gateway.finish().await
}

async fn after_a_restart(engine: Engine) -> Result<()> {
    let gateway = TestGateway::start(Setup { engine, ..setup() }).await?;
    let key = "provider-key-of-the-platform";
    let task = gateway.client.solve(recaptcha()).await?.task_id()?;
    // The provider listens to nobody for a while: it surely has not heard.
    gateway.provider.revoke_key(key);
    let said = complain(&gateway, &task).await?;
    ensure!(said.body["refund"] == "pending", "{}", said.body);
    ensure!(is_dollars(gateway.client.balance().await?, 9.998), "nothing is given back yet");
    gateway.provider.set_key(key, Usd::dollars(5));
    let gateway = gateway.restart(Return::default()).await?;
    until("the money is back", async || Ok(is_dollars(gateway.client.balance().await?, 10.0))).await?;
    ensure!(taken(&gateway) == 1, "the provider took {}", taken(&gateway));
    let said = complain(&gateway, &task).await?;
    ensure!(said.body["refund"] == "refunded" && taken(&gateway) == 1, "{}", said.body);
    gateway.finish().await
}

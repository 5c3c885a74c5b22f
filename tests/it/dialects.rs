//! The dialects over HTTP: how one is chosen, and a task's whole life in each.

use anyhow::{Result, ensure};
use capstan_domain::Amount;
use capstan_domain::dialect::Dialect;
use capstan_simulator::{Create, Outcome};
use capstan_storage::KeySettings;
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("dialects: the first that speaks wins: suffix, path, listener, key", the_first_that_speaks),
        test("dialects: an unknown suffix is named, in the dialect that was asked for", unknown_suffix),
        test("dialects: a suffix routes as the request's own options would", suffix_routes),
        test("dialects: a task's whole life in each", whole_life),
        test("dialects: a failed task and a bad key in each", failures),
        test("dialects: a report reaches the provider once", reports),
        test("dialects: long poll answers when the task ends", long_poll),
    ]
}

/// Which dialect answers, told by a task that does not exist.
async fn spoken(client: &Client, base: &str, key: &str) -> Result<Dialect> {
    let body = json!({"clientKey": key, "taskId": 1}).to_string();
    let answer = client.send(&format!("{base}/getTaskResult"), body).await?;
    Ok(match answer.code() {
        "ERROR_TASK_NOT_FOUND" => Dialect::AnySolver,
        "ERROR_NO_SUCH_CAPCHA_ID" => Dialect::AntiCaptcha,
        "ERROR_TASKID_INVALID" => Dialect::CapSolver,
        other => anyhow::bail!("{other}: {}", answer.body),
    })
}

async fn the_first_that_speaks() -> Result<()> {
    use Dialect::{AntiCaptcha, AnySolver, CapSolver};
    let gateway = TestGateway::start(Setup::default()).await?;
    let set = gateway.key_with(KeySettings { dialect: Some(AntiCaptcha), ..KeySettings::default() }).await?;
    let (plain, main, listener) = (&gateway.client.key, &gateway.client, gateway.listener(CapSolver)?);
    for (client, base, key, expected) in [
        (main, "", plain.clone(), AnySolver),
        (main, "", set.key.clone(), AntiCaptcha),
        (&listener, "", set.key.clone(), CapSolver),
        (&listener, "/as/anysolver", set.key.clone(), AnySolver),
        (&listener, "/as/anysolver", format!("{}__2captcha", set.key), AntiCaptcha),
        (main, "/as/capmonster", plain.clone(), AntiCaptcha),
        (main, "//as//CapSolver/", plain.clone(), CapSolver),
        (main, "", format!("{plain}__capsolver__platformOnly"), CapSolver),
    ] {
        let found = spoken(client, base, &key).await?;
        ensure!(found == expected, "{base:?} {} {found:?}", key.replace(plain.as_str(), "KEY"));
    }
    gateway.finish().await
}

async fn unknown_suffix() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    for (suffix, code, status) in [
        ("__sooner", "INVALID_TASK_DATA", 200),
        ("__sooner__anticaptcha", "ERROR_BAD_PARAMETERS", 200),
        ("__capsolver__sooner", "ERROR_INVALID_TASK_DATA", 400),
    ] {
        let client = gateway.client.with_key(format!("{}{suffix}", gateway.client.key));
        let answer = client.call("/getBalance", json!({})).await?;
        ensure!((answer.code(), answer.status) == (code, status), "{}", answer.body);
        ensure!(answer.description().contains("\"sooner\""), "{}", answer.body);
        ensure!(!answer.body.to_string().contains(&gateway.client.key), "the key is repeated");
    }
    gateway.finish().await
}

async fn suffix_routes() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let with = |suffix: &str| gateway.client.with_key(format!("{}{suffix}", gateway.client.key));
    let forced = with("__provider_nobody").create(recaptcha()).await?;
    ensure!(forced.code() == "NO_PROVIDERS_AVAILABLE", "{}", forced.body);
    let body = json!({"task": recaptcha(), "provider": "anti-captcha"});
    let overruled = with("__provider_nobody").call("/createTask", body).await?;
    ensure!(overruled.body["errorId"] == 0, "the request's own word comes first: {}", overruled.body);
    let forced = with("__provider_Anti-Captcha__autoFastest").create(recaptcha()).await?;
    ensure!(forced.body["errorId"] == 0, "{}", forced.body);
    gateway.finish().await
}

/// Polls in a dialect until the task is no longer open.
async fn wait(client: &Client, base: &str, id: &Value) -> Result<Value> {
    let body = json!({"taskId": id, "wait": 30});
    Ok(client.call(&format!("{base}/getTaskResult"), body).await?.body)
}

async fn whole_life() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    for (name, dialect) in Dialect::ALL {
        let base = format!("/as/{name}");
        let created = gateway.client.call(&format!("{base}/createTask"), json!({"task": recaptcha()})).await?;
        let id = created.body["taskId"].clone();
        let expected = match dialect {
            Dialect::AnySolver => json!({"errorId": 0, "taskId": id, "status": "processing"}),
            Dialect::AntiCaptcha => json!({"errorId": 0, "taskId": id}),
            Dialect::CapSolver => json!({
                "errorId": 0, "errorCode": "", "errorDescription": "", "taskId": id, "status": "idle",
            }),
        };
        ensure!(created.body == expected && created.status == 200, "{}", created.body);
        let is_number = id.as_i64().is_some_and(|id| id > 0 && id < 1 << 53);
        ensure!(is_number == (*dialect == Dialect::AntiCaptcha), "{id}");
        let ready = wait(&gateway.client, &base, &id).await?;
        ensure!(ready["status"] == "ready" && ready["solution"]["token"].is_string(), "{ready}");
        ensure!(ready["solution"]["gRecaptchaResponse"] == ready["solution"]["token"], "{ready}");
        // Every dialect knows the task under either name.
        let asked = id.as_i64().map_or_else(|| id.clone(), |number| json!(number.to_string()));
        for (other, _) in Dialect::ALL {
            let again = wait(&gateway.client, &format!("/as/{other}"), &asked).await?;
            ensure!(again["status"] == "ready", "{again}");
        }
        let balance = gateway.client.call(&format!("{base}/getBalance"), json!({})).await?;
        ensure!(balance.body["balance"].as_f64().is_some_and(|b| b > 9.0), "{}", balance.body);
    }
    gateway.finish().await
}

async fn failures() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    for (dialect, unsolvable, bad_key) in [
        (Dialect::AnySolver, (200, "CAPTCHA_UNSOLVABLE"), (200, "ERROR_KEY_DOES_NOT_EXIST")),
        (Dialect::AntiCaptcha, (200, "ERROR_CAPTCHA_UNSOLVABLE"), (200, "ERROR_KEY_DOES_NOT_EXIST")),
        (Dialect::CapSolver, (400, "ERROR_CAPTCHA_UNSOLVABLE"), (401, "ERROR_KEY_DENIED_ACCESS")),
    ] {
        let client = gateway.listener(dialect)?;
        let outcome = Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned());
        gateway.provider.script([Create::Accept { solve_after_ms: 1_000, outcome }]);
        let id = client.create(recaptcha()).await?.body["taskId"].clone();
        let failed = client.call("/getTaskResult", json!({"taskId": id, "wait": 30})).await?;
        ensure!((failed.status, failed.code()) == unsolvable, "{}", failed.body);
        let stranger = client.with_key("cap_nobody").create(recaptcha()).await?;
        ensure!((stranger.status, stranger.code()) == bad_key, "{}", stranger.body);
    }
    let balance = gateway.client.balance().await?;
    ensure!((balance - 10.0).abs() < 1e-9, "a failed task costs nothing: {balance}");
    gateway.finish().await
}

async fn reports() -> Result<()> {
    let mut behaviour = capstan_simulator::Behaviour::default();
    // The provider takes a report for as long as a slow test takes.
    behaviour.limits.result_kept_ms = Some(24 * 3_600_000);
    let gateway = TestGateway::start(Setup { behaviour, ..Setup::default() }).await?;
    let solved = gateway.client.solve(recaptcha()).await?.task_id()?;
    let told = |path: &str| {
        gateway.provider.received().iter().filter(|received| received.path.to_lowercase().contains(path)).count()
    };
    for _ in 0..2 {
        let answer = gateway.client.call("/reportIncorrectRecaptcha", json!({"taskId": solved})).await?;
        ensure!(answer.body == json!({"errorId": 0, "status": "success", "refund": "refunded"}), "{}", answer.body);
    }
    ensure!(told("report") == 1, "the provider was told {} times", told("report"));
    let feedback = json!({"taskId": solved, "result": {"invalid": true}});
    let answer = gateway.client.call("/as/capsolver/feedbackTask", feedback).await?;
    ensure!(answer.body["message"] == "okay" && told("report") == 1, "{}", answer.body);
    let open = gateway.client.create(recaptcha()).await?.task_id()?;
    let answer = gateway.client.call("/reportCorrectRecaptcha", json!({"taskId": open})).await?;
    ensure!(answer.code() == "INVALID_TASK_DATA", "{}", answer.body);
    let (_, stranger) = gateway.add_account("stranger", Amount::ZERO).await?;
    let answer = stranger.call("/reportIncorrect", json!({"taskId": solved})).await?;
    ensure!(answer.code() == "ERROR_TASK_NOT_FOUND", "{}", answer.body);
    gateway.finish().await
}

async fn long_poll() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    gateway.provider.hold_solutions();
    let id = gateway.client.create(recaptcha()).await?.task_id()?;
    let now = gateway.client.call("/getTaskResult", json!({"taskId": id, "wait": 0.2})).await?;
    ensure!(now.body["status"] == "processing", "the wait is over before the task: {}", now.body);
    let waiting = gateway.client.call("/getTaskResult", json!({"taskId": id, "wait": "50"}));
    let (ready, ()) = tokio::join!(waiting, async { gateway.provider.release_solutions() });
    let ready = ready?;
    ensure!(ready.body["status"] == "ready", "{}", ready.body);
    let bad = gateway.client.call("/getTaskResult", json!({"taskId": id, "wait": "soon"})).await?;
    ensure!(bad.code() == "INVALID_TASK_DATA" && bad.description().contains("wait"), "{}", bad.body);
    gateway.finish().await
}

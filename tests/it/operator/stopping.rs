//! A key is revoked, an account suspended, while requests come as fast as they can: the very next one is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::stage::Stage;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::json;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("operator: a revoked key and a suspended account are refused at once, under load", at_once),
        test("operator: a key keeps to its addresses, its rate, its open tasks and its daily cap", bounds),
    ]
}

async fn ready() -> Result<Stage> {
    let stage = Stage::start(&["platform-key"]).await?;
    let flags = stage.simulated("anti-captcha")?;
    let set = ["provider", "set", "anti-captcha"].into_iter().chain(flags.iter().map(String::as_str));
    stage.asked(&set.collect::<Vec<_>>(), "")?;
    stage.asked(&["credential", "add", "anti-captcha", "--label", "main"], "platform-key\n")?;
    stage.asked(&["price", "set", "anti-captcha", "recaptcha_v2", "0.002"], "")?;
    stage.asked(&["account", "create", "Ada"], "")?;
    stage.asked(&["account", "topup", "Ada", "50.00", "--reference", "first"], "")?;
    Ok(stage)
}

fn new_key(stage: &Stage, more: &[&str]) -> Result<(String, String)> {
    let args: Vec<&str> = ["key", "create", "Ada"].into_iter().chain(more.iter().copied()).collect();
    let made = stage.asked(&args, "")?;
    let part = |name: &str| made[name].as_str().map(str::to_owned).context("a new key has two names");
    Ok((part("clientKey")?, part("publicId")?))
}

/// Clients that ask for their balance and create tasks as fast as they can, until one has been refused.
struct Load {
    done: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    workers: Vec<tokio::task::JoinHandle<Result<()>>>,
}

impl Load {
    #[expect(clippy::disallowed_methods, reason = "the load is joined at its end")]
    fn start(client: &Client, refusal: &'static str) -> Self {
        let (done, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let worker = |number| {
            let (client, done, asked) = (client.clone(), Arc::clone(&done), Arc::clone(&asked));
            tokio::spawn(async move {
                while !done.load(Ordering::SeqCst) {
                    let answer = match number % 2 {
                        0 => client.create(recaptcha()).await?,
                        _ => client.call("/getBalance", json!({})).await?,
                    };
                    ensure!(answer.code().is_empty() || answer.code() == refusal, "{answer:?}");
                    asked.fetch_add(1, Ordering::SeqCst);
                }
                Ok(())
            })
        };
        let workers = (0..6).map(worker).collect();
        Self { done, asked, workers }
    }

    /// Waits until the load runs.
    async fn running(&self) {
        while self.asked.load(Ordering::SeqCst) < 30 {
            tokio::task::yield_now().await;
        }
    }

    async fn end(self) -> Result<()> {
        self.done.store(true, Ordering::SeqCst);
        for worker in self.workers {
            worker.await??;
        }
        Ok(())
    }
}

async fn at_once() -> Result<()> {
    let stage = ready().await?;
    // The load is as fast as it can be: its own limit is not what this is about.
    let unlimited = ["--rate", "100000"];
    for round in 0..5 {
        let (client_key, public_id) = new_key(&stage, &unlimited)?;
        let client = stage.client(&client_key)?;
        let load = Load::start(&client, "ERROR_KEY_DOES_NOT_EXIST");
        load.running().await;
        stage.asked(&["key", "revoke", &public_id], "")?;
        for _ in 0..20 {
            let answer = client.create(recaptcha()).await?;
            ensure!(answer.code() == "ERROR_KEY_DOES_NOT_EXIST", "round {round}: {answer:?}");
            let answer = client.call("/getBalance", json!({})).await?;
            ensure!(answer.code() == "ERROR_KEY_DOES_NOT_EXIST", "round {round}: {answer:?}");
        }
        load.end().await?;
    }
    let (client_key, _) = new_key(&stage, &unlimited)?;
    let client = stage.client(&client_key)?;
    for round in 0..5 {
        let load = Load::start(&client, "ERROR_USER_BANNED");
        load.running().await;
        stage.asked(&["account", "suspend", "Ada"], "")?;
        for _ in 0..20 {
            let answer = client.create(recaptcha()).await?;
            ensure!(answer.code() == "ERROR_USER_BANNED", "round {round}: {answer:?}");
        }
        load.end().await?;
        stage.asked(&["account", "resume", "Ada"], "")?;
        ensure!(client.create(recaptcha()).await?.code().is_empty(), "round {round}: resumed and still refused");
    }
    Ok(())
}

async fn bounds() -> Result<()> {
    let stage = ready().await?;
    let (elsewhere, public_id) = new_key(&stage, &["--addresses", "203.0.113.0/24"])?;
    let client = stage.client(&elsewhere)?;
    let refused = client.create(recaptcha()).await?;
    ensure!(refused.code() == "ERROR_IP_NOT_ALLOWED" && refused.description().contains("127.0.0.1"), "{refused:?}");
    stage.asked(&["key", "edit", &public_id, "--addresses", "203.0.113.0/24,127.0.0.0/8"], "")?;
    ensure!(client.create(recaptcha()).await?.code().is_empty());

    let client = stage.client(&new_key(&stage, &["--rate", "1"])?.0)?;
    let answers = futures_util::future::join_all((0..6).map(|_| client.call("/getBalance", json!({})))).await;
    let codes = answers.into_iter().map(|a| Ok(a?.code().to_owned())).collect::<Result<Vec<_>>>()?;
    ensure!(codes.iter().filter(|code| *code == "ERROR_RATE_LIMIT").count() >= 2, "{codes:?}");

    stage.control("anti-captcha")?.hold_solutions();
    let client = stage.client(&new_key(&stage, &["--in-flight", "3"])?.0)?;
    let answers = futures_util::future::join_all((0..8).map(|_| client.create(recaptcha()))).await;
    let answers = answers.into_iter().collect::<Result<Vec<_>>>()?;
    let open: Vec<String> = answers.iter().filter_map(|answer| answer.task_id().ok()).collect();
    ensure!(open.len() == 3, "{answers:?}");
    let refused = answers.iter().find(|answer| !answer.code().is_empty()).context("none was refused")?;
    ensure!(refused.code() == "ERROR_RATE_LIMIT" && refused.description().contains("3 open tasks"), "{refused:?}");
    stage.control("anti-captcha")?.release_solutions();
    for task in &open {
        ensure!(client.wait(task).await?.body["status"] == "ready");
    }
    ensure!(client.create(recaptcha()).await?.code().is_empty(), "places are given back");

    let client = stage.client(&new_key(&stage, &["--daily-cap", "0.005"])?.0)?;
    client.solve(recaptcha()).await?;
    client.solve(recaptcha()).await?;
    let refused = client.create(recaptcha()).await?;
    ensure!(refused.code() == "ERROR_DAILY_LIMIT" && refused.description().contains("0.001 are left"), "{refused:?}");
    Ok(())
}

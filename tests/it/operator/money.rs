//! Money by the operator's verbs: statements, what is given and taken, what contributors earn, the check of the ledger.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_server::settings::Limits;
use capstan_tests::client::recaptcha;
use capstan_tests::exposition::Exposition;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::process::Process;
use capstan_tests::stage::Stage;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("operator: a statement is read page by page and as CSV", statements),
        test("operator: money moved by hand moves once and is explained", by_hand),
        test("operator: a contributor's earnings are taken back, mature, are spent and paid out", earnings),
        test("operator: the ledger is checked in the background and by hand", checked),
    ]
}

const GIVE: [&str; 8] =
    ["account", "adjust", "Ada", "1.50", "--reference", "ticket-812", "--reason", "slow on 3 March, \"sorry\""];

async fn statements() -> Result<()> {
    let stage = Stage::start(&["platform-key"]).await?;
    stage.asked(&["account", "create", "Ada"], "")?;
    for n in ["1", "2", "3"] {
        stage.asked(&["account", "topup", "Ada", n, "--reference", &format!("payment-{n}")], "")?;
    }
    stage.asked(&GIVE, "")?;
    let ask = ["account", "statement", "Ada", "--limit", "3"];
    let first = stage.asked(&ask, "")?;
    let after = |page: &Value| -> Vec<Value> {
        page["lines"].as_array().into_iter().flatten().map(|line| line["availableAfter"].clone()).collect()
    };
    assert_eq!(after(&first), ["7.50", "6.00", "3.00"]);
    let newest = &first["lines"][0];
    ensure!(newest["kind"] == "adjustment" && newest["note"] == "slow on 3 March, \"sorry\"", "{newest}");
    let cursor = first["next"].as_str().context("there is more")?;
    stage.asked(&["account", "topup", "Ada", "40", "--reference", "later"], "")?;
    let second = stage.asked(&[&ask[..], &["--cursor", cursor]].concat(), "")?;
    assert_eq!((after(&second), &second["next"]), (vec![json!("1.00")], &Value::Null));

    let csv = stage.verb(&[&ask[..], &["--csv"]].concat(), "")?;
    let lines: Vec<&str> = csv.out.lines().collect();
    ensure!(lines[0] == "at,kind,task,reference,note,available,held,available_after,move", "{csv:?}");
    ensure!(lines[1].contains(",topup,,later,,40.00,0.00,47.50,"), "{csv:?}");
    ensure!(lines[2].contains(",ticket-812,\"slow on 3 March, \"\"sorry\"\"\",1.50,0.00,7.50,"), "{csv:?}");
    ensure!(lines.len() == 4 && csv.complaint.contains("There is more: --cursor "), "{csv:?}");
    let table = stage.verb(&["account", "statement", "Ada"], "")?;
    ensure!(table.out.contains("AVAILABLE AFTER") && table.out.contains("payment-1"), "{table:?}");

    stage.asked(&["account", "create", "Bob"], "")?;
    for wrong in
        [&["account", "statement", "Bob", "--cursor", cursor][..], &["account", "statement", "Ada", "--cursor", "x"]]
    {
        let answer = stage.verb(wrong, "")?;
        ensure!(!answer.well && answer.complaint.contains("cursor: it is none of this account's"), "{answer:?}");
    }
    let none = stage.asked(&["account", "statement", "Ada", "--since", "2999-01-01"], "")?;
    assert_eq!(none["lines"], json!([]));
    Ok(())
}

async fn by_hand() -> Result<()> {
    let stage = Stage::start(&["platform-key"]).await?;
    stage.asked(&["account", "create", "Ada"], "")?;
    let (first, again) = (stage.asked(&GIVE, "")?, stage.asked(&GIVE, "")?);
    ensure!(first["bookedBefore"] == false && again["bookedBefore"] == true, "{first} {again}");
    ensure!(again["available"] == "1.50", "{again}");
    for _ in 0..2 {
        stage.asked(&["account", "topup", "Ada", "1.00", "--reference", "r1"], "")?;
    }
    let reason = ["--reason", "given twice"];
    for (args, said) in [
        (
            &["account", "adjust", "Ada", "2.00", "--reference", "ticket-812"][..],
            "the reference belongs to a move of kind adjustment",
        ),
        (&["account", "adjust", "Ada", "-9", "--reference", "r2"], "the account has 2.50 USD available"),
        (&["account", "adjust", "Ada", "0", "--reference", "r2"], "amount: it must give (above zero) or take"),
        (&["account", "payout", "Ada", "1", "--reference", "r2"], "the account has matured earnings of 0.00 USD"),
        (&["account", "spend", "Ada", "1", "--reference", "r1"], "the reference belongs to a move of kind topup"),
        (&["earning", "take-back", "0198b6c2-0000-7000-8000-000000000000"], "the attempt has earned nobody a share"),
        (&["earning", "take-back", "mine"], "attempt: \"mine\" is no attempt's id"),
    ] {
        let answer = stage.verb(&[args, &reason].concat(), "")?;
        ensure!(!answer.well && answer.complaint.contains(said), "{args:?}: {answer:?}");
    }
    let silent = stage.verb(&["account", "adjust", "Ada", "1", "--reference", "r3"], "")?;
    ensure!(!silent.well && silent.complaint.contains("reason: --reason must say why"), "{silent:?}");
    let lines = stage.asked(&["audit", "list"], "")?;
    let of_operators = lines.as_array().into_iter().flatten().filter(|line| line["actor"] != "configuration");
    let actions: Vec<&str> = of_operators.filter_map(|line| line["action"].as_str()).collect();
    assert_eq!(actions, ["account topup", "account adjust", "account create"]);
    let shown = stage.asked(&["account", "show", "Ada"], "")?;
    ensure!(shown["available"] == "2.50" && shown["earningsPending"] == "0.00", "{shown}");
    Ok(())
}

/// A gateway with one provider, whose only credential is Ada's, and Bob, who pays.
async fn a_contributed_key() -> Result<(Stage, String)> {
    let stage = Stage::start(&["key-of-ada"]).await?;
    let flags = stage.simulated("anti-captcha")?;
    let set = ["provider", "set", "anti-captcha"].into_iter().chain(flags.iter().map(String::as_str));
    stage.asked(&set.collect::<Vec<_>>(), "")?;
    stage.asked(&["account", "create", "Ada"], "")?;
    stage.asked(&["provider", "set", "anti-captcha", "--contribution-note", "a simulated provider"], "")?;
    stage.contributor("Ada")?.lend("key-of-ada", json!({})).await?;
    stage.asked(&["price", "import", "-"], "anti-captcha,recaptcha_v2,community,0.004,9000\n")?;
    stage.asked(&["account", "create", "Bob"], "")?;
    stage.asked(&["account", "topup", "Bob", "1", "--reference", "first"], "")?;
    let key = stage.asked(&["key", "create", "Bob"], "")?;
    let key = key["clientKey"].as_str().context("no key")?.to_owned();
    Ok((stage, key))
}

async fn earnings() -> Result<()> {
    let (mut stage, key) = a_contributed_key().await?;
    let solved = stage.client(&key)?.solve(recaptcha()).await?;
    ensure!(solved.body["status"] == "ready", "{solved:?}");
    let earned = stage.asked(&["account", "show", "Ada"], "")?;
    ensure!(earned["earningsPending"] == "0.0036" && earned["earningsAvailable"] == "0.00", "{earned}");
    let task = stage.asked(&["task", "show", &solved.task_id()?], "")?;
    let attempt = task["attempts"][0]["attempt"].as_str().context("an attempt")?;
    for before in [false, true] {
        let taken = stage.asked(&["earning", "take-back", attempt, "--reason", "a stolen key"], "")?;
        ensure!(taken["amount"] == "0.0036" && taken["bookedBefore"] == before, "{taken}");
    }

    // What is earned from now on is out of dispute at once.
    let config = stage.path("capstan.toml");
    let text = std::fs::read_to_string(&config)? + "[limits]\ndispute_window = \"0s\"\n";
    std::fs::write(&config, text)?;
    stage.process.ask_to_stop()?;
    stage.process =
        Process::start(&["serve", "--json", "--config", &config.display().to_string()], &stage.path("log"))?;
    ensure!(stage.client(&key)?.solve(recaptcha()).await?.body["status"] == "ready", "a second task");
    let maturing = async {
        while stage.asked(&["account", "show", "Ada"], "")?["earningsAvailable"] == "0.00" {
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(Duration::from_secs(20), maturing).await.context("nothing matured")??;
    stage.asked(&["account", "payout", "Ada", "0.003", "--reference", "transfer-1"], "")?;
    let spent = stage.asked(&["account", "spend", "Ada", "0.0006", "--reference", "spend-1"], "")?;
    ensure!(spent["available"] == "0.0006" && spent["earningsAvailable"] == "0.00", "{spent}");
    let page = stage.asked(&["account", "statement", "Ada", "--earnings"], "")?;
    let lines = page["lines"].as_array().into_iter().flatten();
    let kinds: Vec<&str> = lines.filter_map(|line| line["kind"].as_str()).collect();
    assert_eq!(kinds, ["spending", "payout", "maturity", "capture", "clawback", "capture"]);
    ensure!(page["lines"][4]["note"] == "a stolen key" && page["lines"][4]["pending"] == "-0.0036", "{page}");
    let report = stage.asked(&["ledger", "verify"], "")?;
    ensure!(report["agrees"] == true && report["earnings"] == 2, "{report}");
    Ok(())
}

async fn checked() -> Result<()> {
    let limits = Limits { ledger_check_every: Duration::from_secs(1), ..Limits::default() };
    let gateway = TestGateway::start(Setup { limits, ..Setup::default() }).await?;
    ensure!(gateway.client.solve(recaptcha()).await?.body["status"] == "ready", "a task");
    let url = gateway.gateway.metrics_url().context("metrics are not served")?;
    let checking = async {
        loop {
            let seen = Exposition::parse(gateway.client.read(&url).await?)?;
            if seen.sum("capstan_ledger_checks_total", &[("outcome", "agrees")]) >= 1.0 {
                return anyhow::Ok(seen);
            }
            tokio::task::yield_now().await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), checking).await.context("it was not checked")??;
    ensure!(seen.sum("capstan_ledger_difference", &[]) == 0.0, "no difference");
    ensure!(seen.sum("capstan_ledger_checked_at_seconds", &[]) > 1_700_000_000.0, "when");
    ensure!(seen.sum("capstan_ledger_checks_total", &[("outcome", "differs")]) == 0.0, "it agrees");
    gateway.finish().await
}

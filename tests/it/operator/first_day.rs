//! The first day as `docs/first-day.md` tells it: every block of the page is run, and every verb is on the page.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use capstan_simulator::Usd;
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::components::with_another_digest;
use capstan_tests::contributor::Contributor;
use capstan_tests::registry::{Door, Registry};
use capstan_tests::stage::{PROVIDERS, Stage};
use capstan_tests::suite::test;
use clap::CommandFactory as _;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("operator: the first day goes as the page tells it", first_day),
        test("operator: every verb is on the page and has a help with what it does", every_verb),
    ]
}

fn page() -> Result<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Ok(std::fs::read_to_string(root.parent().context("no root")?.join("docs/first-day.md"))?)
}

/// The block of the page that has this mark.
fn block(page: &str, name: &str) -> Result<String> {
    let after = page.split_once(&format!("<!-- run: {name} -->\n```sh\n")).with_context(|| format!("no {name}"))?.1;
    Ok(after.split_once("```").context("a block without an end")?.0.to_owned())
}

fn prices(page: &str) -> Result<String> {
    let after = page.split_once("```csv\n").context("no prices")?.1;
    Ok(after.split_once("```").context("a block without an end")?.0.to_owned())
}

const KEY_AT_PROVIDERS: &str = "the-operators-key-at-a-provider";

async fn first_day() -> Result<()> {
    let (page, stage) = (page()?, Stage::start(&[KEY_AT_PROVIDERS]).await?);
    for provider in PROVIDERS {
        std::fs::write(stage.path(format!("{provider}.key")), format!("{KEY_AT_PROVIDERS}\n"))?;
    }
    std::fs::write(stage.path("capsolver-new.key"), "another-key-at-capsolver\n")?;
    stage.control("capsolver")?.set_key("another-key-at-capsolver", Usd::dollars(5));
    std::fs::write(stage.path("prices.csv"), prices(&page)?)?;
    let run = |name: &str, variables: &[(&str, &str)]| -> Result<String> {
        let said = stage.script(&block(&page, name)?, variables)?;
        ensure!(said.well, "{name}: {said:?}");
        Ok(said.out)
    };

    let said = run("providers", &[])?;
    ensure!(said.contains("clientKey") || said.contains("key"), "the fields of credentials are named: {said}");
    let said = run("check", &[])?;
    ensure!(said.matches("100").count() >= 3 && said.contains("tookMs"), "{said}");
    let transcript = std::fs::read_to_string(stage.path("check.json"))?;
    ensure!(transcript.contains("createTask") && !transcript.contains(KEY_AT_PROVIDERS), "{transcript}");
    replay(&transcript)?;
    run("prices", &[])?;
    let said = run("account", &[])?;
    ensure!(said.contains("Acme QA") && said.contains("25.00"), "{said}");
    let client_key = said.lines().find(|line| line.starts_with("cap_")).context("no key was shown")?;

    let client = stage.client(client_key)?;
    let solved = client.solve(recaptcha()).await?;
    ensure!(solved.body["provider"] == "CapSolver" && solved.body["cost"] == 0.0012, "{solved:?}");
    let key = client_key.split('_').nth(1).context("a key has three parts")?;
    let task = solved.task_id()?;
    // A complaint would send the next task elsewhere.
    let reported = client.call("/reportCorrect", serde_json::json!({"taskId": task})).await?;
    ensure!(reported.body["status"] == "success", "{reported:?}");
    let variables = [("TASK", task.as_str()), ("KEY", key)];
    let said = run("watch", &variables)?;
    ensure!(said.contains("lowest price first") && said.contains("solved"), "{said}");
    ensure!(said.contains("autoFastest") && said.contains("10.00"), "{said}");
    let said = run("refunds", &[])?;
    let counted = |line: &str| line.split_whitespace().take(6).eq(["Acme", "QA", "capsolver", "1", "1", "0"]);
    ensure!(said.contains("Acme QA always") && said.lines().any(counted), "{said}");
    let said = run("money", &variables)?;
    ensure!(said.contains("slow on 3 March") && said.contains("topup") && said.contains("capture"), "{said}");
    ensure!(said.contains("earningsPending") && said.contains("agrees"), "{said}");
    exchange(&stage, &run).await?;
    let said = run("policy", &variables)?;
    ensure!(said.contains("allowed by discord.com/register") && said.contains("google.com,discord.com"), "{said}");
    let said = run("trouble", &variables)?;
    ensure!(said.contains("main-2captcha") && !said.contains("another-key-at-capsolver"), "{said}");
    solved_at(&client, "capsolver").await.context("tasks go on with the new key")?;
    ensure!(
        stage.control("capsolver")?.received().iter().any(|r| r.key.as_deref() == Some("another-key-at-capsolver"))
    );
    another_version(&stage).await?;
    let said = run("adapters", &[])?;
    ensure!(said.contains(" of them differ") && said.contains("0 of them differ"), "{said}");
    ensure!(said.contains("GENERATION") && said.contains("\n2 "), "{said}");
    ensure!(client.solve(recaptcha()).await?.body["status"] == "ready", "tasks go on with the one before");
    let registry = Registry::start(Door::Open).await?;
    let variables_of_packages = [("REGISTRY", registry.address())];
    let said = run("publish", &variables_of_packages)?;
    ensure!(said.contains("pushed") && said.contains("notAfter"), "{said}");
    let said = run("packages", &variables_of_packages)?;
    ensure!(said.contains("capsolver:1.0@sha256:") && said.contains("signer") && said.contains("Acme 2"), "{said}");
    run("stop", &variables)?;
    ensure!(client.create(recaptcha()).await?.code() == "ERROR_KEY_DOES_NOT_EXIST");
    let said = run("audit", &[])?;
    ensure!(said.contains("found in a public repository") && said.contains("account close"), "{said}");
    for secret in [KEY_AT_PROVIDERS, "another-key-at-capsolver", client_key] {
        ensure!(!said.contains(secret), "the audit log has a secret in it");
    }
    Ok(())
}

async fn solved_at(client: &Client, provider: &str) -> Result<()> {
    let created = client.call("/createTask", json!({"task": recaptcha(), "provider": provider})).await?;
    let ended = client.wait(&created.task_id()?).await?;
    ensure!(ended.body["status"] == "ready", "{ended:?}");
    Ok(())
}

/// A component of capsolver's that differs in its digest alone, and its fixtures.
async fn another_version(stage: &Stage) -> Result<()> {
    let build = || capstan::adapters::build(&["adapter-capsolver"], |_| ());
    let built = tokio::task::spawn_blocking(build).await??;
    let component = std::fs::read(built.first().context("nothing was built")?)?;
    std::fs::write(stage.path("capsolver-next.wasm"), with_another_digest(&component))?;
    let fixtures = capstan::adapters::workspace().join("adapters/capsolver/fixtures");
    std::os::unix::fs::symlink(fixtures, stage.path("capsolver-fixtures"))?;
    Ok(())
}

/// What was said at a check can be kept as fixtures: the adapter, run natively, says the same again.
fn replay(transcript: &str) -> Result<()> {
    let said: Vec<Value> = serde_json::from_str(transcript)?;
    ensure!(said.len() >= 3, "balance, submit and a poll were not all noted: {transcript}");
    for (number, operation) in said.iter().enumerate() {
        adapter_kit::fixture::replay::<adapter_capsolver::CapSolver>(
            &format!("noted {number}"),
            &operation.to_string(),
        )?;
    }
    Ok(())
}

/// What accounts contribute: opened, lent by Ada, and looked after.
async fn exchange(stage: &Stage, run: &impl Fn(&str, &[(&str, &str)]) -> Result<String>) -> Result<()> {
    stage.control("anti-captcha")?.set_key("the-key-of-ada", Usd::dollars(5));
    let said = run("exchange", &[])?;
    let token = said.lines().find(|line| line.starts_with("capx_")).context("no token")?;
    ensure!(said.contains("laptop"), "{said}");
    let ada = Contributor::new(&stage.client("")?, token);
    let credential = ada.lend("the-key-of-ada", json!({"dailyCap": "1.00"})).await?;
    let said = run("exchange-later", &[("CREDENTIAL", &credential)])?;
    ensure!(said.contains("Ada Lovelace") && said.contains("disabled") && !said.contains("the-key-of-ada"), "{said}");
    Ok(())
}

async fn every_verb() -> Result<()> {
    let page = page()?;
    let command = capstan::cli::Cli::command();
    let not_verbs = ["dev", "serve", "master-key", "simulate", "route", "help"];
    let mut seen = 0;
    for group in command.get_subcommands().filter(|group| !not_verbs.contains(&group.get_name())) {
        for verb in group.get_subcommands() {
            let name = format!("capstan {} {}", group.get_name(), verb.get_name());
            ensure!(page.contains(&name), "{name} is not on the page");
            ensure!(verb.get_about().is_some(), "{name} does not say what it does");
            seen += 1;
        }
    }
    ensure!(seen >= 25, "{seen} verbs");
    Ok(())
}

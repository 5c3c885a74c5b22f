//! Verbs without a gateway: on the locked data directory, with the same answers; and what is said when that cannot be.

use anyhow::{Result, ensure};
use capstan_tests::client::recaptcha;
use capstan_tests::process::Process;
use capstan_tests::stage::Stage;
use capstan_tests::suite::test;
use libtest_mimic::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("operator: verbs work on a data directory that nothing serves", without_a_gateway),
        test("operator: what cannot be is refused with the field and what is allowed", refusals),
    ]
}

async fn without_a_gateway() -> Result<()> {
    let mut stage = Stage::start(&["key-at-anti-captcha"]).await?;
    let config = stage.path("capstan.toml").display().to_string();
    stage.process.ask_to_stop()?;
    let set: Vec<String> = ["provider", "set", "anti-captcha"].map(str::to_owned).into_iter().collect();
    let set: Vec<String> = set.into_iter().chain(stage.simulated("anti-captcha")?).collect();
    stage.asked(&set.iter().map(String::as_str).collect::<Vec<_>>(), "")?;
    stage.asked(&["credential", "add", "anti-captcha", "--label", "main"], "key-at-anti-captcha\n")?;
    let twice = stage.asked(&["credential", "add", "anti-captcha", "--label", "again"], "key-at-anti-captcha\n")?;
    ensure!(twice["knownBefore"] == true, "{twice}");
    stage.asked(&["price", "set", "anti-captcha", "recaptcha_v2", "0.002"], "")?;
    stage.asked(&["account", "create", "Ada"], "")?;
    let first = stage.asked(&["account", "topup", "Ada", "1.00", "--reference", "r1"], "")?;
    let again = stage.asked(&["account", "topup", "Ada", "1.00", "--reference", "r1"], "")?;
    ensure!(first["bookedBefore"] == false && again["bookedBefore"] == true && again["available"] == "1.00", "{again}");
    let key = stage.asked(&["key", "create", "Ada"], "")?;

    let log = stage.path("log");
    stage.process = Process::start(&["serve", "--json", "--config", &config], &log)?;
    let client = stage.client(key["clientKey"].as_str().unwrap_or_default())?;
    ensure!(client.solve(recaptcha()).await?.body["status"] == "ready");
    let lines = stage.asked(&["audit", "list"], "")?;
    let actors: Vec<&str> = lines.as_array().into_iter().flatten().filter_map(|l| l["actor"].as_str()).collect();
    let (files, operators): (Vec<&str>, Vec<&str>) = actors.into_iter().partition(|actor| *actor == "configuration");
    ensure!(files.len() == 3, "each adapter of the configuration is installed once");
    ensure!(operators.len() >= 6 && operators.iter().all(|actor| actor.contains("no gateway ran")), "{operators:?}");
    Ok(())
}

async fn refusals() -> Result<()> {
    let stage = Stage::start(&["platform-key"]).await?;
    stage.asked(&["account", "create", "Ada"], "")?;
    let key = stage.asked(&["key", "create", "Ada"], "")?;
    let whole_key = key["clientKey"].as_str().unwrap_or_default();
    for (args, said) in [
        (&["account", "create", "Ada"][..], "name: there is an account \"Ada\" already"),
        (&["account", "topup", "Bob", "1", "--reference", "r"], "there is no account \"Bob\""),
        (&["account", "topup", "Ada", "-1", "--reference", "r"], "amount: it must be above zero"),
        (&["account", "topup", "Ada", "1e3", "--reference", "r"], "amount: not a decimal amount"),
        (&["key", "create", "Ada", "--mode", "quick"], "mode is \"quick\": it must be one of autoCheapest"),
        (&["key", "edit", "nobody"], "there is no key \"nobody\""),
        (&["key", "revoke", whole_key], "not by the key itself"),
        (&["provider", "set", "nobody"], "no adapter is loaded for \"nobody\"; there are 2captcha, anti-captcha"),
        (&["provider", "set", "capsolver", "--loopback", "true"], "the base URL is not on this machine"),
        (&["credential", "add", "capsolver", "--label", "x"], "capsolver is not set up"),
        (&["price", "set", "capsolver", "recaptcha_v2", "0.1"], "provider \"capsolver\" is not set up"),
        (&["task", "show", "17"], "there is no task \"17\""),
        (&["routing", "set"], "nothing is to be set"),
        (&["routing", "set", "--pool", "mine"], "pool is \"mine\": it must be all, platformOnly or none"),
    ] {
        let answer = stage.verb(args, "secret-on-stdin\n")?;
        ensure!(!answer.well && answer.complaint.contains(said), "{args:?}: {answer:?}");
        ensure!(answer.complaint.starts_with("error: ") && answer.complaint.lines().count() == 1, "{answer:?}");
        ensure!(!answer.complaint.contains(whole_key) && !answer.complaint.contains("secret-on-stdin"), "{answer:?}");
    }
    let unclear = stage.verb(&["credential", "add", "capsolver", "--label", "x"], "")?;
    ensure!(!unclear.well && unclear.complaint.contains("standard input, which is empty"), "{unclear:?}");
    let elsewhere = stage.verb(&["account", "list", "--data", "/nowhere/at/all"], "")?;
    ensure!(!elsewhere.well && elsewhere.complaint.contains("/nowhere/at/all is no data directory"), "{elsewhere:?}");
    Ok(())
}

//! Site policy as clients and operators meet it: what is refused, what lifts it, what a key may be used for, and how an abuse
//! report is answered.

use anyhow::{Context as _, Result, ensure};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::stage::Stage;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("policy: rules refuse, lift the default list, and are in force at once", rules),
        test("policy: a key with domains is for them alone", key_domains),
        test("policy: an abuse report is answered from what outlives the tasks", abuse),
        test("policy: what is no rule is refused with what would be one", refusals),
    ]
}

fn at(url: &str) -> Value {
    let mut task = recaptcha();
    task["websiteURL"] = json!(url);
    task
}

fn picture() -> Value {
    let body = format!("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ{}", "AAAA".repeat(60));
    json!({"type": "ImageToTextTask", "body": body})
}

/// A stage with one provider that works, and an account with money.
async fn stage() -> Result<Stage> {
    let stage = Stage::start(&["key-at-anti-captcha"]).await?;
    let mut set = ["provider", "set", "anti-captcha"].map(str::to_owned).to_vec();
    set.extend(stage.simulated("anti-captcha")?);
    stage.asked(&set.iter().map(String::as_str).collect::<Vec<_>>(), "")?;
    stage.asked(&["credential", "add", "anti-captcha", "--label", "main"], "key-at-anti-captcha\n")?;
    stage.asked(&["price", "set", "anti-captcha", "recaptcha_v2", "0.002"], "")?;
    stage.asked(&["price", "set", "anti-captcha", "image_to_text", "0.001"], "")?;
    stage.asked(&["account", "create", "Ada"], "")?;
    stage.asked(&["account", "topup", "Ada", "5.00", "--reference", "r1"], "")?;
    Ok(stage)
}

/// A key of Ada's: its public part, and a client with it.
fn key(stage: &Stage, more: &[&str]) -> Result<(String, Client)> {
    let args: Vec<&str> = ["key", "create", "Ada"].iter().chain(more).copied().collect();
    let made = stage.asked(&args, "")?;
    let text = |field: &str| made[field].as_str().map(str::to_owned).context("a field of the new key");
    Ok((text("publicId")?, stage.client(&text("clientKey")?)?))
}

async fn refused(client: &Client, url: &str, said: &str) -> Result<()> {
    let answer = client.create(at(url)).await?;
    ensure!(answer.code() == "DOMAIN_BANNED" && answer.description().contains(said), "{url}, {said}: {answer:?}");
    Ok(())
}

async fn accepted(client: &Client, url: &str) -> Result<()> {
    let answer = client.create(at(url)).await?;
    ensure!(answer.code().is_empty() && answer.body["errorId"] == 0, "{url}: {answer:?}");
    Ok(())
}

async fn rules() -> Result<()> {
    let stage = stage().await?;
    let (first, client) = key(&stage, &[])?;
    let (_, other) = key(&stage, &[])?;
    let page = "https://discord.com/register";
    let told = "The rule is discord.com/register: sign-up page of Discord.";
    refused(&client, page, told).await?;
    refused(&client, "https://www.DISCORD.com.:443//Register/x", told).await?;
    refused(&client, "https://www.irs.gov/", "The rule is suffix:gov: government of the United States.").await?;
    accepted(&client, "https://discord.com/").await?;
    let mut task = at("https://example.com/");
    task["websiteKey"] = json!("4C672D35-0701-42b2-88c3-78380b0db560");
    let answer = client.create(task).await?;
    ensure!(answer.code() == "DOMAIN_BANNED" && answer.description().contains("Discord's site key"), "{answer:?}");
    accepted(&client, "https://www.google.com/recaptcha/api2/demo").await?;

    stage.asked(&["policy", "allow", "discord.com/register", "--key", &first, "--note", "its own testers"], "")?;
    accepted(&client, page).await?;
    refused(&other, page, told).await?;
    let decided = stage.asked(&["policy", "test", page, "--key", &first], "")?;
    ensure!(decided["answer"] == "allowed" && decided["rule"]["origin"] == "operator", "{decided}");
    let decided = stage.asked(&["policy", "test", page, "--account", "Ada"], "")?;
    ensure!(decided["answer"] == "refused" && decided["rule"]["origin"] == "default", "{decided}");

    // The operator's own denial is lifted by nobody, and does not say whose it is.
    stage.asked(&["policy", "add", "DISCORD.com", "--note", "asked for by letter"], "")?;
    refused(&client, page, "The rule is discord.com: asked for by letter.").await?;
    stage.asked(&["policy", "remove", "discord.com"], "")?;
    accepted(&client, page).await?;
    stage.asked(&["policy", "add", "example.org", "--account", "Ada", "--note", "not for this customer"], "")?;
    let answer = client.create(at("https://shop.example.org/")).await?;
    ensure!(answer.code() == "DOMAIN_BANNED" && !answer.description().contains("Ada"), "{answer:?}");
    let sitekey = format!("sitekey:{}", recaptcha()["websiteKey"].as_str().context("a site key")?);
    stage.asked(&["policy", "add", &sitekey, "--note", "reported"], "")?;
    refused(&client, "https://example.com/", "sitekey:").await?;
    stage.asked(&["policy", "remove", &sitekey], "")?;

    // A default rule is switched off and on.
    let off = stage.asked(&["policy", "remove", "suffix:gov"], "")?;
    ensure!(off["status"] == "off", "{off}");
    accepted(&client, "https://www.irs.gov/").await?;
    let listed = stage.asked(&["policy", "list", "--origin", "default"], "")?;
    let gov = listed.as_array().into_iter().flatten().find(|rule| rule["pattern"] == "suffix:gov");
    ensure!(gov.is_some_and(|rule| rule["status"] == "off"), "{gov:?}");
    stage.asked(&["policy", "restore", "suffix:gov"], "")?;
    refused(&client, "https://www.irs.gov/", "suffix:gov").await?;

    let audit = stage.asked(&["audit", "list"], "")?;
    let actions: Vec<&str> = audit.as_array().into_iter().flatten().filter_map(|l| l["action"].as_str()).collect();
    for action in ["policy add", "policy allow", "policy remove", "policy restore"] {
        ensure!(actions.contains(&action), "{action}: {actions:?}");
    }
    Ok(())
}

async fn key_domains() -> Result<()> {
    let stage = stage().await?;
    let (public_id, client) = key(&stage, &["--domain", "example.com", "--domain", "host:www.example.org"])?;
    let told = "The key may be used for example.com, host:www.example.org only";
    accepted(&client, "https://shop.example.com/login").await?;
    accepted(&client, "https://www.example.org/").await?;
    refused(&client, "https://example.org/", told).await?;
    refused(&client, "https://example.com@example.net/", told).await?;
    let answer = client.create(picture()).await?;
    ensure!(answer.code() == "DOMAIN_BANNED" && answer.description().contains("names no site"), "{answer:?}");
    let without_url = ["policy", "test", "--site-key", "6Le-wvkSAAAA", "--key", public_id.as_str()];
    let decided = stage.asked(&without_url, "")?;
    ensure!(
        decided["answer"] == "refused" && decided["why"].as_str().is_some_and(|w| w.contains("no site")),
        "{decided}"
    );
    stage.asked(&["key", "edit", "--allow-without-url", &public_id], "")?;
    let decided = stage.asked(&without_url, "")?;
    ensure!(decided["answer"] == "allowed", "{decided}");
    ensure!(client.create(picture()).await?.body["errorId"] == 0, "pictures are allowed now");
    let shown = stage.asked(&["key", "show", &public_id], "")?;
    ensure!(
        shown["domains"] == json!(["example.com", "host:www.example.org"]) && shown["withoutUrl"] == true,
        "{shown}"
    );
    let decided = stage.asked(&["policy", "test", "example.net", "--key", &public_id], "")?;
    ensure!(decided["answer"] == "refused" && decided["why"].as_str().is_some_and(|w| w.contains(told)), "{decided}");
    // The domains of a key widen nothing.
    stage.asked(&["policy", "add", "example.com", "--note", "asked for"], "")?;
    refused(&client, "https://shop.example.com/", "asked for").await?;
    stage.asked(&["key", "edit", &public_id, "--domain", "none"], "")?;
    accepted(&client, "https://example.net/").await
}

async fn abuse() -> Result<()> {
    let stage = stage().await?;
    let (first, client) = key(&stage, &["--label", "ci", "--purpose", "our own form"])?;
    let (_, other) = key(&stage, &[])?;
    for url in ["https://shop.example.com/", "https://example.com/x", "https://example.net/"] {
        let solved = client.solve(at(url)).await?;
        ensure!(solved.body["status"] == "ready", "{solved:?}");
    }
    accepted(&other, "https://example.net/").await?;
    let found = stage.asked(&["abuse", "find", "--domain", "example.com", "--since", "1h"], "")?;
    let lines = found.as_array().context("a list")?;
    ensure!(lines.len() == 1, "{found}");
    let line = &lines[0];
    ensure!(line["publicId"] == first.as_str() && line["accountName"] == "Ada" && line["tasks"] == 2, "{line}");
    ensure!(line["solved"] == 2 && line["family"] == "recaptcha_v2" && line["purpose"] == "our own form", "{line}");
    let site_key = recaptcha()["websiteKey"].as_str().context("a site key")?.to_owned();
    let found = stage.asked(&["abuse", "find", "--site-key", &site_key, "--since", "1h"], "")?;
    ensure!(found.as_array().is_some_and(|lines| lines.len() == 2 && lines[0]["tasks"] == 3), "{found}");
    let shown = stage.verb(&["abuse", "find", "--domain", "nobody.example"], "")?;
    ensure!(shown.well && shown.out.trim() == "None.", "{shown:?}");
    let audit = stage.asked(&["audit", "list", "--most", "3"], "")?;
    ensure!(audit[0]["action"] == "abuse find" && audit[2]["target"] == "site example.com", "{audit}");
    Ok(())
}

async fn refusals() -> Result<()> {
    let stage = Stage::start(&["platform-key"]).await?;
    stage.asked(&["account", "create", "Ada"], "")?;
    for (args, said) in [
        (&["policy", "add", "com", "--note", "x"][..], "write suffix:com to mean all of them"),
        (&["policy", "add", "https://example.com", "--note", "x"], "write example.com, host:www.example.com"),
        (&["policy", "add", "suffix:example.com", "--note", "x"], "is no public suffix"),
        (&["policy", "add", "example.com", "--note", ""], "note: it must have 1 to 100"),
        (&["policy", "add", "example.com", "--note", "x", "--account", "Bob"], "there is no account \"Bob\""),
        (&["policy", "remove", "example.com"], "there is no rule \"example.com\""),
        (&["policy", "restore", "example.com"], "there is no default rule \"example.com\""),
        (&["policy", "list", "--origin", "me"], "origin is \"me\": it must be one of operator, default, owner"),
        (&["policy", "test"], "nothing is asked about"),
        (&["policy", "test", "ftp://example.com"], "url: it must be a whole http or https URL"),
        (&["abuse", "find", "--domain", "a b"], "domain: it must be a host"),
        (&["abuse", "find", "--domain", "example.com", "--since", "lately"], "since: \"lately\" is no time"),
        (&["key", "create", "Ada", "--domain", "co.uk"], "domain: \"co.uk\" is a public suffix"),
        (&["key", "create", "Ada", "--domain", "example.com/login"], "is no domain"),
    ] {
        let answer = stage.verb(args, "")?;
        ensure!(!answer.well && answer.complaint.contains(said), "{args:?}: {answer:?}");
    }
    Ok(())
}

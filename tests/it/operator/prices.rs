//! An operator's price book: taken as a whole or not at all, asked about, and changed rule by rule.

use anyhow::{Context as _, Result, ensure};
use capstan_tests::stage::Stage;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    vec![test("operator: a book of rules is taken as a whole, explained, and changed rule by rule", a_book_of_rules)]
}

const BOOK: &str = r#"
[[rule]]
price = "list+25%"
minimum = "0.001"
share_bp = 8000

[[rule]]
provider = "anti-captcha"
family = "recaptcha_v3"
pool = "platform"
price = "0.004"
billing = "cost+30%"
surcharges = [
    { when = "minScore >= 0.7", add = "20%" },
    { when = "pageAction given", add = "0.0005" },
]
"#;

async fn a_book_of_rules() -> Result<()> {
    let stage = Stage::start(&["platform-key"]).await?;
    let set = stage.simulated("anti-captcha")?;
    let set: Vec<&str> =
        ["provider", "set", "anti-captcha"].into_iter().chain(set.iter().map(String::as_str)).collect();
    stage.asked(&set, "")?;
    let file = stage.path("prices.toml").display().to_string();
    std::fs::write(&file, BOOK)?;
    stage.asked(&["price", "import", &file], "")?;
    for (bad, said) in [
        ("price = \"0\"", "prices, line 19: price: it must be above zero"),
        ("price = \"list+2000%\"", "prices, line 19: price: a margin is at most 1000%"),
        ("price = \"0.1\"\nprovider = \"nobody\"", "prices, line 19: provider \"nobody\" is not set up"),
        ("price = \"0.1\"\nfamily = \"nothing\"", "prices, line 19: family \"nothing\" is not in the catalogue"),
        ("price = \"0.1\"\nshare_bp = 10001", "prices, line 19: share: it is at most 10000"),
        ("price = \"0.1\"", "prices, line 19: it is a second rule for the same family, provider and pool as line 2"),
        ("prize = \"0.1\"", "line 20: unknown field `prize`"),
        (
            "price = \"0.1\"\nfamily = \"turnstile\"\nsurcharges = [{ when = \"minScore > 0.1\", add = \"1\" }]",
            "prices, line 19: surcharges, when: turnstile has no parameter \"minScore\"",
        ),
    ] {
        std::fs::write(&file, format!("{BOOK}\n\n[[rule]]\n{bad}\n"))?;
        let answer = stage.verb(&["price", "import", &file], "")?;
        ensure!(!answer.well && answer.complaint.contains(said), "{bad}: {answer:?}");
    }
    let listed = stage.asked(&["price", "list"], "")?;
    ensure!(listed.as_array().is_some_and(|rules| rules.len() == 2), "{listed}");
    ensure!(listed[0]["price"] == "list+25%" && listed[0]["minimum"] == "0.001", "{listed}");

    let plain = quote(&stage, &["recaptcha_v2"], "platform")?;
    ensure!(plain["estimate"] == "0.0011875" && plain["rule"] == "* at *, both", "{plain}");
    let task = json!({"websiteURL": "https://example.com", "websiteKey": "6Le", "minScore": 0.7, "pageAction": "x"});
    let file = stage.path("task.json").display().to_string();
    std::fs::write(&file, task.to_string())?;
    let asked = quote(&stage, &["RecaptchaV3TaskProxyless", "--task", &file], "platform")?;
    ensure!(asked["estimate"] == "0.0053" && asked["billing"] == "cost+30%", "{asked}");
    ensure!(asked["surcharges"][0] == json!({"when": "minScore >= 0.7", "adds": "0.0008"}), "{asked}");
    let community = quote(&stage, &["recaptcha_v3"], "community")?;
    ensure!(community["rule"] == "* at *, both" && community["shareBp"] == 8000, "{community}");

    stage.asked(&["price", "set", "anti-captcha", "recaptcha_v2", "none"], "")?;
    let taken = quote(&stage, &["recaptcha_v2"], "platform")?;
    ensure!(
        taken["estimate"].is_null() && taken["why"].as_str().is_some_and(|why| why.contains("not sold")),
        "{taken}"
    );
    stage.asked(
        &["price", "set", "anti-captcha", "recaptcha_v2", "0.002", "--surcharge", "isInvisible = true: 10%"],
        "",
    )?;
    let back = quote(&stage, &["recaptcha_v2"], "platform")?;
    ensure!(back["estimate"] == "0.002", "{back}");
    ensure!(stage.asked(&["price", "drift", "--since", "1d"], "")? == json!([]));
    Ok(())
}

fn quote(stage: &Stage, args: &[&str], pool: &str) -> Result<Value> {
    let args: Vec<&str> = ["price", "test"].into_iter().chain(args.iter().copied()).collect();
    let rows = stage.asked(&args, "")?;
    let found = rows.as_array().into_iter().flatten().find(|row| row["pool"] == pool);
    found.cloned().with_context(|| format!("nothing for {pool}: {rows}"))
}

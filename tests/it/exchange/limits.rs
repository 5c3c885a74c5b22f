//! What a contributor lends a credential for keeps the tasks of others away, and not the own ones.

use anyhow::{Result, ensure};
use capstan_domain::Amount;
use capstan_simulator::{Create, Outcome};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::gateway::{Return, Setup};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::{KEY, Lent, empty, lent};

pub(super) fn tests() -> Vec<Trial> {
    vec![
        test("exchange: types and sites that an owner does not lend a key for get none of it", types_and_sites),
        test("exchange: of many tasks at once no more are at a key than its owner lets", most_open),
        test("exchange: a daily cap is never passed, over a restart too, and counts what was charged", daily_cap),
        test("exchange: what an owner keeps in reserve is left at the provider", reserve),
        test("exchange: what is closed or excluded after a route was made is not used by it", closed_meanwhile),
        test("exchange: an account whose tasks are bad is kept from contributed keys, and nobody else", bad_tasks),
        test("exchange: what nobody told of is given back within bounds, so that nobody lives on it", untold),
        test("exchange: an owner's own task costs the fee alone and earns nothing", own_use),
    ]
}

/// Whether a task finds somebody; why not, where it does not.
async fn refusal(client: &Client, task: Value) -> Result<Option<String>> {
    let created = client.create(task).await?;
    Ok(match created.code() {
        "" => None,
        "NO_PROVIDERS_AVAILABLE" => Some(created.description().to_owned()),
        code => anyhow::bail!("{code}: {created:?}"),
    })
}

async fn set(lent: &Lent, limits: Value) -> Result<()> {
    let said = lent.ada.ask("PATCH", &lent.path(""), Some(&json!({"limits": limits}))).await?;
    ensure!(said.status == 200, "{said:?}");
    Ok(())
}

async fn types_and_sites() -> Result<()> {
    let lent = lent(empty(), json!({"taskTypes": ["TurnstileTokenProxyLess"]})).await?;
    let client = &lent.gateway.client;
    let why = refusal(client, recaptcha()).await?;
    ensure!(why.is_some_and(|why| why.contains("not lent for this task type")));
    set(&lent, json!({"taskTypes": null, "excludedSites": ["google.com"]})).await?;
    let why = refusal(client, recaptcha()).await?;
    ensure!(why.is_some_and(|why| why.contains("not lent for this site")));
    set(&lent, json!({"excludedSites": ["example.com"]})).await?;
    ensure!(refusal(client, recaptcha()).await?.is_none(), "from the next task on");
    lent.gateway.finish().await
}

async fn most_open() -> Result<()> {
    let lent = lent(empty(), json!({"mostOpen": 3})).await?;
    lent.gateway.provider.hold_solutions();
    let creates = (0..40).map(|_| lent.gateway.client.create(recaptcha()));
    let created = futures_util::future::join_all(creates).await;
    let open: Vec<String> = created.into_iter().filter_map(|answer| answer.ok()?.task_id().ok()).collect();
    ensure!(open.len() == 3, "{} tasks at once", open.len());
    ensure!(lent.gateway.provider.stats().accepted == 3, "{:?}", lent.gateway.provider.stats());
    lent.gateway.provider.release_solutions();
    for task in open {
        ensure!(lent.gateway.client.wait(&task).await?.body["status"] == "ready");
    }
    ensure!(refusal(&lent.gateway.client, recaptcha()).await?.is_none(), "there is room again");
    lent.gateway.finish().await
}

async fn daily_cap() -> Result<()> {
    // A task costs 0.00095 at the provider: two fit.
    let lent = lent(empty(), json!({"dailyCap": "0.002"})).await?;
    lent.gateway.provider.hold_solutions();
    let creates = (0..20).map(|_| lent.gateway.client.create(recaptcha()));
    let created = futures_util::future::join_all(creates).await;
    let open: Vec<String> = created.into_iter().filter_map(|answer| answer.ok()?.task_id().ok()).collect();
    ensure!(open.len() == 2, "{} tasks", open.len());
    lent.gateway.provider.release_solutions();
    for task in open {
        ensure!(lent.gateway.client.wait(&task).await?.body["status"] == "ready");
    }
    let now = lent.ada.credential(&lent.credential).await?["now"].clone();
    ensure!(now["spentToday"] == "0.0019", "{now}");
    let Lent { gateway, account, credential, .. } = lent;
    let gateway = gateway.restart(Return::default()).await?;
    let lent = Lent { ada: gateway.contributor_of(account).await?, gateway, account, credential };
    let why = refusal(&lent.gateway.client, recaptcha()).await?;
    ensure!(why.is_some_and(|why| why.contains("as much today as their owners let")), "the day goes on");
    // A task that the provider does not charge for takes nothing of the cap.
    set(&lent, json!({"dailyCap": "0.003"})).await?;
    for _ in 0..3 {
        let outcome = Outcome::Error("ERROR_PROXY_TRANSPARENT".to_owned());
        lent.gateway.provider.script([Create::Accept { solve_after_ms: 0, outcome }]);
        let failed = lent.gateway.client.solve(recaptcha()).await?;
        ensure!(failed.code() == "INVALID_TASK_DATA", "{failed:?}");
    }
    ensure!(lent.gateway.client.solve(recaptcha()).await?.body["status"] == "ready", "there is room for one");
    ensure!(refusal(&lent.gateway.client, recaptcha()).await?.is_some(), "and for one alone");
    lent.gateway.finish().await
}

async fn reserve() -> Result<()> {
    use capstan_simulator::Usd;
    let lent = lent(empty(), json!({"reserve": "4.90"})).await?;
    ensure!(refusal(&lent.gateway.client, recaptcha()).await?.is_none(), "there are five dollars");
    lent.gateway.provider.set_key(KEY, Usd::from_nanos(4_999_000_000));
    let checked = lent.ada.post(&lent.path("/check"), &json!({})).await?;
    ensure!(checked["credential"]["status"] == "depleted", "the reserve and 0.10: {checked}");
    set(&lent, json!({"reserve": "4.8989"})).await?;
    let checked = lent.ada.post(&lent.path("/check"), &json!({})).await?;
    ensure!(checked["credential"]["status"] == "active", "{checked}");
    // 0.1001 above the reserve: 105 tasks of 0.00095, and the owner's own one after that.
    set(&lent, json!({"reserve": "4.997"})).await?;
    let two = [refusal(&lent.gateway.client, recaptcha()).await?, refusal(&lent.gateway.client, recaptcha()).await?];
    ensure!(two == [None, None], "two are above the reserve: {two:?}");
    let why = refusal(&lent.gateway.client, recaptcha()).await?;
    ensure!(why.as_ref().is_some_and(|why| why.contains("owners' own")), "{why:?}");
    lent.gateway.finish().await
}

async fn own_use() -> Result<()> {
    let lent = lent(empty(), json!({"taskTypes": ["turnstile"], "excludedSites": ["google.com"]})).await?;
    let store = &lent.gateway.gateway.app.store;
    let reference = "Ada's first balance";
    capstan_server::operate::top_up(store, lent.account, Amount::from_nanos(1_000_000), reference).await?;
    let key = capstan_server::operate::create_key(store, lent.account, "own").await?;
    let client = lent.gateway.client.with_key(key);
    // A tenth of 0.0015, and the limits are for others.
    let solved = client.solve(recaptcha()).await?;
    ensure!(solved.body["status"] == "ready" && solved.body["cost"] == 0.00015, "{solved:?}");
    ensure!(client.balance().await? == 0.00085);
    let uses = lent.uses().await?;
    ensure!(uses[0]["own"] == true && uses[0]["earned"].is_null(), "{uses:?}");
    ensure!(lent.ada.get("/earnings").await?["pending"] == "0.00");
    // A failure that the provider charged for is nobody's but the owner's.
    let outcome = Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned());
    lent.gateway.provider.script([Create::Accept { solve_after_ms: 0, outcome }]);
    ensure!(client.solve(recaptcha()).await?.code() == "CAPTCHA_UNSOLVABLE");
    ensure!(client.balance().await? == 0.00085 && lent.ada.get("/earnings").await?["pending"] == "0.00");
    // Platform only is platform only, whoever asks.
    let narrow = client.call("/createTask", json!({"task": recaptcha(), "keyPoolMode": "platformOnly"})).await?;
    ensure!(narrow.code() == "NO_PROVIDERS_AVAILABLE", "{narrow:?}");
    lent.gateway.finish().await
}

async fn bad_tasks() -> Result<()> {
    let lent = lent(empty(), json!({})).await?;
    let (_, other) = lent.gateway.add_account("Bob", Amount::from_nanos(1_000_000_000)).await?;
    for _ in 0..20 {
        lent.gateway.provider.script([Create::error("ERROR_RECAPTCHA_INVALID_SITEKEY")]);
        ensure!(lent.gateway.client.create(recaptcha()).await?.code() == "INVALID_TASK_DATA");
    }
    let why = refusal(&lent.gateway.client, recaptcha()).await?;
    ensure!(why.as_ref().is_some_and(|why| why.contains("refused too many of its tasks as bad")), "{why:?}");
    ensure!(refusal(&other, recaptcha()).await?.is_none(), "another account's tasks are its own");
    ensure!(lent.status().await? == "active", "nothing of it is the credential's");
    lent.gateway.finish().await
}

async fn untold() -> Result<()> {
    let lent = lent(empty(), json!({})).await?;
    // Failed, and nobody says whether it was charged: 0.00095 is given back until that comes to 0.02.
    for _ in 0..23 {
        let outcome = Outcome::Error("ERROR_RECAPTCHA_TIMEOUT".to_owned());
        lent.gateway.provider.script([Create::Accept { solve_after_ms: 0, outcome }]);
        ensure!(lent.gateway.client.solve(recaptcha()).await?.code() == "CAPTCHA_UNSOLVABLE");
    }
    let pending = lent.ada.get("/earnings").await?["pending"].clone();
    ensure!(pending == "0.01995", "21 of 23: {pending}");
    let spent = lent.ada.credential(&lent.credential).await?["now"]["spentToday"].clone();
    ensure!(spent == "0.02185", "all 23 of them count for the cap, given back or not: {spent}");
    lent.gateway.finish().await
}

async fn closed_meanwhile() -> Result<()> {
    use capstan_domain::route::Pool;
    use capstan_server::operate::Verb;
    // The platform's is the cheaper one, and goes first.
    let setup = Setup { credentials: vec![("platform-key", Pool::Platform)], platform_price: 1_100_000, ..empty() };
    let lent = lent(setup, json!({})).await?;
    let routing = |pool: &str| Verb::RoutingSet {
        pool: Some(pool.to_owned()),
        family_pools: std::collections::BTreeMap::new(),
        priority: None,
    };
    for closes in [true, false] {
        lent.gateway.provider.script([Create::error("ERROR_NO_SLOT_AVAILABLE")]);
        lent.gateway.provider.hold_creates();
        let before = lent.gateway.provider.stats().creates;
        let (created, meanwhile) = futures_util::join!(lent.gateway.client.create(recaptcha()), async {
            lent.gateway.provider.until(|stats| stats.creates > before).await;
            if closes {
                lent.gateway.operate(routing("platformOnly")).await?;
            } else {
                set(&lent, json!({"excludedSites": ["google.com"]})).await?;
            }
            lent.gateway.provider.release_creates();
            anyhow::Ok(())
        });
        meanwhile?;
        ensure!(created?.code() == "NO_PROVIDERS_AVAILABLE", "its second candidate was the contributed key");
        lent.gateway.operate(routing("none")).await?;
    }
    let keys = lent.gateway.provider.received().into_iter().filter(|r| r.task.is_some()).filter_map(|r| r.key);
    ensure!(keys.collect::<Vec<_>>() == ["platform-key"; 2], "{:?}", lent.gateway.provider.stats());
    lent.gateway.finish().await
}

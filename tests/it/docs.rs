//! `GET /docs`: pages that everybody may read, made of the catalogue and of what is in force.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use capstan_domain::catalogue;
use capstan_domain::price::{Rule, Surcharge};
use capstan_domain::route::Pool;
use capstan_domain::{Amount, ProviderId};
use capstan_server::clock;
use capstan_server::operate::Verb;
use capstan_storage::NewPriceBook;
use capstan_tests::client::Raw;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::html::Html;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::Value;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("docs: every link leads somewhere, and every page can be read without eyes or scripts", crawl),
        test("docs: every family has its page with all of its names, and its schema is the catalogue's", families),
        test("docs: the list is filtered by what clients call a type", filter),
        test("docs: a price in force is shown, a new one after a reload, a closed pool's no more", prices),
        test("docs: what is not there is 404, what has not changed is 304, and nobody posts", answers),
    ]
}

async fn get(gateway: &TestGateway, path: &str) -> Result<Raw> {
    gateway.client.raw(("GET", path), |request| request).await
}

fn with_both_pools() -> Setup {
    let credentials = vec![("a-platform-secret-4711", Pool::Platform), ("a-community-secret-4711", Pool::Community)];
    Setup { credentials, ..Setup::default() }
}

async fn crawl() -> Result<()> {
    let gateway = TestGateway::start(with_both_pools()).await?;
    let (mut pages, mut wanted) = (BTreeMap::new(), BTreeSet::from(["/docs".to_owned()]));
    let mut anchors = Vec::new();
    while let Some(path) = wanted.pop_first() {
        let raw = get(&gateway, &path).await?;
        ensure!(raw.status == 200, "{path}: {}", raw.status);
        ensure!(raw.header("x-content-type-options") == "nosniff" && raw.header("cache-control") == "max-age=60");
        ensure!(!raw.text.contains("secret-4711") && !raw.text.contains(&gateway.client.key), "{path} tells a secret");
        if path.ends_with(".json") {
            raw.json()?;
            pages.insert(path, Html::default());
            continue;
        }
        ensure!(raw.header("content-security-policy").starts_with("default-src 'none'; style-src 'sha256-"));
        let html = Html::read(&raw.text).with_context(|| path.clone())?;
        html.check().with_context(|| path.clone())?;
        for link in &html.links {
            let (to, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = if to.is_empty() { path.as_str() } else { to };
            ensure!(to.starts_with("/docs"), "{path} leads out: {link}");
            anchors.push((path.clone(), to.to_owned(), anchor.to_owned()));
            if to != path && !pages.contains_key(to) {
                wanted.insert(to.to_owned());
            }
        }
        pages.insert(path, html);
    }
    for (from, to, anchor) in anchors {
        ensure!(anchor.is_empty() || pages[&to].ids.contains(&anchor), "{from} leads to {to}#{anchor}");
    }
    // The guide, the list, the errors, types.json, and a page and a schema of each family.
    ensure!(pages.len() == 4 + 2 * catalogue::all().len(), "{} pages", pages.len());
    gateway.finish().await
}

async fn families() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let list = get(&gateway, "/docs/types").await?;
    let anchors = Html::read(&list.text)?.ids;
    let machine = get(&gateway, "/docs/types.json").await?.json()?;
    let listed: Vec<&str> = machine["types"].as_array().context("no list")?.iter().filter_map(name_of).collect();
    ensure!(listed == catalogue::all().iter().map(|family| family.name).collect::<Vec<_>>(), "{listed:?}");
    for family in catalogue::all() {
        ensure!(anchors.contains(family.name), "{}", family.name);
        let page = get(&gateway, &format!("/docs/types/{}", family.name)).await?;
        for name in family.type_names {
            ensure!(page.text.contains(&format!("<code>{name}</code>")), "{}: {name}", family.name);
        }
        for field in family.fields {
            ensure!(page.text.contains(&format!("<code>{}</code>", field.name)), "{}: {}", family.name, field.name);
        }
        let schema = get(&gateway, &format!("/docs/schema/{}.json", family.name)).await?;
        ensure!(schema.json()? == catalogue::schema(family) && schema.header("content-type") == "application/json");
    }
    gateway.finish().await
}

fn name_of(family: &Value) -> Option<&str> {
    family["name"].as_str()
}

async fn filter() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    for (sought, there, not_there) in [
        ("NoCaptchaTaskProxyless", "recaptcha_v2", "turnstile"),
        ("userrecaptcha", "recaptcha_v2", "hcaptcha"),
        ("geetest+v4", "geetest_v4", "geetest_v3"),
        ("customtask", "datadome", "turnstile"),
    ] {
        let found = Html::read(&get(&gateway, &format!("/docs/types?q={sought}")).await?.text)?;
        ensure!(found.ids.contains(there) && !found.ids.contains(not_there), "{sought}: {:?}", found.ids);
    }
    let none = get(&gateway, "/docs/types?q=%3Cscript%3E%22").await?;
    Html::read(&none.text)?.check()?;
    ensure!(none.text.contains("0 of ") && none.text.contains("&lt;script&gt;&quot;"), "{}", none.text);
    gateway.finish().await
}

async fn prices() -> Result<()> {
    let gateway = TestGateway::start(with_both_pools()).await?;
    let app = &gateway.gateway.app;
    let page = async || Ok::<_, anyhow::Error>(get(&gateway, "/docs/types/recaptcha_v2").await?.text);
    let before = page().await?;
    ensure!(before.contains("Anti-Captcha") && before.contains("$0.002<") && before.contains("$0.0015<"), "{before}");
    let provider = ProviderId::new("anti-captcha")?;
    let price = |pool, nanos| Rule::fixed(provider.clone(), "recaptcha_v2", pool, Amount::from_nanos(nanos));
    let surcharge = Surcharge { when: "isSession = true".parse()?, add: "20%".parse()? };
    let platform = Rule { surcharges: vec![surcharge], ..price(Pool::Platform, 3_100_000) };
    let rules = vec![platform, price(Pool::Community, 2_700_000).with_share(9_000)];
    let book = NewPriceBook { id: clock::new_uuid(), rules, created_at_ms: clock::now_ms() };
    app.store.publish_price_book(book).await?;
    ensure!(page().await? == before, "a price is shown that is not in force");
    app.reload().await?;
    let after = page().await?;
    ensure!(after.contains("$0.0031<") && after.contains("$0.0027<") && !after.contains("$0.002<"), "{after}");
    ensure!(after.contains("+ 20% where <code>isSession = true</code>"), "{after}");
    Html::read(&after)?.check()?;
    ensure!(get(&gateway, "/docs/types").await?.text.contains("From $0.0027"));
    let pool = Some("platformOnly".to_owned());
    gateway.operate(Verb::RoutingSet { pool, family_pools: BTreeMap::new(), priority: None }).await?;
    let closed = page().await?;
    ensure!(closed.contains("$0.0031<") && !closed.contains("$0.0027<"), "{closed}");
    // Nothing but reCAPTCHA v2 has a price now, and what has none is served by nobody.
    ensure!(get(&gateway, "/docs/types/turnstile").await?.text.contains("No provider in use here serves it now."));
    gateway.finish().await
}

async fn answers() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    for path in ["/docs/types/nonsense", "/docs/nonsense", "/docs/schema/nonsense.json", "/docs/schema/recaptcha_v2"] {
        let missing = get(&gateway, path).await?;
        ensure!(missing.status == 404, "{path}: {}", missing.status);
        Html::read(&missing.text)?.check()?;
    }
    ensure!(get(&gateway, "/docs/").await?.status == 200 && get(&gateway, "/docsy").await?.status == 404);
    let first = get(&gateway, "/docs/errors").await?;
    let tag = first.header("etag").to_owned();
    let again = gateway.client.raw(("GET", "/docs/errors"), |request| request.header("if-none-match", tag)).await?;
    ensure!(again.status == 304 && again.text.is_empty(), "{again:?}");
    let head = gateway.client.raw(("HEAD", "/docs"), |request| request).await?;
    ensure!(head.status == 200 && head.text.is_empty(), "{head:?}");
    let posted = gateway.client.raw(("POST", "/docs"), |request| request).await?;
    ensure!(posted.status == 405 && posted.header("allow") == "GET, HEAD", "{posted:?}");
    gateway.finish().await
}

//! What the exchange refuses, and how it says so.

use anyhow::{Result, ensure};
use capstan_server::operate::{ProviderChange, Verb};
use capstan_simulator::Usd;
use capstan_tests::client::recaptcha;
use capstan_tests::contributor::{Contributor, contribution};
use capstan_tests::gateway::TestGateway;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::{KEY, empty, lent};

pub(super) fn tests() -> Vec<Trial> {
    vec![
        test("exchange: a contribution that cannot be is refused by the field", contributions),
        test(
            "exchange: a token is no API key, an API key is no token, and another's credential is not there",
            strangers,
        ),
        test("exchange: a key that its provider does not accept is rejected from the start", not_accepted),
    ]
}

/// A contribution with one part said otherwise.
fn but(part: &str, value: Value) -> Value {
    let mut body = contribution(KEY, json!({}));
    body[part] = value;
    body
}

async fn contributions() -> Result<()> {
    let gateway = TestGateway::start(empty()).await?;
    let (_, ada) = gateway.add_contributor("Ada").await?;
    let statement = ada.get("/statement").await?;
    ensure!(statement["text"].as_str().is_some_and(|text| text.contains("close my account")), "{statement}");
    let providers = ada.get("/providers").await?;
    let open = &providers["providers"][0];
    ensure!(open["provider"] == "anti-captcha" && open["fields"][0]["name"] == "key", "{providers}");
    let signed = capstan_tests::contributor::signature();
    let mut old = signed.clone();
    old["statementVersion"] = json!(0);
    for (body, status, field) in [
        (but("provider", json!("nobody")), 400, "provider"),
        (but("provider", Value::Null), 400, "provider"),
        (but("fields", json!({})), 400, "fields.key"),
        (but("fields", json!({"key": "a key with blanks"})), 400, "fields.key"),
        (but("fields", json!({"key": ""})), 400, "fields.key"),
        (but("fields", json!({"key": KEY, "more": "x"})), 400, "fields.more"),
        (but("fields", json!("key")), 400, "fields"),
        (but("signature", Value::Null), 400, "signature"),
        (but("signature", old), 400, "signature"),
        (but("limits", json!({"dailycap": "1"})), 400, "limits.dailycap"),
        (but("consent", json!(true)), 400, "consent"),
    ] {
        let said = ada.ask("POST", "/credentials", Some(&body)).await?;
        ensure!((said.status, said.field()) == (status, field), "{body}: {said:?}");
        ensure!(!said.body.to_string().contains(KEY), "{said:?}");
    }
    let change = ProviderChange { contribution_note: Some("none".to_owned()), ..ProviderChange::default() };
    gateway.operate(Verb::ProviderSet { provider: "anti-captcha".to_owned(), change }).await?;
    let said = ada.ask("POST", "/credentials", Some(&contribution(KEY, json!({})))).await?;
    ensure!(said.status == 403 && said.code() == "CONTRIBUTION_FORBIDDEN", "{said:?}");
    ensure!(ada.get("/providers").await?["providers"] == json!([]));
    ensure!(gateway.provider.received().is_empty(), "nothing of it went to the provider");
    gateway.finish().await
}

async fn strangers() -> Result<()> {
    let lent = lent(empty(), json!({})).await?;
    let as_token = Contributor::new(&lent.gateway.client, lent.gateway.client.key.clone());
    let said = as_token.ask("GET", "/credentials", None).await?;
    ensure!(said.status == 401 && said.code() == "UNAUTHORIZED", "{said:?}");
    let none = Contributor::new(&lent.gateway.client, "").ask("GET", "/credentials", None).await?;
    ensure!(none.status == 401, "{none:?}");
    let (bob_account, bob) = lent.gateway.add_contributor("Bob").await?;
    for (method, below) in [("GET", ""), ("GET", "/uses"), ("GET", "/events"), ("GET", "/days"), ("DELETE", "")] {
        let said = bob.ask(method, &lent.path(below), None).await?;
        ensure!(said.status == 404, "{method} {below}: {said:?}");
    }
    for below in ["/pause", "/resume", "/check"] {
        ensure!(bob.ask("POST", &lent.path(below), Some(&json!({}))).await?.status == 404);
    }
    ensure!(lent.status().await? == "active");
    ensure!(bob.get("/credentials").await?["credentials"] == json!([]));
    let said = bob.ask("GET", "/nothing", None).await?;
    ensure!(said.status == 404 && said.code() == "NOT_FOUND", "{said:?}");
    ensure!(bob.ask("PUT", "/credentials", None).await?.status == 405);
    let said = bob.ask("GET", &lent.path("/uses?cursor=x"), None).await?;
    ensure!(said.status == 400 || said.status == 404, "{said:?}");

    // A token is good for the exchange alone; revoked, for nothing.
    let exchange = capstan_server::operate::ExchangeVerb::TokenList { account: Some(bob_account.to_string()) };
    let listed = lent.gateway.operate(Verb::Exchange { exchange }).await?;
    let token = listed[0]["token"].as_str().unwrap_or_default().to_owned();
    let exchange = capstan_server::operate::ExchangeVerb::TokenRevoke { token };
    lent.gateway.operate(Verb::Exchange { exchange }).await?;
    ensure!(bob.ask("GET", "/credentials", None).await?.status == 401);
    lent.gateway.finish().await
}

async fn not_accepted() -> Result<()> {
    let gateway = TestGateway::start(empty()).await?;
    let (_, ada) = gateway.add_contributor("Ada").await?;
    let id = ada.lend("a-key-that-the-provider-does-not-know", json!({})).await?;
    let credential = ada.credential(&id).await?;
    ensure!(credential["status"] == "rejected", "{credential}");
    ensure!(gateway.client.create(recaptcha()).await?.code() == "NO_PROVIDERS_AVAILABLE");
    let creates = gateway.provider.received().into_iter().filter(|received| received.task.is_some()).count();
    ensure!(creates == 0, "no task was sent with it");
    gateway.provider.set_key("poor-key-0123456789", Usd::from_nanos(99_999_999));
    let id = ada.lend("poor-key-0123456789", json!({})).await?;
    ensure!(ada.credential(&id).await?["status"] == "depleted");
    gateway.finish().await
}

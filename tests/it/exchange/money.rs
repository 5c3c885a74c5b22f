//! What becomes of what is earned: matured, spent, asked for, paid out; once, and never more than there is.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::Amount;
use capstan_server::operate::{ExchangeVerb, Verb};
use capstan_server::settings::Limits;
use capstan_tests::client::recaptcha;
use capstan_tests::database::{ENGINES, Engine};
use capstan_tests::gateway::Setup;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::json;

use super::{empty, lent};
use crate::refunds::until;

pub(super) fn tests() -> Vec<Trial> {
    let on = |engine: Engine| {
        test(format!("exchange: earnings are spent and paid out once, and never twice ({engine:?})"), move || {
            spent_and_paid(engine)
        })
    };
    ENGINES.into_iter().map(on).collect()
}

async fn spent_and_paid(engine: Engine) -> Result<()> {
    let limits = Limits { dispute_window: Duration::ZERO, ..Limits::default() };
    let lent = lent(Setup { engine, limits, ..empty() }, json!({})).await?;
    for _ in 0..2 {
        ensure!(lent.gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    }
    let store = &lent.gateway.gateway.app.store;
    let earned = Amount::from_nanos(2_700_000);
    until("nothing matures", async || Ok(store.earnings(lent.account).await?.available == earned)).await?;

    // Asked for: not there to be spent.
    let ask = json!({"amount": "0.002", "reference": "first", "destination": "DE00 1234 5678 0000"});
    let asked = lent.ada.post("/payouts", &ask).await?;
    let again = lent.ada.post("/payouts", &ask).await?;
    ensure!(asked["payout"]["id"] == again["payout"]["id"] && asked["payout"]["state"] == "requested", "{asked}");
    let earnings = lent.ada.get("/earnings").await?;
    ensure!(earnings["available"] == "0.0007" && earnings["askedFor"] == "0.002", "{earnings}");
    for (path, amount, code) in
        [("/spendings", "0.0008", "EARNINGS_TOO_SMALL"), ("/payouts", "0.0008", "EARNINGS_TOO_SMALL")]
    {
        let body = match path {
            "/payouts" => json!({"amount": amount, "reference": "more", "destination": "x"}),
            _ => json!({"amount": amount, "reference": "more"}),
        };
        let said = lent.ada.ask("POST", path, Some(&body)).await?;
        ensure!(said.status == 409 && said.code() == code, "{path}: {said:?}");
    }
    let other = json!({"amount": "0.001", "reference": "first", "destination": "x"});
    let said = lent.ada.ask("POST", "/payouts", Some(&other)).await?;
    ensure!(said.code() == "REFERENCE_TAKEN" && said.field() == "reference", "{said:?}");

    // Spent: balance for own tasks, once.
    let spend = json!({"amount": "0.0005", "reference": "for-tasks"});
    let spent = [lent.ada.post("/spendings", &spend).await?, lent.ada.post("/spendings", &spend).await?];
    ensure!(spent[0]["balance"] == "0.0005" && spent[1]["balance"] == "0.0005", "{spent:?}");
    ensure!(spent[0]["doneBefore"] == false && spent[1]["doneBefore"] == true, "{spent:?}");

    // The operator pays the first, refuses a second, and a third is taken back.
    let payout = asked["payout"]["id"].as_str().context("no payout")?.to_owned();
    let listed = lent.gateway.operate(Verb::Exchange { exchange: ExchangeVerb::Payouts { account: None } }).await?;
    ensure!(listed[0]["destination"] == "DE00 1234 5678 0000" && listed[0]["amount"] == "0.002", "{listed}");
    let pay = || ExchangeVerb::Pay { payout: payout.clone(), reference: "sepa-1".to_owned() };
    for _ in 0..2 {
        let paid = lent.gateway.operate(Verb::Exchange { exchange: pay() }).await?;
        ensure!(paid["state"] == "paid", "{paid}");
    }
    let said = lent.ada.ask("DELETE", &format!("/payouts/{payout}"), None).await?;
    ensure!(said.code() == "PAYOUT_OVER", "{said:?}");
    let small = json!({"amount": "0.0001", "reference": "second", "destination": "x"});
    let second = lent.ada.post("/payouts", &small).await?["payout"]["id"].as_str().context("no payout")?.to_owned();
    let cancelled = lent.ada.ask("DELETE", &format!("/payouts/{second}"), None).await?;
    ensure!(cancelled.body["payout"]["state"] == "cancelled", "{cancelled:?}");
    let earnings = lent.ada.get("/earnings").await?;
    ensure!(earnings["available"] == "0.0002" && earnings["askedFor"] == "0.00", "{earnings}");

    let (_, bob) = lent.gateway.add_contributor("Bob").await?;
    let said = bob.ask("DELETE", &format!("/payouts/{second}"), None).await?;
    ensure!(said.status == 404, "somebody else's: {said:?}");
    let lines = lent.ada.get("/earnings/statement").await?;
    let kinds: Vec<&str> = lines["lines"].as_array().into_iter().flatten().filter_map(|l| l["kind"].as_str()).collect();
    ensure!(kinds.iter().filter(|kind| **kind == "payout").count() == 1, "{kinds:?}");
    ensure!(kinds.iter().filter(|kind| **kind == "spending").count() == 1, "{kinds:?}");
    lent.gateway.finish().await
}

//! A new version of an adapter on trial: it gets a share of the tasks, and is put in force or taken back by what comes of them.
//!
//! The guest `finding` takes every solution for a failure in its edition `u`, and spins in its edition `s`.

use std::collections::HashSet;

use anyhow::{Context as _, Result, ensure};
use capstan_server::operate::Verb;
use capstan_tests::database::Engine;
use capstan_tests::gateway::Return;
use capstan_tests::suite::test;
use futures_util::future::try_join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::generations::{Field, named};

pub(crate) fn tests() -> Vec<Trial> {
    let on_each = [Engine::Sqlite, Engine::Postgres].map(|engine| {
        let name =
            "trials: a version that solves less is taken back by itself, and one that is no worse is put in force";
        test(format!("{name} ({engine:?})"), move || decided_by_what_comes_of_it(engine))
    });
    let others = [
        test("trials: an outage of the provider takes nothing back", outage_takes_nothing_back),
        test("trials: a version that spins is taken back when it is quarantined", spinning_is_taken_back),
        test("trials: the operator may end one, also after a restart, and start another", the_operators_word),
    ];
    on_each.into_iter().chain(others).collect()
}

/// Provider `finding` as `adapter list` shows it.
async fn listed(field: &Field) -> Result<Value> {
    let all = field.gateway.operate(Verb::AdapterList).await?;
    Ok(all.as_array().and_then(|all| all.first()).context("it is not listed")?.clone())
}

async fn newest(field: &Field) -> Result<Value> {
    let history = field.gateway.operate(Verb::AdapterHistory { provider: named() }).await?;
    Ok(history.as_array().and_then(|all| all.first()).context("it has no history")?.clone())
}

/// Tasks to their ends, a few at a time, until the trial is over; the statuses that they ended with, or the codes.
async fn run_until_decided(field: &Field) -> Result<Vec<String>> {
    let mut ends = Vec::new();
    for _ in 0..200 {
        if listed(field).await?["trial"].is_null() {
            return Ok(ends);
        }
        ends.extend(run(field, 10).await?);
    }
    anyhow::bail!("it is on trial after {} tasks: {}", ends.len(), listed(field).await?)
}

async fn run(field: &Field, tasks: usize) -> Result<Vec<String>> {
    let one = async || {
        let created =
            field.gateway.client.create(json!({"type": "ImageToTextTask", "body": crate::api::image()})).await?;
        if created.code() != "" {
            return anyhow::Ok(created.code().to_owned());
        }
        let ended = field.gateway.client.wait(&created.task_id()?).await?;
        Ok(if ended.body["status"] == "ready" { "ready".to_owned() } else { ended.code().to_owned() })
    };
    try_join_all((0..tasks).map(|_| one())).await
}

async fn decided_by_what_comes_of_it(engine: Engine) -> Result<()> {
    let field = Field::start(engine).await?;
    field.provider.answer(|answers| answers.result = 200);
    // The one in force is the configuration's; a first installed one would find nothing to be compared with.
    let first = field.install('b').await?;
    let bad = field.install_with('u', Some(30)).await?;
    ensure!(bad["trialShare"] == 30 && bad["before"] == first["digest"], "{bad}");
    let now = listed(&field).await?;
    ensure!(now["digest"] == first["digest"] && now["trial"]["digest"] == bad["digest"], "{now}");
    let ends = run_until_decided(&field).await?;
    let failed = ends.iter().filter(|end| *end != "ready").count();
    ensure!(failed > 0 && failed < 30, "{failed} of {} failed", ends.len());
    let back = newest(&field).await?;
    ensure!(back["digest"] == first["digest"] && back["trialShare"].is_null(), "{back}");
    ensure!(
        back["why"].as_str().is_some_and(|why| why.starts_with("it solves less than the one before: 0 of ")),
        "{back}"
    );
    let audit = field.gateway.operate(Verb::AuditList { before: None, most: 1 }).await?;
    ensure!(audit[0]["actor"] == "trial" && audit[0]["action"] == "adapter rollback", "{audit}");
    ensure!(run(&field, 40).await?.iter().all(|end| end == "ready"), "some still went to the bad one");

    let good = field.install_with('c', Some(50)).await?;
    let digests = try_join_all((0..40).map(|_| async { field.digest(&field.create().await?).await })).await?;
    ensure!(digests.into_iter().collect::<HashSet<_>>().len() == 2, "all tasks went to one of the two");
    let ends = run_until_decided(&field).await?;
    ensure!(ends.iter().all(|end| end == "ready"), "{ends:?}");
    let now = newest(&field).await?;
    ensure!(now["digest"] == good["digest"], "{now}");
    ensure!(now["why"].as_str().is_some_and(|why| why.starts_with("it is no worse than the one before: ")), "{now}");
    field.gateway.finish().await
}

async fn outage_takes_nothing_back() -> Result<()> {
    let field = Field::start(Engine::Sqlite).await?;
    field.install('b').await?;
    let tried = field.install_with('c', Some(40)).await?;
    field.provider.answer(|answers| answers.result = 200);
    run(&field, 40).await?;
    // It accepts nothing, and then has nothing.
    field.provider.answer(|answers| answers.submit = 500);
    run(&field, 20).await?;
    field.provider.answer(|answers| answers.submit = 200);
    // Its credential rests for a moment.
    let ends = run_until_decided(&field).await?;
    ensure!(ends.iter().all(|end| end == "ready" || end == "NO_PROVIDERS_AVAILABLE"), "{ends:?}");
    ensure!(newest(&field).await?["digest"] == tried["digest"], "{}", newest(&field).await?);
    field.gateway.finish().await
}

async fn spinning_is_taken_back() -> Result<()> {
    let field = Field::start(Engine::Sqlite).await?;
    field.install('b').await?;
    let before = listed(&field).await?;
    field.install_with('s', Some(60)).await?;
    field.provider.answer(|answers| answers.result = 200);
    run_until_decided(&field).await?;
    let back = newest(&field).await?;
    ensure!(back["digest"] == before["digest"], "{back}");
    let why = back["why"].as_str().unwrap_or_default();
    ensure!(why.starts_with("it broke its limits") || why.starts_with("it solves less"), "{back}");
    field.gateway.finish().await
}

async fn the_operators_word() -> Result<()> {
    let field = Field::start(Engine::Sqlite).await?;
    let first = field.install('b').await?;
    let none = field.gateway.operate(Verb::AdapterPromote { provider: named() }).await;
    ensure!(none.is_err_and(|error| error.to_string().contains("has no adapter on trial")));
    let bad_share = field.install_with('c', Some(100)).await;
    ensure!(bad_share.is_err_and(|error| error.to_string().contains("share must be 1 to 99")));
    let tried = field.install_with('c', Some(20)).await?;
    let again = field.install_with('c', Some(20)).await?;
    ensure!(again["unchanged"] == true, "{again}");
    let Field { gateway, provider, files } = field;
    let field = Field { gateway: gateway.restart(Return::default()).await?, provider, files };
    let now = listed(&field).await?;
    ensure!(now["trial"]["digest"] == tried["digest"] && now["trial"]["tried"]["ended"] == 0, "{now}");
    let back = field.gateway.operate(Verb::AdapterRollback { provider: named(), to: None }).await?;
    ensure!(back["digest"] == first["digest"] && listed(&field).await?["trial"].is_null(), "{back}");
    // Another one takes the place of the one on trial, and then all of the tasks.
    field.install_with('c', Some(20)).await?;
    let other = field.install_with('d', Some(30)).await?;
    ensure!(listed(&field).await?["trial"]["share"] == 30, "{}", listed(&field).await?);
    let put = field.gateway.operate(Verb::AdapterPromote { provider: named() }).await?;
    ensure!(put["digest"] == other["digest"], "{put}");
    let now = listed(&field).await?;
    ensure!(now["digest"] == other["digest"] && now["trial"].is_null(), "{now}");
    // In force at once, where that is asked for.
    field.install_with('c', Some(20)).await?;
    let at_once = field.install('c').await?;
    ensure!(at_once["digest"] == tried["digest"] && listed(&field).await?["digest"] == tried["digest"], "{at_once}");
    field.gateway.finish().await
}

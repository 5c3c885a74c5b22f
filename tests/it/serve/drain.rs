//! Being told to stop, and saying whether one is ready.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_server::app::Shards;
use capstan_tests::client::{Answer, Client, recaptcha};
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use tokio::task::JoinSet;

use super::Stage;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("serve: told to stop, it answers what is under way, and the next start goes on", in_order),
        test("serve: told to stop twice, it stops at once", at_once),
        test("serve: it is ready only with shards and a database that answers", readiness),
    ]
}

const PATIENCE: Duration = Duration::from_secs(60);

/// A createTask that the provider has received and does not answer.
async fn held_task(stage: &Stage, client: &Client) -> Result<JoinSet<Result<Answer>>> {
    stage.provider.hold_creates();
    let (client, mut creating) = (client.clone(), JoinSet::new());
    creating.spawn(async move { client.create(recaptcha()).await });
    tokio::time::timeout(PATIENCE, stage.provider.until(|stats| stats.creates == 1)).await?;
    Ok(creating)
}

async fn in_order() -> Result<()> {
    let stage = Stage::set().await?;
    stage.configure("[limits]\ndrain_delay = \"2s\"\naccept_wait = \"4500ms\"\n")?;
    let process = stage.place.serve()?;
    let client = stage.client(&process)?;
    ensure!(client.get("/readyz").await?.status == 200, "not ready from the start");
    let mut creating = held_task(&stage, &client).await?;
    stage.provider.hold_solutions();
    process.signal("TERM")?;

    // It still lets clients in for a while, and tells them to go elsewhere.
    let told = async {
        loop {
            let answer = client.get("/readyz").await?;
            if answer.status == 503 {
                return anyhow::Ok(answer);
            }
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await??;
    ensure!(told.body["wrong"][0].as_str().is_some_and(|text| text.starts_with("draining")), "{told:?}");
    ensure!(client.get("/healthz").await?.status == 200, "not alive any more");

    let closed = async { while client.get("/healthz").await.is_ok() {} };
    tokio::time::timeout(PATIENCE, closed).await?;
    stage.provider.release_creates();
    let created = creating.join_next().await.context("nothing was created")???;
    let task = created.task_id().with_context(|| format!("{created:?}"))?;
    ensure!(process.ended()? == Some(0), "the stop was not orderly");

    let process = stage.place.serve()?;
    stage.provider.release_solutions();
    ensure!(stage.client(&process)?.wait(&task).await?.body["status"] == "ready", "the task was lost");
    ensure!(stage.provider.stats().creates == 1, "the task was sent again");
    ensure!(process.stop()?.0, "it did not stop as asked");
    Ok(())
}

async fn at_once() -> Result<()> {
    let stage = Stage::set().await?;
    stage.configure("")?;
    let process = stage.place.serve()?;
    let _creating = held_task(&stage, &stage.client(&process)?).await?;
    process.signal("TERM")?;
    process.until_logged("told to stop", 1).await?;
    process.signal("INT")?;
    process.until_logged("error: stopped at once by a second signal", 1).await?;
    ensure!(process.ended()? == Some(1), "a stop that cut work off looks like an orderly one");
    Ok(())
}

async fn readiness() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let (client, app) = (gateway.client.clone(), Arc::clone(&gateway.gateway.app));
    let held = app.shards.load_full();
    app.shards.store(Arc::new(Shards::default()));
    let answer = client.get("/readyz").await?;
    ensure!(answer.status == 503 && answer.body["wrong"][0] == "shards: this node holds none", "{answer:?}");
    app.shards.store(held);
    ensure!(client.get("/readyz").await?.status == 200, "not ready with shards");

    app.store.close().await;
    let unready = async {
        loop {
            let answer = client.get("/readyz").await?;
            if answer.status == 503 {
                return anyhow::Ok(answer);
            }
        }
    };
    let answer = tokio::time::timeout(PATIENCE, unready).await??;
    ensure!(answer.body["wrong"][0] == "database: no answer", "{answer:?}");
    ensure!(client.get("/healthz").await?.status == 200, "a database that is away is no reason to be killed");
    gateway.gateway.stop().await;
    Ok(())
}

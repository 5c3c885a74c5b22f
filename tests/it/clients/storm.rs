//! captchatools 1.5.0 in its capsolver mode: it repeats the same createTask up to fifty times when the answer has no status.

use anyhow::{Result, ensure};
use capstan_storage::KeySettings;
use capstan_tests::gateway::Setup;
use capstan_tests::libraries::{Library, Registry, Way};

use super::Stage;

static CAPTCHATOOLS: Library = Library {
    registry: Registry::PyPi,
    name: "captchatools",
    version: "1.5.0",
    script: "captchatools_storms.py",
    way: Way::Names,
    service: "api.capsolver.com",
    dialect: "capsolver",
    pointing: "",
    remark: "",
};

pub(super) async fn right_dialect() -> Result<()> {
    let stage = Stage::set(vec![&CAPTCHATOOLS], Setup::default()).await?;
    let said = stage.run(&CAPTCHATOOLS, CAPTCHATOOLS.script, Some("capsolver")).await?;
    ensure!(said == "solved recaptcha_v2\n", "{said}");
    one_task(&stage, 1).await?;
    stage.gateway.finish().await
}

pub(super) async fn guarded() -> Result<()> {
    let mut stage = Stage::set(vec![&CAPTCHATOOLS], Setup::default()).await?;
    let guard = KeySettings { duplicate_window_ms: Some(60_000), ..KeySettings::default() };
    stage.gateway.client = stage.gateway.key_with(guard).await?;
    let said = stage.run(&CAPTCHATOOLS, CAPTCHATOOLS.script, Some("anticaptcha")).await?;
    ensure!(said == "gave up\n", "{said}");
    one_task(&stage, 50).await?;
    stage.gateway.finish().await
}

/// One task at the provider and one price, however often it was asked for.
async fn one_task(stage: &Stage, asked: u64) -> Result<()> {
    let requests = stage.requests("createTask").await?;
    let (creates, balance) = (stage.gateway.provider.stats().creates, stage.balance().await?);
    ensure!(requests == asked, "createTask was sent {requests} times");
    ensure!(
        creates == 1 && balance.nanos() == 9_998_000_000,
        "{creates} tasks at the provider, {balance} dollars left"
    );
    Ok(())
}

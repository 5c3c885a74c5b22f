//! Many tasks in flight at once, polled every second by two unmodified libraries.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_tests::gateway::Setup;
use capstan_tests::suite::is_full;

use super::Stage;
use super::list::library;

/// All tasks are in flight before the first of them is solved, and each library gets every one of its own.
pub(super) async fn delivered() -> Result<()> {
    let each: u32 = if is_full() { 500 } else { 50 };
    let capmonster = library("@zennolab_com/capmonstercloud-client").context("it is not in the list")?;
    let classic = library("@2captcha/captcha-solver").context("it is not in the list")?;
    // At the provider's own pace, so that nothing there is given up while tasks are still being created.
    let stage = Stage::set(vec![capmonster, classic], Setup { time_scale: 1, ..Setup::default() }).await?;
    let count = each.to_string();
    stage.gateway.provider.hold_solutions();

    let release = async {
        stage.gateway.provider.until(|stats| stats.tasks.processing == u64::from(2 * each)).await;
        polled(&stage, u64::from(2 * each)).await?;
        stage.gateway.provider.release_solutions();
        anyhow::Ok(())
    };
    let (first, second, ()) = tokio::try_join!(
        stage.run(capmonster, "capmonster_many.mjs", Some(&count)),
        stage.run(classic, "captcha_solver_many.mjs", Some(&count)),
        release,
    )?;
    for said in [first, second] {
        ensure!(said == format!("delivered {each}\n"), "{said}");
    }
    let left = stage.balance().await?;
    ensure!(left.nanos() == 10_000_000_000 - 2_000_000 * 2 * i64::from(each), "{left} dollars are left");
    stage.gateway.finish().await
}

/// Waits until each library has asked so many times for results; reads the metrics at an easy pace, as a monitor does.
async fn polled(stage: &Stage, times: u64) -> Result<()> {
    let mut pace = tokio::time::interval(Duration::from_millis(250));
    while stage.requests("getTaskResult").await? < times || stage.requests("res.php").await? < times {
        pace.tick().await;
    }
    Ok(())
}

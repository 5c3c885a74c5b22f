//! Accepted and doubtful tasks: polls within the provider's limits, nothing sent twice, time-outs that are not failures.

use std::time::Duration;

use anyhow::{Result, ensure};
use capstan_domain::Amount;
use capstan_server::settings::Limits;
use capstan_simulator::{Behaviour, Create, Latency, Limits as ProviderLimits, Malformed, Outcome};
use capstan_storage::Entries;
use capstan_tests::client::recaptcha;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use futures_util::future::join_all;
use libtest_mimic::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("polling: the provider's limits are kept with many tasks open", limits_are_kept),
        test("polling: a submit whose answer is lost is in doubt and never sent again", lost_answers_are_in_doubt),
        test("polling: a task that no one solves is given up at its deadline, refunded", deadlines_refund),
        test("polling: what a provider takes for an unsolvable task is the platform's loss", unsolvable_is_a_loss),
        test("polling: of many answers that come at one moment none is lost", a_burst_is_read),
        test("polling: client polls cause no provider traffic", client_polls_are_free),
        test("polling: broken poll answers are missed polls, not failures", broken_polls_are_missed),
    ]
}

async fn limits_are_kept() -> Result<()> {
    let limits = ProviderLimits { min_poll_interval_ms: 1_900, ..ProviderLimits::default() };
    let behaviour =
        Behaviour { limits, latency: Latency::Uniform { min_ms: 1_000, max_ms: 40_000 }, ..Behaviour::default() };
    let gateway = TestGateway::start(Setup { behaviour, time_scale: 20, ..Setup::default() }).await?;
    let solved = join_all((0..60).map(|_| gateway.client.solve(recaptcha()))).await;
    for answer in solved {
        let answer = answer?;
        ensure!(answer.body["status"] == "ready", "{answer:?}");
    }
    let stats = gateway.provider.stats();
    ensure!(stats.polls_too_fast == 0 && stats.polls_over_limit == 0, "{stats:?}");
    gateway.finish().await
}

async fn lost_answers_are_in_doubt() -> Result<()> {
    let limits = Limits { task_deadline: Duration::from_millis(1_500), ..Limits::default() };
    let gateway = TestGateway::start(Setup { limits, ..Setup::default() }).await?;
    gateway.provider.script([
        Create::AcceptAndLoseReply,
        Create::AcceptAndServerError,
        Create::AcceptAndMalform(Malformed::TruncatedJson),
    ]);
    let created = join_all((0..3).map(|_| gateway.client.create(recaptcha()))).await;
    for answer in created {
        let answer = answer?;
        ensure!(answer.body["status"] == "processing", "{answer:?}");
        let ended = gateway.client.wait(&answer.task_id()?).await?;
        ensure!(ended.code() == "ERROR_TASK_TIMEOUT", "{ended:?}");
    }
    ensure!(gateway.provider.stats().creates == 3, "sent again: {:?}", gateway.provider.stats());
    ensure!(gateway.client.balance().await? == 10.0, "not refunded");
    gateway.finish().await
}

async fn deadlines_refund() -> Result<()> {
    let limits = Limits { task_deadline: Duration::from_millis(800), ..Limits::default() };
    let gateway = TestGateway::start(Setup { limits, ..Setup::default() }).await?;
    gateway.provider.script([Create::Accept { solve_after_ms: 0, outcome: Outcome::Never }]);
    let id = gateway.client.create(recaptcha()).await?.task_id()?;
    ensure!(gateway.client.wait(&id).await?.code() == "ERROR_TASK_TIMEOUT");
    ensure!(gateway.client.balance().await? == 10.0, "not refunded");
    gateway.finish().await
}

async fn unsolvable_is_a_loss() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    gateway
        .provider
        .script([Create::Accept { solve_after_ms: 0, outcome: Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned()) }]);
    let failed = gateway.client.solve(recaptcha()).await?;
    ensure!(failed.code() == "CAPTCHA_UNSOLVABLE", "{failed:?}");
    ensure!(gateway.client.balance().await? == 10.0, "not refunded");
    let task = capstan_domain::TaskId(failed.task_id()?.parse()?);
    // The loss is booked after the refund is in force, as a move of its own.
    let store = gateway.gateway.app.store.clone();
    let lost = async {
        loop {
            let entries = store.list_entries(Entries::OfTask(task)).await?;
            if let Some(entry) = entries.iter().find(|entry| entry.account == "platform:loss") {
                return anyhow::Ok(entry.amount);
            }
            tokio::task::yield_now().await;
        }
    };
    let lost = tokio::time::timeout(Duration::from_secs(10), lost).await??;
    ensure!(lost < Amount::ZERO, "{lost}");
    gateway.finish().await
}

async fn client_polls_are_free() -> Result<()> {
    let gateway = TestGateway::start(Setup { time_scale: 1, ..Setup::default() }).await?;
    gateway.provider.hold_solutions();
    let id = gateway.client.create(recaptcha()).await?.task_id()?;
    let before = gateway.provider.stats().requests;
    for _ in 0..15 {
        ensure!(gateway.client.result(&id).await?.body["status"] == "processing");
    }
    // The manifest's first wait is five seconds, so whatever came meanwhile came from the client's polls.
    ensure!(gateway.provider.stats().requests == before, "{:?}", gateway.provider.stats());
    gateway.gateway.stop().await;
    Ok(())
}

async fn broken_polls_are_missed() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let mut behaviour = gateway.provider.behaviour();
    behaviour.failures.poll.server_error = 0.3;
    behaviour.failures.poll.malformed = 0.2;
    behaviour.failures.poll.lost_reply = 0.2;
    // A busy machine polls late, and a result that its provider has dropped by then is another story.
    behaviour.limits.result_kept_ms = Some(3_600_000);
    gateway.provider.set_behaviour(behaviour)?;
    for answer in join_all((0..20).map(|_| gateway.client.solve(recaptcha()))).await {
        let answer = answer?;
        ensure!(answer.body["status"] == "ready", "{answer:?}");
    }
    gateway.finish().await
}

async fn a_burst_is_read() -> Result<()> {
    const TASKS: usize = 600;
    // Slow enough that a busy machine can send the polls of all of them: it is the burst that is looked at, not its speed.
    let gateway = TestGateway::start(Setup { time_scale: 3, ..Setup::default() }).await?;
    gateway.provider.hold_creates();
    let creating = (0..TASKS).map(|_| gateway.client.create(recaptcha()));
    let (created, released) = futures_util::join!(join_all(creating), async {
        let all = gateway.provider.until(|stats| stats.creates == TASKS as u64);
        let all = tokio::time::timeout(Duration::from_secs(60), all).await;
        gateway.provider.release_creates();
        all
    });
    released?;
    let ids = created.into_iter().map(|answer| answer?.task_id()).collect::<Result<Vec<_>>>()?;
    for ended in join_all(ids.iter().map(|id| gateway.client.wait(id))).await {
        let ended = ended?;
        ensure!(ended.body["status"] == "ready", "{ended:?}");
    }
    gateway.finish().await
}

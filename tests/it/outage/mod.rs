//! An outage of the best provider under a steady load, on a running gateway: the share of tasks that fail by it, how soon tasks
//! go elsewhere and come back, and the same with what a client could do instead of leaving it to the router.

mod figures;
mod load;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use capstan_tests::suite::{is_full, test};
use libtest_mimic::Trial;

use self::figures::{BACK, Figures, table};
use self::load::{Fault, Scene, TIME_SCALE, Way};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("outage: no task fails when the best provider refuses all, and it has them back when it is up", refuses),
        test("outage: who takes tasks and answers none is left before the first of them is given up", never_answers),
        test("outage: who answers with error pages costs a few tasks, and one for each try", error_pages),
    ]
}

/// How many tasks come before the outage, while it lasts, and after it: of these fewer when the best provider has them again,
/// and none where that takes longer than anybody waits.
#[derive(Clone, Copy)]
struct Load {
    /// In a second of the gateway's time.
    per_second: u32,
    before: usize,
    during: usize,
    after: usize,
    /// Longest that a task may take.
    deadline: Duration,
}

const LONG: Duration = Duration::from_secs(300);
const SHORT: Duration = Duration::from_secs(3);

impl Load {
    /// In the providers' own time: an outage of ten minutes, or one of a minute or so.
    fn of_this_run(fault: Fault) -> Self {
        match (fault, is_full()) {
            (Fault::Silent, true) => Self { per_second: 10, before: 150, during: 300, after: 0, deadline: LONG },
            (_, true) => Self { per_second: 20, before: 300, during: 600, after: 600, deadline: LONG },
            // Each of those that are not answered is polled many times a second, here where seconds are short.
            (Fault::Silent, false) => Self { per_second: 10, before: 20, during: 60, after: 0, deadline: 2 * SHORT },
            (Fault::Refuses, false) => Self { per_second: 20, before: 30, during: 60, after: 100, deadline: SHORT },
            (Fault::ErrorPages, false) => Self { per_second: 20, before: 30, during: 60, after: 0, deadline: SHORT },
        }
    }
}

/// Tasks that may be on their way to the best provider when it says its first word in the outage, or its third.
const TOGETHER: usize = 5;

const CHEAPEST: Way = Way::Router("autoCheapest");
const FASTEST: Way = Way::Router("autoFastest");

/// One load, and the scene as it is then.
async fn run(fault: Fault, way: Way) -> Result<(Figures, Scene)> {
    let load = Load::of_this_run(fault);
    let mut scene = Scene::start((fault, way), load.per_second, load.deadline).await?;
    let before = scene.come(load.before, |_| false).await;
    scene.set_down(true)?;
    let down = Instant::now();
    let during = scene.come(load.during, |_| false).await;
    scene.set_down(false)?;
    let lasted = down.elapsed();
    let first = load.before + load.during;
    // Twice as many as it takes to say so, since some of those that have come are still on their way.
    let is_back = |at_best: &[usize]| at_best.iter().filter(|number| **number >= first).count() >= 2 * BACK;
    let after = scene.come(load.after, is_back).await;
    let (before, during) = (before.ended(&mut scene).await?, during.ended(&mut scene).await?);
    let after = after.ended(&mut scene).await?;
    Ok((Figures::new((fault, way), lasted, [&before, &during, &after]), scene))
}

/// The same load with each of these, at the same time; those of the router first.
async fn compare(fault: Fault, ways: &[Way]) -> Result<Vec<(Figures, Scene)>> {
    let all = futures_util::future::try_join_all(ways.iter().map(|way| run(fault, *way))).await?;
    if is_full() {
        show(&table(all.iter().map(|(figures, _)| figures)));
    }
    Ok(all)
}

#[expect(clippy::print_stdout, reason = "the figures of a long run are for whoever has asked for it")]
fn show(figures: &str) {
    println!("{figures}");
}

async fn finish(all: Vec<(Figures, Scene)>) -> Result<()> {
    for (_, scene) in all {
        scene.finish().await?;
    }
    Ok(())
}

/// How often something that rests for a time that doubles, up to a longest one, can be tried while this much time passes: each
/// rest is shorter than it says by a fifth at most.
fn tries(passed: Duration, (first, longest): (u32, u32)) -> usize {
    let rest = |n: u32| Duration::from_secs(u64::from(first.saturating_mul(1 << n.min(20)).min(longest)));
    let ends = (0..).scan(Duration::ZERO, |end, n| {
        *end += rest(n) * 8 / 10 / TIME_SCALE;
        Some(*end)
    });
    1 + ends.take_while(|end| *end < passed).count()
}

/// The breaker's rests in seconds, for who is down and for who is silent.
const DOWN: (u32, u32) = (1, 60);
const SILENT: (u32, u32) = (10, 600);

async fn refuses() -> Result<()> {
    let all = compare(Fault::Refuses, &[CHEAPEST, FASTEST, Way::Listed, Way::Forced]).await?;
    let [cheapest, fastest, listed, forced] = [0, 1, 2, 3].map(|n| &all[n].0);
    for router in [cheapest, fastest] {
        ensure!(router.failed + router.failed_after == 0, "what is refused goes elsewhere: {router:?}");
        let most = TOGETHER + tries(router.lasted, DOWN);
        ensure!(router.at_best <= most, "tried more often than {most} times: {router:?}");
        let moved = router.moved.with_context(|| format!("it was never left: {router:?}"))?;
        ensure!(moved.tasks <= router.tasks / 2, "left late: {router:?}");
        let back = router.back.with_context(|| format!("it never had them back: {router:?}"))?;
        // Its longest rest, and then some time for a task to come, to be taken, and to be followed by others.
        let longest = Duration::from_secs(60) * 12 / 10 / TIME_SCALE;
        ensure!(back.after <= longest + Duration::from_secs(2), "back late: {router:?}");
    }
    // A list has the same breaker behind it.
    ensure!(listed.failed + listed.failed_after == 0, "{listed:?}");
    ensure!(forced.failed >= forced.tasks, "nobody else was allowed: {forced:?}");
    finish(all).await
}

async fn never_answers() -> Result<()> {
    let all = compare(Fault::Silent, &[CHEAPEST, FASTEST, Way::Listed, Way::Forced]).await?;
    let [cheapest, fastest, listed, forced] = [0, 1, 2, 3].map(|n| &all[n].0);
    for router in [cheapest, fastest] {
        for other in [listed, forced] {
            ensure!(router.failed < other.failed, "{router:?} is no better than {other:?}");
        }
        let moved = router.moved.with_context(|| format!("it was never left: {router:?}"))?;
        let first_given_up = router.first_failed.context("none failed")?;
        ensure!(moved.after < first_given_up, "it was left when {first_given_up:?} had passed: {router:?}");
        let most = moved.tasks + TOGETHER + router.tasks / 20;
        ensure!(router.failed <= most, "more failed than those that were sent there: {router:?}");
    }
    let mut scenes = all.into_iter().map(|(_, scene)| scene);
    let router = scenes.next().context("no scene")?;
    for other in scenes {
        other.finish().await?;
    }
    has_it_back(router).await
}

/// After eight half-lives of what was seen of it, the provider that has answered all the time has its tasks again.
async fn has_it_back(scene: Scene) -> Result<()> {
    let step = Duration::from_secs(60) * if is_full() { 10 } else { 120 };
    let (mut scene, mut passed, mut at_best) = (scene, Duration::ZERO, 0);
    while passed < Duration::from_secs(7_200) && 2 * at_best <= 2 * BACK {
        (scene, passed) = (scene.later(step).await?, passed + step);
        let came = scene.come(2 * BACK, |_| false).await.ended(&mut scene).await?;
        at_best = came.iter().filter(|asked| asked.at_best).count();
        if is_full() {
            show(&format!("{} minutes later it has {at_best} of {} tasks", passed.as_secs() / 60, 2 * BACK));
        }
    }
    ensure!(at_best > BACK, "two hours later it has {at_best} of {}", 2 * BACK);
    scene.finish().await
}

async fn error_pages() -> Result<()> {
    let ways: &[Way] = if is_full() { &[CHEAPEST, FASTEST, Way::Listed, Way::Forced] } else { &[CHEAPEST] };
    let all = compare(Fault::ErrorPages, ways).await?;
    for (router, scene) in all.iter().filter(|(figures, _)| matches!(figures.way.1, Way::Router(_))) {
        // Three missing answers are more than bad luck; whoever tries it then may wait in vain, too.
        let most = 2 + TOGETHER + tries(router.lasted, SILENT);
        ensure!(router.at_best <= most, "tried more often than {most} times: {router:?}");
        ensure!(
            router.failed + router.failed_after == scene.error_pages(),
            "what may have been taken is not sent again: {router:?}"
        );
        ensure!(router.moved.is_some_and(|moved| moved.tasks <= router.tasks / 2), "left late: {router:?}");
    }
    finish(all).await
}

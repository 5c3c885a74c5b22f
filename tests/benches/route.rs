//! What a decision costs: from the snapshot to an ordered route, and with the reasons of an attempt, for growing numbers of
//! credentials that all could take the task. `docs/benchmarks.md` says how to read it; nothing is asserted.

#![expect(clippy::print_stdout, reason = "the figures are what a bench is for")]

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context as _, Result};
use capstan_domain::AccountId;
use capstan_domain::policy::Places;
use capstan_domain::price::Asked;
use capstan_domain::route::{
    self, FIND_OUT_EVERY, Pool, PoolAsker, PoolInForce, PoolMode, RouteRequest, SavedOrder, Seen, SelectionMode,
};
use capstan_server::clock;
use capstan_server::providers::{Snapshot, Wanted};
use capstan_server::statistics::FamilyPlace;
use capstan_tests::gateway::{Setup, TestGateway};
use uuid::Uuid;

/// Numbers of credentials.
const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
/// Decisions of one measurement are as many as look at this many credentials.
const LOOKS: usize = 2_000_000;
/// Measurements of each kind; the median is told.
const ROUNDS: usize = 5;
/// The family that is asked for.
const FAMILY: &str = "recaptcha_v2";

const POOL: PoolInForce =
    PoolInForce { mode: PoolMode::All, asked: PoolMode::All, asker: PoolAsker::Default, ceiling: None };

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("one provider, half of its credentials in each pool, all of them seen; the median of {ROUNDS}\n");
    println!("credentials  mode                route us  ns/credential  with reasons us");
    for size in SIZES {
        runtime.block_on(measure(size))?;
    }
    Ok(())
}

async fn measure(size: usize) -> Result<()> {
    let name = |n: usize| -> &'static str { Box::leak(format!("a-key-that-is-one-of-many-{n}").into_boxed_str()) };
    let pool = |n: usize| if n.is_multiple_of(2) { Pool::Platform } else { Pool::Community };
    let credentials = (0..size).map(|n| (name(n), pool(n))).collect();
    let gateway = TestGateway::start(Setup { credentials, ..Setup::default() }).await?;
    let snapshot = gateway.gateway.app.snapshot.load_full();
    see(&snapshot)?;
    for (word, mode) in SelectionMode::ALL {
        let routed = median(size, |draw| black_box(decide(&snapshot, *mode, draw, false)));
        let reasoned = median(size, |draw| black_box(decide(&snapshot, *mode, draw, true)));
        let each = routed * 1_000.0 / per(size);
        println!("{size:<11}  {word:<18} {routed:>9.2}  {each:>13.1}  {reasoned:>15.2}");
    }
    gateway.gateway.stop().await;
    Ok(())
}

/// Every credential has solved some tasks, each in its own time.
fn see(snapshot: &Snapshot) -> Result<()> {
    let (family, now_ms) = (FamilyPlace::of(FAMILY).context("no such family")?, clock::now_ms());
    for (n, credential) in (0..).zip(snapshot.credentials()) {
        for task in 0..20_i64 {
            let seen = if (n + task) % 9 == 0 { Seen::Unsolved(20_000) } else { Seen::Solved(5_000 + n * 37 % 20_000) };
            credential.statistics.note(family, seen, now_ms);
        }
    }
    Ok(())
}

/// One decision: how many characters its reasons have, or how many candidates it has.
fn decide(snapshot: &Snapshot, mode: SelectionMode, draw: u64, with_reasons: bool) -> usize {
    // The gateway's draws are of 64 bits.
    let draw = draw.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let request = RouteRequest {
        account: AccountId(Uuid::nil()),
        find_out_every: FIND_OUT_EVERY,
        with_proxy: false,
        pool: POOL,
        mode,
        order: SavedOrder::Operator(&[]),
        forced: None,
        most: 3,
        now_ms: clock::now_ms(),
        draw,
    };
    let parameters = serde_json::Map::new();
    let asked = Asked { family: FAMILY, parameters: &parameters, with_proxy: false };
    let wanted = Wanted { account: None, asked, places: Places::default() };
    let provisions = snapshot.provisions(&wanted, (request.now_ms, draw));
    let route = route::route(&request, &provisions);
    if with_reasons { route.explain(&request).of(0).len() } else { route.candidates.len() }
}

/// Microseconds a decision.
fn median(size: usize, mut decide: impl FnMut(u64) -> usize) -> f64 {
    let decisions = LOOKS / size;
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            for draw in 0..decisions {
                decide(u64::try_from(draw).unwrap_or(0));
            }
            began.elapsed().as_secs_f64() * 1e6 / per(decisions)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds.swap_remove(ROUNDS / 2)
}

fn per(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

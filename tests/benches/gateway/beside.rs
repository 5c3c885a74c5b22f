//! What an adapter that spins in every call costs the accounts that do not use it: `unguarded` is a gateway that never
//! quarantines, so that the spinning lasts as long as the attack; `beside` is the gateway as it is shipped.
//!
//! Both adapters share one sandbox and its threads; honest tasks come at an even pace, before the attack, meanwhile and after it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use capstan_tests::hostile;
use serde_json::json;
use tokio::task::JoinSet;

use super::create::{at, provider};
use super::{Args, measure};
use crate::load::{self, Connection, Load, Target};
use crate::report;
use crate::server::{Child, Kind};

/// Connections that set the adapter spinning, and how often each does: with 20 ms a call, half as much again as two threads take.
const ATTACKERS: usize = 16;
const PACE: Duration = Duration::from_millis(100);
/// Honest tasks in a second, where none are asked for: far below what the gateway takes.
const HONEST: u32 = 200;

pub(crate) async fn compare(args: &Args) -> Result<()> {
    let (upstream, _provider) = provider().await?;
    for kind in [Kind::Unguarded, Kind::Beside] {
        let child = Child::start(kind, Some(&upstream), ("", args.postgres)).await?;
        compare_phases(args, &child).await?;
        child.stop().await?;
    }
    Ok(())
}

async fn compare_phases(args: &Args, child: &Child) -> Result<()> {
    let lasts = Duration::from_secs(args.seconds);
    let per_second = f64::from(args.rate.unwrap_or(HONEST));
    let honest = Load { connections: args.connections, lasts, per_second: Some(per_second) };
    let target = at(child);
    load::run(&target, Load { lasts: lasts / 2, ..honest }).await?;
    let before = measure(child, &target, honest).await?;
    let attack = Attack::start(child).await?;
    let meanwhile = measure(child, &target, honest).await?;
    let seen = attack.stop().await?;
    let after = measure(child, &target, honest).await?;
    let title = format!("{}: {per_second:.0} honest tasks per second", child.kind.name());
    let phases = [("before", before), ("while another adapter spins", meanwhile), ("after", after)];
    println!("{}  {}\n", report::phases(&title, &phases), seen.told());
    Ok(())
}

/// Tasks that set the adapter beside spinning, until it is stopped.
struct Attack {
    is_over: Arc<AtomicBool>,
    attackers: JoinSet<Result<Seen>>,
}

/// What attackers were answered.
#[derive(Default)]
struct Seen {
    /// Calls that ran out of time.
    spun: usize,
    /// Tasks that the adapter was not called for.
    refused: usize,
    /// When the first of those was seen, after the attack began.
    first_refused: Option<Duration>,
}

impl Attack {
    async fn start(child: &Child) -> Result<Self> {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
        let spin = json!({
            "clientKey": child.said("attackerKey"), "provider": "hostile", "task": hostile::task("spin", nobody),
        });
        let target = Target::new(&child.address(), "/createTask", &[spin], "");
        let (is_over, began, mut attackers) = (Arc::new(AtomicBool::new(false)), Instant::now(), JoinSet::new());
        for _ in 0..ATTACKERS {
            let connection = Connection::open(&target, 0).await?;
            attackers.spawn(attack(connection, Arc::clone(&is_over), began));
        }
        Ok(Self { is_over, attackers })
    }

    async fn stop(mut self) -> Result<Seen> {
        self.is_over.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        while let Some(ended) = self.attackers.join_next().await {
            let seen = ended.context("an attacker was lost")??;
            all.spun += seen.spun;
            all.refused += seen.refused;
            all.first_refused = all.first_refused.into_iter().chain(seen.first_refused).min();
        }
        Ok(all)
    }
}

async fn attack(mut connection: Connection, is_over: Arc<AtomicBool>, began: Instant) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut pace = tokio::time::interval(PACE);
    while !is_over.load(Ordering::Relaxed) {
        pace.tick().await;
        let answer = connection.ask().await?;
        if answer.contains("out-of-time") {
            seen.spun += 1;
        } else {
            seen.refused += 1;
            seen.first_refused.get_or_insert_with(|| began.elapsed());
        }
    }
    Ok(seen)
}

impl Seen {
    fn told(&self) -> String {
        let Self { spun, refused, first_refused } = self;
        match first_refused {
            Some(when) => format!("{spun} calls spun, then quarantined {when:?} after the first; {refused} refused"),
            None => format!("{spun} calls spun, never quarantined"),
        }
    }
}

//! The promise about pools under fire: random modes, pools, providers and failures, a restart in between, and what the providers
//! themselves received, key by key.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU32;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::Amount;
use capstan_domain::route::{Pool, PoolMode};
use capstan_server::settings::Limits;
use capstan_simulator::{
    Behaviour, Control, CreateFailures, Failures, KeySettings, Latency, PollFailures, Settings, Simulator,
    SolveFailures, Usd, WireFormat,
};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::gateway::{Guest, Return, Setup, TestGateway};
use capstan_tests::suite::{is_full, test};
use futures_util::{StreamExt as _, stream};
use libtest_mimic::Trial;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use url::Url;

const PLATFORM: [&str; 2] = ["platform-key-number-one", "platform-key-number-two"];
const COMMUNITY: [&str; 4] = ["contributed-key-a", "contributed-key-b", "contributed-key-c", "contributed-key-d"];
const ELSEWHERE: &str = "CAP-0123456789ABCDEF0123456789ABCDEF";

/// Tasks under way at once.
const AT_ONCE: usize = 64;
/// The simulators' logs are read after so many tasks: they are bounded.
const ROUND: usize = 500;

pub(crate) fn tests() -> Vec<Trial> {
    vec![test("pools: under fire no task meets a credential that it may not meet", under_fire)]
}

/// Where a task may go, as its client has asked.
#[derive(Clone, Copy, Debug)]
struct Wish {
    pool: PoolMode,
    provider: Option<&'static str>,
}

impl Wish {
    /// As a part of the task's URL, so that the provider's log has it.
    fn marked(self) -> String {
        format!("{}/{}", self.pool.as_str(), self.provider.unwrap_or("anybody"))
    }
}

/// Two clients: one whose key says nothing, and one whose key keeps to the platform.
struct Clients {
    open: Client,
    narrow: Client,
}

/// A task with a random wish, told in one of the ways there are, or in two of which the first one wins.
fn draw(draws: &mut StdRng, clients: &Clients, number: usize) -> (Client, serde_json::Value) {
    let pools = [PoolMode::All, PoolMode::PlatformOnly];
    let mut any = || pools.choose(draws).copied().unwrap_or(PoolMode::All);
    let (said, also) = (any(), any());
    let way = draws.random_range(0..6);
    let (client, suffix, pool) = match way {
        0 => (&clients.open, None, PoolMode::All),
        1 => (&clients.narrow, None, PoolMode::PlatformOnly),
        2 => (&clients.open, Some(said), said),
        3 => (&clients.narrow, Some(said), said),
        4 => (&clients.narrow, None, said),
        _ => (&clients.open, Some(also), said),
    };
    let in_body = matches!(way, 4 | 5).then_some(said);
    let provider = [None, None, None, Some("anti-captcha"), Some("capsolver")].choose(draws).copied().flatten();
    let mode = ["autoCheapest", "autoFastest", "autoMostReliable", "priority"].choose(draws).copied();
    let mut task = recaptcha();
    task["websiteURL"] = json!(format!("https://shop.example/{number}/{}", Wish { pool, provider }.marked()));
    let mut ask = json!({"task": task, "selectionMode": mode});
    if let Some(pool) = in_body {
        ask["keyPoolMode"] = json!(pool.as_str());
    }
    if let Some(provider) = provider {
        ask["provider"] = json!(provider);
    }
    let suffixed = |pool: PoolMode| client.with_key(format!("{}__{}", client.key, pool.as_str()));
    (suffix.map_or_else(|| client.clone(), suffixed), ask)
}

fn failing() -> Behaviour {
    Behaviour {
        latency: Latency::Uniform { min_ms: 0, max_ms: 20_000 },
        failures: Failures {
            create: CreateFailures {
                no_slot: 0.08,
                throttled: 0.02,
                server_error_before: 0.01,
                lost_reply: 0.01,
                ..CreateFailures::default()
            },
            solve: SolveFailures { unsolvable: 0.1, ..SolveFailures::default() },
            poll: PollFailures { server_error: 0.02, lost_reply: 0.01, ..PollFailures::default() },
        },
        ..Behaviour::default()
    }
}

/// What the providers received of the tasks, counted.
#[derive(Debug, Default)]
struct Seen {
    /// Creates of tasks that may go to both pools and to anybody or to anti-captcha, and those that did at a community key.
    open: usize,
    community: usize,
    /// Everything that was where it must not be.
    wrong: BTreeSet<String>,
    /// The key that each provider's task was created with.
    created_with: HashMap<u64, String>,
}

impl Seen {
    fn take(&mut self, provider: &'static str, control: &Control) {
        for received in control.received() {
            let Some(key) = received.key.clone() else { continue };
            if let Some(task) = received.task_json() {
                self.create(provider, &key, task["websiteURL"].as_str().unwrap_or_default());
            }
            let Some(id) = received.task_id.filter(|_| provider == "anti-captcha") else { continue };
            let first = self.created_with.entry(id).or_insert_with(|| key.clone());
            if *first != key {
                self.wrong.insert(format!("{} of task {id} with {key}, which is {first}'s", received.path));
            }
        }
        control.clear_log();
    }

    fn create(&mut self, provider: &'static str, key: &str, url: &str) {
        let mut parts = url.rsplit('/');
        let (forced, pool) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is_community = COMMUNITY.contains(&key);
        if is_community && pool != "all" {
            self.wrong.insert(format!("{url} with {key}"));
        }
        if forced != "anybody" && forced != provider {
            self.wrong.insert(format!("{url} at {provider}"));
        }
        if pool == "all" && forced != "capsolver" {
            self.open += 1;
            self.community += usize::from(is_community);
        }
    }
}

async fn under_fire() -> Result<()> {
    let tasks = if is_full() { 100_000 } else { 1_500 };
    let elsewhere = Simulator::start(Settings {
        behaviour: Behaviour { time_scale: 50.0, ..failing() },
        speaks: WireFormat::Capsolver,
        keys: vec![KeySettings { key: ELSEWHERE.to_owned(), balance: Usd::from_nanos(1_000_000_000_000) }],
        ..Settings::default()
    })
    .await?;
    let platform = PLATFORM.iter().map(|key| (*key, Pool::Platform));
    let community = COMMUNITY.iter().map(|key| (*key, Pool::Community));
    let guest =
        Guest { package: "adapter-capsolver", url: Url::parse(&elsewhere.url())?, key: ELSEWHERE, price: 1_800_000 };
    let mut gateway = TestGateway::start(Setup {
        credentials: platform.chain(community).collect(),
        behaviour: failing(),
        balance: Amount::from_nanos(1_000_000_000_000),
        guests: vec![guest],
        limits: Limits { key_rate: NonZeroU32::MAX, key_burst: NonZeroU32::MAX, ..Limits::default() },
        ..Setup::default()
    })
    .await?;
    let settings = capstan_storage::KeySettings { pool_mode: Some(PoolMode::PlatformOnly), ..Default::default() };
    let narrow = gateway.key_with(settings).await?.key;
    let (mut draws, mut seen, mut refused) = (StdRng::seed_from_u64(11), Seen::default(), 0_usize);
    for from in (0..tasks).step_by(ROUND) {
        let clients = Clients { open: gateway.client.clone(), narrow: gateway.client.with_key(narrow.clone()) };
        let asked: Vec<_> = (from..from + ROUND).map(|number| draw(&mut draws, &clients, number)).collect();
        let answers = stream::iter(asked).map(|(client, ask)| async move { client.call("/createTask", ask).await });
        let answers: Vec<_> = answers.buffer_unordered(AT_ONCE).collect().await;
        for answer in answers {
            refused += usize::from(answer?.body.get("taskId").is_none());
        }
        // Those that are open now are polled by another process.
        if from + ROUND >= tasks / 2 && from < tasks / 2 {
            gateway = gateway.restart(Return::default()).await?;
        }
        seen.take("anti-captcha", &gateway.provider);
        seen.take("capsolver", &elsewhere.control());
    }
    let provider = gateway.provider.clone();
    gateway.finish().await?;
    seen.take("anti-captcha", &provider);
    seen.take("capsolver", &elsewhere.control());
    elsewhere.stop().await;
    ensure!(
        seen.wrong.is_empty(),
        "{} of {tasks}: {:?}",
        seen.wrong.len(),
        seen.wrong.iter().take(5).collect::<Vec<_>>()
    );
    let share = seen.community.checked_mul(100).and_then(|many| many.checked_div(seen.open)).context("nobody came")?;
    ensure!(share >= 30, "only {share} % of {} open creates used the community pool", seen.open);
    ensure!(refused < tasks / 4, "{refused} of {tasks} were refused: {seen:?}");
    Ok(())
}

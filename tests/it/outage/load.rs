//! A steady load on a gateway with three providers, the best of which goes away and comes back; and what its clients and the
//! providers have seen of it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use capstan_domain::Amount;
use capstan_server::settings::Limits;
use capstan_simulator::{
    Behaviour, Control, Decision, KeySettings, Latency, Received, Settings, Simulator, Usd, WireFormat,
};
use capstan_storage::KeySettings as ClientKey;
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::gateway::{Guest, Return, Setup, TestGateway};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use url::Url;

/// Divides every wait of the providers, and the breaker's rests.
pub(super) const TIME_SCALE: u32 = 20;

const BEST: &str = "CAP-0123456789ABCDEF0123456789ABCDEF";
const LAST: &str = "0123456789abcdef0123456789abcdef";

/// In which way the best provider is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It says that it cannot take any task.
    Refuses,
    /// It takes every task and answers none.
    Silent,
    /// It answers with error pages, which do not say whether it has the task.
    ErrorPages,
}

/// How the clients choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// They leave it to the router, in one of its modes.
    Router(&'static str),
    /// They force the best provider.
    Forced,
    /// They have a list of their own with the best provider first.
    Listed,
}

/// One task: when it was asked for, and how it ended.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) at: Instant,
    /// When its client heard how it had ended.
    pub(super) ended: Instant,
    /// The client's error code; none where it was solved.
    pub(super) error: Option<String>,
    /// Whether the best provider received it.
    pub(super) at_best: bool,
}

/// A gateway and its three providers: capsolver is the cheapest and the fastest, then anti-captcha, then 2captcha.
pub(super) struct Scene {
    gateway: TestGateway,
    best: Control,
    client: Client,
    simulators: [Simulator; 2],
    fault: Fault,
    way: Way,
    per_second: u32,
    next: usize,
    /// The numbers of the tasks that the best provider has received, refused ones included, and how far its log is read.
    at_best: Vec<usize>,
    read: u64,
}

/// How long a solution takes the best provider, and the two behind it.
const SECONDS: [u64; 3] = [4, 15, 20];

const fn after(seconds: u64) -> Latency {
    Latency::Fixed { ms: seconds * 1_000 }
}

async fn provider(speaks: WireFormat, key: &str, seconds: u64) -> Result<Simulator> {
    let behaviour = Behaviour { latency: after(seconds), time_scale: f64::from(TIME_SCALE), ..Behaviour::default() };
    let keys = vec![KeySettings { key: key.to_owned(), balance: Usd::dollars(1_000) }];
    Ok(Simulator::start(Settings { speaks, keys, behaviour, ..Settings::default() }).await?)
}

impl Scene {
    pub(super) async fn start((fault, way): (Fault, Way), per_second: u32, task_deadline: Duration) -> Result<Self> {
        let best = provider(WireFormat::Capsolver, BEST, SECONDS[0]).await?;
        let last = provider(WireFormat::TwoCaptcha, LAST, SECONDS[2]).await?;
        let guest = |package, of: &Simulator, key, price| -> Result<Guest> {
            Ok(Guest { package, url: Url::parse(&of.url())?, key, price })
        };
        let guests = vec![
            guest("adapter-capsolver", &best, BEST, 1_000_000)?,
            guest("adapter-2captcha", &last, LAST, 2_000_000)?,
        ];
        let setup = Setup {
            behaviour: Behaviour { latency: after(SECONDS[1]), ..Behaviour::default() },
            time_scale: TIME_SCALE,
            balance: Amount::from_nanos(1_000_000_000_000),
            platform_price: 1_500_000,
            guests,
            limits: Limits { task_deadline, ..Limits::default() },
            ..Setup::default()
        };
        let gateway = TestGateway::start(setup).await?;
        let listed = ["capsolver", "anti-captcha", "2captcha"].map(capstan_domain::ProviderId::new);
        let priority = Some(listed.into_iter().collect::<Result<Vec<_>, _>>()?);
        let client = gateway.key_with(ClientKey { priority, ..ClientKey::default() }).await?;
        Ok(Self {
            gateway,
            best: best.control(),
            client,
            simulators: [best, last],
            fault,
            way,
            per_second,
            next: 0,
            at_best: vec![],
            read: 0,
        })
    }

    /// Takes the best provider down, or up again.
    pub(super) fn set_down(&self, is_down: bool) -> Result<()> {
        let mut behaviour = self.best.behaviour();
        let share = if is_down { 1.0 } else { 0.0 };
        match self.fault {
            // "No slot" is what capsolver calls an overloaded service: nobody there can take a task.
            Fault::Refuses => behaviour.failures.create.no_slot = share,
            Fault::ErrorPages => behaviour.failures.create.server_error_before = share,
            Fault::Silent => behaviour.latency = after(if is_down { 1_000_000 } else { SECONDS[0] }),
        }
        Ok(self.best.set_behaviour(behaviour)?)
    }

    /// Has so many tasks come, or fewer when `is_enough` says so of the numbers of those that the best provider has received.
    pub(super) async fn come(&mut self, many: usize, is_enough: impl Fn(&[usize]) -> bool) -> Coming {
        // The clients' own pace: they come whether or not others have been answered.
        let mut pace = tokio::time::interval(Duration::from_secs(1) / self.per_second);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut coming = Coming { under_way: JoinSet::new() };
        for _ in 0..many {
            pace.tick().await;
            let (client, ask, number) = (self.client.clone(), self.ask(), self.next);
            coming.under_way.spawn(async move { Ok((number, ended(&client, ask).await?)) });
            self.next += 1;
            self.look();
            if is_enough(&self.at_best) {
                break;
            }
        }
        coming
    }

    fn ask(&self) -> Value {
        let mut task = recaptcha();
        task["websiteURL"] = json!(format!("https://shop.example/{}", self.next));
        match self.way {
            Way::Router(mode) => json!({"task": task, "selectionMode": mode}),
            Way::Forced => json!({"task": task, "provider": "capsolver"}),
            Way::Listed => json!({"task": task, "selectionMode": "priority"}),
        }
    }

    /// Reads on in the best provider's log.
    fn look(&mut self) {
        let received = self.best.received_after(self.read);
        self.read = received.last().map_or(self.read, |last| last.number);
        self.at_best.extend(received.iter().filter_map(number));
    }

    /// How many tasks the best provider has answered with an error page.
    pub(super) fn error_pages(&self) -> usize {
        let page = Decision::ServerError { accepted: false };
        self.best.received().iter().filter(|received| received.decision == page).count()
    }

    /// The same some time later: what has been learned is older by so much. Nobody waits for that here; what a start reads
    /// is moved back while the gateway is down.
    pub(super) async fn later(mut self, by: Duration) -> Result<Self> {
        let learned = SqliteConnectOptions::new().filename(self.gateway.data.path().join("capstan.db"));
        let by_ms = i64::try_from(by.as_millis())?;
        let mut moved = Ok(());
        let passed = async { moved = moved_back(&learned, by_ms).await };
        self.gateway = self.gateway.restart_once(Return::default(), passed).await?;
        self.client = self.gateway.client.with_key(self.client.key.clone());
        moved?;
        Ok(self)
    }

    pub(super) async fn finish(self) -> Result<()> {
        self.gateway.finish().await?;
        for simulator in self.simulators {
            simulator.stop().await;
        }
        Ok(())
    }
}

async fn moved_back(database: &SqliteConnectOptions, by_ms: i64) -> Result<()> {
    let mut raw = database.connect().await?;
    let older = "update learned set at_ms = at_ms - $1, \
                 tally = json_set(tally, '$.at_ms', json_extract(tally, '$.at_ms') - $1)";
    let rows = sqlx::query(older).bind(by_ms).execute(&mut raw).await?.rows_affected();
    raw.close().await?;
    ensure!(rows > 0, "nothing was learned");
    Ok(())
}

/// The number of the task that a create is about.
fn number(received: &Received) -> Option<usize> {
    let task = received.task_json()?;
    task["websiteURL"].as_str()?.rsplit('/').next()?.parse().ok()
}

/// Tasks that have come.
pub(super) struct Coming {
    under_way: JoinSet<Result<(usize, Asked)>>,
}

impl Coming {
    /// How they ended, in the order in which they came.
    pub(super) async fn ended(self, scene: &mut Scene) -> Result<Vec<Asked>> {
        let mut ended = self.under_way.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
        ended.sort_by_key(|(number, _)| *number);
        scene.look();
        let at_best: HashSet<usize> = scene.at_best.iter().copied().collect();
        let asked = |(number, asked): (usize, Asked)| Asked { at_best: at_best.contains(&number), ..asked };
        Ok(ended.into_iter().map(asked).collect())
    }
}

/// One client: asks for a task, and for its result until it has ended.
async fn ended(client: &Client, ask: Value) -> Result<Asked> {
    let at = Instant::now();
    let over = |error| Ok(Asked { at, ended: Instant::now(), error, at_best: false });
    let created = client.call("/createTask", ask).await?;
    let Ok(task) = created.task_id() else { return over(Some(created.code().to_owned())) };
    loop {
        let answer = client.call("/getTaskResult", json!({"taskId": task, "wait": 30})).await?;
        match answer.body["status"].as_str() {
            Some("processing") => {}
            Some("ready") => return over(None),
            _ => return over(Some(answer.code().to_owned())),
        }
    }
}

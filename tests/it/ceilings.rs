//! Pools over HTTP: what a request and its key wish for under every combination of the operator's ceilings, seen by the key that
//! the provider received; each change is in force for the next request and stands in the audit log.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use capstan_server::operate::{KeyChange, Verb};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::gateway::TestGateway;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::routing::{COMMUNITY, PLATFORM, both_pools};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("ceilings: every combination of wishes and ceilings, and each change in force at once", plain_tasks),
        test("ceilings: a task with secrets stays at home unless somebody asks for all", tasks_with_secrets),
    ]
}

/// A pool as it is written on the wire and in the operator's verbs; none where nothing is said.
type Word = Option<&'static str>;

const ALL: Word = Some("all");
const NARROW: Word = Some("platformOnly");

/// What a request says of the pool, and where.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    body: Word,
    suffix: Word,
}

/// What a key is set to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct KeySet {
    pool: Word,
    is_locked: bool,
}

/// What the operator has closed, or left open by name.
#[derive(Clone, Copy, Debug, Default)]
struct Ceilings {
    gateway: Word,
    /// Of reCAPTCHA v2, which all tasks here are.
    own_type: Word,
    /// Of another task type.
    other_type: Word,
    account: Word,
}

/// Nothing said, and the two words in the body and behind the key.
const SAID: [Said; 5] = [
    Said { body: None, suffix: None },
    Said { body: ALL, suffix: None },
    Said { body: NARROW, suffix: None },
    Said { body: None, suffix: ALL },
    Said { body: None, suffix: NARROW },
];

/// One word in the body and the other behind the key.
const BOTH_SAID: [Said; 2] = [Said { body: ALL, suffix: NARROW }, Said { body: NARROW, suffix: ALL }];

fn keys() -> impl Iterator<Item = KeySet> {
    [None, ALL, NARROW].into_iter().flat_map(|pool| [false, true].map(|is_locked| KeySet { pool, is_locked }))
}

/// Each of the three closed or not.
fn closed() -> Vec<Ceilings> {
    let either = [None, NARROW];
    let of_account =
        |gateway, own_type| either.map(|account| Ceilings { gateway, own_type, account, ..Ceilings::default() });
    let of_type = |gateway| either.into_iter().flat_map(move |own_type| of_account(gateway, own_type));
    either.into_iter().flat_map(of_type).collect()
}

/// Those that are open by name, and one closed beside them; and another type's, which is nothing to these tasks.
fn open_by_name() -> [Ceilings; 5] {
    let open = Ceilings { gateway: ALL, own_type: ALL, account: ALL, other_type: None };
    [
        open,
        Ceilings { gateway: NARROW, ..open },
        Ceilings { own_type: NARROW, ..open },
        Ceilings { account: NARROW, ..open },
        Ceilings { other_type: NARROW, ..Ceilings::default() },
    ]
}

/// One request under one setting of everything.
#[derive(Clone, Copy, Debug)]
struct Case {
    said: Said,
    key: KeySet,
    ceilings: Ceilings,
    has_secrets: bool,
}

impl Case {
    /// As the documentation has it, sentence by sentence: the request's word in the body, else behind the key, else the key's
    /// setting, else all, but platform with secrets. What is closed stays closed, whatever was asked for; a locked key has at
    /// most what it has when nothing is asked for. Who asked for more than there is hears of the ceiling with the widest reach.
    fn goes_to(&self) -> (&'static str, Value) {
        let unasked = if self.has_secrets { NARROW } else { ALL };
        let of_key = self.key.pool.or(unasked);
        let asked = self.said.body.or(self.said.suffix).or(of_key);
        let levels = [
            ("gateway", self.ceilings.gateway == NARROW),
            ("task-type", self.ceilings.own_type == NARROW),
            ("account", self.ceilings.account == NARROW),
            ("key-lock", self.key.is_locked && of_key == NARROW),
        ];
        let closed = levels.iter().find(|(_, is_closed)| *is_closed).map(|(name, _)| *name);
        match (asked == ALL, closed) {
            (true, None) => (COMMUNITY, Value::Null),
            (true, Some(ceiling)) => (PLATFORM, json!(ceiling)),
            (false, _) => (PLATFORM, Value::Null),
        }
    }
}

/// A gateway, the key in use, and what its operator has changed.
struct Bench {
    gateway: TestGateway,
    account: String,
    public_id: String,
    /// The audit log's lines as they must be: action and what the change says of itself.
    changes: Vec<(&'static str, Value)>,
    /// What is in force.
    ceilings: Ceilings,
    key: KeySet,
    /// The last request of the provider's log that is known.
    read: u64,
}

impl Bench {
    async fn start() -> Result<Self> {
        // The contributed credential is the cheaper one, so that whatever may use it does.
        let gateway = TestGateway::start(both_pools()).await?;
        let listed = gateway.operate(Verb::KeyList { account: None }).await?;
        let public_id = listed[0]["publicId"].as_str().context("no key")?.to_owned();
        let account = gateway.account.to_string();
        let (ceilings, key) = (Ceilings::default(), KeySet::default());
        Ok(Self { gateway, account, public_id, changes: Vec::new(), ceilings, key, read: 0 })
    }

    async fn set_ceilings(&mut self, to: Ceilings) -> Result<()> {
        let before = std::mem::replace(&mut self.ceilings, to);
        if before.gateway != to.gateway {
            let pool = Some(to.gateway.unwrap_or("none").to_owned());
            let change = Verb::RoutingSet { pool, family_pools: BTreeMap::new(), priority: None };
            self.change(change, ("routing set", json!({"value": to.gateway}))).await?;
        }
        for (family, before, now) in
            [("recaptcha_v2", before.own_type, to.own_type), ("turnstile", before.other_type, to.other_type)]
        {
            if before != now {
                let family_pools = [(family.to_owned(), now.unwrap_or("none").to_owned())].into();
                let change = Verb::RoutingSet { pool: None, family_pools, priority: None };
                self.change(change, ("routing set", json!({"value": now}))).await?;
            }
        }
        if before.account != to.account {
            let pool = to.account.unwrap_or("none").to_owned();
            let change = Verb::AccountPool { account: self.account.clone(), pool };
            self.change(change, ("account pool", json!({"pool": to.account}))).await?;
        }
        Ok(())
    }

    async fn set_key(&mut self, to: KeySet) -> Result<()> {
        if std::mem::replace(&mut self.key, to) == to {
            return Ok(());
        }
        let change = KeyChange {
            pool: Some(to.pool.unwrap_or("none").to_owned()),
            pool_locked: Some(if to.is_locked { "yes" } else { "no" }.to_owned()),
            ..KeyChange::default()
        };
        let edit = Verb::KeyEdit { key: self.public_id.clone(), change };
        self.change(edit, ("key edit", json!({"pool": to.pool, "poolLocked": to.is_locked}))).await
    }

    async fn change(&mut self, verb: Verb, line: (&'static str, Value)) -> Result<()> {
        self.gateway.operate(verb).await?;
        self.changes.push(line);
        Ok(())
    }

    /// Sends a case's request; answers the key that it went to, and the ceiling that its client is told of.
    async fn sent(&mut self, case: &Case) -> Result<(String, Value)> {
        let client = &self.gateway.client;
        let suffixed = |suffix: &str| client.with_key(format!("{}__{suffix}", client.key));
        let client: Client = case.said.suffix.map_or_else(|| client.clone(), suffixed);
        let mut task = recaptcha();
        if case.has_secrets {
            task["type"] = json!("ReCaptchaV2Token");
            task["proxy"] = json!("http://me:secret@198.51.100.7:8080");
        }
        let mut ask = json!({"task": task});
        if let Some(pool) = case.said.body {
            ask["keyPoolMode"] = json!(pool);
        }
        let created = client.call("/createTask", ask).await?;
        let told = client.call("/getTaskRoute", json!({"taskId": created.task_id()?})).await?;
        let received = self.gateway.provider.received_after(self.read);
        self.read = received.last().map_or(self.read, |last| last.number);
        let mut creates = received.into_iter().filter(|received| received.path == "/createTask");
        let key = creates.next().and_then(|create| create.key).context("no create was received")?;
        ensure!(creates.next().is_none(), "it was created twice");
        Ok((key, told.body["attempts"][0]["why"]["poolCeiling"].clone()))
    }

    /// Sends each of these, each change followed by its requests at once; none of them goes wrong.
    async fn send_all(&mut self, cases: Vec<Case>) -> Result<()> {
        let (sent, mut wrong) = (cases.len(), Vec::new());
        for case in cases {
            self.set_ceilings(case.ceilings).await?;
            self.set_key(case.key).await?;
            let went = self.sent(&case).await.with_context(|| format!("{case:?}"))?;
            let (expected, ceiling) = case.goes_to();
            if went != (expected.to_owned(), ceiling) {
                wrong.push(format!("{case:?} went to {} under {}", went.0, went.1));
            }
        }
        let some: Vec<_> = wrong.iter().take(5).collect();
        ensure!(wrong.is_empty(), "{} of {sent} went wrong: {some:#?}", wrong.len());
        Ok(())
    }

    /// Holds the audit log against what was changed, the last change first.
    async fn ensure_audited(&self) -> Result<()> {
        let listed = self.gateway.operate(Verb::AuditList { before: None, most: 1_000 }).await?;
        let listed = listed.as_array().context("no lines")?;
        let pools = ["routing set", "account pool", "key edit"].map(Value::from);
        let lines: Vec<&Value> = listed.iter().rev().filter(|line| pools.contains(&line["action"])).collect();
        ensure!(lines.len() == self.changes.len(), "{} lines of {} changes", lines.len(), self.changes.len());
        for (line, (action, said)) in lines.into_iter().zip(&self.changes) {
            let detail = if *action == "key edit" { &line["detail"]["settings"] } else { &line["detail"] };
            let is_said = said.as_object().into_iter().flatten().all(|(name, value)| detail[name] == *value);
            ensure!(line["action"] == *action && line["actor"] == "test" && is_said, "{line} is not {action} {said}");
        }
        Ok(())
    }
}

/// Everything that can be said, of each key under each of these ceilings.
fn combined(said: &[Said], under: &[Ceilings], has_secrets: bool) -> Vec<Case> {
    let of_key = |key, ceilings| said.iter().map(move |said| Case { said: *said, key, ceilings, has_secrets });
    under.iter().flat_map(|ceilings| keys().flat_map(move |key| of_key(key, *ceilings))).collect()
}

async fn plain_tasks() -> Result<()> {
    let mut bench = Bench::start().await?;
    let mut cases = combined(&SAID, &closed(), false);
    cases.extend(combined(&BOTH_SAID, &[Ceilings::default()], false));
    cases.extend(combined(&SAID[..2], &open_by_name(), false));
    bench.send_all(cases).await?;
    bench.ensure_audited().await?;
    bench.gateway.finish().await
}

async fn tasks_with_secrets() -> Result<()> {
    let mut bench = Bench::start().await?;
    let under = [Ceilings::default(), Ceilings { account: NARROW, ..Ceilings::default() }];
    bench.send_all(combined(&SAID, &under, true)).await?;
    bench.gateway.finish().await
}

//! A small world for a story: an account with a key, a provider with a credential, prices, and every shard held.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Context, ensure};
use capstan_domain::adapter::{Charged, FaultClass};
use capstan_domain::code::ErrorCode;
use capstan_domain::price::{Rule, Terms};
use capstan_domain::route::{Candidate, Pool, PoolMode, SelectionMode};
use capstan_domain::{AccountId, Amount, ApiKeyId, AttemptId, CredentialId, MoveId, ProviderId, TaskId};
use capstan_storage::{
    AttemptEnd, AttemptFault, Balance, Charge, CredentialStatus, Fence, KeySettings, NewAccount, NewApiKey, NewAttempt,
    NewCredential, NewPriceBook, OpenOptions, Outcome, PlaceTask, Placed, Provider, ProviderStatus, Settlement,
    ShardClaim, Store, TaskFacts, TopUp,
};
use uuid::Uuid;

use crate::engine::{Database, Raw};

/// When every story begins.
pub(crate) const NOW: i64 = 1_700_000_000_000;

/// How long earnings are pending.
pub(crate) const DISPUTE_MS: i64 = 259_200_000;

#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) database: Arc<Database>,
    pub(crate) account: AccountId,
    pub(crate) key: ApiKeyId,
    pub(crate) credential: CredentialId,
    pub(crate) fence: Fence,
    ids: Arc<AtomicU64>,
    tampered: Arc<AtomicBool>,
}

/// Nano-dollars.
pub(crate) const fn nanos(n: i64) -> Amount {
    Amount::from_nanos(n)
}

pub(crate) fn provider() -> anyhow::Result<ProviderId> {
    Ok(ProviderId::new("solver")?)
}

impl Fixture {
    pub(crate) async fn open(database: Database) -> anyhow::Result<Self> {
        let store = Store::open(&database.url, OpenOptions::default()).await?;
        let fixture = Self {
            store,
            database: Arc::new(database),
            account: AccountId(Uuid::from_u128(1)),
            key: ApiKeyId(Uuid::from_u128(2)),
            credential: CredentialId(Uuid::from_u128(3)),
            fence: Fence { shard: 7, epoch: 1 },
            ids: Arc::new(AtomicU64::new(100)),
            tampered: Arc::new(AtomicBool::new(false)),
        };
        fixture.seed().await.context("the world cannot be made")?;
        Ok(fixture)
    }

    async fn seed(&self) -> anyhow::Result<()> {
        self.add_account(self.account).await?;
        let key = NewApiKey {
            id: self.key,
            account: self.account,
            public_id: "pub1".into(),
            secret_hash: [1; 32],
            settings: KeySettings {
                label: "first".into(),
                selection_mode: Some(SelectionMode::AutoCheapest),
                ..KeySettings::default()
            },
            created_at_ms: NOW,
        };
        self.store.create_api_key(key).await?;
        self.store.upsert_provider(self.a_provider()?).await?;
        self.store.add_credential(self.a_credential(self.credential)?).await?;
        self.store.publish_price_book(self.a_price_book(1_000)?).await?;
        let claim = ShardClaim { node: "node-1".into(), now_ms: NOW, ttl_ms: 20_000 };
        let fences = self.store.acquire_shards(claim).await?;
        ensure!(fences.len() == 256 && fences.contains(&self.fence), "every shard is held under epoch 1");
        Ok(())
    }

    pub(crate) fn a_provider(&self) -> anyhow::Result<Provider> {
        Ok(Provider {
            id: provider()?,
            base_url: None,
            time_scale: 1,
            loopback: false,
            status: ProviderStatus::Active,
            contribution_note: Some("a test".into()),
            granted: None,
            created_at_ms: NOW,
        })
    }

    pub(crate) fn a_credential(&self, id: CredentialId) -> anyhow::Result<NewCredential> {
        Ok(NewCredential {
            id,
            provider: provider()?,
            pool: Pool::Platform,
            owner: None,
            label: "main".into(),
            sealed: vec![9, 9],
            binding: r#"{"hosts":[]}"#.into(),
            fingerprint: id.0.as_bytes().to_vec(),
            status: CredentialStatus::Active,
            created_at_ms: NOW,
        })
    }

    pub(crate) fn a_price_book(&self, price: i64) -> anyhow::Result<NewPriceBook> {
        let rule = Rule::fixed(provider()?, "recaptcha_v2", Pool::Platform, nanos(price));
        Ok(NewPriceBook { id: self.uuid(), rules: vec![rule], created_at_ms: NOW })
    }

    /// A new id; no two are the same in one story.
    pub(crate) fn uuid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) async fn raw(&self) -> anyhow::Result<Raw> {
        Raw::open(&self.database.url).await
    }

    /// Says that this story breaks the ledger on purpose.
    pub(crate) fn tamper(&self) {
        self.tampered.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn add_account(&self, id: AccountId) -> anyhow::Result<()> {
        Ok(self.store.create_account(NewAccount { id, name: "Ada".into(), created_at_ms: NOW }).await?)
    }

    pub(crate) fn a_top_up(&self, amount: i64) -> TopUp {
        let id = self.uuid();
        TopUp {
            move_id: MoveId(id),
            account: self.account,
            amount: nanos(amount),
            external_ref: id.to_string(),
            at_ms: NOW,
        }
    }

    pub(crate) async fn fund(&self, amount: i64) -> anyhow::Result<()> {
        let booked = self.store.top_up(self.a_top_up(amount)).await?;
        ensure!(booked.is_ok(), "the top-up is booked");
        Ok(())
    }

    pub(crate) async fn balance(&self) -> anyhow::Result<Balance> {
        self.store.balance(self.account).await?.context("the account exists")
    }

    /// A candidate at that price, on the platform's credential.
    pub(crate) fn attempt(&self, price: i64) -> anyhow::Result<NewAttempt> {
        let candidate = Candidate {
            credential: self.credential,
            provider: provider()?,
            pool: Pool::Platform,
            terms: Terms::fixed(nanos(price)),
            share: None,
        };
        Ok(NewAttempt {
            id: AttemptId(self.uuid()),
            candidate,
            adapter_digest: vec![5; 32],
            explanation: r#"{"rank":0}"#.into(),
            created_at_ms: NOW,
        })
    }

    /// A task that could be placed, with a route of these prices.
    pub(crate) fn a_task(&self, prices: &[i64]) -> anyhow::Result<PlaceTask> {
        let id = self.uuid();
        let facts = TaskFacts {
            id: TaskId(id),
            number: i64::try_from(id.as_u128())?,
            account: self.account,
            api_key: self.key,
            family: "recaptcha_v2".into(),
            task_type: "RecaptchaV2TaskProxyless".into(),
            with_proxy: false,
            selection_mode: SelectionMode::AutoCheapest,
            pool_mode: PoolMode::All,
            site: Some("example.com".into()),
            site_key: Some("6Le".into()),
            price_book_version: 1,
            created_at_ms: NOW,
            deadline_at_ms: NOW + 300_000,
        };
        let candidates = prices.iter().map(|&price| self.attempt(price)).collect::<Result<_, _>>()?;
        Ok(PlaceTask {
            facts,
            fence: self.fence,
            candidates,
            max_attempts: 3,
            move_id: MoveId(self.uuid()),
            guard: None,
        })
    }

    /// Places a task and gives its id and its first attempt's.
    pub(crate) async fn place(&self, price: i64) -> anyhow::Result<(TaskId, AttemptId)> {
        let task = self.a_task(&[price])?;
        let attempt = task.candidates.first().context("a candidate")?.id;
        let id = task.facts.id;
        let placed = self.store.place_task(task).await?;
        ensure!(placed == Ok(Placed { hold: nanos(price), kept: vec![0] }), "placed: {placed:?}");
        Ok((id, attempt))
    }

    pub(crate) fn solved(&self, (task, attempt): (TaskId, AttemptId), capture: i64) -> Settlement {
        let outcome =
            Outcome::Solved { capture: nanos(capture), provider_cost: Some(nanos(1)), solution: b"sealed".to_vec() };
        self.settlement((task, attempt), outcome)
    }

    pub(crate) fn failed(&self, (task, attempt): (TaskId, AttemptId)) -> Settlement {
        let outcome = Outcome::Failed {
            code: ErrorCode::CaptchaUnsolvable,
            description: "no worker could".into(),
            end: AttemptEnd::Failed,
            fault: Some(a_fault(FaultClass::Unsolvable)),
            charge: None,
            watch_until_ms: None,
        };
        self.settlement((task, attempt), outcome)
    }

    /// A task given up at its deadline, its attempt watched until then.
    pub(crate) fn given_up(
        &self,
        (task, attempt): (TaskId, AttemptId),
        charge: Option<Charge>,
        watch_until_ms: Option<i64>,
    ) -> Settlement {
        let outcome = Outcome::Failed {
            code: ErrorCode::TaskTimeout,
            description: String::new(),
            end: AttemptEnd::Failed,
            fault: None,
            charge,
            watch_until_ms,
        };
        self.settlement((task, attempt), outcome)
    }

    fn settlement(&self, (task, attempt): (TaskId, AttemptId), outcome: Outcome) -> Settlement {
        Settlement {
            task,
            attempt,
            fence: self.fence,
            move_id: MoveId(self.uuid()),
            at_ms: NOW + 9_000,
            matures_at_ms: NOW + DISPUTE_MS,
            outcome,
        }
    }

    /// The same world in a store that was opened later.
    pub(crate) fn seen_by(&self, store: Store) -> Self {
        Self { store, ..self.clone() }
    }

    /// The ledger must agree with itself; then the store closes.
    pub(crate) async fn finish(self) -> anyhow::Result<()> {
        if !self.tampered.load(Ordering::Relaxed) {
            // A story may have closed its own handle; the ledger is read through a fresh one.
            let store = Store::open(&self.database.url, OpenOptions::default()).await?;
            let report = store.verify_ledger().await?;
            store.close().await;
            ensure!(report.difference.is_none(), "{report:?}");
        }
        self.store.close().await;
        Ok(())
    }
}

pub(crate) fn a_fault(class: FaultClass) -> AttemptFault {
    AttemptFault { class, code: "ERROR_X".into(), charged: Charged::No }
}

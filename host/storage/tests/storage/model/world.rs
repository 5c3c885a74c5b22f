//! Takes steps: each is made as calls of the store and as changes of the books, and the answers must be the same.

use anyhow::{Context as _, ensure};
use capstan_domain::route::Pool;
use capstan_domain::{AccountId, Amount, ApiKeyId, CredentialId, MoveId};
use capstan_storage::faults::{Plan, When};
use capstan_storage::{
    Acceptance, ByHand, Change, ChangeRefusal, Doubt, Earnings, Fence, Filed, Heard, KeySettings, LateWord, Maturing,
    NewApiKey, NewCredential, NextAttempt, OpenOptions, PlaceRefusal, PlaceTask, Placed, Recorded, Settled, Settlement,
    ShardClaim, Store, StoreError, TakeBack, TaskReport, TopUp,
};
use uuid::Uuid;

use super::books::{Books, Known, Lot, available, held, matured, pending};
use super::{Step, later};
use crate::fixture::{Fixture, NOW, nanos};

/// A call of the store that can be made again.
#[derive(Clone)]
pub(super) enum Call {
    TopUp(TopUp),
    Place(PlaceTask),
    Accept(Acceptance),
    Next(NextAttempt),
    Doubt(Doubt),
    Settle(Settlement),
    LateWord(LateWord),
    Mature(Maturing),
    ByHand(ByHand),
    TakeBack(TakeBack),
    Report(TaskReport),
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    ToppedUp,
    Placed(Result<Placed, PlaceRefusal>),
    Recorded(Recorded),
    Settled(Settled),
    Heard(Heard),
    Matured(Amount),
    Booked,
    Refused(ChangeRefusal),
    Filed(Filed),
}

pub(super) struct World {
    pub(super) fixture: Fixture,
    /// Accounts with a key each; the last is the contributor, too.
    pub(super) payers: Vec<(AccountId, ApiKeyId)>,
    pub(super) contributed: CredentialId,
    pub(super) books: Books,
    pub(super) tasks: Vec<Known>,
    pub(super) lots: Vec<Lot>,
    pub(super) now_ms: i64,
    pub(super) last: Option<(Call, Answer)>,
    plan: Option<Plan>,
    /// Whether one plan stands over all steps, so that no step makes its own.
    is_swept: bool,
}

impl World {
    pub(super) async fn begin(fixture: Fixture) -> anyhow::Result<Self> {
        let mut payers = Vec::new();
        for _ in 0..3 {
            let (account, key) = (AccountId(fresh()), ApiKeyId(fresh()));
            fixture.add_account(account).await?;
            let mut secret_hash = [0; 32];
            secret_hash[..16].copy_from_slice(key.0.as_bytes());
            let settings = KeySettings { label: "a key".into(), ..KeySettings::default() };
            let (public_id, created_at_ms) = (key.to_string(), NOW);
            let new = NewApiKey { id: key, account, public_id, secret_hash, settings, created_at_ms };
            fixture.store.create_api_key(new).await?;
            payers.push((account, key));
        }
        let contributed = CredentialId(fresh());
        let owner = Some(payers[2].0);
        let credential = NewCredential { pool: Pool::Community, owner, ..fixture.a_credential(contributed)? };
        fixture.store.add_credential(credential).await?;
        let before = fixture.store.trial_balance().await?;
        let books = Books(before.into_iter().map(|(account, amount)| (account, amount.nanos())).collect());
        let (tasks, lots) = (Vec::new(), Vec::new());
        Ok(Self {
            fixture,
            payers,
            contributed,
            books,
            tasks,
            lots,
            now_ms: NOW,
            last: None,
            plan: None,
            is_swept: false,
        })
    }

    /// From now on the nth operation of the database fails, whichever step it belongs to.
    pub(super) fn sweep(&mut self, plan: Plan) {
        self.is_swept = true;
        self.store().faults().follow(Some(plan));
    }

    /// Whether that operation has come.
    pub(super) fn was_reached(&self, plan: Plan) -> bool {
        let reached = self.store().faults().seen() >= plan.nth;
        self.store().faults().follow(None);
        reached
    }

    pub(super) fn arm(&mut self) {
        if !self.is_swept {
            self.store().faults().follow(self.plan);
            self.plan = None;
        }
    }

    pub(super) fn disarm(&self) {
        if !self.is_swept {
            self.store().faults().follow(None);
        }
    }

    pub(super) fn end(self) -> Fixture {
        self.fixture
    }

    pub(super) fn store(&self) -> &Store {
        &self.fixture.store
    }

    pub(super) fn contributor(&self) -> AccountId {
        self.payers[2].0
    }

    /// The open or closed task that a number means, if there is one.
    pub(super) fn pick(&self, number: usize, is_wanted: impl Fn(&Known) -> bool) -> Option<usize> {
        let wanted: Vec<usize> = (0..self.tasks.len()).filter(|&n| is_wanted(&self.tasks[n])).collect();
        (!wanted.is_empty()).then(|| wanted[number % wanted.len()])
    }

    pub(super) async fn take(&mut self, step: &Step) -> anyhow::Result<()> {
        match step {
            Step::Fault { nth, times, after } => {
                let when = if *after { When::After } else { When::Before };
                self.plan = Some(Plan { nth: *nth, times: *times, when });
                return Ok(());
            }
            Step::TopUp { account, nanos } => self.top_up(*account, *nanos).await?,
            Step::Place { account, route } => self.place(*account, route).await?,
            Step::PlaceMany { account, count, nanos } => self.place_many(*account, *count, *nanos).await?,
            Step::Accept { task } => self.accept(*task).await?,
            Step::Refuse { task, charge } => self.refuse(*task, *charge).await?,
            Step::Doubt { task } => self.doubt(*task).await?,
            Step::Solve { task, thousandths } => self.settle(*task, Ok(*thousandths)).await?,
            Step::Fail { task, charge } => self.settle(*task, Err(*charge)).await?,
            Step::EndAll => self.end_all().await?,
            Step::LateWord { task, nanos } => self.late_word(*task, *nanos).await?,
            Step::Mature { hours } => self.mature(*hours).await?,
            Step::Adjust { account, nanos } => self.adjust(*account, *nanos).await?,
            Step::Leave { nanos, is_payout } => self.leave(*nanos, *is_payout).await?,
            Step::TakeBack { task } => self.take_back(*task).await?,
            Step::Complain { task } => self.complain(*task).await?,
            Step::Again => self.again().await?,
            Step::Stale { task } => self.stale(*task).await?,
            Step::Restart => self.restart().await?,
        }
        self.disarm();
        self.plan = None;
        Ok(())
    }

    /// Makes a call, the failures that were asked for included. What could not be written is asked again, as its caller does.
    pub(super) async fn ask(&mut self, call: Call, expected: Answer) -> anyhow::Result<()> {
        self.arm();
        let mut answer = make(self.store(), &call).await;
        if answer.as_ref().is_err_and(StoreError::is_transient) {
            self.disarm();
            answer = make(self.store(), &call).await;
        }
        let answer = answer?;
        ensure!(answer == expected, "answered {answer:?} instead of {expected:?}");
        self.last = Some((call, answer));
        Ok(())
    }

    async fn top_up(&mut self, account: usize, amount: i64) -> anyhow::Result<()> {
        let account = self.payers[account].0;
        let id = fresh();
        let (move_id, external_ref) = (MoveId(id), id.to_string());
        let top_up = TopUp { move_id, account, amount: nanos(amount), external_ref, at_ms: self.now_ms };
        self.books.transfer("world:topup", &available(account), amount);
        self.ask(Call::TopUp(top_up), Answer::ToppedUp).await
    }

    async fn again(&mut self) -> anyhow::Result<()> {
        let Some((call, answer)) = self.last.clone() else { return Ok(()) };
        // A task that found no money may find some by now.
        if matches!(answer, Answer::Placed(Err(_))) {
            return Ok(());
        }
        self.ask(call, answer).await
    }

    async fn stale(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(n) = self.pick(number, |task| task.state.is_open()) else { return Ok(()) };
        let (books, tasks, lots) = (self.books.clone(), self.tasks.clone(), self.lots.clone());
        let (mut settlement, _) = self.ending(n, Ok(1_000))?;
        (self.books, self.tasks, self.lots) = (books, tasks, lots);
        settlement.fence = Fence { epoch: settlement.fence.epoch - 1, ..settlement.fence };
        let answer = self.store().settle(settlement).await;
        ensure!(matches!(answer, Err(StoreError::Fenced { .. })), "{answer:?}");
        Ok(())
    }

    async fn restart(&mut self) -> anyhow::Result<()> {
        self.store().close().await;
        self.fixture.store = Store::open(&self.fixture.database.url, OpenOptions::default()).await?;
        let claim = ShardClaim { node: "node-1".into(), now_ms: self.now_ms, ttl_ms: 20_000 };
        let fences = self.store().acquire_shards(claim).await?;
        let shard = self.fixture.fence.shard;
        self.fixture.fence = fences.into_iter().find(|fence| fence.shard == shard).context("the shard is held")?;
        // An acceptance or a settlement of before was made under an epoch that is gone.
        self.last = None;
        Ok(())
    }

    /// What is not as the model has it.
    pub(super) async fn compare(&self) -> anyhow::Result<Vec<String>> {
        let mut wrong = Vec::new();
        wrong.extend(self.store().verify_ledger().await?.difference.map(|found| found.to_string()));
        let mut found = self.store().trial_balance().await?;
        for (account, nanos) in &self.books.0 {
            let has = found.remove(account).map_or(0, Amount::nanos);
            if has != *nanos {
                wrong.push(format!("{account} has {has}, the model {nanos}"));
            }
        }
        wrong.extend(found.into_iter().map(|(account, amount)| format!("{account} has {amount}, the model nothing")));
        for (account, _) in &self.payers {
            let balance = self.store().balance(*account).await?.context("the account exists")?;
            let expected = [self.books.of(&available(*account)), self.books.of(&held(*account))];
            if [balance.available.nanos(), balance.held.nanos()] != expected {
                wrong.push(format!("account {account} shows {balance:?}, the model {expected:?}"));
            }
        }
        let contributor = self.contributor();
        let earnings = self.store().earnings(contributor).await?;
        let of = |account: &str| nanos(self.books.of(account));
        let expected = Earnings { pending: of(&pending(contributor)), available: of(&matured(contributor)) };
        if earnings != expected {
            wrong.push(format!("the contributor shows {earnings:?}, the model {expected:?}"));
        }
        Ok(wrong)
    }
}

/// An id that no other sequence in this database has.
#[expect(clippy::disallowed_methods, reason = "tests have no clock of their own to make ids beside")]
pub(super) fn fresh() -> Uuid {
    Uuid::now_v7()
}

async fn make(store: &Store, call: &Call) -> Result<Answer, StoreError> {
    Ok(match call.clone() {
        // The balance that it tells moves on; that the money is booked does not.
        Call::TopUp(top_up) => store
            .top_up(top_up)
            .await?
            .map_or(Answer::Placed(Err(PlaceRefusal::AccountNotActive)), |_| Answer::ToppedUp),
        Call::Place(task) => Answer::Placed(store.place_task(task).await?),
        Call::Accept(call) => Answer::Recorded(store.record_acceptance(call).await?),
        Call::Next(call) => Answer::Recorded(store.record_next_attempt(call).await?),
        Call::Doubt(call) => Answer::Recorded(store.record_in_doubt(call).await?),
        Call::Settle(call) => Answer::Settled(store.settle(call).await?),
        Call::LateWord(call) => Answer::Heard(store.record_late_word(call).await?),
        Call::Mature(call) => Answer::Matured(store.mature_earnings(call).await?),
        Call::ByHand(call) => later::change(store, (call.move_id.0, Change::MoveByHand(call))).await?,
        Call::TakeBack(call) => later::change(store, (call.move_id.0, Change::TakeBack(call))).await?,
        Call::Report(report) => Answer::Filed(store.file_report(report).await?),
    })
}

//! Takes steps: each is made as calls of the store and as changes of the books, and the answers must be the same.

use anyhow::{Context as _, ensure};
use capstan_domain::adapter::{Charged, FaultClass};
use capstan_domain::code::ErrorCode;
use capstan_domain::route::Pool;
use capstan_domain::{AccountId, Amount, ApiKeyId, AttemptId, CredentialId, MoveId};
use capstan_storage::faults::{Plan, When};
use capstan_storage::{
    Acceptance, AttemptEnd, ByHand, Change, ChangeRefusal, Charge, Doubt, Earnings, Fence, Filed, Heard, KeySettings,
    LateWord, Maturing, NewApiKey, NewAttempt, NewCredential, NextAttempt, OpenOptions, Outcome, PlaceRefusal,
    PlaceTask, Placed, Recorded, Settled, Settlement, ShardClaim, Store, StoreError, TakeBack, TaskReport, TopUp,
};
use futures_util::future::join_all;
use uuid::Uuid;

use super::books::{Books, Known, Lot, LotState, State, Tried, available, held, matured, pending};
use super::{Step, later};
use crate::fixture::{DISPUTE_MS, Fixture, NOW, a_fault, nanos};

/// The contributor's share of a capture.
const SHARE_BP: u16 = 6_000;
/// Most candidates that are tried.
const MOST_TRIED: usize = 3;

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
    fixture: Fixture,
    /// Accounts with a key each; the last is the contributor, too.
    pub(super) payers: Vec<(AccountId, ApiKeyId)>,
    contributed: CredentialId,
    pub(super) books: Books,
    pub(super) tasks: Vec<Known>,
    pub(super) lots: Vec<Lot>,
    pub(super) now_ms: i64,
    last: Option<(Call, Answer)>,
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

    fn arm(&mut self) {
        if !self.is_swept {
            self.store().faults().follow(self.plan);
            self.plan = None;
        }
    }

    fn disarm(&self) {
        if !self.is_swept {
            self.store().faults().follow(None);
        }
    }

    pub(super) fn end(self) -> Fixture {
        self.fixture
    }

    fn store(&self) -> &Store {
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

    fn a_task(&self, account: usize, route: &[(i64, bool)]) -> anyhow::Result<PlaceTask> {
        let (account, key) = self.payers[account];
        let mut task = self.fixture.a_task(&[])?;
        let id = fresh();
        (task.facts.id, task.facts.account, task.facts.api_key) = (capstan_domain::TaskId(id), account, key);
        // Random bits of the id: unique enough, and what the column takes.
        task.facts.number = i64::try_from(id.as_u128() & ((1 << 51) - 1))? + 1;
        (task.move_id, task.fence, task.max_attempts) = (MoveId(fresh()), self.fixture.fence, MOST_TRIED);
        task.candidates = route.iter().map(|&offer| self.an_attempt(offer)).collect::<Result<_, _>>()?;
        Ok(task)
    }

    fn an_attempt(&self, (price, is_contributed): (i64, bool)) -> anyhow::Result<NewAttempt> {
        let mut attempt = self.fixture.attempt(price)?;
        attempt.id = AttemptId(fresh());
        if is_contributed {
            attempt.candidate.credential = self.contributed;
            attempt.candidate.pool = Pool::Community;
            attempt.candidate.share = Some((self.contributor(), SHARE_BP));
        }
        Ok(attempt)
    }

    fn tried(&self, attempt: &NewAttempt) -> Tried {
        let contributor = attempt.candidate.share.map(|(contributor, _)| contributor);
        let credential = attempt.candidate.credential;
        Tried { id: attempt.id, credential, contributor, is_charged: false, is_captured: false }
    }

    async fn place(&mut self, account: usize, route: &[(i64, bool)]) -> anyhow::Result<()> {
        let task = self.a_task(account, route)?;
        let payer = task.facts.account;
        let can_spend = self.books.of(&available(payer));
        let kept: Vec<usize> = (0..route.len()).filter(|&n| route[n].0 <= can_spend).take(MOST_TRIED).collect();
        let hold = kept.iter().map(|&n| route[n].0).max();
        let expected = match hold {
            Some(hold) => {
                self.note_placed(&task, kept[0], hold);
                Ok(Placed { hold: nanos(hold), kept })
            }
            None => Err(PlaceRefusal::InsufficientFunds { available: nanos(can_spend) }),
        };
        self.ask(Call::Place(task), Answer::Placed(expected)).await
    }

    fn note_placed(&mut self, task: &PlaceTask, first: usize, hold: i64) {
        let payer = task.facts.account;
        self.books.transfer(&available(payer), &held(payer), hold);
        let attempts = vec![self.tried(&task.candidates[first])];
        self.tasks.push(Known {
            id: task.facts.id,
            payer,
            hold,
            state: State::Submitting,
            attempts,
            capture: 0,
            complaint: None,
        });
    }

    async fn place_many(&mut self, account: usize, count: usize, price: i64) -> anyhow::Result<()> {
        let tasks = (0..count).map(|_| self.a_task(account, &[(price, false)])).collect::<Result<Vec<_>, _>>()?;
        let can_spend = self.books.of(&available(self.payers[account].0));
        self.arm();
        // Only the call right before is made again: one of before the crowd may be moot.
        self.last = None;
        let answers = join_all(tasks.iter().map(|task| self.store().place_task(task.clone()))).await;
        self.disarm();
        let mut placed = 0;
        for (task, answer) in tasks.iter().zip(answers) {
            let answer = match answer {
                Err(error) if error.is_transient() => self.store().place_task(task.clone()).await?,
                answer => answer?,
            };
            if answer.is_ok() {
                placed += 1;
                self.note_placed(task, 0, price);
            }
        }
        let expected = i64::try_from(count)?.min(can_spend / price);
        ensure!(placed == expected, "{placed} of {count} were placed on {can_spend} at {price} each");
        Ok(())
    }

    async fn accept(&mut self, number: usize) -> anyhow::Result<()> {
        let can = |task: &Known| matches!(task.state, State::Submitting | State::InDoubt);
        let Some(n) = self.pick(number, can) else { return Ok(()) };
        let task = &mut self.tasks[n];
        task.state = State::Running;
        let attempt = task.attempts.last().context("an attempt")?.id;
        let (fence, reference) = (self.fixture.fence, b"sealed".to_vec());
        let call = Acceptance { task: task.id, attempt, fence, reference, at_ms: self.now_ms };
        self.ask(Call::Accept(call), Answer::Recorded(Recorded::Done)).await
    }

    async fn refuse(&mut self, number: usize, charge: Option<i64>) -> anyhow::Result<()> {
        let Some(n) = self.pick(number, |task| task.state == State::Submitting) else { return Ok(()) };
        let next = self.an_attempt((1, number.is_multiple_of(2)))?;
        let refused = self.tasks[n].attempts.last().context("an attempt")?.id;
        let matures_at_ms = self.now_ms + DISPUTE_MS;
        let charge = charge.map(a_charge);
        let (task, fence, fault) = (self.tasks[n].id, self.fixture.fence, a_fault(FaultClass::NoCapacity));
        let call = NextAttempt { task, fence, refused, fault, next: next.clone(), charge, matures_at_ms };
        self.bear(n, charge);
        let tried = self.tried(&next);
        self.tasks[n].attempts.push(tried);
        self.ask(Call::Next(call), Answer::Recorded(Recorded::Done)).await
    }

    async fn doubt(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(n) = self.pick(number, |task| task.state == State::Submitting) else { return Ok(()) };
        self.tasks[n].state = State::InDoubt;
        let (task, fence) = (self.tasks[n].id, self.fixture.fence);
        let attempt = self.tasks[n].attempts.last().context("an attempt")?.id;
        let call = Doubt { task, attempt, fence, fault_code: "LOST".to_owned() };
        self.ask(Call::Doubt(call), Answer::Recorded(Recorded::Done)).await
    }

    /// Books in the model what the attempt in hand was charged.
    fn bear(&mut self, n: usize, charge: Option<Charge>) {
        let payer = self.tasks[n].payer;
        let Some(charge) = charge else { return };
        let Some(tried) = self.tasks[n].attempts.last_mut().filter(|tried| !tried.is_charged) else { return };
        let cost = charge.cost.nanos();
        match tried.contributor {
            None => {
                tried.is_charged = true;
                let cost_account = format!("provider:{}:cost", tried.credential);
                self.books.transfer("platform:loss", &cost_account, cost);
            }
            Some(contributor) if contributor == payer => {}
            Some(contributor) => {
                tried.is_charged = true;
                self.books.transfer("platform:loss", &pending(contributor), cost);
                let matures_at_ms = self.now_ms + DISPUTE_MS;
                let (attempt, state) = (tried.id, LotState::Pending);
                self.lots.push(Lot { attempt, contributor, nanos: cost, matures_at_ms, is_share: false, state });
            }
        }
    }

    /// A settlement of an open task and what it is answered; the model has it afterwards.
    fn ending(&mut self, n: usize, end: Result<u16, Option<i64>>) -> anyhow::Result<(Settlement, Settled)> {
        let (task, payer, hold) = (self.tasks[n].id, self.tasks[n].payer, self.tasks[n].hold);
        let tried = self.tasks[n].attempts.last().context("an attempt")?.clone();
        let (outcome, capture) = match end {
            Ok(thousandths) => {
                let capture = hold * i64::from(thousandths) / 1_000;
                let (solution, provider_cost) = (b"sealed".to_vec(), Some(nanos(1)));
                (Outcome::Solved { capture: nanos(capture), provider_cost, solution }, capture)
            }
            Err(charge) => {
                let charge = charge.map(a_charge);
                self.bear(n, charge);
                let (code, description) = (ErrorCode::CaptchaUnsolvable, String::new());
                let fault = Some(a_fault(FaultClass::Unsolvable));
                let end = AttemptEnd::Failed;
                (Outcome::Failed { code, description, end, fault, charge, watch_until_ms: None }, 0)
            }
        };
        let solved = end.is_ok();
        self.tasks[n].capture = capture;
        self.tasks[n].state = if solved { State::Solved } else { State::Failed };
        self.books.transfer(&held(payer), &available(payer), hold - capture);
        let mut revenue = capture;
        if solved {
            self.tasks[n].attempts.last_mut().context("an attempt")?.is_captured = true;
            if let Some(contributor) = tried.contributor.filter(|contributor| *contributor != payer) {
                let share = capture * i64::from(SHARE_BP) / 10_000;
                revenue -= share;
                self.books.transfer(&held(payer), &pending(contributor), share);
                let matures_at_ms = self.now_ms + DISPUTE_MS;
                let (attempt, state) = (tried.id, LotState::Pending);
                self.lots.push(Lot { attempt, contributor, nanos: share, matures_at_ms, is_share: true, state });
            }
        }
        self.books.transfer(&held(payer), "platform:revenue", revenue);
        let (fence, move_id, at_ms) = (self.fixture.fence, MoveId(fresh()), self.now_ms);
        let matures_at_ms = at_ms + DISPUTE_MS;
        let settlement = Settlement { task, attempt: tried.id, fence, move_id, at_ms, matures_at_ms, outcome };
        Ok((settlement, Settled::Now { cost: nanos(capture), returned: nanos(hold - capture) }))
    }

    async fn settle(&mut self, number: usize, end: Result<u16, Option<i64>>) -> anyhow::Result<()> {
        let Some(n) = self.pick(number, |task| task.state.is_open()) else { return Ok(()) };
        let (settlement, settled) = self.ending(n, end)?;
        self.ask(Call::Settle(settlement), Answer::Settled(settled)).await
    }

    async fn end_all(&mut self) -> anyhow::Result<()> {
        let open: Vec<usize> = (0..self.tasks.len()).filter(|&n| self.tasks[n].state.is_open()).collect();
        let mut ends = Vec::new();
        for (place, n) in open.into_iter().enumerate() {
            ends.push(self.ending(n, if place % 2 == 0 { Ok(1_000) } else { Err(Some(7)) })?);
        }
        self.arm();
        self.last = None;
        let answers = join_all(ends.iter().map(|(settlement, _)| self.store().settle(settlement.clone()))).await;
        self.disarm();
        for ((settlement, expected), answer) in ends.iter().zip(answers) {
            let answer = match answer {
                Err(error) if error.is_transient() => self.store().settle(settlement.clone()).await?,
                answer => answer?,
            };
            ensure!(answer == *expected, "settled {answer:?} instead of {expected:?}");
        }
        Ok(())
    }

    async fn late_word(&mut self, number: usize, cost: i64) -> anyhow::Result<()> {
        let Some(n) = self.pick(number, |task| !task.state.is_open()) else { return Ok(()) };
        let charge = a_charge(cost);
        let tried = self.tasks[n].attempts.last().context("an attempt")?;
        let is_captured = tried.is_captured;
        let call = LateWord {
            task: self.tasks[n].id,
            attempt: tried.id,
            fence: self.fixture.fence,
            charged: Charged::Yes,
            charge: Some(charge),
            at_ms: self.now_ms,
            matures_at_ms: self.now_ms + DISPUTE_MS,
        };
        if !is_captured {
            self.bear(n, Some(charge));
        }
        let heard = if is_captured { Heard::Captured } else { Heard::Done };
        self.ask(Call::LateWord(call), Answer::Heard(heard)).await
    }

    async fn mature(&mut self, hours: u16) -> anyhow::Result<()> {
        self.now_ms += i64::from(hours) * 3_600_000;
        let (contributor, now_ms) = (self.contributor(), self.now_ms);
        let mut sum = 0;
        for lot in &mut self.lots {
            if lot.state == LotState::Pending && lot.contributor == contributor && lot.matures_at_ms <= now_ms {
                lot.state = LotState::Matured;
                sum += lot.nanos;
            }
        }
        self.books.transfer(&pending(contributor), &matured(contributor), sum);
        let call = Maturing { contributor, now_ms, move_id: MoveId(fresh()) };
        self.ask(Call::Mature(call), Answer::Matured(nanos(sum))).await
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

fn a_charge(cost: i64) -> Charge {
    Charge { move_id: MoveId(fresh()), cost: nanos(cost), is_told: true }
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

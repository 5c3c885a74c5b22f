//! The steps of a task's life, each as calls and as changes of the books.

use anyhow::{Context as _, ensure};
use capstan_domain::adapter::{Charged, FaultClass};
use capstan_domain::code::ErrorCode;
use capstan_domain::route::Pool;
use capstan_domain::{AttemptId, MoveId};
use capstan_storage::{
    Acceptance, AttemptEnd, Charge, Doubt, Heard, LateWord, Maturing, NewAttempt, NextAttempt, Outcome, PlaceRefusal,
    PlaceTask, Placed, Recorded, Settled, Settlement,
};
use futures_util::future::join_all;

use super::books::{Known, Lot, LotState, State, Tried, available, held, matured, pending};
use super::world::{Answer, Call, World, fresh};
use crate::fixture::{DISPUTE_MS, a_fault, nanos};

/// The contributor's share of a capture.
const SHARE_BP: u16 = 6_000;
/// Most candidates that are tried.
const MOST_TRIED: usize = 3;

impl World {
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

    pub(super) async fn place(&mut self, account: usize, route: &[(i64, bool)]) -> anyhow::Result<()> {
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

    pub(super) async fn place_many(&mut self, account: usize, count: usize, price: i64) -> anyhow::Result<()> {
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

    pub(super) async fn accept(&mut self, number: usize) -> anyhow::Result<()> {
        let can = |task: &Known| matches!(task.state, State::Submitting | State::InDoubt);
        let Some(n) = self.pick(number, can) else { return Ok(()) };
        let task = &mut self.tasks[n];
        task.state = State::Running;
        let attempt = task.attempts.last().context("an attempt")?.id;
        let (fence, reference) = (self.fixture.fence, b"sealed".to_vec());
        let call = Acceptance { task: task.id, attempt, fence, reference, at_ms: self.now_ms };
        self.ask(Call::Accept(call), Answer::Recorded(Recorded::Done)).await
    }

    pub(super) async fn refuse(&mut self, number: usize, charge: Option<i64>) -> anyhow::Result<()> {
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

    pub(super) async fn doubt(&mut self, number: usize) -> anyhow::Result<()> {
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
    pub(super) fn ending(&mut self, n: usize, end: Result<u16, Option<i64>>) -> anyhow::Result<(Settlement, Settled)> {
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

    pub(super) async fn settle(&mut self, number: usize, end: Result<u16, Option<i64>>) -> anyhow::Result<()> {
        let Some(n) = self.pick(number, |task| task.state.is_open()) else { return Ok(()) };
        let (settlement, settled) = self.ending(n, end)?;
        self.ask(Call::Settle(settlement), Answer::Settled(settled)).await
    }

    pub(super) async fn end_all(&mut self) -> anyhow::Result<()> {
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

    pub(super) async fn late_word(&mut self, number: usize, cost: i64) -> anyhow::Result<()> {
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

    pub(super) async fn mature(&mut self, hours: u16) -> anyhow::Result<()> {
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
}

fn a_charge(cost: i64) -> Charge {
    Charge { move_id: MoveId(fresh()), cost: nanos(cost), is_told: true }
}

//! What happens to money after its task: complaints, moves by hand, earnings that leave.

use anyhow::Context as _;
use capstan_domain::MoveId;
use capstan_domain::complaint::{Cap, Decision, RefundPolicy, RefundRule};
use capstan_storage::{
    Applied, ByHand, Change, ChangeRefusal, Filed, HandMove, NewAudit, Store, StoreError, TakeBack, TaskReport,
};
use uuid::Uuid;

use super::books::{LotState, State, available, matured, pending};
use super::world::{Answer, Call, World, fresh};
use crate::fixture::nanos;

/// Every complaint in time and under the cap: what is refused is the policy's own tests' affair.
const POLICY: RefundPolicy =
    RefundPolicy { rule: RefundRule::Always, window_ms: i64::MAX / 2, cap: Cap { share_bp: 10_000, floor: 100_000 } };

/// Makes an operator's change, its line in the audit log named alike each time.
pub(super) async fn change(store: &Store, (id, change): (Uuid, Change)) -> Result<Answer, StoreError> {
    let [action, target] = ["a move by hand", "somebody's money"].map(str::to_owned);
    let line = NewAudit { id, at_ms: 0, actor: "a model".to_owned(), action, target, detail: "{}".to_owned() };
    Ok(match store.apply(change, line).await? {
        Ok(Applied::Booked(_) | Applied::ToppedUp(_)) => Answer::Booked,
        Ok(Applied::Done | Applied::Credential(_) | Applied::Prices(_) | Applied::Payout(_) | Applied::Claim(_)) => {
            Answer::Placed(Ok(nothing()))
        }
        Err(refusal) => Answer::Refused(refusal),
    })
}

/// An answer that no change has.
fn nothing() -> capstan_storage::Placed {
    capstan_storage::Placed { hold: nanos(0), kept: Vec::new() }
}

impl World {
    async fn by_hand(&mut self, account: usize, what: HandMove, expected: Answer) -> anyhow::Result<()> {
        let id = fresh();
        let (move_id, external_ref, account) = (MoveId(id), format!("by hand {id}"), self.payers[account].0);
        let call = ByHand { move_id, account, what, external_ref, at_ms: self.now_ms };
        self.ask(Call::ByHand(call), expected).await
    }

    pub(super) async fn adjust(&mut self, account: usize, by: i64) -> anyhow::Result<()> {
        let name = available(self.payers[account].0);
        let has = self.books.of(&name);
        if by == 0 {
            return Ok(());
        }
        let expected = if has + by < 0 {
            Answer::Refused(ChangeRefusal::BalanceTooSmall(nanos(has)))
        } else {
            self.books.transfer("platform:promo", &name, by);
            Answer::Booked
        };
        let what = HandMove::Adjust { amount: nanos(by), note: "because".to_owned() };
        self.by_hand(account, what, expected).await
    }

    pub(super) async fn leave(&mut self, amount: i64, is_payout: bool) -> anyhow::Result<()> {
        let contributor = self.contributor();
        let has = self.books.of(&matured(contributor));
        let (what, to) = if is_payout {
            (HandMove::PayOut(nanos(amount)), "world:payout".to_owned())
        } else {
            (HandMove::Spend(nanos(amount)), available(contributor))
        };
        let expected = if has < amount {
            Answer::Refused(ChangeRefusal::EarningsTooSmall(nanos(has)))
        } else {
            self.books.transfer(&matured(contributor), &to, amount);
            Answer::Booked
        };
        self.by_hand(2, what, expected).await
    }

    pub(super) async fn take_back(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(n) = self.pick(number, |task| task.state == State::Solved) else { return Ok(()) };
        let attempt = self.tasks[n].attempts.last().context("an attempt")?.id;
        let lot = self.lots.iter_mut().find(|lot| lot.attempt == attempt && lot.is_share && lot.nanos > 0);
        let expected = match lot {
            None => Answer::Refused(ChangeRefusal::NoEarning),
            Some(lot) => match lot.state {
                LotState::Matured => Answer::Refused(ChangeRefusal::EarningMatured),
                // By a claw-back with another id's reason, or by a complaint: asked no further.
                LotState::TakenBack => return Ok(()),
                LotState::Pending => {
                    lot.state = LotState::TakenBack;
                    self.books.transfer(&pending(lot.contributor), "platform:revenue", lot.nanos);
                    Answer::Booked
                }
            },
        };
        let call = TakeBack { move_id: MoveId(fresh()), attempt, note: "stolen".to_owned(), at_ms: self.now_ms };
        self.ask(Call::TakeBack(call), expected).await
    }

    pub(super) async fn complain(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(n) = self.pick(number, |task| task.state == State::Solved) else { return Ok(()) };
        let is_first = self.tasks[n].complaint.is_none();
        let decision = match self.tasks[n].complaint {
            Some(decided) => decided,
            None if self.tasks[n].capture == 0 => Decision::NothingPaid,
            None => {
                self.reverse(n)?;
                Decision::Refunded
            }
        };
        self.tasks[n].complaint = Some(decision);
        let report = TaskReport {
            task: self.tasks[n].id,
            account: self.tasks[n].payer,
            correct: false,
            is_judgeable: true,
            policy: POLICY,
            move_id: MoveId(fresh()),
            created_at_ms: self.now_ms,
        };
        self.ask(Call::Report(report), Answer::Filed(Filed { is_first, decision: Some(decision) })).await
    }

    /// Books in the model that a capture goes back.
    fn reverse(&mut self, n: usize) -> anyhow::Result<()> {
        let (payer, capture) = (self.tasks[n].payer, self.tasks[n].capture);
        let attempt = self.tasks[n].attempts.last().context("an attempt")?.id;
        self.books.transfer("platform:revenue", &available(payer), capture);
        let lot = self.lots.iter_mut().find(|lot| lot.attempt == attempt && lot.is_share);
        if let Some(lot) = lot {
            match lot.state {
                LotState::Pending => {
                    lot.state = LotState::TakenBack;
                    self.books.transfer(&pending(lot.contributor), "platform:revenue", lot.nanos);
                }
                LotState::Matured => self.books.transfer("platform:loss", "platform:revenue", lot.nanos),
                LotState::TakenBack => {}
            }
        }
        Ok(())
    }
}

//! What operators move by hand: once per reference, never below nothing, written down once.

use anyhow::{Context, ensure};
use capstan_domain::ledger::MoveKind;
use capstan_domain::{AccountId, Amount, AttemptId, MoveId};
use capstan_storage::{
    Applied, Booked, ByHand, Change, ChangeRefusal, Earnings, HandMove, Maturing, NewAudit, StoreError, TakeBack,
};

use crate::charging::{charged, lines, place_on_contributed};
use crate::fixture::{DISPUTE_MS, Fixture, NOW, nanos};

pub(crate) fn line(f: &Fixture, action: &str) -> NewAudit {
    NewAudit {
        id: f.uuid(),
        at_ms: NOW,
        actor: "uid 0".into(),
        action: action.into(),
        target: "it".into(),
        detail: "{}".into(),
    }
}

pub(crate) fn adjust(amount: i64) -> HandMove {
    HandMove::Adjust { amount: nanos(amount), note: "an outage".into() }
}

/// Moves money by hand, under a new id.
pub(crate) async fn by_hand(
    f: &Fixture,
    account: AccountId,
    what: HandMove,
    reference: &str,
) -> anyhow::Result<Result<Booked, ChangeRefusal>> {
    let call = ByHand { move_id: MoveId(f.uuid()), account, what, external_ref: reference.into(), at_ms: NOW };
    told(f.store.apply(Change::MoveByHand(call), line(f, "account adjust")).await?)
}

async fn take_back(f: &Fixture, attempt: AttemptId, note: &str) -> anyhow::Result<Result<Booked, ChangeRefusal>> {
    let call = TakeBack { move_id: MoveId(f.uuid()), attempt, note: note.into(), at_ms: NOW };
    told(f.store.apply(Change::TakeBack(call), line(f, "earning take-back")).await?)
}

fn told(applied: Result<Applied, ChangeRefusal>) -> anyhow::Result<Result<Booked, ChangeRefusal>> {
    Ok(match applied {
        Ok(Applied::Booked(booked)) => Ok(booked),
        Ok(other) => anyhow::bail!("{other:?}"),
        Err(refusal) => Err(refusal),
    })
}

/// A contributor who has earned 60 by a task of the fixture's account: who, and the attempt.
pub(crate) async fn a_contributor(f: &Fixture) -> anyhow::Result<(AccountId, AttemptId)> {
    let contributor = AccountId(f.uuid());
    f.add_account(contributor).await?;
    let placed = place_on_contributed(f, contributor).await?;
    f.store.settle(f.solved(placed, 101)).await?;
    Ok((contributor, placed.1))
}

pub(crate) async fn mature(f: &Fixture, contributor: AccountId) -> anyhow::Result<()> {
    let maturing = Maturing { contributor, now_ms: NOW + DISPUTE_MS, move_id: MoveId(f.uuid()) };
    ensure!(f.store.mature_earnings(maturing).await? == nanos(60), "60 matured");
    Ok(())
}

async fn audited(f: &Fixture) -> anyhow::Result<usize> {
    Ok(f.store.list_audit(None, 100).await?.len())
}

pub(crate) async fn an_adjustment_gives_and_takes_and_leaves_nothing_below_zero(f: Fixture) -> anyhow::Result<()> {
    let given = by_hand(&f, f.account, adjust(500), "a1").await?;
    let given = given.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    assert_eq!((given.balance.available, given.amount), (nanos(500), nanos(500)));
    f.place(300).await?;
    // What is held is not there to be taken.
    assert_eq!(by_hand(&f, f.account, adjust(-201), "a2").await?, Err(ChangeRefusal::BalanceTooSmall(nanos(200))));
    ensure!(by_hand(&f, f.account, adjust(-200), "a2").await?.is_ok(), "a reference that was refused is free");
    assert_eq!(f.balance().await?.available, Amount::ZERO);
    let nobody = by_hand(&f, AccountId(f.uuid()), adjust(5), "a3").await;
    let is_missing = |error: &anyhow::Error| matches!(error.downcast_ref(), Some(StoreError::Missing { .. }));
    ensure!(nobody.as_ref().is_err_and(is_missing), "{nobody:?}");
    ensure!(by_hand(&f, f.account, adjust(0), "a4").await.is_err(), "nothing is no adjustment");
    assert_eq!(audited(&f).await?, 2, "what was not done is not written down");
    Ok(())
}

pub(crate) async fn a_reference_is_one_move_and_one_line_of_the_audit_log(f: Fixture) -> anyhow::Result<()> {
    let first = by_hand(&f, f.account, adjust(500), "a1").await?;
    for _ in 0..2 {
        assert_eq!(by_hand(&f, f.account, adjust(500), "a1").await?, first);
    }
    assert_eq!((f.balance().await?.available, audited(&f).await?), (nanos(500), 1));
    // A call said again as a whole, as after a commit whose answer was lost.
    let top_up = f.a_top_up(70);
    let (change, said) = (Change::TopUp(top_up.clone()), line(&f, "account topup"));
    for _ in 0..2 {
        ensure!(f.store.apply(change.clone(), said.clone()).await?.is_ok(), "topped up");
    }
    // A payment's notice that comes again is another call.
    let again = Change::TopUp(capstan_storage::TopUp { move_id: MoveId(f.uuid()), ..top_up });
    ensure!(f.store.apply(again, line(&f, "account topup")).await?.is_ok(), "topped up");
    assert_eq!((f.balance().await?.available, audited(&f).await?), (nanos(570), 2));
    Ok(())
}

pub(crate) async fn a_reference_with_another_content_is_refused(f: Fixture) -> anyhow::Result<()> {
    let other = AccountId(f.uuid());
    f.add_account(other).await?;
    let booked = by_hand(&f, f.account, adjust(500), "a1").await?;
    ensure!(booked.is_ok(), "{booked:?}");
    let taken = Err(ChangeRefusal::ReferenceTaken(MoveKind::Adjustment));
    assert_eq!(by_hand(&f, f.account, adjust(501), "a1").await?, taken);
    assert_eq!(by_hand(&f, f.account, adjust(-500), "a1").await?, taken);
    assert_eq!(by_hand(&f, other, adjust(500), "a1").await?, taken);
    assert_eq!(by_hand(&f, f.account, HandMove::Spend(nanos(500)), "a1").await?, taken);
    let reworded = HandMove::Adjust { amount: nanos(500), note: "a gift".into() };
    assert_eq!(by_hand(&f, f.account, reworded, "a1").await?, taken);
    let top_up = capstan_storage::TopUp { external_ref: "a1".into(), ..f.a_top_up(500) };
    ensure!(f.store.top_up(top_up).await?.is_err(), "an adjustment's reference is no payment's");
    assert_eq!((f.balance().await?.available, audited(&f).await?), (nanos(500), 1));
    Ok(())
}

pub(crate) async fn earnings_are_paid_out_and_spent_as_far_as_they_have_matured(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (contributor, _) = a_contributor(&f).await?;
    let early = by_hand(&f, contributor, HandMove::PayOut(nanos(1)), "p0").await?;
    assert_eq!(early, Err(ChangeRefusal::EarningsTooSmall(Amount::ZERO)), "what is pending is not there yet");
    mature(&f, contributor).await?;
    for _ in 0..2 {
        let paid = by_hand(&f, contributor, HandMove::PayOut(nanos(25)), "p1").await?;
        assert_eq!(paid.map(|booked| booked.earned), Ok(nanos(35)));
    }
    let more = by_hand(&f, contributor, HandMove::Spend(nanos(36)), "s1").await?;
    assert_eq!(more, Err(ChangeRefusal::EarningsTooSmall(nanos(35))));
    let spent = by_hand(&f, contributor, HandMove::Spend(nanos(35)), "s1").await?;
    let spent = spent.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    assert_eq!((spent.earned, spent.balance.available), (Amount::ZERO, nanos(35)));
    Ok(())
}

pub(crate) async fn a_closed_account_is_paid_out_and_gets_nothing(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (contributor, _) = a_contributor(&f).await?;
    mature(&f, contributor).await?;
    ensure!(by_hand(&f, contributor, adjust(40), "a1").await?.is_ok(), "given");
    let close = Change::CloseAccount { account: contributor, keep_balance: true };
    ensure!(f.store.apply(close, line(&f, "account close")).await?.is_ok(), "closed");
    assert_eq!(by_hand(&f, contributor, adjust(1), "a2").await?, Err(ChangeRefusal::AccountClosed));
    assert_eq!(by_hand(&f, contributor, HandMove::Spend(nanos(1)), "s1").await?, Err(ChangeRefusal::AccountClosed));
    ensure!(by_hand(&f, contributor, HandMove::PayOut(nanos(60)), "p1").await?.is_ok(), "paid out");
    ensure!(by_hand(&f, contributor, adjust(-40), "a2").await?.is_ok(), "taken");
    Ok(())
}

pub(crate) async fn a_share_is_taken_back_while_it_is_pending(f: Fixture) -> anyhow::Result<()> {
    f.fund(10_000).await?;
    let (contributor, attempt) = a_contributor(&f).await?;
    let taken = take_back(&f, attempt, "a stolen key").await?.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    assert_eq!((taken.account, taken.amount), (contributor, nanos(60)));
    assert_eq!(take_back(&f, attempt, "a stolen key").await?, Ok(taken));
    assert_eq!(take_back(&f, attempt, "for fun").await?, Err(ChangeRefusal::TakenBackBefore));
    assert_eq!(audited(&f).await?, 1);
    let gone = Earnings { pending: Amount::ZERO, available: Amount::ZERO };
    assert_eq!(f.store.earnings(contributor).await?, gone);

    let (second, matured) = a_contributor(&f).await?;
    mature(&f, second).await?;
    assert_eq!(take_back(&f, matured, "late").await?, Err(ChangeRefusal::EarningMatured));
    let failed = place_on_contributed(&f, second).await?;
    f.store.settle(charged(&f, f.failed(failed), 70)).await?;
    ensure!(!lines(&f, failed.0, "reimbursement").await?.is_empty(), "reimbursed");
    assert_eq!(take_back(&f, failed.1, "no share").await?, Err(ChangeRefusal::NoEarning));
    assert_eq!(take_back(&f, AttemptId(f.uuid()), "nobody").await?, Err(ChangeRefusal::NoEarning));
    let left = f.store.earnings(second).await.context("there")?;
    assert_eq!(left, Earnings { pending: nanos(70), available: nanos(60) });
    Ok(())
}

//! The Provider Exchange: contributed credentials, what is asked to be paid out, and whose a key is.

use anyhow::{Context, ensure};
use capstan_domain::exchange::{CredentialStatus, OwnerLimits};
use capstan_domain::policy::SiteList;
use capstan_domain::route::Pool;
use capstan_domain::{AccountId, Amount, AttemptId, CredentialId, MoveId, TaskId};
use capstan_storage::{
    AccountStatus, Applied, ByHand, Change, ChangeRefusal, Decision, HandMove, LifeStep, Maturing, NewAudit, NewClaim,
    NewContribution, NewCredential, NewEvent, NewPayout, PayoutEnd, PayoutState, Provider, Signature, StoreError,
};
use uuid::Uuid;

use crate::fixture::{DISPUTE_MS, Fixture, NOW, nanos};

fn line(f: &Fixture) -> NewAudit {
    let text = |text: &str| text.to_owned();
    NewAudit {
        id: f.uuid(),
        at_ms: NOW,
        actor: text("a story"),
        action: text("exchange"),
        target: text("x"),
        detail: text("{}"),
    }
}

async fn apply(f: &Fixture, change: Change) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    f.store.apply(change, line(f)).await
}

fn event(f: &Fixture, credential: CredentialId, kind: &'static str) -> NewEvent {
    NewEvent { id: f.uuid(), credential, at_ms: NOW, kind, detail: "{}".into() }
}

fn a_contribution(f: &Fixture, owner: AccountId, secret: u8) -> anyhow::Result<NewContribution> {
    let id = CredentialId(f.uuid());
    let credential = NewCredential {
        pool: Pool::Community,
        owner: Some(owner),
        sealed: vec![secret; 64],
        fingerprint: vec![secret; 32],
        status: CredentialStatus::Pending,
        ..f.a_credential(id)?
    };
    let signature = Signature { version: 1, hash: [3; 32], by: "Ada".into(), at_ms: NOW };
    let limits = OwnerLimits::default();
    Ok(NewContribution { event: event(f, id, "contributed"), credential, signature, mask: "…".into(), limits })
}

async fn contribute(f: &Fixture, owner: AccountId, secret: u8) -> anyhow::Result<CredentialId> {
    match apply(f, Change::Contribute(Box::new(a_contribution(f, owner, secret)?))).await? {
        Ok(Applied::Credential(id)) => Ok(id),
        other => anyhow::bail!("{other:?}"),
    }
}

async fn an_owner(f: &Fixture) -> anyhow::Result<AccountId> {
    let owner = AccountId(f.uuid());
    f.add_account(owner).await?;
    Ok(owner)
}

fn a_step(f: &Fixture, credential: CredentialId, from: CredentialStatus, to: CredentialStatus) -> LifeStep {
    let event = event(f, credential, to.as_str());
    LifeStep { credential, from, to, reason: Some("a story".into()), look_at_ms: None, unfit_looks: 0, event }
}

/// Places a task of the fixture's account at that credential, whose owner earns 6000 basis points.
async fn place_at(f: &Fixture, credential: CredentialId, owner: AccountId) -> anyhow::Result<(TaskId, AttemptId)> {
    let mut request = f.a_task(&[301])?;
    let attempt = request.candidates.first_mut().context("a candidate")?;
    attempt.candidate.credential = credential;
    attempt.candidate.pool = Pool::Community;
    attempt.candidate.share = Some((owner, 6_000));
    let placed = (request.facts.id, attempt.id);
    ensure!(f.store.place_task(request).await?.is_ok(), "placed");
    Ok(placed)
}

pub(crate) async fn a_key_is_contributed_once_and_by_one_owner(f: Fixture) -> anyhow::Result<()> {
    let (ada, bob) = (an_owner(&f).await?, an_owner(&f).await?);
    let id = contribute(&f, ada, 1).await?;
    ensure!(contribute(&f, ada, 1).await? == id, "again it is the same");
    let other = apply(&f, Change::Contribute(Box::new(a_contribution(&f, bob, 1)?))).await?;
    ensure!(other == Err(ChangeRefusal::CredentialOfAnother(id)), "{other:?}");
    let limits = OwnerLimits {
        daily_cap: Some(nanos(7)),
        most_open: Some(3),
        families: Some(["turnstile".to_owned()].into()),
        excluded: SiteList::read(["example.com"])?,
        reserve: nanos(9),
    };
    let set = |before, after| Change::SetLimits(id, Box::new([before, after]), event(&f, id, "limits"));
    ensure!(apply(&f, set(OwnerLimits::default(), limits.clone())).await?.is_ok(), "limits");
    let late = apply(&f, set(OwnerLimits::default(), OwnerLimits::default())).await?;
    ensure!(late == Err(ChangeRefusal::CredentialChanged), "decided on what is no longer so: {late:?}");
    let found = f.store.find_contribution(id).await?.context("a contribution")?;
    assert_eq!((&found.limits, found.signature.by.as_str()), (&limits, "Ada"));
    for (whose, expected) in [(None, Some(&found)), (Some(ada), Some(&found)), (Some(bob), None)] {
        assert_eq!(f.store.list_contributions(whose).await?.get(&id), expected);
        ensure!(
            f.store.list_contributed(whose).await?.iter().any(|row| row.id == id) == expected.is_some(),
            "{whose:?}"
        );
    }
    f.store.set_account_status(bob, AccountStatus::Suspended).await?;
    let suspended = apply(&f, Change::Contribute(Box::new(a_contribution(&f, bob, 2)?))).await?;
    ensure!(suspended == Err(ChangeRefusal::AccountNotActive), "{suspended:?}");
    f.store.upsert_provider(Provider { contribution_note: None, ..f.a_provider()? }).await?;
    let forbidden = apply(&f, Change::Contribute(Box::new(a_contribution(&f, ada, 2)?))).await?;
    ensure!(forbidden == Err(ChangeRefusal::ContributionForbidden), "{forbidden:?}");
    Ok(())
}

pub(crate) async fn what_an_operator_disabled_does_not_come_back_under_another_id(f: Fixture) -> anyhow::Result<()> {
    let (ada, bob) = (an_owner(&f).await?, an_owner(&f).await?);
    let id = contribute(&f, ada, 1).await?;
    for (from, to) in [
        (CredentialStatus::Pending, CredentialStatus::Disabled),
        (CredentialStatus::Disabled, CredentialStatus::Withdrawn),
    ] {
        ensure!(apply(&f, Change::Live(a_step(&f, id, from, to))).await?.is_ok(), "{to:?}");
    }
    ensure!(f.store.destroy_credential(event(&f, id, "destroyed")).await?, "destroyed");
    for owner in [ada, bob] {
        let again = apply(&f, Change::Contribute(Box::new(a_contribution(&f, owner, 1)?))).await?;
        ensure!(again == Err(ChangeRefusal::CredentialBarred), "{again:?}");
    }
    ensure!(contribute(&f, ada, 2).await? != id, "another key is another matter");
    Ok(())
}

pub(crate) async fn a_closed_account_lends_nothing_any_more(f: Fixture) -> anyhow::Result<()> {
    let ada = an_owner(&f).await?;
    let id = contribute(&f, ada, 1).await?;
    ensure!(apply(&f, Change::CloseAccount { account: ada, keep_balance: true }).await?.is_ok(), "closed");
    let row = f.store.find_credential(id).await?.context("its row")?;
    ensure!(row.status == CredentialStatus::Withdrawn && !row.owner_is_active, "{row:?}");
    ensure!(
        f.store.list_due_looks(i64::MAX, 10).await?.is_empty() && f.store.list_drained(NOW).await? == [id],
        "it ends"
    );
    Ok(())
}

pub(crate) async fn a_step_of_its_life_is_taken_once_and_only_from_where_it_was_decided(
    f: Fixture,
) -> anyhow::Result<()> {
    let owner = an_owner(&f).await?;
    let id = contribute(&f, owner, 1).await?;
    let step = a_step(&f, id, CredentialStatus::Pending, CredentialStatus::Active);
    for _ in 0..2 {
        ensure!(apply(&f, Change::Live(step.clone())).await? == Ok(Applied::Done), "said again it is the same");
    }
    let late = a_step(&f, id, CredentialStatus::Pending, CredentialStatus::Rejected);
    ensure!(apply(&f, Change::Live(late)).await? == Err(ChangeRefusal::CredentialChanged), "it is active by now");
    let events = f.store.list_credential_events(id, 10).await?;
    assert_eq!(events.len(), 2, "{events:?}");
    Ok(())
}

pub(crate) async fn a_withdrawn_secret_is_destroyed_when_no_task_needs_it(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let owner = an_owner(&f).await?;
    let id = contribute(&f, owner, 1).await?;
    let (solved, watched) = (place_at(&f, id, owner).await?, place_at(&f, id, owner).await?);
    let drained = async || anyhow::Ok(f.store.list_drained(NOW).await? == [id]);
    ensure!(!drained().await? && !f.store.destroy_credential(event(&f, id, "destroyed")).await?, "it is lent");
    let withdraw = a_step(&f, id, CredentialStatus::Pending, CredentialStatus::Withdrawn);
    ensure!(apply(&f, Change::Live(withdraw)).await?.is_ok(), "withdrawn");
    ensure!(!drained().await? && !f.store.destroy_credential(event(&f, id, "destroyed")).await?, "two are open");
    f.store.settle(f.solved(solved, 101)).await?;
    f.store.settle(f.given_up(watched, None, Some(NOW + 60_000))).await?;
    ensure!(!drained().await?, "one is still asked about");
    let again = apply(&f, Change::Contribute(Box::new(a_contribution(&f, owner, 1)?))).await?;
    ensure!(again == Err(ChangeRefusal::CredentialBeingWithdrawn), "{again:?}");
    f.store.record_late_word(crate::charging::a_word(&f, watched, 5)).await?;
    ensure!(drained().await? && f.store.destroy_credential(event(&f, id, "destroyed")).await?, "nothing needs it");
    let row = f.store.find_credential(id).await?.context("its row stays")?;
    assert_eq!(row.sealed, vec![0; 64]);
    ensure!(!drained().await? && !f.store.destroy_credential(event(&f, id, "destroyed")).await?, "once");
    ensure!(contribute(&f, owner, 1).await? != id, "the same key is another credential");
    Ok(())
}

/// Earns 60 by a task at that credential, and matures it.
async fn earn(f: &Fixture, credential: CredentialId, owner: AccountId) -> anyhow::Result<AttemptId> {
    let placed = place_at(f, credential, owner).await?;
    f.store.settle(f.solved(placed, 101)).await?;
    Ok(placed.1)
}

async fn mature(f: &Fixture, contributor: AccountId) -> anyhow::Result<Amount> {
    let maturing = Maturing { contributor, now_ms: NOW + 2 * DISPUTE_MS, move_id: MoveId(f.uuid()) };
    Ok(f.store.mature_earnings(maturing).await?)
}

fn a_payout(f: &Fixture, account: AccountId, (reference, amount): (&str, i64)) -> NewPayout {
    let destination = b"sealed".to_vec();
    let (reference, amount) = (reference.into(), nanos(amount));
    NewPayout { id: f.uuid(), account, reference, amount, destination, destination_hash: [4; 32], at_ms: NOW }
}

async fn request(f: &Fixture, payout: NewPayout) -> anyhow::Result<Result<Uuid, ChangeRefusal>> {
    Ok(match apply(f, Change::RequestPayout(payout)).await? {
        Ok(Applied::Payout(id)) => Ok(id),
        Ok(other) => anyhow::bail!("{other:?}"),
        Err(refusal) => Err(refusal),
    })
}

pub(crate) async fn what_is_asked_to_be_paid_out_is_not_spent_meanwhile(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let owner = an_owner(&f).await?;
    let id = contribute(&f, owner, 1).await?;
    earn(&f, id, owner).await?;
    ensure!(mature(&f, owner).await? == nanos(60), "matured");
    let first = request(&f, a_payout(&f, owner, ("first", 40))).await?;
    ensure!(first.is_ok() && request(&f, a_payout(&f, owner, ("first", 40))).await? == first, "{first:?}");
    let other = request(&f, a_payout(&f, owner, ("first", 41))).await?;
    ensure!(other == Err(ChangeRefusal::PayoutReferenceTaken), "{other:?}");
    let elsewhere = NewPayout { destination_hash: [5; 32], ..a_payout(&f, owner, ("first", 40)) };
    ensure!(request(&f, elsewhere).await? == Err(ChangeRefusal::PayoutReferenceTaken), "another destination");
    let much = request(&f, a_payout(&f, owner, ("second", 21))).await?;
    ensure!(much == Err(ChangeRefusal::EarningsTooSmall(nanos(20))), "{much:?}");
    let by_hand = |what, reference: &str| {
        let move_id = MoveId(f.uuid());
        Change::MoveByHand(ByHand { move_id, account: owner, what, external_ref: reference.into(), at_ms: NOW })
    };
    for what in [HandMove::Spend(nanos(21)), HandMove::PayOut(nanos(21))] {
        let refused = apply(&f, by_hand(what, "too much")).await?;
        ensure!(refused == Err(ChangeRefusal::EarningsTooSmall(nanos(20))), "{refused:?}");
    }
    ensure!(apply(&f, by_hand(HandMove::Spend(nanos(20)), "what is free")).await?.is_ok(), "20 are free");
    let payout = first.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    let paid = |reference: &str| {
        let end = PayoutEnd::Paid { move_id: MoveId(f.uuid()), external_ref: reference.into() };
        Change::EndPayout(payout, NOW, end)
    };
    for _ in 0..2 {
        ensure!(apply(&f, paid("transfer")).await? == Ok(Applied::Payout(payout)), "paid once");
    }
    let twice = apply(&f, paid("another transfer")).await?;
    ensure!(twice == Err(ChangeRefusal::PayoutOver(PayoutState::Paid)), "{twice:?}");
    ensure!(f.store.earnings(owner).await?.available == Amount::ZERO, "40 paid and 20 spent");
    Ok(())
}

pub(crate) async fn a_payout_is_taken_back_by_its_own_account_alone(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (owner, other) = (an_owner(&f).await?, an_owner(&f).await?);
    let id = contribute(&f, owner, 1).await?;
    earn(&f, id, owner).await?;
    mature(&f, owner).await?;
    let payout = request(&f, a_payout(&f, owner, ("first", 60))).await?.map_err(|r| anyhow::anyhow!("{r:?}"))?;
    let theirs = apply(&f, Change::EndPayout(payout, NOW, PayoutEnd::Cancelled(other))).await;
    ensure!(matches!(theirs, Err(StoreError::Missing { table: "payouts", .. })), "{theirs:?}");
    for _ in 0..2 {
        let own = apply(&f, Change::EndPayout(payout, NOW, PayoutEnd::Cancelled(owner))).await?;
        ensure!(own.is_ok(), "{own:?}");
    }
    let refused = apply(&f, Change::EndPayout(payout, NOW, PayoutEnd::Refused("no".into()))).await?;
    ensure!(refused == Err(ChangeRefusal::PayoutOver(PayoutState::Cancelled)), "{refused:?}");
    let dead = request(&f, a_payout(&f, owner, ("first", 60))).await?;
    ensure!(dead == Err(ChangeRefusal::PayoutReferenceTaken), "what is over does not come back: {dead:?}");
    ensure!(request(&f, a_payout(&f, owner, ("second", 60))).await?.is_ok(), "it is free again");
    Ok(())
}

pub(crate) async fn who_proves_to_own_a_key_gets_it_and_what_it_earned_waits(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (ada, bob) = (an_owner(&f).await?, an_owner(&f).await?);
    let id = contribute(&f, ada, 1).await?;
    let attempt = earn(&f, id, ada).await?;
    let open = place_at(&f, id, ada).await?;
    let claim = f.uuid();
    let filed = NewClaim { id: claim, credential: id, account: bob, evidence: "mine".into(), at_ms: NOW };
    ensure!(apply(&f, Change::FileClaim(filed.clone())).await? == Ok(Applied::Claim(claim)), "filed");
    let again = NewClaim { id: f.uuid(), ..filed };
    ensure!(apply(&f, Change::FileClaim(again)).await? == Ok(Applied::Claim(claim)), "one is open at a time");
    let decide = |is_granted| {
        let event = event(&f, id, "evicted");
        Change::DecideClaim(Decision { claim, is_granted, reason: "a mark".into(), event })
    };
    ensure!(apply(&f, decide(true)).await?.is_ok(), "granted");
    ensure!(apply(&f, decide(false)).await? == Err(ChangeRefusal::ClaimDecided), "decided");
    let again = apply(&f, Change::Contribute(Box::new(a_contribution(&f, ada, 1)?))).await?;
    ensure!(again == Err(ChangeRefusal::CredentialBarred), "and who had it does not get before: {again:?}");
    ensure!(contribute(&f, bob, 1).await? != id, "its owner lends it at once");
    f.store.settle(f.solved(open, 101)).await?;
    ensure!(mature(&f, ada).await? == Amount::ZERO, "held, what came later too");
    ensure!(f.store.list_maturing(i64::MAX, 10).await?.is_empty(), "and nobody asks for it again and again");
    let pending: Vec<AttemptId> = f.store.list_pending_shares(id).await?.into_iter().map(|(id, _)| id).collect();
    ensure!(pending.len() == 2 && pending.contains(&attempt), "{pending:?}");
    ensure!(apply(&f, Change::ReleaseEarnings(event(&f, id, "earnings-released"))).await?.is_ok(), "released");
    ensure!(mature(&f, ada).await? == nanos(120), "now it matures");
    Ok(())
}

pub(crate) async fn what_is_made_of_a_key_is_told_day_by_day_and_counted_for_its_cap(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let owner = an_owner(&f).await?;
    let id = contribute(&f, owner, 1).await?;
    earn(&f, id, owner).await?;
    let failed = place_at(&f, id, owner).await?;
    f.store.settle(crate::charging::charged(&f, f.failed(failed), 7)).await?;
    place_at(&f, id, owner).await?;
    let uses = f.store.list_uses((id, owner), None, 2).await?;
    assert_eq!(uses.len(), 2);
    let last = uses.last().context("a second")?;
    let mark = capstan_storage::UseMark { at_ms: last.at_ms, attempt: last.attempt };
    let rest = f.store.list_uses((id, owner), Some(mark), 2).await?;
    assert_eq!(rest.len(), 1, "{rest:?}");
    let all: Vec<_> = uses.into_iter().chain(rest).filter_map(|used| used.earned).map(|(kind, ..)| kind).collect();
    ensure!(all.contains(&"share".to_owned()) && all.contains(&"reimbursement".to_owned()), "{all:?}");
    let days = f.store.list_days(id, 0).await?;
    let day = days.first().context("a day")?;
    assert_eq!((day.uses, day.solved, day.failed), (3, 1, 1));
    assert_eq!((day.charged, day.shares, day.reimbursed), (8, 60, 7));
    let spent = f.store.contributed_spending(NOW).await?;
    let sum: i64 =
        spent.iter().filter(|(of, shard, _)| *of == id && *shard == f.fence.shard).map(|s| s.2.nanos()).sum();
    assert_eq!(sum, 8, "what is open has no expected cost here: {spent:?}");
    ensure!(f.store.contributed_spending(NOW + 1).await?.is_empty(), "of that time on");
    Ok(())
}

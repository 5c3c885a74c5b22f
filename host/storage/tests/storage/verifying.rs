//! A ledger that was broken by hand: each rule is broken once, and the check tells which.

use anyhow::{Context, ensure};
use capstan_domain::adapter::FaultClass;
use capstan_domain::{AccountId, CredentialId};
use capstan_storage::{Change, NewPayout, NextAttempt, PayoutEnd, TakeBack};
use uuid::Uuid;

use crate::by_hand::{a_contributor, line, mature};
use crate::charging::{a_charge, charged, place_on_contributed};
use crate::engine::Raw;
use crate::fixture::{DISPUTE_MS, Fixture, NOW, a_fault, nanos};

/// The database opened for breaking: what keeps moves and entries from being changed is taken away. All is well before.
async fn open(f: &Fixture) -> anyhow::Result<Raw> {
    f.tamper();
    let report = f.store.verify_ledger().await?;
    ensure!(report.difference.is_none(), "{report:?}");
    let mut raw = f.raw().await?;
    raw.run(
        "drop trigger ledger_entries_no_update; drop trigger moves_no_update; drop index moves_charge_uk",
        "drop trigger ledger_entries_no_update on ledger_entries; drop trigger moves_no_update on moves;
         drop index moves_charge_uk",
    )
    .await?;
    Ok(raw)
}

async fn tells(f: &Fixture, words: &[&str]) -> anyhow::Result<()> {
    let found = f.store.verify_ledger().await?.difference.context("a difference is found")?;
    let told = found.to_string();
    for word in words {
        ensure!(told.contains(word), "{word:?} is not in: {told}");
    }
    Ok(())
}

/// Breaks, looks, mends: the next break is found by itself.
async fn breaks(f: &Fixture, raw: &mut Raw, [broken, mended]: [&'static str; 2], words: &[&str]) -> anyhow::Result<()> {
    raw.both(broken).await?;
    tells(f, words).await.context(broken)?;
    raw.both(mended).await?;
    let report = f.store.verify_ledger().await?;
    ensure!(report.difference.is_none(), "mended: {report:?}");
    Ok(())
}

pub(crate) async fn a_move_that_no_function_makes_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let raw = &mut open(&f).await?;
    let elsewhere = [
        "update ledger_entries set account = 'platform:promo' where account = 'world:topup'",
        "update ledger_entries set account = 'world:topup' where account = 'platform:promo'",
    ];
    breaks(&f, raw, elsewhere, &["the topup move", "+available -promo"]).await?;
    let nowhere = [
        "update ledger_entries set account = 'world:nowhere' where account = 'world:topup'",
        "update ledger_entries set account = 'world:topup' where account = 'world:nowhere'",
    ];
    breaks(&f, raw, nowhere, &["world:nowhere", "no such account"]).await?;
    let other_kind = [
        "update moves set kind = 'adjustment' where kind = 'topup'",
        "update moves set kind = 'topup' where kind = 'adjustment'",
    ];
    breaks(&f, raw, other_kind, &["the adjustment move", "+available -topup"]).await?;
    raw.both(
        "insert into ledger_entries select move_id, 2, 'platform:promo', 5 from ledger_entries where line = 0;
         insert into ledger_entries select move_id, 3, 'platform:promo', -5 from ledger_entries where line = 0",
    )
    .await?;
    tells(&f, &["the topup move", "has 4 lines", "one for each book"]).await
}

pub(crate) async fn a_wrong_sum_of_earnings_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (contributor, _) = a_contributor(&f).await?;
    let raw = &mut open(&f).await?;
    let name = format!("contributor:{contributor}:pending shows 0.000000061 instead of the 0.00000006");
    let lot =
        ["update earnings set amount_nanos = amount_nanos + 1", "update earnings set amount_nanos = amount_nanos - 1"];
    breaks(&f, raw, lot, &[&name, "lot by lot"]).await?;
    mature(&f, contributor).await?;
    let name = format!("contributor:{contributor}:available shows");
    let earned = [
        "update accounts set earned = earned + 1 where earned > 0",
        "update accounts set earned = 60 where earned > 0",
    ];
    breaks(&f, raw, earned, &[&name]).await
}

pub(crate) async fn a_wrong_share_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    a_contributor(&f).await?;
    let raw = &mut open(&f).await?;
    let share = ["update attempts set share_bp = 5000", "update attempts set share_bp = 6000"];
    breaks(&f, raw, share, &["a share of 0.00000006", "instead of a share of 0.00000005"]).await?;
    let own = [
        "update attempts set contributor_id = (select account_id from tasks)",
        "update attempts set contributor_id = (select contributor_id from earnings)",
    ];
    breaks(&f, raw, own, &["instead of a share of 0.00", "1 of them for somebody who has not solved it"]).await?;
    let kind = ["update earnings set kind = 'reimbursement'", "update earnings set kind = 'share'"];
    breaks(&f, raw, kind, &["of 0.00 in earnings"]).await
}

pub(crate) async fn a_task_that_nobody_solved_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    a_contributor(&f).await?;
    let raw = &mut open(&f).await?;
    let unsolved = ["update attempts set state = 'failed'", "update attempts set state = 'solved'"];
    breaks(&f, raw, unsolved, &["is solved and has 0 solved attempts"]).await?;
    let unpriced = [
        "update attempts set contributor_id = null",
        "update attempts set contributor_id = (select contributor_id from earnings)",
    ];
    breaks(&f, raw, unpriced, &["1 solved attempts, 0 of them with a whole price snapshot"]).await
}

pub(crate) async fn a_wrong_charge_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    f.store.add_credential(f.a_credential(CredentialId(Uuid::from_u128(9)))?).await?;
    let (task, refused) = f.place(300).await?;
    let next = NextAttempt {
        task,
        fence: f.fence,
        refused,
        fault: a_fault(FaultClass::NoCapacity),
        next: f.attempt(200)?,
        charge: Some(a_charge(&f, 5)),
        matures_at_ms: NOW + DISPUTE_MS,
    };
    let solver = next.next.id;
    f.store.record_next_attempt(next).await?;
    f.store.settle(f.solved((task, solver), 200)).await?;
    let raw = &mut open(&f).await?;
    let captured = [
        "update moves set attempt_id = (select id from attempts where state = 'solved') where kind = 'loss'",
        "update moves set attempt_id = (select id from attempts where state <> 'solved') where kind = 'loss'",
    ];
    breaks(&f, raw, captured, &["the loss move", "for an attempt that is solved"]).await?;
    let credential = [
        "update ledger_entries set account = 'provider:00000000-0000-0000-0000-000000000009:cost'
          where account = 'provider:00000000-0000-0000-0000-000000000003:cost'",
        "update ledger_entries set account = 'provider:00000000-0000-0000-0000-000000000003:cost'
          where account = 'provider:00000000-0000-0000-0000-000000000009:cost'",
    ];
    breaks(&f, raw, credential, &["booked on provider:00000000-0000-0000-0000-000000000009:cost"]).await?;
    raw.run(
        "insert into moves (id, kind, task_id, attempt_id, created_at_ms)
         select randomblob(16), kind, task_id, attempt_id, created_at_ms from moves where kind = 'loss'",
        "insert into moves (id, kind, task_id, attempt_id, created_at_ms)
         select gen_random_uuid(), kind, task_id, attempt_id, created_at_ms from moves where kind = 'loss'",
    )
    .await?;
    raw.both(
        "insert into ledger_entries (move_id, line, account, amount_nanos)
         select n.id, e.line, e.account, e.amount_nanos
           from moves n, moves m join ledger_entries e on e.move_id = m.id
          where n.kind = 'loss' and m.kind = 'loss' and n.id <> m.id
            and not exists (select 1 from ledger_entries x where x.move_id = n.id)",
    )
    .await?;
    tells(&f, &["the loss move", "2 charges in the books"]).await
}

pub(crate) async fn a_wrong_reimbursement_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let contributor = AccountId(f.uuid());
    f.add_account(contributor).await?;
    for cost in [50, 70] {
        let placed = place_on_contributed(&f, contributor).await?;
        f.store.settle(charged(&f, f.failed(placed), cost)).await?;
    }
    let raw = &mut open(&f).await?;
    // Together they are as before.
    let exchanged = [
        "update earnings set amount_nanos = 120 - amount_nanos",
        "update earnings set amount_nanos = 120 - amount_nanos",
    ];
    breaks(&f, raw, exchanged, &["that its reimbursement moved"]).await?;
    let share = ["update earnings set kind = 'share'", "update earnings set kind = 'reimbursement'"];
    breaks(&f, raw, share, &["by a task that was not solved"]).await
}

pub(crate) async fn a_wrong_take_back_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (contributor, attempt) = a_contributor(&f).await?;
    let (other, _) = a_contributor(&f).await?;
    mature(&f, other).await?;
    let call = TakeBack { move_id: capstan_domain::MoveId(f.uuid()), attempt, note: "a stolen key".into(), at_ms: NOW };
    let taken = f.store.apply(Change::TakeBack(call), line(&f, "earning take-back")).await?;
    ensure!(taken.is_ok() && f.store.earnings(contributor).await?.pending == nanos(0), "{taken:?}");
    let raw = &mut open(&f).await?;
    // Neither is pending before or after: the sums do not show it.
    let exchanged = [
        "update earnings set state = case state when 'matured' then 'taken_back' else 'matured' end",
        "update earnings set state = case state when 'matured' then 'taken_back' else 'matured' end",
    ];
    breaks(&f, raw, exchanged, &["the earning of attempt", "of it was taken back by moves"]).await
}

pub(crate) async fn a_wrong_payout_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (contributor, _) = a_contributor(&f).await?;
    mature(&f, contributor).await?;
    let payout = NewPayout {
        id: f.uuid(),
        account: contributor,
        reference: "first".into(),
        amount: nanos(30),
        destination: b"sealed".to_vec(),
        destination_hash: [4; 32],
        at_ms: NOW,
    };
    let id = payout.id;
    ensure!(f.store.apply(Change::RequestPayout(payout), line(&f, "exchange payout")).await?.is_ok(), "asked for");
    let end = PayoutEnd::Paid { move_id: capstan_domain::MoveId(f.uuid()), external_ref: "transfer".into() };
    let paid = f.store.apply(Change::EndPayout(id, NOW, end), line(&f, "exchange pay")).await?;
    ensure!(paid.is_ok(), "{paid:?}");
    let raw = &mut open(&f).await?;
    let more = ["update payouts set amount_nanos = 31", "update payouts set amount_nanos = 30"];
    breaks(&f, raw, more, &["payout", "its move has paid"]).await?;
    let asked = [
        "update payouts set state = 'requested', ended_at_ms = null, move_id = null, amount_nanos = 1000",
        "update payouts set state = 'cancelled', ended_at_ms = 1",
    ];
    breaks(&f, raw, asked, &["has matured earnings of", "asked to be paid out"]).await
}

pub(crate) async fn a_wrong_reversal_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    a_contributor(&f).await?;
    let raw = &mut open(&f).await?;
    raw.run(
        "insert into moves (id, kind, task_id, created_at_ms)
         select x'00000000000000000000000000001000', 'reversal', task_id, 1 from moves where kind = 'capture'",
        "insert into moves (id, kind, task_id, created_at_ms)
         select '00000000-0000-0000-0000-000000001000', 'reversal', task_id, 1 from moves where kind = 'capture'",
    )
    .await?;
    raw.both(
        "insert into ledger_entries (move_id, line, account, amount_nanos)
         select (select id from moves where kind = 'reversal'), e.line,
                case when e.account like '%:held' then 'account:00000000-0000-0000-0000-000000000001:available'
                     else e.account end,
                case when e.account like '%:held' then 101 else -e.amount_nanos end
           from moves m join ledger_entries e on e.move_id = m.id
          where m.kind = 'capture' and e.account not like '%:available';
         update accounts set available = available + 101 where available > 0;
         update earnings set state = 'taken_back'",
    )
    .await?;
    let report = f.store.verify_ledger().await?;
    ensure!(report.difference.is_none(), "the mirror of a capture is as it must be: {report:?}");
    raw.both(
        "update ledger_entries set amount_nanos = amount_nanos - 1
          where move_id = (select id from moves where kind = 'reversal') and account like 'account:%';
         update ledger_entries set amount_nanos = amount_nanos + 1
          where move_id = (select id from moves where kind = 'reversal') and account = 'platform:revenue';
         update accounts set available = available - 1 where available > 0",
    )
    .await?;
    tells(&f, &["the reversal move", "gives 0.0000001 back", "the 0.000000101 that the task cost"]).await
}

pub(crate) async fn another_account_s_entry_is_detected(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (contributor, _) = a_contributor(&f).await?;
    let raw = &mut open(&f).await?;
    raw.both("update holds set account_id = (select contributor_id from earnings)").await?;
    tells(&f, &["its hold is another account's"]).await?;
    raw.both("update tasks set account_id = (select contributor_id from earnings)").await?;
    let row = format!("a task of account {contributor}");
    tells(&f, &[&row, "has an entry on account:00000000-0000-0000-0000-000000000001:"]).await
}

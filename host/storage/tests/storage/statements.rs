//! Statements: every move once, newest first, with what was there after it.

use anyhow::{Context, ensure};
use capstan_domain::{AccountId, Amount, MoveId};
use capstan_storage::{Book, HandMove, StatementAsk, StatementLine, StatementMark, StatementPage, TopUp};
use uuid::Uuid;

use crate::by_hand::{a_contributor, adjust, by_hand, mature};
use crate::fixture::{Fixture, NOW, nanos};

fn ask(f: &Fixture, most: u32) -> StatementAsk {
    StatementAsk { account: f.account, book: Book::Balance, since_ms: 0, until_ms: None, after: None, most }
}

/// An id as a move of that time has it.
fn id_at(f: &Fixture, at_ms: i64) -> anyhow::Result<MoveId> {
    Ok(MoveId(Uuid::from_u128((u128::try_from(at_ms)? << 80) | f.uuid().as_u128())))
}

async fn top_up_at(f: &Fixture, at_ms: i64, amount: i64) -> anyhow::Result<()> {
    let top_up = TopUp { move_id: id_at(f, at_ms)?, at_ms, ..f.a_top_up(amount) };
    ensure!(f.store.top_up(top_up).await?.is_ok(), "topped up");
    Ok(())
}

/// All pages of so many lines, one after another.
async fn read(f: &Fixture, mut ask: StatementAsk) -> anyhow::Result<Vec<StatementLine>> {
    let mut lines = Vec::new();
    loop {
        let StatementPage { lines: more, next } = f.store.statement(ask).await?;
        ensure!(u32::try_from(more.len())? <= ask.most, "{} lines on a page", more.len());
        ensure!(next.is_none() || u32::try_from(more.len())? == ask.most, "a page that is not full is the last");
        lines.extend(more);
        match next {
            Some(mark) => ask.after = Some(mark),
            None => return Ok(lines),
        }
    }
}

fn sums(lines: &[StatementLine]) -> Vec<(&str, i64, i64, i64)> {
    let row = |l: &StatementLine| [l.available, l.waiting, l.available_after].map(Amount::nanos);
    lines
        .iter()
        .map(|l| (l.kind.as_str(), row(l)))
        .map(|(kind, [free, waits, after])| (kind, free, waits, after))
        .collect()
}

pub(crate) async fn a_statement_is_read_page_by_page_with_what_was_there_after(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (solved, failed) = (f.place(300).await?, f.place(200).await?);
    f.store.settle(f.solved(solved, 250)).await?;
    f.store.settle(f.failed(failed)).await?;
    let third = f.place(150).await?;
    f.store.settle(f.solved(third, 150)).await?;
    let given = by_hand(&f, f.account, adjust(-100), "a1").await?;
    ensure!(given.is_ok(), "{given:?}");
    let expected = [
        ("adjustment", -100, 0, 500),
        ("capture", 0, -150, 600),
        ("hold", -150, 150, 600),
        ("release", 200, -200, 750),
        ("capture", 50, -300, 550),
        ("hold", -200, 200, 500),
        ("hold", -300, 300, 700),
        ("topup", 1_000, 0, 1_000),
    ];
    for most in [1, 2, 3, 7, 8, 100] {
        let lines = read(&f, ask(&f, most)).await?;
        assert_eq!(sums(&lines), expected, "{most} a page");
    }
    let lines = read(&f, ask(&f, 100)).await?;
    let first = lines.first().context("a line")?;
    assert_eq!((first.external_ref.as_deref(), first.note.as_deref()), (Some("a1"), Some("an outage")));
    assert_eq!(lines.get(4).context("a capture")?.task, Some(solved.0));
    let nobody = StatementAsk { account: AccountId(f.uuid()), ..ask(&f, 10) };
    assert_eq!(f.store.statement(nobody).await?, StatementPage { lines: vec![], next: None });
    Ok(())
}

pub(crate) async fn moves_that_come_in_change_no_page_behind_them(f: Fixture) -> anyhow::Result<()> {
    for n in 1..=6 {
        f.fund(n).await?;
    }
    let before = read(&f, ask(&f, 100)).await?;
    let first = f.store.statement(ask(&f, 2)).await?;
    f.fund(1_000).await?;
    f.place(500).await?;
    let rest = read(&f, StatementAsk { after: first.next, ..ask(&f, 2) }).await?;
    let lines: Vec<StatementLine> = first.lines.into_iter().chain(rest).collect();
    assert_eq!(lines, before);
    Ok(())
}

pub(crate) async fn a_statement_is_of_a_time(f: Fixture) -> anyhow::Result<()> {
    for (day, amount) in [(0, 1), (1, 20), (2, 300), (3, 4_000)] {
        top_up_at(&f, NOW + day * 86_400_000, amount).await?;
    }
    let (since_ms, until_ms) = (NOW + 86_400_000, Some(NOW + 3 * 86_400_000));
    for most in [1, 10] {
        let lines = read(&f, StatementAsk { since_ms, until_ms, ..ask(&f, most) }).await?;
        assert_eq!(sums(&lines), [("topup", 300, 0, 321), ("topup", 20, 0, 21)], "{most} a page");
    }
    let later = StatementAsk { since_ms: NOW + 9 * 86_400_000, ..ask(&f, 10) };
    assert_eq!(read(&f, later).await?, []);
    // A mark cannot lead beyond the end of the time.
    let mark = StatementMark { move_id: MoveId(Uuid::max()), available: Amount::ZERO };
    let until = StatementAsk { until_ms: Some(NOW + 1), after: Some(mark), ..ask(&f, 10) };
    assert_eq!(read(&f, until).await?.len(), 1);
    Ok(())
}

pub(crate) async fn earnings_have_a_statement_of_their_own(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (contributor, _) = a_contributor(&f).await?;
    mature(&f, contributor).await?;
    let paid = by_hand(&f, contributor, HandMove::PayOut(nanos(20)), "p1").await?;
    let spent = by_hand(&f, contributor, HandMove::Spend(nanos(15)), "s1").await?;
    ensure!(paid.is_ok() && spent.is_ok(), "{paid:?} {spent:?}");
    let earnings = StatementAsk { account: contributor, book: Book::Earnings, ..ask(&f, 1) };
    let lines = read(&f, earnings).await?;
    let expected = [("spending", -15, 0, 25), ("payout", -20, 0, 40), ("maturity", 60, -60, 60), ("capture", 0, 60, 0)];
    assert_eq!(sums(&lines), expected);
    let balance = read(&f, StatementAsk { book: Book::Balance, ..earnings }).await?;
    assert_eq!(sums(&balance), [("spending", 15, 0, 15)]);
    Ok(())
}

/// What every page's two looks at the entries are: the newest of one ledger account, between two moves.
pub(crate) async fn a_page_reads_its_own_lines_by_the_index(f: Fixture) -> anyhow::Result<()> {
    f.fund(5).await?;
    let mut raw = f.raw().await?;
    raw.run("select 1", "set enable_seqscan = off; set enable_bitmapscan = off").await?;
    let plan = raw
        .told(
            "explain query plan select move_id, amount_nanos from ledger_entries
              where account = 'a' and move_id >= x'00' and move_id < x'ff' order by move_id desc limit 5",
            "explain select move_id, amount_nanos from ledger_entries
              where account = 'a' and move_id >= '00000000-0000-0000-0000-000000000000'
                and move_id < 'ffffffff-ffff-ffff-ffff-ffffffffffff' order by move_id desc limit 5",
        )
        .await?;
    ensure!(plan.contains("ledger_entries_account_idx"), "{plan}");
    ensure!(!plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "{plan}");
    ensure!(plan.contains("move_id>? AND move_id<?") || plan.contains("(move_id < "), "{plan}");
    Ok(())
}

//! Complaints: decided once, under the account's cap, and the money given back with the decision.

use anyhow::{Context, ensure};
use capstan_domain::complaint::{Cap, Decision, RefundPolicy, RefundRule};
use capstan_domain::route::Pool;
use capstan_domain::{AccountId, Amount, AttemptId, CredentialId, MoveId, TaskId};
use capstan_storage::{
    Change, Earnings, Entries, Filed, KeySettings, Maturing, NewAudit, NewCredential, OpenOptions, PassedOn,
    ReportAnswer, SettledReport, Store, StoreError, TaskReport, day_of,
};
use futures_util::future::try_join_all;

use crate::fixture::{DISPUTE_MS, Fixture, NOW, nanos};

/// When a task of these stories is solved, and a minute later.
const SOLVED: i64 = NOW + 9_000;
const SOON: i64 = SOLVED + 60_000;

fn rule(rule: RefundRule) -> RefundPolicy {
    RefundPolicy { rule, ..RefundPolicy::default() }
}

fn a_report(f: &Fixture, task: TaskId, policy: RefundPolicy) -> TaskReport {
    TaskReport {
        task,
        account: f.account,
        correct: false,
        is_judgeable: true,
        policy,
        move_id: MoveId(f.uuid()),
        created_at_ms: SOON,
    }
}

fn first(decision: Decision) -> Filed {
    Filed { is_first: true, decision: Some(decision) }
}

fn decided(decision: Decision) -> SettledReport {
    SettledReport { has_decided: true, decision: Some(decision) }
}

async fn solve(f: &Fixture, cost: i64) -> anyhow::Result<TaskId> {
    let placed = f.place(300).await?;
    f.store.settle(f.solved(placed, cost)).await?;
    Ok(placed.0)
}

async fn reversal(f: &Fixture, task: TaskId) -> anyhow::Result<Vec<(String, i64)>> {
    let entries = f.store.list_entries(Entries::OfTask(task)).await?;
    Ok(entries.into_iter().filter(|e| e.kind == "reversal").map(|e| (e.account, e.amount.nanos())).collect())
}

/// A solved task on a credential that `owner` contributed for 6000 basis points; it cost 101, of which 60 are the share.
async fn solve_on_contributed(f: &Fixture, owner: AccountId) -> anyhow::Result<TaskId> {
    let id = CredentialId(f.uuid());
    f.store.add_credential(NewCredential { pool: Pool::Community, owner: Some(owner), ..f.a_credential(id)? }).await?;
    let mut request = f.a_task(&[301])?;
    let candidate = request.candidates.first_mut().context("a candidate")?;
    candidate.candidate.credential = id;
    candidate.candidate.pool = Pool::Community;
    candidate.candidate.share = Some((owner, 6_000));
    let placed: (TaskId, AttemptId) = (request.facts.id, candidate.id);
    ensure!(f.store.place_task(request).await?.is_ok(), "placed");
    f.store.settle(f.solved(placed, 101)).await?;
    Ok(placed.0)
}

pub(crate) async fn a_complaint_gives_the_capture_back_once(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let task = solve(&f, 200).await?;
    let report = a_report(&f, task, rule(RefundRule::Always));
    // Said again with the same ids it is the same complaint; another one changes nothing.
    for _ in 0..2 {
        assert_eq!(f.store.file_report(report).await?, first(Decision::Refunded));
    }
    let another = TaskReport { correct: true, ..a_report(&f, task, rule(RefundRule::Always)) };
    let again = f.store.file_report(another).await?;
    assert_eq!(again, Filed { is_first: false, decision: Some(Decision::Refunded) });
    let expected = [(format!("account:{}:available", f.account), 200), ("platform:revenue".to_owned(), -200)];
    assert_eq!(reversal(&f, task).await?, expected);
    assert_eq!(f.balance().await?.available, nanos(1_000));
    let known = f.store.find_report(task).await?.context("the report")?;
    assert_eq!((known.decision, known.refund), (Some((Decision::Refunded, SOON)), Some(nanos(200))));
    let shown = f.store.find_task(f.account, capstan_storage::TaskName::Id(task)).await?.context("the task")?;
    assert_eq!((shown.cost, shown.solution), (Some(nanos(200)), Some(b"sealed".to_vec())), "terminal is terminal");
    Ok(())
}

pub(crate) async fn a_good_word_decides_nothing_and_is_the_last(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let task = solve(&f, 200).await?;
    let good = TaskReport { correct: true, ..a_report(&f, task, rule(RefundRule::Always)) };
    assert_eq!(f.store.file_report(good).await?, Filed { is_first: true, decision: None });
    let bad = f.store.file_report(a_report(&f, task, rule(RefundRule::Always))).await?;
    assert_eq!(bad, Filed { is_first: false, decision: None });
    assert_eq!(f.balance().await?.available, nanos(800));
    Ok(())
}

pub(crate) async fn what_the_policy_refuses_moves_no_money(f: Fixture) -> anyhow::Result<()> {
    f.fund(2_000).await?;
    let always = rule(RefundRule::Always);
    let late = TaskReport { created_at_ms: SOLVED + 600_001, ..a_report(&f, solve(&f, 200).await?, always) };
    assert_eq!(f.store.file_report(late).await?, first(Decision::TooLate));
    let unreadable = TaskReport { is_judgeable: false, ..a_report(&f, solve(&f, 200).await?, always) };
    assert_eq!(f.store.file_report(unreadable).await?, first(Decision::NotJudged));
    let never = a_report(&f, solve(&f, 200).await?, rule(RefundRule::Never));
    assert_eq!(f.store.file_report(never).await?, first(Decision::SwitchedOff));
    let free = a_report(&f, solve(&f, 0).await?, always);
    assert_eq!(f.store.file_report(free).await?, first(Decision::NothingPaid));
    assert_eq!(f.balance().await?.available, nanos(1_400));
    let withheld = f.store.find_report(late.task).await?.and_then(|known| known.passed_on);
    assert_eq!(withheld, Some(PassedOn::Withheld));
    let told = f.store.list_untold_reports(SOON + 1, 10).await?;
    assert_eq!(told.len(), 3, "who is in time is passed on: {told:?}");
    Ok(())
}

pub(crate) async fn a_report_on_what_is_not_a_solved_task_of_the_account_is_refused(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let (open, failed) = (f.place(300).await?, f.place(300).await?);
    f.store.settle(f.failed(failed)).await?;
    for task in [open.0, failed.0] {
        let refused = f.store.file_report(a_report(&f, task, rule(RefundRule::Always))).await;
        ensure!(matches!(refused, Err(StoreError::UnexpectedChange { .. })), "{refused:?}");
        ensure!(f.store.find_report(task).await?.is_none(), "nothing is left of it");
    }
    let stranger = AccountId(f.uuid());
    f.add_account(stranger).await?;
    let task = solve(&f, 100).await?;
    let refused = TaskReport { account: stranger, ..a_report(&f, task, rule(RefundRule::Always)) };
    let refused = f.store.file_report(refused).await;
    ensure!(matches!(refused, Err(StoreError::Missing { .. })), "{refused:?}");
    Ok(())
}

pub(crate) async fn an_accounts_own_rule_is_the_one_in_force(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let line = || NewAudit {
        id: f.uuid(),
        at_ms: NOW,
        actor: "Ada".into(),
        action: "refunds set".into(),
        target: f.account.to_string(),
        detail: "{}".into(),
    };
    let change = Change::SetAccountRefundRule(f.account, Some(RefundRule::Never));
    ensure!(f.store.apply(change, line()).await?.is_ok(), "set");
    let own = f.store.find_account(f.account).await?.and_then(|account| account.refund_rule);
    assert_eq!(own, Some(RefundRule::Never));
    let report = a_report(&f, solve(&f, 200).await?, rule(RefundRule::Always));
    assert_eq!(f.store.file_report(report).await?, first(Decision::SwitchedOff));
    let change = Change::SetAccountRefundRule(f.account, None);
    ensure!(f.store.apply(change, line()).await?.is_ok(), "taken away");
    let report = a_report(&f, solve(&f, 200).await?, rule(RefundRule::Always));
    assert_eq!(f.store.file_report(report).await?, first(Decision::Refunded));
    Ok(())
}

pub(crate) async fn a_crowd_does_not_pass_the_cap_together(f: Fixture) -> anyhow::Result<()> {
    f.fund(50_000).await?;
    let mut tasks = Vec::new();
    for _ in 0..50 {
        tasks.push(solve(&f, 100).await?);
    }
    // A tenth of 50 is more than three. Half of the crowd comes through another node.
    let other = Store::open(&f.database.url, OpenOptions::default()).await?;
    let file = |(n, task): (usize, &TaskId)| {
        let report = a_report(&f, *task, rule(RefundRule::Always));
        let store = if n % 2 == 0 { f.store.clone() } else { other.clone() };
        async move { store.file_report(report).await }
    };
    let filed = try_join_all(tasks.iter().enumerate().map(file)).await?;
    other.close().await;
    let refunded = filed.iter().filter(|filed| filed.decision == Some(Decision::Refunded)).count();
    let over = filed.iter().filter(|filed| filed.decision == Some(Decision::OverCap)).count();
    assert_eq!((refunded, over), (5, 45));
    assert_eq!(f.balance().await?.available, nanos(50_000 - 45 * 100));
    // The day after there is room again, by the floor.
    let report =
        a_report(&f, solve(&f, 100).await?, RefundPolicy { window_ms: 2 * Cap::OVER_MS, ..rule(RefundRule::Always) });
    let tomorrow = TaskReport { created_at_ms: SOON + Cap::OVER_MS, ..report };
    assert_eq!(f.store.file_report(tomorrow).await?, first(Decision::Refunded));
    Ok(())
}

pub(crate) async fn a_pending_share_is_taken_back_and_never_matures(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let contributor = AccountId(f.uuid());
    f.add_account(contributor).await?;
    let task = solve_on_contributed(&f, contributor).await?;
    let filed = f.store.file_report(a_report(&f, task, rule(RefundRule::Always))).await?;
    assert_eq!(filed, first(Decision::Refunded));
    let expected = [
        (format!("account:{}:available", f.account), 101),
        ("platform:revenue".to_owned(), -41),
        (format!("contributor:{contributor}:pending"), -60),
    ];
    assert_eq!(reversal(&f, task).await?, expected);
    let maturing = Maturing { contributor, now_ms: NOW + DISPUTE_MS, move_id: MoveId(f.uuid()) };
    assert_eq!(f.store.mature_earnings(maturing).await?, Amount::ZERO);
    assert_eq!(f.store.earnings(contributor).await?, Earnings { pending: Amount::ZERO, available: Amount::ZERO });
    Ok(())
}

pub(crate) async fn a_matured_share_stays_and_the_platform_bears_it(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let contributor = AccountId(f.uuid());
    f.add_account(contributor).await?;
    let task = solve_on_contributed(&f, contributor).await?;
    let maturing = Maturing { contributor, now_ms: NOW + DISPUTE_MS, move_id: MoveId(f.uuid()) };
    assert_eq!(f.store.mature_earnings(maturing).await?, nanos(60));
    f.store.file_report(a_report(&f, task, rule(RefundRule::Always))).await?;
    let expected = [
        (format!("account:{}:available", f.account), 101),
        ("platform:revenue".to_owned(), -41),
        ("platform:loss".to_owned(), -60),
    ];
    assert_eq!(reversal(&f, task).await?, expected);
    assert_eq!(f.store.earnings(contributor).await?, Earnings { pending: Amount::ZERO, available: nanos(60) });
    Ok(())
}

pub(crate) async fn who_complains_of_their_own_credential_gets_what_they_paid(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let task = solve_on_contributed(&f, f.account).await?;
    f.store.file_report(a_report(&f, task, rule(RefundRule::Always))).await?;
    let expected = [(format!("account:{}:available", f.account), 101), ("platform:revenue".to_owned(), -101)];
    assert_eq!(reversal(&f, task).await?, expected);
    assert_eq!(f.balance().await?.available, nanos(1_000));
    Ok(())
}

pub(crate) async fn a_decision_that_waits_survives_and_is_told_once(f: Fixture) -> anyhow::Result<()> {
    f.fund(1_000).await?;
    let task = solve(&f, 200).await?;
    assert_eq!(f.store.file_report(a_report(&f, task, rule(RefundRule::Provider))).await?, first(Decision::Pending));
    assert_eq!(f.balance().await?.available, nanos(800));
    f.store.close().await;
    let store = Store::open(&f.database.url, OpenOptions::default()).await?;
    let untold = store.list_untold_reports(SOON + 1, 10).await?;
    assert_eq!(untold.iter().map(|r| (r.task, r.told_at_ms)).collect::<Vec<_>>(), [(task, None)]);
    ensure!(store.list_untold_reports(SOON, 10).await?.is_empty(), "those of this moment are somebody's");
    let (one, two) = (f.uuid(), f.uuid());
    for (teller, expected) in [(one, true), (one, true), (two, false)] {
        assert_eq!(store.begin_telling(task, teller, SOON + 5).await?, expected);
    }
    // Who surely was not heard leaves it to another.
    store.give_up_telling(task, two).await?;
    ensure!(!store.begin_telling(task, two, SOON + 6).await?, "only its own");
    store.give_up_telling(task, one).await?;
    ensure!(store.begin_telling(task, two, SOON + 7).await?, "free again");
    let answer = ReportAnswer { task, passed_on: PassedOn::Done, at_ms: SOON + 9 };
    assert_eq!(store.settle_report(answer).await?, decided(Decision::Refunded));
    let again = store.settle_report(ReportAnswer { passed_on: PassedOn::Refused, ..answer }).await?;
    assert_eq!(again, SettledReport { has_decided: false, decision: Some(Decision::Refunded) });
    assert_eq!(store.balance(f.account).await?.context("the account")?.available, nanos(1_000));
    ensure!(!store.begin_telling(task, one, SOON + 10).await?, "it is settled");
    ensure!(store.list_untold_reports(i64::MAX, 10).await?.is_empty(), "nothing waits");
    store.close().await;
    Ok(())
}

pub(crate) async fn what_the_provider_refuses_gives_nothing_back_and_makes_room(f: Fixture) -> anyhow::Result<()> {
    f.fund(3_000).await?;
    let policy = RefundPolicy { cap: Cap { share_bp: 0, floor: 1 }, ..rule(RefundRule::Provider) };
    let (task, next) = (solve(&f, 200).await?, solve(&f, 200).await?);
    assert_eq!(f.store.file_report(a_report(&f, task, policy)).await?, first(Decision::Pending));
    assert_eq!(f.store.file_report(a_report(&f, next, policy)).await?, first(Decision::OverCap));
    let answer = ReportAnswer { task, passed_on: PassedOn::Refused, at_ms: SOON + 9 };
    assert_eq!(f.store.settle_report(answer).await?, decided(Decision::ProviderRefused));
    let last = solve(&f, 200).await?;
    assert_eq!(f.store.file_report(a_report(&f, last, policy)).await?, first(Decision::Pending));
    let answer = ReportAnswer { task: last, passed_on: PassedOn::Unknown, at_ms: SOON + 9 };
    assert_eq!(f.store.settle_report(answer).await?, decided(Decision::Refunded), "doubt is the account's gain");
    assert_eq!(f.balance().await?.available, nanos(2_600));
    Ok(())
}

pub(crate) async fn a_daily_cap_gets_back_what_was_refunded(f: Fixture) -> anyhow::Result<()> {
    f.fund(10_000).await?;
    let cap = KeySettings { label: "first".into(), daily_cap: Some(nanos(500)), ..KeySettings::default() };
    let edit = |settings: KeySettings| {
        let line = NewAudit {
            id: f.uuid(),
            at_ms: NOW,
            actor: "Ada".into(),
            action: "key edit".into(),
            target: "key".into(),
            detail: "{}".into(),
        };
        f.store.apply(Change::EditKey { key: f.key, settings, today: day_of(NOW) }, line)
    };
    ensure!(edit(cap.clone()).await?.is_ok(), "capped");
    let task = solve(&f, 300).await?;
    let refused = f.store.place_task(f.a_task(&[300])?).await?;
    ensure!(refused.is_err(), "300 and 300 are above 500: {refused:?}");
    f.store.file_report(a_report(&f, task, rule(RefundRule::Always))).await?;
    f.place(300).await?;
    // Counted anew from the tasks, the day comes to the same.
    ensure!(edit(KeySettings { daily_cap: None, ..cap.clone() }).await?.is_ok(), "uncapped");
    ensure!(edit(cap).await?.is_ok(), "capped again");
    f.place(200).await?;
    let refused = f.store.place_task(f.a_task(&[1])?).await?;
    ensure!(refused.is_err(), "300 and 200 are 500: {refused:?}");
    Ok(())
}

pub(crate) async fn reports_are_counted_by_account_and_provider(f: Fixture) -> anyhow::Result<()> {
    f.fund(3_000).await?;
    let always = rule(RefundRule::Always);
    let (good, bad, late, _quiet) =
        (solve(&f, 100).await?, solve(&f, 120).await?, solve(&f, 100).await?, solve(&f, 100).await?);
    f.store.file_report(TaskReport { correct: true, ..a_report(&f, good, always) }).await?;
    f.store.file_report(a_report(&f, bad, always)).await?;
    f.store.file_report(TaskReport { created_at_ms: SOLVED + 700_000, ..a_report(&f, late, always) }).await?;
    let counts = f.store.count_reports(Some(f.account), NOW, 10).await?;
    let count = counts.first().context("a line")?;
    assert_eq!((counts.len(), count.good, count.bad, count.refunded, count.pending), (1, 1, 2, 1, 0));
    assert_eq!((count.refunds, count.solved, count.provider.as_str()), (nanos(120), 4, "solver"));
    ensure!(f.store.count_reports(Some(AccountId(f.uuid())), NOW, 10).await?.is_empty(), "nobody else's");
    ensure!(f.store.count_reports(None, SOLVED + 800_000, 10).await?.is_empty(), "none since");
    Ok(())
}

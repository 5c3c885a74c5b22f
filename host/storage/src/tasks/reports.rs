//! What clients said of solutions. The first word on a task counts; later ones change nothing. A complaint is decided, and
//! its money given back, in the transaction that takes it down, or in the one that takes down the provider's word on it.

use capstan_domain::complaint::{self, Complaint, Decision, ProviderWord, RefundPolicy, RefundRule};
use capstan_domain::{AccountId, MoveId, TaskId};
use uuid::Uuid;

use super::refunds::{self, Paid};
use crate::db::{Db, sql};
use crate::words::read;
use crate::{Store, StoreError};

/// A client's word on a solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskReport {
    /// The task, solved.
    pub task: TaskId,
    /// Whose task it is.
    pub account: AccountId,
    /// Whether its solution worked.
    pub correct: bool,
    /// Whether a client can tell that such a solution is wrong.
    pub is_judgeable: bool,
    /// The gateway's policy.
    pub policy: RefundPolicy,
    /// The id of the move that gives the money back, if it comes to that.
    pub move_id: MoveId,
    /// When it was said.
    pub created_at_ms: i64,
}

/// What became of a client's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filed {
    /// Whether this call, or an earlier one with the same move's id, was the first on the task.
    pub is_first: bool,
    /// What stands decided; none for a good word.
    pub decision: Option<Decision>,
}

/// What became of a provider's word on a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledReport {
    /// Whether this call decided a complaint that waited.
    pub has_decided: bool,
    /// What stands decided; none for a good word.
    pub decision: Option<Decision>,
}

/// How a provider took a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassedOn {
    /// It took it.
    Done,
    /// It did not want it.
    Refused,
    /// It takes none.
    NotSupported,
    /// It may have heard it; its answer is not known.
    Unknown,
    /// It was not told, on purpose.
    Withheld,
}

impl PassedOn {
    const ALL: [Self; 5] = [Self::Done, Self::Refused, Self::NotSupported, Self::Unknown, Self::Withheld];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::NotSupported => "not_supported",
            Self::Unknown => "unknown",
            Self::Withheld => "withheld",
        }
    }

    /// What it says of a complaint that waits for it.
    const fn word(self) -> ProviderWord {
        match self {
            Self::Done => ProviderWord::Accepted,
            Self::Refused => ProviderWord::Refused,
            Self::NotSupported => ProviderWord::TakesNone,
            Self::Unknown | Self::Withheld => ProviderWord::Unknown,
        }
    }
}

/// How a provider took a report, to be taken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportAnswer {
    /// The task.
    pub task: TaskId,
    /// How.
    pub passed_on: PassedOn,
    /// When.
    pub at_ms: i64,
}

/// A report of which it is not settled how its provider took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UntoldReport {
    /// The task.
    pub task: TaskId,
    /// Whether the solution worked.
    pub correct: bool,
    /// When it was said.
    pub created_at_ms: i64,
    /// Since when somebody tells the provider; none when nobody has begun.
    pub told_at_ms: Option<i64>,
}

/// A report as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownReport {
    /// Whether the solution worked.
    pub correct: bool,
    /// When it was said.
    pub created_at_ms: i64,
    /// What was decided, and when.
    pub decision: Option<(Decision, i64)>,
    /// What was given back.
    pub refund: Option<capstan_domain::Amount>,
    /// How the provider took it.
    pub passed_on: Option<PassedOn>,
}

impl Store {
    /// Takes a report down and decides on it. Complaints of one account are decided one after another, so that a crowd
    /// does not pass the cap together.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when the account has no such task; [`StoreError::UnexpectedChange`] when it is not solved.
    pub async fn file_report(&self, report: TaskReport) -> Result<Filed, StoreError> {
        self.write(report, |db, report| Box::pin(file(db, report))).await
    }

    /// Reserves the telling of a report, so that its provider hears it once; false when somebody else has it, or it is
    /// settled how the provider took it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_telling(&self, task: TaskId, teller: Uuid, at_ms: i64) -> Result<bool, StoreError> {
        self.write((task, teller, at_ms), |db, &(task, teller, at_ms)| {
            Box::pin(async move {
                let changed = sql!(
                    db,
                    execute,
                    "update task_reports set told_by = $2, told_at_ms = $3
                      where task_id = $1 and passed_on is null and (told_by is null or told_by = $2)",
                    task.0,
                    teller,
                    at_ms
                )?;
                Ok(changed == 1)
            })
        })
        .await
    }

    /// Gives a telling up of which the provider has surely heard nothing; another may begin.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn give_up_telling(&self, task: TaskId, teller: Uuid) -> Result<(), StoreError> {
        self.write((task, teller), |db, &(task, teller)| {
            Box::pin(async move {
                sql!(
                    db,
                    execute,
                    "update task_reports set told_by = null, told_at_ms = null
                      where task_id = $1 and told_by = $2 and passed_on is null",
                    task.0,
                    teller
                )?;
                Ok(())
            })
        })
        .await
    }

    /// Takes down how the provider took a report, once, and decides what waited for it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such report.
    pub async fn settle_report(&self, answer: ReportAnswer) -> Result<SettledReport, StoreError> {
        self.write(answer, |db, answer| Box::pin(settle(db, answer))).await
    }

    /// Reports from before that time of which it is not settled how their providers took them, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_untold_reports(&self, before_ms: i64, most: i64) -> Result<Vec<UntoldReport>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as (Uuid, bool, i64, Option<i64>),
            "select task_id, correct, created_at_ms, told_at_ms from task_reports
              where passed_on is null and created_at_ms < $1 order by created_at_ms, task_id limit $2",
            before_ms,
            most
        )?;
        let read = |(task, correct, created_at_ms, told_at_ms)| UntoldReport {
            task: TaskId(task),
            correct,
            created_at_ms,
            told_at_ms,
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// What was said of a task, if anything.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_report(&self, task: TaskId) -> Result<Option<KnownReport>, StoreError> {
        let db = &mut self.reader().await?;
        find(db, task).await?.map(|row| row.read(task)).transpose()
    }
}

#[derive(sqlx::FromRow)]
struct ReportRow {
    correct: bool,
    created_at_ms: i64,
    decision: Option<String>,
    decided_at_ms: Option<i64>,
    move_id: Option<Uuid>,
    refund_nanos: Option<i64>,
    passed_on: Option<String>,
}

impl ReportRow {
    fn decision(&self, task: TaskId) -> Result<Option<Decision>, StoreError> {
        let known = |word: &String| read(Decision::from_word(word), "task_reports", "decision", task);
        self.decision.as_ref().map(known).transpose()
    }

    fn read(&self, task: TaskId) -> Result<KnownReport, StoreError> {
        let took = |word: &String| {
            let found = PassedOn::ALL.into_iter().find(|passed_on| passed_on.as_str() == word);
            read(found, "task_reports", "passed_on", task)
        };
        Ok(KnownReport {
            correct: self.correct,
            created_at_ms: self.created_at_ms,
            decision: self.decision(task)?.zip(self.decided_at_ms),
            refund: self.refund_nanos.map(capstan_domain::Amount::from_nanos),
            passed_on: self.passed_on.as_ref().map(took).transpose()?,
        })
    }
}

async fn find(db: &mut Db, task: TaskId) -> Result<Option<ReportRow>, StoreError> {
    sql!(
        db,
        optional as ReportRow,
        "select correct, created_at_ms, decision, decided_at_ms, move_id, refund_nanos, passed_on
           from task_reports where task_id = $1",
        task.0
    )
}

async fn expect(db: &mut Db, task: TaskId) -> Result<ReportRow, StoreError> {
    let found = find(db, task).await?;
    found.ok_or_else(|| StoreError::Missing { table: "task_reports", id: task.to_string() })
}

async fn file(db: &mut Db, report: &TaskReport) -> Result<Filed, StoreError> {
    let added = sql!(
        db,
        execute,
        "insert into task_reports (task_id, account_id, correct, created_at_ms, move_id) values ($1, $2, $3, $4, $5)
         on conflict (task_id) do nothing",
        report.task.0,
        report.account.0,
        report.correct,
        report.created_at_ms,
        report.move_id.0
    )?;
    if added == 0 {
        let known = expect(db, report.task).await?;
        let is_first = known.move_id == Some(report.move_id.0);
        return Ok(Filed { is_first, decision: known.decision(report.task)? });
    }
    let paid = refunds::paid(db, (report.account, report.task)).await?;
    if report.correct {
        return Ok(Filed { is_first: true, decision: None });
    }
    let decision = decide(db, report, &paid).await?;
    write_decision(db, (report.task, report.created_at_ms), decision).await?;
    if decision == Decision::Refunded {
        refunds::give_back(db, &paid, (report.move_id, report.created_at_ms)).await?;
    }
    if !decision.is_passed_on() {
        mark_passed_on(db, report.task, PassedOn::Withheld).await?;
    }
    Ok(Filed { is_first: true, decision: Some(decision) })
}

/// Gathers what the decision hangs on, under the account's row, which whoever decides for the same account waits for.
async fn decide(db: &mut Db, report: &TaskReport, paid: &Paid) -> Result<Decision, StoreError> {
    let (own_rule,) = sql!(
        db,
        one as (Option<String>,),
        "update accounts set refund_rule = refund_rule where id = $1 returning refund_rule",
        report.account.0
    )?;
    let known = |word: String| read(RefundRule::from_word(&word), "accounts", "refund_rule", report.account);
    Ok(report.policy.decide(&Complaint {
        is_judgeable: report.is_judgeable,
        solved_at_ms: paid.solved_at_ms,
        at_ms: report.created_at_ms,
        has_room: has_room(db, report).await?,
        is_paid: paid.is_paid(),
        own_rule: own_rule.map(known).transpose()?,
    }))
}

/// Whether the account may have one more complaint. Its solved tasks are counted no further than it takes to know.
async fn has_room(db: &mut Db, report: &TaskReport) -> Result<bool, StoreError> {
    let cap = report.policy.cap;
    let since_ms = report.created_at_ms.saturating_sub(complaint::Cap::OVER_MS);
    let rows = sql!(
        db,
        all as (String, i64),
        "select decision, count(*) from task_reports
          where account_id = $1 and created_at_ms > $2 and decision is not null group by decision",
        report.account.0,
        since_ms
    )?;
    let counts = |word: &str| Decision::from_word(word).is_some_and(Decision::counts);
    let complaints: i64 = rows.iter().filter(|(word, _)| counts(word)).map(|(_, count)| count).sum();
    let Some(needed) = cap.solved_needed(complaints) else { return Ok(false) };
    if needed == 0 {
        return Ok(true);
    }
    let (solved,) = sql!(
        db,
        one as (i64,),
        "select count(*) from (select 1 as one from tasks
                                where account_id = $1 and created_at_ms > $2 and state = 'solved' limit $3) as seen",
        report.account.0,
        since_ms,
        needed
    )?;
    Ok(solved >= needed)
}

async fn write_decision(db: &mut Db, (task, at_ms): (TaskId, i64), decision: Decision) -> Result<(), StoreError> {
    let changed = sql!(
        db,
        execute,
        "update task_reports
            set decision = $2, decided_at_ms = $3,
                refund_nanos = case when $2 = 'refunded' then (select t.cost_nanos from tasks t where t.id = $1) end
          where task_id = $1 and (decision is null or decision = 'pending')",
        task.0,
        decision.as_str(),
        at_ms
    )?;
    // Whoever was faster has decided: look again.
    if changed == 1 { Ok(()) } else { Err(StoreError::Contended) }
}

async fn mark_passed_on(db: &mut Db, task: TaskId, passed_on: PassedOn) -> Result<bool, StoreError> {
    let text = "update task_reports set passed_on = $2 where task_id = $1 and passed_on is null";
    Ok(sql!(db, execute, text, task.0, passed_on.as_str())? == 1)
}

async fn settle(db: &mut Db, answer: &ReportAnswer) -> Result<SettledReport, StoreError> {
    // The row of a decision that waits is written first: the schema keeps a settled answer from going with it.
    let waiting = sql!(
        db,
        optional as (Uuid, Option<Uuid>),
        "update task_reports set decision = decision
          where task_id = $1 and passed_on is null and decision = 'pending' returning account_id, move_id",
        answer.task.0
    )?;
    if let Some((account, move_id)) = waiting {
        let decision = complaint::decide_by(answer.passed_on.word());
        write_decision(db, (answer.task, answer.at_ms), decision).await?;
        if decision == Decision::Refunded {
            let move_id = read(move_id, "task_reports", "move_id", answer.task)?;
            let paid = refunds::paid(db, (AccountId(account), answer.task)).await?;
            refunds::give_back(db, &paid, (MoveId(move_id), answer.at_ms)).await?;
        }
    }
    // A second word changes nothing.
    mark_passed_on(db, answer.task, answer.passed_on).await?;
    let decision = expect(db, answer.task).await?.decision(answer.task)?;
    Ok(SettledReport { has_decided: waiting.is_some(), decision })
}

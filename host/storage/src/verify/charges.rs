//! What providers charged without a capture to carry it.

use capstan_domain::{AccountId, CredentialId};
use uuid::Uuid;

use super::holds::look_at_task;
use super::{Difference, dollars};
use crate::StoreError;
use crate::db::{Db, sql};

/// A loss or a reimbursement is for an attempt of its own task, once, and never for the one that was captured: a
/// contributor's credential is reimbursed, another's is a loss, and nobody is reimbursed for their own task.
pub(super) async fn wrong_attempt(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let found = sql!(
        db,
        optional as (Uuid, String, Uuid, String, i64),
        "select m.id, m.kind, m.task_id, a.state, booked.charges
           from moves m
           join attempts a on a.id = m.attempt_id
           join tasks t on t.id = m.task_id
           join (select attempt_id, count(*) as charges from moves where kind in ('loss', 'reimbursement')
                  group by attempt_id) as booked on booked.attempt_id = m.attempt_id
          where m.kind in ('loss', 'reimbursement')
            and (a.task_id <> m.task_id or a.state = 'solved' or booked.charges > 1
                 or (m.kind = 'loss') <> (a.contributor_id is null) or a.contributor_id = t.account_id)
          limit 1"
    )?;
    Ok(found.map(|(id, kind, task, state, charges)| Difference {
        rule: "a provider's charge is borne once per attempt, and not for the attempt that was captured",
        row: format!("the {kind} move {id}"),
        found: format!("is for an attempt that is {state} and has {charges} charges in the books"),
        expected:
            "the one charge for an attempt of its task that solved nothing: a loss on the platform's credential, a \
                   reimbursement on somebody else's"
                .to_owned(),
        next: look_at_task(task),
    }))
}

/// A loss is on the memo of the credential that was charged; a reimbursement is on its contributor's book, and so is a
/// claw-back.
pub(super) async fn wrong_credential(db: &mut Db) -> Result<Option<Difference>, StoreError> {
    let pairs = sql!(
        db,
        all as (Uuid, Option<Uuid>, String, i64),
        "select a.credential_id, a.contributor_id, e.account, cast(sum(e.amount_nanos) as bigint)
           from moves m join attempts a on a.id = m.attempt_id join ledger_entries e on e.move_id = m.id
          where e.account not like 'platform:%'
          group by a.credential_id, a.contributor_id, e.account"
    )?;
    let wrong = pairs.into_iter().find(|(credential, contributor, name, _)| match name.split(':').nth(1) {
        Some(id) if name.starts_with("provider:") => id != CredentialId(*credential).to_string(),
        Some(id) => contributor.is_none_or(|contributor| id != AccountId(contributor).to_string()),
        None => true,
    });
    Ok(wrong.map(|(credential, _, name, sum)| Difference {
        rule: "what is booked for an attempt is booked for its credential and its contributor",
        row: format!("an attempt with credential {credential}"),
        found: format!("has {} booked on {name}", dollars(sum)),
        expected: "them on its own credential's or contributor's book".to_owned(),
        next: format!("the moves with an attempt_id and an entry on {name}"),
    }))
}

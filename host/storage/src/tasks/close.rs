//! What settlements write: holds, balances, tasks, attempts, moves; one statement each for a whole batch.

use std::collections::BTreeMap;

use capstan_domain::Amount;
use capstan_domain::ledger::{Move, Share};
use uuid::Uuid;

use super::charges::{Borne, Charge, bear_all};
use super::rows::charged_word;
use super::settle::{OpenHold, Outcome, Settlement};
use crate::bulk::{Bulk, Cell, Short, Writes};
use crate::db::Db;
use crate::earnings::{self, Earning};
use crate::moves::{self, Booking};
use crate::{StoreError, key_days};

/// A settlement about to be written.
pub(super) struct Closing<'c> {
    pub(super) call: &'c Settlement,
    pub(super) hold: OpenHold,
    pub(super) capture: Amount,
    pub(super) share: Option<Share>,
    pub(super) made: Move,
}

/// Writes what a batch of settlements comes to. The states from which a row may go on are written as those from which it may
/// not: said the other way, PostgreSQL takes the index of what is open for the short way to a row, and it is the long one.
pub(super) async fn close(db: &mut Db, closing: &[Closing<'_>]) -> Result<(), StoreError> {
    if closing.is_empty() {
        return Ok(());
    }
    let mut writes = Writes::default();
    mark_holds(&mut writes, closing);
    return_balances(&mut writes, closing)?;
    end_tasks(&mut writes, closing);
    end_attempts(&mut writes, closing);
    let mut bookings = Vec::with_capacity(closing.len());
    let (mut earned, mut borne) = (Vec::new(), Vec::new());
    for Closing { call, hold, capture, share, made } in closing {
        let (task, at_ms) = (call.task, call.at_ms);
        bookings.push(Booking { id: call.move_id, task, attempt: None, at_ms, made: made.clone() });
        if hold.has_cap > 0 {
            key_days::give_back(db, task, hold.hold().minus(*capture)?).await?;
        }
        earned.extend(share.map(|share| Earning::share(call.attempt, share, call.matures_at_ms)));
        if let Outcome::Failed { charge: Some(charge), .. } = &call.outcome {
            borne.push(Borne {
                task,
                attempt: call.attempt,
                payer: hold.account(),
                stake: hold.stake()?,
                charge: *charge,
                at_ms,
                matures_at_ms: call.matures_at_ms,
            });
        }
    }
    moves::book_all(&mut writes, &bookings);
    earnings::add_all(&mut writes, &earned);
    bear_all(&mut writes, &borne)?;
    writes.run(db).await
}

fn mark_holds<'c>(writes: &mut Writes<'c>, closing: &'c [Closing<'_>]) {
    const MARK: Bulk = Bulk {
        head: "update holds as h set state = v.column2, settled_at_ms = v.column3 from (",
        columns: 3,
        tail: ") as v where h.task_id = v.column1 and h.state not in ('captured', 'released')",
        short: Short::OutOfDate,
    };
    let row = |c: &Closing<'_>| -> [Cell<'static>; 3] {
        let state = match c.call.outcome {
            Outcome::Solved { .. } => "captured",
            Outcome::Failed { .. } => "released",
        };
        [c.call.task.0.into(), state.into(), c.call.at_ms.into()]
    };
    writes.add(MARK, closing.iter().flat_map(row).collect());
}

fn return_balances(writes: &mut Writes<'_>, closing: &[Closing<'_>]) -> Result<(), StoreError> {
    const RETURN: Bulk = Bulk {
        head: "update accounts as a set held = a.held - v.column2, available = a.available + v.column3 from (",
        columns: 3,
        tail: ") as v where a.id = v.column1 and a.held >= v.column2",
        short: Short::Wrong,
    };
    // In the order of ids, so that two nodes do not wait for each other's rows.
    let mut sums: BTreeMap<Uuid, (Amount, Amount)> = BTreeMap::new();
    for Closing { hold, capture, .. } in closing {
        let (held, returned) = sums.entry(hold.account_id).or_insert((Amount::ZERO, Amount::ZERO));
        *held = held.plus(hold.hold())?;
        *returned = returned.plus(hold.hold().minus(*capture)?)?;
    }
    let row = |(account, (held, returned)): (&Uuid, &(Amount, Amount))| -> [Cell<'static>; 3] {
        [(*account).into(), held.nanos().into(), returned.nanos().into()]
    };
    writes.add(RETURN, sums.iter().flat_map(row).collect());
    Ok(())
}

fn end_tasks<'c>(writes: &mut Writes<'c>, closing: &'c [Closing<'_>]) {
    const END: Bulk = Bulk {
        head: "update tasks as t set state = v.column2, epoch = v.column3, ended_at_ms = v.column4, cost_nanos = v.column5,
                                     solver_provider = v.column6, solution = v.column7, error_code = v.column8,
                                     error_description = v.column9
                 from (",
        columns: 9,
        tail: ") as v where t.id = v.column1 and t.state not in ('solved', 'failed')",
        short: Short::OutOfDate,
    };
    writes.add(END, closing.iter().flat_map(ended_task).collect());
}

fn ended_task<'c>(c: &'c Closing<'_>) -> [Cell<'c>; 9] {
    let Settlement { task, fence, at_ms, outcome, .. } = c.call;
    let (id, epoch, at_ms) = (task.0.into(), fence.epoch.into(), (*at_ms).into());
    match outcome {
        Outcome::Solved { capture, solution, .. } => [
            id,
            "solved".into(),
            epoch,
            at_ms,
            capture.nanos().into(),
            c.hold.provider_id.as_str().into(),
            solution.as_slice().into(),
            Cell::Text(None),
            Cell::Text(None),
        ],
        Outcome::Failed { code, description, .. } => [
            id,
            "failed".into(),
            epoch,
            at_ms,
            Cell::Int(None),
            Cell::Text(None),
            Cell::Bytes(None),
            code.as_str().into(),
            description.as_str().into(),
        ],
    }
}

fn end_attempts<'c>(writes: &mut Writes<'c>, closing: &'c [Closing<'_>]) {
    // Without a fault of its own, an attempt keeps the one that put it in doubt.
    const END: Bulk = Bulk {
        head: "update attempts as a set state = v.column2, ended_at_ms = v.column3, provider_cost_nanos = v.column4,
                                        fault_class = coalesce(v.column5, a.fault_class),
                                        fault_code = coalesce(v.column6, a.fault_code),
                                        charged = coalesce(v.column7, a.charged), watch_until_ms = v.column8
                 from (",
        columns: 8,
        tail: ") as v where a.id = v.column1 and a.state in ('submitting', 'running', 'in_doubt')",
        short: Short::OutOfDate,
    };
    writes.add(END, closing.iter().flat_map(|c| ended_attempt(c.call)).collect());
}

fn ended_attempt(call: &Settlement) -> [Cell<'_>; 8] {
    let (state, cost, fault, watch) = match &call.outcome {
        Outcome::Solved { provider_cost, .. } => ("solved", *provider_cost, None, None),
        Outcome::Failed { end, charge, fault, watch_until_ms, .. } => {
            (end.as_str(), charge.and_then(Charge::told), fault.as_ref(), *watch_until_ms)
        }
    };
    [
        call.attempt.0.into(),
        state.into(),
        call.at_ms.into(),
        Cell::Int(cost.map(Amount::nanos)),
        fault.map(|fault| fault.class.as_str()).into(),
        fault.map(|fault| fault.code.as_str()).into(),
        fault.map(|fault| charged_word(fault.charged)).into(),
        Cell::Int(watch),
    ]
}

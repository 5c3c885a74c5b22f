//! The accepted tasks: when each ends, what it costs, when it is forgotten.
//!
//! No timer runs. [`Tasks::advance`] brings everything up to the moment that it is told, so what a task is depends on
//! the time and not on who asked when.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::IpAddr;

use crate::call::{Family, Needs};
use crate::money::Usd;
use crate::plan::Ending;
use crate::stats::TaskCounts;

/// An accepted task.
#[derive(Debug)]
pub(crate) struct Task {
    /// Whose it is: the number of the account.
    pub(crate) account: usize,
    pub(crate) family: Family,
    pub(crate) needs: Needs,
    pub(crate) ending: Ending,
    /// What it costs if it is charged.
    pub(crate) price: Usd,
    /// What its end will cost.
    pub(crate) charge: Usd,
    pub(crate) ip: IpAddr,
    pub(crate) created_ms: u64,
    /// When it ends, unless solutions are being held.
    pub(crate) due_ms: u64,
    /// For how long the result is kept.
    pub(crate) kept: Kept,
    /// When it ended.
    pub(crate) ended_ms: Option<u64>,
    pub(crate) polls: u64,
    pub(crate) last_poll_ms: Option<u64>,
}

/// For how long a result is kept, in real milliseconds, and from when on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kept {
    AfterEnd(u64),
    AfterCreation(u64),
}

impl Task {
    /// When its result is dropped.
    fn expires_ms(&self, ended_ms: u64) -> u64 {
        match self.kept {
            Kept::AfterEnd(ms) => ended_ms.saturating_add(ms),
            // Time for which solutions are held is not the task's own and does not count.
            Kept::AfterCreation(ms) => {
                let held_ms = ended_ms.saturating_sub(self.due_ms);
                ended_ms.max(self.created_ms.saturating_add(ms).saturating_add(held_ms))
            }
        }
    }
}

/// A task that has just ended: what its account is to be charged, and what is no longer set aside.
pub(crate) struct Ended {
    pub(crate) account: usize,
    pub(crate) price: Usd,
    pub(crate) charge: Usd,
}

/// All tasks that the service knows.
#[derive(Default)]
pub(crate) struct Tasks {
    known: HashMap<u64, Task>,
    /// Ends to come, the next first.
    due: BinaryHeap<Reverse<(u64, u64)>>,
    /// Results to be dropped, the next first.
    expiring: BinaryHeap<Reverse<(u64, u64)>>,
    held: bool,
    /// When solutions were last released; a task that was due earlier ended then.
    released_ms: u64,
    counts: TaskCounts,
}

impl Tasks {
    pub(crate) fn insert(&mut self, id: u64, task: Task) {
        self.due.push(Reverse((task.due_ms, id)));
        self.known.insert(id, task);
        self.counts.processing += 1;
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Task> {
        self.known.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Task> {
        self.known.get_mut(&id)
    }

    pub(crate) const fn counts(&self) -> TaskCounts {
        self.counts
    }

    /// Stops tasks from ending, or lets them end again. Call [`Self::advance`] first: what has ended has ended.
    pub(crate) const fn hold(&mut self, now_ms: u64, held: bool) {
        if self.held && !held {
            self.released_ms = now_ms;
        }
        self.held = held;
    }

    /// Whether tasks are being stopped from ending.
    pub(crate) const fn held(&self) -> bool {
        self.held
    }

    /// Ends what is due and forgets what has been kept long enough; answers what ended.
    pub(crate) fn advance(&mut self, now_ms: u64) -> Vec<Ended> {
        let mut ended = Vec::new();
        while !self.held
            && let Some(id) = next_due(&mut self.due, now_ms)
        {
            ended.extend(self.end(id));
        }
        while let Some(id) = next_due(&mut self.expiring, now_ms) {
            self.forget(id);
        }
        ended
    }

    fn end(&mut self, id: u64) -> Option<Ended> {
        let task = self.known.get_mut(&id)?;
        let ended_ms = task.due_ms.max(self.released_ms);
        task.ended_ms = Some(ended_ms);
        self.expiring.push(Reverse((task.expires_ms(ended_ms), id)));
        self.counts.processing -= 1;
        match task.ending {
            Ending::Solved | Ending::Given(_) => self.counts.solved += 1,
            Ending::Failed(_) => self.counts.failed += 1,
        }
        Some(Ended { account: task.account, price: task.price, charge: task.charge })
    }

    fn forget(&mut self, id: u64) {
        let Some(task) = self.known.remove(&id) else { return };
        match task.ending {
            Ending::Solved | Ending::Given(_) => self.counts.solved -= 1,
            Ending::Failed(_) => self.counts.failed -= 1,
        }
        self.counts.forgotten += 1;
    }
}

/// Takes the next id whose time has come.
fn next_due(queue: &mut BinaryHeap<Reverse<(u64, u64)>>, now_ms: u64) -> Option<u64> {
    let Reverse((at_ms, id)) = *queue.peek()?;
    if at_ms > now_ms {
        return None;
    }
    queue.pop();
    Some(id)
}

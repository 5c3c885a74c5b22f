//! With the feature `faults` only, for tests: makes the writer's operations on the database fail, one by number, before it
//! has an effect or after.
//!
//! An operation is a statement, the beginning of a transaction or its commit, on the writer's connection. A failure looks like
//! a connection that broke: nothing is known of what the operation did.

use std::cell::RefCell;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::StoreError;

/// When an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Nothing of it happened.
    Before,
    /// It happened, and its answer was lost.
    After,
}

/// Which operations fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The first that fails, counted from 1 and from now.
    pub nth: u64,
    /// How many fail in a row.
    pub times: u64,
    /// Before or after their effect.
    pub when: When,
}

/// The tests' handle on a store's writer.
#[derive(Clone, Default)]
pub struct Faults(Arc<Inner>);

#[derive(Default)]
struct Inner {
    plan: Mutex<Option<Plan>>,
    seen: AtomicU64,
}

thread_local! {
    /// The writer has a thread of its own, so that nobody else's statements fail.
    static HERE: RefCell<Option<Faults>> = const { RefCell::new(None) };
}

impl Faults {
    /// From the next operation on this plan is followed; none lets everything pass. The count of operations begins anew.
    pub fn follow(&self, plan: Option<Plan>) {
        let mut current = self.0.plan.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.seen.store(0, Ordering::SeqCst);
        *current = plan;
    }

    /// Operations since the plan was made.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.0.seen.load(Ordering::SeqCst)
    }

    /// Makes the operations of this thread subject to the plan.
    pub(crate) fn rule_this_thread(&self) {
        HERE.with(|here| *here.borrow_mut() = Some(self.clone()));
    }

    fn fails(&self, when: When) -> bool {
        let plan = *self.0.plan.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = match when {
            When::Before => self.0.seen.fetch_add(1, Ordering::SeqCst) + 1,
            When::After => self.0.seen.load(Ordering::SeqCst),
        };
        plan.is_some_and(|plan| plan.when == when && (plan.nth..plan.nth + plan.times).contains(&seen))
    }
}

/// Fails where the plan says that an operation does not happen.
pub(crate) fn before() -> Result<(), StoreError> {
    fail(When::Before)
}

/// Fails where the plan says that an operation's answer is lost.
pub(crate) fn after() -> Result<(), StoreError> {
    fail(When::After)
}

fn fail(when: When) -> Result<(), StoreError> {
    let fails = HERE.with(|here| here.borrow().as_ref().is_some_and(|faults| faults.fails(when)));
    if fails {
        return Err(StoreError::Driver(sqlx::Error::Io(io::ErrorKind::ConnectionReset.into())));
    }
    Ok(())
}

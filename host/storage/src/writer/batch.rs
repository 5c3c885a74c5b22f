//! What runs inside one transaction: request by request or kind by kind, each under a savepoint.

use super::{Alone, Call, Ran, Request, Run, Tell, Together};
use crate::db::Db;
use crate::shards::{HeldFences, hold_fences};
use crate::{Fence, StoreError};

/// A transaction under way.
pub(super) struct Batch<'d, 'r> {
    pub(super) db: &'d mut Db,
    /// How callers are told, once the commit is known.
    pub(super) told: Vec<Tell<'r>>,
    /// Requests whose effect is part of it.
    pub(super) kept: u64,
    /// Requests that were refused or failed, and left nothing.
    pub(super) undone: u64,
    /// Whether something stands since the savepoint that is to stay. The commit keeps it; whoever runs next may undo what
    /// is its own alone, and moves the savepoint first.
    stands: bool,
    /// The fences of all that is run together.
    fences: Vec<Fence>,
    /// How they stand, once it was looked at. An undone savepoint lets go of what was looked at since.
    held: Option<HeldFences>,
}

impl<'d, 'r> Batch<'d, 'r> {
    /// Of a transaction that has begun.
    pub(super) fn of(db: &'d mut Db, requests: &'r [Request]) -> Self {
        let fences = requests.iter().filter_map(Request::fence).collect();
        let told = Vec::with_capacity(requests.len());
        Self { db, told, kept: 0, undone: 0, stands: false, fences, held: None }
    }

    /// Runs every request. Requests that wait for the writer at the same time have no order among them, since nobody has
    /// been answered; but who has left without waiting finds those of one kind in the order in which they came.
    pub(super) async fn run_all(&mut self, requests: &'r [Request], run: Run) -> Result<(), StoreError> {
        let (mut placing, mut accepting, mut settling) = (Vec::new(), Vec::new(), Vec::new());
        for request in requests {
            match request {
                Request::Alone(alone) => self.run_alone(alone).await?,
                Request::Place(call) => placing.push(call),
                Request::Accept(call) => accepting.push(call),
                Request::Settle(call) => settling.push(call),
            }
        }
        self.run_together(&placing, run).await?;
        self.run_together(&accepting, run).await?;
        self.run_together(&settling, run).await
    }

    async fn run_alone(&mut self, alone: &'r Alone) -> Result<(), StoreError> {
        self.begin_next().await?;
        match (alone.run)(self.db).await {
            Ok(Ran { keep, tell }) => {
                self.told.push(tell);
                self.end_request(keep).await
            }
            Err(error) if error.is_transient() => Err(error),
            Err(error) => {
                self.told.push(Box::new(move || (alone.fail)(error)));
                self.end_request(false).await
            }
        }
    }

    /// All of a kind by the same statements; where that does not work out, each on its own.
    async fn run_together<I: Together>(&mut self, calls: &[&'r Call<I>], run: Run) -> Result<(), StoreError> {
        if calls.is_empty() {
            return Ok(());
        }
        if run == Run::First {
            self.begin_next().await?;
            let inputs: Vec<&I> = calls.iter().map(|call| &call.input).collect();
            let held = match &self.held {
                Some(held) => held,
                None => self.held.insert(hold_fences(self.db, self.fences.iter().copied()).await?),
            };
            match I::run(self.db, held, &inputs, run).await {
                Ok(answers) if answers.len() == calls.len() => return self.end_together(calls, answers).await,
                Ok(_) => {
                    return Err(StoreError::UnexpectedChange {
                        what: "a batch of requests",
                        expected: calls.len() as u64,
                        changed: 0,
                    });
                }
                // The connection, or the whole transaction, is gone.
                Err(error) if error.is_transient() && !matches!(error, StoreError::Contended) => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, requests = calls.len(), "not together: each on its own");
                    self.undo().await?;
                }
            }
        }
        for call in calls {
            self.run_one_of_kind(call).await?;
        }
        Ok(())
    }

    async fn run_one_of_kind<I: Together>(&mut self, call: &'r Call<I>) -> Result<(), StoreError> {
        self.begin_next().await?;
        match self.answer_alone(&call.input).await {
            Err(error) if error.is_transient() => Err(error),
            answer => {
                let keep = answer.as_ref().is_ok_and(I::keeps);
                self.told.push(Box::new(move || call.to_caller.say(answer)));
                self.end_request(keep).await
            }
        }
    }

    async fn answer_alone<I: Together>(&mut self, input: &I) -> Result<I::Answer, StoreError> {
        let held = hold_fences(self.db, [input.fence()]).await?;
        let answers = I::run(self.db, &held, &[input], Run::Again).await?;
        answers.into_iter().next().unwrap_or(Err(StoreError::Closed))
    }

    async fn end_together<I: Together>(
        &mut self,
        calls: &[&'r Call<I>],
        answers: Vec<Result<I::Answer, StoreError>>,
    ) -> Result<(), StoreError> {
        // A batch of one may have written something before it was refused.
        if let [Ok(answer)] = answers.as_slice()
            && !I::keeps(answer)
        {
            self.undo().await?;
        }
        for (call, answer) in calls.iter().copied().zip(answers) {
            let kept = answer.as_ref().is_ok_and(I::keeps);
            self.kept += u64::from(kept);
            self.undone += u64::from(!kept);
            self.stands |= kept;
            self.told.push(Box::new(move || call.to_caller.say(answer)));
        }
        Ok(())
    }

    async fn begin_next(&mut self) -> Result<(), StoreError> {
        if !self.stands {
            return Ok(());
        }
        self.stands = false;
        self.db.run("release savepoint request; savepoint request").await
    }

    async fn end_request(&mut self, keep: bool) -> Result<(), StoreError> {
        if keep {
            self.kept += 1;
            self.stands = true;
            return Ok(());
        }
        self.undone += 1;
        self.undo().await
    }

    async fn undo(&mut self) -> Result<(), StoreError> {
        self.held = None;
        self.db.run("rollback to savepoint request").await
    }
}

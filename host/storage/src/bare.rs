//! With the feature `bench` only: the statements of a hold in a loop of their own, without a writer, a queue or callers. It is
//! what group commit is measured against, and what no gateway may use.

use std::time::{Duration, Instant};

use crate::db::Pools;
use crate::shards::hold_fences;
use crate::writer::{Run, Together};
use crate::{DatabaseUrl, OpenOptions, PlaceTask, Placed, StoreError};

/// Places tasks, so many in each transaction, on one connection. Answers how many were placed and how long it took.
///
/// # Errors
/// [`StoreError`].
pub async fn place(url: &DatabaseUrl, tasks: &[PlaceTask], per_commit: usize) -> Result<(usize, Duration), StoreError> {
    let pools = Pools::open(url, &OpenOptions::default()).await?;
    let mut db = pools.writer().await?;
    let (mut placed, began) = (0, Instant::now());
    for batch in tasks.chunks(per_commit.max(1)) {
        let batch: Vec<&PlaceTask> = batch.iter().collect();
        db.begin().await?;
        let held = hold_fences(&mut db, batch.iter().map(|task| task.fence())).await?;
        let answers = PlaceTask::run(&mut db, &held, &batch, Run::First).await?;
        db.run("commit").await?;
        placed += answers.iter().filter(|answer| matches!(answer, Ok(Ok(Placed { .. })))).count();
    }
    let took = began.elapsed();
    drop(db);
    pools.close().await;
    Ok((placed, took))
}

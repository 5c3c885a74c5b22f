//! Leases: which node may move the tasks of which shard, and the fence that keeps a node that lost one from writing.
//!
//! A lease is a node, a time and an epoch that grows by one whenever the shard is taken. Every write to a task carries the
//! epoch under which its node holds the shard; when the epoch has moved on, the write changes nothing. The time only says
//! when others may take the shard: safety hangs on the epoch alone, so that clocks need not agree.

use std::collections::{BTreeSet, HashSet};

use crate::bulk::{self, Cell};
use crate::db::{Db, sql};
use crate::{Store, StoreError, words};

/// The right under which a task is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// The task's shard.
    pub shard: u8,
    /// The epoch under which the writing node holds it.
    pub epoch: i64,
}

/// A node's wish to hold shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardClaim {
    /// The node's name; two processes never share one, but one may inherit its predecessor's.
    pub node: String,
    /// Now.
    pub now_ms: i64,
    /// How long the lease lasts without renewal, in milliseconds.
    pub ttl_ms: i64,
}

impl Store {
    /// Takes every shard that is free, expired, or leased to this node's name, each under its next epoch. Meant for a
    /// node's start: it fences the node's own earlier process, and would fence this one's own writes in flight.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn acquire_shards(&self, claim: ShardClaim) -> Result<Vec<Fence>, StoreError> {
        self.write(claim, |db, claim| Box::pin(acquire(db, claim))).await
    }

    /// Takes the shards that other nodes have let expire, each under its next epoch, and leaves this node's own alone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn acquire_expired_shards(&self, claim: ShardClaim) -> Result<Vec<Fence>, StoreError> {
        self.write(claim, |db, claim| Box::pin(acquire_expired(db, claim))).await
    }

    /// Renews every shard that is still leased to this node's name, expired ones that nobody took included, and says
    /// which. A shard that is missing from the answer, or has another epoch than the caller's, is lost.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn renew_shards(&self, claim: ShardClaim) -> Result<Vec<Fence>, StoreError> {
        self.write(claim, |db, claim| Box::pin(renew(db, claim))).await
    }

    /// Takes every shard from whoever had it, and has its epochs go on from this number at least.
    pub(crate) async fn move_shards_on(&self, at_least: i64) -> Result<(), StoreError> {
        self.write(at_least, |db, at_least| {
            Box::pin(async move {
                sql!(db, execute, MOVE_ON, *at_least)?;
                Ok(())
            })
        })
        .await
    }

    /// Lets other nodes take this node's shards at once; for an orderly end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn release_shards(&self, node: &str) -> Result<(), StoreError> {
        self.write(node.to_owned(), |db, node| {
            Box::pin(async move {
                sql!(db, execute, "update shards set expires_at_ms = 0 where node = $1", node.as_str())?;
                Ok(())
            })
        })
        .await
    }
}

/// After a restore: every shard is free, under an epoch that no node of before has. The epochs of a backup are older than those
/// that nodes may have had since, and one more could be the very epoch of such a node.
pub(crate) const MOVE_ON: &str = "update shards set node = '', expires_at_ms = 0,
       epoch = case when epoch >= $1 then epoch + 1 else $1 end";

fn fences_of(rows: Vec<(i64, i64)>) -> Result<Vec<Fence>, StoreError> {
    let mut fences = rows
        .into_iter()
        .map(|(shard, epoch)| {
            let shard = words::read(u8::try_from(shard).ok(), "shards", "shard", shard)?;
            Ok(Fence { shard, epoch })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    fences.sort_unstable_by_key(|fence| fence.shard);
    Ok(fences)
}

async fn acquire(db: &mut Db, claim: &ShardClaim) -> Result<Vec<Fence>, StoreError> {
    fences_of(sql!(
        db,
        all as (i64, i64),
        "update shards set node = $1, epoch = epoch + 1, expires_at_ms = $3
          where expires_at_ms <= $2 or node = $1
         returning shard, epoch",
        claim.node.as_str(),
        claim.now_ms,
        claim.now_ms.saturating_add(claim.ttl_ms)
    )?)
}

async fn acquire_expired(db: &mut Db, claim: &ShardClaim) -> Result<Vec<Fence>, StoreError> {
    fences_of(sql!(
        db,
        all as (i64, i64),
        "update shards set node = $1, epoch = epoch + 1, expires_at_ms = $3
          where expires_at_ms <= $2 and node <> $1
         returning shard, epoch",
        claim.node.as_str(),
        claim.now_ms,
        claim.now_ms.saturating_add(claim.ttl_ms)
    )?)
}

async fn renew(db: &mut Db, claim: &ShardClaim) -> Result<Vec<Fence>, StoreError> {
    fences_of(sql!(
        db,
        all as (i64, i64),
        "update shards set expires_at_ms = $2 where node = $1 returning shard, epoch",
        claim.node.as_str(),
        claim.now_ms.saturating_add(claim.ttl_ms)
    )?)
}

/// Makes sure that the shard's epoch is the caller's, and stays so until the commit. SQLite has one writer at a time and
/// needs no lock; in PostgreSQL a share lock makes whoever takes the shard wait for this commit.
pub(crate) async fn hold_fence(db: &mut Db, fence: Fence) -> Result<(), StoreError> {
    hold_fences(db, [fence]).await?.check(fence)
}

/// The same for the fences of a batch, each to be checked by its own request.
pub(crate) async fn hold_fences(
    db: &mut Db,
    fences: impl IntoIterator<Item = Fence>,
) -> Result<HeldFences, StoreError> {
    let shards: BTreeSet<u8> = fences.into_iter().map(|fence| fence.shard).collect();
    let shards: Vec<Cell<'_>> = shards.into_iter().map(|shard| i64::from(shard).into()).collect();
    let rows: Vec<(i64, i64)> = match db {
        Db::Sqlite(_) => {
            // In one row: each row is a message from the database's thread, which wakes the writer's.
            let head = "select group_concat(shard || ' ' || epoch, ',') from shards where shard";
            let rows: Vec<(Option<String>,)> = bulk::find(db, (head, ""), &shards).await?;
            let found = rows.iter().filter_map(|(found,)| found.as_deref());
            found.flat_map(|found| found.split(',')).filter_map(numbers).collect()
        }
        Db::Postgres(_) => {
            // In the shards' order, so that two nodes do not wait for each other.
            let query = ("select shard, epoch from shards where shard", " order by shard for share");
            bulk::find(db, query, &shards).await?
        }
    };
    Ok(HeldFences(fences_of(rows)?.into_iter().collect()))
}

fn numbers(found: &str) -> Option<(i64, i64)> {
    let (shard, epoch) = found.split_once(' ')?;
    shard.parse().ok().zip(epoch.parse().ok())
}

/// What shards are held under until the commit.
pub(crate) struct HeldFences(HashSet<Fence>);

impl HeldFences {
    /// # Errors
    /// [`StoreError::Fenced`] when the shard is held under another epoch.
    pub(crate) fn check(&self, fence: Fence) -> Result<(), StoreError> {
        if self.0.contains(&fence) {
            return Ok(());
        }
        Err(StoreError::Fenced { shard: fence.shard, epoch: fence.epoch })
    }
}

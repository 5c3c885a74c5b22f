//! What routing has learned, kept for the next start: tallies, as their owner serializes them. They are estimates that fade
//! within the hour, so that what is lost in a crash is a minute's worth, and what is too old is deleted.

use capstan_domain::route::Tally;
use capstan_domain::{CredentialId, ProviderId};

use crate::db::sql;
use crate::{Store, StoreError};

/// Whom a tally is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LearnedOf {
    /// A provider, through all of its credentials.
    Provider(ProviderId),
    /// One credential.
    Credential(CredentialId),
}

/// What one node has learned of one of them for one family.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// Whom it is about.
    pub of: LearnedOf,
    /// The family's canonical name.
    pub family: String,
    /// What was seen.
    pub tally: Tally,
}

#[derive(sqlx::FromRow)]
struct Row {
    kind: String,
    subject: String,
    family: String,
    tally: String,
}

impl Row {
    /// `None` for what this version cannot read: it is learned anew.
    fn read(self) -> Option<Learned> {
        let of = match self.kind.as_str() {
            "provider" => LearnedOf::Provider(ProviderId::new(&self.subject).ok()?),
            _ => LearnedOf::Credential(CredentialId(self.subject.parse().ok()?)),
        };
        Some(Learned { of, family: self.family, tally: serde_json::from_str(&self.tally).ok()? })
    }
}

impl Store {
    /// Writes what a node has learned, in place of what it wrote of the same before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_learned(&self, node: String, learned: Vec<Learned>, at_ms: i64) -> Result<(), StoreError> {
        self.write((node, learned, at_ms), |db, (node, learned, at_ms)| {
            Box::pin(async move {
                for Learned { of, family, tally } in learned {
                    let (kind, subject) = match of {
                        LearnedOf::Provider(id) => ("provider", id.to_string()),
                        LearnedOf::Credential(id) => ("credential", id.to_string()),
                    };
                    let tally = serde_json::to_string(tally).unwrap_or_default();
                    sql!(
                        db,
                        execute,
                        "insert into learned (node, kind, subject, family, tally, at_ms) values ($1, $2, $3, $4, $5, $6)
                         on conflict (node, kind, subject, family) do update set tally = excluded.tally, at_ms = excluded.at_ms",
                        &**node,
                        kind,
                        subject,
                        &**family,
                        tally,
                        *at_ms
                    )?;
                }
                Ok(())
            })
        })
        .await
    }

    /// What all nodes have written since a time; what is older is deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn learned_since(&self, at_ms: i64) -> Result<Vec<Learned>, StoreError> {
        let rows = self.write(at_ms, |db, at_ms| {
            Box::pin(async move {
                sql!(db, execute, "delete from learned where at_ms < $1", *at_ms)?;
                sql!(
                    db,
                    all as Row,
                    "select kind, subject, family, tally from learned order by node, kind, subject, family"
                )
            })
        });
        Ok(rows.await?.into_iter().filter_map(Row::read).collect())
    }
}

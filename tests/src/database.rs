//! The two databases that everything is tested on.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use anyhow::Result;
use capstan_test_postgres::Cluster;

use crate::suite::Unavailable;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, in the data directory.
    Sqlite,
    /// A fresh database in the tests' own cluster.
    Postgres,
}

/// Both, for tests that run on each.
pub const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

/// A fresh database; PostgreSQL's cluster lives as long as somebody uses it.
pub struct Database {
    /// Its URL; none means SQLite in the data directory.
    pub url: Option<String>,
    cluster: Option<Arc<Cluster>>,
}

impl Database {
    /// Makes one.
    ///
    /// # Errors
    /// [`Unavailable`] when PostgreSQL is not on this machine.
    pub fn create(engine: Engine) -> Result<Self> {
        match engine {
            Engine::Sqlite => Ok(Self { url: None, cluster: None }),
            Engine::Postgres => {
                let cluster = cluster()?;
                Ok(Self { url: Some(cluster.create_database()?), cluster: Some(cluster) })
            }
        }
    }
}

impl Database {
    /// A program that comes with its server; none for SQLite.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<std::path::PathBuf> {
        self.cluster.as_ref().map(|cluster| cluster.program(name))
    }
}

/// One cluster for all tests of the process.
fn cluster() -> Result<Arc<Cluster>> {
    static CLUSTER: OnceLock<Mutex<Weak<Cluster>>> = OnceLock::new();
    let mut known = CLUSTER.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cluster) = known.upgrade() {
        return Ok(cluster);
    }
    // Only a machine without PostgreSQL is excused; a cluster that does not start is a failure.
    let cluster = Cluster::start().map_err(|error| match error.downcast::<capstan_test_postgres::Unavailable>() {
        Ok(reason) => Unavailable(reason.to_string()).into(),
        Err(error) => error,
    })?;
    let cluster = Arc::new(cluster);
    *known = Arc::downgrade(&cluster);
    Ok(cluster)
}

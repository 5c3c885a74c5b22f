//! Registering tests: each is a name and an async function; what a machine cannot run is ignored with its reason.

use std::future::Future;
use std::time::Duration;

use anyhow::Result;
use capstan_test_postgres::must_run_everything;
use libtest_mimic::{Completion, Failed, Trial};

/// Why a test cannot run on this machine.
#[derive(Debug)]
pub struct Unavailable(pub String);

impl std::fmt::Display for Unavailable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unavailable {}

/// Longest that any test may take: one that hangs fails, with its name.
const BOUND: Duration = Duration::from_secs(420);
/// The same for the long sizes.
const FULL_BOUND: Duration = Duration::from_secs(3_000);

/// A test of this name.
pub fn test<F>(name: impl Into<String>, run: impl FnOnce() -> F + Send + 'static) -> Trial
where
    F: Future<Output = Result<()>>,
{
    Trial::ignorable_test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let bound = if is_full() { FULL_BOUND } else { BOUND };
        let outcome = runtime.block_on(async { tokio::time::timeout(bound, run()).await });
        let outcome = outcome.map_err(|_| Failed::from(format!("still running after {bound:?}")))?;
        match outcome {
            Ok(()) => Ok(Completion::Completed),
            Err(error) => match error.downcast::<Unavailable>() {
                Ok(reason) if must_run_everything() => Err(Failed::from(format!("cannot run here: {reason}"))),
                Ok(reason) => Ok(Completion::ignored_with(reason.to_string())),
                Err(error) => Err(Failed::from(format!("{error:?}"))),
            },
        }
    })
}

/// Whether the long sizes are wanted (`CAPSTAN_FULL=1`).
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the tests' own switch")]
pub fn is_full() -> bool {
    std::env::var("CAPSTAN_FULL").is_ok_and(|value| value == "1")
}

//! What an operator may change about the sandbox. Every limit has a default; none can be switched off.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::SandboxError;

/// How much foreign code may take, and where its compiled form is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct SandboxSettings {
    /// Where compiled components are kept between runs; `None` compiles anew after each start. The directory is the
    /// gateway's alone, and is created when missing.
    pub cache_dir: Option<PathBuf>,
    /// Key of the tags that make files in `cache_dir` trustworthy. Secret, never all zeros when `cache_dir` is set.
    pub cache_key: [u8; 32],
    /// Threads that run calls. Calls are short and compute only, so the default is one for each core, 2 to 8. One adapter
    /// gets at most half of them at a time, so that no adapter can keep the others waiting.
    pub threads: usize,
    /// Calls that may be queued for the threads; more wait for room. The default, 256, is a few milliseconds of work.
    pub queue: usize,
    /// Most bytes of one call's memories and tables together. 32 MiB: a Rust adapter takes about one, the largest
    /// request body is 8, and the largest reply is held a few times over while it is read.
    pub memory_bytes: usize,
    /// CPU time of one call. 20 ms, as the contract tells authors: a thousand times what a Rust adapter takes. Counted
    /// on the calling thread's own clock, so that a busy machine does not fail honest adapters; ten times as long on
    /// the wall ends a call all the same. Interpreted guests and tests of unoptimised ones may want more.
    pub call_budget: Duration,
    /// Most bytes of a component. 20 MiB: the largest honest kind, with an interpreter inside, has 18.
    pub component_bytes: usize,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            cache_dir: None,
            cache_key: [0; 32],
            threads: std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8),
            queue: 256,
            memory_bytes: 32 * 1024 * 1024,
            call_budget: Duration::from_millis(20),
            component_bytes: 20 * 1024 * 1024,
        }
    }
}

impl SandboxSettings {
    /// Most calls of one adapter at a time: half of the threads. A single thread is everybody's; then an adapter's calls
    /// take turns with the others'.
    pub(crate) fn calls_of_one(&self) -> usize {
        (self.threads / 2).max(1)
    }

    /// Refuses settings under which nothing could run or a limit would be none.
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        let limits = [
            (self.threads == 0 || self.threads > 256, "threads must be 1 to 256"),
            (self.queue == 0, "queue must not be 0"),
            (self.memory_bytes < 1 << 16 || self.memory_bytes > 1 << 30, "memory_bytes must be 64 KiB to 1 GiB"),
            (self.call_budget < Duration::from_millis(1), "call_budget must be at least 1 ms"),
            (self.call_budget > Duration::from_secs(60), "call_budget must be at most 60 s"),
            (self.component_bytes == 0, "component_bytes must not be 0"),
            (self.cache_dir.is_some() && self.cache_key == [0; 32], "cache_dir needs a cache_key"),
        ];
        match limits.into_iter().find(|(broken, _)| *broken) {
            Some((_, rule)) => Err(SandboxError::Setting(rule)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for SandboxSettings {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxSettings")
            .field("cache_dir", &self.cache_dir)
            .field("threads", &self.threads)
            .field("queue", &self.queue)
            .field("memory_bytes", &self.memory_bytes)
            .field("call_budget", &self.call_budget)
            .field("component_bytes", &self.component_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::SandboxSettings;

    #[test]
    fn the_defaults_are_in_order() {
        assert!(SandboxSettings::default().check().is_ok());
    }

    #[test]
    fn a_setting_that_would_lift_a_limit_is_refused() {
        let broken = [
            SandboxSettings { threads: 0, ..SandboxSettings::default() },
            SandboxSettings { queue: 0, ..SandboxSettings::default() },
            SandboxSettings { memory_bytes: usize::MAX, ..SandboxSettings::default() },
            SandboxSettings { call_budget: Duration::MAX, ..SandboxSettings::default() },
            SandboxSettings { cache_dir: Some("/nowhere".into()), ..SandboxSettings::default() },
        ];
        for settings in broken {
            assert!(settings.check().is_err(), "{settings:?}");
        }
    }

    #[test]
    fn one_adapter_gets_half_of_the_threads_and_never_none() {
        for (threads, most) in [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4)] {
            assert_eq!(SandboxSettings { threads, ..SandboxSettings::default() }.calls_of_one(), most, "{threads}");
        }
    }

    #[test]
    fn the_cache_key_is_not_shown() {
        let settings = SandboxSettings { cache_key: [171; 32], ..SandboxSettings::default() };
        assert!(!format!("{settings:?}").contains("171"));
    }
}

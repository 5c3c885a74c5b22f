//! What an operator may change about the sandbox. Every limit has a default; none can be switched off.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::{CompileLimits, SandboxError};

/// How much foreign code may take, what compiles it, and where its compiled form is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct SandboxSettings {
    /// Where compiled components are kept between runs; `None` compiles anew after each start. The directory is the
    /// gateway's alone, and is created when missing.
    pub cache_dir: Option<PathBuf>,
    /// Key of the tags that make files in `cache_dir` trustworthy. Secret, never all zeros when `cache_dir` is set.
    pub cache_key: [u8; 32],
    /// What compiles components.
    pub compiler: Compiler,
    /// What guests of compiled languages may take.
    pub small: ClassSettings,
    /// What guests with an interpreter inside may take; `None` admits none of them.
    pub large: Option<ClassSettings>,
}

/// What the calls of one class of guests may take. The classes share nothing but the engine: however busy the guests of one
/// are, those of the other have their own threads, their own queue and their own room in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassSettings {
    /// Threads that run calls. Calls are short and compute only. One adapter gets at most half of them at a time, and after
    /// time-outs fewer, down to one, so that no adapter can keep the others waiting.
    pub threads: usize,
    /// Calls that may be queued for the threads; more wait for room.
    pub queue: usize,
    /// Most bytes of one call's memories and tables together.
    pub memory_bytes: usize,
    /// CPU time of one call. Counted on the calling thread's own clock, so that a busy machine does not fail honest
    /// adapters; ten times as long on the wall ends a call all the same.
    pub call_budget: Duration,
    /// Most bytes of a component. What is larger than a small guest may be is a large one.
    pub component_bytes: usize,
    /// What compiling one may take, in a process of its own.
    pub compiling: CompileLimits,
}

/// Which class a guest is of: its component's size says it, so that nothing of a stranger's has to be believed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Rust, C and the like: a call takes microseconds.
    Small,
    /// With an interpreter inside, such as JavaScript's or Python's: a call takes a millisecond or two.
    Large,
}

/// What compiles components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// This process: for tests and tools, whose components are their own.
    Here,
    /// A process of its own, within limits of time and memory, so that bytes that are made to keep a compiler busy, or to
    /// break it, hurt nobody. It is this command, which must call [`crate::compile_here`].
    Process {
        /// The program.
        program: PathBuf,
        /// What it is told.
        args: Vec<OsString>,
        /// The whole of its environment.
        environment: Vec<(OsString, OsString)>,
    },
}

impl Class {
    /// Its name, in metrics and lists.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
        }
    }
}

impl ClassSettings {
    /// Of small guests. 32 MiB: a Rust adapter takes about one, the largest request body is 8, and the largest reply is held
    /// a few times over while it is read. 20 ms, as the contract tells authors: a thousand times what a Rust adapter takes.
    /// Two threads for each core, 4 to 16, so that a single adapter at work gets every core. A queue of 256 is a few
    /// milliseconds of work. 2 MiB: a Rust adapter has 0.3, which takes the compiler a second at most.
    #[must_use]
    pub fn small() -> Self {
        Self {
            threads: cores().saturating_mul(2).clamp(4, 16),
            queue: 256,
            memory_bytes: 32 * 1024 * 1024,
            call_budget: Duration::from_millis(20),
            component_bytes: 2 * 1024 * 1024,
            compiling: CompileLimits { cpu_seconds: 60, memory_mib: 2_048 },
        }
    }

    /// Of large guests. Interpreters begin with 10 to 40 MiB of memory and take a few hundred times the time of compiled
    /// code. A thread for each core, 2 to 8. The largest honest component, Python with all its libraries, has 38 MiB.
    #[must_use]
    pub fn large() -> Self {
        Self {
            threads: cores().clamp(2, 8),
            queue: 64,
            memory_bytes: 256 * 1024 * 1024,
            call_budget: Duration::from_millis(500),
            component_bytes: 48 * 1024 * 1024,
            compiling: CompileLimits { cpu_seconds: 300, memory_mib: 6_144 },
        }
    }

    /// Most calls of one adapter at a time: half of the threads. A single thread is everybody's; then an adapter's calls
    /// take turns with the others'.
    pub(crate) fn calls_of_one(&self) -> usize {
        (self.threads / 2).max(1)
    }

    fn broken(&self) -> Option<&'static str> {
        let rules = [
            (self.threads == 0 || self.threads > 256, "threads must be 1 to 256"),
            (self.queue == 0, "queue must not be 0"),
            (self.memory_bytes < 1 << 16 || self.memory_bytes > 1 << 30, "memory must be 64 KiB to 1 GiB"),
            (self.call_budget < Duration::from_millis(1), "call_budget must be at least 1 ms"),
            (self.call_budget > Duration::from_secs(60), "call_budget must be at most 60 s"),
            (self.component_bytes == 0, "component must not be 0"),
        ];
        rules.into_iter().find_map(|(broken, rule)| broken.then_some(rule))
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            cache_dir: None,
            cache_key: [0; 32],
            compiler: Compiler::Here,
            small: ClassSettings::small(),
            large: Some(ClassSettings::large()),
        }
    }
}

impl SandboxSettings {
    /// The classes that are admitted.
    pub(crate) fn classes(&self) -> impl Iterator<Item = (Class, ClassSettings)> {
        [(Class::Small, Some(self.small)), (Class::Large, self.large)]
            .into_iter()
            .filter_map(|(class, settings)| Some((class, settings?)))
    }

    /// Refuses settings under which nothing could run or a limit would be none.
    ///
    /// # Errors
    /// [`SandboxError::Setting`] with the rule.
    pub fn check(&self) -> Result<(), SandboxError> {
        if self.cache_dir.is_some() && self.cache_key == [0; 32] {
            return Err(SandboxError::Setting("cache_dir needs a cache_key"));
        }
        match self.classes().find_map(|(_, settings)| settings.broken()) {
            Some(rule) => Err(SandboxError::Setting(rule)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for SandboxSettings {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxSettings")
            .field("cache_dir", &self.cache_dir)
            .field("compiler", &self.compiler)
            .field("small", &self.small)
            .field("large", &self.large)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ClassSettings, SandboxSettings};

    #[test]
    fn the_defaults_are_in_order() {
        assert!(SandboxSettings::default().check().is_ok());
    }

    #[test]
    fn a_setting_that_would_lift_a_limit_is_refused() {
        let small = ClassSettings::small();
        let broken = [
            ClassSettings { threads: 0, ..small },
            ClassSettings { queue: 0, ..small },
            ClassSettings { memory_bytes: usize::MAX, ..small },
            ClassSettings { call_budget: Duration::MAX, ..small },
            ClassSettings { component_bytes: 0, ..small },
        ];
        for class in broken {
            assert!(SandboxSettings { small: class, ..SandboxSettings::default() }.check().is_err(), "{class:?}");
            assert!(SandboxSettings { large: Some(class), ..SandboxSettings::default() }.check().is_err(), "{class:?}");
        }
        let without_key = SandboxSettings { cache_dir: Some("/nowhere".into()), ..SandboxSettings::default() };
        assert!(without_key.check().is_err());
    }

    #[test]
    fn one_adapter_gets_half_of_the_threads_and_never_none() {
        for (threads, most) in [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4)] {
            assert_eq!(ClassSettings { threads, ..ClassSettings::small() }.calls_of_one(), most, "{threads}");
        }
    }

    #[test]
    fn the_cache_key_is_not_shown() {
        let settings = SandboxSettings { cache_key: [171; 32], ..SandboxSettings::default() };
        assert!(!format!("{settings:?}").contains("171"));
    }
}

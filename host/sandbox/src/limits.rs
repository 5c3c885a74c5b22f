//! What one call may take, and the names of the ways to take too much.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use wasmtime::{ResourceLimiter, Result, UpdateDeadline};

/// Most core instances, memories and tables of one component. A Rust adapter has 3, 1 and 2; a Python one about 40, 1
/// and 30 (one shared library each).
pub(crate) const INSTANCES: u32 = 64;
/// See [`INSTANCES`].
pub(crate) const TABLES: u32 = 48;
/// See [`INSTANCES`].
pub(crate) const MEMORIES: u32 = 4;
/// Elements of one table: the engine's own default, a few times what interpreters take.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;
/// Live handles of one call. Standard streams and pollables are all that guests get, a handful.
pub(crate) const HANDLES: usize = 256;
/// Most bytes that the host copies out of a guest at once: the largest request body and half as much again.
pub(crate) const COPIED_BYTES: usize = 12 * 1024 * 1024;
/// Native stack for WebAssembly frames: the engine's default, far below what a thread has.
pub(crate) const STACK_BYTES: usize = 512 * 1024;

/// Counts all memories and tables of a call together, and remembers that it refused.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    most: usize,
    left: usize,
    refused: bool,
}

impl MemoryLimit {
    pub(crate) const fn new(bytes: usize) -> Self {
        Self { most: bytes, left: bytes, refused: false }
    }

    /// Whether anything was refused: a trap that follows is a lack of memory, whatever it calls itself.
    pub(crate) const fn refused(&self) -> bool {
        self.refused
    }

    /// What was given.
    pub(crate) const fn used(&self) -> usize {
        self.most.saturating_sub(self.left)
    }

    fn take(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => self.refused = true,
        }
        !self.refused
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(self.take(desired.saturating_sub(current)))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> Result<()> {
        self.refused = true;
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        // An element is a pointer on the host.
        let elements = desired.saturating_sub(current);
        Ok(self.take(elements.saturating_mul(size_of::<usize>())))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> Result<()> {
        self.refused = true;
        Ok(())
    }

    fn instances(&self) -> usize {
        INSTANCES as usize
    }

    fn tables(&self) -> usize {
        TABLES as usize
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }
}

/// A call's budget of time, in ticks of the epoch to the engine and in CPU time to us.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    cpu: Duration,
    tick: Duration,
}

impl Budget {
    /// A budget under this tick.
    pub(crate) const fn new(cpu: Duration, tick: Duration) -> Self {
        Self { cpu, tick }
    }

    /// Time between two ticks of the epoch, of which an engine has one: four or more to the shortest budget, fine enough to end a
    /// call in time, coarse enough for an idle gateway to sleep.
    pub(crate) fn tick(shortest: Duration) -> Duration {
        (shortest / 4).clamp(Duration::from_millis(1), Duration::from_millis(5))
    }

    /// Ticks that surely cover this long.
    pub(crate) fn ticks(&self, time: Duration) -> u64 {
        u64::try_from(time.as_nanos().div_ceil(self.tick.as_nanos().max(1))).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// Ticks of a call's first deadline.
    pub(crate) fn first_ticks(&self) -> u64 {
        self.ticks(self.cpu)
    }

    /// A watch for a call that begins now, on this thread.
    pub(crate) fn start(self) -> Watch {
        Watch { budget: self, cpu: thread_time(), wall: Instant::now() }
    }
}

/// Measures one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    budget: Budget,
    cpu: Duration,
    wall: Instant,
}

impl Watch {
    /// CPU time that the call has taken until now.
    pub(crate) fn used(&self) -> Duration {
        thread_time().saturating_sub(self.cpu)
    }

    /// At a deadline of the epoch: whether the call may go on. The epoch counts time on the wall, in which a busy
    /// machine may not have run the call at all; so what it has used is what decides.
    pub(crate) fn deadline(&self) -> UpdateDeadline {
        let left = self.budget.cpu.saturating_sub(self.used());
        if left.is_zero() || self.wall.elapsed() >= self.budget.cpu * 10 {
            return UpdateDeadline::Interrupt;
        }
        UpdateDeadline::Continue(self.budget.ticks(left))
    }
}

/// CPU time that the current thread has used.
fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wasmtime::{ResourceLimiter, UpdateDeadline};

    use super::{Budget, MemoryLimit};

    fn budget(cpu: Duration) -> Budget {
        Budget::new(cpu, Budget::tick(cpu))
    }

    #[test]
    fn memories_and_tables_share_one_limit() {
        let mut limit = MemoryLimit::new(1_000);
        assert!(limit.memory_growing(0, 500, None).unwrap());
        assert!(limit.table_growing(0, 50, None).unwrap());
        assert!(!limit.refused());
        assert!(!limit.memory_growing(500, 601, None).unwrap());
        assert!(limit.refused());
    }

    #[test]
    fn a_table_that_no_machine_could_hold_is_refused() {
        let mut limit = MemoryLimit::new(1_000);
        assert!(!limit.table_growing(0, usize::MAX, None).unwrap());
    }

    #[test]
    fn once_refused_nothing_more_is_given() {
        let mut limit = MemoryLimit::new(1_000);
        assert!(!limit.memory_growing(0, 2_000, None).unwrap());
        assert!(!limit.memory_growing(0, 1, None).unwrap());
    }

    #[test]
    fn a_call_that_has_used_little_goes_on_and_one_that_has_used_its_budget_ends() {
        let fresh = budget(Duration::from_secs(30)).start();
        assert!(matches!(fresh.deadline(), UpdateDeadline::Continue(ticks) if ticks > 1));
        let spent = budget(Duration::ZERO).start();
        assert!(matches!(spent.deadline(), UpdateDeadline::Interrupt));
    }

    #[test]
    fn ticks_never_fall_short_of_the_time_they_stand_for() {
        let budget = budget(Duration::from_millis(20));
        assert!(budget.tick * u32::try_from(budget.first_ticks()).unwrap() > Duration::from_millis(20));
    }
}

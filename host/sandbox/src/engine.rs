//! The one engine and its settings.

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::limits::{INSTANCES, MEMORIES, STACK_BYTES, TABLE_ELEMENTS, TABLES};
use crate::{SandboxError, SandboxSettings};

/// Bytes of a used memory that are zeroed and kept instead of being given back to the system, which costs page faults
/// and cross-core flushes at the next call. An adapter linked with a stack of 64 KiB lies wholly within, and its call is
/// three times as fast for it; one with the linker's 1 MiB has its data beyond, where zeroing would cost what it saves.
const KEPT_MEMORY: usize = 256 * 1024;
/// The same for tables.
const KEPT_TABLE: usize = 64 * 1024;

/// Sets the engine up, with pooled memory where the machine has the address space for it. There is one in a process: parts of two
/// must never meet.
///
/// # Errors
/// [`SandboxError::Engine`] when the machine cannot run WebAssembly at all.
pub(crate) fn engine(settings: &SandboxSettings) -> Result<Engine, SandboxError> {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(settings)));
    match Engine::new(&config) {
        Ok(engine) => Ok(engine),
        Err(error) => {
            // Slower, and within the same limits: those do not rest on the pool.
            tracing::warn!(%error, "no address space for pooled memory; calls allocate on demand");
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Engine::new(&config).map_err(|error| SandboxError::Engine(error.to_string()))
        }
    }
}

/// An engine that only compiles; what it makes is for the other one, which has the same settings.
///
/// # Errors
/// [`SandboxError::Engine`].
pub(crate) fn compiler() -> Result<Engine, SandboxError> {
    Engine::new(&config()).map_err(|error| SandboxError::Engine(error.to_string()))
}

/// The engine is of a line that gets security fixes for two years, its one compiler is Cranelift, and x86-64 is the platform that
/// its makers fuzz without end; 64-bit ARM works, and is tested by them, and is not fuzzed.
fn config() -> Config {
    let mut config = Config::new();
    // Without this a guest that spins holds its thread for ever. Not fuel, which counts instructions: it costs twice as much, and
    // time is what a spinning guest takes from others.
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK_BYTES);
    // Bounds are kept by 4 GiB of address space before the next memory and guards behind it, the engine's default: checks in code
    // would cost a fifth to a half more. What that leaves open is reading by speculation (Spectre): it takes a clock, which guests
    // do not have, and something worth reading; credentials are opened for one request at a time, on other threads.
    //
    // Machinery that synchronous, single-threaded guests do not need, and where most of the engine's own security
    // advisories were: not built in (garbage collection, exceptions, threads, async) or switched off here.
    config.concurrency_support(false);
    config.gc_support(false);
    config.shared_memory(false);
    config.wasm_memory64(false);
    config.wasm_tail_call(false);
    config.wasm_wide_arithmetic(false);
    // The same inputs give the same step on every machine.
    config.wasm_relaxed_simd(false);
    config.cranelift_nan_canonicalization(true);
    // A trap's text names its cause; the frames of a stripped guest would tell nobody anything.
    config.wasm_backtrace_max_frames(None);
    // Code is published once and runs for long: what compiling costs is saved by the store of compiled code.
    config.cranelift_opt_level(wasmtime::OptLevel::Speed);
    config.parallel_compilation(true);
    config
}

/// One slot for each thread, of whichever class: never more calls run than threads do. Slots differ in nothing but what the kernel
/// has behind them, so that they are as large as the larger class needs, and each call's own limit is kept by its store.
fn pool(settings: &SandboxSettings) -> PoolingAllocationConfig {
    let threads = settings.classes().map(|(_, class)| class.threads).sum::<usize>();
    let memory_bytes = settings.classes().map(|(_, class)| class.memory_bytes).max().unwrap_or_default();
    let threads = u32::try_from(threads).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(threads)
        .total_core_instances(threads.saturating_mul(INSTANCES))
        .total_memories(threads.saturating_mul(MEMORIES))
        .total_tables(threads.saturating_mul(TABLES))
        .max_core_instances_per_component(INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_tables_per_module(TABLES)
        .max_memories_per_module(1)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(memory_bytes.next_multiple_of(1 << 16))
        .linear_memory_keep_resident(KEPT_MEMORY)
        .table_keep_resident(KEPT_TABLE)
        .max_unused_warm_slots(threads);
    pool
}

#[cfg(test)]
mod tests {
    use wasmtime::Engine;
    use wasmtime::component::Component;

    use super::{compiler, engine};
    use crate::{ClassSettings, SandboxSettings};

    fn small_engine() -> Engine {
        let small = ClassSettings { threads: 1, ..ClassSettings::small() };
        engine(&SandboxSettings { small, large: None, ..SandboxSettings::default() }).unwrap()
    }

    fn of_module(module: &str) -> Vec<u8> {
        wat::parse_str(format!("(component (core module $m {module}) (core instance (instantiate $m)))")).unwrap()
    }

    #[test]
    fn components_that_need_more_than_a_call_may_take_are_refused() {
        let engine = small_engine();
        for (part, module) in [("memory", "(memory 1000)"), ("table", "(table 1000000 funcref)")] {
            assert!(Component::from_binary(&engine, &of_module(module)).is_err(), "{part}");
        }
        let instances = "(core instance (instantiate $m))".repeat(65);
        let many = wat::parse_str(format!("(component (core module $m) {instances})")).unwrap();
        assert!(Component::from_binary(&engine, &many).is_err());
    }

    #[test]
    fn machinery_that_guests_do_not_need_is_refused() {
        for (proposal, module) in [
            ("memory64", "(memory i64 1)"),
            ("shared memory", "(memory 1 1 shared)"),
            ("threads", "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))"),
            ("exceptions", "(tag) (func (throw 0))"),
            ("garbage collection", "(type $s (struct (field i32))) (func (drop (struct.new_default $s)))"),
            ("tail calls", "(func $f (return_call $f))"),
            (
                "wide arithmetic",
                "(func (i64.add128 (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)) (drop) (drop))",
            ),
            ("relaxed SIMD", "(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))"),
            ("stack switching", "(type $f (func)) (type $c (cont $f)) (func (drop (cont.new $c (ref.null $f))))"),
        ] {
            assert!(Component::from_binary(&small_engine(), &of_module(module)).is_err(), "{proposal}");
        }
        // As an ordinary one is not.
        assert!(Component::from_binary(&small_engine(), &of_module("(memory 1) (func (nop))")).is_ok());
    }

    #[test]
    fn what_the_compiling_engine_makes_fits_the_running_one() {
        let bytes = compiler().unwrap().precompile_component(&of_module("(memory 1)")).unwrap();
        assert!(crate::cache::load(&small_engine(), &bytes).is_ok());
    }
}

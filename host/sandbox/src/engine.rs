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

/// Sets the engine up, with pooled memory where the machine has the address space for it.
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

fn config() -> Config {
    let mut config = Config::new();
    // Without this a guest that spins holds its thread for ever.
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK_BYTES);
    // Machinery that synchronous, single-threaded guests do not need, and where most of the engine's own security
    // advisories were: not built in (garbage collection, exceptions, threads, async) or switched off here.
    config.concurrency_support(false);
    config.gc_support(false);
    config.shared_memory(false);
    config.wasm_memory64(false);
    config.wasm_tail_call(false);
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

/// One slot for each thread: never more calls run than threads do.
fn pool(settings: &SandboxSettings) -> PoolingAllocationConfig {
    let threads = u32::try_from(settings.threads).unwrap_or(u32::MAX);
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
        .max_memory_size(settings.memory_bytes.next_multiple_of(1 << 16))
        .linear_memory_keep_resident(KEPT_MEMORY)
        .table_keep_resident(KEPT_TABLE)
        .max_unused_warm_slots(threads);
    pool
}

#[cfg(test)]
mod tests {
    use wasmtime::component::Component;

    use super::engine;
    use crate::SandboxSettings;

    #[test]
    fn components_that_need_more_than_a_call_may_take_are_refused() {
        let engine = engine(&SandboxSettings { threads: 1, ..SandboxSettings::default() }).unwrap();
        for (part, text) in [
            ("memory", "(component (core module $m (memory 1000)) (core instance (instantiate $m)))"),
            ("64-bit memory", "(component (core module $m (memory i64 1)) (core instance (instantiate $m)))"),
            ("table", "(component (core module $m (table 1000000 funcref)) (core instance (instantiate $m)))"),
            ("shared memory", "(component (core module $m (memory 1 1 shared)) (core instance (instantiate $m)))"),
        ] {
            let bytes = wat::parse_str(text).unwrap();
            assert!(Component::from_binary(&engine, &bytes).is_err(), "{part}");
        }
    }

    #[test]
    fn many_instances_of_one_component_are_refused() {
        let engine = engine(&SandboxSettings { threads: 1, ..SandboxSettings::default() }).unwrap();
        let instances = "(core instance (instantiate $m))".repeat(65);
        let bytes = wat::parse_str(format!("(component (core module $m) {instances})")).unwrap();
        assert!(Component::from_binary(&engine, &bytes).is_err());
    }
}

//! Stand-ins for what guests import: our own log, and system interfaces that are there and do nothing.
//!
//! Standard libraries of guests import `wasi:cli`, `io`, `clocks` and `random` whether an adapter uses them or not. Here
//! the environment is empty, streams lead nowhere, clocks stand still, and random numbers are the same for every call:
//! so a call's answer depends on its arguments alone. What we do not offer of these interfaces traps when called.

use wasmtime::component::{
    Component, ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType, WasmList, WasmStr,
};
use wasmtime::{Engine, Result, StoreContextMut};

use crate::bindings::capstan::adapter::log;
use crate::imports;
use crate::limits::MemoryLimit;
use crate::notes::{Level, Notes};

/// Most random bytes of one request: above what hash seeds and the like take.
const MOST_RANDOM: u64 = 4_096;
/// Bytes of a note that are looked at; the notes keep fewer.
const MOST_LOOKED_AT: usize = 8_000;

/// What one call's store holds.
pub(crate) struct Guest {
    pub(crate) memory: MemoryLimit,
    pub(crate) notes: Notes,
    random: u64,
}

impl Guest {
    pub(crate) fn new(memory_bytes: usize) -> Self {
        Self { memory: MemoryLimit::new(memory_bytes), notes: Notes::default(), random: 0 }
    }

    /// SplitMix64 from a fixed seed (Steele, Lea, Flood 2014): the same numbers in every call.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn random_bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        if length > MOST_RANDOM {
            wasmtime::bail!("asked for {length} random bytes, at most {MOST_RANDOM} are given");
        }
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < length {
            bytes.extend(self.random().to_le_bytes());
        }
        bytes.truncate(usize::try_from(length)?);
        Ok(bytes)
    }
}

/// A guest asked to end its process.
#[derive(Debug, thiserror::Error)]
#[error("the adapter called exit")]
pub(crate) struct GuestExit;

// Types of the handles that guests get; nothing stands behind them.
struct IoError;
struct Pollable;
struct InputStream;
struct OutputStream;
struct TerminalInput;
struct TerminalOutput;

/// `wasi:io/streams.stream-error`.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

/// `wasi:clocks/wall-clock.datetime`.
#[derive(ComponentType, Lift, Lower, Clone, Copy)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

type Instance<'a> = LinkerInstance<'a, Guest>;
type Context<'a> = StoreContextMut<'a, Guest>;

/// A linker for this component: each interface under the very version that the component names, since within 0.2 they
/// only add to one another.
pub(crate) fn linker(engine: &Engine, component: &Component, names: &[String]) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    for name in names {
        let mut instance = linker.instance(name)?;
        handles(&mut instance)?;
        match imports::interface(name) {
            imports::LOG => log(&mut instance)?,
            "wasi:cli/environment" => environment(&mut instance)?,
            "wasi:cli/exit" => exit(&mut instance)?,
            "wasi:cli/stdin" => handle::<InputStream>(&mut instance, "get-stdin")?,
            "wasi:cli/stdout" => handle::<OutputStream>(&mut instance, "get-stdout")?,
            "wasi:cli/stderr" => handle::<OutputStream>(&mut instance, "get-stderr")?,
            "wasi:cli/terminal-stdin" => terminal::<TerminalInput>(&mut instance, "get-terminal-stdin")?,
            "wasi:cli/terminal-stdout" => terminal::<TerminalOutput>(&mut instance, "get-terminal-stdout")?,
            "wasi:cli/terminal-stderr" => terminal::<TerminalOutput>(&mut instance, "get-terminal-stderr")?,
            "wasi:clocks/monotonic-clock" => monotonic_clock(&mut instance)?,
            "wasi:clocks/wall-clock" => wall_clock(&mut instance)?,
            "wasi:io/poll" => poll(&mut instance)?,
            "wasi:io/streams" => streams(&mut instance)?,
            "wasi:random/random" => random(&mut instance, "get-random-bytes", "get-random-u64")?,
            "wasi:random/insecure" => random(&mut instance, "get-insecure-random-bytes", "get-insecure-random-u64")?,
            "wasi:random/insecure-seed" => insecure_seed(&mut instance)?,
            // Types and handles only: there is nothing to call.
            _ => {}
        }
    }
    linker.define_unknown_imports_as_traps(component)?;
    Ok(linker)
}

fn log(instance: &mut Instance<'_>) -> Result<()> {
    instance.func_wrap("note", |mut context: Context<'_>, (level, message): (log::Level, WasmStr)| {
        // Read in place: a flood of long notes costs the host nothing but what it keeps.
        let message: String = message.to_str(&context)?.chars().take(MOST_LOOKED_AT).collect();
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
        };
        context.data_mut().notes.note(level, &message);
        Ok(())
    })
}

fn environment(instance: &mut Instance<'_>) -> Result<()> {
    instance.func_wrap("get-environment", |_, (): ()| Ok((Vec::<(String, String)>::new(),)))?;
    instance.func_wrap("get-arguments", |_, (): ()| Ok((Vec::<String>::new(),)))?;
    instance.func_wrap("initial-cwd", |_, (): ()| Ok((None::<String>,)))
}

fn exit(instance: &mut Instance<'_>) -> Result<()> {
    instance.func_wrap("exit", |_, (_,): (Result<(), ()>,)| -> Result<()> { Err(GuestExit.into()) })
}

/// All types of handles, in every interface: those that use another one's types export them again.
fn handles(instance: &mut Instance<'_>) -> Result<()> {
    resource::<IoError>(instance, "error")?;
    resource::<Pollable>(instance, "pollable")?;
    resource::<InputStream>(instance, "input-stream")?;
    resource::<OutputStream>(instance, "output-stream")?;
    resource::<TerminalInput>(instance, "terminal-input")?;
    resource::<TerminalOutput>(instance, "terminal-output")
}

fn resource<T: 'static>(instance: &mut Instance<'_>, name: &str) -> Result<()> {
    instance.resource(name, ResourceType::host::<T>(), |_, _| Ok(()))
}

fn handle<T: 'static>(instance: &mut Instance<'_>, name: &str) -> Result<()> {
    instance.func_wrap(name, |_, (): ()| Ok((Resource::<T>::new_own(0),)))
}

fn terminal<T: 'static>(instance: &mut Instance<'_>, name: &str) -> Result<()> {
    instance.func_wrap(name, |_, (): ()| Ok((None::<Resource<T>>,)))
}

fn monotonic_clock(instance: &mut Instance<'_>) -> Result<()> {
    instance.func_wrap("now", |_, (): ()| Ok((0_u64,)))?;
    instance.func_wrap("resolution", |_, (): ()| Ok((1_u64,)))?;
    instance.func_wrap("subscribe-instant", |_, (_,): (u64,)| Ok((Resource::<Pollable>::new_own(0),)))?;
    instance.func_wrap("subscribe-duration", |_, (_,): (u64,)| Ok((Resource::<Pollable>::new_own(0),)))
}

fn wall_clock(instance: &mut Instance<'_>) -> Result<()> {
    instance.func_wrap("now", |_, (): ()| Ok((Datetime { seconds: 0, nanoseconds: 0 },)))?;
    instance.func_wrap("resolution", |_, (): ()| Ok((Datetime { seconds: 1, nanoseconds: 0 },)))
}

/// Everything is ready at once: nothing will ever happen.
fn poll(instance: &mut Instance<'_>) -> Result<()> {
    instance.func_wrap("[method]pollable.ready", |_, (_,): (Resource<Pollable>,)| Ok((true,)))?;
    instance.func_wrap("[method]pollable.block", |_, (_,): (Resource<Pollable>,)| Ok(()))?;
    instance.func_wrap("poll", |_, (list,): (Vec<Resource<Pollable>>,)| {
        let count = u32::try_from(list.len())?;
        if count == 0 {
            // The interface says that an empty list traps.
            wasmtime::bail!("the adapter polls nothing");
        }
        Ok(((0..count).collect::<Vec<u32>>(),))
    })
}

fn streams(instance: &mut Instance<'_>) -> Result<()> {
    for name in ["[method]input-stream.read", "[method]input-stream.blocking-read"] {
        instance.func_wrap(name, |_, (_, _): (Resource<InputStream>, u64)| {
            Ok((Err::<Vec<u8>, StreamError>(StreamError::Closed),))
        })?;
    }
    instance.func_wrap("[method]input-stream.subscribe", |_, (_,): (Resource<InputStream>,)| {
        Ok((Resource::<Pollable>::new_own(0),))
    })?;
    instance.func_wrap("[method]output-stream.check-write", |_, (_,): (Resource<OutputStream>,)| {
        Ok((Ok::<u64, StreamError>(4_096),))
    })?;
    for name in ["[method]output-stream.write", "[method]output-stream.blocking-write-and-flush"] {
        instance.func_wrap(name, |mut context: Context<'_>, (_, bytes): (Resource<OutputStream>, WasmList<u8>)| {
            // The notes keep at most this much of all that is printed.
            let bytes: Vec<u8> = bytes.as_le_slice(&context).iter().copied().take(4_096).collect();
            context.data_mut().notes.print(&bytes);
            Ok((Ok::<(), StreamError>(()),))
        })?;
    }
    for name in ["[method]output-stream.flush", "[method]output-stream.blocking-flush"] {
        instance.func_wrap(name, |_, (_,): (Resource<OutputStream>,)| Ok((Ok::<(), StreamError>(()),)))?;
    }
    instance.func_wrap("[method]output-stream.subscribe", |_, (_,): (Resource<OutputStream>,)| {
        Ok((Resource::<Pollable>::new_own(0),))
    })
}

fn random(instance: &mut Instance<'_>, bytes: &str, number: &str) -> Result<()> {
    instance.func_wrap(bytes, |mut context: Context<'_>, (length,): (u64,)| {
        Ok((context.data_mut().random_bytes(length)?,))
    })?;
    instance.func_wrap(number, |mut context: Context<'_>, (): ()| Ok((context.data_mut().random(),)))
}

fn insecure_seed(instance: &mut Instance<'_>) -> Result<()> {
    instance.func_wrap("insecure-seed", |mut context: Context<'_>, (): ()| {
        let guest = context.data_mut();
        Ok(((guest.random(), guest.random()),))
    })
}

#[cfg(test)]
mod tests {
    use super::{Guest, MOST_RANDOM};

    #[test]
    fn random_numbers_are_the_published_sequence_of_splitmix64() {
        // First outputs for seed 0, as in the reference implementation (prng.di.unimi.it/splitmix64.c).
        let mut guest = Guest::new(0);
        assert_eq!([guest.random(), guest.random()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn random_bytes_are_bounded() {
        let mut guest = Guest::new(0);
        assert_eq!(guest.random_bytes(13).unwrap().len(), 13);
        assert!(guest.random_bytes(MOST_RANDOM + 1).is_err());
    }
}

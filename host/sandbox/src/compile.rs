//! Compiling, in a process of its own.
//!
//! A compiler is large, and what it reads here was written by strangers: bytes can be made to keep it busy for hours, to fill the
//! machine's memory, or to break it. So the process that serves never compiles them. It starts another one, which limits itself
//! before it reads the first byte, has no environment but what it is told, no files and no more than two pipes, and leaves with the code
//! or the reason. What comes back is believed as far as our own compiler is: the tag of `cache.rs` is put on it here.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};

use crate::notes::clean;
use crate::{AdmissionError, engine};

/// Most bytes that the process reads: more than any class of guests may have.
const MOST_READ: u64 = 256 * 1024 * 1024;
/// Most bytes of compiled code: five times what the largest honest component becomes.
const MOST_CODE: u64 = 512 * 1024 * 1024;
/// Bytes of the reason that are read.
const MOST_SAID: u64 = 2_000;
/// How the process leaves when the compiler refuses the bytes. Anything else but success is an accident.
pub const REFUSED: u8 = 3;

/// What compiling one component may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// CPU time of all threads together, in whole seconds.
    pub cpu_seconds: u64,
    /// Address space in MiB.
    pub memory_mib: u64,
}

/// What the process of [`crate::Compiler::Process`] does: limits itself, reads a component from `input`, writes its compiled code to
/// `output`.
///
/// # Errors
/// One line: what the compiler, or the system, says.
pub fn compile_here(limits: CompileLimits, input: impl Read, mut output: impl Write) -> Result<(), String> {
    limit(limits).map_err(|error| format!("the limits cannot be set: {error}"))?;
    let mut bytes = Vec::new();
    input.take(MOST_READ).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let engine = engine::compiler().map_err(|error| error.to_string())?;
    let code = engine.precompile_component(&bytes).map_err(|error| clean(&format!("{error:#}"), 300))?;
    output.write_all(&code).and_then(|()| output.flush()).map_err(|error| error.to_string())
}

#[cfg(unix)]
fn limit(limits: CompileLimits) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let at_most = |resource, most: u64| {
        let hard = getrlimit(resource).maximum.map_or(most, |hard| hard.min(most));
        setrlimit(resource, Rlimit { current: Some(hard), maximum: Some(hard) })
    };
    at_most(Resource::Cpu, limits.cpu_seconds)?;
    at_most(Resource::As, limits.memory_mib.saturating_mul(1024 * 1024))?;
    // It writes to a pipe and opens nothing.
    at_most(Resource::Fsize, 0)?;
    at_most(Resource::Core, 0)?;
    at_most(Resource::Nofile, 16)?;
    // Those who are served come first.
    rustix::process::nice(5)?;
    #[cfg(target_os = "linux")]
    {
        rustix::thread::set_no_new_privs(true)?;
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn limit(_limits: CompileLimits) -> std::io::Result<()> {
    Err(std::io::Error::other("this system has no limits for processes"))
}

/// Compiles in a process of its own, and waits for it.
///
/// # Errors
/// [`AdmissionError::NotCompiled`] when the compiler refuses the bytes or goes over a limit, [`AdmissionError::NoCompiler`] when the
/// process cannot be had.
pub(crate) fn in_process(
    (program, args, environment): (&Path, &[OsString], &[(OsString, OsString)]),
    limits: CompileLimits,
    bytes: &[u8],
) -> Result<Vec<u8>, AdmissionError> {
    let lost = |error: std::io::Error| AdmissionError::NoCompiler { reason: clean(&error.to_string(), 300) };
    let mut child = Command::new(program)
        .args(args)
        .arg("--cpu-seconds")
        .arg(limits.cpu_seconds.to_string())
        .arg("--memory-mib")
        .arg(limits.memory_mib.to_string())
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(lost)?;
    // A process that sleeps uses no time of the processor; a busy machine is given ten times as much.
    let within = Duration::from_secs(limits.cpu_seconds.saturating_mul(10));
    let spoken = talk(&mut child, bytes, within);
    let status = child.wait().map_err(lost)?;
    let Some((code, said)) = spoken else { return Err(over_time(limits)) };
    if status.success() {
        return Ok(code);
    }
    Err(unsuccessful(status, &said, limits))
}

/// Gives it the bytes, and takes what it says: the code, and what went wrong. None when it took too long.
fn talk(child: &mut Child, bytes: &[u8], within: Duration) -> Option<(Vec<u8>, String)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        let (done, ended) = bounded::<(Vec<u8>, String)>(1);
        // A process that refuses does not read to the end; that is no error of this side.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(bytes)));
        scope.spawn(move || {
            let code = stdout.map_or_else(Vec::new, |pipe| read(pipe, MOST_CODE));
            let said = stderr.map_or_else(Vec::new, |pipe| read(pipe, MOST_SAID));
            done.send((code, String::from_utf8_lossy(&said).into_owned())).ok();
        });
        match ended.recv_timeout(within) {
            Ok(spoken) => Some(spoken),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                // Its pipes end with it, and so do the threads.
                child.kill().ok();
                None
            }
        }
    })
}

fn read(pipe: impl Read, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    pipe.take(most).read_to_end(&mut bytes).ok();
    bytes
}

fn unsuccessful(status: ExitStatus, said: &str, limits: CompileLimits) -> AdmissionError {
    if status.code() == Some(i32::from(REFUSED)) {
        let is_memory = said.contains("Cannot allocate memory") || said.contains("out of memory");
        return if is_memory { over_memory(limits) } else { AdmissionError::NotCompiled { reason: clean(said, 300) } };
    }
    match signal(status) {
        // What the kernel sends to who has used up its time, first and last.
        Some(24 | 9) => over_time(limits),
        // How a Rust program ends that is given no memory.
        Some(6) => over_memory(limits),
        Some(_) => AdmissionError::NotCompiled { reason: "the compiler crashed over it".to_owned() },
        None => AdmissionError::NoCompiler { reason: clean(&format!("{status}: {said}"), 300) },
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

fn over_time(CompileLimits { cpu_seconds, .. }: CompileLimits) -> AdmissionError {
    AdmissionError::NotCompiled { reason: format!("it takes more than {cpu_seconds} s of CPU") }
}

fn over_memory(CompileLimits { memory_mib, .. }: CompileLimits) -> AdmissionError {
    AdmissionError::NotCompiled { reason: format!("it takes more than {memory_mib} MiB of memory") }
}

//! Components are compiled in a process of their own, within limits of time and memory.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use capstan_sandbox::{CompileLimits, Sandbox};
use capstan_tests::components::with;
use capstan_tests::suite::test;
use libtest_mimic::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("compiling: an honest component comes back as code, and a broken one with the reason", honest_and_broken),
        test("compiling: what takes too long or too much memory is refused by that name", too_much),
        test("compiling: the process limits itself before it reads, and opens nothing", bare),
    ]
}

/// A sandbox whose compiler is this program, within these limits.
fn sandbox(compiling: CompileLimits) -> Result<Arc<Sandbox>> {
    let mut settings = with(|small| small.compiling = compiling);
    settings.large.iter_mut().for_each(|large| large.compiling = compiling);
    settings.compiler = capstan::compile::compiler()?;
    Ok(Sandbox::start(settings)?)
}

const ENOUGH: CompileLimits = CompileLimits { cpu_seconds: 60, memory_mib: 8_192 };

fn guest() -> Result<Vec<u8>> {
    let built = capstan::adapters::build(&["guest-finding"], |_| ())?;
    Ok(std::fs::read(built.first().context("nothing was built")?)?)
}

/// A component that keeps a compiler busy for many seconds: everything in its functions depends on everything before.
fn bomb() -> Result<Vec<u8>> {
    const LOCALS: usize = 2_000;
    let mut body = String::new();
    for turn in 0..60_000_usize {
        let (to, from, other) = (turn % LOCALS, (turn * 7 + 3) % LOCALS, (turn * 13 + 5) % LOCALS);
        write!(body, "(local.set {to} (i64.mul (local.get {from}) (i64.add (local.get {other}) (local.get {to}))))")?;
        if turn % 50 == 0 {
            write!(body, "(br_if 0 (i64.eqz (local.get {from})))")?;
        }
    }
    let function = format!("(func (local {}) (block {body}))", "i64 ".repeat(LOCALS));
    let module = format!("(core module $m {})", function.repeat(12));
    Ok(wat::parse_str(format!("(component {module} (core instance (instantiate $m)))"))?)
}

async fn honest_and_broken() -> Result<()> {
    tokio::task::spawn_blocking(|| {
        let sandbox = sandbox(ENOUGH)?;
        let honest = guest()?;
        ensure!(sandbox.admit(&honest)?.manifest().provider.as_str() == "finding", "another one");
        let component = wat::parse_str("(component (core module $m (func (result i32))))");
        let broken = sandbox.admit(&component?).err().context("it is admitted")?.to_string();
        ensure!(
            broken.starts_with("the component cannot be compiled: ") && broken.contains("type mismatch"),
            "{broken}"
        );
        Ok(())
    })
    .await?
}

async fn too_much() -> Result<()> {
    tokio::task::spawn_blocking(|| {
        let bomb = bomb()?;
        for (limits, why) in [
            (CompileLimits { cpu_seconds: 1, ..ENOUGH }, "it takes more than 1 s of CPU"),
            (CompileLimits { memory_mib: 1, ..ENOUGH }, "it takes more than 1 MiB of memory"),
        ] {
            let refused = sandbox(limits)?.admit(&bomb).err().context("it is admitted")?.to_string();
            ensure!(refused == format!("the component cannot be compiled: {why}"), "{refused}");
        }
        Ok(())
    })
    .await?
}

/// What a process that compiles has while it waits for its component.
async fn bare() -> Result<()> {
    tokio::task::spawn_blocking(|| {
        let mut child = Command::new(std::env::current_exe()?)
            .args([capstan::compile::COMMAND, "--cpu-seconds", "9", "--memory-mib", "8192"])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().context("no stdin")?;
        // More than a pipe holds: when it is written, the process reads, and has limited itself before.
        stdin.write_all(&vec![0; 1 << 20])?;
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id()))?;
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
        let open = std::fs::read_dir(format!("/proc/{}/fd", child.id()))?;
        let open = open.map(|fd| Ok(std::fs::read_link(fd?.path())?)).collect::<Result<Vec<_>>>()?;
        drop(stdin);
        let ended = child.wait()?;
        for limit in ["Max cpu time 9 9", "Max file size 0 0", "Max core file size 0 0", "Max open files 16 16"] {
            let has_it =
                limits.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(limit));
            ensure!(has_it, "{limit}: {limits}");
        }
        ensure!(status.contains("NoNewPrivs:\t1"), "{status}");
        // The second is what whoever started these tests may have left open.
        let is_harmless = |file: &&PathBuf| file.to_string_lossy().starts_with("pipe:") || file.ends_with("null");
        ensure!(open.len() >= 3 && open.iter().all(|file| is_harmless(&file)), "{open:?}");
        ensure!(ended.code() == Some(i32::from(capstan_sandbox::REFUSED)), "{ended}");
        Ok(())
    })
    .await?
}

//! Building adapters and guests: one function, shared by `dev` and the tests.
//!
//! Components have a target, a profile and a target folder of their own, and inherit none of the cargo variables of the
//! process that asks, so that a test run and a plain build produce the same bytes. No build script calls cargo. Those in
//! JavaScript and Python are built by their own tools ([`interpreted`]), and only when they are asked for.

pub mod interpreted;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

const TARGET: &str = "wasm32-wasip2";

/// The adapters of this repository that are in Rust, by package name.
pub const ADAPTERS: &[&str] = &[
    "adapter-2captcha",
    "adapter-2captcha-v2",
    "adapter-anti-captcha",
    "adapter-capmonster",
    "adapter-capsolver",
    "adapter-capstan",
    "adapter-captchaai",
    "adapter-deathbycaptcha",
    "adapter-ez-captcha",
    "adapter-nextcaptcha",
    "adapter-rucaptcha",
    "adapter-solvecaptcha",
    "adapter-yescaptcha",
];

/// Those in JavaScript and Python, which need npm and pip to be built.
pub const INTERPRETED: &[&str] = &["adapter-bestcaptchasolver", "adapter-nopecha"];

/// Those of the first whose services are simulated.
pub const SIMULATED: &[&str] = &["adapter-2captcha", "adapter-anti-captcha", "adapter-capsolver"];

/// The root of the repository that this command was built from.
#[must_use]
pub fn workspace() -> PathBuf {
    let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest_dir.ancestors().nth(2).unwrap_or(manifest_dir).to_owned()
}

/// Where components are built.
fn target_dir() -> PathBuf {
    workspace().join("target").join("adapters")
}

/// Builds adapters and guests as components; returns their files in the same order. `on_unit` hears of every unit that was
/// compiled.
///
/// # Errors
/// When the target is missing and cannot be added, or a package does not build; what the compiler said is in the error.
/// [`interpreted::ToolMissing`] where one in JavaScript or Python is asked for and this machine cannot build it.
pub fn build(packages: &[&str], on_unit: impl FnMut(&str)) -> Result<Vec<PathBuf>> {
    let root = workspace();
    if !root.join("Cargo.toml").is_file() {
        bail!("adapters are built from Capstan's sources, which are not at {}", root.display());
    }
    let (interpreted, rust): (Vec<&str>, Vec<&str>) =
        packages.iter().copied().partition(|package| INTERPRETED.contains(package));
    for package in interpreted {
        interpreted::build(package)?;
    }
    if !rust.is_empty() {
        build_rust(&rust, on_unit)?;
    }
    let file = |package: &&str| {
        let name = format!("{}.wasm", package.replace('-', "_"));
        let folder =
            if INTERPRETED.contains(package) { "interpreted".into() } else { Path::new(TARGET).join("adapter") };
        target_dir().join(folder).join(name)
    };
    Ok(packages.iter().map(file).collect())
}

fn build_rust(packages: &[&str], mut on_unit: impl FnMut(&str)) -> Result<()> {
    let root = workspace();
    ensure_target()?;
    let target_dir = target_dir();
    let mut command = cargo();
    command.current_dir(&root).args(["build", "--locked", "--target", TARGET, "--profile", "adapter"]);
    command.arg("--target-dir").arg(&target_dir).arg("--message-format=json-render-diagnostics");
    for package in packages {
        command.args(["-p", package]);
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("cargo cannot be started")?;
    let stderr = child.stderr.take().context("cargo has no stderr")?;
    let stdout = child.stdout.take().context("cargo has no stdout")?;
    let (said, ()) = std::thread::scope(|scope| {
        let said = scope.spawn(|| {
            let mut text = String::new();
            BufReader::new(stderr).read_to_string(&mut text).map(|_| text)
        });
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(unit) = unit_name(&line) {
                on_unit(&unit);
            }
        }
        (said.join(), ())
    });
    if !child.wait().context("cargo was lost")?.success() {
        let said = said.ok().and_then(Result::ok).unwrap_or_default();
        bail!("the adapters do not build:\n{said}");
    }
    Ok(())
}

fn unit_name(line: &str) -> Option<String> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_artifact = message.get("reason")?.as_str()? == "compiler-artifact";
    let name = message.get("target")?.get("name")?.as_str()?;
    is_artifact.then(|| name.to_owned())
}

fn ensure_target() -> Result<()> {
    let printed = clean(Command::new("rustc").args(["--print", "sysroot"])).output();
    let sysroot = printed.ok().filter(|o| o.status.success()).and_then(|o| String::from_utf8(o.stdout).ok());
    let installed = |root: &str| Path::new(root.trim()).join("lib/rustlib").join(TARGET).is_dir();
    if sysroot.as_deref().is_some_and(installed) {
        return Ok(());
    }
    let added = clean(Command::new("rustup").args(["target", "add", TARGET])).stdout(Stdio::null()).status();
    match added {
        Ok(status) if status.success() => Ok(()),
        _ => bail!("the Rust target {TARGET} is missing; install it with: rustup target add {TARGET}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "cargo tells the processes it starts which cargo it is")]
fn cargo() -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    clean(&mut command);
    command
}

/// Takes out what cargo and the compiler would inherit, except where they live.
fn clean(command: &mut Command) -> &mut Command {
    let inherited = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let kept = ["CARGO_HOME", "CARGO_HTTP_CAINFO", "CARGO_NET_OFFLINE"];
    for name in inherited {
        let is_ours = name.starts_with("CARGO") && !kept.contains(&name.as_str()) && !name.starts_with("CARGO_REGISTR");
        if is_ours
            || matches!(name.as_str(), "RUSTFLAGS" | "RUSTC_WRAPPER" | "RUSTC_WORKSPACE_WRAPPER" | "RUSTDOCFLAGS")
        {
            command.env_remove(name);
        }
    }
    command
}

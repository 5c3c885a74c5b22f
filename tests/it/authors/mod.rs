//! Writing an adapter, as `docs/adapters.md` tells it: the page's commands are run in an empty folder, and what an author gets
//! wrong is told by its place.

mod mistakes;
mod recording;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use capstan_tests::suite::{Unavailable, test};
use libtest_mimic::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("authors: from nothing to a passing adapter in Rust, as the page tells it", || told("rust")),
        test("authors: from nothing to a passing adapter in JavaScript, as the page tells it", || told("javascript")),
        test("authors: from nothing to a passing adapter in Python, as the page tells it", || told("python")),
        test("authors: typical mistakes are told by place and reason", mistakes::are_told),
        test("authors: a recording passes and holds no secret of its task", recording::of_a_task_with_secrets),
        test("authors: a recording passes and holds no secret of its solution", recording::of_a_secret_solution),
        test("authors: what goes wrong at the provider is recorded or told", recording::of_what_goes_wrong),
        test("authors: what is in a recording's way keeps it from sending", recording::refuses_what_is_in_the_way),
        test("authors: what an adapter's calls cost is measured", recording::is_measured),
    ]
}

/// The page's blocks for a language, one after the other.
async fn told(language: &'static str) -> Result<()> {
    tokio::task::spawn_blocking(move || {
        let page = std::fs::read_to_string(capstan::adapters::workspace().join("docs/adapters.md"))?;
        let dir = tempfile::tempdir()?;
        let project = dir.path().join("my-adapter");
        script(dir.path(), &block(&page, &format!("{language}-new"))?)?;
        if language == "rust" {
            // What is pinned here builds without a registry, and the same for everybody.
            std::fs::copy(capstan::adapters::workspace().join("Cargo.lock"), project.join("Cargo.lock"))?;
            share_target(&project)?;
        } else {
            let fetched = script(&project, &block(&page, &format!("{language}-tools"))?);
            fetched.map_err(|error| Unavailable(format!("the tools for {language} cannot be fetched: {error}")))?;
        }
        let said = script(&project, &block(&page, language)?)?;
        ensure!(said.contains("7 replayed, 0 of them differ"), "{said}");
        if language == "rust" { forget(&project) } else { Ok(()) }
    })
    .await?
}

/// The block of the page that has this mark.
fn block(page: &str, name: &str) -> Result<String> {
    let after = page.split_once(&format!("<!-- run: {name} -->\n```sh\n")).with_context(|| format!("no {name}"))?.1;
    Ok(after.split_once("```").context("a block without an end")?.0.to_owned())
}

/// Runs a script of the shell, where `capstan` is this program; what it printed. It must go well.
fn script(dir: &Path, text: &str) -> Result<String> {
    let script = format!("set -e\ncapstan() {{ \"$PROGRAM\" be-capstan \"$@\"; }}\n{text}");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).current_dir(dir).env("PROGRAM", std::env::current_exe()?);
    clean(&mut command);
    let output = command.output()?;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{said}\n{complained}");
    Ok(said.into_owned())
}

/// What projects are built from is compiled once for all of them.
fn share_target(project: &Path) -> Result<()> {
    let shared = capstan::adapters::workspace().join("target/adapters/authors");
    std::fs::create_dir_all(&shared)?;
    Ok(std::os::unix::fs::symlink(shared, project.join("target"))?)
}

/// Takes a project's own things out of what all share: another one lies elsewhere, and would not find them.
fn forget(project: &Path) -> Result<()> {
    for profile in [&["--profile", "dev"][..], &["--release", "--target", "wasm32-wasip2"]] {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["clean", "--quiet", "--package", "adapter-kit", "--package", "adapter-example-solver"])
            .args(profile);
        clean(&mut cargo);
        ensure!(cargo.current_dir(project).status()?.success(), "nothing was cleaned up");
    }
    Ok(())
}

/// An author's shell has nothing of this run of cargo in it.
fn clean(command: &mut Command) {
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_INCREMENTAL", "RUSTFLAGS", "VIRTUAL_ENV"] {
        command.env_remove(name);
    }
}

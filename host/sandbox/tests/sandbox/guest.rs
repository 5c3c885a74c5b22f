//! The hostile guest, built once, and what tests say to it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use capstan_domain::AttemptId;
use capstan_domain::adapter::{Acceptance, Operation, Step, Submission};
use capstan_sandbox::{Adapter, ClassSettings, Sandbox, SandboxSettings};
use uuid::Uuid;

/// The built component.
pub(crate) static HOSTILE: LazyLock<Vec<u8>> = LazyLock::new(build);

/// The attempt that every submission carries.
pub(crate) const ATTEMPT: AttemptId = AttemptId(Uuid::from_u128(7));

fn build() -> Vec<u8> {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned();
    let folder = root.join("target").join("adapters");
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(&root).args([
        "build",
        "--target",
        "wasm32-wasip2",
        "--profile",
        "adapter",
        "-p",
        "guest-hostile",
    ]);
    command.arg("--target-dir").arg(&folder);
    // What the outer cargo says to its children is about the host, not about the guest.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if (text.starts_with("CARGO") && text != "CARGO_HOME") || text.ends_with("RUSTFLAGS") {
            command.env_remove(&name);
        }
    }
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(folder.join("wasm32-wasip2/adapter/guest_hostile.wasm")).expect("cargo built the guest")
}

/// Two threads, and more time than a busy machine needs.
pub(crate) fn settings() -> SandboxSettings {
    with(|_| ())
}

/// The same, but for something.
pub(crate) fn with(change: impl FnOnce(&mut ClassSettings)) -> SandboxSettings {
    let mut small = ClassSettings { threads: 2, call_budget: Duration::from_secs(2), ..ClassSettings::small() };
    change(&mut small);
    SandboxSettings { small, ..SandboxSettings::default() }
}

pub(crate) fn sandbox(settings: SandboxSettings) -> Arc<Sandbox> {
    Sandbox::start(settings).expect("the sandbox starts")
}

pub(crate) fn hostile(settings: SandboxSettings) -> Adapter {
    sandbox(settings).admit(&HOSTILE).expect("the guest is admitted")
}

/// A submission that makes the guest do what the family names.
pub(crate) fn submit(family: &str) -> Operation {
    let parameters = r#"{"websiteURL":"https://example.com"}"#.to_owned();
    Operation::Submit(Submission { attempt: ATTEMPT, family: family.to_owned(), parameters, proxy: None })
}

/// The reference of the task that the guest accepts.
pub(crate) async fn reference(adapter: &Adapter, family: &str) -> String {
    match adapter.begin(submit(family)).await {
        Ok(Step::Accepted(Acceptance { reference, .. })) => reference,
        other => panic!("{family}: {other:?}"),
    }
}

//! Client libraries of the field, unmodified, against a gateway: each solves tasks of several families, asks for the
//! balance, uses a bad key, meets an unsolvable task and reports where it can. What was seen is the table of
//! `docs/clients.md`.

mod list;
mod many;
mod storm;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::Amount;
use capstan_simulator::{Create, Outcome};
use capstan_tests::exposition::Exposition;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::libraries::{Library, Registry, Way};
use capstan_tests::overlay::Overlay;
use capstan_tests::suite::test;
use futures_util::future::try_join_all;
use libtest_mimic::Trial;

use list::LIBRARIES;
use table::Seen;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        // Libraries wait for seconds between their polls, so those that need the same of a machine run at the same time.
        test("clients: Python libraries with an address of one's own", || tried(Registry::PyPi, Way::Option)),
        test("clients: Python libraries with the services' addresses", || tried(Registry::PyPi, Way::Names)),
        test("clients: Node libraries with an address of one's own", || tried(Registry::Npm, Way::Option)),
        test("clients: Node libraries with the services' addresses", || tried(Registry::Npm, Way::Names)),
        test("clients: the page names every library that is tried", table::names_every_library),
        test("clients: many tasks in flight, polled every second by two libraries, are all delivered", many::delivered),
        test("clients: a library that repeats createTask does not in its own dialect", storm::right_dialect),
        test("clients: a library that repeats createTask gets and pays one task under the guard", storm::guarded),
    ]
}

async fn tried(registry: Registry, way: Way) -> Result<()> {
    let of_kind = LIBRARIES.iter().filter(|library| library.is_of(registry, way));
    let tried = of_kind.map(|library| async move {
        let seen =
            Box::pin(try_library(library)).await.with_context(|| format!("{} {}", library.name, library.version))?;
        table::compare(library, &seen)
    });
    try_join_all(tried).await.map(|_| ())
}

/// Runs a library's script against a gateway of its own.
async fn try_library(library: &'static Library) -> Result<Seen> {
    let stage = Stage::set(vec![library], Setup::default()).await?;
    // The first task that a script creates.
    let unsolvable = Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned());
    stage.gateway.provider.script([Create::Accept { solve_after_ms: 0, outcome: unsolvable }]);
    let seen = Seen::read(&stage.run(library, library.script, None).await?)?;
    stage.gateway.finish().await?;
    Ok(seen)
}

/// A gateway that libraries can reach, and the libraries.
struct Stage {
    gateway: TestGateway,
    overlay: Option<Overlay>,
    installed: Vec<(&'static str, PathBuf)>,
}

impl Stage {
    /// Where one of the libraries needs the services' names, all of them get them.
    async fn set(libraries: Vec<&'static Library>, setup: Setup) -> Result<Self> {
        let prepared = tokio::task::spawn_blocking(move || {
            let needs_names = libraries.iter().any(|library| library.way == Way::Names);
            let overlay = needs_names.then(Overlay::prepare).transpose()?;
            let installed = libraries.iter().map(|library| Ok((library.name, library.install()?)));
            anyhow::Ok((overlay, installed.collect::<Result<Vec<_>>>()?))
        });
        let (overlay, installed) = prepared.await??;
        let setup = match &overlay {
            Some(overlay) => Setup { listen: overlay.address(), tls: Some(overlay.certificate()), ..setup },
            None => setup,
        };
        Ok(Self { gateway: TestGateway::start(setup).await?, overlay, installed })
    }

    /// How many requests of this method the gateway has answered.
    async fn requests(&self, method: &str) -> Result<u64> {
        let url = self.gateway.gateway.metrics_url().context("no metrics")?;
        let seen = Exposition::parse(self.gateway.client.read(&url).await?)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        Ok(seen.sum("capstan_requests_total", &[("method", method)]) as u64)
    }

    /// What the account has left: from the books, since clients of the tests do not trust the services' certificate.
    async fn balance(&self) -> Result<Amount> {
        let balance = self.gateway.gateway.app.store.balance(self.gateway.account).await?;
        Ok(balance.context("the account is gone")?.available)
    }

    /// What a script says; it must end well.
    async fn run(&self, library: &Library, script: &str, argument: Option<&str>) -> Result<String> {
        let [program, script] = library.runs(script);
        let (mut command, url) = match &self.overlay {
            Some(overlay) => (overlay.command(program), format!("https://{}", library.service)),
            None => (Command::new(program), self.gateway.gateway.url()),
        };
        command.arg(script).args(argument);
        let key = &self.gateway.client.key;
        command.env("CAPSTAN_URL", url).env("CAPSTAN_KEY", key).env("CAPSTAN_BAD_KEY", "cap_of_nobody");
        let installed = self.installed.iter().find(|(name, _)| *name == library.name).context("it is not installed")?;
        finds_library(&mut command, &installed.1);
        let output = tokio::process::Command::from(command).kill_on_drop(true).output().await?;
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{said}\n{complained}");
        Ok(said.into_owned())
    }
}

/// Lets a script find the library in its folder, and keeps Python from writing beside the scripts.
fn finds_library(command: &mut Command, installed: &Path) {
    command.env("PYTHONPATH", installed).env("PYTHONDONTWRITEBYTECODE", "1").env("CAPSTAN_MODULES", installed);
}

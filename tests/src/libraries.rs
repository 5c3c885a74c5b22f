//! Client libraries of the field: which ones are tried, and how they come onto this machine.
//!
//! Each is installed below the target folder, once, at the versions that `tests/clients` pins.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::suite::Unavailable;

/// Where a library is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registry {
    /// For Python.
    PyPi,
    /// For Node.
    Npm,
}

/// How a library comes to speak to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By an option of its own, over plain HTTP.
    Option,
    /// Its address is in its code, so that the services' names must lead to the gateway.
    Names,
}

/// A client library at the version that it is tried with.
#[derive(Debug)]
pub struct Library {
    /// Where it is published.
    pub registry: Registry,
    /// Its name there.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The script in `tests/clients` that tries it.
    pub script: &'static str,
    /// How it comes to the gateway.
    pub way: Way,
    /// The name that its code, or its manual, has for the service.
    pub service: &'static str,
    /// The dialect that it is answered in.
    pub dialect: &'static str,
    /// How a user points it at the gateway, in words of the table.
    pub pointing: &'static str,
    /// What there is to know about it; empty where nothing is.
    pub remark: &'static str,
}

impl Library {
    /// Whether it is tried in this way, so that it runs wherever others of its kind do.
    #[must_use]
    pub fn is_of(&self, registry: Registry, way: Way) -> bool {
        self.registry == registry && self.way == way
    }

    /// Its page in its registry.
    #[must_use]
    pub fn page(&self) -> String {
        match self.registry {
            Registry::PyPi => format!("https://pypi.org/project/{}/{}/", self.name, self.version),
            Registry::Npm => format!("https://www.npmjs.com/package/{}/v/{}", self.name, self.version),
        }
    }

    /// Installs it where it is not yet, and returns its folder. It may take minutes, so not on a thread of the reactor.
    ///
    /// # Errors
    /// [`Unavailable`] where this machine cannot install it; else what went wrong.
    pub fn install(&self) -> Result<PathBuf> {
        match self.registry {
            Registry::PyPi => pypi(self.name, self.version),
            Registry::Npm => npm(),
        }
    }

    /// A script of `tests/clients`, as arguments of the command that runs it.
    #[must_use]
    pub fn runs(&self, script: &str) -> [PathBuf; 2] {
        let program = match self.registry {
            Registry::PyPi => "python3",
            Registry::Npm => "node",
        };
        [PathBuf::from(program), folder().join(script)]
    }
}

/// The scripts and the pinned versions.
#[must_use]
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clients")
}

fn pypi(name: &str, version: &str) -> Result<PathBuf> {
    let constraints = folder().join("constraints.txt");
    installed(&format!("{name}-{version}"), &constraints, |target| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]);
        pip.env("PIP_ROOT_USER_ACTION", "ignore").arg("--constraint").arg(&constraints);
        pip.arg("--target").arg(target).arg(format!("{name}=={version}"));
        run(&mut pip, "pip")
    })
}

/// All of npm's libraries at once, as the lock file has them.
fn npm() -> Result<PathBuf> {
    let lock = folder().join("package-lock.json");
    installed("npm", &lock, |target| {
        run(Command::new("node").arg("--version"), "node")?;
        fs::create_dir_all(target)?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(folder().join(file), target.join(file))?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(target);
        run(&mut npm, "npm")
    })
}

/// The folder of this name below the target folder, filled where it is not there. Its name has the pins in it; it is there
/// only when it is whole; of programs that want it at the same time one fills it.
fn installed(name: &str, pins: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let clients = capstan::adapters::workspace().join("target").join("clients");
    fs::create_dir_all(&clients)?;
    let digest = Sha256::digest(fs::read(pins).with_context(|| format!("{} cannot be read", pins.display()))?);
    let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let (whole, filling) = (clients.join(format!("{name}-{digest}")), clients.join(format!("{name}-filling")));
    let lock = File::create(clients.join(format!("{name}-lock")))?;
    lock.lock()?;
    if whole.is_dir() {
        return Ok(whole);
    }
    if filling.is_dir() {
        fs::remove_dir_all(&filling)?;
    }
    fill(&filling)?;
    fs::rename(&filling, &whole)?;
    Ok(whole)
}

/// What cannot be run, or not with success, is missing on this machine: a program, a registry, the way to it.
fn run(command: &mut Command, name: &str) -> Result<()> {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return Err(Unavailable(format!("{name} cannot be run ({error})")).into()),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said.lines().last().unwrap_or("it says nothing");
    Err(Unavailable(format!("{name} cannot install what is pinned: {why}")).into())
}

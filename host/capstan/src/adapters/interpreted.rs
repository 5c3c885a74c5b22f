//! Building adapters in JavaScript and Python: their sources and what all of their language share, made a component by the
//! language's own tool.
//!
//! The tools are fetched once, at the versions that `adapters/kit` pins, below the target folder; nothing of the machine's own
//! packages is used or changed. The tools do not make the same bytes twice, so a component is built anew only when what it
//! is made of has changed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use capstan_sandbox::Digest;

use super::{target_dir, workspace};

/// This machine cannot build adapters in a language.
#[derive(Debug, thiserror::Error)]
#[error("adapters in {language} cannot be built here: `{command}` {why}; needed is {needed}")]
pub struct ToolMissing {
    language: &'static str,
    command: String,
    why: String,
    needed: &'static str,
}

/// A language with an interpreter inside of its components.
struct Language {
    name: &'static str,
    /// What makes an adapter be in it.
    main: &'static str,
    /// Of `adapters/kit`: its folder, what adapters import, and the pinned tools.
    kit: &'static str,
    shared: &'static str,
    pins: &'static [&'static str],
    needed: &'static str,
    fetch: fn(&Path) -> Command,
    make: fn(tools: &Path, component: &Path) -> Command,
}

const LANGUAGES: [Language; 2] = [
    Language {
        name: "JavaScript",
        main: "adapter.js",
        kit: "javascript",
        shared: "kit.js",
        pins: &["package-lock.json", "package.json"],
        needed: "Node 18 or newer with npm, and its registry",
        fetch: |tools| {
            let mut npm = Command::new("npm");
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(tools);
            npm
        },
        make: |tools, component| {
            let mut tool = Command::new("node");
            tool.arg(tools.join("node_modules/componentize-qjs/bin/componentize-qjs"));
            tool.args(["--wit", "wit", "--world", "provider", "--js", "adapter.js", "--module-root", "."]);
            tool.args(["--sync", "--stub-wasi", "--output"]).arg(component);
            tool
        },
    },
    Language {
        name: "Python",
        main: "adapter.py",
        kit: "python",
        shared: "kit.py",
        pins: &["requirements.txt"],
        needed: "Python 3.10 or newer with pip, and a package index",
        fetch: |tools| {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", "."]);
            pip.args(["--requirement", "requirements.txt"]).env("PIP_ROOT_USER_ACTION", "ignore").current_dir(tools);
            pip
        },
        make: |tools, component| {
            let mut tool = Command::new("python3");
            tool.args(["-c", "from componentize_py import script; script()"]);
            tool.args(["--quiet", "--wit-path", "wit", "--world", "provider", "componentize", "--stub-wasi"]);
            tool.args(["adapter", "--output"]).arg(component).env("PYTHONPATH", tools).env_remove("VIRTUAL_ENV");
            tool
        },
    },
];

/// Builds one of them, unless what it is made of is what it was built from.
///
/// # Errors
/// [`ToolMissing`], or what the tool said of the sources.
pub(super) fn build(package: &str) -> Result<()> {
    let folder = workspace().join("adapters").join(package.trim_start_matches("adapter-"));
    let language = LANGUAGES.iter().find(|language| folder.join(language.main).is_file());
    let language = language.with_context(|| format!("{} has no adapter in it", folder.display()))?;
    let built = target_dir().join("interpreted");
    let name = package.replace('-', "_");
    fs::create_dir_all(&built)?;
    // Of programs that want it at the same time one builds it.
    let lock = File::create(built.join(format!("{name}.lock")))?;
    lock.lock()?;
    let sources = language.sources(&folder)?;
    let made_of = language.digest(&sources)?;
    let (component, note) = (built.join(format!("{name}.wasm")), built.join(format!("{name}.made-of")));
    if component.is_file() && fs::read_to_string(&note).is_ok_and(|noted| noted == made_of) {
        return Ok(());
    }
    let tools = language.tools()?;
    let stage = built.join(&name);
    if stage.is_dir() {
        fs::remove_dir_all(&stage)?;
    }
    fs::create_dir_all(stage.join("wit"))?;
    for source in &sources {
        let name = source.file_name().context("a source without a name")?;
        let folder = if name == "adapter.wit" { stage.join("wit") } else { stage.clone() };
        fs::copy(source, folder.join(name)).with_context(|| format!("{} cannot be copied", source.display()))?;
    }
    language.run((language.make)(&tools, &component).current_dir(&stage)).map_err(|failed| match failed {
        Failed::ToStart(missing) => missing.into(),
        Failed::Saying { said, .. } => anyhow::anyhow!("{package} does not build:\n{said}"),
    })?;
    Ok(fs::write(note, made_of)?)
}

impl Language {
    /// The contract, what all share, and the adapter's own files.
    fn sources(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let extension = Path::new(self.main).extension();
        let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
        let mut sources: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
        sources.retain(|path| path.extension() == extension);
        sources.sort();
        sources.push(self.kit_folder().join(self.shared));
        sources.push(workspace().join("wit/adapter.wit"));
        Ok(sources)
    }

    fn kit_folder(&self) -> PathBuf {
        workspace().join("adapters/kit").join(self.kit)
    }

    fn pins(&self) -> Vec<PathBuf> {
        self.pins.iter().map(|pin| self.kit_folder().join(pin)).collect()
    }

    /// Of sources, by name, and of the tools.
    fn digest(&self, sources: &[PathBuf]) -> Result<String> {
        let mut all = Vec::new();
        for file in sources.iter().cloned().chain(self.pins()) {
            let bytes = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            all.extend(format!("{} {}\n", file.display(), Digest::of(&bytes)).into_bytes());
        }
        Ok(Digest::of(&all).to_string())
    }

    /// The folder of the tools, filled where it is not there; it is there only when it is whole.
    fn tools(&self) -> Result<PathBuf> {
        let below = target_dir().join("tools");
        fs::create_dir_all(&below)?;
        let lock = File::create(below.join(format!("{}.lock", self.kit)))?;
        lock.lock()?;
        let pinned = self.digest(&[])?.chars().filter(char::is_ascii_hexdigit).take(8).collect::<String>();
        let (whole, filling) =
            (below.join(format!("{}-{pinned}", self.kit)), below.join(format!("{}-filling", self.kit)));
        if whole.is_dir() {
            return Ok(whole);
        }
        if filling.is_dir() {
            fs::remove_dir_all(&filling)?;
        }
        fs::create_dir_all(&filling)?;
        for pin in self.pins() {
            fs::copy(&pin, filling.join(pin.file_name().context("a pin without a name")?))?;
        }
        // Whatever keeps them from being fetched, a program or a registry or the way to it is missing.
        self.run(&mut (self.fetch)(&filling)).map_err(|failed| match failed {
            Failed::ToStart(missing) => missing,
            Failed::Saying { command, said } => {
                self.missing(command, format!("says: {}", said.lines().last().unwrap_or("nothing")))
            }
        })?;
        fs::rename(&filling, &whole)?;
        Ok(whole)
    }

    fn run(&self, command: &mut Command) -> Result<(), Failed> {
        let shown = shown(command);
        let output = match command.output() {
            Ok(output) => output,
            Err(error) => return Err(Failed::ToStart(self.missing(shown, format!("cannot be run ({error})")))),
        };
        if output.status.success() {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].concat();
        Err(Failed::Saying { command: shown, said: String::from_utf8_lossy(&said).trim().to_owned() })
    }

    fn missing(&self, command: String, why: String) -> ToolMissing {
        ToolMissing { language: self.name, command, why, needed: self.needed }
    }
}

/// How a command failed.
enum Failed {
    /// It is not there.
    ToStart(ToolMissing),
    /// It ended badly, and said this.
    Saying { command: String, said: String },
}

/// A command as one would type it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

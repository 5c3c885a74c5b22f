//! `capstan adapter new`: a whole project for an adapter, which builds and passes its fixtures before a line is changed.
//!
//! What is written is in `templates/`, and what adapters share is written beside it as it is here (`adapters/kit`, `wit/`). So
//! a project needs nothing but its language's own tools, wherever it lies: neither this repository nor a crate that would have
//! to be published and kept in step, and the adapters in this repository can be read as examples. An author need not read it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

/// Where, in which language, and for whom.
#[derive(Debug, Args)]
pub struct AdapterNewArgs {
    /// The project's folder; it is made, or is empty.
    pub dir: PathBuf,
    /// The language.
    #[arg(long, value_enum)]
    pub language: Language,
    /// The provider's id, for good: accounts, prices and credentials hang on it.
    #[arg(long, value_name = "ID", default_value = "example-solver", value_parser = provider_id)]
    pub provider: String,
    /// The provider's name as people write it. Default: the id.
    #[arg(long, value_name = "NAME", value_parser = display_name)]
    pub name: Option<String>,
}

/// In what an adapter can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Components of some 200 KiB; a call takes microseconds.
    Rust,
    /// With an interpreter inside: 1 MiB and a millisecond.
    #[value(name = "javascript")]
    JavaScript,
    /// With an interpreter inside: 18 MiB and a few milliseconds.
    Python,
}

/// A file of a project: its path, and its text.
type Template = (&'static str, &'static str);

/// In every project.
const SHARED: &[Template] = &[
    ("wit/adapter.wit", include_str!("../../../wit/adapter.wit")),
    ("fixtures/balance.json", include_str!("../templates/fixtures/balance.json")),
    ("fixtures/poll-solved.json", include_str!("../templates/fixtures/poll-solved.json")),
    ("fixtures/poll-unsolvable.json", include_str!("../templates/fixtures/poll-unsolvable.json")),
    ("fixtures/report.json", include_str!("../templates/fixtures/report.json")),
    ("fixtures/submit.json", include_str!("../templates/fixtures/submit.json")),
    ("fixtures/submit-unclear.json", include_str!("../templates/fixtures/submit-unclear.json")),
];

const RUST: &[Template] = &[
    (".gitignore", "target/\n"),
    ("Cargo.toml", include_str!("../templates/rust/Cargo.toml")),
    ("README.md", include_str!("../templates/rust/README.md")),
    ("src/lib.rs", include_str!("../templates/rust/src/lib.rs")),
    ("vendor/adapter-kit/Cargo.toml", include_str!("../templates/rust/vendored-kit.toml")),
];

/// The kit's sources; the contract lies where they look for it.
const RUST_KIT: &[Template] = &[
    ("src/bindings.rs", include_str!("../../../adapters/kit/src/bindings.rs")),
    ("src/fault.rs", include_str!("../../../adapters/kit/src/fault.rs")),
    ("src/fixture.rs", include_str!("../../../adapters/kit/src/fixture.rs")),
    ("src/fixture/render.rs", include_str!("../../../adapters/kit/src/fixture/render.rs")),
    ("src/fixture/tests.rs", include_str!("../../../adapters/kit/src/fixture/tests.rs")),
    ("src/lib.rs", include_str!("../../../adapters/kit/src/lib.rs")),
    ("src/log.rs", include_str!("../../../adapters/kit/src/log.rs")),
    ("src/money.rs", include_str!("../../../adapters/kit/src/money.rs")),
    ("src/provider.rs", include_str!("../../../adapters/kit/src/provider.rs")),
    ("src/proxy.rs", include_str!("../../../adapters/kit/src/proxy.rs")),
    ("src/request.rs", include_str!("../../../adapters/kit/src/request.rs")),
    ("src/response.rs", include_str!("../../../adapters/kit/src/response.rs")),
    ("src/rules.rs", include_str!("../../../adapters/kit/src/rules.rs")),
    ("src/trouble.rs", include_str!("../../../adapters/kit/src/trouble.rs")),
];

const JAVASCRIPT: &[Template] = &[
    (".gitignore", "node_modules/\n*.wasm\n"),
    ("README.md", include_str!("../templates/javascript/README.md")),
    ("adapter.js", include_str!("../templates/javascript/adapter.js")),
    ("kit.js", include_str!("../../../adapters/kit/javascript/kit.js")),
    ("package.json", include_str!("../templates/javascript/package.json")),
];

const PYTHON: &[Template] = &[
    (".gitignore", "tools/\nbindings/\n__pycache__/\n*.wasm\n"),
    ("README.md", include_str!("../templates/python/README.md")),
    ("adapter.py", include_str!("../templates/python/adapter.py")),
    ("kit.py", include_str!("../../../adapters/kit/python/kit.py")),
    ("requirements.txt", include_str!("../../../adapters/kit/python/requirements.txt")),
];

/// Writes a project.
///
/// # Errors
/// When the folder is not empty, or cannot be written.
pub(crate) fn run(args: &AdapterNewArgs, is_json: bool) -> Result<()> {
    let AdapterNewArgs { dir, language, provider, name } = args;
    let is_free = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if !is_free {
        bail!("{} is there already, and not an empty folder", dir.display());
    }
    let name = name.as_deref().unwrap_or(provider);
    let mut written = Vec::new();
    for (path, text) in language.own().iter().chain(SHARED) {
        write(dir, Path::new(path), &renamed(text, provider, name))?;
        written.push((*path).to_owned());
    }
    for (path, text) in language.vendored() {
        write(dir, &Path::new("vendor/adapter-kit").join(path), text)?;
    }
    crate::say(&if is_json {
        json!({"dir": dir, "provider": provider, "name": name, "files": written}).to_string()
    } else {
        format!("An adapter for {name} is in {}; its README.md has the three commands.", dir.display())
    });
    Ok(())
}

impl Language {
    const fn own(self) -> &'static [Template] {
        match self {
            Self::Rust => RUST,
            Self::JavaScript => JAVASCRIPT,
            Self::Python => PYTHON,
        }
    }

    const fn vendored(self) -> &'static [Template] {
        match self {
            Self::Rust => RUST_KIT,
            Self::JavaScript | Self::Python => &[],
        }
    }
}

/// A template for another provider than the one that it is written for.
fn renamed(text: &str, provider: &str, name: &str) -> String {
    text.replace("example-solver", provider)
        .replace("example_solver", &provider.replace('-', "_"))
        .replace("Example Solver", name)
}

fn write(dir: &Path, path: &Path, text: &str) -> Result<()> {
    let path = dir.join(path);
    let folder = path.parent().unwrap_or(dir);
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
}

fn provider_id(text: &str) -> Result<String, String> {
    capstan_domain::ProviderId::new(text).map(|id| id.to_string()).map_err(|error| error.to_string())
}

/// It is written into sources, within quotation marks.
fn display_name(text: &str) -> Result<String, String> {
    let is_fit = |c: char| !c.is_control() && !matches!(c, '"' | '\\' | '`');
    if (1..=100).contains(&text.len()) && text.trim() == text && text.chars().all(is_fit) {
        return Ok(text.to_owned());
    }
    Err("must be 1 to 100 bytes without outer blanks, quotation marks, backslashes and control characters".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> String {
        fs::read_to_string(crate::adapters::workspace().join(path)).unwrap()
    }

    fn made(dir: &Path, language: Language) -> Result<()> {
        let args = AdapterNewArgs {
            dir: dir.to_owned(),
            language,
            provider: "2nd-solver".to_owned(),
            name: Some("Second Solver".to_owned()),
        };
        run(&args, true)
    }

    #[test]
    fn a_project_bears_its_providers_name_alone_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        for language in [Language::Rust, Language::JavaScript, Language::Python] {
            let project = dir.path().join(format!("{language:?}"));
            made(&project, language).unwrap();
            for (path, _) in language.own().iter().chain(SHARED) {
                let text = fs::read_to_string(project.join(path)).unwrap();
                let old = ["example-solver", "example_solver", "Example Solver"].map(|name| text.contains(name));
                assert_eq!(old, [false; 3], "{path}");
            }
            assert!(made(&project, language).unwrap_err().to_string().contains("is there already"));
        }
    }

    #[test]
    fn all_of_the_kit_is_written() {
        let mut found = Vec::new();
        let source = crate::adapters::workspace().join("adapters/kit/src");
        for folder in ["", "fixture/"] {
            for entry in fs::read_dir(source.join(folder)).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_file() {
                    found.push(format!("src/{folder}{}", entry.file_name().to_str().unwrap()));
                }
            }
        }
        found.sort();
        let mut written: Vec<_> = RUST_KIT.iter().map(|(path, _)| *path).collect();
        written.sort_unstable();
        assert_eq!(found, written);
    }

    #[test]
    fn projects_ask_for_the_versions_that_the_repository_is_tested_with() {
        let workspace = file("Cargo.toml");
        let versions = |text: &str| {
            let rows = text.lines().filter(|line| line.contains(" = ") && !line.starts_with('['));
            rows.skip_while(|line| !line.starts_with("serde ")).map(str::to_owned).collect::<Vec<_>>()
        };
        for row in versions(&file("host/capstan/templates/rust/vendored-kit.toml")) {
            assert!(workspace.lines().any(|line| line == row), "{row}");
        }
        let tools: serde_json::Value = serde_json::from_str(&file("adapters/kit/javascript/package.json")).unwrap();
        let template: serde_json::Value =
            serde_json::from_str(include_str!("../templates/javascript/package.json")).unwrap();
        assert_eq!(template["devDependencies"], tools["dependencies"]);
    }

    #[test]
    fn a_name_that_would_end_a_text_in_the_sources_is_refused() {
        for wrong in ["", " Solver", "So\"lver", "So\\lver", "Sol\nver"] {
            assert!(display_name(wrong).is_err(), "{wrong:?}");
        }
        assert!(display_name("Löser & Söhne").is_ok());
        assert!(provider_id("Not An Id").is_err());
    }
}

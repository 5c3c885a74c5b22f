//! What a library saw, as a row of `docs/clients.md`. A row is compared by the test that saw it, so that the rows of libraries
//! that this machine cannot run stay as they are; `CAPSTAN_BLESS=1` writes those that it can.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};
use capstan_tests::libraries::Library;

use super::list::LIBRARIES;

const BEGIN: &str = "<!-- clients -->\n";
const END: &str = "<!-- end of clients -->";
const HEAD: &str = "| client | dialect | pointed here by | solved | bad key | unsolvable task | reported | remarks |\n\
                    |---|---|---|---|---|---|---|---|\n";

/// What a script said that it saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    solved: BTreeSet<String>,
    reported: BTreeSet<String>,
    bad_key: String,
    unsolvable: String,
}

impl Seen {
    /// Reads the lines of a script. Whatever a library cannot do, it must solve three families, read the balance before and
    /// after, and be told of a bad key and of an unsolvable task.
    pub(super) fn read(said: &str) -> Result<Self> {
        let mut seen = Self::default();
        let mut balance = "";
        for line in said.lines() {
            if let Some(family) = line.strip_prefix("solved ") {
                seen.solved.insert(family.to_owned());
            } else if let Some(kind) = line.strip_prefix("reported ") {
                seen.reported.insert(kind.to_owned());
            } else if let Some(code) = line.strip_prefix("bad key ") {
                code.clone_into(&mut seen.bad_key);
            } else if let Some(code) = line.strip_prefix("unsolvable ") {
                code.clone_into(&mut seen.unsolvable);
            } else if let Some(dollars) = line.strip_prefix("balance ") {
                balance = dollars;
            } else {
                bail!("nobody knows what this means: {line}");
            }
        }
        ensure!(seen.solved.len() >= 3, "too little was solved: {said}");
        ensure!(!seen.bad_key.is_empty() && !seen.unsolvable.is_empty() && !balance.is_empty(), "missing: {said}");
        Ok(seen)
    }

    fn row(&self, library: &Library) -> String {
        let listed = |names: &BTreeSet<String>| match names.is_empty() {
            true => "–".to_owned(),
            false => names.iter().map(|name| name.replace('_', " ")).collect::<Vec<_>>().join(", "),
        };
        format!(
            "{}{} | `{}` | `{}` | {} | {} |",
            begin(library),
            listed(&self.solved),
            self.bad_key,
            self.unsolvable,
            listed(&self.reported),
            library.remark,
        )
    }
}

/// What a library's row begins with, whatever its version.
fn name(library: &Library) -> String {
    format!("| [`{}`](", library.name)
}

/// What is known of a library before it is tried.
fn begin(library: &Library) -> String {
    let (name, page) = (name(library), library.page());
    format!("{name}{page}) {} | {} | {} | ", library.version, library.dialect, library.pointing)
}

/// Compares a library's row with the page's; writes it when blessed.
pub(super) fn compare(library: &Library, seen: &Seen) -> Result<()> {
    // Tests that run at the same time write the same page.
    static PAGE: Mutex<()> = Mutex::new(());
    let _page = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let row = seen.row(library);
    let page = Page::read()?;
    if page.rows.contains(&row) {
        return Ok(());
    }
    #[expect(clippy::disallowed_methods, reason = "the test's own switch")]
    let is_blessed = std::env::var("CAPSTAN_BLESS").is_ok_and(|value| value == "1");
    ensure!(is_blessed, "docs/clients.md is behind what was seen; CAPSTAN_BLESS=1 writes\n{row}");
    page.with(library, row).write()
}

/// Every library has one row, and no row is of something else: a row is compared only where its library can run.
pub(super) async fn names_every_library() -> Result<()> {
    let page = Page::read()?;
    ensure!(page.rows.len() == LIBRARIES.len(), "{} rows for {} libraries", page.rows.len(), LIBRARIES.len());
    for (library, row) in LIBRARIES.iter().zip(&page.rows) {
        ensure!(row.starts_with(&begin(library)), "{} is not in its place: {row}", library.name);
    }
    Ok(())
}

/// The page, taken apart.
struct Page {
    before: String,
    rows: Vec<String>,
    after: String,
}

impl Page {
    fn path() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/clients.md")
    }

    fn read() -> Result<Self> {
        let page = fs::read_to_string(Self::path())?;
        let (before, rest) = page.split_once(BEGIN).context("the page has no table")?;
        let (table, after) = rest.split_once(END).context("the page's table has no end")?;
        let rows = table.strip_prefix(HEAD).context("the table has another head")?.lines().map(str::to_owned).collect();
        Ok(Self { before: before.to_owned(), rows, after: after.to_owned() })
    }

    /// The page with this library's row, in the order of the list.
    fn with(mut self, library: &Library, row: String) -> Self {
        let is_of = |library: &Library, row: &str| row.starts_with(&name(library));
        self.rows.retain(|old| !is_of(library, old) && LIBRARIES.iter().any(|library| is_of(library, old)));
        self.rows.push(row);
        self.rows.sort_by_key(|row| LIBRARIES.iter().position(|library| is_of(library, row)));
        self
    }

    fn write(self) -> Result<()> {
        let rows: String = self.rows.iter().map(|row| format!("{row}\n")).collect();
        let page = format!("{}{BEGIN}{HEAD}{rows}{END}{}", self.before, self.after);
        Ok(fs::write(Self::path(), page)?)
    }
}

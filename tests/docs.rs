//! The tables of `docs/api.md`, `docs/sandbox.md` and `docs/metrics.md`, and the pages in `docs/types`, are printed from the
//! code; these tests say when they differ.
//!
//! `CAPSTAN_BLESS=1 cargo test -p capstan-tests --test docs` writes them.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test, as it should")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use capstan_domain::catalogue;
use capstan_server::api::docs::markdown;
use capstan_server::metrics::TABLE;
use capstan_tests::switches::{SWITCHES, Stage};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn the_tables_of_the_api_page_are_those_of_the_code() {
    is_printed("docs/api.md", &[("errors", markdown::errors()), ("task types", markdown::index())]);
}

#[test]
fn the_pages_of_the_task_types_are_those_of_the_catalogue() {
    let folder = root().join("docs/types");
    let pages = markdown::theme_pages();
    if is_blessed() {
        std::fs::create_dir_all(&folder).unwrap();
        pages.iter().for_each(|(name, text)| std::fs::write(folder.join(name), text).unwrap());
    }
    let there = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(there.collect::<BTreeSet<_>>(), pages.iter().map(|(name, _)| name.clone()).collect());
    for (name, text) in pages {
        let written = std::fs::read_to_string(folder.join(&name)).unwrap();
        assert!(written == text, "docs/types/{name} is behind the code; write it with CAPSTAN_BLESS=1");
    }
}

#[test]
fn every_family_has_its_anchor_and_every_type_name_its_place_in_the_pages() {
    let pages: String = markdown::theme_pages().into_iter().map(|(_, text)| text).collect();
    for family in catalogue::all() {
        assert!(pages.contains(&format!("<a id=\"{}\"></a>", family.name)), "{}", family.name);
        for name in family.type_names {
            assert!(pages.contains(&format!("`{name}`")), "{name}");
        }
    }
}

#[test]
fn every_link_between_the_pages_leads_somewhere() {
    let docs = root().join("docs");
    let mut checked = 0;
    for (folder, page) in std::iter::once(("", "api.md".to_owned())).chain(type_pages()) {
        let text = std::fs::read_to_string(docs.join(folder).join(&page)).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { page.as_str() } else { file };
            let target = std::fs::read_to_string(docs.join(folder).join(file));
            let target = target.unwrap_or_else(|error| panic!("{page}: {link}: {error}"));
            let has =
                anchor.is_empty() || target.contains(&format!("<a id=\"{anchor}\">")) || has_heading(&target, anchor);
            assert!(has, "{page}: {link}");
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}

fn type_pages() -> impl Iterator<Item = (&'static str, String)> {
    markdown::theme_pages().into_iter().map(|(name, _)| ("types", name))
}

/// Whether a page has a heading of this anchor.
fn has_heading(text: &str, anchor: &str) -> bool {
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    let mut anchors = headings.map(|heading| heading.to_lowercase().replace(' ', "-"));
    anchors.any(|heading| heading == anchor)
}

#[test]
fn the_table_of_the_sandbox_page_is_that_of_the_hostile_guests_switches() {
    is_printed("docs/sandbox.md", &[("switches", switches())]);
}

#[test]
fn the_table_of_the_metrics_page_is_that_of_the_code() {
    is_printed("docs/metrics.md", &[("metrics", metrics())]);
}

/// Compares a page's tables with what the code prints; writes them when blessed.
fn is_printed(page: &str, tables: &[(&str, String)]) {
    let path = root().join(page);
    let written = std::fs::read_to_string(&path).unwrap();
    let printed = tables.iter().fold(written.clone(), |page, (name, text)| put(&page, name, text));
    if is_blessed() {
        std::fs::write(path, printed).unwrap();
        return;
    }
    assert!(written == printed, "{page} is behind the code; write it with CAPSTAN_BLESS=1");
}

#[expect(clippy::disallowed_methods, reason = "the test's own switch")]
fn is_blessed() -> bool {
    std::env::var("CAPSTAN_BLESS").is_ok_and(|value| value == "1")
}

#[test]
fn every_switch_of_the_hostile_guest_is_in_the_list() {
    let names = |texts: &[&str], from: fn(&str) -> Option<&str>| -> BTreeSet<String> {
        let lines = texts.iter().flat_map(|text| text.lines());
        lines.filter_map(|line| from(line.trim()).map(str::to_owned)).collect()
    };
    let read = |name: &str| std::fs::read_to_string(root().join("tests/guests/hostile/src").join(name)).unwrap();
    let (submits, requests) = (read("lib.rs"), read("requests.rs"));
    let mut turned = names(&[&submits, &requests], |line| line.strip_prefix('"')?.split_once("\" => ").map(|(n, _)| n));
    turned.extend(names(&[&submits], |line| line.strip_prefix('"')?.strip_suffix("\",")));
    let listed = SWITCHES.iter().filter(|switch| switch.stage != Stage::Describe).map(|switch| switch.name.to_owned());
    assert_eq!(turned, listed.collect());
}

/// Puts a text between the marks of this name.
fn put(page: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{begin}{text}{end}{after}")
}

fn metrics() -> String {
    let mut text = "| metric | kind | unit | labels | meaning |\n|---|---|---|---|---|\n".to_owned();
    for row in TABLE {
        let labels: Vec<String> = row.labels.iter().map(|label| format!("`{label}`")).collect();
        let (kind, labels) = (row.kind.as_str(), labels.join(", "));
        writeln!(text, "| `{}` | {kind} | {} | {labels} | {}. |", row.name, row.unit, row.about).unwrap();
    }
    text
}

fn switches() -> String {
    let mut text = String::new();
    for (stage, title) in [
        (Stage::Describe, "At its admission"),
        (Stage::Begin, "Before anything was sent"),
        (Stage::Sent, "After the provider may have heard of the task"),
        (Stage::Poll, "When it is asked about an accepted task"),
        (Stage::Harmless, "Without consequence"),
    ] {
        write!(text, "\n### {title}: {}\n\n", stage.outcome()).unwrap();
        text.push_str("| switch | what the guest does | name | what stops it |\n|---|---|---|---|\n");
        for switch in SWITCHES.iter().filter(|switch| switch.stage == stage) {
            let name = switch.fault.map_or_else(String::new, |name| format!("`{name}`"));
            writeln!(text, "| `{}` | {} | {name} | {} |", switch.name, switch.does, switch.bound).unwrap();
        }
    }
    text.push('\n');
    text
}

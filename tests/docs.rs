//! The tables of `docs/api.md`, `docs/sandbox.md` and `docs/metrics.md` are printed from the code; these tests say when they
//! differ.
//!
//! `CAPSTAN_BLESS=1 cargo test -p capstan-tests --test docs` writes them.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test, as it should")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use capstan_domain::catalogue::{self, Class, Family, Kind};
use capstan_domain::code::ErrorCode;
use capstan_server::metrics::TABLE;
use capstan_tests::switches::{SWITCHES, Stage};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn the_tables_of_the_api_page_are_those_of_the_code() {
    is_printed("docs/api.md", &[("errors", errors()), ("task types", task_types())]);
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
    #[expect(clippy::disallowed_methods, reason = "the test's own switch")]
    if std::env::var("CAPSTAN_BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(path, printed).unwrap();
        return;
    }
    assert!(written == printed, "{page} is behind the code; write it with CAPSTAN_BLESS=1");
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

fn errors() -> String {
    let mut text = "| errorId | errorCode | meaning | what to do |\n|---|---|---|---|\n".to_owned();
    for code in ErrorCode::ALL {
        writeln!(text, "| {} | `{}` | {} | {} |", code.error_id(), code.as_str(), code.text(), code.advice()).unwrap();
    }
    text
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

fn task_types() -> String {
    catalogue::all().iter().map(family).collect()
}

fn family(family: &Family) -> String {
    let mut text = format!("\n### {}\n\n", family.title);
    let names: Vec<String> = family.type_names.iter().map(|name| format!("`{name}`")).collect();
    let proxy = if family.takes_proxy { "each also with `ProxyLess` at its end" } else { "never with a proxy" };
    writeln!(text, "Types: {} ({proxy}). Canonical name `{}`.\n", names.join(", "), family.name).unwrap();
    text.push_str("| parameter | also | type | required | meaning |\n|---|---|---|---|---|\n");
    for field in family.fields {
        let also: Vec<String> = field.also.iter().map(|name| format!("`{name}`")).collect();
        let required = if field.required { "yes" } else { "no" };
        let (name, also, kind) = (field.name, also.join(", "), kind(field.kind));
        writeln!(text, "| `{name}` | {also} | {kind}{} | {required} | {} |", class(field.class), field.about).unwrap();
    }
    for group in family.one_of {
        let names: Vec<String> = group.iter().map(|name| format!("`{name}`")).collect();
        writeln!(text, "\nOne of {} must be given.", names.join(", ")).unwrap();
    }
    if family.passes_through {
        text.push_str("\nFurther parameters are handed to the provider as they are, and so is its solution to you.\n");
        return text;
    }
    let solution: Vec<String> = family
        .solution
        .iter()
        .flat_map(|field| std::iter::once(field.name).chain(field.also.iter().copied()))
        .map(|name| format!("`{name}`"))
        .collect();
    write!(text, "\nSolution: {}.", solution.join(", ")).unwrap();
    if let Some(life) = family.token_life_s {
        write!(text, " It can be used for about {life} seconds.").unwrap();
    }
    text.push('\n');
    text
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Url => "URL".to_owned(),
        Kind::Text(_) => "text".to_owned(),
        Kind::Flag => "true or false".to_owned(),
        Kind::Integer(least, most) => format!("whole number {least} to {most}"),
        Kind::Number(least, most) => format!("number {least} to {most}"),
        Kind::Object => "object".to_owned(),
        Kind::Choice(words) => words.join(", "),
        Kind::JsonText => "object, or its text".to_owned(),
        Kind::Integers(most) => format!("list of at most {most} whole numbers"),
        Kind::Urls(most) => format!("list of at most {most} URLs"),
        Kind::Image => "image in base64".to_owned(),
        Kind::Images(most) => format!("list of at most {most} images in base64"),
        Kind::Audio => "recording in base64".to_owned(),
        Kind::Cookies => "cookies".to_owned(),
    }
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Plain => "",
        Class::Personal => ", personal",
        Class::Secret => ", secret",
    }
}

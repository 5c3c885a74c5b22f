//! The tables of `docs/api.md` and `docs/metrics.md` are printed from the code; these tests say when they differ.
//!
//! `CAPSTAN_BLESS=1 cargo test -p capstan-tests --test docs` writes them.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test, as it should")]

use std::fmt::Write as _;
use std::path::PathBuf;

use capstan_domain::catalogue::{self, Class, Family, Kind};
use capstan_domain::code::ErrorCode;
use capstan_server::metrics::TABLE;

fn page(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs").join(name)
}

/// Compares a page with itself as it would be printed, or writes it.
fn keep(name: &str, print: impl FnOnce(&str) -> String) {
    let written = std::fs::read_to_string(page(name)).unwrap();
    let printed = print(&written);
    #[expect(clippy::disallowed_methods, reason = "the test's own switch")]
    if std::env::var("CAPSTAN_BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(page(name), printed).unwrap();
        return;
    }
    assert!(written == printed, "docs/{name} is behind the code; write it with CAPSTAN_BLESS=1");
}

#[test]
fn the_tables_of_the_api_page_are_those_of_the_code() {
    keep("api.md", |page| put(&put(page, "errors", &errors()), "task types", &task_types()));
}

#[test]
fn the_table_of_the_metrics_page_is_that_of_the_code() {
    keep("metrics.md", |page| put(page, "metrics", &metrics()));
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
        Kind::Image => "image in base64".to_owned(),
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

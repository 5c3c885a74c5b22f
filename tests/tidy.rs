//! What the compiler cannot keep: file sizes, edges between modules, equal migrations, the contract's hash.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test, as it should")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Files below a folder, target folders left out.
fn files(below: &str, extension: &str) -> Vec<PathBuf> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                walk(&path, found);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(below), &mut found);
    found.retain(|path| path.extension().is_some_and(|e| e == extension));
    assert!(!found.is_empty(), "nothing below {below}");
    found
}

fn sources() -> Vec<PathBuf> {
    ["host", "adapters", "tests"].iter().flat_map(|dir| files(dir, "rs")).collect()
}

#[test]
fn files_are_short_enough_to_read() {
    let lines = |path: &PathBuf| fs::read_to_string(path).unwrap().lines().count();
    let long: Vec<_> = sources().into_iter().filter(|path| lines(path) > 500).collect();
    assert!(long.is_empty(), "over 500 lines: {long:?}");
}

#[test]
fn every_source_says_what_it_is() {
    let silent = |path: &PathBuf| !fs::read_to_string(path).unwrap().starts_with("//!");
    let silent: Vec<_> = sources().into_iter().filter(silent).collect();
    assert!(silent.is_empty(), "without a head comment: {silent:?}");
}

/// No file below the folder may have one of these texts in its code.
fn never(below: &str, texts: &[&str]) {
    for path in files(below, "rs") {
        let source = fs::read_to_string(&path).unwrap();
        let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            let hit = texts.iter().find(|text| line.contains(*text));
            assert!(hit.is_none(), "{} has {hit:?}: {line}", path.display());
        }
    }
}

#[test]
fn the_edges_between_rooms_hold() {
    never("host/domain/src", &["async fn", "SystemTime", "Instant", "std::fs", "std::net", "tokio"]);
    never("host/server/src", &["sqlx::", "wasmtime::", "reqwest::"]);
    never("host/server/src/tasks", &["axum::", "dialect"]);
    never("host/storage/src", &["wasmtime", "reqwest", "capstan_egress", "capstan_sandbox"]);
    never("host/sandbox/src", &["sqlx", "reqwest", "capstan_egress", "capstan_storage", "wasmtime_wasi"]);
    never("host/egress/src", &["sqlx", "wasmtime", "capstan_sandbox", "capstan_storage"]);
    never(
        "host/package/src",
        &["sqlx", "wasmtime", "SystemTime", "capstan_egress", "capstan_sandbox", "capstan_storage"],
    );
    never("host/server/src", &["capstan_package::registry"]);
    never("adapters", &["capstan_domain", "capstan_egress", "capstan_server"]);
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |engine: &str| -> BTreeSet<String> {
        let files = files(&format!("migrations/{engine}"), "sql");
        files.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn the_contract_changes_with_its_version_only() {
    let contract = fs::read_to_string(root().join("wit/adapter.wit")).unwrap();
    let package = contract.lines().find_map(|line| line.strip_prefix("package capstan:adapter@")).unwrap();
    let hash: String = Sha256::digest(contract.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let row = format!("| {} | `{hash}` |", package.trim_end_matches(';'));
    assert_eq!(capstan_package::CONTRACT, format!("capstan:adapter@{}", package.trim_end_matches(';')));
    let readme = fs::read_to_string(root().join("wit/README.md")).unwrap();
    assert!(readme.contains(&row), "wit/README.md lacks: {row}");
}

#[test]
fn every_adapter_says_whether_it_was_seen_at_its_service() {
    let page = fs::read_to_string(root().join("docs/providers.md")).unwrap();
    for adapter in capstan::adapters::ADAPTERS.iter().chain(capstan::adapters::INTERPRETED) {
        let row = page.lines().find(|line| line.contains(&format!("| `{adapter}` |")));
        let seen = row.and_then(|row| row.trim_end_matches('|').rsplit('|').next()).map(str::trim);
        let is_day = |text: &str| {
            let parts: Vec<&str> = text.split('-').collect();
            parts.iter().map(|part| part.len()).eq([4, 2, 2])
                && parts.concat().bytes().all(|byte| byte.is_ascii_digit())
        };
        assert!(seen.is_some_and(|seen| seen == "never" || is_day(seen)), "docs/providers.md, {adapter}: {row:?}");
    }
}

#[test]
fn nothing_is_left_to_do_in_the_code() {
    let words = ["todo", "unimplemented"].map(|word| format!("{word}!("));
    for path in sources() {
        let source = fs::read_to_string(&path).unwrap();
        assert!(!words.iter().any(|word| source.contains(word)), "{}", path.display());
    }
}

#[test]
fn the_readme_is_short() {
    assert!(fs::read_to_string(root().join("README.md")).unwrap().lines().count() <= 200);
}

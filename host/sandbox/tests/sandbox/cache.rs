//! Compiled code is kept, and believed only with its tag.

use std::fs;
use std::path::{Path, PathBuf};

use capstan_sandbox::{Adapter, SandboxSettings};

use crate::admission::edited;
use crate::guest::{ATTEMPT, hostile, reference, sandbox, settings};

fn admit(dir: &Path, key: u8) -> Adapter {
    hostile(SandboxSettings { cache_dir: Some(dir.to_owned()), cache_key: [key; 32], ..settings() })
}

fn files(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn a_second_start_takes_the_code_from_its_file() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!admit(dir.path(), 1).from_cache());
    let again = admit(dir.path(), 1);
    assert!(again.from_cache());
    assert_eq!(reference(&again, "echo").await, ATTEMPT.to_string());
    assert_eq!(files(dir.path()).len(), 1);
}

#[tokio::test]
async fn a_file_that_was_touched_is_compiled_anew_and_replaced() {
    let dir = tempfile::tempdir().unwrap();
    admit(dir.path(), 1);
    let file = files(dir.path()).remove(0);
    let honest = fs::read(&file).unwrap();
    let flipped = |at: usize| {
        let mut bytes = honest.clone();
        bytes[at] ^= 1;
        bytes
    };
    for touched in [flipped(0), flipped(32), flipped(honest.len() - 1), honest[..20].to_vec(), Vec::new()] {
        fs::write(&file, touched).unwrap();
        assert!(!admit(dir.path(), 1).from_cache());
        let replaced = admit(dir.path(), 1);
        assert!(replaced.from_cache());
        assert_eq!(reference(&replaced, "echo").await, ATTEMPT.to_string());
    }
    assert_eq!(files(dir.path()).len(), 1);
}

#[test]
fn another_key_does_not_believe_the_file() {
    let dir = tempfile::tempdir().unwrap();
    admit(dir.path(), 1);
    assert!(!admit(dir.path(), 2).from_cache());
}

#[test]
fn a_file_under_another_name_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    admit(dir.path(), 1);
    let file = files(dir.path()).remove(0);
    // The right tag for other code: what a swap of two files would leave.
    let other = tempfile::tempdir().unwrap();
    let settings = SandboxSettings { cache_dir: Some(other.path().to_owned()), cache_key: [1; 32], ..settings() };
    let edited = edited("https://hostile.example/about", "https://hostile.example/other");
    sandbox(settings).admit(&edited).unwrap();
    fs::copy(files(other.path()).remove(0), &file).unwrap();
    assert!(!admit(dir.path(), 1).from_cache());
}

#[tokio::test]
async fn a_place_that_cannot_be_written_costs_only_time() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a file, not a directory");
    fs::write(&file, "").unwrap();
    let adapter = admit(&file.join("cache"), 1);
    assert!(!adapter.from_cache());
    assert_eq!(reference(&adapter, "echo").await, ATTEMPT.to_string());
}

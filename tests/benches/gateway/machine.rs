//! What the figures were measured on: without it they say little.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

/// The processor, the file system of the databases, and what a flush to it takes.
pub(crate) fn describe() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let processor =
        value_of(Path::new("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let dir = std::env::temp_dir();
    let flush = flush_takes(&dir)?;
    let profile = if cfg!(debug_assertions) { "a debug build: its figures mean nothing" } else { "a release build" };
    let system = file_system(&dir).unwrap_or_else(|| "an unknown file system".to_owned());
    Ok(format!(
        "{profile}; {cores} cores of {processor}; databases in {} ({system}), where a flush of 4 KiB takes {flush:?}",
        dir.display()
    ))
}

fn value_of(file: &Path, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

/// The median of a hundred.
fn flush_takes(dir: &Path) -> Result<Duration> {
    let mut file = tempfile::tempfile_in(dir)?;
    let mut took = Vec::new();
    for _ in 0..100 {
        took.push(flush(&mut file)?);
    }
    took.sort();
    Ok(took[took.len() / 2])
}

fn flush(file: &mut File) -> Result<Duration> {
    let began = Instant::now();
    file.write_all(&[7; 4096])?;
    file.sync_data()?;
    Ok(began.elapsed())
}

/// The kind of file system that holds a path: the longest mount point that the path begins with.
fn file_system(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/mounts").ok()?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    });
    let holding = mounts.filter(|(point, _)| path.starts_with(point));
    holding.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind)
}

/// The processor time that a process has used, in steps of 10 ms; Linux only.
pub(crate) fn cpu_of(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold blanks; utime and stime are the 12th and 13th words after it, in hundredths of a
    // second (USER_HZ, which is 100 on every Linux that Rust's standard library runs on).
    let mut words = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let hundredths: u64 = words.next()?.parse::<u64>().ok()? + words.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(hundredths * 10))
}

//! What guests say reaches the log, bounded and clean.

use std::fmt;
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::guest::{ATTEMPT, hostile, reference, settings};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps all events of target `adapter`, one line each.
struct Listener;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!(" {field}={value:?}"));
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "adapter"
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        LINES.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn floods_of_notes_and_prints_are_bounded_and_clean() {
    tracing::subscriber::set_global_default(Listener).unwrap();
    let adapter = hostile(settings());
    assert_eq!(reference(&adapter, "log-flood").await, ATTEMPT.to_string());
    assert_eq!(reference(&adapter, "print-flood").await, ATTEMPT.to_string());

    let lines = LINES.lock().unwrap();
    assert!(lines.iter().all(|line| line.contains("provider=\"hostile\"") && line.len() < 1_200));
    assert!(lines.iter().all(|line| !line.chars().any(char::is_control)));
    assert!(lines.iter().any(|line| line.starts_with("WARN") && line.contains(" [2Jfirst  note")));
    assert!(lines.iter().any(|line| line.starts_with("DEBUG") && line.contains("line 0")));
    let notes = lines.iter().filter(|line| line.starts_with("INFO")).count();
    assert_eq!(notes, 49);
    assert!(lines.iter().any(|line| line.contains("dropped=4951")));
    assert!(lines.iter().filter(|line| line.starts_with("DEBUG")).map(String::len).sum::<usize>() < 30_000);
}

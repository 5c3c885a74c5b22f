//! Logs go to stderr: stdout belongs to what a command prints.
//!
//! What is logged: one event per change of state, readable alone, with the same field names everywhere (`task.id`,
//! `account.id`, `provider.id`, `attempt`, `family`). What never is: keys, credentials, parameters, solutions, bodies,
//! query strings.
//!
//! A line carries the fields of its spans and its own, each name once, so that a line that is found alone still says
//! whose it is. As text: time, level, target, message, then `name=value`. As JSON: one flat object.

use std::collections::HashSet;
use std::fmt::{Debug, Write as _};
use std::io::{IsTerminal as _, Write as _};

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object per line, for programs.
    Json,
}

/// What is logged where nobody says otherwise. Adapters' own notes (target `adapter`) are not: they are a stranger's words, and
/// may repeat what a task had in it, cookies and proxies' passwords included. Who writes an adapter turns them on.
const DEFAULT: &str = "warn,capstan=info,capstan_server=info,adapter=off";

/// Starts logging with the filter given, or the default one.
pub fn start(filter: Option<&str>, format: LogFormat) {
    let filter = filter.unwrap_or(DEFAULT);
    let is_coloured = format == LogFormat::Text && std::io::stderr().is_terminal();
    let lines =
        Lines { format, is_coloured, write: |line: &str| drop(std::io::stderr().lock().write_all(line.as_bytes())) };
    let subscriber = Registry::default().with(EnvFilter::new(filter)).with(lines);
    // A second start, in tests, keeps the first one's subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes a line for every event.
struct Lines<W> {
    format: LogFormat,
    is_coloured: bool,
    write: W,
}

/// Fields in the order in which they were recorded. A span keeps its own among its extensions.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: Fn(&str) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.0.extend(of_span.0.iter().cloned());
            }
        }
        event.record(&mut fields);
        let line = match self.format {
            LogFormat::Text => text(event.metadata(), fields, self.is_coloured),
            LogFormat::Json => json(event.metadata(), fields),
        };
        (self.write)(&line);
    }
}

impl Fields {
    /// Takes the message out and leaves the rest, each name once; what is said last holds.
    fn told(mut self) -> (String, Self) {
        let mut named = HashSet::new();
        let mut message = String::new();
        self.0.reverse();
        self.0.retain(|(name, value)| {
            let is_first = named.insert(*name);
            if is_first && *name == "message" {
                message = shown(value);
            }
            is_first && *name != "message"
        });
        self.0.reverse();
        (message, self)
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.push((field.name(), value.into()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.push((field.name(), value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.push((field.name(), value.into()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.push((field.name(), value.into()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.into()));
    }

    /// The whole chain of causes.
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut chain = value.to_string();
        let mut cause = value.source();
        while let Some(inner) = cause {
            let _ = write!(chain, ": {inner}");
            cause = inner.source();
        }
        self.0.push((field.name(), chain.into()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push((field.name(), format!("{value:?}").into()));
    }
}

fn text(metadata: &Metadata<'_>, fields: Fields, is_coloured: bool) -> String {
    let (message, fields) = fields.told();
    let level = *metadata.level();
    let mut line = now();
    // Writing to a text does not fail.
    let _ = match (is_coloured, colour(level)) {
        (true, colour) => {
            write!(line, " \x1b[{colour}m{level:>5}\x1b[0m {}: {}", metadata.target(), one_line(&message))
        }
        (false, _) => write!(line, " {level:>5} {}: {}", metadata.target(), one_line(&message)),
    };
    for (name, value) in fields.0 {
        let value = shown(&value);
        let is_plain = !value.is_empty() && value.chars().all(|c| c.is_alphanumeric() || "-_.:/+%".contains(c));
        let _ = if is_plain { write!(line, " {name}={value}") } else { write!(line, " {name}={value:?}") };
    }
    line.push('\n');
    line
}

fn json(metadata: &Metadata<'_>, fields: Fields) -> String {
    let (message, fields) = fields.told();
    let first = [
        ("time", Value::from(now())),
        ("level", metadata.level().as_str().into()),
        ("target", metadata.target().into()),
        ("message", message.into()),
    ];
    let mut line = String::new();
    for (name, value) in first.into_iter().chain(fields.0) {
        let _ = write!(line, "{}{}:{value}", if line.is_empty() { '{' } else { ',' }, Value::from(name));
    }
    line.push_str("}\n");
    line
}

/// A value as text, without the quotes that JSON puts around one.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A message on one line and without what a terminal would obey: a part of it may be another's words.
fn one_line(message: &str) -> String {
    message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

const fn colour(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    }
}

fn now() -> String {
    let mut text = String::new();
    if SystemTime.format_time(&mut Writer::new(&mut text)).is_err() {
        text.push_str("no-clock");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// The lines that these events make, without their times.
    fn logged(format: LogFormat, filter: &str, events: impl FnOnce()) -> Vec<String> {
        let written: Arc<Mutex<Vec<String>>> = Arc::default();
        let sink = Arc::clone(&written);
        let write = move |line: &str| sink.lock().unwrap().push(line.to_owned());
        let lines = Lines { format, is_coloured: false, write };
        let subscriber = Registry::default().with(EnvFilter::new(filter)).with(lines);
        tracing::subscriber::with_default(subscriber, events);
        let written = written.lock().unwrap();
        written.clone()
    }

    fn a_story() {
        let task = tracing::error_span!("task", task.id = "t1", account.id = "a1", family = "turnstile");
        let attempt = tracing::error_span!(parent: &task, "attempt", attempt = 2, provider.id = "p1");
        attempt.in_scope(|| tracing::info!(task.id = "t1", cost = 0.5, "solved"));
        let source = std::io::Error::other("the disk is full");
        let error = capstan_server::gateway::StartError::AdapterFile { path: "x.wasm".into(), source };
        task.in_scope(|| tracing::warn!(error = &error as &dyn std::error::Error, "not\nread"));
    }

    #[test]
    fn what_adapters_note_is_logged_for_those_alone_who_ask_for_it() {
        let note = || tracing::warn!(target: "adapter", "the proxy's password is hunter2");
        assert_eq!(logged(LogFormat::Text, DEFAULT, note), Vec::<String>::new());
        assert_eq!(logged(LogFormat::Text, "warn,adapter=info", note).len(), 1);
        let own = || tracing::info!(target: "capstan_server", "our own");
        assert_eq!(logged(LogFormat::Text, DEFAULT, own).len(), 1);
    }

    #[test]
    fn a_line_of_text_says_everything_once() {
        let lines = logged(LogFormat::Text, "info", a_story);
        let (_, first) = lines[0].split_once(' ').unwrap();
        let expected = " INFO capstan::logs::tests: solved account.id=a1 family=turnstile attempt=2 provider.id=p1 \
                        task.id=t1 cost=0.5\n";
        assert_eq!(first, expected);
        let (_, second) = lines[1].split_once(' ').unwrap();
        let expected = " WARN capstan::logs::tests: not read task.id=t1 account.id=a1 family=turnstile \
                        error=\"the adapter x.wasm cannot be read: the disk is full\"\n";
        assert_eq!(second, expected);
    }

    #[test]
    fn a_line_of_json_is_one_flat_object() {
        let lines = logged(LogFormat::Json, "info", a_story);
        let line: serde_json::Map<String, Value> = serde_json::from_str(&lines[0]).unwrap();
        assert!(lines[0].starts_with("{\"time\":\"2"), "{}", lines[0]);
        for (name, value) in [
            ("level", Value::from("INFO")),
            ("message", "solved".into()),
            ("task.id", "t1".into()),
            ("account.id", "a1".into()),
            ("provider.id", "p1".into()),
            ("family", "turnstile".into()),
            ("attempt", 2.into()),
            ("cost", 0.5.into()),
        ] {
            assert_eq!(line.get(name), Some(&value), "{name}");
        }
        assert_eq!(lines[0].matches("\"task.id\"").count(), 1, "{}", lines[0]);
        assert_eq!(lines[0].lines().count(), 1);
    }

    #[test]
    fn a_filter_that_drops_most_events_keeps_the_fields_of_the_rest() {
        let lines = logged(LogFormat::Text, "warn", a_story);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("task.id=t1 account.id=a1"), "{lines:?}");
    }
}

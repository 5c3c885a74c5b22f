//! Answers as text for people: tables and records.

use std::fmt::Write as _;

use serde_json::Value;

use super::columns::{self, Column};

/// How an answer is shown.
pub(crate) enum View {
    /// A list of objects, by these columns.
    Table(&'static [Column]),
    /// One object, a line for each field.
    Record,
    /// A new API key or token, which is shown once.
    NewKey,
    /// A contributed credential and what happened to it.
    Contributed,
    /// A task and its attempts.
    Task,
    /// A check of a provider.
    Check,
    /// Which site rule decides.
    Decision,
    /// A page of lines, by these columns.
    Lines(&'static [Column]),
    /// A page of lines as CSV.
    Csv,
    /// A check of the ledger.
    Ledger,
    /// What is in doubt, and the sums by provider.
    Doubts,
}

/// Longest cell of a table; digests and audit details go on in `--json`.
const MOST_CELL_CHARS: usize = 60;

impl View {
    /// The answer as text.
    pub(crate) fn text(&self, answer: &Value) -> String {
        match self {
            Self::Table(columns) => table(columns, answer),
            Self::Record => record(answer),
            Self::NewKey => new_key(answer),
            Self::Contributed => contributed(answer),
            Self::Task => task(answer),
            Self::Check => check(answer),
            Self::Decision => decision(answer),
            Self::Lines(columns) => table(columns, answer.get("lines").unwrap_or(&Value::Null)),
            Self::Csv => answer.get("csv").and_then(Value::as_str).unwrap_or_default().to_owned(),
            Self::Ledger => ledger(answer),
            Self::Doubts => doubts(answer),
        }
    }
}

/// Why a check did not go as it should, if it did not.
pub(super) fn failure(answer: &Value) -> Option<String> {
    let failed = |part: &str| answer.get(part)?.get("failed").map(cell);
    let differs = || {
        let told = answer.get("difference").filter(|_| answer.get("agrees") == Some(&Value::Bool(false)))?.get("told");
        told.map(|told| format!("the ledger does not agree with itself: {}", cell(told)))
    };
    failed("balance").or_else(|| failed("solve")).or_else(differs)
}

/// The cursor of the page after this one.
pub(super) fn next_page(answer: &Value) -> Option<&str> {
    answer.get("next")?.as_str()
}

/// What was checked; a difference follows as the reason of the failure.
fn ledger(answer: &Value) -> String {
    let mut shown = answer.clone();
    if let Some(fields) = shown.as_object_mut()
        && let Some(Value::Object(difference)) = fields.remove("difference")
    {
        fields.extend(difference.into_iter().filter(|(name, _)| name != "told"));
    }
    record(&shown)
}

fn table(columns: &[Column], rows: &Value) -> String {
    let empty = Vec::new();
    let rows = rows.as_array().unwrap_or(&empty);
    if rows.is_empty() {
        return "None.".to_owned();
    }
    let mut lines: Vec<Vec<String>> = vec![columns.iter().map(|(title, _)| (*title).to_owned()).collect()];
    lines.extend(rows.iter().map(|row| columns.iter().map(|(_, field)| short(row.get(field))).collect()));
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..columns.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn short(value: Option<&Value>) -> String {
    let text = value.map(cell).unwrap_or_default();
    let text = if text.is_empty() { "-".to_owned() } else { text };
    if text.chars().count() <= MOST_CELL_CHARS {
        return text;
    }
    text.chars().take(MOST_CELL_CHARS - 1).chain(['…']).collect()
}

/// A value on one line: texts without quotes, lists with commas, objects as `name value` pairs.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::String(text) => visible(text),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(","),
        Value::Object(fields) => {
            let said = fields.iter().filter(|(_, value)| !value.is_null());
            said.map(|(name, value)| format!("{name} {}", cell(value))).collect::<Vec<_>>().join(", ")
        }
    }
}

/// A text without what moves a terminal's cursor or turns its writing: clients and providers have put words in here.
fn visible(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect()
}

fn record(answer: &Value) -> String {
    let Some(fields) = answer.as_object() else { return cell(answer) };
    let width = fields.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in fields {
        let shown = cell(value);
        let shown = if shown.is_empty() { "-" } else { &shown };
        // A String takes every write.
        let _ = writeln!(text, "{name:<width$}  {shown}");
    }
    text
}

fn new_key(answer: &Value) -> String {
    let field = |name: &str| answer.get(name).map(cell).unwrap_or_default();
    let (secret, what) = match answer.get("exchangeToken") {
        Some(token) => (cell(token), "token"),
        None => (field("clientKey"), "key"),
    };
    format!(
        "{secret}\n\nThis is {what} {} of {}. It is shown this once and stored nowhere.",
        field("publicId"),
        field("accountName")
    )
}

fn contributed(answer: &Value) -> String {
    let mut facts = answer.clone();
    let events = facts.as_object_mut().and_then(|fields| fields.remove("events")).unwrap_or_default();
    let mut text = record(&facts);
    let _ = write!(text, "\nEvents\n{}", table(columns::EVENTS, &events));
    text
}

fn task(answer: &Value) -> String {
    let mut facts = answer.clone();
    let attempts = facts.as_object_mut().and_then(|fields| fields.remove("attempts")).unwrap_or_default();
    let mut text = record(&facts);
    let _ = write!(text, "\nAttempts\n{}", table(columns::ATTEMPTS, &attempts));
    for attempt in attempts.as_array().into_iter().flatten() {
        let why = attempt.get("why").cloned().unwrap_or_default();
        let number = attempt.get("number").map(cell).unwrap_or_default();
        let part = |name: &str| why.get(name).map(cell).unwrap_or_default();
        let _ = write!(
            text,
            "\nAttempt {number}: candidate {} of the route\nmode {} ({}), pool {}{}\n",
            part("rank"),
            part("mode"),
            part("order"),
            part("pool"),
            why.get("poolCeiling")
                .filter(|c| !c.is_null())
                .map(|c| format!(", narrowed by {}", cell(c)))
                .unwrap_or_default()
        );
        text.push_str(&table(columns::CANDIDATES, why.get("candidates").unwrap_or(&Value::Null)));
        if let Some(dropped) = why.get("dropped").filter(|d| d.as_array().is_some_and(|d| !d.is_empty())) {
            let _ = write!(text, "not candidates\n{}", table(columns::DROPPED, dropped));
        }
    }
    text
}

fn decision(answer: &Value) -> String {
    let field = |name: &str| answer.get(name).map(cell).unwrap_or_default();
    let rule = answer.get("rule").filter(|rule| !rule.is_null());
    let rule = rule.and_then(|rule| rule.get("pattern")).map(|p| format!(" by {}", cell(p))).unwrap_or_default();
    let found = table(columns::FOUND, answer.get("found").unwrap_or(&Value::Null));
    format!(
        "{}{rule}: {}\n\nWhat each scope says, in the order in which they are asked\n{found}",
        field("answer"),
        field("why")
    )
}

fn doubts(answer: &Value) -> String {
    let part = |columns, name: &str| table(columns, answer.get(name).unwrap_or(&Value::Null));
    format!("{}\nBy provider\n{}", part(columns::DOUBTS, "doubts"), part(columns::DOUBT_SUMS, "providers"))
}

fn check(answer: &Value) -> String {
    let mut shown = answer.clone();
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("transcript");
        if fields.get("solve").is_some_and(Value::is_null) {
            fields.remove("solve");
        }
    }
    record(&shown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::columns::CREDENTIALS;
    use super::{doubts, failure, record, table};

    #[test]
    fn a_table_lines_its_columns_up() {
        let rows = json!([
            {"credential": "1", "provider": "capsolver", "pool": "platform", "label": "main", "status": "active"},
            {"credential": "22", "provider": "2captcha", "pool": "community", "label": "x", "status": null},
        ]);
        let text = table(CREDENTIALS, &rows);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "CREDENTIAL  PROVIDER   POOL       LABEL  STATUS  RESTS UNTIL  ADDED");
        assert_eq!(lines[2], "22          2captcha   community  x      -       -            -");
        assert_eq!(table(CREDENTIALS, &json!([])), "None.");
    }

    #[test]
    fn nothing_that_is_shown_moves_the_cursor() {
        assert_eq!(record(&json!({"a": "x\u{1b}[2J\u{202e}y\nz"})), "a  x\u{fffd}[2J\u{fffd}y\u{fffd}z\n");
    }

    #[test]
    fn doubts_are_shown_with_their_sums() {
        let doubt = json!({"task": "t", "standing": "watched", "provider": "capsolver", "expectedCost": "0.0008"});
        let sum = json!({"provider": "capsolver", "open": 0, "watched": 1, "untold": 0, "expectedCost": "0.0008"});
        let text = doubts(&json!({"doubts": [doubt], "providers": [sum]}));
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["t", "watched", "capsolver", "-", "-", "0.0008", "-", "-", "-"]);
        assert_eq!(lines[5], ["capsolver", "0", "1", "0", "0.0008", "-"]);
    }

    #[test]
    fn a_record_has_a_line_for_each_field() {
        assert_eq!(record(&json!({"a": true, "bb": null})), "a   yes\nbb  -\n");
    }

    #[test]
    fn a_failed_part_of_a_check_is_found() {
        assert_eq!(failure(&json!({"balance": "1 USD", "solve": null})), None);
        assert_eq!(failure(&json!({"agrees": true, "difference": null})), None);
        let differs = json!({"agrees": false, "difference": {"told": "task 1 is open"}});
        assert_eq!(failure(&differs).as_deref(), Some("the ledger does not agree with itself: task 1 is open"));
        assert_eq!(failure(&json!({"balance": "1 USD", "solve": {"failed": "late"}})).as_deref(), Some("late"));
    }
}

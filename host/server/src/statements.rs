//! Statements of accounts: lines of moves, a page at a time, as JSON and as CSV. Whoever calls it has found out whose
//! statement may be read: the operator's verb, and the contributor's own door, to which tasks are others'.

use capstan_domain::{AccountId, Amount, MoveId};
use capstan_storage::{Book, StatementAsk, StatementLine, StatementMark, Store, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::operate::times;

/// Most lines of one page.
pub(crate) const MOST_LINES: u32 = 1_000;

/// A statement that is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    /// Whose.
    pub(crate) account: AccountId,
    /// Which book.
    pub(crate) book: Book,
    /// Moves of this time or later.
    pub(crate) since_ms: i64,
    /// Moves before this time.
    pub(crate) until_ms: Option<i64>,
    /// What an earlier page named as its next.
    pub(crate) cursor: Option<&'a str>,
    /// Most lines; bounded by [`MOST_LINES`].
    pub(crate) limit: u32,
    /// Whether the tasks are told: a contributor earns from those of others.
    pub(crate) with_tasks: bool,
}

/// Why there is no statement.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StatementError {
    /// The cursor is not one of this account's statements.
    #[error("cursor: it is none of this account's statements; begin again without one")]
    BadCursor,
    /// The database.
    #[error("the database refused")]
    Store(#[from] StoreError),
}

/// A page of a statement.
pub(crate) struct Statement {
    book: Book,
    lines: Vec<StatementLine>,
    /// The cursor of the next page.
    pub(crate) next: Option<String>,
}

/// Reads a page.
///
/// # Errors
/// [`StatementError`].
pub(crate) async fn read(store: &Store, ask: &Ask<'_>) -> Result<Statement, StatementError> {
    let Ask { account, book, since_ms, until_ms, cursor, limit, with_tasks } = *ask;
    let of = (account, book);
    let after = cursor.map(|text| mark_of(of, text).ok_or(StatementError::BadCursor)).transpose()?;
    let most = limit.clamp(1, MOST_LINES);
    let page = store.statement(StatementAsk { account, book, since_ms, until_ms, after, most }).await?;
    let mut lines = page.lines;
    if !with_tasks {
        lines.iter_mut().for_each(|line| line.task = None);
    }
    Ok(Statement { book, lines, next: page.next.map(|mark| cursor_of(of, mark)) })
}

/// A mark as text, with a part of whose it is: a cursor of another account's must not carry that one's balance here.
fn cursor_of((account, book): (AccountId, Book), mark: StatementMark) -> String {
    let (owner, available) = (owner_of(account), mark.available.nanos().cast_unsigned());
    format!("{}{owner:08x}{}{available:016x}", letter(book), mark.move_id.0.simple())
}

fn mark_of((account, book): (AccountId, Book), text: &str) -> Option<StatementMark> {
    let rest = text.trim().strip_prefix(letter(book))?.strip_prefix(&format!("{:08x}", owner_of(account)))?;
    let (id, available) = rest.split_at_checked(32)?;
    if available.len() != 16 {
        return None;
    }
    let available = u64::from_str_radix(available, 16).ok()?.cast_signed();
    let move_id = MoveId(Uuid::try_parse(id).ok()?);
    Some(StatementMark { move_id, available: Amount::from_nanos(available) })
}

const fn letter(book: Book) -> char {
    match book {
        Book::Balance => 'b',
        Book::Earnings => 'e',
    }
}

/// The last bits of an account's id, which are random.
const fn owner_of(account: AccountId) -> u64 {
    account.0.as_u64_pair().1 & 0xffff_ffff
}

impl Statement {
    /// What waits is held for tasks, or not yet out of dispute.
    const fn waiting(&self) -> &'static str {
        match self.book {
            Book::Balance => "held",
            Book::Earnings => "pending",
        }
    }

    /// The lines as a list of objects.
    pub(crate) fn json(&self) -> Value {
        let shown = |line: &StatementLine| {
            let mut shown = json!({
                "at": times::shown(line.at_ms), "kind": line.kind, "task": line.task, "attempt": line.attempt, "reference": line.external_ref,
                "note": line.note, "available": line.available.to_string(),
                "availableAfter": line.available_after.to_string(), "move": line.move_id,
            });
            if let Some(fields) = shown.as_object_mut() {
                fields.insert(self.waiting().to_owned(), json!(line.waiting.to_string()));
            }
            shown
        };
        self.lines.iter().map(shown).collect()
    }

    /// The lines as CSV (RFC 4180) with a header; amounts are plain decimals.
    pub(crate) fn csv(&self) -> String {
        let mut text = format!("at,kind,task,reference,note,available,{},available_after,move\r\n", self.waiting());
        for line in &self.lines {
            let cells = [
                times::shown(line.at_ms),
                line.kind.clone(),
                line.task.map(|task| task.to_string()).unwrap_or_default(),
                words(line.external_ref.as_deref()),
                words(line.note.as_deref()),
                line.available.to_string(),
                line.waiting.to_string(),
                line.available_after.to_string(),
                line.move_id.to_string(),
            ];
            text.push_str(&cells.map(|cell| quoted(&cell)).join(","));
            text.push_str("\r\n");
        }
        text
    }
}

/// What somebody has written, for a spreadsheet. No client writes these cells, but a reference may be the text of a
/// payment, which its payer chose: what would begin a formula gets an apostrophe before it.
fn words(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    let begins_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if begins_formula { format!("'{text}") } else { text.to_owned() }
}

/// A cell; quoted where it has to be.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(reference: &str, note: &str) -> StatementLine {
        StatementLine {
            move_id: MoveId(Uuid::from_u128(7)),
            kind: "adjustment".into(),
            task: None,
            attempt: None,
            external_ref: Some(reference.into()),
            note: Some(note.into()),
            at_ms: 1_801_353_600_000,
            available: Amount::from_nanos(-1_260_000),
            waiting: Amount::ZERO,
            available_after: Amount::from_nanos(5_000_000_000),
        }
    }

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_begins_no_formula() {
        let lines = vec![line("=1+1", "one, \"two\""), line("invoice-7", "-")];
        let text = Statement { book: Book::Balance, lines, next: None }.csv();
        let id = Uuid::from_u128(7);
        assert_eq!(
            text,
            format!(
                "at,kind,task,reference,note,available,held,available_after,move\r\n\
                 2027-01-31T00:00:00Z,adjustment,,'=1+1,\"one, \"\"two\"\"\",-0.00126,0.00,5.00,{id}\r\n\
                 2027-01-31T00:00:00Z,adjustment,,invoice-7,'-,-0.00126,0.00,5.00,{id}\r\n"
            )
        );
    }

    #[test]
    fn a_cursor_is_read_back_by_its_own_account_alone() {
        let (one, other) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)));
        let mark = StatementMark { move_id: MoveId(Uuid::from_u128(9)), available: Amount::from_nanos(-5) };
        let text = cursor_of((one, Book::Balance), mark);
        assert_eq!(mark_of((one, Book::Balance), &text), Some(mark));
        for (of, text) in [
            ((other, Book::Balance), text.as_str()),
            ((one, Book::Earnings), &text),
            ((one, Book::Balance), &text[..text.len() - 1]),
            ((one, Book::Balance), "bé"),
            ((one, Book::Balance), ""),
        ] {
            assert_eq!(mark_of(of, text), None, "{text}");
        }
    }
}

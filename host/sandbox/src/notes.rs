//! What a guest says during a call: bounded, cleaned, and passed on to the log only when the call is over.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use capstan_domain::ProviderId;

/// Lines of one adapter in the log: so many at once, and one more with each of these times. A busy adapter is called thousands of
/// times a second, and a log that it could fill would be its neighbours' loss.
const LINES_AT_ONCE: u32 = 200;
const LINE_EVERY: Duration = Duration::from_millis(100);
/// How often it is said that lines were dropped.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Most notes of one call.
const MOST_NOTES: usize = 50;
/// Most bytes of one note, and of everything that a guest prints in one call.
const MOST_BYTES: usize = 1_000;
const MOST_PRINTED: usize = 4_000;

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
}

/// One call's notes, at most about 54 kB.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    kept: Vec<(Level, String)>,
    printed: Vec<u8>,
    dropped: u64,
}

impl Notes {
    /// Keeps a note, or counts it as dropped.
    pub(crate) fn note(&mut self, level: Level, message: &str) {
        if self.kept.len() >= MOST_NOTES {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        self.kept.push((level, clean(message, MOST_BYTES)));
    }

    /// Keeps the beginning of what a guest prints to its standard output or error, where panics are reported.
    pub(crate) fn print(&mut self, bytes: &[u8]) {
        let room = MOST_PRINTED.saturating_sub(self.printed.len());
        self.printed.extend(bytes.iter().take(room));
    }

    /// Passes everything on to the log at target `adapter`, as far as the adapter's allowance goes.
    pub(crate) fn emit(self, provider: Option<&ProviderId>, allowance: &Allowance) {
        let provider = provider.map_or("?", ProviderId::as_str);
        let printed = || self.printed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines = self.kept.len().saturating_add(printed().count());
        if lines == 0 {
            return;
        }
        let Granted { mut left, tells } = allowance.ask(lines, self.dropped, Instant::now());
        for (level, note) in &self.kept {
            if left == 0 {
                break;
            }
            left -= 1;
            match level {
                Level::Debug => tracing::debug!(target: "adapter", provider, "{note}"),
                Level::Info => tracing::info!(target: "adapter", provider, "{note}"),
                Level::Warn => tracing::warn!(target: "adapter", provider, "{note}"),
            }
        }
        for line in printed().take(left) {
            let line = clean(&String::from_utf8_lossy(line), MOST_BYTES);
            tracing::debug!(target: "adapter", provider, "{line}");
        }
        if let Some(dropped) = tells {
            tracing::warn!(target: "adapter", provider, dropped, "the adapter left too many notes");
        }
    }
}

/// How much one adapter may still write to the log.
#[derive(Debug)]
pub(crate) struct Allowance(Mutex<Left>);

#[derive(Debug)]
struct Left {
    lines: u32,
    /// Until when the lines are counted.
    counted_at: Instant,
    dropped: u64,
    told_at: Option<Instant>,
}

/// What an adapter may write now.
struct Granted {
    left: usize,
    /// How many lines were dropped since that was last said, when it is to be said.
    tells: Option<u64>,
}

impl Default for Allowance {
    fn default() -> Self {
        Self(Mutex::new(Left { lines: LINES_AT_ONCE, counted_at: Instant::now(), dropped: 0, told_at: None }))
    }
}

impl Allowance {
    fn ask(&self, lines: usize, dropped: u64, now: Instant) -> Granted {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let more = now.saturating_duration_since(kept.counted_at).as_nanos() / LINE_EVERY.as_nanos();
        if more > 0 {
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            kept.lines = kept.lines.saturating_add(more).min(LINES_AT_ONCE);
            kept.counted_at = now;
        }
        let given = kept.lines.min(u32::try_from(lines).unwrap_or(u32::MAX));
        kept.lines -= given;
        let left = usize::try_from(given).unwrap_or(lines);
        let refused = u64::try_from(lines.saturating_sub(left)).unwrap_or(u64::MAX);
        kept.dropped = kept.dropped.saturating_add(dropped).saturating_add(refused);
        let is_time = kept.told_at.is_none_or(|told_at| now.saturating_duration_since(told_at) >= TOLD_EVERY);
        let tells = (kept.dropped > 0 && is_time).then(|| {
            kept.told_at = Some(now);
            std::mem::take(&mut kept.dropped)
        });
        Granted { left, tells }
    }
}

/// One line of at most so many bytes, without control characters (a terminal would obey them) and without the invisible
/// characters that turn the direction of writing.
pub(crate) fn clean(text: &str, most: usize) -> String {
    let mut line = String::with_capacity(text.len().min(most));
    for letter in text.chars() {
        let letter = if unprintable(letter) { ' ' } else { letter };
        if line.len().saturating_add(letter.len_utf8()) > most {
            break;
        }
        line.push(letter);
    }
    line.truncate(line.trim_end().len());
    line
}

/// Whether a character has no business in a line for people.
pub(crate) fn unprintable(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{
        Allowance, LINE_EVERY, LINES_AT_ONCE, Level, MOST_BYTES, MOST_NOTES, MOST_PRINTED, Notes, TOLD_EVERY, clean,
    };

    #[test]
    fn a_note_loses_what_a_terminal_would_obey() {
        assert_eq!(clean("a\u{1b}[31mred\u{7}\r\n\u{202e}end\n", 100), "a [31mred    end");
    }

    #[test]
    fn a_note_is_cut_between_characters() {
        assert_eq!(clean("ééé", 5), "éé");
        assert_eq!(clean(&"x".repeat(5_000), MOST_BYTES).len(), MOST_BYTES);
    }

    #[test]
    fn a_flood_is_counted_and_not_kept() {
        let mut notes = Notes::default();
        for _ in 0..100_000 {
            notes.note(Level::Info, "again");
            notes.print(b"and again\n");
        }
        assert_eq!((notes.kept.len(), notes.printed.len()), (MOST_NOTES, MOST_PRINTED));
        assert_eq!(notes.dropped, 100_000 - MOST_NOTES as u64);
    }

    #[test]
    fn an_adapter_fills_no_log_and_what_it_lost_is_told_once_a_minute() {
        let (allowance, now) = (Allowance::default(), Instant::now());
        let burst = LINES_AT_ONCE as usize;
        let first = allowance.ask(burst + 50, 3, now);
        assert_eq!((first.left, first.tells), (burst, Some(53)));
        let second = allowance.ask(10, 0, now);
        assert_eq!((second.left, second.tells), (0, None));
        let later = allowance.ask(10, 0, now + 4 * LINE_EVERY);
        assert_eq!((later.left, later.tells), (4, None));
        let told = allowance.ask(1, 0, now + TOLD_EVERY);
        assert_eq!((told.left, told.tells), (1, Some(16)));
        let rested = allowance.ask(burst * 2, 0, now + TOLD_EVERY + Duration::from_secs(3_600));
        assert_eq!(rested.left, burst);
    }
}

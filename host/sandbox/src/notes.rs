//! What a guest says during a call: bounded, cleaned, and passed on to the log only when the call is over.

use capstan_domain::ProviderId;

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

    /// Passes everything on to the log at target `adapter`.
    pub(crate) fn emit(self, provider: Option<&ProviderId>) {
        let provider = provider.map_or("?", ProviderId::as_str);
        for (level, note) in &self.kept {
            match level {
                Level::Debug => tracing::debug!(target: "adapter", provider, "{note}"),
                Level::Info => tracing::info!(target: "adapter", provider, "{note}"),
                Level::Warn => tracing::warn!(target: "adapter", provider, "{note}"),
            }
        }
        for line in self.printed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let line = clean(&String::from_utf8_lossy(line), MOST_BYTES);
            tracing::debug!(target: "adapter", provider, "{line}");
        }
        if self.dropped > 0 {
            tracing::warn!(target: "adapter", provider, dropped = self.dropped, "the adapter left too many notes");
        }
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
    use super::{Level, MOST_BYTES, MOST_NOTES, MOST_PRINTED, Notes, clean};

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
}

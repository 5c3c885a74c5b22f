//! Removing a credential from a reply: every value, in every common encoding, wherever it occurs.
//!
//! An adapter is not trusted with the credential, and a provider may echo what it was sent. Searched for are the exact
//! values, never something that merely looks like a key. A value is found as itself (in either letter case) and in
//! base64 (both alphabets, padded or not, and inside a longer base64 text at any alignment), each with any of its
//! characters percent-encoded, escaped for JSON or HTML, or with `+` for a blank, in any mixture;
//! in hexadecimal; and in UTF-16.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use zeroize::Zeroizing;

use crate::secret::{Secret, hex_digit};

const MARK: &[u8] = b"[credential]";
/// The bytes with which an escaped character starts.
const ESCAPES: [u8; 4] = *b"%\\&+";
/// Where HTML's writers differ, each way is here.
const HTML: [(char, &[u8]); 9] = [
    ('&', b"&amp;"),
    ('<', b"&lt;"),
    ('>', b"&gt;"),
    ('"', b"&quot;"),
    ('"', b"&#34;"),
    ('\'', b"&apos;"),
    ('\'', b"&#39;"),
    ('\'', b"&#x27;"),
    ('/', b"&#x2F;"),
];

/// `text` with every occurrence of a secret, in every common encoding, replaced by `mark`.
#[must_use]
pub fn replace(secret: &Secret, mark: &str, text: Vec<u8>) -> Vec<u8> {
    Scrubber::new(std::iter::once(secret)).marked(text, mark.as_bytes())
}

/// Whether letter case counts.
#[derive(Clone, Copy)]
enum Case {
    /// It does not: providers change it, and a secret in capitals is still one.
    Either,
    /// It does: in base64 other letters are other data.
    Exact,
}

/// One form in which a secret may occur.
enum Pattern<'a> {
    /// The value itself.
    Plain(&'a str),
    /// The value in hexadecimal.
    Hex(&'a str),
    /// The value in base64, or what is certain of it inside a longer base64 text.
    Base64(Zeroizing<String>),
    /// The value in UTF-16.
    Wide(Zeroizing<Vec<u8>>),
}

/// Finds and removes one request's secrets.
pub(crate) struct Scrubber<'a> {
    patterns: Vec<Pattern<'a>>,
    /// Which patterns can start with a byte, as bits: most positions of a body are passed by with one look here.
    /// On the heap, since the scrubber is kept in a request's future while the provider takes its time.
    starts: Box<[u64; 256]>,
}

impl<'a> Scrubber<'a> {
    pub(crate) fn new(secrets: impl Iterator<Item = &'a Secret>) -> Self {
        let patterns: Vec<_> =
            secrets.map(Secret::reveal).filter(|value| !value.is_empty()).flat_map(patterns_of).collect();
        let mut starts = Box::new([0; 256]);
        for (index, pattern) in patterns.iter().enumerate() {
            pattern.first_bytes(|byte| {
                if let Some(bits) = starts.get_mut(usize::from(byte)) {
                    *bits |= bit(index);
                }
            });
        }
        Self { patterns, starts }
    }

    /// `text` with every occurrence replaced; occurrences that overlap are replaced together.
    pub(crate) fn scrub(&self, text: Vec<u8>) -> Vec<u8> {
        self.marked(text, MARK)
    }

    fn marked(&self, text: Vec<u8>, mark: &[u8]) -> Vec<u8> {
        let found = self.find(&text);
        if found.is_empty() {
            return text;
        }
        let mut clean = Vec::with_capacity(text.len());
        let mut kept_from = 0;
        for (start, end) in found {
            clean.extend_from_slice(text.get(kept_from..start).unwrap_or_default());
            clean.extend_from_slice(mark);
            kept_from = end;
        }
        clean.extend_from_slice(text.get(kept_from..).unwrap_or_default());
        clean
    }

    /// Whether a header's name holds a secret. Names come in lower case, so case does not count in base64 either.
    pub(crate) fn is_in_name(&self, name: &str) -> bool {
        let mut readings = Readings::default();
        let text = name.as_bytes();
        (0..text.len()).any(|start| self.longest_match(text, start, Case::Either, &mut readings).is_some())
    }

    /// Start and end of every stretch to be removed, in order, none overlapping another.
    fn find(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        let mut readings = Readings::default();
        for start in 0..text.len() {
            let Some(length) = self.longest_match(text, start, Case::Exact, &mut readings) else { continue };
            match found.last_mut() {
                Some((_, end)) if start < *end => *end = (*end).max(start + length),
                Some(_) | None => found.push((start, start + length)),
            }
        }
        found
    }

    /// Length of the longest occurrence at `start`; `base64` is whether letter case counts in base64.
    fn longest_match(&self, text: &[u8], start: usize, base64: Case, readings: &mut Readings) -> Option<usize> {
        let text = text.get(start..)?;
        let mut bits = self.starts.get(usize::from(*text.first()?)).copied().unwrap_or_default();
        let mut longest = None;
        while bits != 0 {
            let sharing = self.patterns.iter().skip(bits.trailing_zeros() as usize).step_by(64);
            longest = longest.max(sharing.filter_map(|pattern| pattern.matches(text, base64, readings)).max());
            bits &= bits - 1;
        }
        longest
    }
}

/// A pattern's bit; with more than 64 patterns some share one, which costs time and nothing else.
fn bit(index: usize) -> u64 {
    1 << (index % 64)
}

fn patterns_of(value: &str) -> Vec<Pattern<'_>> {
    let mut patterns = vec![Pattern::Plain(value), Pattern::Hex(value)];
    patterns.extend(base64_of(value).into_iter().map(Pattern::Base64));
    patterns.extend(utf16_of(value).map(Pattern::Wide));
    patterns
}

impl Pattern<'_> {
    /// Length of the longest occurrence at the start of `text`; `base64` is whether letter case counts in base64.
    fn matches(&self, text: &[u8], base64: Case, readings: &mut Readings) -> Option<usize> {
        match self {
            Self::Plain(value) => readings.longest(text, value, Case::Either),
            Self::Hex(value) => match_hex(text, value),
            Self::Base64(encoded) => readings.longest(text, encoded, base64),
            Self::Wide(bytes) => text.starts_with(bytes).then_some(bytes.len()),
        }
    }

    /// Calls `mark` with every byte that an occurrence can start with, and perhaps with others.
    fn first_bytes(&self, mut mark: impl FnMut(u8)) {
        let first = match self {
            Self::Plain(text) | Self::Hex(text) => text.bytes().next(),
            Self::Base64(text) => text.bytes().next(),
            Self::Wide(bytes) => bytes.first().copied(),
        };
        let first = first.unwrap_or_default();
        if let Self::Hex(_) = self {
            b"0123456789abcdefABCDEF"
                .iter()
                .filter(|byte| hex_digit(**byte) == Some(first >> 4))
                .for_each(|b| mark(*b));
            return;
        }
        mark(first.to_ascii_lowercase());
        mark(first.to_ascii_uppercase());
        ESCAPES.into_iter().for_each(mark);
    }
}

/// The value in base64, alone and as the middle of something longer.
fn base64_of(value: &str) -> Vec<Zeroizing<String>> {
    let encode = |engine| {
        let padded: String = Engine::encode(engine, value);
        let bare = padded.trim_end_matches('=').to_owned();
        let inner = (0..3).map(move |offset| inner_base64(engine, value, offset));
        inner.chain([padded, bare].map(Zeroizing::new))
    };
    let mut encoded: Vec<_> = [&STANDARD, &URL_SAFE].into_iter().flat_map(encode).collect();
    encoded.sort_unstable_by(|a, b| a.as_str().cmp(b));
    encoded.dedup();
    encoded
}

/// The base64 characters that depend on the value alone when `offset` other bytes stand before it, and any after it.
fn inner_base64(engine: &impl Engine, value: &str, offset: usize) -> Zeroizing<String> {
    let mut shifted = Zeroizing::new(vec![0; offset]);
    shifted.extend_from_slice(value.as_bytes());
    let text = Zeroizing::new(engine.encode(shifted.as_slice()));
    // A character carries six bits: the first one wholly the value's, and the last one.
    let first = (8 * offset).div_ceil(6);
    let last = 8 * (offset + value.len()) / 6;
    Zeroizing::new(text.get(first..last).unwrap_or_default().to_owned())
}

fn utf16_of(value: &str) -> [Zeroizing<Vec<u8>>; 2] {
    [u16::to_le_bytes, u16::to_be_bytes]
        .map(|to_bytes| Zeroizing::new(value.encode_utf16().flat_map(to_bytes).collect()))
}

/// Length of the value in hexadecimal, in either letter case, at the start of `text`.
fn match_hex(text: &[u8], value: &str) -> Option<usize> {
    let mut digits = text.iter().map(|byte| hex_digit(*byte));
    let same = value
        .bytes()
        .all(|byte| digits.next().flatten() == Some(byte >> 4) && digits.next().flatten() == Some(byte & 15));
    same.then_some(2 * value.len())
}

/// The ways to read a text: spellings are ambiguous (`%25` is an escape and three plain characters), so the set of
/// places where the next character may start is kept. Kept between searches for its memory only.
#[derive(Default)]
struct Readings {
    ends: Vec<usize>,
    next: Vec<usize>,
}

impl Readings {
    /// Length of `value` at the start of `text`, each character in any spelling; the longest, where several fit.
    fn longest(&mut self, text: &[u8], value: &str, case: Case) -> Option<usize> {
        if surely_differs(text, value) {
            return None;
        }
        self.ends.clear();
        self.ends.push(0);
        for wanted in value.chars() {
            self.next.clear();
            for end in &self.ends {
                let rest = text.get(*end..).unwrap_or_default();
                spellings(rest, (wanted, case), |length| self.next.push(*end + length));
            }
            if self.next.is_empty() {
                return None;
            }
            self.next.sort_unstable();
            self.next.dedup();
            std::mem::swap(&mut self.ends, &mut self.next);
        }
        self.ends.last().copied()
    }
}

/// Whether `text` differs from the value before anything in it may be an escape: a quick look that ends most searches.
fn surely_differs(text: &[u8], value: &str) -> bool {
    let mut pairs = text.iter().zip(value.bytes()).take_while(|(found, _)| !ESCAPES.contains(found));
    pairs.any(|(found, wanted)| !found.eq_ignore_ascii_case(&wanted))
}

/// Calls `found` with the length of every spelling of `wanted` that `text` starts with.
fn spellings(text: &[u8], (wanted, case): (char, Case), mut found: impl FnMut(usize)) {
    let first = text.first().copied().unwrap_or_default();
    if let Some(length) = match_utf8(text, wanted, case) {
        found(length);
    }
    // `%25` has been read as an escaped `%` above; it may also be a plain one before `25`.
    if first == b'%' && wanted == '%' || first == b'+' && wanted == ' ' {
        found(1);
    }
    if first == b'\\' {
        match_json(text, wanted).into_iter().for_each(&mut found);
    }
    if first == b'&' {
        let entities = HTML.iter().filter(|(plain, entity)| *plain == wanted && text.starts_with(entity));
        entities.for_each(|(_, entity)| found(entity.len()));
    }
}

/// The character's UTF-8 bytes, each plain or percent-encoded.
fn match_utf8(text: &[u8], wanted: char, case: Case) -> Option<usize> {
    let mut buffer = [0; 4];
    let mut rest = text;
    for byte in wanted.encode_utf8(&mut buffer).bytes() {
        rest = match rest {
            [b'%', high, low, after @ ..] if hex_byte(*high, *low) == Some(byte) => after,
            [plain, after @ ..] if same_letter(*plain, byte, case) => after,
            _ => return None,
        };
    }
    Some(text.len() - rest.len())
}

fn same_letter(one: u8, other: u8, case: Case) -> bool {
    match case {
        Case::Either => one.eq_ignore_ascii_case(&other),
        Case::Exact => one == other,
    }
}

fn match_json(text: &[u8], wanted: char) -> Option<usize> {
    let mut units = [0; 2];
    let mut rest = text;
    for unit in wanted.encode_utf16(&mut units) {
        rest = match rest {
            [b'\\', b'u' | b'U', a, b, c, d, after @ ..]
                if hex_byte(*a, *b).zip(hex_byte(*c, *d)).map(|(high, low)| u16::from_be_bytes([high, low]))
                    == Some(*unit) =>
            {
                after
            }
            [b'\\', escaped @ (b'"' | b'\\' | b'/'), after @ ..] if u16::from(*escaped) == *unit => after,
            _ => return None,
        };
    }
    Some(text.len() - rest.len())
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    Some(hex_digit(high)? << 4 | hex_digit(low)?)
}

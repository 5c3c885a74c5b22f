//! Options in the key: `KEY__capsolver__platformOnly`. Programs that have no place for an option have one for the key.

use capstan_domain::code::ErrorCode;
use capstan_domain::dialect::Dialect;
use capstan_domain::route::{PoolMode, SelectionMode};

use crate::tasks::{Options, Refusal};

/// Between the key and each option. A key itself has single underscores only.
const SEPARATOR: &str = "__";
/// Before a provider's name.
const PROVIDER: &str = "provider_";

/// A key and what was said behind it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Suffixed<'t> {
    /// The key itself.
    pub key: &'t str,
    /// The dialect asked for.
    pub dialect: Option<Dialect>,
    /// How tasks are to be routed.
    pub options: Options,
}

/// Takes a key apart. The dialect is told as far as it was read, also when another word is refused, so that the refusal
/// can be written in it.
pub(super) fn read(text: &str) -> (Suffixed<'_>, Option<Refusal>) {
    let mut parts = text.split(SEPARATOR);
    let mut read = Suffixed { key: parts.next().unwrap_or_default(), ..Suffixed::default() };
    let mut refusal = None;
    for word in parts {
        if let Err(refused) = take(&mut read, word) {
            refusal.get_or_insert(refused);
        }
    }
    (read, refusal)
}

fn take(read: &mut Suffixed<'_>, word: &str) -> Result<(), Refusal> {
    let options = &mut read.options;
    let provider = word.get(..PROVIDER.len()).filter(|start| start.eq_ignore_ascii_case(PROVIDER));
    if let Some(dialect) = Dialect::from_word(word) {
        return set(&mut read.dialect, dialect, word);
    }
    if let Some(pool) = PoolMode::from_word(word) {
        return set(&mut options.pool, pool, word);
    }
    if let Some(mode) = SelectionMode::from_word(word) {
        return set(&mut options.mode, mode, word);
    }
    if let Some(name) = provider.and_then(|start| word.get(start.len()..)).filter(|name| !name.is_empty()) {
        return set(&mut options.provider, name.to_owned(), word);
    }
    Err(refused(word, "is no option"))
}

/// Each kind of option can be said once: of two, none would be the first to speak.
fn set<T: PartialEq>(place: &mut Option<T>, value: T, word: &str) -> Result<(), Refusal> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(refused(word, "says again what another one says")),
    }
}

fn refused(word: &str, why: &str) -> Refusal {
    let word: String = word.chars().filter(|c| !c.is_control()).take(40).collect();
    let modes = SelectionMode::ALL.iter().map(|(mode, _)| *mode);
    let known: Vec<&str> = Dialect::ALL
        .iter()
        .map(|(dialect, _)| *dialect)
        .chain(PoolMode::ALL.iter().map(|(pool, _)| *pool))
        .chain(modes)
        .collect();
    Refusal::new(
        ErrorCode::InvalidTaskData,
        format!(
            "clientKey: the suffix {word:?} {why}; behind the key, each after {SEPARATOR}, can be {} and \
                 {PROVIDER}NAME",
            known.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_ride_behind_the_key() {
        let (read, refusal) = read("cap_a_b__CapSolver__platformonly__autoFastest__provider_anti-captcha");
        assert_eq!(refusal, None);
        assert_eq!((read.key, read.dialect), ("cap_a_b", Some(Dialect::CapSolver)));
        let options = Options {
            mode: Some(SelectionMode::AutoFastest),
            pool: Some(PoolMode::PlatformOnly),
            provider: Some("anti-captcha".to_owned()),
        };
        assert_eq!(read.options, options);
        assert_eq!(super::read("cap_a_b").0, Suffixed { key: "cap_a_b", ..Suffixed::default() });
    }

    #[test]
    fn an_unknown_or_doubled_option_is_named_and_the_key_is_not() {
        for (text, word) in [
            ("cap_secret__fast", "\"fast\""),
            ("cap_secret__", "\"\""),
            ("cap_secret__all__platformOnly", "\"platformOnly\""),
            ("cap_secret__provider_", "\"provider_\""),
            ("cap_secret__capsolver__anysolver", "\"anysolver\""),
        ] {
            let detail = read(text).1.unwrap().detail;
            assert!(detail.contains(word) && !detail.contains("cap_secret"), "{text}: {detail}");
        }
    }

    #[test]
    fn the_dialect_is_told_beside_a_refusal() {
        let (read, refusal) = read("k__nonsense__capsolver");
        assert_eq!((read.dialect, refusal.is_some()), (Some(Dialect::CapSolver), true));
    }
}

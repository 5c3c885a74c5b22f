//! The list that the product comes with. Operators switch off what does not suit them; the list itself is
//! `default_rules.txt`, whose head says what belongs there.

use super::pattern::{BadPattern, Pattern};

/// A line of the list that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDefault {
    /// Its pattern.
    #[error("line {line} of the default rules")]
    Pattern {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: BadPattern,
    },
    /// It has no reason.
    #[error("line {line} of the default rules says no reason")]
    Reason {
        /// Which line, from 1.
        line: usize,
    },
}

/// What is refused unless the operator says otherwise, each with its reason.
///
/// # Errors
/// [`BadDefault`], for the first line that is no rule.
pub fn default_rules() -> Result<Vec<(Pattern, &'static str)>, BadDefault> {
    read(include_str!("default_rules.txt"))
}

fn read(text: &str) -> Result<Vec<(Pattern, &str)>, BadDefault> {
    let lines = text.lines().map(str::trim).enumerate().map(|(index, text)| (index + 1, text));
    lines.filter(|(_, text)| !text.is_empty() && !text.starts_with('#')).map(|(line, text)| rule(line, text)).collect()
}

fn rule(line: usize, text: &str) -> Result<(Pattern, &str), BadDefault> {
    let (pattern, reason) = text.split_once('|').unwrap_or((text, ""));
    let pattern = Pattern::read(pattern).map_err(|source| BadDefault::Pattern { line, source })?;
    let reason = reason.trim();
    if reason.is_empty() { Err(BadDefault::Reason { line }) } else { Ok((pattern, reason)) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{BadDefault, default_rules, read};

    #[test]
    fn every_default_rule_is_read_has_its_reason_and_is_there_once() {
        let rules = default_rules().unwrap();
        let distinct: HashSet<&str> = rules.iter().map(|(pattern, _)| pattern.as_str()).collect();
        assert!(rules.len() >= 100 && distinct.len() == rules.len(), "{} of {}", distinct.len(), rules.len());
        for (pattern, reason) in &rules {
            assert!((7..=100).contains(&reason.chars().count()), "{pattern}: {reason}");
        }
    }

    #[test]
    fn a_line_that_is_no_rule_is_named() {
        assert_eq!(read("# head\n\nexample.com").unwrap_err(), BadDefault::Reason { line: 3 });
        assert!(matches!(read("co.uk | too much").unwrap_err(), BadDefault::Pattern { line: 1, .. }));
    }
}

//! What an API key may be used for, where its owner or the operator has said so.

use url::Url;

use super::pattern::{BadPattern, Pattern, Place, plain_host};

/// The sites of a key. A key that has none of its own may be used wherever site policy lets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDomains {
    patterns: Vec<Pattern>,
    without_url: bool,
}

/// Why a list is none of a key's domains.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDomains {
    /// One of them cannot be read.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
    /// One of them is more than hosts.
    #[error("{0:?} is no domain: write example.com, .example.com or host:www.example.com")]
    NoHost(String),
}

impl KeyDomains {
    /// Reads a key's domains. `without_url` is whether tasks that name no site, such as pictures, are allowed.
    ///
    /// # Errors
    /// [`BadDomains`], for the first that cannot be.
    pub fn read<'t>(texts: impl IntoIterator<Item = &'t str>, without_url: bool) -> Result<Self, BadDomains> {
        Self::of(texts, without_url, Pattern::read)
    }

    /// Reads a key's domains as they were stored: one of them may be a public suffix by now.
    ///
    /// # Errors
    /// [`BadDomains`], for the first that cannot be.
    pub fn read_stored<'t>(texts: impl IntoIterator<Item = &'t str>, without_url: bool) -> Result<Self, BadDomains> {
        Self::of(texts, without_url, Pattern::read_stored)
    }

    fn of<'t>(
        texts: impl IntoIterator<Item = &'t str>,
        without_url: bool,
        pattern: fn(&str) -> Result<Pattern, BadPattern>,
    ) -> Result<Self, BadDomains> {
        let read = |text: &str| {
            let pattern = pattern(text)?;
            if pattern.is_of_hosts() { Ok(pattern) } else { Err(BadDomains::NoHost(pattern.as_str().to_owned())) }
        };
        let patterns = texts.into_iter().map(read).collect::<Result<_, BadDomains>>()?;
        Ok(Self { patterns, without_url })
    }

    /// Domains of a key that may be used for nothing: what stands in for a list that cannot be read.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { patterns: Vec::new(), without_url: false }
    }

    /// The domains in their one spelling.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(Pattern::as_str)
    }

    /// Why a task for these pages is none of the key's, for the client; `None` when it is one. Every page must be the key's:
    /// a task is for each of them.
    #[must_use]
    pub fn refusal(&self, pages: &[Url]) -> Option<String> {
        let covers = |site: &Url| {
            Place::of(site).is_some_and(|place| self.patterns.iter().any(|pattern| pattern.fits(&place).is_some()))
        };
        if pages.is_empty() && !self.without_url {
            return Some(format!("The key may be used for {} only, and the task names no site.", self.told()));
        }
        let other = pages.iter().find(|page| !covers(page))?;
        let host = plain_host(other).unwrap_or_else(|| "a site without a host".to_owned());
        Some(format!("The key may be used for {} only, and the task names {host}.", self.told()))
    }

    fn told(&self) -> String {
        let names: Vec<&str> = self.names().collect();
        if names.is_empty() { "no site".to_owned() } else { names.join(", ") }
    }
}

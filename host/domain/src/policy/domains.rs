//! Lists of sites: what an API key may be used for, where its owner or the operator has said so, and what a contributor keeps
//! a credential from.

use url::Url;

use super::pattern::{BadPattern, Pattern, Place, plain_host};

/// Sites, each with what is below it unless it says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteList {
    patterns: Vec<Pattern>,
}

/// Sites that a task names, read once for many lists.
#[derive(Debug, Default)]
pub struct Places<'u>(Vec<Place<'u>>);

impl<'u> Places<'u> {
    /// Of these addresses; one without a host is no site.
    #[must_use]
    pub fn of(sites: &'u [Url]) -> Self {
        Self(sites.iter().filter_map(Place::of).collect())
    }
}

impl SiteList {
    /// Reads a list as people write it.
    ///
    /// # Errors
    /// [`BadDomains`], for the first that cannot be read.
    pub fn read<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, BadDomains> {
        Self::with(texts, Pattern::read)
    }

    /// Reads a list as it was stored: one of them may be a public suffix by now.
    ///
    /// # Errors
    /// [`BadDomains`], for the first that cannot be read.
    pub fn read_stored<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, BadDomains> {
        Self::with(texts, Pattern::read_stored)
    }

    fn with<'t>(
        texts: impl IntoIterator<Item = &'t str>,
        pattern: fn(&str) -> Result<Pattern, BadPattern>,
    ) -> Result<Self, BadDomains> {
        let read = |text: &str| {
            let pattern = pattern(text)?;
            if pattern.is_of_hosts() { Ok(pattern) } else { Err(BadDomains::NoHost(pattern.as_str().to_owned())) }
        };
        Ok(Self { patterns: texts.into_iter().map(read).collect::<Result<_, BadDomains>>()? })
    }

    /// The sites in their one spelling.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(Pattern::as_str)
    }

    /// Whether it names any of these.
    #[must_use]
    pub fn names(&self, places: &Places<'_>) -> bool {
        places.0.iter().any(|place| self.covers(place))
    }

    fn covers(&self, place: &Place<'_>) -> bool {
        self.patterns.iter().any(|pattern| pattern.fits(place).is_some())
    }
}

/// The sites of a key. A key that has none of its own may be used wherever site policy lets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDomains {
    sites: SiteList,
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
        Ok(Self { sites: SiteList::read(texts)?, without_url })
    }

    /// Reads a key's domains as they were stored: one of them may be a public suffix by now.
    ///
    /// # Errors
    /// [`BadDomains`], for the first that cannot be.
    pub fn read_stored<'t>(texts: impl IntoIterator<Item = &'t str>, without_url: bool) -> Result<Self, BadDomains> {
        Ok(Self { sites: SiteList::read_stored(texts)?, without_url })
    }

    /// Domains of a key that may be used for nothing: what stands in for a list that cannot be read.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { sites: SiteList { patterns: Vec::new() }, without_url: false }
    }

    /// The domains in their one spelling.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sites.texts()
    }

    /// Why a task for these pages is none of the key's, for the client; `None` when it is one. Every page must be the key's:
    /// a task is for each of them.
    #[must_use]
    pub fn refusal(&self, pages: &[Url]) -> Option<String> {
        let covers = |site: &Url| Place::of(site).is_some_and(|place| self.sites.covers(&place));
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

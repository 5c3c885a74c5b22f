//! Which sites and site keys a task names. Site policy judges each of them, so they are looked for in every form in which a
//! service would take them.

use std::collections::HashSet;
// Not of `std`: an address is a number here, and there is no socket in `core`.
use core::net::Ipv4Addr;

use serde_json::{Map, Value};
use url::{Host, Url};

use super::fields::{Address, Field, Kind, bare};
use super::read::MAX_URL_BYTES;
use super::{SITE_KEYS, TaskError};
use crate::policy::{MAX_HOST_BYTES, has_known_suffix, plain_host};

/// Most addresses that differ in host or path, and most site keys: each is judged against every rule above it.
const MOST: usize = 50;
/// Texts that are JSON are opened so many times inside of each other.
const MAX_TEXTS_IN_TEXTS: usize = 4;
/// Further names, in bare form, under which services take a site key in parameters that nobody else knows.
const MORE_SITE_KEYS: [&str; 8] =
    ["sitekey", "datasitekey", "googlekey", "publickey", "captchakey", "captchaappid", "awskey", "pk"];
/// Names the browser that asks, in its makers' own words, which may hold an address.
const USER_AGENT: &str = "useragent";

/// What a task names.
#[derive(Default)]
pub(super) struct Sites {
    pub(super) all: Vec<Url>,
    pub(super) pages: Vec<Url>,
    pub(super) keys: Vec<String>,
    /// Host and path, which are what rules are about.
    seen: HashSet<(String, String)>,
}

/// More than can be judged: what there may be at most, as a phrase.
#[derive(Debug)]
pub(super) struct TooMuch(String);

impl TooMuch {
    /// The error of the parameter that it was found in.
    pub(super) fn of(self, field: String) -> TaskError {
        TaskError::Bad { field, found: "too much to be judged".to_owned(), expected: self.0 }
    }
}

impl Sites {
    /// Takes what a parameter in canonical form names.
    pub(super) fn read_field(&mut self, field: &Field, value: &Value) -> Result<(), TooMuch> {
        if matches!(field.kind, Kind::Url | Kind::Urls(_)) {
            let urls = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let is_page = field.address == Address::Page;
            let mut urls = urls.iter().filter_map(Value::as_str).filter_map(whole);
            return urls.try_for_each(|url| self.add(url, is_page));
        }
        if field.kind == Kind::Object {
            return self.scan(value, (false, 0));
        }
        let Some(text) = value.as_str() else { return Ok(()) };
        if field.kind == Kind::JsonText {
            return self.scan_text(text, (false, 0));
        }
        if field.address == Address::None { Ok(()) } else { self.read_address(text) }
    }

    /// Takes the site keys that are parameters, before those inside of others.
    pub(super) fn read_keys(&mut self, parameters: &Map<String, Value>) -> Result<(), TooMuch> {
        let inner = std::mem::take(&mut self.keys);
        SITE_KEYS.iter().filter_map(|name| parameters.get(*name)).try_for_each(|value| self.add_key(value))?;
        inner.into_iter().try_for_each(|key| self.add_key(&Value::from(key)))
    }

    /// Takes every address and site key in a parameter that nobody but its service knows.
    pub(super) fn read_passed(&mut self, name: &str, value: &Value) -> Result<(), TooMuch> {
        self.member((name, value), (true, 0))
    }

    fn member(&mut self, (name, value): (&str, &Value), how: (bool, usize)) -> Result<(), TooMuch> {
        let plain = bare(name);
        if plain == USER_AGENT {
            return Ok(());
        }
        if let Some(url) = whole(name) {
            self.add(url, how.0)?;
        }
        if MORE_SITE_KEYS.contains(&plain.as_str()) || SITE_KEYS.iter().any(|key| key.eq_ignore_ascii_case(&plain)) {
            self.add_key(value)?;
        }
        self.scan(value, how)
    }

    /// `how`: whether what is found is a page, and in how many texts the value is.
    fn scan(&mut self, value: &Value, how: (bool, usize)) -> Result<(), TooMuch> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
            Value::String(text) => self.scan_text(text, how),
            Value::Array(list) => list.iter().try_for_each(|item| self.scan(item, how)),
            Value::Object(map) => map.iter().try_for_each(|(name, item)| self.member((name, item), how)),
        }
    }

    fn scan_text(&mut self, text: &str, (is_page, texts): (bool, usize)) -> Result<(), TooMuch> {
        let text = text.trim();
        if texts < MAX_TEXTS_IN_TEXTS
            && text.starts_with(['{', '[', '"'])
            && let Ok(value) = serde_json::from_str::<Value>(text)
        {
            return self.scan(&value, (is_page, texts + 1));
        }
        if let Some(url) = whole(text) {
            self.add(url, is_page)?;
            // Blanks belong to no address, so that there may be several.
            if !text.contains(char::is_whitespace) {
                return Ok(());
            }
        }
        let is_between = |c: char| c.is_whitespace() || ",;|\"'`<>(){}=&".contains(c);
        text.split(is_between).try_for_each(|word| self.scan_word(word, is_page))
    }

    fn scan_word(&mut self, word: &str, is_page: bool) -> Result<(), TooMuch> {
        let word = word.trim_start_matches('.').trim_end_matches(['.', ':', '!']);
        if let Some(url) = whole(word) {
            return self.add(url, is_page);
        }
        let starts = starts_of_urls(word);
        if starts.is_empty() {
            return host_like(word, false).map_or(Ok(()), |url| self.add(url, is_page));
        }
        let ends = starts.iter().skip(1).copied().chain([word.len()]);
        let urls = starts.iter().zip(ends).filter_map(|(start, end)| whole(word.get(*start..end)?));
        urls.collect::<Vec<_>>().into_iter().try_for_each(|url| self.add(url, is_page))
    }

    /// Takes a text that is known to be an address: whole, a host, or one relative to the page.
    fn read_address(&mut self, text: &str) -> Result<(), TooMuch> {
        let before = self.all.len();
        self.scan_text(text, (false, 0))?;
        let text = text.trim();
        if self.all.len() > before || text.is_empty() || text.len() > MAX_URL_BYTES || text.starts_with(['{', '[', '"'])
        {
            return Ok(());
        }
        if let Some(url) = host_like(text, true) {
            self.add(url, false)?;
        }
        let joined = self.pages.first().and_then(|page| page.join(text).ok());
        joined.filter(is_web).map_or(Ok(()), |url| self.add(url, false))
    }

    fn add(&mut self, url: Url, is_page: bool) -> Result<(), TooMuch> {
        let Some(host) = plain_host(&url) else { return Ok(()) };
        if host.len() > MAX_HOST_BYTES {
            return Err(TooMuch(format!("such that every host that it names has at most {MAX_HOST_BYTES} bytes")));
        }
        if !self.seen.insert((host, url.path().to_owned())) {
            return Ok(());
        }
        if self.all.len() >= MOST {
            return Err(TooMuch(format!("such that the task names at most {MOST} addresses")));
        }
        if is_page {
            self.pages.push(url.clone());
        }
        self.all.push(url);
        Ok(())
    }

    fn add_key(&mut self, value: &Value) -> Result<(), TooMuch> {
        let key = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Ok(()),
        };
        if key.is_empty() || self.keys.contains(&key) {
            return Ok(());
        }
        if self.keys.len() >= MOST {
            return Err(TooMuch(format!("such that the task names at most {MOST} site keys")));
        }
        self.keys.push(key);
        Ok(())
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// A whole `http` or `https` URL.
fn whole(text: &str) -> Option<Url> {
    Url::parse(text.trim()).ok().filter(is_web)
}

/// Where in a word addresses begin that have their scheme.
fn starts_of_urls(word: &str) -> Vec<usize> {
    let lower = word.to_ascii_lowercase();
    let is_start = |index: &usize| {
        let rest = lower.get(*index..).and_then(|rest| rest.strip_prefix("http")).unwrap_or_default();
        let rest = rest.strip_prefix('s').unwrap_or(rest);
        rest.strip_prefix(':').is_some_and(|rest| rest.starts_with(['/', '\\']))
    };
    lower.match_indices("http").map(|(index, _)| index).filter(is_start).collect()
}

/// An address without its scheme: `//host/path`, `host/path`, or a host. What is known to be an address may have any name
/// with a dot as its host, or an IPv4 address alone; elsewhere the name must end as public names do, since words with a dot
/// are many.
fn host_like(text: &str, is_address: bool) -> Option<Url> {
    let rest = text.strip_prefix(['/', '\\']).and_then(|rest| rest.strip_prefix(['/', '\\']));
    let (rest, is_marked) = rest.map_or((text, false), |rest| (rest, true));
    let (authority, path) = rest.split_at_checked(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()))?;
    let is_mail = authority.contains('@') && path.is_empty() && !is_marked;
    if authority.is_empty() || is_mail {
        return None;
    }
    let url = Url::parse(&format!("https://{rest}")).ok()?;
    let is_host = match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let has_labels = name.contains('.') && !name.split('.').any(str::is_empty);
            has_labels && (is_address || is_marked || has_known_suffix(name))
        }
        // Numbers with dots are mostly versions.
        Host::Ipv4(_) => {
            let host = authority.rsplit('@').next().and_then(|host| host.split(':').next());
            let is_plain = host.is_some_and(|host| host.parse::<Ipv4Addr>().is_ok());
            is_marked || (is_plain && (is_address || !path.is_empty()))
        }
        Host::Ipv6(_) => true,
    };
    is_host.then_some(url)
}

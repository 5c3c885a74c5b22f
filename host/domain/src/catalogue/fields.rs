//! Parameters and how they are read: leniently in form, strictly in value.

use serde_json::Value;

use super::read::{self, Misread};

/// How a value is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// May be stored and shown.
    Plain,
    /// May name a person (images, free text): deleted with the payload.
    Personal,
    /// Opens something (cookies, passwords): never written, never logged.
    Secret,
}

/// What a parameter's value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole `http` or `https` URL.
    Url,
    /// Text of at most so many bytes.
    Text(usize),
    /// True or false.
    Flag,
    /// A whole number in this range.
    Integer(i64, i64),
    /// A number in this range.
    Number(f64, f64),
    /// A JSON object.
    Object,
    /// One of these words; letter case, `_` and `-` do not count.
    Choice(&'static [&'static str]),
    /// A JSON object, or its text; canonical is the text.
    JsonText,
    /// At most so many whole numbers, as a list or its text.
    Integers(usize),
    /// At most so many whole `http` or `https` URLs, as a list; one is a list of one.
    Urls(usize),
    /// A JPG, PNG or GIF in base64.
    Image,
    /// At most so many images, as a list; one is a list of one.
    Images(usize),
    /// A recording in base64.
    Audio,
    /// Cookies: text `a=1; b=2`, or an object of names and values.
    Cookies,
}

/// Whether a parameter names a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// It names none.
    None,
    /// The site that the task is for.
    Page,
    /// Another, such as a script's: a URL, or a text that may be a host, relative to the page, or JSON that holds addresses.
    Other,
}

/// A parameter of a family.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Canonical name.
    pub name: &'static str,
    /// Other names that services use for it. One with a dot is looked for in that object only: `metadata.type`.
    pub also: &'static [&'static str],
    /// What its value must be.
    pub kind: Kind,
    /// Whether it names a site; URLs do.
    pub address: Address,
    /// Whether it must be given.
    pub required: bool,
    /// How it is to be kept.
    pub class: Class,
    /// What it means.
    pub about: &'static str,
}

impl Field {
    /// A parameter that must be given.
    #[must_use]
    pub const fn required(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, also: &[], kind, address: address_of(kind), required: true, class: Class::Plain, about }
    }

    /// A parameter that may be given.
    #[must_use]
    pub const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { required: false, ..Self::required(name, kind, about) }
    }

    /// The same parameter under further names.
    #[must_use]
    pub const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    /// The same parameter in another class.
    #[must_use]
    pub const fn class(self, class: Class) -> Self {
        Self { class, ..self }
    }

    /// The same parameter, which names the site that the task is for.
    #[must_use]
    pub const fn page(self) -> Self {
        Self { address: Address::Page, ..self }
    }

    /// The same parameter, which may be an address or hold some.
    #[must_use]
    pub const fn address(self) -> Self {
        Self { address: Address::Other, ..self }
    }

    /// The same parameter, which must be given.
    #[must_use]
    pub const fn needed(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same parameter, which may be given.
    #[must_use]
    pub const fn unneeded(self) -> Self {
        Self { required: false, ..self }
    }

    /// The canonical name first, then the others.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.also.iter().copied())
    }

    /// Whether clients send this value to mean "not given".
    #[must_use]
    pub fn is_placeholder(&self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            Value::Bool(given) => !given && self.kind != Kind::Flag,
            Value::Object(map) => map.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Number(_) => false,
        }
    }

    /// The canonical value.
    ///
    /// # Errors
    /// [`Misread`]: what the field must be instead.
    pub fn read(&self, value: &Value) -> Result<Value, Misread> {
        read::value(self.kind, value)
    }
}

const fn address_of(kind: Kind) -> Address {
    match kind {
        Kind::Url | Kind::Urls(_) => Address::Other,
        Kind::Text(_)
        | Kind::Flag
        | Kind::Integer(..)
        | Kind::Number(..)
        | Kind::Object
        | Kind::Choice(_)
        | Kind::JsonText
        | Kind::Integers(_)
        | Kind::Image
        | Kind::Images(_)
        | Kind::Audio
        | Kind::Cookies => Address::None,
    }
}

/// A name without what does not count in it: lower case, letters and digits only.
#[must_use]
pub fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

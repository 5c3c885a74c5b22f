//! Parameters and how they are read: leniently in form, strictly in value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use url::Url;

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
    /// A JPG, PNG or GIF in base64.
    Image,
    /// Cookies: text `a=1; b=2`, or an object of names and values.
    Cookies,
}

/// A parameter of a family.
#[derive(Debug)]
pub struct Field {
    /// Canonical name.
    pub name: &'static str,
    /// Other names that services use for it.
    pub also: &'static [&'static str],
    /// What its value must be.
    pub kind: Kind,
    /// Whether it must be given.
    pub required: bool,
    /// How it is to be kept.
    pub class: Class,
    /// What it means.
    pub about: &'static str,
}

/// Smallest image that a service accepts, in bytes.
const MIN_IMAGE_BYTES: usize = 100;
/// Largest image that every service accepts, in bytes.
const MAX_IMAGE_BYTES: usize = 500_000;
/// Longest URL.
const MAX_URL_BYTES: usize = 8 * 1024;
/// Largest object, as text.
const MAX_OBJECT_BYTES: usize = 64 * 1024;

impl Field {
    /// A parameter that must be given.
    #[must_use]
    pub const fn required(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, also: &[], kind, required: true, class: Class::Plain, about }
    }

    /// A parameter that may be given.
    #[must_use]
    pub const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, also: &[], kind, required: false, class: Class::Plain, about }
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

    /// Whether a client's spelling means this parameter: letter case, `_` and `-` do not count.
    #[must_use]
    pub fn is_spelled(&self, key: &str) -> bool {
        let key = bare(key);
        bare(self.name) == key || self.also.iter().any(|n| bare(n) == key)
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

    /// The canonical value, or what was expected instead.
    ///
    /// # Errors
    /// What the field must be, as a phrase.
    pub fn read(&self, value: &Value) -> Result<Value, String> {
        match self.kind {
            Kind::Url => read_url(value),
            Kind::Text(most) => read_text(value, most),
            Kind::Flag => read_flag(value),
            Kind::Integer(least, most) => read_integer(value, least, most),
            Kind::Number(least, most) => read_number(value, least, most),
            Kind::Object => read_object(value),
            Kind::Image => read_image(value),
            Kind::Cookies => read_cookies(value),
        }
    }
}

/// A name without what does not count in it: lower case, letters and digits only.
#[must_use]
pub fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn read_url(value: &Value) -> Result<Value, String> {
    let expected = || "a whole http or https URL".to_owned();
    let text = value.as_str().ok_or_else(expected)?.trim();
    if text.len() > MAX_URL_BYTES {
        return Err(format!("a URL of at most {MAX_URL_BYTES} bytes"));
    }
    let url = Url::parse(text).map_err(|_| expected())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(expected());
    }
    Ok(Value::from(text))
}

fn read_text(value: &Value, most: usize) -> Result<Value, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        // Clients that build JSON from untyped settings send numeric keys and actions as numbers.
        // A fraction has no one text: 1.10 would arrive as 1.1.
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return Err("text".to_owned()),
    };
    if text.len() > most {
        return Err(format!("text of at most {most} bytes"));
    }
    if text.contains('\0') {
        return Err("text without NUL characters".to_owned());
    }
    Ok(Value::from(text))
}

fn read_flag(value: &Value) -> Result<Value, String> {
    let flag = match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(n) => n.as_i64().and_then(|n| match n {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    };
    flag.map(Value::from).ok_or_else(|| "true or false".to_owned())
}

fn read_integer(value: &Value, least: i64, most: i64) -> Result<Value, String> {
    let expected = || format!("a whole number from {least} to {most}");
    let number = match value {
        Value::Number(n) => n.as_i64().or_else(|| whole(n.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        // `case: true` style flags appear where services count 0 and 1.
        Value::Bool(flag) => Some(i64::from(*flag)),
        _ => None,
    };
    number.filter(|n| (least..=most).contains(n)).map(Value::from).ok_or_else(expected)
}

/// A float that is a whole number in the range where floats are exact.
#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and below 2^53")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

fn read_number(value: &Value, least: f64, most: f64) -> Result<Value, String> {
    let expected = || format!("a number from {least} to {most}");
    let number = match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|n| (least..=most).contains(n)).map(Value::from).ok_or_else(expected)
}

fn read_object(value: &Value) -> Result<Value, String> {
    let object = match value {
        Value::Object(_) => value.clone(),
        Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_object).ok_or("a JSON object")?,
        _ => return Err("a JSON object".to_owned()),
    };
    if object.to_string().len() > MAX_OBJECT_BYTES {
        return Err(format!("a JSON object of at most {MAX_OBJECT_BYTES} bytes"));
    }
    Ok(object)
}

fn read_image(value: &Value) -> Result<Value, String> {
    let text = value.as_str().ok_or("an image in base64")?;
    let payload = match text.trim_start().strip_prefix("data:") {
        Some(rest) => rest.split_once(";base64,").ok_or("base64 after the data: prefix")?.1,
        None => text,
    };
    let packed: String = payload.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if packed.len() > MAX_IMAGE_BYTES.div_ceil(3) * 4 {
        return Err(format!("an image of at most {MAX_IMAGE_BYTES} bytes"));
    }
    let bytes = STANDARD.decode(&packed).map_err(|_| "an image in base64 (standard alphabet, padded)")?;
    if !(MIN_IMAGE_BYTES..=MAX_IMAGE_BYTES).contains(&bytes.len()) {
        return Err(format!("an image of {MIN_IMAGE_BYTES} to {MAX_IMAGE_BYTES} bytes"));
    }
    let known: [&[u8]; 4] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"];
    if !known.iter().any(|magic| bytes.starts_with(magic)) {
        return Err("a JPG, PNG or GIF image".to_owned());
    }
    Ok(Value::from(packed))
}

fn read_cookies(value: &Value) -> Result<Value, String> {
    let expected = || "cookies as text a=1; b=2, or as an object".to_owned();
    let pair = |name: &str, value: &Value| value.as_str().map(|v| format!("{name}={v}")).ok_or_else(expected);
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => map.iter().map(|(n, v)| pair(n, v)).collect::<Result<Vec<_>, _>>()?.join("; "),
        Value::Array(list) => {
            let of_entry = |entry: &Value| pair(entry.get("name")?.as_str()?, entry.get("value")?).ok();
            list.iter().map(|e| of_entry(e).ok_or_else(expected)).collect::<Result<Vec<_>, _>>()?.join("; ")
        }
        _ => return Err(expected()),
    };
    if text.len() > MAX_OBJECT_BYTES || text.contains(['\r', '\n', '\0']) {
        return Err(expected());
    }
    Ok(Value::from(text))
}

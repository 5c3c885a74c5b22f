//! How values are read: any form that clients send, and nothing that services would refuse.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use url::Url;

use super::fields::{Kind, bare};
use crate::policy::{MAX_HOST_BYTES, plain_host};

/// Smallest image that a service accepts, in bytes.
const MIN_IMAGE_BYTES: usize = 100;
/// Largest image that every service accepts, in bytes.
const MAX_IMAGE_BYTES: usize = 500_000;
/// Largest recording, in bytes.
const MAX_AUDIO_BYTES: usize = 1_000_000;
/// Longest URL.
pub(super) const MAX_URL_BYTES: usize = 8 * 1024;
/// Largest object, as text.
pub(super) const MAX_OBJECT_BYTES: usize = 64 * 1024;

/// A value that its field does not take: what the field must be, as a phrase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misread {
    /// Of another type or form, or out of range.
    #[error("{0}")]
    Unfit(String),
    /// No readable picture.
    #[error("{0}")]
    ImageCorrupted(String),
    /// A picture of too many bytes.
    #[error("{0}")]
    ImageTooLarge(String),
    /// A picture of too few bytes.
    #[error("{0}")]
    ImageTooSmall(String),
}

impl From<&str> for Misread {
    fn from(expected: &str) -> Self {
        Self::Unfit(expected.to_owned())
    }
}

impl From<String> for Misread {
    fn from(expected: String) -> Self {
        Self::Unfit(expected)
    }
}

/// The canonical value of this kind.
pub(super) fn value(kind: Kind, value: &Value) -> Result<Value, Misread> {
    match kind {
        Kind::Url => Ok(read_url(value)?),
        Kind::Text(most) => Ok(read_text(value, most)?),
        Kind::Flag => Ok(read_flag(value)?),
        Kind::Integer(least, most) => Ok(read_integer(value, least, most)?),
        Kind::Number(least, most) => Ok(read_number(value, least, most)?),
        Kind::Object => Ok(read_object(value)?),
        Kind::Choice(words) => Ok(read_choice(value, words)?),
        Kind::JsonText => {
            Ok(Value::from(read_object(value).map_err(|text| format!("{text}, or its text"))?.to_string()))
        }
        Kind::Integers(most) => {
            let list = value.as_str().and_then(|text| serde_json::from_str(text).ok()).filter(Value::is_array);
            read_list(list.as_ref().unwrap_or(value), most, "whole numbers", |item| {
                Ok(read_integer(item, i64::from(i32::MIN), i64::from(i32::MAX))?)
            })
        }
        Kind::Urls(most) => read_list(value, most, "URLs", |item| Ok(read_url(item)?)),
        Kind::Image => read_image(value),
        Kind::Images(most) => read_list(value, most, "images in base64", read_image),
        Kind::Audio => Ok(read_audio(value)?),
        Kind::Cookies => Ok(read_cookies(value)?),
    }
}

fn read_choice(value: &Value, words: &[&str]) -> Result<Value, String> {
    let expected = || format!("one of {}", words.join(", "));
    let given = match value {
        Value::String(text) => bare(text),
        Value::Number(number) => bare(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(expected()),
    };
    words.iter().find(|word| bare(word) == given).map(|word| Value::from(*word)).ok_or_else(expected)
}

/// A list of at most so many; a single value is a list of one.
fn read_list(
    value: &Value,
    most: usize,
    what: &str,
    read: impl Fn(&Value) -> Result<Value, Misread>,
) -> Result<Value, Misread> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        Value::String(_) => std::slice::from_ref(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => &[],
    };
    if list.is_empty() || list.len() > most {
        return Err(Misread::Unfit(format!("a list of 1 to {most} {what}")));
    }
    list.iter().map(read).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

/// Base64 as clients send it: plain or as a `data:` URI, with or without line breaks; canonical is neither.
fn packed(value: &Value, most: usize, what: &str) -> Result<(String, Vec<u8>), Misread> {
    let text = value.as_str().ok_or_else(|| format!("{what} in base64"))?;
    let payload = match text.trim_start().strip_prefix("data:") {
        Some(rest) => rest.split_once(";base64,").ok_or("base64 after the data: prefix")?.1,
        None => text,
    };
    let packed: String = payload.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if packed.len() > most.div_ceil(3) * 4 {
        return Err(Misread::ImageTooLarge(format!("{what} of at most {most} bytes")));
    }
    let bytes = STANDARD.decode(&packed);
    let bytes = bytes.map_err(|_| Misread::ImageCorrupted(format!("{what} in base64 (standard alphabet, padded)")))?;
    Ok((packed, bytes))
}

fn read_image(value: &Value) -> Result<Value, Misread> {
    let (packed, bytes) = packed(value, MAX_IMAGE_BYTES, "an image")?;
    let size = || format!("an image of {MIN_IMAGE_BYTES} to {MAX_IMAGE_BYTES} bytes");
    if bytes.len() < MIN_IMAGE_BYTES {
        return Err(Misread::ImageTooSmall(size()));
    }
    if bytes.len() > MAX_IMAGE_BYTES {
        return Err(Misread::ImageTooLarge(size()));
    }
    let known: [&[u8]; 4] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"];
    if !known.iter().any(|magic| bytes.starts_with(magic)) {
        return Err(Misread::ImageCorrupted("a JPG, PNG or GIF image".to_owned()));
    }
    Ok(Value::from(packed))
}

/// The codes for pictures are for pictures alone.
fn read_audio(value: &Value) -> Result<Value, String> {
    let (packed, bytes) = packed(value, MAX_AUDIO_BYTES, "a recording").map_err(|misread| misread.to_string())?;
    if bytes.is_empty() || bytes.len() > MAX_AUDIO_BYTES {
        return Err(format!("a recording of 1 to {MAX_AUDIO_BYTES} bytes"));
    }
    Ok(Value::from(packed))
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
    if plain_host(&url).is_some_and(|host| host.len() > MAX_HOST_BYTES) {
        return Err(format!("a URL whose host has at most {MAX_HOST_BYTES} bytes"));
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

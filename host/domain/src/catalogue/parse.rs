//! From what a client sent to a [`CanonicalTask`], or a refusal that names the field.

use serde_json::{Map, Value};

use super::fields::{Class, bare};
use super::read::{MAX_OBJECT_BYTES, Misread};
use super::sent::Sent;
use super::sites::{Sites, TooMuch};
use super::types::{self, Means, Named};
use super::{CanonicalTask, Family, Field, proxy};

/// Why a task is refused before anything else happens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// No family goes by that type name.
    #[error("task.type: {0:?} is no known task type")]
    UnknownType(String),
    /// A parameter is missing.
    #[error("task.{0} is missing: it must be {1}")]
    Missing(&'static str, String),
    /// Of several parameters one must be given, and none is.
    #[error("one of task.{} must be given", .0.join(", task."))]
    MissingOneOf(&'static [&'static str]),
    /// A parameter is not what it must be.
    #[error("task.{field} is {found}: it must be {expected}")]
    Bad {
        /// The parameter, as the client spelled it.
        field: String,
        /// What was found, shortened.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// No readable picture.
    #[error("task.{field} is {found}: it must be {expected}")]
    ImageCorrupted {
        /// The parameter, as the client spelled it.
        field: String,
        /// What was found, never the picture.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// A picture of too many bytes.
    #[error("task.{field} is too large: it must be {expected}")]
    ImageTooLarge {
        /// The parameter, as the client spelled it.
        field: String,
        /// What it must be.
        expected: String,
    },
    /// A picture of too few bytes.
    #[error("task.{field} is too small: it must be {expected}")]
    ImageTooSmall {
        /// The parameter, as the client spelled it.
        field: String,
        /// What it must be.
        expected: String,
    },
}

/// Reads a task object. Unknown parameters are ignored; placeholders count as not given.
///
/// # Errors
/// [`TaskError`], naming the field.
pub fn parse(task: &Map<String, Value>) -> Result<CanonicalTask, TaskError> {
    let type_name = type_name(task)?;
    let named = types::read(type_name).ok_or_else(|| TaskError::UnknownType(shorten(type_name)))?;
    let sent = Sent::of(task);
    let family = types::family(named.means, &sent)?;
    let (mut parameters, mut sites) = read_fields(family, &sent)?;
    refuse_absent_groups(family, &parameters)?;
    say_what_the_name_says(&named, family, &mut parameters);
    keep_data_s(&named, family, (&sent, &mut parameters))?;
    let proxy = if family.takes_proxy && !named.proxyless { proxy::read(task)? } else { None };
    if family.passes_through {
        parameters = as_sent(family, task, parameters)?;
        // Site policy is about every site, and nobody knows which of these parameters names one.
        for (name, value) in &parameters {
            sites.read_passed(name, value).map_err(|too_much| too_much.of(shorten(name)))?;
        }
    }
    sites.read_keys(&parameters).map_err(|too_much: TooMuch| too_much.of("websiteKey".to_owned()))?;
    let Sites { all, pages, keys, .. } = sites;
    Ok(CanonicalTask { family, parameters, proxy, sites: all, pages, site_keys: keys })
}

fn type_name(task: &Map<String, Value>) -> Result<&str, TaskError> {
    let expected = || "the name of a task type, such as ReCaptchaV2TokenProxyLess".to_owned();
    let named = task.get("type").or_else(|| task.iter().find(|(k, _)| k.eq_ignore_ascii_case("type")).map(|(_, v)| v));
    match named {
        None | Some(Value::Null) => Err(TaskError::Missing("type", expected())),
        Some(Value::String(name)) if name.trim().is_empty() => Err(TaskError::Missing("type", expected())),
        Some(Value::String(name)) => Ok(name.trim()),
        Some(other) => {
            Err(TaskError::Bad { field: "type".to_owned(), found: kind_of(other).to_owned(), expected: expected() })
        }
    }
}

fn read_fields(family: &Family, sent: &Sent<'_>) -> Result<(Map<String, Value>, Sites), TaskError> {
    let (mut parameters, mut sites) = (Map::new(), Sites::default());
    for field in family.fields {
        let Some(canonical) = read_field(field, sent)? else { continue };
        sites.read_field(field, &canonical).map_err(|too_much| too_much.of(field.name.to_owned()))?;
        parameters.insert(field.name.to_owned(), canonical);
    }
    Ok((parameters, sites))
}

/// The canonical value of a field; none where it is not given and need not be.
fn read_field(field: &Field, sent: &Sent<'_>) -> Result<Option<Value>, TaskError> {
    match sent.find(field) {
        None if field.required => Err(TaskError::Missing(field.name, expectation(field))),
        None => Ok(None),
        Some((spelling, value)) => field.read(value).map(Some).map_err(|wrong| misread(field, spelling, value, wrong)),
    }
}

fn refuse_absent_groups(family: &Family, parameters: &Map<String, Value>) -> Result<(), TaskError> {
    let absent = |group: &&&'static [&'static str]| !group.iter().any(|name| parameters.contains_key(*name));
    match family.one_of.iter().find(absent) {
        Some(group) => Err(TaskError::MissingOneOf(group)),
        None => Ok(()),
    }
}

fn say_what_the_name_says(named: &Named, family: &Family, parameters: &mut Map<String, Value>) {
    for (says, name) in [(named.invisible, "isInvisible"), (named.enterprise, "isEnterprise")] {
        if says && family.field(name).is_some() {
            parameters.entry(name).or_insert(Value::Bool(true));
        }
    }
}

/// The plain type's `data-s` is the enterprise payload's `s`: a token made without it would be worthless.
fn keep_data_s(
    named: &Named,
    family: &Family,
    (sent, parameters): (&Sent<'_>, &mut Map<String, Value>),
) -> Result<(), TaskError> {
    let Means::Family(plain) = named.means else { return Ok(()) };
    let Some(field) = plain.field("recaptchaDataSValue") else { return Ok(()) };
    if family.field("enterprisePayload").is_none() {
        return Ok(());
    }
    let Some(data_s) = read_field(field, sent)? else { return Ok(()) };
    let payload = parameters.entry("enterprisePayload").or_insert_with(|| Value::Object(Map::new()));
    if let Some(payload) = payload.as_object_mut() {
        payload.entry("s").or_insert(data_s);
    }
    Ok(())
}

/// Deepest object that is passed through.
const MAX_DEPTH: usize = 16;
/// What a pass-through leaves out: it is said by the family and the proxy.
const SAID_OTHERWISE: [&str; 7] =
    ["type", "proxy", "proxytype", "proxyaddress", "proxyport", "proxylogin", "proxypassword"];

/// The parameters of a type that only its own service understands; those that were read, in canonical form.
fn as_sent(
    family: &Family,
    task: &Map<String, Value>,
    read: Map<String, Value>,
) -> Result<Map<String, Value>, TaskError> {
    let own: Vec<String> = family.fields.iter().map(|field| bare(field.name)).collect();
    let mut parameters = task.clone();
    parameters.retain(|name, _| {
        let name = bare(name);
        !SAID_OTHERWISE.contains(&name.as_str()) && !own.contains(&name)
    });
    parameters.extend(read);
    let bad = |expected: String| TaskError::Bad {
        field: "*".to_owned(),
        found: "an object of another form".to_owned(),
        expected,
    };
    if parameters.values().any(|value| is_deeper(value, MAX_DEPTH)) {
        return Err(bad(format!("at most {MAX_DEPTH} objects and lists inside of each other")));
    }
    if parameters.iter().map(|(name, value)| name.len() + value.to_string().len()).sum::<usize>() > MAX_OBJECT_BYTES {
        return Err(bad(format!("at most {MAX_OBJECT_BYTES} bytes as text")));
    }
    Ok(parameters)
}

fn is_deeper(value: &Value, than: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        Value::Array(list) => than == 0 || list.iter().any(|item| is_deeper(item, than - 1)),
        Value::Object(map) => than == 0 || map.values().any(|item| is_deeper(item, than - 1)),
    }
}

/// The error of a value that its field does not take.
pub(super) fn misread(field: &Field, spelling: &str, value: &Value, wrong: Misread) -> TaskError {
    let found = describe(field, value);
    let field = shorten(spelling);
    match wrong {
        Misread::Unfit(expected) => TaskError::Bad { field, found, expected },
        Misread::ImageCorrupted(expected) => TaskError::ImageCorrupted { field, found, expected },
        Misread::ImageTooLarge(expected) => TaskError::ImageTooLarge { field, expected },
        Misread::ImageTooSmall(expected) => TaskError::ImageTooSmall { field, expected },
    }
}

fn expectation(field: &Field) -> String {
    field.read(&Value::Bool(false)).err().map_or_else(|| "given".to_owned(), |expected| expected.to_string())
}

/// What was found, in a few words; the value itself only where it is plain and short.
fn describe(field: &Field, value: &Value) -> String {
    match (field.class, value) {
        (Class::Plain, Value::String(text)) => format!("{:?}", shorten(text)),
        (Class::Plain, Value::Number(_) | Value::Bool(_)) => value.to_string(),
        (Class::Plain | Class::Personal | Class::Secret, _) => kind_of(value).to_owned(),
    }
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text of another form",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

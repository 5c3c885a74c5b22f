//! From what a client sent to a [`CanonicalTask`], or a refusal that names the field.

use serde_json::{Map, Value};
use url::Url;

use super::fields::{Kind, bare};
use super::{CanonicalTask, Family, Field, by_name, by_type_name, proxy};

/// Why a task is refused before anything else happens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// No family goes by that type name.
    #[error("task.type: {0:?} is no known task type")]
    UnknownType(String),
    /// A parameter is missing.
    #[error("task.{0} is missing: it must be {1}")]
    Missing(&'static str, String),
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
}

/// Reads a task object. Unknown parameters are ignored; placeholders count as not given.
///
/// # Errors
/// [`TaskError`], naming the field.
pub fn parse(task: &Map<String, Value>) -> Result<CanonicalTask, TaskError> {
    let type_name = type_name(task)?;
    let (family, proxyless) = by_type_name(type_name).ok_or_else(|| TaskError::UnknownType(shorten(type_name)))?;
    let (plain, family) = (family, enterprise_of(family, task)?);
    let mut parameters = Map::new();
    let mut sites = Vec::new();
    for field in family.fields {
        let Some((spelling, value)) = find(field, task) else {
            if field.required {
                return Err(TaskError::Missing(field.name, expectation(field)));
            }
            continue;
        };
        let bad = |expected| TaskError::Bad { field: shorten(spelling), found: describe(field, value), expected };
        let canonical = field.read(value).map_err(bad)?;
        if field.kind == Kind::Url {
            sites.extend(canonical.as_str().and_then(|text| Url::parse(text).ok()));
        }
        parameters.insert(field.name.to_owned(), canonical);
    }
    if bare(type_name).contains("invisible") && family.fields.iter().any(|field| field.name == "isInvisible") {
        parameters.entry("isInvisible").or_insert(Value::Bool(true));
    }
    if plain.name != family.name {
        keep_data_s(plain, task, &mut parameters)?;
    }
    let proxy = if family.takes_proxy && !proxyless { proxy::read(task)? } else { None };
    Ok(CanonicalTask { family, parameters, proxy, sites })
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

/// Several services tell the enterprise variant by a flag on the plain type.
fn enterprise_of(family: &'static Family, task: &Map<String, Value>) -> Result<&'static Family, TaskError> {
    const FLAG: Field = Field::optional("isEnterprise", Kind::Flag, "");
    let Some(enterprise) = family.enterprise.and_then(by_name) else { return Ok(family) };
    let Some((spelling, value)) = find(&FLAG, task) else { return Ok(family) };
    let bad = |expected| TaskError::Bad { field: spelling.to_owned(), found: describe(&FLAG, value), expected };
    let is_enterprise = FLAG.read(value).map_err(bad)? == Value::Bool(true);
    Ok(if is_enterprise { enterprise } else { family })
}

/// The plain type's `data-s` is the enterprise payload's `s`: a token made without it would be worthless.
fn keep_data_s(
    plain: &Family,
    task: &Map<String, Value>,
    parameters: &mut Map<String, Value>,
) -> Result<(), TaskError> {
    let Some(field) = plain.fields.iter().find(|field| field.name == "recaptchaDataSValue") else { return Ok(()) };
    let Some((spelling, value)) = find(field, task) else { return Ok(()) };
    let bad = |expected| TaskError::Bad { field: shorten(spelling), found: describe(field, value), expected };
    let data_s = field.read(value).map_err(bad)?;
    let payload = parameters.entry("enterprisePayload").or_insert_with(|| Value::Object(Map::new()));
    if let Some(payload) = payload.as_object_mut() {
        payload.entry("s").or_insert(data_s);
    }
    Ok(())
}

/// The value given for a field: its canonical spelling first, then its own name in other letter case, then its aliases.
fn find<'t>(field: &Field, task: &'t Map<String, Value>) -> Option<(&'t str, &'t Value)> {
    let given = |(key, value): (&'t String, &'t Value)| (!field.is_placeholder(value)).then_some((key.as_str(), value));
    let exact = task.get_key_value(field.name).and_then(given);
    let own_name = bare(field.name);
    exact
        .or_else(|| task.iter().filter(|(key, _)| bare(key) == own_name).find_map(given))
        .or_else(|| task.iter().filter(|(key, _)| field.is_spelled(key)).find_map(given))
}

fn expectation(field: &Field) -> String {
    match field.read(&Value::Bool(false)) {
        Ok(_) => "given".to_owned(),
        Err(expected) => expected,
    }
}

/// What was found, in a few words; the value itself only where it is plain and short.
fn describe(field: &Field, value: &Value) -> String {
    match (field.class, value) {
        (super::Class::Plain, Value::String(text)) => format!("{:?}", shorten(text)),
        (super::Class::Plain, Value::Number(_) | Value::Bool(_)) => value.to_string(),
        (super::Class::Plain | super::Class::Personal | super::Class::Secret, _) => kind_of(value).to_owned(),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(task: Value) -> Result<CanonicalTask, TaskError> {
        parse(task.as_object().unwrap())
    }

    const PAGE: &str = "https://example.com/login?a=1";

    #[test]
    fn type_names_of_the_field_mean_their_family() {
        for (name, family, wire) in [
            ("NoCaptchaTaskProxyless", "recaptcha_v2", "ReCaptchaV2TokenProxyLess"),
            ("RecaptchaV2TaskProxyless", "recaptcha_v2", "ReCaptchaV2TokenProxyLess"),
            ("ReCaptchaV2TaskProxyLess", "recaptcha_v2", "ReCaptchaV2TokenProxyLess"),
            (" recaptchav2token ", "recaptcha_v2", "ReCaptchaV2TokenProxyLess"),
            ("ReCaptchaV2TokenProxyLess", "recaptcha_v2", "ReCaptchaV2TokenProxyLess"),
            ("RecaptchaV2EnterpriseTaskProxyless", "recaptcha_v2_enterprise", "ReCaptchaV2EnterpriseTokenProxyLess"),
            ("RecaptchaV3TaskProxyless", "recaptcha_v3", "ReCaptchaV3TokenProxyLess"),
            ("HCaptchaTask", "hcaptcha", "HCaptchaTokenProxyLess"),
            ("PopularCaptchaTokenProxyLess", "hcaptcha", "HCaptchaTokenProxyLess"),
            ("AntiTurnstileTaskProxyLess", "turnstile", "TurnstileTokenProxyLess"),
            ("TURNSTILETASK", "turnstile", "TurnstileTokenProxyLess"),
            ("recaptcha_v2", "recaptcha_v2", "ReCaptchaV2TokenProxyLess"),
        ] {
            let task = read(json!({"type": name, "websiteURL": PAGE, "websiteKey": "key"})).unwrap();
            assert_eq!((task.family.name, task.wire_type().as_str()), (family, wire), "{name}");
        }
    }

    #[test]
    fn every_type_name_means_one_family() {
        let mut seen = std::collections::HashMap::new();
        for family in super::super::all() {
            for name in family.type_names {
                assert_eq!(seen.insert(super::super::fields::bare(name), family.name), None, "{name}");
            }
        }
    }

    #[test]
    fn the_enterprise_flag_selects_the_enterprise_family() {
        for flag in [json!(true), json!(1), json!("true")] {
            let task = json!({"type": "RecaptchaV2Task", "websiteURL": PAGE, "websiteKey": "k", "isEnterprise": flag});
            assert_eq!(read(task).unwrap().family.name, "recaptcha_v2_enterprise");
        }
        let task = json!({
            "type": "RecaptchaV2Task", "websiteURL": PAGE, "websiteKey": "k", "isEnterprise": true,
            "recaptchaDataSValue": "one-time", "enterprisePayload": {"other": 1},
        });
        assert_eq!(read(task).unwrap().parameters["enterprisePayload"], json!({"s": "one-time", "other": 1}));
    }

    #[test]
    fn an_invisible_type_name_says_what_its_parameter_would() {
        let task = json!({"type": "PopularCaptchaInvisibleTokenProxyLess", "websiteURL": PAGE, "websiteKey": "k"});
        assert_eq!(read(task).unwrap().parameters["isInvisible"], true);
        let task = json!({"type": "HCaptchaTask", "websiteURL": PAGE, "websiteKey": "k"});
        assert!(!read(task).unwrap().parameters.contains_key("isInvisible"));
    }

    #[test]
    fn parameters_are_read_leniently() {
        let task = read(json!({
            "type": "RecaptchaV3TaskProxyless", "websiteUrl": PAGE, "WEBSITE_KEY": 123, "minScore": "0.7",
            "page_action": "login", "isEnterprise": 0, "comment": false, "pageTitle": "ignored", "apiDomain": "",
            "cookies": null,
        }));
        let expected = json!({
            "websiteURL": PAGE, "websiteKey": "123", "minScore": 0.7, "pageAction": "login", "isEnterprise": false,
        });
        assert_eq!(Value::Object(task.unwrap().parameters), expected);
    }

    #[test]
    fn a_fields_own_name_goes_before_its_aliases() {
        let task =
            json!({"type": "RecaptchaV3Task", "websiteURL": PAGE, "websiteKey": "k", "action": "x", "pageaction": "y"});
        assert_eq!(read(task).unwrap().parameters["pageAction"], "y");
    }

    #[test]
    fn bad_values_name_the_field_and_what_is_allowed() {
        for (task, message) in [
            (json!({}), "task.type is missing: it must be the name of a task type, such as ReCaptchaV2TokenProxyLess"),
            (
                json!({"type": 7}),
                "task.type is a number: it must be the name of a task type, such as ReCaptchaV2TokenProxyLess",
            ),
            (json!({"type": "Nope"}), "task.type: \"Nope\" is no known task type"),
            (json!({"type": "NoCaptchaTask"}), "task.websiteURL is missing: it must be a whole http or https URL"),
            (
                json!({"type": "NoCaptchaTask", "websiteURL": "example.com"}),
                "task.websiteURL is \"example.com\": it must be a whole http or https URL",
            ),
            (
                json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": {"a": 1}}),
                "task.websiteKey is an object: it must be text",
            ),
            (
                json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": "k", "isInvisible": 2}),
                "task.isInvisible is 2: it must be true or false",
            ),
            (
                json!({"type": "RecaptchaV3Task", "websiteURL": PAGE, "websiteKey": "k", "minScore": 1.5}),
                "task.minScore is 1.5: it must be a number from 0.1 to 0.9",
            ),
            (
                json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": "k", "cookies": 5}),
                "task.cookies is a number: it must be cookies as text a=1; b=2, or as an object",
            ),
            (
                json!({"type": "ImageToTextTask", "body": "%%%"}),
                "task.body is text of another form: it must be an image in base64 (standard alphabet, padded)",
            ),
        ] {
            assert_eq!(read(task.clone()).err().unwrap().to_string(), message, "{task}");
        }
    }

    #[test]
    fn a_secret_value_is_not_repeated_in_an_error() {
        let task = json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": "k", "cookies": "a=canary\n"});
        assert!(!read(task).err().unwrap().to_string().contains("canary"));
    }

    #[test]
    fn images_come_plain_or_as_data_uri_and_are_checked() {
        use base64::Engine as _;
        let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 200]].concat();
        let packed = base64::engine::general_purpose::STANDARD.encode(&png);
        for body in
            [packed.clone(), format!("data:image/png;base64,{packed}"), format!("{}\r\n{}", &packed[..8], &packed[8..])]
        {
            assert_eq!(read(json!({"type": "ImageToTextTask", "body": body})).unwrap().parameters["body"], packed);
        }
        let tiny = base64::engine::general_purpose::STANDARD.encode(&png[..50]);
        let other = base64::engine::general_purpose::STANDARD.encode([7; 200]);
        for body in [tiny, other] {
            assert!(read(json!({"type": "ImageToTextTask", "body": body})).is_err());
        }
    }

    #[test]
    fn tasks_with_cookies_or_a_proxy_login_carry_secrets() {
        let plain = json!({"type": "NoCaptchaTask", "websiteURL": PAGE, "websiteKey": "k"});
        let mut cookies = plain.clone();
        cookies["cookies"] = json!({"sid": "1"});
        let mut proxied = plain.clone();
        proxied["proxy"] = json!("http://user:pass@198.51.100.7:8080");
        let mut open_proxy = plain.clone();
        open_proxy["proxy"] = json!("http://198.51.100.7:8080");
        assert!(!read(plain).unwrap().has_secrets() && !read(open_proxy).unwrap().has_secrets());
        assert!(read(cookies).unwrap().has_secrets() && read(proxied).unwrap().has_secrets());
    }
}

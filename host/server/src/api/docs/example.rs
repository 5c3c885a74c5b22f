//! Requests to paste: the catalogue's example of a family, as each form of the API takes it.

use capstan_domain::catalogue::{self, Family, Kind};
use serde_json::{Map, Value};

/// A request of one form of the API.
pub(super) struct Example {
    /// What the form is called.
    pub form: &'static str,
    /// The command.
    pub command: String,
}

/// The bases of the JSON dialects, the default one first.
const BASES: [(&str, &str); 3] = [
    ("Default, anysolver", ""),
    ("anticaptcha, 2captcha, capmonster", "/as/anticaptcha"),
    ("capsolver", "/as/capsolver"),
];

/// A family's task in every form, for a gateway at this address.
pub(super) fn examples(family: &'static Family, gateway: &str) -> Vec<Example> {
    let body = quoted(&body(family));
    let json =
        BASES.map(|(form, base)| Example { form, command: format!("curl -s {gateway}{base}/createTask -d {body}") });
    let fields: String = classic(family)
        .iter()
        .map(|(name, value)| format!(" \\\n  --data-urlencode {}", quoted(&format!("{name}={value}"))))
        .collect();
    let classic = Example { form: "Classic", command: format!("curl -s {gateway}/in.php{fields}") };
    json.into_iter().chain([classic]).collect()
}

/// createTask's body, the type first, then the parameters in the order of the page.
fn body(family: &Family) -> String {
    let task = catalogue::example(family);
    let names = std::iter::once("type").chain(family.fields.iter().map(|field| field.name));
    let lines = names.filter_map(|name| Some(format!("    {}: {}", Value::from(name), task.get(name)?)));
    format!("{{\n  \"clientKey\": \"KEY\",\n  \"task\": {{\n{}\n  }}\n}}", lines.collect::<Vec<_>>().join(",\n"))
}

/// The fields of the classic request.
fn classic(family: &Family) -> Vec<(&'static str, String)> {
    let mut methods = family.type_names.iter().filter(|name| !name.contains(|c: char| c.is_ascii_uppercase()));
    // `post` is for files; base64 can be pasted. Canonical names are methods, too.
    let method =
        methods.clone().find(|name| **name == "base64").or_else(|| methods.next()).map_or(family.name, |name| name);
    let task: Map<String, Value> = catalogue::example(family);
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut fields = vec![("key", "KEY".to_owned()), ("method", method.to_owned())];
    for field in family.fields {
        match task.get(field.name) {
            Some(Value::Array(pictures)) if matches!(field.kind, Kind::Images(_)) => {
                fields.extend(pictures.first().map(|picture| ("file_1", value(picture))));
            }
            Some(given) => fields.push((classic_name(field.name, method), value(given))),
            None => {}
        }
    }
    fields
}

/// What the classic API calls a parameter; the canonical name is understood, too.
fn classic_name(name: &'static str, method: &str) -> &'static str {
    match (name, method) {
        ("websiteURL", _) => "pageurl",
        ("websiteKey", "userrecaptcha") => "googlekey",
        ("websiteKey", "hcaptcha" | "turnstile") => "sitekey",
        _ => name,
    }
}

/// A word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_a_task_of_its_family() {
        for family in catalogue::all() {
            let body: Value = serde_json::from_str(&body(family)).unwrap();
            let task = catalogue::parse(body["task"].as_object().unwrap()).unwrap();
            assert_eq!(task.family.name, family.name);
        }
    }

    #[test]
    fn every_classic_example_is_a_task_of_its_family() {
        for family in catalogue::all() {
            let fields: Map<String, Value> =
                classic(family).into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
            let task = crate::api::classic::task(&fields).map_err(|refusal| refusal.detail).unwrap();
            let read = catalogue::parse(&task).map_err(|error| error.to_string());
            assert_eq!(read.map(|task| task.family.name), Ok(family.name), "{fields:?}");
        }
    }

    #[test]
    fn what_is_quoted_is_one_word_of_the_shell() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}

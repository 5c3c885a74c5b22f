//! An example of each family's task, for the documentation and for trying an adapter.

use serde_json::{Map, Value, json};

use super::{Family, Field, Kind};

/// A one-colour GIF of 120 bytes, in base64.
const PICTURE: &str = "R0lGODlhCgAKAIAAAP///wAAACH+VkFuIGV4YW1wbGUgb2YgYSBwaWN0dXJlLCBsYXJnZSBlbm91Z2ggdG8gYmUgdGFrZW4gZm9yIG9uZSBieSBldmVyeSBzZXJ2aWNlLgAsAAAAAAoACgAAAgiEj6nL7Q+jLAA7";

/// A task of this family with what it needs and no more: it can be sent as it is, though no service would solve it.
#[must_use]
pub fn example(family: &Family) -> Map<String, Value> {
    let first_of_group = |name: &str| family.one_of.iter().any(|group| group.first() == Some(&name));
    let needed = |field: &&Field| field.required || first_of_group(field.name);
    let suffix = if family.takes_proxy { "ProxyLess" } else { "" };
    let kind = ("type".to_owned(), Value::from(format!("{}{suffix}", family.wire_name)));
    let fields = family.fields.iter().filter(needed).map(|field| (field.name.to_owned(), value(field)));
    std::iter::once(kind).chain(fields).collect()
}

/// A value that the field takes, in canonical form.
#[must_use]
pub fn value(field: &Field) -> Value {
    match field.kind {
        Kind::Url if field.name == "websiteURL" => json!("https://example.com/page"),
        Kind::Url => json!(format!("https://static.example.com/{}", field.name)),
        Kind::Text(_) => json!(format!("the-{}", field.name)),
        Kind::Flag => json!(true),
        Kind::Integer(_, most) => json!(most.min(4)),
        Kind::Number(least, most) => json!(if (least..=most).contains(&0.5) { 0.5 } else { most }),
        Kind::Object => json!({"s": "a-value"}),
        Kind::Choice(words) => json!(words.first()),
        Kind::JsonText => json!("{\"blob\":\"a-value\"}"),
        Kind::Integers(_) => json!([1, 2, 3]),
        Kind::Urls(_) => json!([format!("https://static.example.com/{}", field.name)]),
        Kind::Image => json!(PICTURE),
        Kind::Images(_) => json!([PICTURE]),
        Kind::Audio => json!("SUQzBAAAAAAAAA=="),
        Kind::Cookies => json!("name=value"),
    }
}

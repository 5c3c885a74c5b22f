//! Canonical parameters as JSON Schema (2020-12), made from the fields.

use serde_json::{Map, Value, json};

use super::read::MAX_URL_BYTES;
use super::{Class, Family, Field, Kind};

/// What a family's canonical parameters are, without type and proxy. Lengths of texts are in characters there and in bytes
/// in [`parse`](super::parse()), which is the stricter of the two.
#[must_use]
pub fn schema(family: &Family) -> Value {
    let properties: Map<String, Value> =
        family.fields.iter().map(|field| (field.name.to_owned(), property(field))).collect();
    let required: Vec<&str> = family.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": family.title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": family.passes_through,
    });
    let one_of = |group: &&'static [&'static str]| -> Value {
        json!({"anyOf": group.iter().map(|name| json!({"required": [name]})).collect::<Vec<_>>()})
    };
    let groups: Vec<Value> = family.one_of.iter().map(one_of).collect();
    if let (Some(members), false) = (schema.as_object_mut(), groups.is_empty()) {
        members.insert("allOf".to_owned(), Value::Array(groups));
    }
    schema
}

fn property(field: &Field) -> Value {
    let mut property = shape(field.kind);
    if let Some(members) = property.as_object_mut() {
        members.insert("description".to_owned(), json!(field.about));
        match field.class {
            Class::Plain => {}
            Class::Personal => drop(members.insert("$comment".to_owned(), json!("personal"))),
            Class::Secret => drop(members.insert("writeOnly".to_owned(), json!(true))),
        }
    }
    property
}

fn shape(kind: Kind) -> Value {
    let packed = |media: &str| json!({"type": "string", "contentEncoding": "base64", "contentMediaType": media});
    let list = |most: usize, items: Value| json!({"type": "array", "minItems": 1, "maxItems": most, "items": items});
    match kind {
        Kind::Url => {
            json!({"type": "string", "format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?:", "maxLength": MAX_URL_BYTES})
        }
        Kind::Text(most) => json!({"type": "string", "maxLength": most}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Number(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
        Kind::Object => json!({"type": "object"}),
        Kind::Choice(words) => json!({"enum": words}),
        Kind::JsonText => json!({"type": "string", "contentMediaType": "application/json"}),
        Kind::Integers(most) => list(most, json!({"type": "integer"})),
        Kind::Urls(most) => list(most, shape(Kind::Url)),
        Kind::Image => packed("image/*"),
        Kind::Images(most) => list(most, packed("image/*")),
        Kind::Audio => packed("audio/*"),
        Kind::Cookies => json!({"type": "string"}),
    }
}

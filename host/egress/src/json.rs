//! Inserting a credential into a JSON body without touching the rest of it.
//!
//! The body is not parsed and written again: that would reorder keys and round large numbers. It is checked to be an
//! object, and the fields are written after its opening brace.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use zeroize::Zeroizing;

use crate::error::Refusal;
use crate::secret::Secret;

/// The object `text` with these fields before its own, which stay byte for byte as they are.
pub(crate) fn insert(text: &str, fields: &[(&str, &Secret)]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let keys = top_level_keys(text)?;
    if let Some((name, _)) = fields.iter().find(|(name, _)| keys.iter().any(|key| key == name)) {
        return Err(Refusal::PlaceTaken((*name).to_owned()));
    }
    let (before, after) = text.split_once('{').ok_or(Refusal::Body("is not a JSON object"))?;
    // Escaping makes a character at most six times as long; a vector that grows leaves unwiped copies behind.
    let inserted: usize = fields.iter().map(|(name, value)| 6 * (name.len() + value.reveal().len()) + 6).sum();
    let mut body = Zeroizing::new(Vec::with_capacity(text.len() + inserted));
    body.extend_from_slice(before.as_bytes());
    body.push(b'{');
    for (index, (name, value)) in fields.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        write_string(&mut body, name)?;
        body.push(b':');
        write_string(&mut body, value.reveal())?;
    }
    if !keys.is_empty() {
        body.push(b',');
    }
    body.extend_from_slice(after.as_bytes());
    Ok(body)
}

fn write_string(body: &mut Vec<u8>, text: &str) -> Result<(), Refusal> {
    serde_json::to_writer(body, text).map_err(|_| Refusal::Body("could not be written"))
}

/// The names of the object's own fields, unescaped, so that `"\u006bey"` is found to be `"key"`.
fn top_level_keys(text: &str) -> Result<Vec<String>, Refusal> {
    struct Keys;
    impl<'de> Visitor<'de> for Keys {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut keys = Vec::new();
            while let Some((key, IgnoredAny)) = map.next_entry()? {
                keys.push(key);
            }
            Ok(keys)
        }
    }

    let mut reader = serde_json::Deserializer::from_str(text);
    let keys = reader.deserialize_map(Keys).and_then(|keys| reader.end().map(|()| keys));
    keys.map_err(|_| Refusal::Body("is not a JSON object"))
}

#[cfg(test)]
mod tests {
    use super::insert;
    use crate::error::Refusal;
    use crate::secret::Secret;

    fn inserted(text: &str) -> Result<String, Refusal> {
        let key = Secret::new("sec\"ret\\1".to_owned());
        insert(text, &[("clientKey", &key)]).map(|body| String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn the_rest_of_the_object_stays_byte_for_byte() {
        let rest = r#" "z":123456789012345678901234567890.10e2, "a" : {"clientKey":1.0}, "z":"\u00e9\/" } "#;
        let expected = format!(r#"{{"clientKey":"sec\"ret\\1",{rest}"#);
        assert_eq!(inserted(&format!("{{{rest}")).unwrap(), expected);
    }

    #[test]
    fn an_empty_object_gets_no_comma() {
        assert_eq!(inserted(" { }").unwrap(), r#" {"clientKey":"sec\"ret\\1" }"#);
    }

    #[test]
    fn several_fields_are_inserted_in_order() {
        let (a, b) = (Secret::new("aaaaaa".to_owned()), Secret::new("bbbbbb".to_owned()));
        let body = insert(r#"{"x":1}"#, &[("a", &a), ("b", &b)]).unwrap();
        assert_eq!(body.as_slice(), br#"{"a":"aaaaaa","b":"bbbbbb","x":1}"#);
    }

    #[test]
    fn a_field_of_the_same_name_is_refused_in_every_spelling() {
        for text in [r#"{"clientKey":1}"#, r#"{"a":2,"clientKey":null}"#, r#"{"\u0063lientKey":1}"#] {
            assert_eq!(inserted(text), Err(Refusal::PlaceTaken("clientKey".to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for text in ["", "[]", "1", "\"{}\"", "{", "{}{}", "{\"a\":}", "{'a':1}", "\u{feff}{}", "{} x"] {
            assert_eq!(inserted(text), Err(Refusal::Body("is not a JSON object")), "{text}");
        }
    }
}

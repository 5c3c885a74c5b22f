//! What a client sent, by bare name: looked up once for each spelling instead of compared with every key.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::fields::bare;
use super::{Field, all};

/// Objects in which services put parameters that others take beside the type.
const CONTAINERS: [&str; 3] = ["metadata", "initparameters", "rqdata"];
/// An object whose members are looked for by their whole path only: it is a parameter itself.
const PAYLOAD: &str = "enterprisepayload";

/// The parameters of a task object, and of the objects in it.
pub(super) struct Sent<'t> {
    top: HashMap<String, Vec<Entry<'t>>>,
    nested: HashMap<String, Vec<Entry<'t>>>,
}

/// A value as it was sent: the spelling with the object that it is in, and the value.
type Entry<'t> = (Cow<'t, str>, &'t Value);

impl<'t> Sent<'t> {
    pub(super) fn of(task: &'t Map<String, Value>) -> Self {
        let mut sent = Self { top: HashMap::new(), nested: HashMap::new() };
        for (key, value) in task {
            let name = bare(key);
            if let Value::Object(inner) = value {
                sent.open(key, &name, inner);
            }
            sent.top.entry(name).or_default().push((Cow::Borrowed(key), value));
        }
        sent
    }

    fn open(&mut self, container: &str, name: &str, inner: &'t Map<String, Value>) {
        if !CONTAINERS.contains(&name) && name != PAYLOAD {
            return;
        }
        for (key, value) in inner {
            let (own, path) = (bare(key), format!("{container}.{key}"));
            self.nested.entry(format!("{name}{own}")).or_default().push((Cow::Owned(path.clone()), value));
            if name != PAYLOAD {
                self.nested.entry(own).or_default().push((Cow::Owned(path), value));
            }
        }
    }

    /// The value given for a field, and its spelling: beside the type before inside of an object, the field's own name
    /// before its aliases, its canonical spelling before others.
    pub(super) fn find(&self, field: &Field) -> Option<(&str, &'t Value)> {
        let given = |entry: &&Entry<'t>| !field.is_placeholder(entry.1);
        for (entries, is_top) in [(&self.top, true), (&self.nested, false)] {
            for name in field.names().filter(|name| !is_top || !name.contains('.')) {
                let entries = entries.get(bare_of(name).as_ref()).map(Vec::as_slice).unwrap_or_default();
                let exact = entries.iter().filter(given).find(|entry| entry.0 == field.name);
                if let Some((spelling, value)) = exact.or_else(|| entries.iter().find(given)) {
                    return Some((spelling.as_ref(), *value));
                }
            }
        }
        None
    }
}

/// The bare form of a name of the catalogue, made once for all tasks.
fn bare_of(name: &'static str) -> Cow<'static, str> {
    static BARE: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
        let fields = all().iter().flat_map(|family| family.fields);
        let tells = all().iter().flat_map(|family| family.variants).flat_map(|variant| variant.when);
        let names = fields.chain(tells.map(|(field, _)| field)).flat_map(Field::names);
        names.map(|name| (name, bare(name))).collect()
    });
    BARE.get(name).map_or_else(|| Cow::Owned(bare(name)), |bare| Cow::Borrowed(bare.as_str()))
}

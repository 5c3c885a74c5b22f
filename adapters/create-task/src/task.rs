//! From a canonical task to the body of `createTask`.

use adapter_kit::{Draft as _, Fault, Submission, apply_rules};
use serde_json::{Map, Value, json};

use crate::{Family, Parameters, Service};

/// A `createTask` body that is being written.
pub struct Draft {
    task: Map<String, Value>,
    beside: Map<String, Value>,
    /// What is kept aside until the family's finish makes a field of it.
    pub aside: Map<String, Value>,
    has_proxy: bool,
}

impl adapter_kit::Draft for Draft {
    /// Sets a field of the task. A name with a dot in it is a field of an object in the task.
    fn set(&mut self, name: &'static str, value: Value) {
        let Some((object, field)) = name.split_once('.') else {
            self.task.insert(name.to_owned(), value);
            return;
        };
        let place = self.task.entry(object).or_insert_with(|| json!({}));
        if let Value::Object(fields) = place {
            fields.insert(field.to_owned(), value);
        }
    }

    fn has_proxy(&self) -> bool {
        self.has_proxy
    }
}

impl Draft {
    /// Whether a field of the task is set; see [`get`](Self::get).
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A field of the task, or with a dot in its name one of an object in it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        match name.split_once('.') {
            Some((object, field)) => self.task.get(object)?.get(field),
            None => self.task.get(name),
        }
    }

    /// Whether a field of the task is set to this text.
    #[must_use]
    pub fn says(&self, name: &str, text: &str) -> bool {
        self.get(name).and_then(Value::as_str) == Some(text)
    }

    /// Takes a field out of the task.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.task.remove(name)
    }

    /// Sets a field beside the task.
    pub fn set_beside(&mut self, name: &str, value: Value) {
        self.beside.insert(name.to_owned(), value);
    }
}

/// The body of `createTask`, without the key.
pub(crate) fn create_task(service: &Service, task: &Submission) -> Result<Value, Fault> {
    let family = service
        .family(&task.family)
        .ok_or_else(|| Fault::not_supported("FAMILY_NOT_SUPPORTED", &format!("{} is not served", task.family)))?;
    let kind = kind_of(family, task)?;
    let given: Map<String, Value> = task.read_parameters()?;
    look_for_needs(family, &given)?;
    let has_proxy = task.proxy.is_some();
    let mut draft = Draft { task: Map::new(), beside: Map::new(), aside: Map::new(), has_proxy };
    match family.parameters {
        Parameters::By(rows) => apply_rules(rows, &given, &mut draft)?,
        Parameters::AsSent => draft.task = given,
    }
    draft.set("type", json!(kind));
    for (name, constant) in family.always {
        draft.set(name, constant.json());
    }
    for (name, constant) in family.otherwise {
        if !draft.has(name) {
            draft.set(name, constant.json());
        }
    }
    if let Some(proxy) = &task.proxy {
        (family.proxy)(proxy, &mut draft)?;
    }
    (family.finish)(&mut draft)?;
    let mut body = draft.beside;
    body.insert("task".to_owned(), Value::Object(draft.task));
    Ok(Value::Object(body))
}

/// The service's type, with the client's proxy or without.
fn kind_of(family: &Family, task: &Submission) -> Result<&'static str, Fault> {
    let kind = if task.proxy.is_some() { family.proxied } else { family.solo };
    kind.ok_or_else(|| {
        let what = if task.proxy.is_some() { "takes no proxy" } else { "needs a proxy" };
        Fault::not_supported("PROXY_NOT_SUPPORTED", &format!("{} {what} here", task.family))
    })
}

/// Refuses a task that has none of the groups that its family needs here, and names what the first of them lacks.
fn look_for_needs(family: &Family, given: &Map<String, Value>) -> Result<(), Fault> {
    let missing = |names: &&[&'static str]| names.iter().find(|name| !given.contains_key(**name)).copied();
    if family.needs.iter().any(|names| missing(names).is_none()) {
        return Ok(());
    }
    match family.needs.first().and_then(missing) {
        Some(name) => Err(Fault::parameter_refused(name, "it is needed here")),
        None => Ok(()),
    }
}

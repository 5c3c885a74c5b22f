//! The handle by which a test or a program steers a running simulator.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;
use crate::log::Received;
use crate::money::Usd;
use crate::script::Create;
use crate::settings::{Behaviour, KeySettings};
use crate::shared::Shared;
use crate::stats::Stats;

/// Steers a running simulator. Cheap to clone; it stays usable, without effect on any client, after the simulator has
/// stopped.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

/// What [`Control::merge_behaviour`] takes: keys, and any of the fields of [`Behaviour`].
#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    keys: Vec<KeySettings>,
    #[serde(flatten)]
    fields: Value,
}

impl Control {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    // ------------------------------------------------------------------------------------------------ behaviour

    /// How the service behaves now.
    #[must_use]
    pub fn behaviour(&self) -> Behaviour {
        self.shared.inside().engine.behaviour().clone()
    }

    /// Changes how the service behaves from now on. Tasks that are accepted keep what was decided about them.
    ///
    /// # Errors
    ///
    /// [`Error::Behaviour`] where a number makes no sense; nothing has changed then.
    pub fn set_behaviour(&self, behaviour: Behaviour) -> Result<(), Error> {
        if let Some(fault) = behaviour.fault() {
            return Err(Error::Behaviour(fault.to_owned()));
        }
        self.shared.change(|inside, now_ms| inside.engine.set_behaviour(now_ms, behaviour));
        Ok(())
    }

    /// Changes the fields of [`Behaviour`] that the JSON object names and leaves the others; an object that has a
    /// `kind` replaces the old one whole. `keys`, an array of [`KeySettings`], adds keys and sets balances.
    ///
    /// # Errors
    ///
    /// [`Error::Behaviour`] where a field is unknown or a number makes no sense; nothing has changed then.
    pub fn merge_behaviour(&self, change: &Value) -> Result<(), Error> {
        let Change { keys, fields } = Change::deserialize(change).map_err(unfit)?;
        self.shared.change(|inside, now_ms| {
            let behaviour = merged(inside.engine.behaviour(), fields)?;
            inside.engine.set_behaviour(now_ms, behaviour);
            for KeySettings { key, balance } in keys {
                inside.engine.set_key(now_ms, &key, balance);
            }
            Ok(())
        })
    }

    // ------------------------------------------------------------------------------------------------ keys

    /// Adds a key, or sets the balance of one that is there and takes it back into use. Zero exhausts it.
    pub fn set_key(&self, key: &str, balance: Usd) {
        self.shared.change(|inside, now_ms| inside.engine.set_key(now_ms, key, balance));
    }

    /// Makes a key unknown to the service; its open tasks go on and can be seen in the statistics.
    pub fn revoke_key(&self, key: &str) {
        self.shared.change(|inside, _| inside.engine.revoke_key(key));
    }

    // ------------------------------------------------------------------------------------------------ script and gates

    /// Adds explicit outcomes for the next creates that have a known key and a valid task, instead of chance.
    pub fn script(&self, creates: impl IntoIterator<Item = Create>) {
        self.shared.change(|inside, _| inside.engine.add_script(creates));
    }

    /// Drops the scripted outcomes that no create has used.
    pub fn clear_script(&self) {
        self.shared.change(|inside, _| inside.engine.clear_script());
    }

    /// From now on no task ends, until [`Self::release_solutions`].
    pub fn hold_solutions(&self) {
        self.shared.change(|inside, now_ms| inside.engine.hold_solutions(now_ms, true));
    }

    /// Tasks end again; those that were due while solutions were held end now.
    pub fn release_solutions(&self) {
        self.shared.change(|inside, now_ms| inside.engine.hold_solutions(now_ms, false));
    }

    /// From now on creates wait on arrival, undecided, until [`Self::release_creates`].
    pub fn hold_creates(&self) {
        self.shared.hold_creates(true);
    }

    /// Creates go on.
    pub fn release_creates(&self) {
        self.shared.hold_creates(false);
    }

    /// Whether creates are being held.
    #[must_use]
    pub fn creates_are_held(&self) -> bool {
        self.shared.creates_held()
    }

    // ------------------------------------------------------------------------------------------------ what happened

    /// Every request that the log still has, in the order of arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.received_after(0)
    }

    /// The requests after this [`Received::number`], in the order of arrival.
    #[must_use]
    pub fn received_after(&self, number: u64) -> Vec<Received> {
        self.shared.inside().log.after(number)
    }

    /// Empties the log; numbers go on.
    pub fn clear_log(&self) {
        self.shared.change(|inside, _| inside.log.clear());
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut inside = self.shared.inside();
        inside.engine.stats(self.shared.now_ms())
    }

    /// Waits until the statistics are as asked for and answers them. Looks after every request and every change made
    /// through a control; give it a time-out of your own.
    pub async fn until(&self, reached: impl FnMut(&Stats) -> bool) -> Stats {
        self.shared.until(reached).await
    }
}

fn merged(behaviour: &Behaviour, change: Value) -> Result<Behaviour, Error> {
    let mut fields = serde_json::to_value(behaviour).map_err(unfit)?;
    merge(&mut fields, change);
    let behaviour: Behaviour = serde_json::from_value(fields).map_err(unfit)?;
    behaviour.fault().map_or(Ok(behaviour), |fault| Err(Error::Behaviour(fault.to_owned())))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err calls")]
fn unfit(error: serde_json::Error) -> Error {
    Error::Behaviour(error.to_string())
}

/// Puts the fields of `change` into `target`, object by object. An object with a `kind` is a choice with fields of its
/// own, so it replaces the old choice.
fn merge(target: &mut Value, change: Value) {
    match (target, change) {
        (Value::Object(target), Value::Object(change)) if !change.contains_key("kind") => {
            for (name, value) in change {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, change) => *target = change,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merging_changes_what_is_named_and_replaces_choices_whole() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "l": {"kind": "fixed", "ms": 1}});
        merge(&mut target, json!({"a": {"b": 9}, "l": {"kind": "uniform", "min_ms": 0}}));
        assert_eq!(target, json!({"a": {"b": 9, "c": 2}, "l": {"kind": "uniform", "min_ms": 0}}));
    }
}

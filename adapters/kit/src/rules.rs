//! What becomes of canonical parameters: a table of rules for each family, applied to a draft of the provider's task.
//!
//! A parameter that changes what is solved is sent, or the task is refused before anything is sent: a solution of
//! something else would cost money and fail at the website. Left out is only what the solution does not hang on.

use serde_json::{Map, Value};

use crate::{Fault, log};

/// A canonical parameter and its rule.
pub type Row<D> = (&'static str, Rule<D>);

/// What becomes of a canonical parameter; `D` is the draft that it is written into.
#[derive(Debug)]
pub enum Rule<D> {
    /// It is sent as it is, under this name.
    Send(&'static str),
    /// A hint that the provider takes with a proxy only; otherwise it is left out.
    HintWithProxy(&'static str),
    /// The provider takes it with a proxy only; otherwise the task is refused, for this reason.
    OnlyWithProxy(&'static str, &'static str),
    /// It is sent in another form, or refused by its value.
    Convert(fn(&Value, &mut D) -> Result<(), Fault>),
    /// It is left out, for this reason.
    LeaveOut(&'static str),
    /// The task is refused, for this reason.
    Refuse(&'static str),
}

/// A provider's task that is being written.
pub trait Draft {
    /// Sets a field of the task.
    fn set(&mut self, name: &'static str, value: Value);

    /// Whether the task is to be solved through the client's proxy.
    fn has_proxy(&self) -> bool;

    /// Whether a task of this provider's can hold such a value at all: JSON holds any, a form no list and no object.
    fn holds(&self, _value: &Value) -> bool {
        true
    }
}

/// Applies the rows to the parameters.
///
/// # Errors
/// `not-supported` for the first parameter that is refused or has no row, `invalid-task` for one that is to be sent and that
/// the task cannot hold; what a conversion answers.
pub fn apply_rules<D: Draft>(rows: &[Row<D>], parameters: &Map<String, Value>, draft: &mut D) -> Result<(), Fault> {
    for (name, value) in parameters {
        let Some((_, rule)) = rows.iter().find(|(known, _)| known == name) else {
            return Err(Fault::parameter_refused(name, "this adapter does not know it"));
        };
        match rule {
            Rule::Send(_) | Rule::HintWithProxy(_) | Rule::OnlyWithProxy(..) if !draft.holds(value) => {
                return Err(Fault::parameter_of_wrong_type(name));
            }
            Rule::Send(theirs) => draft.set(theirs, value.clone()),
            Rule::HintWithProxy(theirs) if draft.has_proxy() => draft.set(theirs, value.clone()),
            Rule::HintWithProxy(_) => log::debug(&format!("{name} is left out: a hint, and there is no proxy")),
            Rule::OnlyWithProxy(theirs, _) if draft.has_proxy() => draft.set(theirs, value.clone()),
            Rule::OnlyWithProxy(_, reason) | Rule::Refuse(reason) => {
                return Err(Fault::parameter_refused(name, reason));
            }
            Rule::Convert(convert) => convert(value, draft)?,
            Rule::LeaveOut(reason) => log::debug(&format!("{name} is left out: {reason}")),
        }
    }
    Ok(())
}

impl Fault {
    /// A parameter that this provider cannot take: another provider may.
    #[must_use]
    pub fn parameter_refused(name: &str, reason: &str) -> Self {
        Self::not_supported("PARAMETER_NOT_SUPPORTED", &format!("{name}: {reason}"))
    }

    /// A value of another type than the catalogue's.
    #[must_use]
    pub fn parameter_of_wrong_type(name: &str) -> Self {
        Self::invalid_task("INVALID_PARAMETERS", &format!("{name} is of another type than the catalogue's"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::FaultClass;

    #[derive(Default)]
    struct Sheet {
        task: Map<String, Value>,
        proxied: bool,
    }

    impl Draft for Sheet {
        fn set(&mut self, name: &'static str, value: Value) {
            self.task.insert(name.to_owned(), value);
        }

        fn has_proxy(&self) -> bool {
            self.proxied
        }
    }

    const ROWS: &[Row<Sheet>] = &[
        ("sent", Rule::Send("theirs")),
        ("hint", Rule::HintWithProxy("hint")),
        ("bound", Rule::OnlyWithProxy("bound", "only with a proxy")),
        ("converted", Rule::Convert(doubled)),
        ("left", Rule::LeaveOut("nothing hangs on it")),
        ("refused", Rule::Refuse("not here")),
    ];

    fn doubled(value: &Value, sheet: &mut Sheet) -> Result<(), Fault> {
        let number = value.as_i64().ok_or_else(|| Fault::parameter_of_wrong_type("converted"))?;
        sheet.set("converted", json!(number * 2));
        Ok(())
    }

    fn applied(parameters: &Value, proxied: bool) -> Result<Value, Fault> {
        let mut sheet = Sheet { proxied, ..Sheet::default() };
        apply_rules(ROWS, parameters.as_object().unwrap(), &mut sheet)?;
        Ok(Value::Object(sheet.task))
    }

    #[test]
    fn each_rule_does_what_it_says() {
        let all = json!({ "sent": 1, "hint": 2, "converted": 4, "left": 5 });
        assert_eq!(applied(&all, false).unwrap(), json!({ "theirs": 1, "converted": 8 }));
        let all = json!({ "sent": 1, "hint": 2, "bound": 3, "converted": 4, "left": 5 });
        assert_eq!(applied(&all, true).unwrap(), json!({ "theirs": 1, "hint": 2, "bound": 3, "converted": 8 }));
    }

    #[test]
    fn what_is_refused_or_unknown_ends_it_with_its_name_and_not_its_value() {
        for (name, class) in [
            ("bound", FaultClass::NotSupported),
            ("refused", FaultClass::NotSupported),
            ("unknown", FaultClass::NotSupported),
            ("converted", FaultClass::InvalidTask),
        ] {
            let fault = applied(&json!({ name: "hidden" }), false).unwrap_err();
            assert_eq!(fault.class, class, "{name}");
            assert!(fault.message.contains(name) && !fault.message.contains("hidden"), "{}", fault.message);
        }
    }
}

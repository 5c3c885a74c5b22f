//! When a surcharge applies: what one parameter of a task says.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::book::Asked;
use crate::catalogue::{Class, Family, Kind};

/// The name that stands for "the client's proxy is used".
const PROXY: &str = "proxy";

/// A condition on one canonical parameter, such as `isEnterprise = true`, `minScore >= 0.7`, `proxy = true` or
/// `cookies given`. A parameter that was not sent fulfils none.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    parameter: String,
    test: Test,
}

/// What the parameter must say.
#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// Anything.
    Given,
    /// This.
    Is(Wanted),
    /// A number that stands so to this one.
    Compare(Order, f64),
}

/// A value to be equal to.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Flag(bool),
    Number(f64),
    Word(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    AtLeast,
    AtMost,
    Above,
    Below,
}

/// The signs, those first that another begins.
const ORDERS: [(&str, Order); 4] =
    [(">=", Order::AtLeast), ("<=", Order::AtMost), (">", Order::Above), ("<", Order::Below)];

/// Why a text is no condition, or none on tasks of a family.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCondition {
    /// Not of the form.
    #[error("{0:?} is no condition; write NAME = VALUE, NAME >= NUMBER (also >, <, <=) or NAME given")]
    Form(String),
    /// Every family has other parameters.
    #[error("{0:?} is no parameter of every family; a rule for all families can ask for proxy only")]
    EveryFamily(String),
    /// The family has no such parameter.
    #[error("{family} has no parameter {parameter:?}; it has {known}")]
    Parameter {
        /// The family.
        family: String,
        /// What was named.
        parameter: String,
        /// What there is.
        known: String,
    },
    /// A value that the parameter never has.
    #[error("{parameter} is never {wanted}: {expected}")]
    Value {
        /// The parameter.
        parameter: String,
        /// What was asked for.
        wanted: String,
        /// What can be asked for.
        expected: &'static str,
    },
}

impl FromStr for Condition {
    type Err = BadCondition;

    fn from_str(text: &str) -> Result<Self, BadCondition> {
        let text = text.trim();
        let form = || BadCondition::Form(text.chars().take(60).collect());
        let of = |parameter: &str, test: Test| {
            let parameter = parameter.trim().to_owned();
            let is_name =
                !parameter.is_empty() && !parameter.contains(|c: char| c.is_whitespace() || "=<>".contains(c));
            is_name.then_some(Self { parameter, test }).ok_or_else(form)
        };
        if let Some(parameter) = text.strip_suffix(" given") {
            return of(parameter, Test::Given);
        }
        for (sign, order) in ORDERS {
            if let Some((parameter, number)) = text.split_once(sign) {
                return of(parameter, Test::Compare(order, number_of(number).ok_or_else(form)?));
            }
        }
        let (parameter, wanted) = text.split_once('=').ok_or_else(form)?;
        let wanted = match wanted.trim() {
            "" => return Err(form()),
            slip if slip.starts_with('=') => return Err(form()),
            "true" => Wanted::Flag(true),
            "false" => Wanted::Flag(false),
            word => number_of(word).map_or_else(|| Wanted::Word(word.to_owned()), Wanted::Number),
        };
        of(parameter, Test::Is(wanted))
    }
}

fn number_of(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

impl fmt::Display for Condition {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameter = &self.parameter;
        match &self.test {
            Test::Given => write!(f, "{parameter} given"),
            Test::Is(wanted) => write!(f, "{parameter} = {wanted}"),
            Test::Compare(order, number) => {
                let sign = ORDERS.iter().find(|(_, known)| known == order).map_or("=", |(sign, _)| sign);
                write!(f, "{parameter} {sign} {number}")
            }
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => flag.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Word(word) => f.write_str(word),
        }
    }
}

impl Condition {
    /// Whether tasks of a family can fulfil it at all; no family means that it is for all of them.
    ///
    /// # Errors
    /// [`BadCondition`]: the parameter is unknown, or never has such a value.
    pub fn check(&self, family: Option<&Family>) -> Result<(), BadCondition> {
        if self.parameter == PROXY {
            if !family.is_none_or(|family| family.takes_proxy) {
                return Err(self.unknown_to(family));
            }
            return match self.test {
                Test::Is(Wanted::Flag(_)) => Ok(()),
                Test::Given | Test::Is(_) | Test::Compare(..) => Err(self.never("it is true or false")),
            };
        }
        let Some(field) = family.and_then(|family| family.field(&self.parameter)) else {
            return Err(self.unknown_to(family));
        };
        let is_plain = field.class == Class::Plain;
        match (&self.test, field.kind) {
            (Test::Given, _) | (Test::Is(Wanted::Flag(_)), Kind::Flag) => Ok(()),
            (Test::Is(Wanted::Number(_)) | Test::Compare(..), Kind::Integer(..) | Kind::Number(..)) => Ok(()),
            (Test::Is(Wanted::Word(word)), Kind::Choice(words)) => {
                words.contains(&word.as_str()).then_some(()).ok_or_else(|| self.never("that is none of its words"))
            }
            (Test::Is(Wanted::Word(_)), Kind::Text(_)) if is_plain => Ok(()),
            (_, Kind::Flag) => Err(self.never("it is true or false")),
            (_, Kind::Integer(..) | Kind::Number(..)) => Err(self.never("it is a number")),
            (_, Kind::Text(_)) if is_plain => Err(self.never("it is a text")),
            (_, Kind::Choice(_)) => Err(self.never("it is a word")),
            (
                _,
                Kind::Text(_)
                | Kind::Url
                | Kind::Object
                | Kind::JsonText
                | Kind::Integers(_)
                | Kind::Urls(_)
                | Kind::Image
                | Kind::Images(_)
                | Kind::Audio
                | Kind::Cookies,
            ) => Err(self.never("of this parameter only `given` can be asked")),
        }
    }

    fn unknown_to(&self, family: Option<&Family>) -> BadCondition {
        let parameter: String = self.parameter.chars().take(60).collect();
        let Some(family) = family else { return BadCondition::EveryFamily(parameter) };
        let proxy = family.takes_proxy.then_some(PROXY);
        let known: Vec<&str> = family.fields.iter().map(|field| field.name).chain(proxy).collect();
        BadCondition::Parameter { family: family.name.to_owned(), parameter, known: known.join(", ") }
    }

    fn never(&self, expected: &'static str) -> BadCondition {
        let wanted = match &self.test {
            Test::Given => "given".to_owned(),
            Test::Is(wanted) => wanted.to_string().chars().take(60).collect(),
            Test::Compare(_, number) => format!("compared with {number}"),
        };
        BadCondition::Value { parameter: self.parameter.clone(), wanted, expected }
    }

    /// Whether a task fulfils it, as it was sent.
    #[must_use]
    pub fn holds(&self, asked: &Asked<'_>) -> bool {
        if self.parameter == PROXY {
            return self.test == Test::Is(Wanted::Flag(asked.with_proxy));
        }
        let Some(value) = asked.parameters.get(&self.parameter) else { return false };
        match &self.test {
            Test::Given => true,
            Test::Is(Wanted::Flag(flag)) => value == &Value::Bool(*flag),
            Test::Is(Wanted::Word(word)) => value.as_str() == Some(word),
            // Both were read from decimal text, so that equal ones are equal to the bit.
            Test::Is(Wanted::Number(wanted)) => value.as_f64().is_some_and(|number| number.total_cmp(wanted).is_eq()),
            Test::Compare(order, bound) => value.as_f64().is_some_and(|number| match order {
                Order::AtLeast => number >= *bound,
                Order::AtMost => number <= *bound,
                Order::Above => number > *bound,
                Order::Below => number < *bound,
            }),
        }
    }
}

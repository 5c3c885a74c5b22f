//! From a type name, and the fields that tell variants apart, to a family.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::fields::{Kind, bare};
use super::parse::{TaskError, misread};
use super::sent::Sent;
use super::{Family, Field, all, by_name, families};

/// "When these fields say this, it is that family."
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Fields and what they must say; all of them must.
    pub when: &'static [(Field, Says)],
    /// Canonical name of the family that the task then is of.
    pub becomes: &'static str,
}

/// What a field says.
#[derive(Clone, Copy, Debug)]
pub enum Says {
    /// Yes. Its kind is [`Kind::Flag`]; another value is an error.
    Yes,
    /// Something, whatever it is.
    Anything,
    /// One of these words, as in [`Kind::Choice`]; another that the field takes says nothing.
    Word(&'static [&'static str]),
}

/// A type name that means nothing by itself: one of its fields names the kind of task.
#[derive(Debug)]
pub struct Selector {
    /// The type name.
    pub type_name: &'static str,
    /// The field.
    pub field: &'static str,
    /// The words that it takes, each with the family that it means.
    pub choices: &'static [(&'static str, &'static str)],
}

/// What a type name says by itself.
#[derive(Clone, Copy)]
pub(super) struct Named {
    pub(super) means: Means,
    pub(super) proxyless: bool,
    pub(super) invisible: bool,
    pub(super) enterprise: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Means {
    Family(&'static Family),
    Choice(&'static Selector),
}

/// Longest type name that is looked at.
const MAX_NAME_BYTES: usize = 200;

/// Reads a type name. Letter case, blanks, dashes and underscores do not count; `ProxyLess` may stand anywhere, and
/// `Invisible` and `Enterprise` where they are what a parameter of the family says.
pub(super) fn read(type_name: &str) -> Option<Named> {
    if type_name.len() > MAX_NAME_BYTES {
        return None;
    }
    let whole = bare(type_name);
    let proxied = whole.replacen("proxyless", "", 1);
    let proxyless = proxied != whole;
    let (invisible, enterprise) = (proxied.contains("invisible"), proxied.contains("enterprise"));
    let named = |means| Named { means, proxyless, invisible, enterprise };
    if let Some(means) = NAMES.get(&proxied) {
        return Some(named(*means));
    }
    let visible = proxied.replacen("invisible", "", 1);
    let plain = visible.replacen("enterprise", "", 1);
    let takes = |means: &Means, name: &str| match means {
        Means::Family(family) => family.field(name).is_some(),
        Means::Choice(_) => false,
    };
    let without_invisible = NAMES.get(&visible).filter(|means| invisible && takes(means, "isInvisible"));
    let without_either = NAMES
        .get(&plain)
        .filter(|means| enterprise && takes(means, "isEnterprise") && (!invisible || takes(means, "isInvisible")));
    without_invisible.or(without_either).map(|means| named(*means))
}

/// Every name, bare and without `ProxyLess`. Canonical names are type names too.
static NAMES: LazyLock<HashMap<String, Means>> = LazyLock::new(|| {
    let of_family = |family: &'static Family| {
        let names = std::iter::once(family.name).chain(family.type_names.iter().copied());
        names.map(move |name| (bare(name), Means::Family(family)))
    };
    let selectors = families::SELECTORS.iter().map(|selector| (bare(selector.type_name), Means::Choice(selector)));
    all().iter().flat_map(of_family).chain(selectors).collect()
});

/// The family that the type name means, with what its fields say.
///
/// # Errors
/// [`TaskError`] when a selector's field is missing or of an unknown word, or a telling flag is no flag.
pub(super) fn family(means: Means, sent: &Sent<'_>) -> Result<&'static Family, TaskError> {
    let mut family = match means {
        Means::Family(family) => family,
        Means::Choice(selector) => chosen(selector, sent)?,
    };
    // A variant may have variants itself (version 3, then Enterprise); each family is met once at most.
    for _ in 0..4 {
        let Some(next) = variant(family, sent)? else { return Ok(family) };
        family = next;
    }
    Ok(family)
}

fn chosen(selector: &'static Selector, sent: &Sent<'_>) -> Result<&'static Family, TaskError> {
    let words: Vec<&str> = selector.choices.iter().map(|(word, _)| *word).collect();
    let expected = || format!("one of {}", words.join(", "));
    let field = Field::required(selector.field, Kind::Text(100), "");
    let Some((spelling, value)) = sent.find(&field) else {
        return Err(TaskError::Missing(selector.field, expected()));
    };
    let given = value.as_str().map(bare).unwrap_or_default();
    let choice = selector.choices.iter().find(|(word, _)| bare(word) == given);
    choice.and_then(|(_, family)| by_name(family)).ok_or_else(|| misread(&field, spelling, value, expected().into()))
}

fn variant(family: &Family, sent: &Sent<'_>) -> Result<Option<&'static Family>, TaskError> {
    for variant in family.variants {
        let mut holds = true;
        for (field, says) in variant.when {
            holds = holds && is_said(field, *says, sent)?;
        }
        if holds {
            return Ok(by_name(variant.becomes));
        }
    }
    Ok(None)
}

fn is_said(field: &Field, says: Says, sent: &Sent<'_>) -> Result<bool, TaskError> {
    let Some((spelling, value)) = sent.find(field) else { return Ok(false) };
    let read = || field.read(value).map_err(|wrong| misread(field, spelling, value, wrong));
    match says {
        Says::Anything => Ok(true),
        Says::Yes => Ok(read()? == true),
        Says::Word(words) => Ok(Field { kind: Kind::Choice(words), ..*field }.read(&read()?).is_ok()),
    }
}

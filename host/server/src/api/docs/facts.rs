//! What the catalogue says of a family, in the words that both the pages and the Markdown show. Texts may have words
//! between backticks; each printer writes those its own way.

use capstan_domain::catalogue::families::{SELECTORS, THEMES, Theme};
use capstan_domain::catalogue::{self, Class, Family, Field, Kind, Says, Variant};
use capstan_domain::code::ErrorCode;

use crate::api::dialect::{Codes, codes};

/// A family, told.
pub(super) struct Facts {
    /// The family.
    pub family: &'static Family,
    /// Type names of the JSON methods.
    pub names: Vec<&'static str>,
    /// Methods of the classic API.
    pub methods: Vec<&'static str>,
    /// Type names that mean it together with a field, as sentences.
    pub chosen_by: Vec<String>,
    /// What turns it into another family: when, and which.
    pub becomes: Vec<(String, &'static Family)>,
    /// Families that turn into it: which, and when.
    pub comes_from: Vec<(&'static Family, String)>,
    /// Parameters.
    pub parameters: Vec<Parameter>,
    /// What must be given of several, as sentences.
    pub groups: Vec<String>,
    /// Fields of the solution.
    pub solution: Vec<Solved>,
    /// Further sentences.
    pub notes: Vec<String>,
}

/// A parameter, told.
pub(super) struct Parameter {
    /// Canonical name.
    pub name: &'static str,
    /// Other names.
    pub also: &'static [&'static str],
    /// What its value must be.
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
    /// How it is kept, where that is worth a word.
    pub class: Option<&'static str>,
    /// What it means.
    pub about: &'static str,
}

/// A field of a solution, told.
pub(super) struct Solved {
    /// Every name of it, the canonical one first.
    pub names: Vec<&'static str>,
    /// How it is kept, where that is worth a word.
    pub class: Option<&'static str>,
    /// What it holds.
    pub about: &'static str,
}

/// An error, told.
pub(super) struct Trouble {
    /// What it means.
    pub meaning: &'static str,
    /// What to do about it.
    pub advice: &'static str,
    /// What each form of answers calls it.
    pub codes: Codes,
}

/// Every error, in the order of the documentation.
pub(super) fn troubles() -> impl Iterator<Item = Trouble> {
    let told = |code: &ErrorCode| Trouble { meaning: code.text(), advice: code.advice(), codes: codes(*code) };
    ErrorCode::ALL.iter().map(told)
}

impl Facts {
    /// Tells a family.
    pub(super) fn of(family: &'static Family) -> Self {
        // The classic API's methods are in lower case, type names are not.
        let is_method = |name: &&str| !name.contains(|c: char| c.is_ascii_uppercase());
        let (mut methods, names): (Vec<_>, Vec<_>) = family.type_names.iter().partition(|name| is_method(name));
        // The canonical name is a type name, too, and in lower case.
        methods.push(family.name);
        Self {
            family,
            names,
            methods,
            chosen_by: chosen_by(family),
            becomes: family.variants.iter().filter_map(becomes).collect(),
            comes_from: comes_from(family),
            parameters: family.fields.iter().map(parameter).collect(),
            groups: family
                .one_of
                .iter()
                .map(|group| format!("One of {} must be given.", listed(group, "or")))
                .collect(),
            solution: solution(family),
            notes: notes(family),
        }
    }

    /// How a proxy goes with it.
    pub(super) const fn proxy(&self) -> &'static str {
        if self.family.takes_proxy {
            "Each also with `ProxyLess` in it, which leaves a proxy aside; without it and without a proxy, the task is \
             solved without one."
        } else {
            "It never takes a proxy."
        }
    }
}

/// The theme of a family.
pub(super) fn theme_of(family: &Family) -> Option<&'static Theme> {
    THEMES.iter().find(|theme| theme.families.iter().any(|other| other.name == family.name))
}

fn chosen_by(family: &Family) -> Vec<String> {
    let mut told = Vec::new();
    for selector in SELECTORS {
        let words = selector.choices.iter().filter(|(_, name)| *name == family.name);
        let words: Vec<&str> = words.map(|(word, _)| *word).collect();
        if !words.is_empty() {
            told.push(format!("`{}` where `{}` is {}", selector.type_name, selector.field, listed(&words, "or")));
        }
    }
    told
}

fn becomes(variant: &Variant) -> Option<(String, &'static Family)> {
    Some((when(variant), catalogue::by_name(variant.becomes)?))
}

fn comes_from(family: &Family) -> Vec<(&'static Family, String)> {
    let of = |other: &'static Family| {
        let variants = other.variants.iter().filter(|variant| variant.becomes == family.name);
        variants.map(move |variant| (other, when(variant)))
    };
    catalogue::all().iter().flat_map(of).collect()
}

fn when(variant: &Variant) -> String {
    let said = |(field, says): &(Field, Says)| match says {
        Says::Yes => format!("`{}` is true", field.name),
        Says::Anything => format!("`{}` is given", field.name),
        Says::Word(words) => format!("`{}` is {}", field.name, listed(words, "or")),
    };
    variant.when.iter().map(said).collect::<Vec<_>>().join(" and ")
}

fn parameter(field: &Field) -> Parameter {
    Parameter {
        name: field.name,
        also: field.also,
        kind: kind(field.kind),
        required: field.required,
        class: class(field.class),
        about: field.about,
    }
}

fn solution(family: &Family) -> Vec<Solved> {
    let fields = family.solution.iter().filter(|_| !family.passes_through);
    let told = |field: &catalogue::SolutionField| Solved {
        names: std::iter::once(field.name).chain(field.also.iter().copied()).collect(),
        class: class(field.class),
        about: field.about,
    };
    fields.map(told).collect()
}

fn notes(family: &Family) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(service) = family.only {
        notes.push(format!("Only `{service}` knows this type."));
    }
    if family.passes_through {
        notes.push(
            "Further parameters are handed to the provider as they are, and so is its solution to you.".to_owned(),
        );
    }
    if let Some(life) = family.token_life_s {
        notes.push(format!("A solution can be used for about {life} seconds."));
    }
    if family.bound_to_user_agent {
        notes.push(
            "A solution is worth something only to the browser that `userAgent` names, in the solution or else in the \
             task."
                .to_owned(),
        );
    }
    notes.push(seen(family));
    notes.extend(secrets(family));
    notes
}

/// What others see of a task, whoever owns the account at the provider. There is no promise in it: what a provider shows is its own
/// affair.
fn seen(family: &Family) -> String {
    if family.passes_through {
        return "The provider gets all of it, makes the solution, and may show both to the owner of the credential."
            .to_owned();
    }
    let plain = family.fields.iter().filter(|field| field.class != Class::Secret).map(|field| field.name);
    let plain: Vec<&str> = plain.collect();
    let proxy = if family.takes_proxy { ", the proxy where one is sent," } else { "" };
    format!(
        "The provider gets {}{proxy} and makes the solution; it may show them to the owner of the credential.",
        listed(&plain, "and")
    )
}

/// What keeps a task with the platform's own credentials.
fn secrets(family: &Family) -> Option<String> {
    let end = "goes to the platform's own credentials only, unless `keyPoolMode` is `all`.";
    if family.passes_through {
        return Some(format!("All of it counts as secret: a task {end}"));
    }
    let secret = family.fields.iter().filter(|field| field.class == Class::Secret).map(|field| field.name);
    let proxy = family.takes_proxy.then_some(["proxyLogin", "proxyPassword"]);
    let secret: Vec<&str> = secret.chain(proxy.into_iter().flatten()).collect();
    (!secret.is_empty()).then(|| format!("A task with {} {end}", listed(&secret, "or")))
}

/// Names between backticks, as a person would list them.
pub(super) fn listed(names: &[&str], last: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Url => "URL".to_owned(),
        Kind::Text(most) => format!("text, at most {}", size(most)),
        Kind::Flag => "true or false".to_owned(),
        Kind::Integer(least, most) => format!("whole number, {least} to {most}"),
        Kind::Number(least, most) => format!("number, {least} to {most}"),
        Kind::Object => "object".to_owned(),
        Kind::Choice(words) => listed(words, "or"),
        Kind::JsonText => "object, or its text".to_owned(),
        Kind::Integers(most) => format!("list of at most {most} whole numbers"),
        Kind::Urls(most) => format!("list of at most {most} URLs"),
        Kind::Image => "image in base64".to_owned(),
        Kind::Images(most) => format!("list of at most {most} images in base64"),
        Kind::Audio => "recording in base64".to_owned(),
        Kind::Cookies => "cookies: `a=1; b=2`, or an object".to_owned(),
    }
}

fn size(bytes: usize) -> String {
    if bytes >= 1024 && bytes.is_multiple_of(1024) { format!("{} KiB", bytes / 1024) } else { format!("{bytes} bytes") }
}

const fn class(class: Class) -> Option<&'static str> {
    match class {
        Class::Plain => None,
        Class::Personal => Some("personal"),
        Class::Secret => Some("secret"),
    }
}

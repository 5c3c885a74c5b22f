//! The catalogue and the errors as Markdown, for the pages in `docs/`.

use capstan_domain::catalogue::Family;
use capstan_domain::catalogue::families::{THEMES, Theme};

use super::facts::{Facts, listed, theme_of, troubles};

/// A page of each theme, by the name of its file in `docs/types/`.
#[must_use]
pub fn theme_pages() -> Vec<(String, String)> {
    THEMES.iter().map(|theme| (format!("{}.md", theme.name), theme_page(theme))).collect()
}

/// The table of all types.
#[must_use]
pub fn index() -> String {
    let mut text = "| captcha | canonical name | type names |\n|---|---|---|\n".to_owned();
    for family in THEMES.iter().flat_map(|theme| theme.families) {
        let facts = Facts::of(family);
        let link = link("types/", family);
        text.push_str(&format!("| {link} | `{}` | {} |\n", family.name, commas(&facts.names)));
    }
    text
}

/// The table of all errors.
#[must_use]
pub fn errors() -> String {
    let mut text = "| errorId | errorCode | meaning | what to do | `anticaptcha` | `capsolver` | classic |\n\
                    |---|---|---|---|---|---|---|\n"
        .to_owned();
    for trouble in troubles() {
        let (id, code) = trouble.codes.any_solver;
        let (number, word) = trouble.codes.anti_captcha;
        let (status, name) = trouble.codes.cap_solver;
        let (meaning, advice, classic) = (trouble.meaning, trouble.advice, trouble.codes.classic);
        text.push_str(&format!(
            "| {id} | `{code}` | {meaning} | {advice} | {number} `{word}` | HTTP {status} `{name}` | `{classic}` |\n"
        ));
    }
    text
}

fn theme_page(theme: &Theme) -> String {
    let mut text = format!(
        "# {}\n\nPrinted from the [catalogue](../../host/domain/src/catalogue/families/{}.rs), of which `GET /docs/types` of a \
         gateway shows the same, with providers and prices. How tasks are sent, and what *secret* and *personal* mean: \
         [the client API](../api.md).\n",
        theme.title, theme.name
    );
    for family in theme.families {
        text.push_str(&family_text(&Facts::of(family)));
    }
    text
}

fn family_text(facts: &Facts) -> String {
    let family = facts.family;
    let mut text = format!("\n<a id=\"{}\"></a>\n\n## {}\n\n", family.name, family.title);
    text.push_str(&format!("Canonical name `{}`. Types: {}. {}\n", family.name, commas(&facts.names), facts.proxy()));
    if !facts.methods.is_empty() {
        text.push_str(&format!("\nClassic `method`: {}.\n", commas(&facts.methods)));
    }
    let apart: String = told_apart(facts).iter().map(|sentence| format!("- {sentence}\n")).collect();
    if !apart.is_empty() {
        text.push_str(&format!("\n{apart}"));
    }
    text.push_str(&parameters(facts));
    for sentence in &facts.groups {
        text.push_str(&format!("\n{sentence}\n"));
    }
    if !facts.solution.is_empty() {
        text.push_str("\n| solution | meaning |\n|---|---|\n");
    }
    for field in &facts.solution {
        text.push_str(&format!("| {}{} | {} |\n", commas(&field.names), worth_a_word(field.class), field.about));
    }
    if !facts.notes.is_empty() {
        text.push_str(&format!("\n{}\n", facts.notes.join(" ")));
    }
    text
}

fn told_apart(facts: &Facts) -> Vec<String> {
    let chosen = facts.chosen_by.iter().map(|name| format!("{name} means it, too."));
    let from = facts.comes_from.iter().map(|(other, when)| format!("{} becomes it where {when}.", link("", other)));
    let to = facts.becomes.iter().map(|(when, other)| format!("Where {when}, it becomes {}.", link("", other)));
    chosen.chain(from).chain(to).collect()
}

fn parameters(facts: &Facts) -> String {
    let mut text = "\n| parameter | also | type | required | meaning |\n|---|---|---|---|---|\n".to_owned();
    for told in &facts.parameters {
        let required = if told.required { "yes" } else { "no" };
        let (also, class) = (commas(told.also), worth_a_word(told.class));
        text.push_str(&format!("| `{}` | {also} | {}{class} | {required} | {} |\n", told.name, told.kind, told.about));
    }
    text
}

fn worth_a_word(class: Option<&str>) -> String {
    class.map(|class| format!(", *{class}*")).unwrap_or_default()
}

fn commas(names: &[&str]) -> String {
    names.iter().map(|name| listed(&[name], "")).collect::<Vec<_>>().join(", ")
}

/// A link to a family, from a page to which the folder of the themes is `folder`.
fn link(folder: &str, family: &Family) -> String {
    let theme = theme_of(family).map_or("", |theme| theme.name);
    format!("[{}]({folder}{theme}.md#{})", family.title, family.name)
}

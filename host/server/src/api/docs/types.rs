//! `/docs/types`, the list with its filter, and a page for each family.

use capstan_domain::catalogue::families::{THEMES, Theme};
use capstan_domain::catalogue::fields::bare;
use capstan_domain::catalogue::{self, Family};
use maud::{Markup, html};

use super::example::{Example, examples};
use super::facts::{Facts, Parameter, theme_of};
use super::page::{Place, names, page, pasted, prose};
use super::served::{Server, Sold, servers};
use crate::providers::Snapshot;

/// Longest text that is looked for.
const MOST_SOUGHT: usize = 100;

/// The list, or those of it in which a text occurs.
pub(super) fn list(snapshot: &Snapshot, sought: &str) -> String {
    let sought: String = sought.trim().chars().take(MOST_SOUGHT).collect();
    let found = |theme: &'static Theme| -> Vec<&'static Family> {
        theme.families.iter().filter(|family| is_match(family, &sought)).collect()
    };
    let themes: Vec<_> = THEMES.iter().map(|theme| (theme, found(theme))).filter(|(_, f)| !f.is_empty()).collect();
    let count: usize = themes.iter().map(|(_, families)| families.len()).sum();
    let body = html! {
        h1 { "Task types" }
        form action="/docs/types" method="get" role="search" {
            label for="q" { "Find by captcha, type name of any service, or classic method" }
            input id="q" name="q" type="search" value=(sought) maxlength=(MOST_SOUGHT) autocomplete="off" spellcheck="false";
            button type="submit" { "Find" }
        }
        @if sought.is_empty() {
            p {
                "Each type goes by the names that the services of the field have for it, in any letter case. "
                (count) " kinds are known."
            }
        } @else {
            p role="status" { (count) " of " (catalogue::all().len()) " match “" (sought) "”. " a href="/docs/types" { "Show all" } }
        }
        @if themes.len() > 1 {
            nav class="toc" aria-label="Themes" {
                ul { @for (theme, families) in &themes {
                    li { a href={ "#" (theme.name) } { (theme.title) } " " span class="soft" { (families.len()) } }
                } }
            }
        }
        @for (theme, families) in &themes {
            section id=(theme.name) aria-labelledby={ (theme.name) "-title" } {
                h2 id={ (theme.name) "-title" } { (theme.title) }
                ul class="families" { @for family in families { (entry(snapshot, family)) } }
            }
        }
    };
    page("Task types", Some(Place::Types), &body)
}

fn is_match(family: &'static Family, sought: &str) -> bool {
    let needle = bare(sought);
    if needle.is_empty() {
        return sought.is_empty();
    }
    let facts = Facts::of(family);
    let texts = [family.name, family.title].into_iter().chain(family.type_names.iter().copied());
    let named = texts.chain(facts.chosen_by.iter().map(String::as_str)).any(|text| bare(text).contains(&needle));
    // A name as it is sent, with `ProxyLess` somewhere in it.
    named || catalogue::by_type_name(sought).is_some_and(|(meant, _)| meant.name == family.name)
}

fn entry(snapshot: &Snapshot, family: &'static Family) -> Markup {
    let facts = Facts::of(family);
    let servers = servers(snapshot, family.name);
    let least = servers.iter().filter_map(Server::cheapest).min();
    html! {
        li id=(family.name) {
            h3 { a href={ "/docs/types/" (family.name) } { (family.title) } }
            ul class="names" { @for name in &facts.names { li { code { (name) } } } }
            p class="soft" {
                @match least {
                    Some(price) => { "From $" (price) ", by " (people(&servers)) }
                    None => { "Served by nobody here now" }
                }
            }
        }
    }
}

fn people(servers: &[Server]) -> String {
    servers.iter().map(|server| server.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The page of a family, with examples for a gateway at this address.
pub(super) fn family(snapshot: &Snapshot, family: &'static Family, gateway: &str) -> String {
    let facts = Facts::of(family);
    let theme = theme_of(family);
    let body = html! {
        p {
            a href="/docs/types" { "Task types" }
            @if let Some(theme) = theme { " / " a href={ "/docs/types#" (theme.name) } { (theme.title) } }
        }
        h1 { (family.title) }
        p { "Canonical name " code { (family.name) } ". " @for note in &facts.notes { (prose(note)) " " } }
        (names_section(&facts))
        (parameters(&facts))
        (example(&examples(family, gateway)))
        (solution(&facts))
        (prices(&servers(snapshot, family.name)))
    };
    page(family.title, None, &body)
}

fn names_section(facts: &Facts) -> Markup {
    let reference = |family: &Family| html! { a href={ "/docs/types/" (family.name) } { (family.title) } };
    html! {
        h2 id="names" { "Type names" }
        ul class="names" { @for name in &facts.names { li { code { (name) } } } }
        p { (prose(facts.proxy())) " Letter case, dashes and underscores do not count." }
        @if !facts.methods.is_empty() { p { "Classic " code { "method" } ": " (names(&facts.methods)) "." } }
        @if !(facts.chosen_by.is_empty() && facts.comes_from.is_empty() && facts.becomes.is_empty()) {
            ul {
                @for name in &facts.chosen_by { li { (prose(name)) " means it, too." } }
                @for (other, when) in &facts.comes_from { li { (reference(other)) " becomes it where " (prose(when)) "." } }
                @for (when, other) in &facts.becomes { li { "Where " (prose(when)) ", it becomes " (reference(other)) "." } }
            }
        }
    }
}

fn parameters(facts: &Facts) -> Markup {
    html! {
        h2 id="parameters" { "Parameters" }
        table class="stack" {
            thead { tr { th scope="col" { "Name" } th scope="col" { "Also" } th scope="col" { "Value" } th scope="col" { "Meaning" } } }
            tbody { @for told in &facts.parameters { (parameter(told)) } }
        }
        @for sentence in &facts.groups { p { (prose(sentence)) } }
        @if facts.family.takes_proxy {
            p { "Beside them a proxy, in any of " a href="/docs#proxies" { "three spellings" } "." }
        }
        p {
            "As " a href={ "/docs/schema/" (facts.family.name) ".json" } { "JSON Schema" }
            ". " em { "Personal" } " values are gone with the payload; " em { "secret" } " ones are never written and never logged."
        }
    }
}

fn parameter(told: &Parameter) -> Markup {
    html! {
        tr {
            th scope="row" { code { (told.name) } @if told.required { " " span class="tag" { "required" } } }
            td data-label=[(!told.also.is_empty()).then_some("Also")] { (names(told.also)) }
            td { (prose(&told.kind)) @if let Some(class) = told.class { ", " span class="tag" { (class) } } }
            td { (told.about) }
        }
    }
}

fn example(examples: &[Example]) -> Markup {
    html! {
        h2 id="example" { "Example" }
        p {
            "Replace KEY by your key. The answer has a " code { "taskId" } " to "
            a href="/docs#gettaskresult" { "ask for the result with" } "."
        }
        @for (index, example) in examples.iter().enumerate() {
            details open[index == 0] { summary { (example.form) } (pasted(&example.command)) }
        }
    }
}

fn solution(facts: &Facts) -> Markup {
    html! {
        h2 id="solution" { "Solution" }
        @if facts.solution.is_empty() {
            p { "What the provider gives, as it is." }
        } @else {
            table class="stack" {
                thead { tr { th scope="col" { "Names" } th scope="col" { "Meaning" } } }
                tbody { @for field in &facts.solution {
                    tr {
                        th scope="row" {
                            (names(&field.names))
                            @if let Some(class) = field.class { " " span class="tag" { (class) } }
                        }
                        td { (field.about) }
                    }
                } }
            }
        }
    }
}

fn prices(servers: &[Server]) -> Markup {
    let price = |sold: &Option<Sold>| {
        html! { @if let Some(sold) = sold {
            @if sold.is_most { "at most " }
            "$" (sold.price)
            @for (when, add) in &sold.surcharges { div { "+ " (add) " where " code { (when) } } }
        } }
    };
    html! {
        h2 id="prices" { "Who serves it, and the price" }
        @if servers.is_empty() {
            p { "No provider in use here serves it now." }
        } @else {
            table class="stack" {
                thead { tr {
                    th scope="col" { "Provider" } th scope="col" { "Platform's credentials" }
                    th scope="col" { "Contributed credentials" } th scope="col" { "Proxy" }
                } }
                tbody { @for server in servers {
                    tr {
                        th scope="row" { (server.name) }
                        td data-label=[server.platform.as_ref().map(|_| "Platform's credentials")] { (price(&server.platform)) }
                        td data-label=[server.community.as_ref().map(|_| "Contributed credentials")] { (price(&server.community)) }
                        td data-label="Proxy" { (server.proxies()) }
                    }
                } }
            }
            p { "US dollars for one solved task; " a href="/docs#prices-and-refunds" { "failures cost nothing" } "." }
        }
    }
}

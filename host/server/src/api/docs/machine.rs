//! The catalogue for programs: `/docs/types.json`.

use capstan_domain::catalogue::families::{THEMES, Theme};
use capstan_domain::catalogue::{Class, Family, Field, SolutionField};
use serde_json::{Value, json};

use super::facts::Facts;
use super::served::{Server, Sold, servers};
use crate::providers::Snapshot;

/// Every family with its names, parameters, solution, providers and prices.
pub(super) fn types(snapshot: &Snapshot) -> Value {
    let of = |theme: &'static Theme| theme.families.iter().map(move |family| of_family(snapshot, theme, family));
    json!({"types": THEMES.iter().flat_map(of).collect::<Vec<_>>()})
}

fn of_family(snapshot: &Snapshot, theme: &Theme, family: &'static Family) -> Value {
    let facts = Facts::of(family);
    json!({
        "name": family.name, "title": family.title, "theme": theme.name,
        "typeNames": facts.names, "classicMethods": facts.methods, "takesProxy": family.takes_proxy,
        "parameters": family.fields.iter().map(parameter).collect::<Vec<_>>(),
        "oneOf": family.one_of, "passesThrough": family.passes_through,
        "schema": format!("/docs/schema/{}.json", family.name),
        "solution": family.solution.iter().filter(|_| !family.passes_through).map(solved).collect::<Vec<_>>(),
        "tokenLifeSeconds": family.token_life_s, "boundToUserAgent": family.bound_to_user_agent,
        "providers": servers(snapshot, family.name).iter().map(server).collect::<Vec<_>>(),
    })
}

fn parameter(field: &Field) -> Value {
    json!({
        "name": field.name, "also": field.also, "required": field.required, "class": class(field.class),
        "about": field.about,
    })
}

fn solved(field: &SolutionField) -> Value {
    json!({"name": field.name, "also": field.also, "class": class(field.class), "main": field.main, "about": field.about})
}

/// Prices as text: they are exact decimals.
fn server(server: &Server) -> Value {
    let text = |sold: &Option<Sold>| sold.as_ref().map(|sold| sold.price.to_string());
    let surcharges = |sold: &Option<Sold>| {
        let of = |(when, add): &(String, String)| json!({"when": when, "add": add});
        sold.as_ref().map(|sold| sold.surcharges.iter().map(of).collect::<Vec<_>>())
    };
    json!({
        "name": server.name, "proxy": server.proxy,
        "usd": {"platform": text(&server.platform), "community": text(&server.community)},
        "surcharges": {"platform": surcharges(&server.platform), "community": surcharges(&server.community)},
    })
}

const fn class(class: Class) -> &'static str {
    match class {
        Class::Plain => "plain",
        Class::Personal => "personal",
        Class::Secret => "secret",
    }
}

//! `/docs`: the guide. It is `docs/api.md`, so that there is one text; its generated tables have pages of their own here,
//! and this gateway's limits follow it.

use std::sync::LazyLock;

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::page::{Place, page};
use crate::settings::Limits;
use crate::settings::units::duration;

const TEXT: &str = include_str!("../../../../../docs/api.md");
/// The generated tables, and what stands here for each.
const TABLES: [(&str, &str); 2] = [
    ("errors", "All codes, in every dialect, with what to do: [Errors](/docs/errors).\n"),
    ("task types", "All types with names, parameters, providers and prices: [Task types](/docs/types).\n"),
];
/// The section about this gateway.
const OURS: (&str, &str) = ("this-gateway", "This gateway");

static GUIDE: LazyLock<String> = LazyLock::new(|| {
    let text = TABLES.iter().fold(TEXT.to_owned(), |text, (name, instead)| cut(&text, name, instead));
    html_of(&text)
});

/// What the guide calls the gateway's address.
pub(super) const GATEWAY: &str = "https://GATEWAY";

/// The guide with this gateway's address, and the limits in force. The address is plain: no page is broken by it.
pub(super) fn guide(limits: &Limits, gateway: &str) -> String {
    let body = html! { (PreEscaped(GUIDE.replace(GATEWAY, gateway))) (ours(limits)) };
    page("Guide", Some(Place::Guide), &body)
}

fn ours(limits: &Limits) -> Markup {
    let seconds = |wait: &std::time::Duration| duration::to_text(*wait);
    html! {
        h2 id=(OURS.0) { (OURS.1) }
        dl {
            dt { "createTask waits for a provider" } dd { (seconds(&limits.accept_wait)) " at most" }
            dt { "getTaskResult waits" } dd { (seconds(&limits.long_poll)) " at most" }
            dt { "A task ends" } dd { "after " (seconds(&limits.task_deadline)) " at the latest" }
            dt { "A result can be read" } dd { "for " (seconds(&limits.retention)) }
            dt { "Requests of one key" } dd { (limits.key_rate) " a second, " (limits.key_burst) " at once" }
            dt { "Polls of one task" } dd { (limits.poll_rate) " a second, " (limits.poll_burst) " at once" }
            dt { "A request's body" } dd { (limits.max_body_bytes) " bytes at most" }
        }
        p { "A key may have a rate of its own; it is in the headers of every answer." }
    }
}

/// Puts a text in the place of a generated table.
fn cut(page: &str, name: &str, instead: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- end of {name} -->"));
    let parts = page.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    parts.map_or_else(|| page.to_owned(), |(before, after)| format!("{before}{instead}{after}"))
}

fn html_of(text: &str) -> String {
    let parsed: Vec<Event<'_>> = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
    let titles = titles(&parsed);
    let mut names = titles.iter().map(|(_, title)| slug(title));
    let events = parsed.into_iter().flat_map(|event| placed(event, &mut names, &titles));
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    html
}

/// Every heading's level and text.
fn titles(events: &[Event<'_>]) -> Vec<(HeadingLevel, String)> {
    let mut titles = Vec::new();
    let mut open: Option<(HeadingLevel, String)> = None;
    for event in events {
        match event {
            Event::Start(Tag::Heading { level, .. }) => open = Some((*level, String::new())),
            Event::End(TagEnd::Heading(_)) => titles.extend(open.take()),
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, title)) = &mut open {
                    title.push_str(text);
                }
            }
            _ => {}
        }
    }
    titles
}

/// A part of the text as the page has it: headings with ids, the way around after the first of them, tables that scroll
/// by themselves, links that lead to pages.
fn placed<'t>(
    event: Event<'t>,
    names: &mut impl Iterator<Item = String>,
    titles: &[(HeadingLevel, String)],
) -> Vec<Event<'t>> {
    let html = |text: &'static str| Event::Html(CowStr::Borrowed(text));
    match event {
        Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
            vec![Event::Start(Tag::Heading { level, id: names.next().map(CowStr::from), classes, attrs })]
        }
        Event::End(TagEnd::Heading(HeadingLevel::H1)) => {
            vec![event, Event::Html(contents(titles).into_string().into())]
        }
        Event::Start(Tag::Table(_)) => {
            vec![html("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table\">"), event]
        }
        Event::End(TagEnd::Table) => vec![event, html("</div>")],
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            vec![Event::Start(Tag::Link { link_type, dest_url: address(&dest_url).into(), title, id })]
        }
        // The marks around the tables.
        Event::Html(_) | Event::InlineHtml(_) => Vec::new(),
        other => vec![other],
    }
}

fn contents(titles: &[(HeadingLevel, String)]) -> Markup {
    let sections = titles.iter().filter(|(level, _)| *level == HeadingLevel::H2);
    html! {
        nav class="toc" aria-label="On this page" {
            ul {
                @for (_, title) in sections { li { a href={ "#" (slug(title)) } { (title) } } }
                li { a href={ "#" (OURS.0) } { (OURS.1) } }
            }
        }
    }
}

/// A heading's id, as the usual hosts of Markdown make it.
fn slug(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Where a link of the Markdown leads on the pages.
fn address(link: &str) -> String {
    match link.strip_prefix("types/").and_then(|rest| rest.split_once(".md")) {
        Some((theme, "")) => format!("/docs/types#{theme}"),
        Some((_, family)) => format!("/docs/types/{}", family.trim_start_matches('#')),
        None => link.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generated_tables_are_left_to_their_own_pages() {
        assert!(!GUIDE.contains("CAPTCHA_UNSOLVABLE") && !GUIDE.contains("geetest_v4") && !GUIDE.contains("<!--"));
        assert!(GUIDE.contains("href=\"/docs/errors\"") && GUIDE.contains("href=\"/docs/types\""));
    }

    #[test]
    fn links_of_the_markdown_lead_to_pages() {
        assert_eq!(address("types/tokens.md#geetest_v4"), "/docs/types/geetest_v4");
        assert_eq!(address("types/tokens.md"), "/docs/types#tokens");
        assert_eq!(address("#errors"), "#errors");
        assert_eq!(slug("Prices and refunds"), "prices-and-refunds");
    }
}

//! What every page has: head, landmarks, the way around, and how a text of the catalogue becomes HTML.

use std::sync::LazyLock;

use base64::Engine as _;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

/// The only stylesheet; it stands in the page, and the policy allows it by its hash.
const STYLE: &str = include_str!("style.css");

/// What a browser may do with a page: show it with this stylesheet, and send its one form here. No scripts.
pub(super) static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
});

/// The pages that the navigation names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Guide,
    Types,
    Errors,
}

const PLACES: [(Place, &str, &str); 3] = [
    (Place::Guide, "/docs", "Guide"),
    (Place::Types, "/docs/types", "Task types"),
    (Place::Errors, "/docs/errors", "Errors"),
];

/// A whole page. `here` is the address when it is one of the navigation's own.
pub(super) fn page(title: &str, here: Option<Place>, body: &Markup) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Capstan" }
                // Without it browsers ask for one.
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#content" { "Skip to the content" }
                header {
                    p class="name" { "Capstan" }
                    nav aria-label="Documentation" {
                        ul {
                            @for (place, address, name) in PLACES {
                                li { a href=(address) aria-current=[(here == Some(place)).then_some("page")] { (name) } }
                            }
                        }
                    }
                }
                main id="content" tabindex="-1" { (body) }
                footer {
                    p {
                        "For programs: " a href="/docs/types.json" { "types.json" } ", and a JSON Schema for each type. "
                        "Prices and providers are those in force now."
                    }
                }
            }
        }
    };
    markup.into_string()
}

/// A text whose words between backticks are code.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Names as code, with commas.
pub(super) fn names(names: &[&str]) -> Markup {
    html! {
        @for (index, name) in names.iter().enumerate() {
            @if index > 0 { ", " }
            code { (name) }
        }
    }
}

/// A program or a request to paste.
pub(super) fn pasted(text: &str) -> Markup {
    html! { pre { code { (text) } } }
}

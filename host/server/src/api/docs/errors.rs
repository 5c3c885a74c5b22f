//! `/docs/errors`: every error, what to do, and what each form of answers calls it.

use maud::{Markup, html};

use super::facts::{Trouble, troubles};
use super::page::{Place, page};

pub(super) fn errors() -> String {
    let body = html! {
        h1 { "Errors" }
        p {
            "An answer with an " code { "errorId" } " above 0 is an error. Branch on " code { "errorCode" }
            "; the description is for people and names the field that is at fault. In the default dialect "
            code { "errorId" } " 1 is outside of the gateway (the request, the account, the provider) and 2 is the gateway "
            "itself. Other dialects have other words for the same, each under its error below."
        }
        nav class="toc" aria-label="Errors" {
            ul { @for trouble in troubles() { li { a href={ "#" (trouble.codes.any_solver.1) } {
                code { (trouble.codes.any_solver.1) }
            } } } }
        }
        @for trouble in troubles() { (card(&trouble)) }
    };
    page("Errors", Some(Place::Errors), &body)
}

fn card(trouble: &Trouble) -> Markup {
    let codes = trouble.codes;
    html! {
        section class="card" id=(codes.any_solver.1) aria-label=(codes.any_solver.1) {
            h2 { code { (codes.any_solver.1) } }
            p { (trouble.meaning) }
            p { strong { "What to do: " } (trouble.advice) }
            dl {
                dt { "anysolver" } dd { "errorId " (codes.any_solver.0) ", " code { (codes.any_solver.1) } }
                dt { "anticaptcha" } dd { "errorId " (codes.anti_captcha.0) ", " code { (codes.anti_captcha.1) } }
                dt { "capsolver" } dd { "HTTP " (codes.cap_solver.0) ", errorId 1, " code { (codes.cap_solver.1) } }
                dt { "classic" } dd { code { (codes.classic) } }
            }
        }
    }
}

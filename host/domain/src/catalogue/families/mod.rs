//! The families. One entry says everything that clients, prices, adapters and the documentation need to know.
//!
//! Names and parameters are the union of what the services of the field document; where they differ, the canonical name
//! is the most common one and the others are its spellings. A family is an entry in the file of its theme; what several
//! have in common is in [`shared`].

mod cloudflare;
mod cookies;
mod pictures;
mod recaptcha;
mod service_only;
mod shared;
mod tokens;

use super::{Family, Selector};

/// Families that are looked for together.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    /// Its name in addresses.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Its families.
    pub families: &'static [Family],
}

/// The themes, in the order of the documentation.
pub const THEMES: [Theme; 6] = [
    Theme { name: "recaptcha", title: "reCAPTCHA and hCaptcha", families: recaptcha::FAMILIES },
    Theme { name: "cloudflare", title: "Cloudflare", families: cloudflare::FAMILIES },
    Theme { name: "tokens", title: "Other token captchas", families: tokens::FAMILIES },
    Theme { name: "cookies", title: "Protections of whole sites", families: cookies::FAMILIES },
    Theme { name: "pictures", title: "Pictures, recordings and questions", families: pictures::FAMILIES },
    Theme { name: "service_only", title: "Types of one service", families: service_only::FAMILIES },
];

/// Every family, in the order of the documentation.
pub static FAMILIES: &[Family] = &joined();

/// Type names of which a parameter tells the family.
pub const SELECTORS: &[Selector] = service_only::SELECTORS;

#[expect(clippy::indexing_slicing, reason = "done by the compiler, which says when an index is out of range")]
const fn count() -> usize {
    let (mut part, mut count) = (0, 0);
    while part < THEMES.len() {
        count += THEMES[part].families.len();
        part += 1;
    }
    count
}

#[expect(clippy::indexing_slicing, reason = "done by the compiler, which says when an index is out of range")]
const fn joined() -> [Family; count()] {
    let mut all = [shared::TOKEN; count()];
    let (mut part, mut done) = (0, 0);
    while part < THEMES.len() {
        let mut index = 0;
        while index < THEMES[part].families.len() {
            all[done] = THEMES[part].families[index];
            done += 1;
            index += 1;
        }
        part += 1;
    }
    all
}

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

const PARTS: [&[Family]; 6] = [
    recaptcha::FAMILIES,
    cloudflare::FAMILIES,
    tokens::FAMILIES,
    cookies::FAMILIES,
    pictures::FAMILIES,
    service_only::FAMILIES,
];

/// Every family, in the order of the documentation.
pub static FAMILIES: &[Family] = &joined();

/// Type names of which a parameter tells the family.
pub const SELECTORS: &[Selector] = service_only::SELECTORS;

#[expect(clippy::indexing_slicing, reason = "done by the compiler, which says when an index is out of range")]
const fn count() -> usize {
    let (mut part, mut count) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
}

#[expect(clippy::indexing_slicing, reason = "done by the compiler, which says when an index is out of range")]
const fn joined() -> [Family; count()] {
    let mut all = [shared::TOKEN; count()];
    let (mut part, mut done) = (0, 0);
    while part < PARTS.len() {
        let mut index = 0;
        while index < PARTS[part].len() {
            all[done] = PARTS[part][index];
            done += 1;
            index += 1;
        }
        part += 1;
    }
    all
}

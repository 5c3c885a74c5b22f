//! Types that CapSolver alone knows: parameters and solution are handed on as they are.
//!
//! Sources: `antibots/akamaibmp`, `antibots/akamaiweb` and `antibots/kasada` of the documentation, which have left its
//! menu. They are thin: the paths and the name of the page's address are from the provider's client libraries.

use super::{Family, PLAIN, Rows, Types};
use crate::solution::Kind;

const OWN: Family = Family {
    // The upper end of what has been seen, 2.50 to 5.00 for a thousand.
    list_price: "0.005",
    solution: Kind::Whole,
    ..PLAIN
};

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "capsolver_anti_akamai_bmp",
        types: Types::Solo("AntiAkamaiBMPTask"),
        parameters: Rows::AsSent("websiteURL"),
        path: "/akamaibmp/invoke",
        ..OWN
    },
    Family {
        name: "capsolver_anti_akamai_web",
        types: Types::Solo("AntiAkamaiWebTask"),
        parameters: Rows::AsSent("url"),
        path: "/akamaiweb/invoke",
        ..OWN
    },
    Family {
        name: "capsolver_anti_kasada",
        types: Types::Proxied("AntiKasadaTask"),
        parameters: Rows::AsSent("pageURL"),
        path: "/kasada/invoke",
        ..OWN
    },
];

//! An operator at work: `capstan serve` and the verbs, each in a process of its own.

mod first_day;
mod money;
mod offline;
mod prices;
mod routes;
mod stopping;

use libtest_mimic::Trial;

pub(crate) fn tests() -> Vec<Trial> {
    [first_day::tests(), money::tests(), offline::tests(), prices::tests(), routes::tests(), stopping::tests()]
        .into_iter()
        .flatten()
        .collect()
}

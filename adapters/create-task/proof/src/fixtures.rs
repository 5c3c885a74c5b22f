//! The fixtures: all are followed, and there are enough of them.

use std::path::Path;

use ::catalogue::catalogue::{self, solution};
use adapter_kit::{Provider, fixture};
use serde_json::Value;

use crate::Proof;

impl<P: Provider> Proof<P> {
    /// Every fixture is followed, and there are at least so many.
    pub fn every_fixture_is_followed(&self, least: usize) {
        all_are_followed::<P>(&self.folder, least);
    }

    /// Every family has a fixture of each way to submit it, and one of its solution that clients can read.
    pub fn every_family_has_its_fixtures(&self) {
        let ways = |family: &'static create_task::Family| Ways {
            family: family.name,
            solo: family.solo.is_some(),
            proxied: family.proxied.is_some(),
        };
        have_fixtures(&self.folder, self.service.all().map(ways));
    }
}

/// How a family is submitted.
pub struct Ways {
    /// Canonical name.
    pub family: &'static str,
    /// Whether it is solved without the client's proxy.
    pub solo: bool,
    /// Whether it is solved through it.
    pub proxied: bool,
}

/// Each of these families has a fixture of each way to submit it, and one of its solution that clients can read.
pub fn have_fixtures(folder: &Path, families: impl Iterator<Item = Ways>) {
    let fixtures: Vec<Value> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| serde_json::from_str(&std::fs::read_to_string(file.unwrap().path()).unwrap()).unwrap())
        .collect();
    for Ways { family, solo, proxied } in families {
        let submitted = |proxied: bool| {
            fixtures.iter().any(|fixture| {
                let task = &fixture["operation"]["submit"];
                let taken = !fixture["end"]["accepted"].is_null() || !fixture["end"]["solved"].is_null();
                taken && task["family"] == family && task["proxy"].is_null() != proxied
            })
        };
        assert_eq!(submitted(false), solo, "{family} without a proxy");
        assert_eq!(submitted(true), proxied, "{family} with a proxy");
        let solutions: Vec<&Value> = fixtures.iter().filter_map(|fixture| solved(fixture, family)).collect();
        assert!(!solutions.is_empty(), "{family} solved");
        for given in solutions {
            let complete = solution::complete(catalogue::by_name(family).unwrap(), &given.to_string());
            assert!(complete.is_ok(), "{family}: {complete:?}");
        }
    }
}

/// Every fixture of the folder is followed, and there are at least so many.
pub fn all_are_followed<P: Provider>(folder: &Path, least: usize) {
    match fixture::replay_folder::<P>(folder) {
        Ok(count) => assert!(count >= least, "only {count} fixtures"),
        Err(difference) => panic!("{difference}"),
    }
}

/// The solution that a fixture ends in, where it is of this family.
fn solved<'a>(fixture: &'a Value, family: &str) -> Option<&'a Value> {
    let (asked, end) = (&fixture["operation"], &fixture["end"]);
    let at_once = (asked["submit"]["family"] == family).then(|| &end["solved"]["solution"]);
    let later = (asked["poll"][0]["family"] == family).then(|| &end["polled"][0]["solved"]["solution"]);
    at_once.or(later).filter(|solution| !solution.is_null())
}

//! The fixtures: all are followed, and there are enough of them.

use ::catalogue::catalogue::{self, solution};
use adapter_kit::{Provider, fixture};
use serde_json::Value;

use crate::Proof;

impl<P: Provider> Proof<P> {
    /// Every fixture is followed, and there are at least so many.
    pub fn every_fixture_is_followed(&self, least: usize) {
        match fixture::replay_folder::<P>(&self.folder) {
            Ok(count) => assert!(count >= least, "only {count} fixtures"),
            Err(difference) => panic!("{difference}"),
        }
    }

    /// Every family has a fixture of each way to submit it, and one of its solution that clients can read.
    pub fn every_family_has_its_fixtures(&self) {
        let fixtures: Vec<Value> = std::fs::read_dir(&self.folder)
            .unwrap()
            .map(|file| serde_json::from_str(&std::fs::read_to_string(file.unwrap().path()).unwrap()).unwrap())
            .collect();
        for family in self.service.all() {
            let submitted = |proxied: bool| {
                fixtures.iter().any(|fixture| {
                    let task = &fixture["operation"]["submit"];
                    let taken = !fixture["end"]["accepted"].is_null() || !fixture["end"]["solved"].is_null();
                    taken && task["family"] == family.name && task["proxy"].is_null() != proxied
                })
            };
            assert_eq!(submitted(false), family.solo.is_some(), "{} without a proxy", family.name);
            assert_eq!(submitted(true), family.proxied.is_some(), "{} with a proxy", family.name);
            let solutions: Vec<&Value> = fixtures.iter().filter_map(|fixture| solved(fixture, family.name)).collect();
            assert!(!solutions.is_empty(), "{} solved", family.name);
            for given in solutions {
                let complete = solution::complete(catalogue::by_name(family.name).unwrap(), &given.to_string());
                assert!(complete.is_ok(), "{}: {complete:?}", family.name);
            }
        }
    }
}

/// The solution that a fixture ends in, where it is of this family.
fn solved<'a>(fixture: &'a Value, family: &str) -> Option<&'a Value> {
    let (asked, end) = (&fixture["operation"], &fixture["end"]);
    let at_once = (asked["submit"]["family"] == family).then(|| &end["solved"]["solution"]);
    let later = (asked["poll"][0]["family"] == family).then(|| &end["polled"][0]["solved"]["solution"]);
    at_once.or(later).filter(|solution| !solution.is_null())
}

//! What the laboratory promises: the same figures for the same seed, and a router that does what it is for.

#![expect(clippy::unwrap_used, reason = "a test")]

use capstan_domain::route::SelectionMode;
use capstan_laboratory::plot;
use capstan_laboratory::report::{self, Line, Plan};
use capstan_laboratory::scenario::FAMILIES;

fn lines(family: &str, mode: SelectionMode, seed: u64) -> Vec<Line> {
    let families = FAMILIES.iter().filter(|known| known.name == family).copied().collect();
    report::run(&Plan { families, modes: vec![mode], seeds: vec![seed] }, || {})
}

fn of<'l>(lines: &'l [Line], chooser: &str) -> &'l Line {
    lines.iter().find(|line| line.chooser == chooser).unwrap()
}

#[test]
fn a_seed_names_its_figures() {
    let figures = |lines: Vec<Line>| lines.iter().map(|l| (l.objective.to_bits(), l.p90.to_bits())).collect::<Vec<_>>();
    let once = figures(lines("outage", SelectionMode::AutoFastest, 7));
    assert_eq!(figures(lines("outage", SelectionMode::AutoFastest, 7)), once);
    assert_ne!(figures(lines("outage", SelectionMode::AutoFastest, 8)), once);
}

#[test]
fn an_outage_costs_the_router_next_to_nothing_and_those_who_do_not_look_most_of_their_tries() {
    let made = lines("outage", SelectionMode::Priority, 3);
    let (oracle, own) = (of(&made, "oracle"), of(&made, "capstan"));
    assert!(own.success > oracle.success - 0.02, "{own:?} {oracle:?}");
    assert!(of(&made, "static order").success < 0.6, "{:?}", of(&made, "static order"));
}

#[test]
fn limits_are_learned_and_not_run_into() {
    let made = lines("limits", SelectionMode::AutoCheapest, 3);
    assert!(of(&made, "capstan").throttled < 2.0 && of(&made, "static order").throttled > 50.0, "{made:?}");
}

#[test]
fn who_stops_answering_is_left_long_before_the_first_deadline() {
    let made = lines("brown-out", SelectionMode::AutoFastest, 3);
    let (own, averages) = (of(&made, "capstan"), of(&made, "plain EWMA"));
    assert!(own.objective < 0.7 * averages.objective, "{own:?} {averages:?}");
}

#[test]
fn who_answers_again_has_the_tasks_again_within_ten_minutes() {
    let made = lines("brown-out", SelectionMode::AutoCheapest, 3);
    let moved = |chooser: &str| of(&made, chooser).moved.unwrap();
    let own = moved("capstan");
    assert!(own.away.is_some_and(|s| s < 60.0) && own.back.is_some_and(|s| s < 600.0), "{own:?}");
    assert_eq!(moved("plain EWMA").back, None, "who looks once and never again");
    assert_eq!(
        of(&lines("twins", SelectionMode::AutoCheapest, 3), "capstan").moved,
        None,
        "nobody is in trouble there"
    );
}

#[test]
fn the_picture_has_a_dot_for_each_line_but_the_oracles() {
    let made = lines("twins", SelectionMode::AutoMostReliable, 1);
    let svg = plot::svg(&made);
    assert_eq!(svg.matches("<circle").count(), made.len() - 1 + 7, "a legend of seven");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
}

#[test]
fn both_pools_are_faster_and_meet_fewer_limits_than_the_platforms_alone() {
    let made = report::pools(&[SelectionMode::AutoFastest], &[1]);
    let (both, alone) = (of(&made, "all"), of(&made, "platformOnly"));
    assert!(both.success > alone.success && both.p90 < alone.p90 && both.cost < alone.cost, "{both:?} {alone:?}");
}

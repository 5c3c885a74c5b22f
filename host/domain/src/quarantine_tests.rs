//! The rule of quarantine, with the time as an argument.

use super::{Cause, Change, Conduct, Entry, Record, Rule, Work};

const TRAP: Conduct = Conduct::Broke("trapped");
const SLOW: Conduct = Conduct::TimedOut("out-of-time");
const START: i64 = 1_700_000_000_000;

fn rule() -> Rule {
    Rule::default()
}

/// Notes so many operations of one kind, a millisecond apart; whether the adapter is quarantined then.
fn told(record: &mut Record, work: Work, operations: &[(Conduct, usize)], at_ms: i64) -> bool {
    let all = operations.iter().flat_map(|(conduct, times)| std::iter::repeat_n(*conduct, *times));
    for (turn, conduct) in all.enumerate() {
        record.note(&rule(), work, (conduct, at_ms + turn as i64));
    }
    record.standing().is_some()
}

/// A record of an adapter that was quarantined at `START` for traps at submits.
fn shut() -> Record {
    let mut record = Record::default();
    for _ in 0..5 {
        record.note(&rule(), Work::Submit, (TRAP, START));
    }
    assert!(record.standing().is_some());
    record
}

#[test]
fn a_number_and_a_share_are_needed() {
    use Conduct::Kept;
    for (operations, is_quarantined) in [
        (vec![(TRAP, 4)], false),
        (vec![(TRAP, 5)], true),
        (vec![(Kept, 20), (TRAP, 5)], true),
        // One bad task type of a busy adapter.
        (vec![(Kept, 1_000), (TRAP, 100)], false),
        (vec![(SLOW, 2)], false),
        (vec![(SLOW, 3)], true),
        (vec![(Kept, 50), (SLOW, 3)], true),
        (vec![(Kept, 1_000), (SLOW, 40)], false),
        // Time-outs are faults as well.
        (vec![(TRAP, 3), (SLOW, 2)], true),
        (vec![(Kept, 10_000)], false),
    ] {
        assert_eq!(told(&mut Record::default(), Work::Submit, &operations, START), is_quarantined, "{operations:?}");
    }
}

#[test]
fn what_is_older_than_the_window_does_not_count() {
    let mut record = Record::default();
    assert!(!told(&mut record, Work::Submit, &[(TRAP, 4)], START));
    assert!(!told(&mut record, Work::Submit, &[(TRAP, 4)], START + 70_000));
    assert!(told(&mut record, Work::Submit, &[(TRAP, 1)], START + 80_000));
}

#[test]
fn many_good_polls_do_not_hide_submits_that_all_fail() {
    let mut record = Record::default();
    assert!(!told(&mut record, Work::Upkeep, &[(Conduct::Kept, 10_000)], START));
    assert!(told(&mut record, Work::Submit, &[(TRAP, 5)], START));
}

#[test]
fn the_note_says_what_happened() {
    let mut record = Record::default();
    told(&mut record, Work::Submit, &[(Conduct::Kept, 2), (TRAP, 1), (SLOW, 3)], START);
    let note = record.standing().unwrap();
    assert_eq!((note.since_ms, note.cause, note.work), (START + 5, Cause::TimeOuts, Work::Submit));
    assert_eq!((note.faults, note.operations), (4, 6));
    assert_eq!(note.to_string(), "too many time-outs: 4 of 6 submits failed, the last by out-of-time");
}

#[test]
fn a_quarantine_is_announced_once() {
    let mut record = Record::default();
    let changes = (0..50).filter_map(|_| record.note(&rule(), Work::Submit, (TRAP, START))).count();
    assert_eq!(changes, 1);
    assert_eq!(record.standing().map(|note| note.faults), Some(50));
}

#[test]
fn tasks_are_let_in_as_probes_after_the_rest_and_three_good_ones_end_it() {
    let mut record = shut();
    for at_ms in [START, START + 29_999] {
        assert!(!record.admits(at_ms));
        assert_eq!(record.enter(&rule(), at_ms), Entry::Shut);
    }
    let later = START + 30_000;
    for _ in 0..3 {
        assert!(record.admits(later));
        assert_eq!(record.enter(&rule(), later), Entry::Probe);
    }
    assert!(!record.admits(later), "three are enough");
    assert_eq!(record.enter(&rule(), later), Entry::Shut);
    let kept: Vec<_> = (0..3).map(|_| record.note(&rule(), Work::Submit, (Conduct::Kept, later + 500))).collect();
    assert_eq!(kept, [None, None, Some(Change::Freed)]);
    assert_eq!((record.standing(), record.enter(&rule(), later + 500)), (None, Entry::Free));
}

#[test]
fn a_probe_that_fails_doubles_the_rest_up_to_the_longest() {
    let mut record = shut();
    let (mut at_ms, mut rests) = (START, Vec::new());
    for _ in 0..9 {
        at_ms = record.standing().unwrap().probed_at_ms;
        assert_eq!(record.enter(&rule(), at_ms), Entry::Probe);
        assert!(matches!(record.note(&rule(), Work::Submit, (TRAP, at_ms)), Some(Change::Prolonged(_))));
        rests.push((record.standing().unwrap().probed_at_ms - at_ms) / 1_000);
    }
    assert_eq!(rests, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
    assert_eq!(record.standing().unwrap().since_ms, START, "it is one quarantine");
    assert!(!record.admits(at_ms));
}

#[test]
fn probes_that_lead_to_nothing_are_given_out_again_after_one_more_rest() {
    let mut record = shut();
    for _ in 0..3 {
        record.enter(&rule(), START + 30_000);
    }
    assert!(!record.admits(START + 59_999));
    assert!(record.admits(START + 60_000));
    assert_eq!(record.enter(&rule(), START + 60_000), Entry::Probe);
}

#[test]
fn who_comes_back_soon_after_it_was_freed_rests_for_longer() {
    for (after_ms, rest_ms) in [(1_000, 60_000), (40_000, 30_000)] {
        let mut record = shut();
        told(&mut record, Work::Submit, &[(Conduct::Kept, 3)], START + 30_000);
        let again = START + 30_000 + after_ms;
        assert!(told(&mut record, Work::Submit, &[(SLOW, 3)], again));
        let note = record.standing().unwrap();
        assert_eq!(note.probed_at_ms - note.since_ms, rest_ms, "after {after_ms}");
    }
}

#[test]
fn polls_go_on_at_full_pace_while_they_go_well() {
    let mut record = shut();
    assert!((0..100).all(|_| record.poll(START).is_ok()));
}

#[test]
fn polls_that_break_a_limit_come_one_at_a_time_and_ever_more_slowly_until_one_goes_well() {
    let mut record = Record::default();
    assert!(told(&mut record, Work::Upkeep, &[(SLOW, 3)], START));
    let (mut at_ms, mut waits) = (START + 2, Vec::new());
    for _ in 0..6 {
        let next = record.poll(at_ms).unwrap_err();
        waits.push(next - at_ms);
        at_ms = next;
        assert_eq!(record.poll(at_ms), Ok(()));
        assert!(record.poll(at_ms).is_err(), "one at a time");
        record.note(&rule(), Work::Upkeep, (SLOW, at_ms));
    }
    assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    record.note(&rule(), Work::Upkeep, (Conduct::Kept, at_ms));
    assert!((0..100).all(|_| record.poll(at_ms).is_ok()));
    assert!(record.standing().is_some(), "it gets no new tasks yet");
}

#[test]
fn old_tasks_whose_polls_fail_do_not_use_up_an_adapters_chance_to_show_good_submits() {
    let mut record = shut();
    let later = START + 30_000;
    assert_eq!(record.note(&rule(), Work::Upkeep, (SLOW, later)), None);
    assert!(record.admits(later));
}

#[test]
fn good_submits_do_not_free_an_adapter_whose_polls_spin() {
    let mut record = Record::default();
    told(&mut record, Work::Upkeep, &[(SLOW, 3)], START);
    assert!(told(&mut record, Work::Submit, &[(Conduct::Kept, 100)], START + 40_000));
    assert!(!told(&mut record, Work::Upkeep, &[(Conduct::Kept, 3)], START + 40_100));
}

#[test]
fn lifting_forgets_what_led_to_it() {
    let mut record = shut();
    assert!(record.lift() && !record.lift());
    assert!(record.admits(START) && !told(&mut record, Work::Submit, &[(TRAP, 4)], START));
    assert!(told(&mut record, Work::Submit, &[(TRAP, 1)], START));
    assert_eq!(record.standing().map(|note| note.probed_at_ms - note.since_ms), Some(30_000));
}

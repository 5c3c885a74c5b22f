//! What the services promise differently.

use super::*;

const ALL: [WireFormat; 3] = WireFormat::ALL;

fn picture() -> NewTask {
    let needs = TextNeeds { picture: 1, letters: true, digits: true, phrase: false, min_length: 5, max_length: 7 };
    NewTask { family: Family::ImageToText, proxied: false, needs: Needs::Text(needs) }
}

fn unsolvable() -> Create {
    Create::Accept { solve_after_ms: 0, outcome: Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned()) }
}

#[test]
fn only_anti_captcha_charges_for_trying_unless_the_settings_say_otherwise() {
    for (setting, charging) in
        [(None, vec![WireFormat::AntiCaptcha]), (Some(true), ALL.to_vec()), (Some(false), vec![])]
    {
        for speaks in ALL {
            let mut engine = engine_of(speaks, Behaviour { charges_unsolvable: setting, ..Behaviour::default() });
            engine.add_script([unsolvable(), Create::solved_after(0)]);
            let id = created(&mut engine, 0);
            assert_eq!(refusal(engine.poll(0, "a", Some(id))), Refusal::Unsolvable);
            let expected = if charging.contains(&speaks) { PRICE } else { 0 };
            assert_eq!(engine.stats(0).charged["a"], Usd::from_nanos(expected), "{speaks} {setting:?}");
            created(&mut engine, 0);
            assert_eq!(engine.stats(0).charged["a"], Usd::from_nanos(expected + PRICE), "solved ones cost everywhere");
        }
    }
}

#[test]
fn results_are_kept_for_as_long_as_the_service_keeps_them() {
    let after_the_end_at_5_s = [60_000 + 5_000, 900_000, 300_000];
    for (speaks, gone_ms) in ALL.into_iter().zip(after_the_end_at_5_s) {
        let mut engine = engine_of(speaks, Behaviour { latency: Latency::Fixed { ms: 5_000 }, ..Behaviour::default() });
        let id = created(&mut engine, 0);
        ready(&mut engine, gone_ms - 1, id);
        assert_eq!(refusal(engine.poll(gone_ms, "a", Some(id))), Refusal::TaskGone, "{speaks}");
    }
    let limits = Limits { result_kept_ms: Some(10), ..Limits::default() };
    let mut engine = engine_of(WireFormat::Capsolver, Behaviour { limits, ..Behaviour::default() });
    let id = created(&mut engine, 0);
    ready(&mut engine, 9, id);
    assert_eq!(refusal(engine.poll(10, "a", Some(id))), Refusal::TaskGone);
}

#[test]
fn the_time_for_which_solutions_are_held_does_not_count_against_their_keeping() {
    let mut engine = engine_of(WireFormat::Capsolver, Behaviour::default());
    engine.hold_solutions(0, true);
    let id = created(&mut engine, 0);
    engine.hold_solutions(400_000, false);
    ready(&mut engine, 699_999, id);
    assert_eq!(refusal(engine.poll(700_000, "a", Some(id))), Refusal::TaskGone);
}

#[test]
fn capsolver_alone_gives_up_after_two_minutes() {
    for (speaks, open) in ALL.into_iter().zip([true, true, false]) {
        let mut engine =
            engine_of(speaks, Behaviour { latency: Latency::Fixed { ms: 200_000 }, ..Behaviour::default() });
        let id = created(&mut engine, 0);
        assert!(is_processing(&mut engine, 119_999, id));
        assert_eq!(is_processing(&mut engine, 120_000, id), open, "{speaks}");
    }
    let mut engine =
        engine_of(WireFormat::Capsolver, Behaviour { latency: Latency::Fixed { ms: 200_000 }, ..Behaviour::default() });
    let id = created(&mut engine, 0);
    assert_eq!(refusal(engine.poll(120_000, "a", Some(id))), Refusal::TimedOut);
    assert_eq!(engine.stats(120_000).charged["a"], Usd::ZERO);
}

#[test]
fn capsolver_alone_loses_a_task_that_is_polled_more_than_120_times() {
    for (speaks, lost) in ALL.into_iter().zip([false, false, true]) {
        let mut engine = engine_of(speaks, Behaviour::default());
        let id = created(&mut engine, 0);
        for _ in 0..120 {
            ready(&mut engine, 0, id);
        }
        let gone = matches!(engine.poll(0, "a", Some(id)).answer, Answer::Refused(Refusal::TaskGone));
        assert_eq!(gone, lost, "{speaks}");
        assert_eq!(engine.stats(0).polls_over_limit, 1);
    }
}

#[test]
fn capsolver_alone_reads_pictures_within_the_create() {
    for (speaks, at_once) in ALL.into_iter().zip([false, false, true]) {
        let mut engine = engine_of(speaks, Behaviour { latency: Latency::Fixed { ms: 700 }, ..Behaviour::default() });
        assert_eq!(engine.create(0, "a", Ok(picture()), IP).at_once, at_once, "{speaks}");
        assert!(!create(&mut engine, 0, "a").at_once, "tokens are polled for everywhere");
    }
    let mut engine =
        engine_of(WireFormat::Capsolver, Behaviour { latency: Latency::Fixed { ms: 700 }, ..Behaviour::default() });
    let id = engine.create(100, "a", Ok(picture()), IP).task_id.unwrap();
    assert!(matches!(engine.at_once(300, id), Standing::Open(Some(500))));
    engine.hold_solutions(400, true);
    assert!(matches!(engine.at_once(5_000, id), Standing::Open(None)));
    engine.hold_solutions(5_000, false);
    assert!(matches!(engine.at_once(5_000, id), Standing::Ended(Answer::Solved(solved, _)) if solved == id));
    assert!(engine.stats(5_000).charged["a"] > Usd::ZERO);
    engine.add_script([unsolvable()]);
    let id = engine.create(6_000, "a", Ok(picture()), IP).task_id.unwrap();
    assert!(matches!(engine.at_once(6_000, id), Standing::Ended(Answer::Refused(Refusal::Unsolvable))));
}

#[test]
fn several_tasks_are_told_of_in_the_order_asked_and_each_counts_as_a_poll() {
    let mut engine =
        engine_of(WireFormat::TwoCaptcha, Behaviour { latency: Latency::Fixed { ms: 100 }, ..Behaviour::default() });
    let (first, second) = (created(&mut engine, 0), created(&mut engine, 50));
    let answers = match engine.poll_many(100, "a", &[Some(second), None, Some(first)]).answer {
        Answer::Many(answers) => answers,
        other => panic!("{other:?}"),
    };
    assert!(matches!(
        answers.as_slice(),
        [Answer::Processing, Answer::Refused(Refusal::TaskIdUnreadable), Answer::Ready(_)]
    ));
    assert_eq!(engine.stats(100).polls, 3);
    assert_eq!(refusal(engine.poll_many(100, "nobody", &[Some(first)])), Refusal::KeyUnknown);
}

#[test]
fn a_wrong_request_of_an_unknown_key_is_told_about_the_key() {
    let engine = engine_of(WireFormat::TwoCaptcha, Behaviour::default());
    assert_eq!(refusal(engine.refuse("nobody", Refusal::Field("action"))), Refusal::KeyUnknown);
    assert_eq!(refusal(engine.refuse("a", Refusal::Field("action"))), Refusal::Field("action"));
}

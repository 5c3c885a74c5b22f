//! The service's rules, told by the moment at which each request comes.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::*;
use crate::call::{Needs, Ready, Solution, Spoil, TextNeeds};
use crate::latency::Latency;
use crate::script::{Malformed, Outcome};
use crate::settings::{CreateFailures, Failures, Limits, PollFailures, Published, SolveFailures};
use crate::wire::WireFormat;

mod services;

const IP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PRICE: i64 = 2_000_000;

fn turnstile() -> NewTask {
    NewTask { family: Family::Turnstile, proxied: false, needs: Needs::Token { user_agent: None } }
}

fn engine_with(behaviour: Behaviour) -> Engine {
    engine_of(WireFormat::AntiCaptcha, behaviour)
}

fn engine_of(speaks: WireFormat, behaviour: Behaviour) -> Engine {
    let key = |key: &str| KeySettings { key: key.to_owned(), balance: Usd::dollars(1) };
    let settings = Settings { speaks, seed: 7, keys: vec![key("a"), key("b")], behaviour, ..Settings::default() };
    Engine::new(&settings, 1_000_000)
}

fn taking(ms: u64) -> Engine {
    engine_with(Behaviour { latency: Latency::Fixed { ms }, ..Behaviour::default() })
}

fn create(engine: &mut Engine, now_ms: u64, key: &str) -> Reply {
    engine.create(now_ms, key, Ok(turnstile()), IP)
}

fn created(engine: &mut Engine, now_ms: u64) -> u64 {
    match create(engine, now_ms, "a").answer {
        Answer::Created(id) => id,
        other => panic!("{other:?}"),
    }
}

fn ready(engine: &mut Engine, now_ms: u64, id: u64) -> Ready {
    match engine.poll(now_ms, "a", Some(id)).answer {
        Answer::Ready(ready) => *ready,
        other => panic!("{other:?}"),
    }
}

fn refusal(reply: Reply) -> Refusal {
    match reply.answer {
        Answer::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn is_processing(engine: &mut Engine, now_ms: u64, id: u64) -> bool {
    matches!(engine.poll(now_ms, "a", Some(id)).answer, Answer::Processing)
}

#[test]
fn a_task_is_solved_when_its_time_has_come_and_dropped_a_minute_later() {
    let mut engine = taking(5_000);
    let id = created(&mut engine, 1_000);
    assert!(is_processing(&mut engine, 5_999, id));
    let solved = ready(&mut engine, 6_000, id);
    assert_eq!((solved.created_at, solved.ended_at), (1_000_001, 1_000_006));
    ready(&mut engine, 65_999, id);
    assert_eq!(refusal(engine.poll(66_000, "a", Some(id))), Refusal::TaskGone);
    assert!(engine.tasks.get(id).is_none(), "what is dropped takes no memory");
    assert_eq!(engine.stats(66_000).tasks.forgotten, 1);
}

#[test]
fn tasks_are_seen_only_by_their_own_key() {
    let mut engine = taking(0);
    let id = created(&mut engine, 0);
    assert_eq!(refusal(engine.poll(0, "b", Some(id))), Refusal::TaskGone);
    assert_eq!(refusal(engine.poll(0, "nobody", Some(id))), Refusal::KeyUnknown);
    assert_eq!(refusal(engine.poll(0, "a", Some(1))), Refusal::TaskGone);
    assert_eq!(refusal(engine.poll(0, "a", None)), Refusal::TaskIdUnreadable);
}

#[test]
fn money_moves_when_a_task_is_solved_and_cannot_be_promised_twice() {
    let mut engine = taking(5_000);
    engine.set_key(0, "a", Usd::from_nanos(2 * PRICE + 1));
    created(&mut engine, 0);
    created(&mut engine, 0);
    assert_eq!(refusal(create(&mut engine, 0, "a")), Refusal::ZeroBalance);
    assert_eq!(engine.stats(4_999).charged["a"], Usd::ZERO);
    let stats = engine.stats(5_000);
    assert_eq!(stats.charged["a"], Usd::from_nanos(2 * PRICE));
    assert_eq!(stats.balances["a"], Usd::from_nanos(1));
    assert_eq!(stats.charged["b"], Usd::ZERO);
    assert_eq!(refusal(create(&mut engine, 5_000, "a")), Refusal::ZeroBalance);
}

#[test]
fn unsolvable_tasks_are_charged_and_other_failures_are_not() {
    let mut engine = taking(0);
    let ending = |code: &str| Create::Accept { solve_after_ms: 10, outcome: Outcome::Error(code.to_owned()) };
    engine.add_script([ending("ERROR_CAPTCHA_UNSOLVABLE"), ending("ERROR_PROXY_BANNED")]);
    let unsolvable = created(&mut engine, 0);
    let banned = created(&mut engine, 0);
    assert_eq!(refusal(engine.poll(10, "a", Some(unsolvable))), Refusal::Unsolvable);
    assert_eq!(refusal(engine.poll(10, "a", Some(banned))), Refusal::Code("ERROR_PROXY_BANNED".to_owned()));
    let stats = engine.stats(10);
    assert_eq!(stats.charged["a"], Usd::from_nanos(PRICE));
    assert_eq!((stats.tasks.failed, stats.tasks.solved), (2, 0));
    assert_eq!(create(&mut engine, 10, "a").task_id.map(|id| id & 0xffff_ffff), Some(3));
}

#[test]
fn a_task_that_outlives_its_life_is_given_up_uncharged() {
    let limits = Limits { longest_life_ms: 20_000, ..Limits::default() };
    let mut engine = engine_with(Behaviour { latency: Latency::Fixed { ms: 30_000 }, limits, ..Behaviour::default() });
    engine.add_script([Create::Accept { solve_after_ms: 0, outcome: Outcome::Never }]);
    let never = created(&mut engine, 0);
    let late = created(&mut engine, 0);
    for id in [never, late] {
        assert!(is_processing(&mut engine, 19_999, id));
    }
    for id in [never, late] {
        assert_eq!(refusal(engine.poll(20_000, "a", Some(id))), Refusal::TimedOut);
    }
    assert_eq!(engine.stats(20_000).charged["a"], Usd::ZERO);
}

#[test]
fn held_solutions_end_at_their_release_and_are_kept_from_then_on() {
    let mut engine = taking(1_000);
    let before = created(&mut engine, 0);
    engine.hold_solutions(1_000, true);
    let held = created(&mut engine, 1_000);
    assert!(is_processing(&mut engine, 400_000, held), "a held task does not outlive its life either");
    engine.hold_solutions(400_000, false);
    assert_eq!(refusal(engine.poll(400_000, "a", Some(before))), Refusal::TaskGone, "it ended before the hold");
    assert_eq!(ready(&mut engine, 459_999, held).ended_at, 1_000_400);
    assert_eq!(refusal(engine.poll(460_000, "a", Some(held))), Refusal::TaskGone);
}

#[test]
fn polls_that_come_too_fast_are_refused_and_counted() {
    let limits = Limits { min_poll_interval_ms: 2_000, max_polls: 3, ..Limits::default() };
    let mut engine = engine_with(Behaviour { limits, ..Behaviour::default() });
    let id = created(&mut engine, 0);
    ready(&mut engine, 0, id);
    assert_eq!(refusal(engine.poll(1_999, "a", Some(id))), Refusal::Throttled);
    assert_eq!(refusal(engine.poll(3_998, "a", Some(id))), Refusal::Throttled, "the refused one counts as the last");
    ready(&mut engine, 5_998, id);
    ready(&mut engine, 7_998, id);
    let stats = engine.stats(7_998);
    assert_eq!((stats.polls, stats.polls_too_fast), (5, 2));
    assert_eq!((stats.polls_over_limit, stats.max_polls_per_task), (2, 5));
}

#[test]
fn the_time_scale_divides_latencies_and_limits() {
    let limits = Limits { min_poll_interval_ms: 2_000, ..Limits::default() };
    let behaviour =
        Behaviour { latency: Latency::Fixed { ms: 5_000 }, limits, time_scale: 100.0, ..Behaviour::default() };
    let mut engine = engine_with(behaviour);
    let id = created(&mut engine, 0);
    assert!(is_processing(&mut engine, 29, id));
    ready(&mut engine, 50, id);
    assert_eq!(refusal(engine.poll(69, "a", Some(id))), Refusal::Throttled);
    ready(&mut engine, 649, id);
    assert_eq!(refusal(engine.poll(650, "a", Some(id))), Refusal::TaskGone);
}

#[test]
fn workers_that_are_all_busy_leave_no_slot() {
    let limits = Limits { workers: 1, ..Limits::default() };
    let mut engine = engine_with(Behaviour { latency: Latency::Fixed { ms: 100 }, limits, ..Behaviour::default() });
    created(&mut engine, 0);
    assert_eq!(refusal(create(&mut engine, 99, "a")), Refusal::NoSlot);
    match engine.queue(99, Some(Family::Turnstile)).answer {
        Answer::Queue(queue) => assert_eq!((queue.waiting, queue.total), (0, 1)),
        other => panic!("{other:?}"),
    }
    created(&mut engine, 100);
}

#[test]
fn a_key_with_as_many_open_tasks_as_it_may_have_is_told_so_until_one_ends_and_others_are_not() {
    let limits = Limits { open_per_key: Some(2), ..Limits::default() };
    let behaviour = Behaviour { latency: Latency::Fixed { ms: 100 }, limits, ..Behaviour::default() };
    let mut engine = engine_with(behaviour);
    created(&mut engine, 0);
    created(&mut engine, 50);
    assert_eq!(refusal(create(&mut engine, 99, "a")), Refusal::TooManyOpen);
    assert!(matches!(create(&mut engine, 99, "b").answer, Answer::Created(_)));
    created(&mut engine, 100);
    assert_eq!(refusal(create(&mut engine, 149, "a")), Refusal::TooManyOpen);
}

#[test]
fn what_is_published_is_true_unless_it_is_told_otherwise() {
    let prices = BTreeMap::from([(Family::Turnstile, Usd::from_nanos(1_500_000))]);
    let told = Published { idle: Some(0), price: None, speed_s: Some(7.5) };
    let published = BTreeMap::from([(Family::Turnstile, told)]);
    let latency = Latency::Fixed { ms: 3_000 };
    let mut engine = engine_with(Behaviour { prices, published, latency, ..Behaviour::default() });
    let mut queue = |family| match engine.queue(0, Some(family)).answer {
        Answer::Queue(queue) => (queue.waiting, queue.total, queue.price.nanos(), queue.speed_s),
        other => panic!("{other:?}"),
    };
    assert_eq!(queue(Family::Turnstile), (0, 100_000, 1_500_000, 7.5));
    assert_eq!(queue(Family::Hcaptcha), (100_000, 100_000, 2_000_000, 3.0));
}

#[test]
fn reports_are_taken_for_solved_tasks_of_their_kind_only() {
    let mut engine = taking(10);
    let id = created(&mut engine, 0);
    let mut report = |now_ms, key: &str, families| {
        let reply = engine.report(now_ms, key, &Report { task: Some(id), families });
        matches!(reply.answer, Answer::Reported)
    };
    assert!(!report(9, "a", &[Family::Turnstile]));
    assert!(!report(10, "b", &[Family::Turnstile]));
    assert!(!report(10, "a", &[Family::Hcaptcha]));
    assert!(report(10, "a", &[Family::Turnstile]));
    assert!(!report(60_010, "a", &[Family::Turnstile]));
    assert_eq!(engine.stats(60_010).reports, 1);
}

#[test]
fn a_script_is_followed_in_order_by_creates_that_could_be_accepted() {
    let mut engine = taking(0);
    engine.add_script([
        Create::error("ERROR_NO_SLOT_AVAILABLE"),
        Create::LoseRequest,
        Create::ServerError,
        Create::AcceptAndLoseReply,
        Create::AcceptAndServerError,
        Create::AcceptAndMalform(Malformed::Html),
        Create::AcceptSlowly { reply_after_ms: 40 },
    ]);
    assert_eq!(refusal(create(&mut engine, 0, "nobody")), Refusal::KeyUnknown);
    assert_eq!(refusal(engine.create(0, "a", Err(Refusal::SiteKey), IP)), Refusal::SiteKey);
    assert_eq!(refusal(create(&mut engine, 0, "a")), Refusal::Code("ERROR_NO_SLOT_AVAILABLE".to_owned()));
    let shapes: Vec<_> = (0..6)
        .map(|_| create(&mut engine, 0, "b"))
        .map(|reply| (reply.task_id.is_some(), reply.spoil, reply.delay_ms))
        .collect();
    let expected = [
        (false, Some(Spoil::Lost), 0),
        (false, Some(Spoil::ServerError), 0),
        (true, Some(Spoil::Lost), 0),
        (true, Some(Spoil::ServerError), 0),
        (true, Some(Spoil::Malformed(Malformed::Html)), 0),
        (true, None, 40),
    ];
    assert_eq!(shapes, expected);
    let stats = engine.stats(0);
    assert_eq!((stats.accepted, stats.script_left), (4, 0));
}

#[test]
fn a_scripted_solution_is_handed_out_as_it_is() {
    let mut engine = taking(0);
    let solution = serde_json::json!({"token": ["odd"]});
    engine.add_script([Create::Accept { solve_after_ms: 0, outcome: Outcome::Solution(solution.clone()) }]);
    let id = created(&mut engine, 0);
    assert_eq!(ready(&mut engine, 0, id).solution, Solution::Given(solution));
}

/// What became of each key's creates and, where a task was accepted, of the task.
fn fates(engine: &mut Engine, keys: &[&'static str]) -> BTreeMap<(&'static str, u64), String> {
    let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
    let mut fates = BTreeMap::new();
    for key in keys {
        let number = numbers.entry(key).or_default();
        *number += 1;
        let reply = create(engine, 0, key);
        let task = reply.task_id.and_then(|id| engine.tasks.get(id));
        let task = task.map(|task| format!("{:?} {}", task.ending, task.due_ms));
        fates.insert((*key, *number), format!("{:?} {:?} {task:?}", reply.answer, reply.spoil));
    }
    fates
}

fn troubled() -> Behaviour {
    Behaviour {
        latency: Latency::Lognormal { median_ms: 20_000.0, sigma: 0.5 },
        failures: Failures {
            create: CreateFailures {
                server_error_before: 0.1,
                lost_before: 0.1,
                throttled: 0.1,
                no_slot: 0.1,
                server_error_after: 0.1,
                lost_reply: 0.1,
                malformed: 0.1,
                ..CreateFailures::default()
            },
            solve: SolveFailures { unsolvable: 0.3, proxy_error: 0.3 },
            poll: PollFailures::default(),
        },
        ..Behaviour::default()
    }
}

#[test]
fn one_seed_decides_the_same_whatever_the_order_of_the_keys() {
    let one_after_the_other: Vec<_> = ["a"; 100].into_iter().chain(["b"; 100]).collect();
    let taking_turns: Vec<_> = ["b", "a"].into_iter().cycle().take(200).collect();
    let first = fates(&mut engine_with(troubled()), &one_after_the_other);
    assert_eq!(first, fates(&mut engine_with(troubled()), &taking_turns));
    let mut other_seed = engine_with(troubled());
    other_seed.seed = 8;
    assert_ne!(first, fates(&mut other_seed, &taking_turns));
}

#[test]
fn failures_come_as_often_as_their_shares_say() {
    let mut engine = engine_with(Behaviour { latency: Latency::Fixed { ms: 0 }, ..troubled() });
    engine.set_key(0, "a", Usd::dollars(1_000));
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..5_000 {
        let reply = create(&mut engine, 0, "a");
        let accepted = reply.task_id.is_some();
        let kind = match (reply.spoil, reply.answer) {
            (Some(Spoil::Malformed(_)), _) => format!("malformed {accepted}"),
            (Some(spoil), _) => format!("{spoil:?} {accepted}"),
            (None, Answer::Refused(refusal)) => format!("{refusal:?}"),
            (None, _) => "accepted".to_owned(),
        };
        *counts.entry(kind).or_default() += 1;
    }
    assert_eq!(counts.len(), 8, "{counts:?}");
    for (kind, count) in &counts {
        let expected = if kind == "accepted" { 1_400..1_600 } else { 420..580 };
        assert!(expected.contains(count), "{counts:?}");
    }
    let tasks = engine.stats(0).tasks;
    let accepted = tasks.solved + tasks.failed;
    assert!((accepted * 26 / 100..accepted * 34 / 100).contains(&tasks.failed), "{tasks:?}");
}

#[test]
fn proxy_errors_befall_tasks_with_a_proxy_only() {
    let solve = SolveFailures { unsolvable: 0.0, proxy_error: 1.0 };
    let failures = Failures { solve, ..Failures::default() };
    let mut engine = engine_with(Behaviour { failures, ..Behaviour::default() });
    let id = created(&mut engine, 0);
    ready(&mut engine, 0, id);
    let reply = engine.create(0, "a", Ok(NewTask { proxied: true, ..turnstile() }), IP);
    assert!(matches!(refusal(engine.poll(0, "a", reply.task_id)), Refusal::Proxy(_)));
    assert_eq!(engine.stats(0).charged["a"], Usd::from_nanos(PRICE));
}

#[test]
fn polls_fail_as_often_as_their_shares_say_and_the_task_is_none_the_worse() {
    let poll =
        PollFailures { throttled: 0.2, server_error: 0.2, lost_reply: 0.2, malformed: 0.2, ..Default::default() };
    let mut engine =
        engine_with(Behaviour { failures: Failures { poll, ..Failures::default() }, ..Behaviour::default() });
    let id = created(&mut engine, 0);
    let fair = (0..1_000)
        .map(|_| engine.poll(0, "a", Some(id)))
        .filter(|reply| reply.spoil.is_none() && matches!(reply.answer, Answer::Ready(_)))
        .count();
    assert!((150..250).contains(&fair), "{fair}");
    assert_eq!(engine.stats(0).tasks.solved, 1);
}

#[test]
fn a_revoked_key_is_unknown_until_it_is_set_again() {
    let mut engine = taking(0);
    let id = created(&mut engine, 0);
    engine.revoke_key("a");
    assert_eq!(refusal(create(&mut engine, 0, "a")), Refusal::KeyUnknown);
    assert_eq!(refusal(engine.balance(0, "a")), Refusal::KeyUnknown);
    engine.set_key(0, "a", Usd::dollars(3));
    ready(&mut engine, 0, id);
    assert!(matches!(engine.balance(0, "a").answer, Answer::Balance(balance) if balance == Usd::dollars(3)));
}

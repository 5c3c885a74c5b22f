//! The route as a table: offers in, order and reasons out.

mod told;

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::price::Billing;

fn id(name: &str) -> ProviderId {
    ProviderId::new(name).unwrap()
}

fn offer(n: u128, pool: Pool) -> Offer {
    Offer {
        credential: CredentialId(Uuid::from_u128(n)),
        pool,
        owner: (pool == Pool::Community).then(|| AccountId(Uuid::from_u128(99))),
        observed: Observed::default(),
        rested_until_ms: 0,
        load: Load::NONE,
        owners_limits: Hits::default(),
        balance: None,
    }
}

/// A provider that serves the family with and without a proxy, at a platform and a community price in nano-dollars.
fn provision<'s>(provider: &'s ProviderId, (platform, community): (i64, i64), offers: Vec<Offer>) -> Provision<'s> {
    let price = |nanos, share_bp| Some(Price { terms: Terms::fixed(Amount::from_nanos(nanos)), share_bp });
    Provision {
        provider,
        serves: Some(ProxySupport::Optional),
        platform_price: price(platform, 0),
        community_price: price(community, 5_000),
        observed: Observed::default(),
        published: Published::NOTHING,
        is_quarantined: false,
        credentials: offers.len(),
        offers,
    }
}

/// The same after so many tasks, all through its one platform credential.
fn known<'s>(
    provider: &'s ProviderId,
    n: u128,
    nanos: i64,
    (samples, success, seconds): (f64, f64, f64),
) -> Provision<'s> {
    let observed =
        Observed { samples, success, latency_ms: seconds * 1_000.0, lost_ms: seconds * 1_000.0, ..Observed::NOTHING };
    let offers = vec![Offer { observed, ..offer(n, Pool::Platform) }];
    Provision { observed, ..provision(provider, (nanos, nanos), offers) }
}

const OPEN: PoolInForce =
    PoolInForce { mode: PoolMode::All, asked: PoolMode::All, asker: PoolAsker::Default, ceiling: None };

const REQUEST: RouteRequest<'_> = RouteRequest {
    account: AccountId(Uuid::nil()),
    find_out_every: FIND_OUT_EVERY,
    with_proxy: false,
    pool: OPEN,
    mode: SelectionMode::AutoCheapest,
    order: SavedOrder::Operator(&[]),
    forced: None,
    most: 3,
    now_ms: 1_000,
    draw: 1,
};

const NARROW: PoolInForce = PoolInForce { mode: PoolMode::PlatformOnly, asked: PoolMode::PlatformOnly, ..OPEN };

const MODES: [SelectionMode; 4] =
    [SelectionMode::AutoCheapest, SelectionMode::AutoFastest, SelectionMode::AutoMostReliable, SelectionMode::Priority];

fn order(request: &RouteRequest<'_>, provisions: &[Provision<'_>]) -> Vec<u128> {
    route(request, provisions).candidates.iter().map(|c| c.offer.credential.0.as_u128()).collect()
}

#[test]
fn cheapest_is_the_price_order_and_ties_go_to_the_platform_then_as_drawn() {
    let (a, b, c) = (id("a"), id("b"), id("c"));
    let offers = [
        provision(&a, (30, 10), vec![offer(1, Pool::Platform), offer(5, Pool::Community)]),
        provision(&b, (10, 99), vec![offer(3, Pool::Platform), offer(2, Pool::Platform)]),
        provision(&c, (20, 99), vec![offer(4, Pool::Platform)]),
    ];
    let drawn = |draw| order(&RouteRequest { draw, ..REQUEST }, &offers);
    assert!((0..99).all(|draw| [[2, 3, 5, 4, 1], [3, 2, 5, 4, 1]].contains(&drawn(draw).try_into().unwrap())));
    let firsts = (0..1_000).filter(|draw| drawn(*draw)[0] == 2).count();
    assert!((400..600).contains(&firsts), "{firsts} of 1000");
}

#[test]
fn of_equals_the_one_with_less_to_do_goes_first_more_often_and_never_the_fullest() {
    let a = id("a");
    let busy = |n, in_flight| Offer { load: Load { in_flight, most: u32::MAX }, ..offer(n, Pool::Platform) };
    let offers = [provision(&a, (10, 10), vec![busy(1, 9), busy(2, 1), busy(3, 5)])];
    let mut firsts = [0_i32; 4];
    for draw in 0..9_000 {
        firsts[order(&RouteRequest { draw, ..REQUEST }, &offers)[0] as usize] += 1;
    }
    // Two of three are drawn, the same one twice among them: 5, 3 and 1 of 9.
    for (n, expected) in [(1, 1_000), (2, 5_000), (3, 3_000)] {
        assert!((firsts[n] - expected).abs() < 200, "{firsts:?}");
    }
}

#[test]
fn a_credential_with_as_much_to_do_as_it_can_comes_after_all_others() {
    let (a, b) = (id("a"), id("b"));
    let mut full = provision(&a, (1, 1), vec![offer(1, Pool::Platform)]);
    full.offers[0].load = Load { in_flight: 7, most: 7 };
    let offers = [full, provision(&b, (9, 9), vec![offer(2, Pool::Platform)])];
    let listed = [a.clone(), b.clone()];
    for mode in MODES {
        let request = RouteRequest { mode, order: SavedOrder::Key(&listed), ..REQUEST };
        assert_eq!(order(&request, &offers), [2, 1], "{mode:?}");
        assert_eq!(
            order(&RouteRequest { forced: Some("a"), ..request }, &offers),
            [1],
            "{mode:?}: it is tried all the same"
        );
    }
}

#[test]
fn a_try_that_fails_is_no_bargain() {
    let (cheap, dear) = (id("cheap"), id("dear"));
    let offers = |success| [known(&cheap, 1, 10, (128.0, success, 9.0)), known(&dear, 2, 20, (128.0, 0.97, 9.0))];
    assert_eq!(order(&REQUEST, &offers(0.7)), [1, 2], "half the price outweighs some failures");
    assert_eq!(order(&REQUEST, &offers(0.3)), [2, 1], "but not most of the tries");
}

#[test]
fn a_small_share_of_tasks_tries_who_may_be_better_and_nobody_who_surely_is_not() {
    let (good, hopeful, bad) = (id("good"), id("hopeful"), id("bad"));
    let offers = [
        known(&good, 1, 10, (128.0, 0.9, 10.0)),
        known(&hopeful, 2, 10, (2.0, 0.5, 10.0)),
        known(&bad, 3, 10, (128.0, 0.2, 10.0)),
    ];
    let request = RouteRequest { mode: SelectionMode::AutoMostReliable, ..REQUEST };
    let mut firsts = [0; 4];
    for draw in 0..32_000 {
        let request = RouteRequest { draw, ..request.clone() };
        let made = route(&request, &offers);
        assert_eq!(made.candidates[0].finds_out, made.candidates[0].provider == &hopeful);
        firsts[made.candidates[0].offer.credential.0.as_u128() as usize] += 1;
        let forced = RouteRequest { forced: Some("hopeful"), ..request };
        assert!(!route(&forced, &offers).candidates[0].finds_out, "what was asked for finds nothing out");
    }
    assert!((800..1_200).contains(&firsts[2]) && firsts[3] == 0, "{firsts:?}");
}

#[test]
fn where_nothing_is_known_every_mode_is_the_price_order() {
    let (a, b) = (id("a"), id("b"));
    let offers = [
        provision(&a, (30, 10), vec![offer(1, Pool::Platform), offer(2, Pool::Community)]),
        provision(&b, (20, 5), vec![offer(3, Pool::Platform), offer(4, Pool::Community)]),
    ];
    for mode in MODES {
        assert_eq!(order(&RouteRequest { mode, ..REQUEST }, &offers), [4, 2, 3, 1], "{mode:?}");
    }
}

#[test]
fn the_four_modes_order_the_same_providers_by_what_they_are_named_for() {
    let (cheap, fast, sure) = (id("cheap"), id("fast"), id("sure"));
    let offers = [
        known(&sure, 3, 30, (100.0, 0.99, 40.0)),
        known(&fast, 2, 20, (100.0, 0.90, 8.0)),
        known(&cheap, 1, 10, (100.0, 0.80, 30.0)),
    ];
    let listed = [sure.clone(), cheap.clone()];
    for (mode, saved, expected) in [
        (SelectionMode::AutoCheapest, SavedOrder::Key(&listed), vec![1, 2, 3]),
        (SelectionMode::AutoFastest, SavedOrder::Key(&listed), vec![2, 1, 3]),
        (SelectionMode::AutoMostReliable, SavedOrder::Key(&listed), vec![3, 2, 1]),
        (SelectionMode::Priority, SavedOrder::Key(&listed), vec![3, 1]),
        (SelectionMode::Priority, SavedOrder::Operator(&listed), vec![3, 1, 2]),
        (SelectionMode::Priority, SavedOrder::Operator(&[]), vec![1, 2, 3]),
    ] {
        let request = RouteRequest { mode, order: saved, ..REQUEST };
        assert_eq!(order(&request, &offers), expected, "{mode:?} {saved:?}");
    }
}

#[test]
fn a_new_provider_is_tried_and_then_stands_where_it_belongs() {
    let (old, new) = (id("old"), id("new"));
    let seen = |tasks: f64| [known(&old, 1, 10, (128.0, 0.95, 12.0)), known(&new, 2, 20, (tasks, 0.60, 25.0))];
    for mode in [SelectionMode::AutoFastest, SelectionMode::AutoMostReliable] {
        let request = RouteRequest { mode, ..REQUEST };
        assert_eq!(order(&request, &seen(0.0)), [2, 1], "{mode:?}: not never");
        assert_eq!(order(&request, &seen(10.0)), [1, 2], "{mode:?}: not for ever");
    }
}

#[test]
fn more_credentials_of_a_bad_provider_do_not_get_ahead() {
    let (bad, good) = (id("bad"), id("good"));
    let mut many = known(&bad, 1, 1, (100.0, 0.2, 60.0));
    many.offers.extend((10..15).map(|n| offer(n, Pool::Platform)));
    let offers = [many, known(&good, 2, 50, (100.0, 0.95, 12.0))];
    for mode in [SelectionMode::AutoFastest, SelectionMode::AutoMostReliable] {
        assert_eq!(order(&RouteRequest { mode, ..REQUEST }, &offers).first(), Some(&2), "{mode:?}");
    }
}

#[test]
fn the_keys_saved_order_admits_nobody_else_and_an_empty_one_is_none() {
    let (a, b) = (id("a"), id("b"));
    let offers =
        [provision(&a, (1, 1), vec![offer(1, Pool::Platform)]), provision(&b, (9, 9), vec![offer(2, Pool::Platform)])];
    let (key, operator) = ([b.clone()], [b.clone()]);
    let ask = |order| RouteRequest { mode: SelectionMode::Priority, order, ..REQUEST };
    let listed = ask(SavedOrder::of(Some(&key), &[]));
    let made = route(&listed, &offers);
    assert_eq!(made.dropped.iter().map(|d| d.hits).collect::<Vec<_>>(), [Hits::only(Hit::NotListed)]);
    assert_eq!(order(&listed, &offers), [2]);
    assert_eq!(order(&ask(SavedOrder::of(Some(&[]), &operator)), &offers), [2, 1]);
    assert_eq!(order(&ask(SavedOrder::of(None, &operator)), &offers), [2, 1]);
    let forced = RouteRequest { forced: Some("a"), ..listed };
    assert_eq!(order(&forced, &offers), [1], "the request's own word goes before the list");
}

#[test]
fn platform_only_never_meets_a_community_credential_in_any_mode() {
    let a = id("a");
    let offers = [provision(&a, (9, 1), vec![offer(1, Pool::Community), offer(2, Pool::Platform)])];
    for mode in MODES {
        for forced in [None, Some("a")] {
            let request = RouteRequest { pool: NARROW, mode, forced, ..REQUEST };
            assert_eq!(order(&request, &offers), [2], "{mode:?} {forced:?}");
        }
    }
}

#[test]
fn a_forced_provider_obeys_the_pool_and_falls_nowhere() {
    let (forced, other) = (id("anti-captcha"), id("b"));
    let offers = [
        provision(&forced, (5, 1), vec![offer(1, Pool::Community)]),
        provision(&other, (9, 9), vec![offer(2, Pool::Platform)]),
    ];
    for mode in MODES {
        let request = RouteRequest { mode, forced: Some("AntiCaptcha"), ..REQUEST };
        assert_eq!(order(&request, &offers), [1], "{mode:?}");
        assert!(order(&RouteRequest { pool: NARROW, ..request.clone() }, &offers).is_empty(), "{mode:?}");
        assert!(order(&RouteRequest { forced: Some("nobody"), ..request }, &offers).is_empty(), "{mode:?}");
    }
}

#[test]
fn every_filter_is_named_alone_and_together() {
    type Change = fn(&mut Provision<'_>);
    let never: Change = |p| p.serves = Some(ProxySupport::Never);
    let needs: Change = |p| p.serves = Some(ProxySupport::Required);
    let none: Change = |p| p.serves = None;
    let unpriced: Change = |p| p.community_price = None;
    let resting: Change = |p| p.offers.iter_mut().for_each(|o| o.rested_until_ms = 1_001);
    let rested: Change = |p| p.offers.iter_mut().for_each(|o| o.rested_until_ms = 1_000);
    let underpaid: Change = |p| {
        let cost = Some(Amount::from_nanos(1));
        p.community_price =
            p.community_price.map(|price| Price { terms: Terms { expected_cost: cost, ..price.terms }, ..price });
    };
    let table: [(&[Change], bool, PoolInForce, &[Hit]); 10] = [
        (&[none], false, OPEN, &[Hit::Family]),
        (&[never], true, OPEN, &[Hit::ProxyNotTaken]),
        (&[needs], false, OPEN, &[Hit::ProxyNeeded]),
        (&[unpriced], false, OPEN, &[Hit::NoPrice]),
        (&[underpaid], false, OPEN, &[Hit::ShareBelowCost]),
        (&[resting], false, OPEN, &[Hit::Resting]),
        (&[], false, NARROW, &[Hit::Pool]),
        (&[never, resting], true, NARROW, &[Hit::ProxyNotTaken, Hit::Pool, Hit::Resting]),
        (&[none, unpriced], true, NARROW, &[Hit::Family]),
        (&[never, rested], false, OPEN, &[]),
    ];
    for (changes, with_proxy, pool, hits) in table {
        let a = id("a");
        let mut made = provision(&a, (1, 1), vec![offer(1, Pool::Community)]);
        changes.iter().for_each(|change| change(&mut made));
        let offers = [made];
        let route = route(&RouteRequest { with_proxy, pool, ..REQUEST }, &offers);
        let found: Vec<Hit> = route.dropped.iter().flat_map(|d| d.hits.iter()).collect();
        assert_eq!(found, hits);
        assert_eq!(route.candidates.is_empty(), !hits.is_empty(), "{hits:?}");
        assert_eq!(route.rested_until_ms, (hits == [Hit::Resting]).then_some(1_001), "{hits:?}");
    }
}

#[test]
fn the_first_that_any_balance_affords_are_triable() {
    let providers: Vec<ProviderId> = (0..9).map(|n| id(&format!("p{n}"))).collect();
    let prices = [90, 40, 60, 40, 5, 70, 40, 1, 45];
    let offers: Vec<Provision<'_>> = (0_u128..)
        .zip(providers.iter().zip(prices))
        .map(|(n, (provider, price))| provision(provider, (price, price), vec![offer(n, Pool::Platform)]))
        .collect();
    let request = RouteRequest { mode: SelectionMode::Priority, order: SavedOrder::Operator(&providers), ..REQUEST };
    let made = route(&request, &offers);
    for most in 0..4 {
        let triable = made.triable(most);
        for balance in 0..100 {
            let affords = |c: &Ranked<'_>| c.price.terms.price <= Amount::from_nanos(balance);
            let all = made.candidates.iter().enumerate().filter(|(_, c)| affords(c)).map(|(rank, _)| rank);
            let kept = triable.iter().filter(|(_, c)| affords(c)).map(|(rank, _)| *rank);
            assert!(kept.take(most).eq(all.take(most)), "most {most}, balance {balance}");
        }
    }
    assert_eq!(made.triable(3).iter().map(|(rank, _)| *rank).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 7]);
}

#[test]
fn one_task_in_some_finds_out_whether_a_provider_is_what_it_was() {
    let ids = [ProviderId::new("dear").unwrap(), ProviderId::new("fallen").unwrap()];
    let former = Some(Former { success: 0.97, latency_ms: 7_000.0, lost_ms: 7_000.0 });
    let good = known(&ids[0], 1, 2_000_000, (200.0, 0.95, 9.0));
    // No saved sample would make it worth a try: nobody was ever worse.
    let fallen = |former| {
        let mut fallen = known(&ids[1], 2, 1_000_000, (200.0, 0.01, 9.0));
        fallen.observed.former = former;
        fallen
    };
    let finders = |offers: &[Provision<'_>]| {
        let first = |draw| route(&RouteRequest { draw, ..REQUEST }, offers).candidates[0].finds_out;
        (0..3_200).filter(|draw| first(*draw)).count()
    };
    let found_out = finders(&[good.clone(), fallen(former)]);
    assert!((60..140).contains(&found_out), "one in {FIND_OUT_EVERY}, and not {found_out} of 3,200");
    assert_eq!(finders(&[good.clone(), fallen(None)]), 0, "there is nothing to find out");
    let mut many = good;
    many.offers = (10..200).map(|n| Offer { observed: many.observed, ..offer(n, Pool::Platform) }).collect();
    assert!(finders(&[many, fallen(former)]) > 60, "however many are better now");
}

#[test]
fn what_was_seen_of_a_credential_before_its_provider_changed_is_over() {
    let id = ProviderId::new("back").unwrap();
    let mut back = known(&id, 1, 1_000_000, (20.0, 0.95, 9.0));
    back.observed.changed_at_ms = 50_000;
    let expected = |at_ms| {
        let mut back = back.clone();
        back.offers[0].observed = Observed { at_ms, samples: 200.0, success: 0.0, ..Observed::NOTHING };
        route(&REQUEST, &[back]).candidates[0].expected.success
    };
    assert!(expected(50_000) > 0.9 && expected(50_001) < 0.1);
}

#[test]
fn an_explanation_has_every_input_and_every_reason() {
    let (a, b) = (id("a"), id("b"));
    let mut closed = provision(&b, (4_000_000, 3_000_000), vec![offer(3, Pool::Community)]);
    closed.serves = Some(ProxySupport::Never);
    let offers = [known(&a, 1, 2_000_000, (100.0, 0.9, 10.0)), closed];
    let pool = PoolInForce { asked: PoolMode::All, ceiling: Some(PoolCeiling::Account), ..NARROW };
    let request = RouteRequest { with_proxy: true, pool, mode: SelectionMode::AutoFastest, forced: None, ..REQUEST };
    let made = route(&request, &offers);
    let why: Value = serde_json::from_str(&made.explain(&request).of(0)).unwrap();
    // The provider: (90 + 5) / 105 solved, in (90 * 10 s + 5 * 1 s) / 95; its credential: (90 + 10 * 0.905) / 110 = 0.900, in
    // (90 * 10 s + 10 * 9.53 s) / 100 = 9.95 s. Failures: (10 * 10 s + 30 s) / 11, then (10 * 10 s + 11.8 s) / 11 = 10.2 s; with
    // the 5 s until it is asked again a failed try is 15.2 s, and 0.1105 of them come before a solution: 11.63 s.
    let chosen = json!({
        "provider": "a", "credential": Uuid::from_u128(1), "pool": "platform", "price": "0.002", "success": 0.9,
        "seconds": 11.63, "burden": why["chosen"]["burden"], "inFlight": 0, "samples": 100.0, "providerSamples": 100.0,
    });
    let burden = why["chosen"]["burden"].as_f64().unwrap();
    assert!((burden - 11.63).abs() < 0.01, "{burden}");
    let expected = json!({
        "rank": 0, "chosen": chosen, "mode": "autoFastest",
        "order": "shortest expected time to a solution first, equal ones by price",
        "pool": "platformOnly", "poolAsked": "all", "poolAskedBy": "default", "poolCeiling": "account",
        "candidates": [chosen],
        "dropped": [{"provider": "b", "credential": Uuid::from_u128(3), "hits": ["proxy-not-taken", "pool"]}],
        "counts": {"credentials": 2, "candidates": 1, "dropped": 1, "hits": {"proxy-not-taken": 1, "pool": 1}}, "draw": "1",
    });
    assert_eq!(why, expected);
    let forced = RouteRequest { forced: Some("A"), ..request };
    let why: Value = serde_json::from_str(&route(&forced, &offers).explain(&forced).of(0)).unwrap();
    assert_eq!((&why["forced"], &why["counts"]["hits"]), (&json!("a"), &json!({"other-provider": 1})));
}

#[test]
fn a_long_route_names_some_counts_all_and_always_names_the_chosen_one() {
    let (a, b) = (id("a"), id("b"));
    let many = |from: u128| (from..from + 300).map(|n| offer(n, Pool::Platform)).collect();
    let mut unpriced = provision(&b, (1, 1), many(1_000));
    unpriced.platform_price = None;
    let offers = [provision(&a, (1, 1), many(1)), unpriced];
    let made = route(&REQUEST, &offers);
    let explanation = made.explain(&REQUEST);
    for rank in [0, 50] {
        let why: Value = serde_json::from_str(&explanation.of(rank)).unwrap();
        let chosen = made.candidates[rank].offer.credential;
        assert_eq!((&why["rank"], &why["chosen"]["credential"]), (&json!(rank), &json!(chosen)));
        assert_eq!(
            why["counts"],
            json!({"credentials": 600, "candidates": 300, "dropped": 300, "hits": {"no-price": 300}})
        );
        assert!(why["candidates"].as_array().unwrap().len() == 20 && why["dropped"].as_array().unwrap().len() == 20);
    }
}

#[test]
fn an_owner_s_limits_keep_the_tasks_of_others_away_and_not_the_own_ones() {
    let (a, owner) = (id("a"), AccountId(Uuid::from_u128(99)));
    let limited = Offer { owners_limits: Hits::only(Hit::OwnersSites), ..offer(1, Pool::Community) };
    let offers = [provision(&a, (100, 100), vec![limited])];
    let others = route(&REQUEST, &offers);
    assert!(others.candidates.is_empty() && others.dropped[0].hits == Hits::only(Hit::OwnersSites));
    let own = RouteRequest { account: owner, ..REQUEST };
    assert_eq!(order(&own, &offers), [1]);
    assert!(order(&RouteRequest { pool: NARROW, ..own }, &offers).is_empty(), "platform only is platform only");
}

#[test]
fn own_use_of_an_own_credential_costs_what_is_left_of_the_price_without_the_share() {
    let (a, owner) = (id("a"), AccountId(Uuid::from_u128(99)));
    let price = |expected_cost, billing| Price {
        terms: Terms { price: Amount::from_nanos(1_000), billing, expected_cost },
        share_bp: 9_000,
    };
    // Others lose the route where the share is below what the provider takes; its owner pays that anyway.
    let dear = price(Some(Amount::from_nanos(901)), Billing::CostPlus { margin_bp: 1_000 });
    for (price, share_bp, fee) in [(dear, 9_000, 100), (dear, 10_000, 1), (dear, 0, 1_000)] {
        let mut made = provision(&a, (1_000, 1_000), vec![offer(1, Pool::Community)]);
        made.community_price = Some(Price { share_bp, ..price });
        let offers = [made];
        assert_eq!(route(&REQUEST, &offers).candidates.is_empty(), share_bp < 10_000);
        let own = route(&RouteRequest { account: owner, ..REQUEST }, &offers);
        let candidate = own.candidates[0].candidate();
        assert_eq!(candidate.terms.charge(Some(Amount::from_nanos(1))), Amount::from_nanos(fee), "{share_bp}");
        assert_eq!(candidate.stake().share_of(candidate.terms.price, owner).unwrap(), None);
    }
}

#[test]
fn nobody_earns_from_their_own_task() {
    let (a, owner) = (id("a"), AccountId(Uuid::from_u128(99)));
    let offers = [provision(&a, (100, 100), vec![offer(1, Pool::Community)])];
    let candidate = route(&REQUEST, &offers).candidates[0].candidate();
    assert_eq!(candidate.stake().share_of(Amount::from_nanos(100), owner).unwrap(), None);
    let share = candidate.stake().share_of(Amount::from_nanos(100), AccountId(Uuid::from_u128(1))).unwrap().unwrap();
    assert_eq!(share, Share { contributor: owner, amount: Amount::from_nanos(50) });
}

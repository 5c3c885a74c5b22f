//! What providers tell of themselves, beside what has been seen of them: balances, prices, speeds, idle workers.

use super::*;

#[test]
fn a_credential_without_the_funds_for_a_task_is_no_candidate_and_an_unknown_balance_is_no_reason() {
    let a = id("a");
    let hits = |balance: Option<i64>, cost: Option<i64>| {
        let mut made = provision(&a, (10, 10), vec![offer(1, Pool::Platform)]);
        let terms = Terms { expected_cost: cost.map(Amount::from_nanos), ..Terms::fixed(Amount::from_nanos(10)) };
        made.platform_price = Some(Price { terms, share_bp: 0 });
        made.offers[0].balance = balance.map(Amount::from_nanos);
        let offers = [made];
        let made = route(&REQUEST, &offers);
        let why: Value = serde_json::from_str(&made.explain(&REQUEST).of(0)).unwrap();
        let told = balance.map(|nanos| json!(Amount::from_nanos(nanos).to_string()));
        assert!(why["dropped"].as_array().unwrap().iter().all(|d| Some(&d["balance"]) == told.as_ref()), "{why}");
        made.dropped.iter().flat_map(|d| d.hits.iter()).collect::<Vec<_>>()
    };
    assert_eq!(hits(Some(4), Some(5)), [Hit::OutOfFunds]);
    assert_eq!(hits(Some(-1), Some(5)), [Hit::OutOfFunds]);
    assert_eq!(hits(Some(-1), Some(0)), []);
    assert_eq!(hits(Some(5), Some(5)), []);
    assert_eq!(hits(None, Some(5)), []);
    assert_eq!(hits(Some(-1), None), []);
}

#[test]
fn where_nobody_is_idle_others_are_tried_first_but_it_is_tried() {
    let (idle, busy) = (id("idle"), id("busy"));
    let offers = |published| {
        let busy = Provision { published, ..known(&busy, 1, 10, (128.0, 0.95, 10.0)) };
        [busy, known(&idle, 2, 12, (128.0, 0.90, 12.0))]
    };
    let (full, free) =
        (Published { idle: Some(0), ..Published::NOTHING }, Published { idle: Some(1), ..Published::NOTHING });
    for mode in MODES {
        // Some draws find out who is better; nobody finds anything out where nobody is idle.
        for draw in 0..200 {
            let request = RouteRequest { mode, draw, ..REQUEST };
            assert_eq!(order(&request, &offers(full)), [2, 1], "{mode:?} {draw}");
        }
        assert_eq!(order(&RouteRequest { mode, ..REQUEST }, &offers(free)), [1, 2], "{mode:?}");
        let forced = RouteRequest { mode, forced: Some("busy"), ..REQUEST };
        assert_eq!(order(&forced, &offers(full)), [1], "{mode:?}: it is tried all the same");
    }
}

#[test]
fn nobody_is_tried_to_find_out_where_nobody_is_idle() {
    let (seen, new) = (id("seen"), id("new"));
    let found_out = |idle| {
        let published = Published { idle: Some(idle), ..Published::NOTHING };
        let new = Provision { published, ..provision(&new, (15, 15), vec![offer(1, Pool::Platform)]) };
        let offers = [known(&seen, 2, 20, (128.0, 0.95, 12.0)), new];
        (0..640).filter(|draw| route(&RouteRequest { draw: *draw, ..REQUEST }, &offers).candidates[0].finds_out).count()
    };
    assert_eq!(found_out(0), 0);
    // It goes first anyway where somebody is idle, and is nothing to find out either.
    assert_eq!(found_out(1), 0);
}

#[test]
fn a_provider_of_which_nothing_is_seen_stands_where_its_published_speed_says() {
    let (seen, new) = (id("seen"), id("new"));
    let offers = |seconds: Option<u32>| {
        let published = Published { speed_ms: seconds.map(|s| s * 1_000), ..Published::NOTHING };
        let new = Provision { published, ..provision(&new, (20, 20), vec![offer(2, Pool::Platform)]) };
        [known(&seen, 1, 10, (128.0, 0.95, 12.0)), new]
    };
    let request = RouteRequest { mode: SelectionMode::AutoFastest, ..REQUEST };
    assert_eq!(order(&request, &offers(None)), [2, 1]);
    assert_eq!(order(&request, &offers(Some(8))), [2, 1]);
    assert_eq!(order(&request, &offers(Some(40))), [1, 2]);
}

#[test]
fn a_published_price_above_the_share_keeps_contributed_credentials_from_losing_and_changes_no_price() {
    let a = id("a");
    let routed = |published: i64, listed: Option<i64>| {
        let offers = vec![offer(1, Pool::Community), offer(2, Pool::Platform)];
        let mut made = provision(&a, (200, 100), offers);
        for price in [&mut made.platform_price, &mut made.community_price].into_iter().flatten() {
            price.terms.expected_cost = listed.map(Amount::from_nanos);
        }
        made.published.price = Some(Amount::from_nanos(published));
        let offers = [made];
        let made = route(&REQUEST, &offers);
        let first = made.candidates[0].candidate();
        let why: Value = serde_json::from_str(&made.explain(&REQUEST).of(0)).unwrap();
        let hits: Vec<Hit> = made.dropped.iter().flat_map(|d| d.hits.iter()).collect();
        (first.pool, first.terms.price.nanos(), first.terms.expected_cost.map(Amount::nanos), hits, why)
    };
    // The share is half of the price of 100.
    let (.., hits, why) = routed(50, Some(40));
    assert!(hits.is_empty() && why["chosen"]["published"]["price"] == "0.00000005", "{why}");
    assert_eq!(routed(50, Some(40)).2, Some(50));
    assert_eq!(routed(50, Some(60)).3, [Hit::ShareBelowCost], "the list's price counts, too");
    let (pool, price, cost, hits, why) = routed(51, Some(40));
    assert_eq!((pool, price, cost), (Pool::Platform, 200, Some(51)));
    assert_eq!(hits, [Hit::ShareBelowCost]);
    assert_eq!(why["dropped"][0]["published"], json!({"price": "0.000000051"}));
    assert_eq!(routed(51, None).3, [Hit::ShareBelowCost], "where none is listed");
    assert_eq!(routed(9_000, Some(40)).2, Some(400), "no more than ten times the list is believed");
    assert_eq!(routed(9_000, None).2, Some(2_000), "nor ten times the price");
    assert_eq!(routed(-7, Some(0)).2, Some(0));
}

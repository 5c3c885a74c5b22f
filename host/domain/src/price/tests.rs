//! Prices as tables, and what holds of every charge.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::ProviderId;
use crate::catalogue::by_name;
use crate::route::Pool;

const NANO: fn(i64) -> Amount = Amount::from_nanos;

fn id(name: &str) -> ProviderId {
    ProviderId::new(name).unwrap()
}

fn rule(family: &str, provider: &str, pool: Option<Pool>, base: &str) -> Rule {
    Rule {
        family: (family != "*").then(|| family.to_owned()),
        provider: (provider != "*").then(|| id(provider)),
        pool,
        base: base.parse().unwrap(),
        billing: Billing::Fixed,
        share_bp: 0,
        surcharges: Vec::new(),
    }
}

fn charged(when: &str, add: &str) -> Surcharge {
    Surcharge { when: when.parse().unwrap(), add: add.parse().unwrap() }
}

fn sent(parameters: Value) -> Map<String, Value> {
    parameters.as_object().cloned().unwrap()
}

#[test]
fn the_most_specific_rule_wins_family_before_provider_before_pool() {
    let ordered = [
        ("f", "p", Some(Pool::Platform)),
        ("f", "p", None),
        ("f", "*", Some(Pool::Platform)),
        ("f", "*", None),
        ("*", "p", Some(Pool::Platform)),
        ("*", "p", None),
        ("*", "*", Some(Pool::Platform)),
        ("*", "*", None),
    ];
    for first in 0..ordered.len() {
        // Whatever their order in the book.
        let left = ordered.iter().skip(first).rev().map(|(f, p, pool)| rule(f, p, *pool, "1"));
        let mut rules: Vec<Rule> = left.collect();
        rules.extend([rule("f", "p", Some(Pool::Community), "1"), rule("g", "q", None, "1")]);
        let book = PriceBook::new(1, rules).unwrap();
        let (family, provider, pool) = ordered[first];
        let found = book.rule(&id("p"), "f", Pool::Platform).unwrap();
        assert_eq!(found.selector(), [family, provider, pool.map_or("both", Pool::as_str)]);
    }
    let book = PriceBook::new(1, vec![rule("f", "p", Some(Pool::Community), "1")]).unwrap();
    assert_eq!(book.rule(&id("p"), "f", Pool::Platform), None);
    assert_eq!(book.rule(&id("p"), "g", Pool::Community), None);
}

#[test]
fn a_price_is_the_base_and_every_surcharge_that_applies() {
    let mut margin = rule("recaptcha_v3", "*", None, "list+25%");
    margin.surcharges = vec![
        charged("isSession = true", "0.001"),
        charged("minScore >= 0.7", "20%"),
        charged("pageAction given", "0.0000001"),
        charged("proxy = true", "0.005"),
    ];
    let book = PriceBook::new(1, vec![margin]).unwrap();
    let price = |parameters: Value, with_proxy: bool| {
        let parameters = sent(parameters);
        let asked = Asked { family: "recaptcha_v3", parameters: &parameters, with_proxy };
        let quote = book.quote((&id("p"), Some(NANO(1_000_001))), &asked, Pool::Platform).unwrap();
        (quote.base.nanos(), quote.price.terms.price.nanos(), quote.surcharges.len())
    };
    // A quarter on 1,000,001 is 1,250,001.25, and a fifth of what that is rounded up to is 250,000.4.
    assert_eq!(price(json!({}), false), (1_250_002, 1_250_002, 0));
    assert_eq!(price(json!({"isSession": false, "minScore": 0.3}), false), (1_250_002, 1_250_002, 0));
    assert_eq!(price(json!({"isSession": true}), false), (1_250_002, 2_250_002, 1));
    assert_eq!(price(json!({"minScore": 0.7}), false), (1_250_002, 1_500_003, 1));
    assert_eq!(price(json!({"isSession": true, "minScore": 0.9, "pageAction": "x"}), true), (1_250_002, 7_500_103, 4));
}

#[test]
fn what_cannot_be_worked_out_is_no_price() {
    let none = Map::new();
    let asked = Asked { family: "turnstile", parameters: &none, with_proxy: false };
    let quote = |base: &str, list: Option<Amount>| {
        let book = PriceBook::new(1, vec![rule("turnstile", "*", None, base)]).unwrap();
        book.quote((&id("p"), list), &asked, Pool::Platform).map(|quote| quote.price.terms.price)
    };
    let whose = || "turnstile at *, both".to_owned();
    assert_eq!(quote("list+25%", None), Err(NoPrice::NoListPrice(whose())));
    assert_eq!(quote("list+25%", Some(NANO(i64::MAX))), Err(NoPrice::OutOfRange(whose())));
    assert_eq!(quote("list+25%", Some(Amount::ZERO)), Err(NoPrice::NotPositive(whose())));
    assert_eq!(quote("list+25%", Some(NANO(-8))), Err(NoPrice::NotPositive(whose())));
    assert_eq!(quote("none", Some(NANO(1))), Err(NoPrice::NotSold(whose())));
    assert_eq!(quote("0.5", None), Ok(NANO(500_000_000)));
    let asked = Asked { family: "hcaptcha", ..asked };
    let empty = PriceBook::default();
    assert_eq!(empty.quote((&id("p"), None), &asked, Pool::Platform).err(), Some(NoPrice::NoRule));
    let least = Base::Margin { margin_bp: 100, least: Some(NANO(77)) };
    let book = PriceBook::new(1, vec![Rule { base: least, ..rule("*", "*", None, "1") }]).unwrap();
    let priced = |list| book.quote((&id("p"), Some(NANO(list))), &asked, Pool::Platform).unwrap().price.terms.price;
    assert_eq!((priced(1), priced(100)), (NANO(77), NANO(101)));
}

#[test]
fn a_book_with_one_bad_rule_is_refused_and_the_rule_and_the_field_are_named() {
    let good = || rule("recaptcha_v3", "p", None, "1");
    let surcharge = |when: &str, add: &str| Rule { surcharges: vec![charged(when, add)], ..good() };
    let margin = |margin_bp, least| Base::Margin { margin_bp, least };
    let every = |when| Rule { family: None, ..surcharge(when, "1") };
    let twice = Rule { surcharges: vec![charged("proxy=true", "1"), charged("proxy = true", "2")], ..good() };
    for (bad, said) in [
        (rule("f", "p", None, "0"), "price: it must be above zero"),
        (rule("f", "p", None, "-1"), "price: it must be above zero"),
        (Rule { base: margin(100_001, None), ..good() }, "price: a margin is at most"),
        (Rule { base: margin(0, Some(Amount::ZERO)), ..good() }, "minimum: it must be above zero"),
        (Rule { billing: Billing::CostPlus { margin_bp: 100_001 }, ..good() }, "billing: a margin is at most"),
        (Rule { share_bp: 10_001, ..good() }, "share: it is at most 10000"),
        (Rule { share_bp: 1, pool: Some(Pool::Platform), ..good() }, "share: it must be 0"),
        (good(), "it is a second rule for the same family, provider and pool as rule 1"),
        (
            surcharge("invisible = true", "1"),
            "surcharges, when: recaptcha_v3 has no parameter \"invisible\"; it has websiteURL",
        ),
        (surcharge("minScore = high", "1"), "surcharges, when: minScore is never high: it is a number"),
        (surcharge("isSession >= 1", "1"), "surcharges, when: isSession is never compared with 1: it is true or false"),
        (surcharge("cookies = a", "1"), "surcharges, when: cookies is never a: of this parameter only `given`"),
        (surcharge("proxy given", "1"), "surcharges, when: proxy is never given: it is true or false"),
        (every("isSession = true"), "surcharges, when: \"isSession\" is no parameter of every family"),
        (
            Rule { family: Some("image_to_text".to_owned()), ..every("proxy = true") },
            "image_to_text has no parameter \"proxy\"",
        ),
        (surcharge("proxy = true", "0"), "surcharges, add: it must be above zero"),
        (surcharge("proxy = true", "0%"), "surcharges, add: it must be above zero"),
        (surcharge("proxy = true", "1001%"), "surcharges, add: it must be above zero, and at most 1000%"),
        (twice, "surcharges, when: \"proxy = true\" stands there twice"),
    ] {
        let first = if bad == good() { bad.clone() } else { rule("turnstile", "q", None, "1") };
        let refused = PriceBook::new(1, vec![first, bad]).map(|_| ()).unwrap_err();
        assert_eq!(refused.place, 2, "{refused}");
        assert!(refused.problem.to_string().contains(said), "{refused} does not say {said:?}");
    }
    assert!(PriceBook::new(1, vec![every("proxy = true"), good()]).is_ok());
}

#[test]
fn what_is_written_reads_back_and_slips_do_not() {
    for text in ["0.0012", "list+25%", "list+12.5%", "list+0.01%", "none"] {
        assert_eq!(text.parse::<Base>().unwrap().to_string(), text);
    }
    assert_eq!("list".parse::<Base>().unwrap().to_string(), "list+0%");
    for text in ["", "free", "list-10%", "list 25%", "list+25", "list+0.001%", "1e3", "25%"] {
        assert!(text.parse::<Base>().is_err(), "{text}");
    }
    for text in ["fixed", "cost+25%"] {
        assert_eq!(text.parse::<Billing>().unwrap().to_string(), text);
    }
    assert!(["", "cost-plus", "cost-5%", "cost+99999999999%"].iter().all(|text| text.parse::<Billing>().is_err()));
    for text in ["isEnterprise = true", "minScore >= 0.7", "minScore < 1", "cookies given", "version = v3"] {
        assert_eq!(text.parse::<Condition>().unwrap().to_string(), text);
    }
    for text in ["", "isSession", "= true", "minScore >= high", "minScore >= NaN", "a b = 1", "given", "a =", "a == 1"]
    {
        assert!(text.parse::<Condition>().is_err(), "{text}");
    }
}

#[test]
fn a_contributor_who_would_pay_for_the_task_has_no_price() {
    let price = |price, billing, share_bp| Price {
        terms: Terms { price: NANO(price), billing, expected_cost: Some(NANO(100)) },
        share_bp,
    };
    let plus = |margin_bp| Billing::CostPlus { margin_bp };
    for (price, covers) in [
        (price(125, Billing::Fixed, 8_000), true),
        (price(124, Billing::Fixed, 8_000), false),
        (price(1_000, plus(2_500), 8_000), true),
        (price(1_000, plus(2_400), 8_000), false),
        (price(110, plus(2_500), 8_000), false),
        (Price { terms: Terms { expected_cost: None, ..Terms::fixed(NANO(1)) }, share_bp: 0 }, true),
    ] {
        assert_eq!(price.covers_the_contributor(), covers, "{price:?}");
    }
}

#[test]
fn a_charge_is_the_reported_cost_and_the_margin_within_the_price() {
    let terms = |billing| Terms { price: NANO(1_000), billing, expected_cost: Some(NANO(800)) };
    let (fixed, plus) = (terms(Billing::Fixed), terms(Billing::CostPlus { margin_bp: 2_500 }));
    for (reported, charge) in [
        (None, 1_000),
        (Some(i64::MIN), 0),
        (Some(-1), 0),
        (Some(0), 0),
        (Some(1), 2),
        (Some(400), 500),
        (Some(800), 1_000),
        (Some(801), 1_000),
        (Some(i64::MAX), 1_000),
    ] {
        assert_eq!(plus.charge(reported.map(NANO)), NANO(charge), "{reported:?}");
        assert_eq!(fixed.charge(reported.map(NANO)), NANO(1_000), "{reported:?}");
    }
}

fn billings() -> impl Strategy<Value = Billing> {
    prop_oneof![Just(Billing::Fixed), (0..=u32::MAX).prop_map(|margin_bp| Billing::CostPlus { margin_bp })]
}

proptest! {
    #[test]
    fn a_charge_is_never_below_zero_nor_above_the_price_and_grows_with_the_cost(
        price in 1..=i64::MAX,
        billing in billings(),
        costs in (any::<i64>(), any::<i64>()),
        near in (0..2_000_i64, 0..2_000_i64),
    ) {
        let terms = Terms { price: NANO(price), billing, expected_cost: None };
        for (one, other) in [costs, near, (near.0, costs.1)] {
            let (less, more) = (terms.charge(Some(NANO(one.min(other)))), terms.charge(Some(NANO(one.max(other)))));
            prop_assert!(Amount::ZERO <= less && less <= more && more <= terms.price);
        }
        prop_assert_eq!(terms.charge(None), terms.price);
    }

    #[test]
    fn a_price_is_at_least_its_base_and_grows_with_what_is_asked_for(
        price in 1..1_000_000_000_000_i64,
        adds in proptest::collection::vec((0..4_usize, 1..1_000_000_i64, 1..100_000_u32), 0..4),
        flags in any::<[bool; 3]>(),
    ) {
        let conditions = ["isSession = true", "cookies given", "proxy = true", "minScore >= 0.5"];
        let mut made = rule("recaptcha_v3", "p", None, "1");
        made.base = Base::Fixed(NANO(price));
        for (index, nanos, bp) in adds {
            let add = if nanos % 2 == 0 { Extra::Amount(NANO(nanos)) } else { Extra::Part(bp) };
            let when: Condition = conditions[index].parse().unwrap();
            when.check(by_name("recaptcha_v3")).unwrap();
            if made.surcharges.iter().all(|s| s.when != when) {
                made.surcharges.push(Surcharge { when, add });
            }
        }
        let book = PriceBook::new(1, vec![made]).unwrap();
        let cost = |[session, score, with_proxy]: [bool; 3]| {
            let mut parameters = sent(json!({"isSession": session, "minScore": if score { 0.9 } else { 0.1 }}));
            if session {
                parameters.insert("cookies".to_owned(), json!("a=b"));
            }
            let asked = Asked { family: "recaptcha_v3", parameters: &parameters, with_proxy };
            book.quote((&id("p"), None), &asked, Pool::Platform).unwrap().price.terms.price
        };
        let (least, this, most) = (cost([false; 3]), cost(flags), cost([true; 3]));
        prop_assert!(least == NANO(price) && least <= this && this <= most);
    }
}

//! The order of the candidates: least burden first, with two departures that are drawn.
//!
//! **Near equals share the load.** Of those that are as good as the best (and cost the same), two are drawn and the one with less
//! to do goes first: power of two choices, without which all tasks of a moment would go to the same credential.
//!
//! **Some tasks find out.** A small share of tasks first tries a candidate that may be better than the best, for all that is known
//! of it: what was bad is not always bad.

use super::score::Expected;
use super::{Offer, Pool, Provision, Ranked, RouteRequest, SelectionMode};
use crate::Amount;
use crate::price::Price;

/// As many candidates are put in order; a task tries a few.
const HEAD: usize = 64;

/// As many of those that have become worse are in it at most, besides.
const FALLEN: usize = 8;

/// One task in so many finds out, where nobody has said otherwise.
pub const FIND_OUT_EVERY: u64 = 32;

/// Nobody is tried to find out who is expected to be so many times worse, unless it was better before.
const WORTH_A_TRY: f64 = 3.0;

/// A credential that could take the task.
pub(super) struct Possible<'o> {
    pub(super) provision: &'o Provision<'o>,
    pub(super) offer: &'o Offer,
    pub(super) price: Price,
    pub(super) place: usize,
    pub(super) expected: Expected,
}

/// A candidate's place among all: what would be several comparisons is one.
struct Keyed<'p, 'o> {
    key: u128,
    tie: u64,
    burden: f64,
    possible: &'p Possible<'o>,
}

/// The best of them in order, and of the others those that are cheaper than the `most` cheapest of the best: only they can be
/// what a small balance affords.
pub(super) fn ordered<'o>(request: &RouteRequest<'_>, possible: &[Possible<'o>]) -> Vec<Ranked<'o>> {
    let lowest = possible.iter().map(|p| p.price.terms.price).min().map_or(0.0, Amount::as_dollars);
    let mut keyed: Vec<Keyed<'_, 'o>> = possible.iter().map(|p| keyed(request, p, lowest)).collect();
    let by_key = |one: &Keyed<'_, '_>| (one.key, one.tie);
    let mut rest = Vec::new();
    if keyed.len() > HEAD {
        keyed.select_nth_unstable_by_key(HEAD, by_key);
        rest = keyed.split_off(HEAD);
        // Who has become worse comes after all of them, and may be better than all of them again.
        let fallen = rest.extract_if(.., |one| one.possible.expected.former.is_some()).take(FALLEN);
        keyed.extend(fallen);
    }
    keyed.sort_unstable_by_key(by_key);
    let mut head: Vec<Ranked<'o>> = keyed.iter().map(ranked).collect();
    let mut prices: Vec<Amount> = head.iter().map(|one| one.price.terms.price).collect();
    prices.sort_unstable();
    if let Some(dearest) = request.most.checked_sub(1).and_then(|last| prices.get(last)) {
        rest.retain(|one| one.possible.price.terms.price < *dearest);
        rest.sort_unstable_by_key(by_key);
    }
    share_the_load(request, &mut head);
    find_out(request, &mut head, lowest);
    head.extend(rest.iter().map(ranked));
    head
}

fn keyed<'p, 'o>(request: &RouteRequest<'_>, possible: &'p Possible<'o>, lowest: f64) -> Keyed<'p, 'o> {
    let (offer, price) = (possible.offer, possible.price.terms.price);
    let burden = request.mode.burden((price.as_dollars(), lowest), possible.expected);
    let (high, low) = offer.credential.0.as_u64_pair();
    Keyed {
        key: key((offer.load.is_full(), possible.place), burden, (price, offer.pool == Pool::Community)),
        tie: mixed(high ^ low ^ request.draw),
        burden,
        possible,
    }
}

/// Full or not (1 bit), place (15 bits), burden (64), price (47) and pool (1) as one number. The bits of a float that is not
/// negative are in the order of the floats; no list of providers and no price comes near the end of its bits.
fn key((is_full, place): (bool, usize), burden: f64, (price, is_community): (Amount, bool)) -> u128 {
    const PRICE_END: u64 = (1 << 47) - 1;
    let place = u16::try_from(place).unwrap_or(u16::MAX).min(u16::MAX >> 1);
    let price = u64::try_from(price.nanos()).unwrap_or(0).min(PRICE_END);
    (u128::from(is_full) << 127)
        | (u128::from(place) << 112)
        | (u128::from(burden.max(0.0).to_bits()) << 48)
        | (u128::from(price) << 1)
        | u128::from(is_community)
}

fn ranked<'o>(Keyed { burden, possible, .. }: &Keyed<'_, 'o>) -> Ranked<'o> {
    Ranked {
        offer: possible.offer,
        provider: possible.provision.provider,
        price: possible.price,
        expected: possible.expected,
        provider_samples: possible.provision.observed.samples,
        published: possible.provision.published,
        place: possible.place,
        burden: *burden,
        finds_out: false,
    }
}

/// Puts the candidate of one place in another before it; those between move on by one.
fn bring(head: &mut [Ranked<'_>], from: usize, to: usize) {
    if let Some(moved) = head.get_mut(to..=from) {
        moved.rotate_right(1);
    }
}

/// One of them, by a draw.
fn pick(places: &[usize], draw: u64) -> Option<usize> {
    let many = u128::try_from(places.len()).ok()?;
    places.get(usize::try_from((u128::from(draw) * many) >> 64).ok()?).copied()
}

/// In each of the places that a task may come to: two of those that are as good are drawn, and the one with less to do goes
/// there.
fn share_the_load(request: &RouteRequest<'_>, head: &mut [Ranked<'_>]) {
    let mut draw = request.draw;
    for place in 0..request.most.min(head.len()) {
        let left = head.get(place..).unwrap_or_default();
        let Some(best) = left.first() else { return };
        let near: Vec<usize> =
            (place..).zip(left).filter(|(_, one)| is_near(request.mode, one, best)).map(|(n, _)| n).collect();
        if near.len() < 2 {
            continue;
        }
        let mut drawn = || {
            draw = mixed(draw);
            pick(&near, draw).unwrap_or(place)
        };
        let (one, two) = (drawn(), drawn());
        let fullness = |n: usize| head.get(n).map_or(f64::MAX, |ranked| ranked.offer.load.fullness());
        let chosen = if fullness(two) < fullness(one) { two } else { one };
        bring(head, chosen, place);
    }
}

fn is_near(mode: SelectionMode, one: &Ranked<'_>, best: &Ranked<'_>) -> bool {
    let alike = |one: &Ranked<'_>| (one.place, one.price.terms.price, one.offer.pool, one.offer.load.is_full());
    mode.is_near(one.burden, best.burden) && alike(one) == alike(best)
}

/// Lets one task in [`FINDS_OUT`] try first whoever may be better than the best. A forced provider is what was asked for, and
/// a place in a saved order is not for somebody else to take.
fn find_out(request: &RouteRequest<'_>, head: &mut [Ranked<'_>], lowest: f64) {
    let draw = mixed(request.draw ^ u64::from_be_bytes(*b"find out"));
    let every = request.find_out_every;
    if request.forced.is_some() || every == 0 || !draw.is_multiple_of(every) {
        return;
    }
    let Some(best) = head.first() else { return };
    let may_be_better = |one: &Ranked<'_>| {
        let by_now = request.mode.burden((one.price.terms.price.as_dollars(), lowest), one.expected.by_now());
        let is_not_too_bad = one.expected.former.is_some() || one.burden <= best.burden * WORTH_A_TRY;
        let is_worth_it = by_now < best.burden && is_not_too_bad;
        // Where nobody is idle, nothing is found out but that.
        let is_free = !one.offer.load.is_full() && !one.published.nobody_is_idle();
        is_worth_it && is_free && one.place == best.place
    };
    let others: Vec<usize> =
        (0..).zip(head.iter()).skip(1).filter(|(_, one)| may_be_better(one)).map(|(n, _)| n).collect();
    let Some(chosen) = pick(&others, mixed(draw)) else { return };
    bring(head, chosen, 0);
    if let Some(first) = head.first_mut() {
        first.finds_out = true;
    }
}

/// Another number that looks drawn (the finalizer of splitmix64, <https://prng.di.unimi.it/splitmix64.c>).
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

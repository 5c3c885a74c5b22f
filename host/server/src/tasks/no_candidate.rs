//! No candidate: what the client is told, in its own words, and what it can change.
//!
//! A credential may be out of the question for several reasons at once. Whoever is told of one alone changes that and is
//! refused for the next, so reasons that belong together are told together, the nearest to success first.

use capstan_domain::ProviderId;
use capstan_domain::code::ErrorCode;
use capstan_domain::route::{Dropped, Hit, Hits, PoolAsker, PoolCeiling, PoolInForce};
use capstan_domain::route::{Route, RouteRequest, SavedOrder, SelectionMode};

use super::Refusal;

/// Most different sets of reasons that one refusal tells.
const MOST_TOLD: usize = 3;
/// Most providers that it names at once.
const MOST_NAMES: usize = 5;

/// Why nobody can take the task now.
pub(super) fn refusal(route: &Route<'_>, question: &RouteRequest<'_>) -> Refusal {
    let is_far =
        |d: &&Dropped<'_>| [Hit::OtherProvider, Hit::NotListed, Hit::Family].iter().any(|hit| d.hits.has(*hit));
    let near: Vec<_> = route.dropped.iter().filter(|d| !is_far(d)).collect();
    if near.is_empty() {
        return nobody_solves_it(route, question);
    }
    let mut detail: Vec<String> = nearest(&near)
        .into_iter()
        .map(|(hits, who)| {
            let reasons: Vec<String> = hits.iter().map(|hit| reason(hit, route, question)).collect();
            format!("{}: {}.", names(&who), reasons.join("; and "))
        })
        .collect();
    if question.forced.is_some() {
        detail.push("Nobody else is tried for a task that names its provider.".to_owned());
    } else if route.dropped.iter().any(|d| d.hits.has(Hit::NotListed)) {
        detail.push("selectionMode \"priority\" tries only the providers in the API key's order.".to_owned());
    }
    Refusal::new(ErrorCode::NoProvidersAvailable, detail.join(" "))
}

/// Where there is no provider for the task type at all, among those that may be asked.
fn nobody_solves_it(route: &Route<'_>, question: &RouteRequest<'_>) -> Refusal {
    let all = |hit: Hit| route.dropped.iter().all(|d| d.hits.has(hit));
    let unavailable = |detail: String| Refusal::new(ErrorCode::NoProvidersAvailable, detail);
    if route.dropped.is_empty() {
        return unavailable("No provider is in use here.".to_owned());
    }
    if let Some(spelling) = question.forced {
        let who: Vec<&ProviderId> = distinct(route.dropped.iter());
        let spelling: String = spelling.chars().take(40).collect();
        return unavailable(if all(Hit::OtherProvider) {
            format!("No provider is called {spelling:?} here: leave provider out, or name one of {}.", names(&who))
        } else {
            format!("{spelling:?} does not solve it: leave provider out, or name another.")
        });
    }
    match (question.mode, question.order) {
        // The code that AnySolver documents for a list of which nobody does the type.
        (SelectionMode::Priority, SavedOrder::Key(order)) => {
            let order: Vec<&ProviderId> = order.iter().collect();
            let who = names(&order);
            let detail =
                format!("None of the providers in the API key's order ({who}) solves it: send another selectionMode.");
            Refusal::new(ErrorCode::TaskNotSupported, detail)
        }
        (SelectionMode::Priority, SavedOrder::Operator(_))
        | (SelectionMode::AutoCheapest | SelectionMode::AutoFastest | SelectionMode::AutoMostReliable, _) => {
            unavailable(String::new())
        }
    }
}

/// The sets of reasons that come with no smaller set, the smallest first, each with the providers that it holds for.
fn nearest<'d>(near: &[&Dropped<'d>]) -> Vec<(Hits, Vec<&'d ProviderId>)> {
    let mut sets: Vec<Hits> = Vec::new();
    for dropped in near {
        if !sets.contains(&dropped.hits) {
            sets.push(dropped.hits);
        }
    }
    let has_smaller = |set: Hits| sets.iter().any(|other| *other != set && set.has_all(*other));
    let mut least: Vec<Hits> = sets.iter().copied().filter(|set| !has_smaller(*set)).collect();
    least.sort_by_key(|set| set.count());
    least.truncate(MOST_TOLD);
    let holders = |set: Hits| distinct(near.iter().copied().filter(move |d| d.hits == set));
    least.into_iter().map(|set| (set, holders(set))).collect()
}

fn distinct<'r, 'd: 'r>(dropped: impl Iterator<Item = &'r Dropped<'d>>) -> Vec<&'d ProviderId> {
    let mut found: Vec<&ProviderId> = Vec::new();
    for Dropped { provider, .. } in dropped {
        if !found.contains(provider) {
            found.push(provider);
        }
    }
    found
}

fn names(who: &[&ProviderId]) -> String {
    let named: Vec<&str> = who.iter().take(MOST_NAMES).map(|provider| provider.as_str()).collect();
    let more = if who.len() > MOST_NAMES { " and others" } else { "" };
    format!("{}{more}", named.join(", "))
}

/// One reason, and what to change.
fn reason(hit: Hit, route: &Route<'_>, question: &RouteRequest<'_>) -> String {
    let fixed = match hit {
        Hit::OtherProvider => "another provider is named",
        Hit::NotListed => "it is not in the API key's order",
        Hit::Family => "it does not solve this task type",
        Hit::ProxyNotTaken => "no proxy is taken for this task type, use its ProxyLess name",
        Hit::ProxyNeeded => "a proxy is needed for this task type, send one and use the name without ProxyLess",
        Hit::Pool => return pool_reason(&question.pool).to_owned(),
        Hit::NoPrice => "it has no price now, which is the operator's to set",
        Hit::ShareBelowCost => {
            "a contributor would earn less than the provider takes, which is the operator's to change"
        }
        Hit::OutOfFunds => "its balance at the provider is too small for the task",
        Hit::Quarantined => "its adapter misbehaves and gets no tasks for now",
        Hit::OwnersTypes => "its contributed credentials are not lent for this task type",
        Hit::OwnersSites => "its contributed credentials are not lent for this site",
        Hit::OwnersLoad => "its contributed credentials have as many tasks as their owners let them, repeat later",
        Hit::OwnersCap => "its contributed credentials have done as much today as their owners let them",
        Hit::OwnersReserve => "what its contributed credentials have left is their owners' own",
        Hit::Resting => {
            return match route.rested_until_ms.map(|until_ms| until_ms.saturating_sub(question.now_ms)) {
                Some(rest_ms) => {
                    format!("it rests after a fault, repeat in {} s", rest_ms.max(1).saturating_add(999) / 1_000)
                }
                None => "it rests after a fault".to_owned(),
            };
        }
    };
    fixed.to_owned()
}

/// Why community credentials are left out. What no request can change is not offered for change.
const fn pool_reason(pool: &PoolInForce) -> &'static str {
    match (pool.ceiling, pool.asker) {
        (Some(PoolCeiling::Gateway), _) => {
            "there are community credentials only, which the operator has closed for the whole gateway"
        }
        (Some(PoolCeiling::TaskType), _) => {
            "there are community credentials only, which the operator has closed for this task type"
        }
        (Some(PoolCeiling::Account), _) => {
            "there are community credentials only, which the operator has closed for the account"
        }
        (Some(PoolCeiling::KeyLock), _) => "there are community credentials only, from which the API key is locked out",
        (Some(PoolCeiling::BadTasks), _) => {
            "there are community credentials only, from which the account is kept for ten minutes: providers refused too many \
             of its tasks as bad, and ban the keys of others for that"
        }
        (None, PoolAsker::Secrets) => {
            "the task carries secrets (cookies or a proxy login) and is kept from community credentials, send keyPoolMode \
             \"all\" to allow them"
        }
        (None, PoolAsker::Key) => {
            "there are community credentials only, which the API key's setting excludes, send keyPoolMode \"all\" to allow \
             them"
        }
        (None, PoolAsker::Request | PoolAsker::Default) => {
            "there are community credentials only, which keyPoolMode excludes, send \"all\" to allow them"
        }
    }
}

#[cfg(test)]
mod tests {
    use capstan_domain::route::{FIND_OUT_EVERY, PoolMode, Published};
    use capstan_domain::{AccountId, CredentialId};
    use uuid::Uuid;

    use super::*;

    const NARROW: PoolInForce = PoolInForce {
        mode: PoolMode::PlatformOnly,
        asked: PoolMode::PlatformOnly,
        asker: PoolAsker::Request,
        ceiling: None,
    };

    fn id(name: &str) -> ProviderId {
        ProviderId::new(name).unwrap()
    }

    fn question<'r>() -> RouteRequest<'r> {
        RouteRequest {
            account: AccountId(Uuid::nil()),
            find_out_every: FIND_OUT_EVERY,
            with_proxy: true,
            pool: NARROW,
            mode: SelectionMode::AutoCheapest,
            order: SavedOrder::Operator(&[]),
            forced: None,
            most: 3,
            now_ms: 1_000,
            draw: 1,
        }
    }

    fn told(question: &RouteRequest<'_>, dropped: &[(&ProviderId, &[Hit])]) -> Refusal {
        let dropped = dropped.iter().map(|(provider, hits)| Dropped {
            credential: CredentialId(Uuid::nil()),
            provider,
            hits: hits.iter().fold(Hits::default(), |all, hit| all.and(*hit)),
            published: Published::NOTHING,
            balance: None,
        });
        refusal(&Route { dropped: dropped.collect(), rested_until_ms: Some(3_500), ..Route::default() }, question)
    }

    #[test]
    fn providers_dropped_for_different_reasons_are_all_told_of() {
        let (a, b) = (id("a"), id("b"));
        let refusal = told(&question(), &[(&a, &[Hit::ProxyNotTaken]), (&b, &[Hit::Pool]), (&b, &[Hit::Pool])]);
        assert_eq!(refusal.code, ErrorCode::NoProvidersAvailable);
        assert_eq!(
            refusal.detail,
            "a: no proxy is taken for this task type, use its ProxyLess name. b: there are community credentials only, \
             which keyPoolMode excludes, send \"all\" to allow them."
        );
    }

    #[test]
    fn reasons_that_belong_together_are_told_together_and_only_the_nearest() {
        let (a, b, c) = (id("a"), id("b"), id("c"));
        let refusal = told(
            &question(),
            &[
                (&a, &[Hit::ProxyNotTaken, Hit::Pool]),
                (&b, &[Hit::ProxyNotTaken, Hit::Pool, Hit::Resting]),
                (&c, &[Hit::Resting]),
                (&c, &[Hit::Family]),
            ],
        );
        assert_eq!(
            refusal.detail,
            "c: it rests after a fault, repeat in 3 s. a: no proxy is taken for this task type, use its ProxyLess name; and \
             there are community credentials only, which keyPoolMode excludes, send \"all\" to allow them."
        );
    }

    #[test]
    fn a_ceiling_is_named_and_a_change_that_cannot_help_is_not_offered() {
        let a = id("a");
        for (ceiling, word) in [
            (PoolCeiling::Gateway, "gateway"),
            (PoolCeiling::TaskType, "task type"),
            (PoolCeiling::Account, "account"),
            (PoolCeiling::KeyLock, "API key"),
            (PoolCeiling::BadTasks, "refused too many"),
        ] {
            let pool = PoolInForce { ceiling: Some(ceiling), asker: PoolAsker::Secrets, ..NARROW };
            let detail = told(&RouteRequest { pool, ..question() }, &[(&a, &[Hit::Pool])]).detail;
            assert!(detail.contains(word) && !detail.contains("keyPoolMode"), "{detail}");
        }
        for asker in [PoolAsker::Secrets, PoolAsker::Key, PoolAsker::Request] {
            let pool = PoolInForce { asker, ..NARROW };
            let detail = told(&RouteRequest { pool, ..question() }, &[(&a, &[Hit::Pool])]).detail;
            assert!(detail.contains("keyPoolMode") && detail.contains("\"all\""), "{detail}");
        }
    }

    #[test]
    fn a_forced_provider_is_the_only_one_spoken_of() {
        let (a, b) = (id("a"), id("b"));
        let forced = RouteRequest { forced: Some("B"), ..question() };
        let detail = told(&forced, &[(&a, &[Hit::OtherProvider]), (&b, &[Hit::ProxyNeeded])]).detail;
        assert!(detail.starts_with("b: a proxy is needed") && detail.ends_with("names its provider."), "{detail}");
        let detail = told(&forced, &[(&a, &[Hit::OtherProvider]), (&b, &[Hit::Family])]).detail;
        assert_eq!(detail, "\"B\" does not solve it: leave provider out, or name another.");
        let detail = told(&forced, &[(&a, &[Hit::OtherProvider])]).detail;
        assert_eq!(detail, "No provider is called \"B\" here: leave provider out, or name one of a.");
    }

    #[test]
    fn a_saved_order_of_which_nobody_solves_the_type_is_a_type_not_supported() {
        let (a, b) = (id("a"), id("b"));
        let saved = [a.clone()];
        let listed = RouteRequest { mode: SelectionMode::Priority, order: SavedOrder::Key(&saved), ..question() };
        let refusal = told(&listed, &[(&a, &[Hit::Family]), (&b, &[Hit::NotListed])]);
        assert_eq!(refusal.code, ErrorCode::TaskNotSupported);
        assert!(refusal.detail.contains("(a)") && refusal.detail.contains("selectionMode"), "{refusal:?}");
        let refusal = told(&listed, &[(&a, &[Hit::Resting]), (&b, &[Hit::NotListed])]);
        assert_eq!(refusal.code, ErrorCode::NoProvidersAvailable);
        assert!(refusal.detail.contains("\"priority\""), "{refusal:?}");
    }

    #[test]
    fn nothing_to_change_is_said_shortly() {
        let a = id("a");
        assert_eq!(told(&question(), &[(&a, &[Hit::Family])]).detail, "");
        assert_eq!(told(&question(), &[]).detail, "No provider is in use here.");
        assert!(told(&question(), &[(&a, &[Hit::NoPrice])]).detail.contains("operator"));
    }
}

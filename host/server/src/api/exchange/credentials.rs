//! The credentials of a contributor: contributed, limited, paused, withdrawn, and what was made of them.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use capstan_domain::exchange::{Happening, OwnerLimits, statement as signed};
use capstan_domain::route::Pool;
use capstan_domain::{AccountId, AttemptId, CredentialId};
use capstan_storage::{Change, Contribution, Credential, UseMark, day_begins_ms, day_of};
use serde_json::{Value, json};
use uuid::Uuid;

use super::caller::Contributor;
use super::fields::{Fields, Page};
use super::{Answer, Failure, Front, json, shown};
use crate::clock;
use crate::exchange::contribute::{self, contributor, statement_hash};
use crate::exchange::life::{self, Happens};
use crate::exchange::{agree as agreeing, care, look, words};
use crate::keys;
use crate::operate::audit_line;
use crate::providers::Provider;

/// The wire's name of a credential.
type Id = Path<String>;

/// Most lines of one answer.
const MOST_LINES: u32 = 500;
/// Most days back.
const MOST_DAYS: i64 = 400;

/// What a contributor signs.
pub(super) async fn statement() -> Answer {
    Ok(json(200, &json!({"version": signed::VERSION, "sha256": keys::hex(&statement_hash()), "text": signed::TEXT})))
}

/// Providers whose credentials may be contributed: what a form asks for, and what each type of task earns.
pub(super) async fn providers(State(front): State<Arc<Front>>, _: Contributor) -> Answer {
    let snapshot = front.app.snapshot.load_full();
    let open = snapshot.providers().filter(|p| p.is_in_use() && p.abilities.balance && p.contribution_note.is_some());
    let mut open: Vec<&Arc<Provider>> = open.collect();
    open.sort_by(|a, b| a.id.cmp(&b.id));
    let earns = |provider: &Provider, family: &str| {
        let parameters = serde_json::Map::new();
        let asked = capstan_domain::price::Asked { family, parameters: &parameters, with_proxy: false };
        let price = snapshot.quote(provider, &asked, Pool::Community).ok()?.price;
        let share = price.terms.charge(price.terms.expected_cost).share(price.share_bp).ok()?;
        Some(json!({
            "taskType": family, "share": share.to_string(), "shareBp": price.share_bp,
            "listPrice": price.terms.expected_cost.map(|cost| cost.to_string()),
            "inUse": price.covers_the_contributor(),
        }))
    };
    let shown = |provider: &Arc<Provider>| {
        let manifest = provider.adapter.manifest();
        let earns: Vec<Value> = manifest.task_types.iter().filter_map(|t| earns(provider, &t.family)).collect();
        json!({
            "provider": provider.id, "name": provider.display_name, "homepage": manifest.homepage,
            "note": provider.contribution_note, "fields": manifest.credential, "earns": earns,
        })
    };
    Ok(json(200, &json!({"providers": open.into_iter().map(shown).collect::<Vec<_>>()})))
}

/// Contributes a credential.
pub(super) async fn contribute(
    State(front): State<Arc<Front>>,
    Contributor(account): Contributor,
    mut fields: Fields,
) -> Answer {
    let new = contribute::Contribution {
        provider: fields.needed("provider", 60)?,
        label: fields.text("label", 60)?,
        fields: fields.secrets()?,
        limits: fields.limits(OwnerLimits::default())?,
        signed_by: fields.signature()?,
    };
    fields.end()?;
    front.asks_outward(account)?;
    let id = contribute::contribute(&front.app, account, new).await?;
    shown(&front, (account, id), 201).await
}

pub(super) async fn list(State(front): State<Arc<Front>>, Contributor(account): Contributor) -> Answer {
    let stored = |error: capstan_storage::StoreError| Failure::internal(&error);
    let rows = front.app.store.list_contributed(Some(account)).await.map_err(stored)?;
    let contributions = front.app.store.list_contributions(Some(account)).await.map_err(stored)?;
    let shown = |row: &Credential| Some(shown::credential(&front.app, row, contributions.get(&row.id)?));
    Ok(json(200, &json!({"credentials": rows.iter().filter_map(shown).collect::<Vec<_>>()})))
}

pub(super) async fn one(State(front): State<Arc<Front>>, Contributor(account): Contributor, id: Id) -> Answer {
    let (_, row, contribution) = own(&front, account, &id).await?;
    Ok(answer(&front, 200, (&row, &contribution)))
}

/// Says anew what it is lent for: what is not said stays.
pub(super) async fn set_limits(
    State(front): State<Arc<Front>>,
    Contributor(account): Contributor,
    id: Id,
    mut fields: Fields,
) -> Answer {
    let (id, row, contribution) = own(&front, account, &id).await?;
    let limits = fields.limits(contribution.limits.clone())?;
    fields.end()?;
    if limits == contribution.limits {
        return Ok(answer(&front, 200, (&row, &contribution)));
    }
    // Every change is read anew by all nodes.
    front.asks_outward(account)?;
    let event = words::event(id, "limits", &json!({}));
    let line = audit_line(&contributor(account), "exchange limits", (format!("credential {id}"), &json!({})));
    let change = Change::SetLimits(id, Box::new([contribution.limits, limits]), event);
    let applied = front.app.store.apply(change, line).await;
    applied.map_err(|error| Failure::internal(&error))?.map_err(|refusal| super::failure::refused(&refusal))?;
    front.app.reload().await.map_err(|error| Failure::internal(&error))?;
    front.app.exchange.wake.notify_one();
    shown(&front, (account, id), 200).await
}

pub(super) async fn pause(State(front): State<Arc<Front>>, Contributor(account): Contributor, id: Id) -> Answer {
    let (id, ..) = own(&front, account, &id).await?;
    happens(&front, (account, id), Happening::Pause).await?;
    shown(&front, (account, id), 200).await
}

/// Lends it again, once its provider has said that it works.
pub(super) async fn resume(State(front): State<Arc<Front>>, Contributor(account): Contributor, id: Id) -> Answer {
    let (id, ..) = own(&front, account, &id).await?;
    front.asks_outward(account)?;
    happens(&front, (account, id), Happening::Resume).await?;
    look::look(&front.app, id).await?;
    shown(&front, (account, id), 200).await
}

/// Has its provider asked now, instead of when the next look is due.
pub(super) async fn check(State(front): State<Arc<Front>>, Contributor(account): Contributor, id: Id) -> Answer {
    let (id, ..) = own(&front, account, &id).await?;
    front.asks_outward(account)?;
    look::look(&front.app, id).await?;
    shown(&front, (account, id), 200).await
}

/// Agrees to what its provider's adapter asks for anew.
pub(super) async fn agree(
    State(front): State<Arc<Front>>,
    Contributor(account): Contributor,
    id: Id,
    mut fields: Fields,
) -> Answer {
    let (id, ..) = own(&front, account, &id).await?;
    let terms = fields.needed("terms", 64)?;
    fields.end()?;
    front.asks_outward(account)?;
    agreeing::agree(&front.app, (account, id), &terms).await?;
    shown(&front, (account, id), 200).await
}

/// Takes it back: no new task from now on, and when those that are open have ended its secret is destroyed.
pub(super) async fn withdraw(State(front): State<Arc<Front>>, Contributor(account): Contributor, id: Id) -> Answer {
    let (id, ..) = own(&front, account, &id).await?;
    happens(&front, (account, id), Happening::Withdraw).await?;
    // Where no task is open and there is no other node, that is now.
    care::destroy_drained(&front.app).await?;
    shown(&front, (account, id), 200).await
}

pub(super) async fn uses(
    State(front): State<Arc<Front>>,
    Contributor(account): Contributor,
    id: Id,
    page: Page,
) -> Answer {
    let (id, ..) = own(&front, account, &id).await?;
    let bad = || Failure::field("cursor", "cursor must be what an earlier page named as its next.");
    let after = page.cursor.as_deref().map(|text| mark_of(text).ok_or_else(bad)).transpose()?;
    let most = page.limit.unwrap_or(100).clamp(1, MOST_LINES);
    let found = front.app.store.list_uses((id, account), after, most.saturating_add(1)).await;
    let mut found = found.map_err(|error| Failure::internal(&error))?;
    let has_more = found.len() > usize::try_from(most).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let next = found.last().filter(|_| has_more).map(|last| format!("{}.{}", last.at_ms, last.attempt.0.simple()));
    let uses: Vec<Value> = found.iter().map(|used| shown::one_use(&front.app, used)).collect();
    Ok(json(200, &json!({"uses": uses, "next": next})))
}

fn mark_of(text: &str) -> Option<UseMark> {
    let (at_ms, id) = text.trim().split_once('.')?;
    Some(UseMark { at_ms: at_ms.parse().ok()?, attempt: AttemptId(Uuid::try_parse(id).ok()?) })
}

pub(super) async fn days(
    State(front): State<Arc<Front>>,
    Contributor(account): Contributor,
    id: Id,
    page: Page,
) -> Answer {
    let (id, ..) = own(&front, account, &id).await?;
    let days = page.days.unwrap_or(30).clamp(1, MOST_DAYS);
    let since_ms = day_begins_ms(day_of(clock::now_ms()) - days + 1);
    let found = front.app.store.list_days(id, since_ms).await.map_err(|error| Failure::internal(&error))?;
    Ok(json(200, &json!({"days": found.iter().map(shown::day).collect::<Vec<_>>()})))
}

pub(super) async fn events(
    State(front): State<Arc<Front>>,
    Contributor(account): Contributor,
    id: Id,
    page: Page,
) -> Answer {
    let (id, ..) = own(&front, account, &id).await?;
    let most = page.limit.unwrap_or(100).clamp(1, MOST_LINES);
    let found = front.app.store.list_credential_events(id, most).await.map_err(|error| Failure::internal(&error))?;
    Ok(json(200, &json!({"events": found.iter().map(words::event_shown).collect::<Vec<_>>()})))
}

/// Says that somebody else has contributed the own credential.
pub(super) async fn claim(
    State(front): State<Arc<Front>>,
    Contributor(account): Contributor,
    mut fields: Fields,
) -> Answer {
    let provider = fields.needed("provider", 60)?;
    let secrets = fields.secrets()?;
    let evidence = fields.needed("evidence", 2_000)?;
    fields.end()?;
    front.asks_outward(account)?;
    let id = contribute::claim(&front.app, account, (&provider, secrets), evidence).await?;
    Ok(json(
        201,
        &json!({"claim": id, "state": "open", "note": "The operator compares what you say with what the holder says, and decides."}),
    ))
}

pub(super) async fn claims(State(front): State<Arc<Front>>, Contributor(account): Contributor) -> Answer {
    let found = front.app.store.list_claims(Some(account), MOST_LINES).await;
    let found = found.map_err(|error| Failure::internal(&error))?;
    Ok(json(200, &json!({"claims": found.iter().map(shown::claim).collect::<Vec<_>>()})))
}

/// The credential of that id, if it is the contributor's: whoever asks for another's is told that there is none.
async fn own(
    front: &Front,
    account: AccountId,
    Path(id): &Id,
) -> Result<(CredentialId, Credential, Contribution), Failure> {
    let id = CredentialId(Uuid::try_parse(id).map_err(|_| Failure::unknown("credential"))?);
    let (row, contribution) = owned(front, account, id).await?;
    Ok((id, row, contribution))
}

async fn happens(front: &Front, (account, id): (AccountId, CredentialId), happening: Happening) -> Result<(), Failure> {
    let time_scale = front.app.snapshot.load().find(id).map_or(1, |(provider, _)| provider.time_scale);
    let actor = contributor(account);
    life::happens(&front.app, id, &Happens { happening, reason: None, actor: &actor, time_scale }).await?;
    Ok(())
}

async fn owned(front: &Front, account: AccountId, id: CredentialId) -> Result<(Credential, Contribution), Failure> {
    let (row, contribution) = life::find(&front.app.store, id).await?;
    if row.owner == Some(account) { Ok((row, contribution)) } else { Err(Failure::unknown("credential")) }
}

/// The credential as it is after a change.
async fn shown(front: &Front, (account, id): (AccountId, CredentialId), status: u16) -> Answer {
    let (row, contribution) = owned(front, account, id).await?;
    Ok(answer(front, status, (&row, &contribution)))
}

fn answer(front: &Front, status: u16, (row, contribution): (&Credential, &Contribution)) -> Response {
    json(status, &json!({"credential": shown::credential(&front.app, row, contribution)}))
}

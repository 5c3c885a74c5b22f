//! The Provider Exchange as its operator sees it: contributors' tokens, what they lend, what they claim, what they are paid.

use capstan_domain::{AccountId, AttemptId, CredentialId};
use capstan_egress::Purpose;
use capstan_storage::{
    Account, Change, Claim, ClaimState, Contribution, Credential, Decision, ExchangeToken, NewExchangeToken, Payout,
    PayoutEnd, TakeBack,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::{self, one, read_name};
use super::{Call, OperateError, Operator, credentials, money, times};
use crate::exchange::{ExchangeError, life, words};
use crate::metrics::MoneyMoved;
use crate::{clock, keys};

/// What an operator can ask of the exchange.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the command line's help has a sentence on each")]
pub enum ExchangeVerb {
    TokenCreate { account: String, label: String, expires: Option<String> },
    TokenList { account: Option<String> },
    TokenRevoke { token: String },
    List { account: Option<String> },
    Show { credential: String },
    Claims,
    Decide { claim: String, grant: bool },
    ReleaseEarnings { credential: String },
    TakeBackEarnings { credential: String },
    Payouts { account: Option<String> },
    Pay { payout: String, reference: String },
    Refuse { payout: String },
}

/// Most of what is over that a list shows.
const MOST_OVER: u32 = 200;

pub(super) async fn perform(call: &Call<'_>, verb: ExchangeVerb) -> Result<Value, OperateError> {
    let operator = call.operator;
    match verb {
        ExchangeVerb::TokenCreate { account, label, expires } => {
            create_token(call, &account, (&label, expires.as_deref())).await
        }
        ExchangeVerb::TokenList { account } => list_tokens(operator, account.as_deref()).await,
        ExchangeVerb::TokenRevoke { token } => revoke_token(call, &token).await,
        ExchangeVerb::List { account } => list(operator, account.as_deref()).await,
        ExchangeVerb::Show { credential } => show(operator, &credential).await,
        ExchangeVerb::Claims => claims(operator).await,
        ExchangeVerb::Decide { claim, grant } => decide(call, &claim, grant).await,
        ExchangeVerb::ReleaseEarnings { credential } => release(call, &credential).await,
        ExchangeVerb::TakeBackEarnings { credential } => take_back(call, &credential).await,
        ExchangeVerb::Payouts { account } => payouts(operator, account.as_deref()).await,
        ExchangeVerb::Pay { payout, reference } => pay(call, &payout, &reference).await,
        ExchangeVerb::Refuse { payout } => refuse(call, &payout).await,
    }
}

async fn create_token(
    call: &Call<'_>,
    account: &str,
    (label, expires): (&str, Option<&str>),
) -> Result<Value, OperateError> {
    let account = accounts::find(call.operator, account).await?;
    let label = read_name("label", label)?;
    let expires_at_ms = expires.map(|text| times::read("expires", text)).transpose()?;
    let made = keys::new_exchange_token()?;
    let id = clock::new_uuid();
    let token = NewExchangeToken {
        id,
        account: account.id,
        public_id: made.public_id.clone(),
        secret_hash: made.secret_hash,
        label: label.clone(),
        created_at_ms: clock::now_ms(),
        expires_at_ms,
    };
    let detail = json!({"account": account.id, "publicId": made.public_id, "label": label});
    call.change("exchange token-create", format!("token {id}"), detail, Change::CreateToken(token)).await?;
    Ok(json!({
        "token": id, "publicId": made.public_id, "account": account.id, "accountName": account.name,
        "exchangeToken": made.key,
    }))
}

async fn list_tokens(operator: &Operator, account: Option<&str>) -> Result<Value, OperateError> {
    let account = wanted(operator, account).await?;
    let names = operator.store.list_accounts().await?;
    let tokens = operator.store.list_exchange_tokens().await?;
    let shown = |token: &ExchangeToken| {
        json!({
            "token": token.id, "publicId": token.public_id, "account": token.account,
            "accountName": name_of(&names, token.account), "label": token.label, "status": token.status.as_str(),
            "created": times::shown(token.created_at_ms), "expires": token.expires_at_ms.map(times::shown),
        })
    };
    Ok(tokens.iter().filter(|token| account.is_none_or(|id| token.account == id)).map(shown).collect())
}

async fn revoke_token(call: &Call<'_>, token: &str) -> Result<Value, OperateError> {
    if keys::token_lookup_hash(token.trim()).is_some() {
        return Err(OperateError::Bad("token: name it by its id or its public part, not by itself".to_owned()));
    }
    let id = Uuid::parse_str(token.trim()).ok();
    let public_id = token.trim().trim_start_matches("capx_").trim_end_matches('…');
    let found = call.operator.store.list_exchange_tokens().await?;
    let found = one(("token", token), found.into_iter().filter(|t| id == Some(t.id) || t.public_id == public_id))?;
    let detail = json!({"publicId": found.public_id});
    call.change("exchange token-revoke", format!("token {}", found.id), detail, Change::RevokeToken(found.id)).await?;
    Ok(json!({"token": found.id, "publicId": found.public_id, "status": "revoked"}))
}

async fn list(operator: &Operator, account: Option<&str>) -> Result<Value, OperateError> {
    let account = wanted(operator, account).await?;
    let rows = operator.store.list_contributed(account).await?;
    let contributions = operator.store.list_contributions(account).await?;
    let names = operator.store.list_accounts().await?;
    Ok(rows.iter().map(|row| credential_shown(row, contributions.get(&row.id), &names)).collect())
}

fn credential_shown(row: &Credential, contribution: Option<&Contribution>, names: &[Account]) -> Value {
    let owner = row.owner.map(|owner| name_of(names, owner));
    json!({
        "credential": row.id, "provider": row.provider, "owner": row.owner, "ownerName": owner, "label": row.label,
        "status": row.status.as_str(), "reason": contribution.and_then(|c| c.reason.clone()),
        "masked": contribution.map(|c| c.mask.clone()), "created": times::shown(row.created_at_ms),
        "nextCheck": contribution.and_then(|c| c.look_at_ms).map(times::shown),
        "evicted": contribution.map(|c| c.is_evicted), "earningsHeld": contribution.map(|c| c.earnings_held),
        "destroyed": contribution.and_then(|c| c.destroyed_at_ms).map(times::shown),
    })
}

/// Everything that is known of a contributed credential: what was signed, what it is lent for, what happened to it.
async fn show(operator: &Operator, credential: &str) -> Result<Value, OperateError> {
    let (row, contribution) = find(operator, credential).await?;
    let names = operator.store.list_accounts().await?;
    let events = operator.store.list_credential_events(row.id, MOST_OVER).await?;
    let signature = &contribution.signature;
    let mut shown = credential_shown(&row, Some(&contribution), &names);
    let more = json!({
        "signature": {
            "statementVersion": signature.version, "statementSha256": keys::hex(&signature.hash), "name": signature.by,
            "at": times::shown(signature.at_ms),
        },
        "limits": words::limits_shown(&contribution.limits),
        "events": events.iter().map(words::event_shown).collect::<Vec<_>>(),
    });
    if let (Some(fields), Value::Object(more)) = (shown.as_object_mut(), more) {
        fields.extend(more);
    }
    Ok(shown)
}

async fn claims(operator: &Operator) -> Result<Value, OperateError> {
    let names = operator.store.list_accounts().await?;
    let claims = operator.store.list_claims(None, MOST_OVER).await?;
    let shown = |claim: &Claim| {
        json!({
            "claim": claim.id, "credential": claim.credential, "claimant": claim.account,
            "claimantName": name_of(&names, claim.account), "holder": claim.holder,
            "holderName": claim.holder.map(|holder| name_of(&names, holder)), "evidence": claim.evidence,
            "state": claim.state.as_str(), "reason": claim.reason, "created": times::shown(claim.created_at_ms),
            "decided": claim.decided_at_ms.map(times::shown),
        })
    };
    Ok(claims.iter().map(shown).collect())
}

/// Where a claim is granted, use of the credential stops at once, and its earnings are held.
async fn decide(call: &Call<'_>, claim: &str, is_granted: bool) -> Result<Value, OperateError> {
    let reason = money::reason(call)?;
    let id = id_of("claim", claim)?;
    let claims = call.operator.store.list_claims(None, u32::MAX).await?;
    let claim = one(("claim", claim), claims.into_iter().filter(|known| known.id == id))?;
    let (state, kind) =
        if is_granted { (ClaimState::Granted, "evicted") } else { (ClaimState::Refused, "claim-refused") };
    let event = words::event(claim.credential, kind, &json!({"reason": reason}));
    let detail = json!({"claim": claim.id, "claimant": claim.account, "holder": claim.holder, "granted": is_granted});
    let decision = Decision { claim: claim.id, is_granted, reason, event };
    let target = format!("credential {}", claim.credential);
    call.change("exchange decide", target, detail, Change::DecideClaim(decision)).await?;
    if let Some(app) = &call.operator.running {
        app.exchange.wake.notify_one();
    }
    Ok(json!({
        "claim": claim.id, "credential": claim.credential, "claimant": claim.account, "holder": claim.holder,
        "state": state.as_str(),
    }))
}

async fn release(call: &Call<'_>, credential: &str) -> Result<Value, OperateError> {
    let reason = money::reason(call)?;
    let (row, _) = find(call.operator, credential).await?;
    let event = words::event(row.id, "earnings-released", &json!({"reason": reason}));
    let target = format!("credential {}", row.id);
    call.change("exchange release-earnings", target, json!({}), Change::ReleaseEarnings(event)).await?;
    Ok(json!({"credential": row.id, "earningsHeld": false}))
}

/// Takes back every share of a credential that is pending.
async fn take_back(call: &Call<'_>, credential: &str) -> Result<Value, OperateError> {
    let note = money::reason(call)?;
    let (row, _) = find(call.operator, credential).await?;
    let mut sum = capstan_domain::Amount::ZERO;
    let attempts = call.operator.store.list_pending_shares(row.id).await?;
    let many = attempts.len();
    for (attempt, amount) in attempts {
        take_back_one(call, attempt, &note).await?;
        sum = sum.plus(amount).map_err(|_| OperateError::Internal("a sum out of range".to_owned()))?;
    }
    Ok(json!({"credential": row.id, "shares": many, "takenBack": sum.to_string()}))
}

async fn take_back_one(call: &Call<'_>, attempt: AttemptId, note: &str) -> Result<(), OperateError> {
    let move_id = clock::new_move_id();
    let change = TakeBack { move_id, attempt, note: note.to_owned(), at_ms: clock::now_ms() };
    let target = format!("attempt {attempt}");
    let applied = call.change("earning take-back", target, json!({}), Change::TakeBack(change)).await?;
    money::booked(call, applied, (move_id, MoneyMoved::TakenBack))?;
    Ok(())
}

async fn payouts(operator: &Operator, account: Option<&str>) -> Result<Value, OperateError> {
    let account = wanted(operator, account).await?;
    let names = operator.store.list_accounts().await?;
    let payouts = operator.store.list_payouts(account, MOST_OVER).await?;
    Ok(payouts.iter().map(|payout| payout_shown(operator, payout, &names)).collect())
}

fn payout_shown(operator: &Operator, payout: &Payout, names: &[Account]) -> Value {
    let opened = operator.vault.open(Purpose::Payout, payout.account.0.as_bytes(), &payout.destination);
    let destination = opened.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    json!({
        "payout": payout.id, "account": payout.account, "accountName": name_of(names, payout.account),
        "amount": payout.amount.to_string(), "destination": destination, "reference": payout.reference,
        "state": payout.state.as_str(), "reason": payout.reason, "created": times::shown(payout.created_at_ms),
        "ended": payout.ended_at_ms.map(times::shown),
    })
}

/// Books a payout that has been paid, under the payment's own reference.
async fn pay(call: &Call<'_>, payout: &str, reference: &str) -> Result<Value, OperateError> {
    let external_ref = read_name("reference", reference)?;
    let payout = find_payout(call.operator, payout).await?;
    let move_id = clock::new_move_id();
    let end = PayoutEnd::Paid { move_id, external_ref: external_ref.clone() };
    let detail = json!({"payout": payout.id, "amount": payout.amount.to_string(), "reference": external_ref});
    end_payout(call, &payout, ("exchange pay", detail), end).await?;
    call.operator.count_moved(MoneyMoved::PaidOut, payout.amount);
    Ok(json!({"payout": payout.id, "state": "paid", "amount": payout.amount.to_string(), "reference": external_ref}))
}

async fn refuse(call: &Call<'_>, payout: &str) -> Result<Value, OperateError> {
    let reason = money::reason(call)?;
    let payout = find_payout(call.operator, payout).await?;
    let end = PayoutEnd::Refused(reason);
    end_payout(call, &payout, ("exchange refuse", json!({"payout": payout.id})), end).await?;
    Ok(json!({"payout": payout.id, "state": "refused", "amount": payout.amount.to_string()}))
}

async fn end_payout(
    call: &Call<'_>,
    payout: &Payout,
    (action, detail): (&'static str, Value),
    end: PayoutEnd,
) -> Result<(), OperateError> {
    let target = accounts::target(payout.account);
    call.change(action, target, detail, Change::EndPayout(payout.id, clock::now_ms(), end)).await?;
    Ok(())
}

async fn find_payout(operator: &Operator, name: &str) -> Result<Payout, OperateError> {
    let id = id_of("payout", name)?;
    let payouts = operator.store.list_payouts(None, u32::MAX).await?;
    one(("payout", name), payouts.into_iter().filter(|payout| payout.id == id))
}

/// A contributed credential, by its id.
async fn find(operator: &Operator, name: &str) -> Result<(Credential, Contribution), OperateError> {
    let row = credentials::find(operator, name).await?;
    let unknown = || OperateError::Bad(format!("credential: {} was not contributed", row.id));
    let contribution = operator.store.find_contribution(row.id).await?.ok_or_else(unknown)?;
    Ok((row, contribution))
}

/// Lets something happen to a contributed credential at an operator's word, and answers how it stands then.
pub(super) async fn happens(
    call: &Call<'_>,
    (credential, time_scale): (CredentialId, u32),
    happening: capstan_domain::exchange::Happening,
) -> Result<capstan_storage::CredentialStatus, OperateError> {
    let what = life::Happens { happening, reason: call.reason.map(str::to_owned), actor: call.actor, time_scale };
    let (status, _) = life::write(&call.operator.store, credential, &what).await.map_err(|error| match error {
        ExchangeError::Store(error) => OperateError::Store(error),
        ExchangeError::Refused(refusal) => OperateError::Refused(refusal),
        other => OperateError::Internal(other.to_string()),
    })?;
    call.operator.put_in_force().await?;
    if let Some(app) = &call.operator.running {
        app.exchange.wake.notify_one();
    }
    Ok(status)
}

async fn wanted(operator: &Operator, account: Option<&str>) -> Result<Option<AccountId>, OperateError> {
    match account {
        Some(name) => Ok(Some(accounts::find(operator, name).await?.id)),
        None => Ok(None),
    }
}

fn name_of(names: &[Account], id: AccountId) -> Option<&str> {
    names.iter().find(|account| account.id == id).map(|account| account.name.as_str())
}

fn id_of(what: &'static str, text: &str) -> Result<Uuid, OperateError> {
    Uuid::parse_str(text.trim()).map_err(|_| OperateError::Bad(format!("{what}: {text:?} is no id")))
}

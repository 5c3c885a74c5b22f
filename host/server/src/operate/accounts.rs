//! Accounts: opened, topped up, suspended, closed.

use capstan_domain::complaint::RefundRule;
use capstan_domain::route::PoolMode;
use capstan_domain::{AccountId, Amount};
use capstan_storage::{Account, AccountStatus, Applied, Change, NewAccount, TopUp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Call, OperateError, Operator, times};
use crate::clock;
use crate::metrics::MoneyMoved;

/// Longest name of anything that people name.
pub(super) const MOST_NAME_CHARS: usize = 100;

pub(super) async fn create(call: &Call<'_>, name: &str) -> Result<Value, OperateError> {
    let name = read_name("name", name)?;
    let accounts = call.operator.store.list_accounts().await?;
    if accounts.iter().any(|account| account.name == name) {
        return Err(OperateError::Bad(format!("name: there is an account {name:?} already")));
    }
    let id = AccountId(clock::new_uuid());
    let new = NewAccount { id, name: name.clone(), created_at_ms: clock::now_ms() };
    let detail = json!({"name": name});
    call.change("account create", target(id), detail, Change::CreateAccount(new)).await?;
    Ok(json!({"account": id, "name": name}))
}

pub(super) async fn list(operator: &Operator) -> Result<Value, OperateError> {
    let accounts = operator.store.list_accounts().await?;
    Ok(accounts.iter().map(shown).collect())
}

pub(super) async fn top_up(
    call: &Call<'_>,
    account: &str,
    amount: &str,
    reference: &str,
) -> Result<Value, OperateError> {
    let account = find(call.operator, account).await?;
    let amount = read_amount("amount", amount)?;
    let external_ref = read_name("reference", reference)?;
    let detail = json!({"amount": amount.to_string(), "reference": external_ref});
    let top_up = TopUp {
        move_id: clock::new_move_id(),
        account: account.id,
        amount,
        external_ref: external_ref.clone(),
        at_ms: clock::now_ms(),
    };
    let (move_id, id) = (top_up.move_id, account.id);
    let Applied::ToppedUp(done) = call.change("account topup", target(id), detail, Change::TopUp(top_up)).await? else {
        return Err(OperateError::Internal("a top-up made something else".to_owned()));
    };
    if done.move_id == move_id {
        call.operator.count_moved(MoneyMoved::ToppedUp, amount);
    }
    Ok(json!({
        "account": id, "name": account.name, "amount": amount.to_string(), "reference": external_ref,
        "bookedBefore": done.move_id != move_id, "available": done.balance.available.to_string(),
    }))
}

pub(super) async fn suspend(call: &Call<'_>, account: &str) -> Result<Value, OperateError> {
    set_status(call, account, ("account suspend", AccountStatus::Suspended)).await
}

pub(super) async fn resume(call: &Call<'_>, account: &str) -> Result<Value, OperateError> {
    set_status(call, account, ("account resume", AccountStatus::Active)).await
}

async fn set_status(
    call: &Call<'_>,
    account: &str,
    (action, status): (&'static str, AccountStatus),
) -> Result<Value, OperateError> {
    let account = find(call.operator, account).await?;
    let change = Change::SetAccountStatus(account.id, status);
    call.change(action, target(account.id), json!({"name": account.name}), change).await?;
    Ok(json!({"account": account.id, "name": account.name, "status": status.as_str()}))
}

pub(super) async fn close(call: &Call<'_>, account: &str, keep_balance: bool) -> Result<Value, OperateError> {
    let account = find(call.operator, account).await?;
    let change = Change::CloseAccount { account: account.id, keep_balance };
    let detail = json!({"name": account.name, "kept": account.balance.available.to_string()});
    call.change("account close", target(account.id), detail, change).await?;
    Ok(json!({"account": account.id, "name": account.name, "status": "closed"}))
}

pub(super) async fn pool(call: &Call<'_>, account: &str, pool: &str) -> Result<Value, OperateError> {
    let account = find(call.operator, account).await?;
    let pool = read_pool("pool", pool)?;
    let word = pool.map(PoolMode::as_str);
    let detail = json!({"pool": word});
    call.change("account pool", target(account.id), detail, Change::SetAccountPool(account.id, pool)).await?;
    Ok(json!({"account": account.id, "name": account.name, "pool": word}))
}

/// An account by its id or its name.
pub(super) async fn find(operator: &Operator, name: &str) -> Result<Account, OperateError> {
    let accounts = operator.store.list_accounts().await?;
    let id = Uuid::parse_str(name.trim()).ok().map(AccountId);
    one(("account", name), accounts.into_iter().filter(|a| id == Some(a.id) || a.name == name.trim()))
}

/// The one thing of a name.
pub(super) fn one<T>(
    (what, name): (&'static str, &str),
    mut found: impl Iterator<Item = T>,
) -> Result<T, OperateError> {
    let shown = || name.chars().take(MOST_NAME_CHARS).collect();
    let first = found.next().ok_or_else(|| OperateError::Unknown { what, name: shown() })?;
    match found.count() {
        0 => Ok(first),
        more => Err(OperateError::Ambiguous { what, name: shown(), count: more + 1 }),
    }
}

/// A name that people give to something.
pub(super) fn read_name(field: &str, text: &str) -> Result<String, OperateError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MOST_NAME_CHARS || text.chars().any(char::is_control) {
        return Err(OperateError::Bad(format!("{field}: it must have 1 to {MOST_NAME_CHARS} visible characters")));
    }
    Ok(text.to_owned())
}

/// A sum of money that is above zero.
pub(super) fn read_amount(field: &str, text: &str) -> Result<Amount, OperateError> {
    let amount = Amount::from_decimal(text.trim()).map_err(|error| OperateError::Bad(format!("{field}: {error}")))?;
    if amount <= Amount::ZERO {
        return Err(OperateError::Bad(format!("{field}: it must be above zero, not {amount}")));
    }
    Ok(amount)
}

/// A pool's word, or `none`.
pub(super) fn read_pool(field: &str, text: &str) -> Result<Option<PoolMode>, OperateError> {
    if text.trim().eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let bad = || OperateError::Bad(format!("{field} is {text:?}: it must be all, platformOnly or none"));
    PoolMode::from_word(text).map(Some).ok_or_else(bad)
}

pub(super) fn target(id: AccountId) -> String {
    format!("account {id}")
}

pub(super) fn shown(account: &Account) -> Value {
    json!({
        "account": account.id, "name": account.name, "status": account.status.as_str(),
        "available": account.balance.available.to_string(), "held": account.balance.held.to_string(),
        "pool": account.pool_ceiling.map(PoolMode::as_str),
        "refunds": account.refund_rule.map(RefundRule::as_str), "created": times::shown(account.created_at_ms),
    })
}

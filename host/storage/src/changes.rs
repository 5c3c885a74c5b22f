//! What an operator may change: one change and its line in the audit log are one transaction, so that neither is ever there
//! without the other.

use capstan_domain::complaint::RefundRule;
use capstan_domain::exchange::OwnerLimits;
use capstan_domain::ledger::MoveKind;
use capstan_domain::route::PoolMode;
use capstan_domain::{AccountId, Amount, ApiKeyId, CredentialId, MoveId};
use uuid::Uuid;

use crate::accounts::{self, TopUp, TopUpRefusal, ToppedUp};
use crate::adapters::{self, NewGeneration};
use crate::admissions;
use crate::api_keys::{self, KeySettings, NewApiKey};
use crate::by_hand::{self, Booked, ByHand, TakeBack};
use crate::credentials::{self, NewCredential, NewSecret, Rebound};
use crate::db::{Db, sql};
use crate::exchange::{
    Decision, LifeStep, NewClaim, NewContribution, NewEvent, NewExchangeToken, NewPayout, PayoutEnd, PayoutState,
};
use crate::exchange::{claims, contributions, life, payouts, tokens};
use crate::prices::{self, NewPriceBook};
use crate::{
    AccountStatus, CredentialStatus, NewAccount, NewAudit, Provider, SiteRule, SiteRuleName, Store, StoreError, audit,
    key_days, providers, site_rules, switches,
};

/// One change.
#[derive(Clone, Debug)]
pub enum Change {
    /// Opens an account.
    CreateAccount(NewAccount),
    /// Suspends an account, or lets it go on.
    SetAccountStatus(AccountId, AccountStatus),
    /// Closes an account for good.
    CloseAccount {
        /// Which.
        account: AccountId,
        /// Whether it may still have a balance, which stays in the books.
        keep_balance: bool,
    },
    /// Sets the widest pool of an account.
    SetAccountPool(AccountId, Option<PoolMode>),
    /// Sets when an account's complaints give money back; none leaves it to the gateway's rule.
    SetAccountRefundRule(AccountId, Option<RefundRule>),
    /// Books money from outside.
    TopUp(TopUp),
    /// Moves an account's money by hand.
    MoveByHand(ByHand),
    /// Takes a contributor's share back.
    TakeBack(TakeBack),
    /// Makes an API key.
    CreateKey(NewApiKey),
    /// Says everything of a key anew.
    EditKey {
        /// Which.
        key: ApiKeyId,
        /// What is said of it from now on.
        settings: KeySettings,
        /// The day (UTC, counted from 1970) for which a daily cap counts from now on.
        today: i64,
    },
    /// Revokes a key for ever.
    RevokeKey(ApiKeyId),
    /// Adds a credential.
    AddCredential(NewCredential),
    /// Adds a contributed credential.
    Contribute(Box<NewContribution>),
    /// Takes a step of a contributed credential's life.
    Live(LifeStep),
    /// Says anew what a contributed credential is lent for: as it was, and as it is from now on.
    SetLimits(CredentialId, Box<[OwnerLimits; 2]>, NewEvent),
    /// Makes a contributor's token.
    CreateToken(NewExchangeToken),
    /// Revokes a contributor's token for ever.
    RevokeToken(Uuid),
    /// Asks for a payout.
    RequestPayout(NewPayout),
    /// Ends a payout: when, and how.
    EndPayout(Uuid, i64, PayoutEnd),
    /// Files a claim to a credential.
    FileClaim(NewClaim),
    /// Decides a claim.
    DecideClaim(Decision),
    /// Lets what a credential has earned mature again.
    ReleaseEarnings(NewEvent),
    /// Sets how a credential stands.
    SetCredentialStatus(CredentialId, CredentialStatus),
    /// Puts another secret in a credential's place; its id, and with it its open tasks and statistics, stay.
    RotateCredential(NewSecret),
    /// Seals credentials anew for what was just agreed to, all of them if they are as they were when that was asked; their
    /// secrets stay. With what a contributor is told of it.
    Rebind(Vec<Rebound>, Option<NewEvent>),
    /// Makes a provider or sets everything about it.
    PutProvider(Provider),
    /// Puts another adapter in force for a provider, or none.
    BeginGeneration(NewGeneration),
    /// Says whose packages of adapters are believed: the document, and when.
    PutTrust(String, i64),
    /// Publishes a price book.
    PublishPrices(NewPriceBook),
    /// Sets a switch, or takes it away.
    PutSwitch {
        /// Its name.
        name: String,
        /// Its value.
        value: Option<String>,
    },
    /// Makes a site rule, or says anew what it does.
    PutSiteRule(SiteRule),
    /// Takes a site rule away.
    RemoveSiteRule(SiteRuleName),
    /// Switches a rule of the default list on or off.
    SwitchDefaultRule {
        /// What it is about.
        pattern: String,
        /// Whether it is in force.
        is_on: bool,
    },
}

/// What a change has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// What it says.
    Done,
    /// The money is in the books.
    ToppedUp(ToppedUp),
    /// The move by hand is in the books.
    Booked(Booked),
    /// The credential is known under this id: its own, or that of the one which had the same secret before.
    Credential(CredentialId),
    /// The price book has this version.
    Prices(i64),
    /// The payout is known under this id.
    Payout(Uuid),
    /// The claim is known under this id.
    Claim(Uuid),
}

/// Why a change was not made; nothing was written, no line in the audit log either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeRefusal {
    /// The money was not booked.
    TopUp(TopUpRefusal),
    /// The account is closed, and stays so.
    AccountClosed,
    /// The account still has this much, free and held together.
    AccountHasBalance(Amount),
    /// The account still has open tasks.
    AccountHasOpenTasks,
    /// The reference belongs to a move of this kind, with another content.
    ReferenceTaken(MoveKind),
    /// The account can spend no more than this.
    BalanceTooSmall(Amount),
    /// The account has matured earnings of no more than this.
    EarningsTooSmall(Amount),
    /// The attempt has earned nobody a share.
    NoEarning,
    /// The share is past the dispute window, and stays.
    EarningMatured,
    /// The share was taken back before, for another reason.
    TakenBackBefore,
    /// Another credential has the same secret.
    SecretKnown(CredentialId),
    /// The account is suspended or closed.
    AccountNotActive,
    /// The operator does not allow credentials of this provider to be contributed.
    ContributionForbidden,
    /// The same secret is there already, and not this account's.
    CredentialOfAnother(CredentialId),
    /// The same secret is there already, and tasks still end with it before it is destroyed.
    CredentialBeingWithdrawn,
    /// The secret may not be contributed again: the operator had disabled it, or somebody else has proved to own it.
    CredentialBarred,
    /// The credential does not stand any more as it did when the change was decided.
    CredentialChanged,
    /// The contributor has asked for another payout by this name.
    PayoutReferenceTaken,
    /// The payout is over.
    PayoutOver(PayoutState),
    /// The claim was decided otherwise.
    ClaimDecided,
}

impl Change {
    /// The id of the move that it books, if it moves money.
    const fn move_id(&self) -> Option<MoveId> {
        match self {
            Self::TopUp(top_up) => Some(top_up.move_id),
            Self::MoveByHand(by_hand) => Some(by_hand.move_id),
            Self::TakeBack(take_back) => Some(take_back.move_id),
            Self::CreateAccount(_)
            | Self::SetAccountStatus(..)
            | Self::CloseAccount { .. }
            | Self::SetAccountPool(..)
            | Self::SetAccountRefundRule(..)
            | Self::CreateKey(_)
            | Self::EditKey { .. }
            | Self::RevokeKey(_)
            | Self::AddCredential(_)
            | Self::Contribute(_)
            | Self::Live(_)
            | Self::SetLimits(..)
            | Self::CreateToken(_)
            | Self::RevokeToken(_)
            | Self::RequestPayout(_)
            | Self::EndPayout(..)
            | Self::FileClaim(_)
            | Self::DecideClaim(_)
            | Self::ReleaseEarnings(_)
            | Self::SetCredentialStatus(..)
            | Self::RotateCredential(_)
            | Self::Rebind(..)
            | Self::PutProvider(_)
            | Self::BeginGeneration(_)
            | Self::PutTrust(..)
            | Self::PublishPrices(_)
            | Self::PutSwitch { .. }
            | Self::PutSiteRule(_)
            | Self::RemoveSiteRule(_)
            | Self::SwitchDefaultRule { .. } => None,
        }
    }

    /// Whether this change is what made that, and not an earlier one whose money was named alike.
    fn is_what_made(&self, applied: &Applied) -> bool {
        let booked = match applied {
            Applied::ToppedUp(done) => Some(done.move_id),
            Applied::Booked(done) => Some(done.move_id),
            Applied::Done | Applied::Credential(_) | Applied::Prices(_) | Applied::Payout(_) | Applied::Claim(_) => {
                None
            }
        };
        booked == self.move_id()
    }
}

impl Store {
    /// Makes a change and writes its line in the audit log, both or neither. Money that an earlier call has moved is moved
    /// and written down once.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when what is to be changed does not exist; otherwise as the change alone.
    pub async fn apply(&self, change: Change, line: NewAudit) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
        self.write_or_refuse((change, line), |db, (change, line)| {
            Box::pin(async move {
                let applied = apply(db, change).await?;
                if applied.as_ref().is_ok_and(|applied| change.is_what_made(applied)) {
                    audit::insert(db, line).await?;
                }
                Ok(applied)
            })
        })
        .await
    }
}

async fn apply(db: &mut Db, change: &Change) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    match change {
        Change::CreateAccount(account) => accounts::insert_account(db, account).await?,
        Change::SetAccountStatus(account, status) => return set_status(db, *account, *status).await,
        Change::CloseAccount { account, keep_balance } => return close(db, *account, *keep_balance).await,
        Change::SetAccountPool(account, pool) => accounts::update_pool(db, *account, *pool).await?,
        Change::SetAccountRefundRule(account, rule) => accounts::update_refund_rule(db, *account, *rule).await?,
        Change::TopUp(top_up) => {
            let booked = accounts::book_top_up(db, top_up).await?.map_err(ChangeRefusal::TopUp);
            // After the look for the payment: one that was booked before the account was closed is still told as booked.
            return match booked {
                Ok(done) if done.move_id == top_up.move_id && is_closed(db, top_up.account).await? => {
                    Ok(Err(ChangeRefusal::AccountClosed))
                }
                booked => Ok(booked.map(Applied::ToppedUp)),
            };
        }
        Change::MoveByHand(by_hand) => return Ok(by_hand::book(db, by_hand).await?.map(Applied::Booked)),
        Change::TakeBack(take_back) => return Ok(by_hand::take_back(db, take_back).await?.map(Applied::Booked)),
        Change::CreateKey(key) if is_closed(db, key.account).await? => return Ok(Err(ChangeRefusal::AccountClosed)),
        Change::CreateKey(key) => api_keys::insert_key(db, key).await?,
        Change::EditKey { key, settings, today } => {
            let had_cap = has_cap(db, *key).await?;
            api_keys::update_settings(db, *key, settings).await?;
            // A cap that was there has counted by itself; counting anew could miss what another node is just placing.
            if settings.daily_cap.is_some() && !had_cap {
                key_days::count_anew(db, *key, *today).await?;
            }
        }
        Change::RevokeKey(key) => api_keys::revoke(db, *key).await?,
        Change::AddCredential(credential) => {
            return Ok(Ok(Applied::Credential(credentials::insert(db, credential).await?)));
        }
        Change::Contribute(new) => return contributions::insert(db, new).await,
        Change::Live(step) => return life::step(db, step).await,
        Change::SetLimits(credential, limits, event) => {
            return contributions::update_limits(db, (*credential, limits), event).await;
        }
        Change::CreateToken(token) if is_closed(db, token.account).await? => {
            return Ok(Err(ChangeRefusal::AccountClosed));
        }
        Change::CreateToken(token) => tokens::insert(db, token).await?,
        Change::RevokeToken(token) => tokens::revoke(db, *token).await?,
        Change::RequestPayout(payout) => return payouts::request(db, payout).await,
        Change::EndPayout(payout, at_ms, end) => return payouts::end(db, (*payout, *at_ms), end).await,
        Change::FileClaim(claim) => return Ok(Ok(claims::file(db, claim).await?)),
        Change::DecideClaim(decision) => return claims::decide(db, decision).await,
        Change::ReleaseEarnings(event) => claims::release_earnings(db, event).await?,
        Change::SetCredentialStatus(credential, status) => {
            credentials::update_status(db, *credential, *status).await?;
        }
        Change::RotateCredential(secret) => return credentials::rotate(db, secret).await,
        Change::Rebind(rebound, event) => return credentials::rebind(db, rebound, event.as_ref()).await,
        Change::PutProvider(provider) => providers::upsert(db, provider).await?,
        Change::BeginGeneration(new) => adapters::begin(db, new).await?,
        Change::PutTrust(document, at_ms) => admissions::put_trust(db, document, *at_ms).await?,
        Change::PublishPrices(book) => return Ok(Ok(Applied::Prices(prices::publish(db, book).await?))),
        Change::PutSwitch { name, value } => switches::put(db, name, value.as_deref()).await?,
        Change::PutSiteRule(rule) => site_rules::put(db, rule).await?,
        Change::RemoveSiteRule(name) => site_rules::remove(db, name).await?,
        Change::SwitchDefaultRule { pattern, is_on } => site_rules::switch_default(db, pattern, *is_on).await?,
    }
    Ok(Ok(Applied::Done))
}

/// What of an account decides whether it may be changed: its status, free and held.
async fn look(db: &mut Db, account: AccountId) -> Result<(String, i64, i64), StoreError> {
    let found = sql!(
        db,
        optional as (String, i64, i64),
        "select status, available, held from accounts where id = $1",
        account.0
    )?;
    found.ok_or_else(|| StoreError::Missing { table: "accounts", id: account.to_string() })
}

async fn has_cap(db: &mut Db, key: ApiKeyId) -> Result<bool, StoreError> {
    let cap = sql!(db, optional as (Option<i64>,), "select daily_cap_nanos from api_keys where id = $1", key.0)?;
    Ok(cap.is_some_and(|(cap,)| cap.is_some()))
}

async fn is_closed(db: &mut Db, account: AccountId) -> Result<bool, StoreError> {
    Ok(look(db, account).await?.0 == AccountStatus::Closed.as_str())
}

async fn set_status(
    db: &mut Db,
    account: AccountId,
    status: AccountStatus,
) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    if is_closed(db, account).await? {
        return Ok(Err(ChangeRefusal::AccountClosed));
    }
    let text = "update accounts set status = $2 where id = $1 and status <> 'closed'";
    guarded(sql!(db, execute, text, account.0, status.as_str())?)
}

/// A guard that holds in the statement, too: another node may have been faster since the look. Then the look is repeated.
const fn guarded(changed: u64) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    if changed == 1 { Ok(Ok(Applied::Done)) } else { Err(StoreError::Contended) }
}

async fn close(
    db: &mut Db,
    account: AccountId,
    keep_balance: bool,
) -> Result<Result<Applied, ChangeRefusal>, StoreError> {
    let (status, available, held) = look(db, account).await?;
    if status == AccountStatus::Closed.as_str() {
        return Ok(Ok(Applied::Done));
    }
    if held > 0 {
        return Ok(Err(ChangeRefusal::AccountHasOpenTasks));
    }
    if available > 0 && !keep_balance {
        return Ok(Err(ChangeRefusal::AccountHasBalance(Amount::from_nanos(available))));
    }
    // What it has contributed is withdrawn with it, and destroyed when no task needs it.
    let lent = "update credentials set status = 'withdrawn' where owner_account_id = $1 and status <> 'withdrawn'";
    sql!(db, execute, lent, account.0)?;
    let looked_at = "update contributions set look_at_ms = null
                      where credential_id in (select id from credentials where owner_account_id = $1)";
    sql!(db, execute, looked_at, account.0)?;
    let text = "update accounts set status = 'closed'
                 where id = $1 and status <> 'closed' and held = 0 and (available = 0 or $2)";
    guarded(sql!(db, execute, text, account.0, keep_balance)?)
}

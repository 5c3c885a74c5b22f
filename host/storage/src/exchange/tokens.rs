//! Tokens of contributors: found by the hash of the whole token, never by a part of it.

use capstan_domain::AccountId;
use uuid::Uuid;

use crate::db::{Db, sql};
use crate::{AccountStatus, KeyStatus, Store, StoreError, words};

/// A token to be made; the secret itself never comes here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExchangeToken {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub account: AccountId,
    /// The part of it that people may see.
    pub public_id: String,
    /// SHA-256 of the whole token.
    pub secret_hash: [u8; 32],
    /// What it is called, for people.
    pub label: String,
    /// When it is made.
    pub created_at_ms: i64,
    /// From when on it is good for nothing.
    pub expires_at_ms: Option<i64>,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeToken {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub account: AccountId,
    /// The part of it that people may see.
    pub public_id: String,
    /// What it is called.
    pub label: String,
    /// How it stands.
    pub status: KeyStatus,
    /// When it was made.
    pub created_at_ms: i64,
    /// From when on it is good for nothing.
    pub expires_at_ms: Option<i64>,
}

/// A token that was found by its hash. Whether it may do anything is the caller's to judge, with the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundToken {
    /// The token.
    pub token: ExchangeToken,
    /// How its account stands.
    pub account_status: AccountStatus,
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    id: Uuid,
    account_id: Uuid,
    public_id: String,
    label: String,
    status: String,
    created_at_ms: i64,
    expires_at_ms: Option<i64>,
    account_status: String,
}

impl TokenRow {
    fn read(self) -> Result<FoundToken, StoreError> {
        let status = words::read(KeyStatus::from_word(&self.status), "exchange_tokens", "status", self.id)?;
        let of = self.account_id;
        let account_status = words::read(AccountStatus::from_word(&self.account_status), "accounts", "status", of)?;
        let token = ExchangeToken {
            id: self.id,
            account: AccountId(of),
            public_id: self.public_id,
            label: self.label,
            status,
            created_at_ms: self.created_at_ms,
            expires_at_ms: self.expires_at_ms,
        };
        Ok(FoundToken { token, account_status })
    }
}

impl Store {
    /// Makes a token; one that exists stays as it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_exchange_token(&self, token: NewExchangeToken) -> Result<(), StoreError> {
        self.write(token, |db, token| Box::pin(insert(db, token))).await
    }

    /// The token with that hash, revoked and expired ones included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_exchange_token(&self, secret_hash: &[u8; 32]) -> Result<Option<FoundToken>, StoreError> {
        let db = &mut self.reader().await?;
        let row = sql!(
            db,
            optional as TokenRow,
            "select t.id, t.account_id, t.public_id, t.label, t.status, t.created_at_ms, t.expires_at_ms,
                    a.status as account_status
               from exchange_tokens t join accounts a on a.id = t.account_id where t.secret_hash = $1",
            secret_hash.as_slice()
        )?;
        row.map(TokenRow::read).transpose()
    }

    /// Every token, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_exchange_tokens(&self) -> Result<Vec<ExchangeToken>, StoreError> {
        let db = &mut self.reader().await?;
        let rows = sql!(
            db,
            all as TokenRow,
            "select t.id, t.account_id, t.public_id, t.label, t.status, t.created_at_ms, t.expires_at_ms,
                    a.status as account_status
               from exchange_tokens t join accounts a on a.id = t.account_id order by t.created_at_ms, t.id"
        )?;
        rows.into_iter().map(|row| row.read().map(|found| found.token)).collect()
    }
}

pub(crate) async fn insert(db: &mut Db, token: &NewExchangeToken) -> Result<(), StoreError> {
    sql!(
        db,
        execute,
        "insert into exchange_tokens (id, account_id, public_id, secret_hash, label, status, created_at_ms, expires_at_ms)
         values ($1, $2, $3, $4, $5, 'active', $6, $7)
         on conflict (id) do nothing",
        token.id,
        token.account.0,
        token.public_id.as_str(),
        token.secret_hash.as_slice(),
        token.label.as_str(),
        token.created_at_ms,
        token.expires_at_ms
    )?;
    Ok(())
}

pub(crate) async fn revoke(db: &mut Db, token: Uuid) -> Result<(), StoreError> {
    let changed = sql!(db, execute, "update exchange_tokens set status = 'revoked' where id = $1", token)?;
    if changed == 0 {
        return Err(StoreError::Missing { table: "exchange_tokens", id: token.to_string() });
    }
    Ok(())
}

//! A contributor, as plain as a program of theirs: a token, and requests to the exchange.

use anyhow::{Context as _, Result, ensure};
use capstan_domain::exchange::statement;
use capstan_server::exchange::contribute::statement_hash;
use serde_json::{Value, json};

use crate::client::Client;

/// Talks to the exchange of one gateway with one token.
#[derive(Clone)]
pub struct Contributor {
    client: Client,
}

/// An answer: status and body.
#[derive(Debug)]
pub struct Said {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
}

impl Said {
    /// The code of a refusal, or "".
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// The field that a refusal names, or "".
    #[must_use]
    pub fn field(&self) -> &str {
        self.body["error"]["field"].as_str().unwrap_or_default()
    }
}

/// What a contributor signs.
#[must_use]
pub fn signature() -> Value {
    let hash: String = statement_hash().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({"statementVersion": statement::VERSION, "statementSha256": hash, "name": "Ada Lovelace"})
}

/// The request that contributes a key to anti-captcha with these limits.
#[must_use]
pub fn contribution(key: &str, limits: Value) -> Value {
    json!({"provider": "anti-captcha", "label": "mine", "fields": {"key": key}, "limits": limits, "signature": signature()})
}

impl Contributor {
    /// With a token, at the gateway of a client.
    #[must_use]
    pub fn new(client: &Client, token: impl Into<String>) -> Self {
        Self { client: client.with_key(token) }
    }

    /// A request and its answer, as JSON.
    ///
    /// # Errors
    /// When there is no answer, or none in JSON.
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Said> {
        let path = format!("/exchange/v1{path}");
        let raw = self.client.raw((method, &path), |request| {
            let request = request.header("authorization", format!("Bearer {}", self.client.key));
            match body {
                Some(body) => request.body(body.to_string()),
                None => request,
            }
        });
        let raw = raw.await?;
        Ok(Said { status: raw.status, body: raw.json()? })
    }

    /// `GET`, which must go well.
    ///
    /// # Errors
    /// When it does not.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let said = self.ask("GET", path, None).await?;
        ensure!(said.status == 200, "GET {path}: {said:?}");
        Ok(said.body)
    }

    /// `POST`, which must go well.
    ///
    /// # Errors
    /// When it does not.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let said = self.ask("POST", path, Some(body)).await?;
        ensure!(matches!(said.status, 200 | 201), "POST {path}: {said:?}");
        Ok(said.body)
    }

    /// Contributes a key to anti-captcha; answers the credential's id.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn lend(&self, key: &str, limits: Value) -> Result<String> {
        let made = self.post("/credentials", &contribution(key, limits)).await?;
        let id = made["credential"]["id"].as_str().map(str::to_owned);
        id.with_context(|| format!("no credential in {made}"))
    }

    /// One of the own credentials.
    ///
    /// # Errors
    /// When there is none.
    pub async fn credential(&self, id: &str) -> Result<Value> {
        Ok(self.get(&format!("/credentials/{id}")).await?["credential"].clone())
    }

    /// What happened to one of the own credentials, in words, the newest first.
    ///
    /// # Errors
    /// When there is none.
    pub async fn events(&self, id: &str) -> Result<Vec<String>> {
        let events = self.get(&format!("/credentials/{id}/events")).await?;
        let events = events["events"].as_array().into_iter().flatten();
        Ok(events.filter_map(|event| event["kind"].as_str().map(str::to_owned)).collect())
    }
}

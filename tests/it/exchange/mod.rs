//! The Provider Exchange over HTTP, as contributors and operators meet it.

mod agreeing;
mod claims;
mod life;
mod limits;
mod money;
mod page;
mod refusals;

use anyhow::{Context as _, Result};
use capstan_domain::{AccountId, CredentialId};
use capstan_simulator::{Behaviour, Usd};
use capstan_tests::client::recaptcha;
use capstan_tests::contributor::Contributor;
use capstan_tests::gateway::{Setup, TestGateway};
use libtest_mimic::Trial;
use serde_json::Value;
use uuid::Uuid;

use crate::refunds::until;

pub(crate) fn tests() -> Vec<Trial> {
    [
        agreeing::tests(),
        life::tests(),
        limits::tests(),
        money::tests(),
        claims::tests(),
        refusals::tests(),
        page::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The key that is contributed; the provider knows it, with five dollars on it.
const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A gateway without a credential, at whose provider a task of this kind costs what the adapter lists.
fn empty() -> Setup {
    let behaviour = Behaviour { default_price: Usd::from_nanos(LIST_PRICE), ..Behaviour::default() };
    Setup { credentials: Vec::new(), behaviour, ..Setup::default() }
}

/// What anti-captcha lists for a reCAPTCHA v2, in nano-dollars.
const LIST_PRICE: i64 = 950_000;

/// A gateway whose only credential Ada has contributed.
async fn lent(setup: Setup, limits: Value) -> Result<Lent> {
    let gateway = TestGateway::start(setup).await?;
    gateway.provider.set_key(KEY, Usd::dollars(5));
    let (account, ada) = gateway.add_contributor("Ada").await?;
    let credential = ada.lend(KEY, limits).await?;
    Ok(Lent { gateway, account, ada, credential })
}

struct Lent {
    gateway: TestGateway,
    account: AccountId,
    ada: Contributor,
    credential: String,
}

impl Lent {
    // Asked of the database: who waits must not use up the contributor's requests.
    async fn status(&self) -> Result<&'static str> {
        let row = self.gateway.gateway.app.store.find_credential(self.id()?).await?;
        Ok(row.context("no credential")?.status.as_str())
    }

    /// Waits until a task finds it; what is active in the database is in force a moment later.
    async fn until_in_use(&self) -> Result<String> {
        let mut task = None;
        until("no task finds it", async || {
            task = self.gateway.client.create(recaptcha()).await?.task_id().ok();
            Ok(task.is_some())
        })
        .await?;
        task.context("no task")
    }

    async fn is_destroyed(&self) -> Result<bool> {
        let contribution = self.gateway.gateway.app.store.find_contribution(self.id()?).await?;
        Ok(contribution.context("no contribution")?.destroyed_at_ms.is_some())
    }

    fn id(&self) -> Result<CredentialId> {
        Ok(CredentialId(Uuid::parse_str(&self.credential)?))
    }

    /// The path of the credential, and of what is below it.
    fn path(&self, below: &str) -> String {
        format!("/credentials/{}{below}", self.credential)
    }

    async fn uses(&self) -> Result<Vec<Value>> {
        let page = self.ada.get(&self.path("/uses")).await?;
        page["uses"].as_array().cloned().context("no uses")
    }
}

//! Another publisher's adapter for a provider whose key was contributed: the operator's word is not its owner's.

use anyhow::{Context as _, Result, ensure};
use capstan_server::operate::{Install, Verb};
use capstan_tests::client::recaptcha;
use capstan_tests::database::{ENGINES, Engine};
use capstan_tests::gateway::{Return, Setup};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::{Lent, empty, lent};
use crate::admission::{Publisher, granting, saying};
use crate::refunds::until;

pub(super) fn tests() -> Vec<Trial> {
    let on_each = |engine: Engine| {
        let name = "exchange: when its adapter is another publisher's, a contributed key waits for its owner";
        test(format!("{name} ({engine:?})"), move || waits(engine))
    };
    ENGINES.into_iter().map(on_each).collect()
}

impl Lent {
    /// Another version of the adapter, signed by this publisher, in force.
    async fn install(&self, publisher: &Publisher) -> Result<Value> {
        let built = capstan::adapters::build(&["adapter-anti-captcha"], |_| ())?;
        let component = std::fs::read(built.first().context("nothing was built")?)?;
        let package = publisher.package(saying(component, ("0.1.0", "0.2.0")), &[])?;
        let files = tempfile::tempdir()?;
        let file = files.path().join("package");
        std::fs::write(&file, package.to_file())?;
        let install = Install { file: file.display().to_string(), ..Install::default() };
        self.gateway.operate(Verb::AdapterInstall(install)).await
    }

    /// The details of what happened to it. Asked of the database: who waits must not use up the contributor's requests.
    async fn events(&self, kind: &str) -> Result<Vec<Value>> {
        let events = self.gateway.gateway.app.store.list_credential_events(self.id()?, 100).await?;
        let details = events.iter().filter(|event| event.kind == kind).map(|event| event.detail.as_str());
        details.map(|detail| serde_json::from_str(detail).context(detail.to_owned())).collect()
    }
}

async fn waits(engine: Engine) -> Result<()> {
    let lent = lent(Setup { engine, ..empty() }, json!({})).await?;
    let before = lent.until_in_use().await?;
    let publisher = Publisher::new()?;
    let document = serde_json::to_string(&publisher.trusted("Acme")?)?;
    lent.gateway.operate(Verb::AdapterTrust { document }).await?;
    lent.install(&publisher).await?;
    let granted = lent.gateway.operate(granting("anti-captcha")).await?;
    ensure!(granted["credentials"] == json!({"bound": [], "waitForTheirOwners": 1, "toRotate": []}), "{granted}");

    // What was open is finished; nothing new comes, nobody asks the provider about the key, and the owner is told why.
    ensure!(lent.gateway.client.wait(&before).await?.body["status"] == "ready");
    ensure!(lent.gateway.client.create(recaptcha()).await?.code() == "NO_PROVIDERS_AVAILABLE");
    let asked = lent.gateway.provider.received().len();
    let credential = lent.ada.post(&lent.path("/check"), &json!({})).await?["credential"].clone();
    ensure!(lent.gateway.provider.received().len() == asked, "the provider was asked");
    let wanted = format!("publisher {}", publisher.key.public().id());
    ensure!(credential["status"] == "active" && credential["awaits"]["asked"] == json!([wanted]), "{credential}");
    until("nothing is told", async || Ok(!lent.events("awaits").await?.is_empty())).await?;
    ensure!(lent.events("awaits").await?[0] == credential["awaits"], "{credential}");

    // Of what was not read, and by whom it is not, nothing is agreed to.
    let agree = lent.path("/agree");
    for body in
        [json!({}), json!({"terms": "something else"}), json!({"terms": credential["awaits"]["terms"], "all": true})]
    {
        let refused = lent.ada.ask("POST", &agree, Some(&body)).await?;
        ensure!(refused.status == 400, "{body}: {refused:?}");
    }
    let (_, other) = lent.gateway.add_contributor("Other").await?;
    let terms = json!({"terms": credential["awaits"]["terms"]});
    ensure!(other.ask("POST", &agree, Some(&terms)).await?.status == 404);
    ensure!(lent.gateway.client.create(recaptcha()).await?.code() == "NO_PROVIDERS_AVAILABLE");

    let agreed = lent.ada.post(&agree, &terms).await?["credential"].clone();
    ensure!(agreed["awaits"].is_null() && agreed["status"] == "active", "{agreed}");
    ensure!(lent.gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    ensure!(lent.ada.post(&agree, &terms).await?["credential"]["awaits"].is_null(), "agreed to twice");
    ensure!(lent.events("agreed").await?.len() == 1 && lent.events("awaits").await?.len() == 1);

    let lent = Lent { gateway: lent.gateway.restart(Return::default()).await?, ..lent };
    ensure!(lent.gateway.client.solve(recaptcha()).await?.body["status"] == "ready", "not after a restart");
    lent.gateway.finish().await
}

//! Admission: what a package or a component passes before it gets a task, and what it is refused for by name.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use capstan_package::{About, Fixtures, Moment, Package, PrivateKey, Statement, Trust};
use capstan_sandbox::Sandbox;
use capstan_server::clock;
use capstan_server::operate::{Install, ProviderChange, Verb};
use capstan_tests::components::with;
use capstan_tests::database::Engine;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::generations::{Field, named};

pub(crate) fn tests() -> Vec<Trial> {
    let on_each = [Engine::Sqlite, Engine::Postgres].map(|engine| {
        let name = "admission: a signed package passes every stage, and each verdict is kept";
        test(format!("{name} ({engine:?})"), move || signed_passes(engine))
    });
    let others = [
        test(
            "admission: what nobody trusted has signed, or is older, or was swapped, is refused by name",
            refused_by_name,
        ),
        test("admission: one that believes nonsense, or does not do what its fixtures say, is refused", misbehaving),
        test("admission: what a version would make differently of what its provider answered is told", compared),
        test("admission: another publisher's gets nothing until the operator has granted it", another_publisher),
        test("admission: a version that puts the key elsewhere gets none until the operator has granted it", moved),
        test("admission: what is revoked is taken out of force and not admitted again", revoked),
    ];
    on_each.into_iter().chain(others).collect()
}

/// A publisher of adapters for the guest's provider.
pub(crate) struct Publisher {
    pub(crate) key: PrivateKey,
}

impl Publisher {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { key: PrivateKey::generate()? })
    }

    /// A package of this component, signed.
    pub(crate) fn package(&self, component: Vec<u8>, fixtures: &[(&str, Value)]) -> Result<Package> {
        let fixtures = fixtures.iter().map(|(name, text)| ((*name).to_owned(), text.to_string())).collect();
        let fixtures = Fixtures::new(fixtures)?;
        let adapter = Sandbox::start(with(|_| ()))?.admit(&component)?;
        let about = About {
            publisher: self.key.public().id(),
            created: Moment::from_ms(clock::now_ms()),
            licences: None,
            source: None,
        };
        let statement = Statement::of(&component, adapter.manifest(), &fixtures, about)?;
        Ok(Package::pack(component, fixtures, &statement)?.signed(&self.key)?)
    }

    /// Whoever trusts this publisher for all adapters.
    pub(crate) fn trusted(&self, name: &str) -> Result<Trust> {
        let mut trust = Trust::default();
        trust.add(name, self.key.public(), None)?;
        Ok(trust)
    }
}

/// What the guest does when it is given a task, as a fixture.
fn fixture() -> Value {
    json!({
        "source": "https://finding.example/docs",
        "operation": {"submit": {"attempt_id": "one", "family": "image_to_text", "parameters": {"body": "R0lGOD"}}},
        "exchanges": [{
            "request": {
                "method": "GET", "url": "/submit/one",
                "placements": [{"field": "key", "header": {"name": "x-key", "prefix": ""}}]
            },
            "reply": {"status": 200, "text": "taken"}
        }],
        "end": {"accepted": {"reference": "one", "memo": "edition-a"}}
    })
}

struct Yard {
    field: Field,
}

impl Yard {
    async fn new(engine: Engine) -> Result<Self> {
        Ok(Self { field: Field::start(engine).await? })
    }

    async fn trust(&self, trust: &Trust) -> Result<Value> {
        self.field.gateway.operate(Verb::AdapterTrust { document: serde_json::to_string(trust)? }).await
    }

    fn file(&self, bytes: &[u8]) -> Result<PathBuf> {
        let file = self.field.files.path().join("to-install");
        std::fs::write(&file, bytes)?;
        Ok(file)
    }

    async fn install(&self, bytes: &[u8], change: impl FnOnce(&mut Install)) -> Result<Value> {
        let mut install = Install { file: self.file(bytes)?.display().to_string(), ..Install::default() };
        change(&mut install);
        self.field.gateway.operate(Verb::AdapterInstall(install)).await
    }

    /// Installs what must be refused at this stage.
    async fn refused(&self, bytes: &[u8], stage: &str, why: &str) -> Result<()> {
        let refused = self.install(bytes, |_| ()).await;
        let said = refused.err().context("it is admitted")?.to_string();
        ensure!(
            said.contains(&format!("refused at the stage {stage}: ")) && said.contains(why),
            "{stage} {why}: {said}"
        );
        let last = self.admissions().await?;
        ensure!(last[0]["admitted"] == false && last[0]["stage"] == stage, "{}", last[0]);
        Ok(())
    }

    async fn admissions(&self) -> Result<Value> {
        self.field.gateway.operate(Verb::AdapterAdmissions { provider: None, most: 10 }).await
    }

    async fn listed(&self) -> Result<Value> {
        let rows = self.field.gateway.operate(Verb::ProviderList).await?;
        Ok(rows.as_array().and_then(|rows| rows.first()).context("none")?.clone())
    }

    async fn is_taken(&self) -> Result<bool> {
        let task = json!({"type": "ImageToTextTask", "body": crate::api::image()});
        Ok(self.field.gateway.client.create(task).await?.code().is_empty())
    }
}

/// The operator's word that a provider's adapter may have all that it asks for.
pub(crate) fn granting(provider: &str) -> Verb {
    let change = ProviderChange { hosts: Some(vec!["manifest".to_owned()]), ..ProviderChange::default() };
    Verb::ProviderSet { provider: provider.to_owned(), change }
}

/// The guest's component in this edition and this version, which is told by one digit.
fn component(field: &Field, letter: char, version: &str) -> Result<Vec<u8>> {
    Ok(saying(std::fs::read(field.edition(letter)?)?, ("0.1.0", version)))
}

/// A component with other words, of the same length, wherever it says these.
pub(crate) fn saying(mut component: Vec<u8>, (words, others): (&str, &str)) -> Vec<u8> {
    let is_there = |bytes: &[u8]| bytes == words.as_bytes();
    let found = component.windows(words.len()).enumerate().filter(|(_, bytes)| is_there(bytes));
    let places: Vec<usize> = found.map(|(at, _)| at).collect();
    for at in places {
        component[at..at + words.len()].copy_from_slice(others.as_bytes());
    }
    component
}

async fn signed_passes(engine: Engine) -> Result<()> {
    let yard = Yard::new(engine).await?;
    let publisher = Publisher::new()?;
    yard.trust(&publisher.trusted("Acme")?).await?;
    let package = publisher.package(component(&yard.field, 'a', "0.2.0")?, &[("submit", fixture())])?;
    let told = yard.install(&package.to_file(), |_| ()).await?;
    ensure!(told["publisher"] == publisher.key.public().id().to_string(), "{told}");
    let stages: Vec<&str> =
        told["stages"].as_array().context("none")?.iter().filter_map(|s| s["stage"].as_str()).collect();
    let all = [
        "signature",
        "digest",
        "imports",
        "size",
        "compile",
        "describe",
        "statement",
        "fixtures",
        "conformance",
        "replay",
    ];
    ensure!(stages == all, "{told}");
    ensure!(told["stages"][0]["detail"].as_str().is_some_and(|detail| detail.starts_with("Acme (")), "{told}");
    let kept = yard.admissions().await?;
    ensure!(
        kept[0]["admitted"] == true && kept[0]["provider"] == "finding" && kept[0]["stages"] == told["stages"],
        "{kept}"
    );
    let history = yard.field.gateway.operate(Verb::AdapterHistory { provider: named() }).await?;
    ensure!(history[0]["publisher"] == told["publisher"] && history[0]["version"] == "0.2.0", "{history}");
    yard.field.gateway.finish().await
}

async fn refused_by_name() -> Result<()> {
    let yard = Yard::new(Engine::Sqlite).await?;
    let (publisher, stranger) = (Publisher::new()?, Publisher::new()?);
    let newer = component(&yard.field, 'b', "0.3.0")?;
    let package = publisher.package(
        newer.clone(),
        &[("submit", {
            let mut fixture = fixture();
            fixture["end"]["accepted"]["memo"] = json!("edition-b");
            fixture
        })],
    )?;
    // Nobody is trusted yet.
    yard.refused(&package.to_file(), "signature", "(unknown-key)").await?;
    yard.trust(&publisher.trusted("Acme")?).await?;
    let unsigned = yard.install(&newer, |_| ()).await;
    ensure!(unsigned.is_err_and(|error| error.to_string().contains("--unsigned takes it all the same")));
    yard.refused(&stranger.package(newer.clone(), &[])?.to_file(), "signature", "(unknown-key)").await?;

    // Another component in the place of the one that was signed, and one that is broken.
    let honest = package.to_file();
    let mut swapped = honest.clone();
    let place = swapped.windows(9).position(|bytes| bytes == b"edition-b").context("it is not there")?;
    swapped[place + 8] = b'c';
    yard.refused(&swapped, "signature", "(unreadable)").await?;
    yard.refused(&honest[..honest.len() / 2], "signature", "(unreadable)").await?;

    yard.install(&honest, |_| ()).await?;
    let older = publisher.package(component(&yard.field, 'a', "0.2.0")?, &[("submit", fixture())])?;
    yard.refused(&older.to_file(), "signature", "(downgrade)").await?;
    let other = publisher.package(component(&yard.field, 'c', "0.3.0")?, &[])?;
    yard.refused(&other.to_file(), "signature", "(replaced-version)").await?;
    yard.install(&older.to_file(), |install| install.downgrade = true).await?;
    for (bytes, stage, why) in [
        (b"MZ\x90 a program".to_vec(), "imports", "not a component"),
        (vec![0; 60 * 1024 * 1024], "size", "at most"),
        (wat::parse_str(r#"(component (import "wasi:http/types@0.2.0" (instance)))"#)?, "imports", "wasi:http/types"),
        (wat::parse_str("(component)")?, "compile", "no export"),
        (wat::parse_str("(component (core module (func (result i32))))")?, "compile", "type mismatch"),
    ] {
        let refused = yard.install(&bytes, |install| install.unsigned = true).await;
        let said = refused.err().context("it is admitted")?.to_string();
        ensure!(said.contains(&format!("at the stage {stage}: ")) && said.contains(why), "{stage} {why}: {said}");
    }
    yard.field.gateway.finish().await
}

async fn misbehaving() -> Result<()> {
    let yard = Yard::new(Engine::Sqlite).await?;
    let publisher = Publisher::new()?;
    yard.trust(&publisher.trusted("Acme")?).await?;
    let mut wrong = fixture();
    wrong["exchanges"][0]["request"]["url"] = json!("/elsewhere/one");
    let package =
        publisher.package(component(&yard.field, 'a', "0.2.0")?, &[("submit", fixture()), ("other", wrong)])?;
    yard.refused(&package.to_file(), "fixtures", "other: exchanges[0].request.url: expected").await?;
    // Edition `n` takes every reply with status 200 for a task that was taken.
    let credulous = publisher.package(component(&yard.field, 'n', "0.2.0")?, &[])?;
    let why = "submit image_to_text, answered with an HTML page: it believes that the task was taken";
    yard.refused(&credulous.to_file(), "conformance", why).await?;
    yard.field.gateway.finish().await
}

async fn compared() -> Result<()> {
    let yard = Yard::new(Engine::Sqlite).await?;
    yard.field.provider.answer(|answers| answers.result = 200);
    let id = yard.field.create().await?;
    ensure!(yard.field.gateway.client.wait(&id).await?.body["status"] == "ready");
    let installed = async |letter, version| {
        let component = component(&yard.field, letter, version)?;
        let told = yard.install(&component, |install| install.unsigned = true).await?;
        let stages = told["stages"].as_array().context("none")?;
        Ok::<_, anyhow::Error>(stages.iter().find(|stage| stage["stage"] == "replay").context("not compared")?.clone())
    };
    // The guest's editions differ in what they remember a task by.
    let other = installed('b', "0.2.0").await?;
    ensure!(other["verdict"] == "differs", "{other}");
    let detail = other["detail"].as_str().unwrap_or_default();
    let place = "1 of its provider's last 1 operations: submit image_to_text.steps[1].end.accepted.memo: expected \"edition-a\"";
    ensure!(detail.starts_with(place), "{other}");
    let same = installed('b', "0.3.0").await?;
    ensure!(same["verdict"] == "passed", "{same}");
    yard.field.gateway.finish().await
}

async fn another_publisher() -> Result<()> {
    let yard = Yard::new(Engine::Sqlite).await?;
    let (publisher, heir) = (Publisher::new()?, Publisher::new()?);
    let mut trust = publisher.trusted("Acme")?;
    trust.add("Heir", heir.key.public(), None)?;
    yard.trust(&trust).await?;
    ensure!(yard.is_taken().await?, "it does not begin well");
    // What was set up had no publisher: even a trusted one's gets no credential by its being installed.
    let first = publisher.package(component(&yard.field, 'b', "0.2.0")?, &[])?;
    let told = yard.install(&first.to_file(), |_| ()).await?;
    ensure!(told["notGranted"][0] == format!("publisher {}", publisher.key.public().id()), "{told}");
    ensure!(!yard.is_taken().await?, "it is used");
    yard.field.gateway.operate(granting("finding")).await?;
    ensure!(yard.is_taken().await?, "it was granted");
    ensure!(yard.listed().await?["granted"]["publisher"] == publisher.key.public().id().to_string());
    let second = heir.package(component(&yard.field, 'c', "0.3.0")?, &[])?;
    yard.install(&second.to_file(), |_| ()).await?;
    ensure!(!yard.is_taken().await?, "another publisher's is used");
    yard.field.gateway.operate(granting("finding")).await?;
    ensure!(yard.is_taken().await?, "it was granted");
    // And nobody's is not the publisher's either.
    let component = component(&yard.field, 'd', "0.4.0")?;
    let told = yard.install(&component, |install| install.unsigned = true).await?;
    ensure!(told["notGranted"][0] == "no publisher", "{told}");
    ensure!(!yard.is_taken().await?, "one without a publisher is used");
    yard.field.gateway.finish().await
}

/// How many credentials wait for the operator to grant what the adapter asks for, and the first thing that one waits for.
async fn waiting(yard: &Yard) -> Result<(usize, Value)> {
    let listed = yard.field.gateway.operate(Verb::CredentialList { provider: None }).await?;
    let listed = listed.as_array().context("no list")?;
    let waits = |credential: &&Value| credential["awaits"].as_array().is_some_and(|awaits| !awaits.is_empty());
    let waiting: Vec<&Value> = listed.iter().filter(waits).collect();
    Ok((waiting.len(), waiting.first().map_or(Value::Null, |first| first["awaits"][0].clone())))
}

async fn moved() -> Result<()> {
    let yard = Yard::new(Engine::Sqlite).await?;
    let before = yard.field.create().await?;
    let sent_elsewhere = saying(component(&yard.field, 'b', "0.2.0")?, ("x-key", "x-kez"));
    // On trial it gets no task with a key that is not bound to what it asks for, however large its share.
    let trial = |install: &mut Install| (install.unsigned, install.share) = (true, Some(99));
    let told = yard.install(&sent_elsewhere, trial).await?;
    ensure!(told["changes"]["placements"]["now"][0]["place"]["header"]["name"] == "x-kez", "{told}");
    let meanwhile = yard.field.create().await?;
    ensure!(yard.field.digest(&meanwhile).await? == yard.field.digest(&before).await?, "it was tried");
    yard.install(&sent_elsewhere, |install| install.unsigned = true).await?;
    ensure!(!yard.is_taken().await?, "it is used");
    ensure!(waiting(&yard).await? == (1, json!("key in the header \"x-kez\"")), "{:?}", waiting(&yard).await?);

    let granted = yard.field.gateway.operate(granting("finding")).await?;
    ensure!(granted["credentials"]["bound"].as_array().map(Vec::len) == Some(1), "{granted}");
    ensure!(waiting(&yard).await?.0 == 0, "{:?}", waiting(&yard).await?);
    // What is open with the adapter before still is finished by it, with the key where that puts it.
    let after = yard.field.create().await?;
    ensure!(yard.field.digest(&after).await? != yard.field.digest(&before).await?, "by the same adapter");
    yard.field.provider.answer(|answers| answers.result = 200);
    for task in [&before, &meanwhile, &after] {
        let ended = yard.field.gateway.client.wait(task).await?;
        ensure!(ended.body["status"] == "ready", "{ended:?}");
    }
    yard.field.gateway.finish().await
}

async fn revoked() -> Result<()> {
    let yard = Yard::new(Engine::Sqlite).await?;
    let (publisher, other) = (Publisher::new()?, Publisher::new()?);
    let mut trust = publisher.trusted("Acme")?;
    trust.add("Other", other.key.public(), None)?;
    yard.trust(&trust).await?;
    let first = publisher.package(component(&yard.field, 'b', "0.2.0")?, &[])?;
    yard.install(&first.to_file(), |_| ()).await?;
    let tried = publisher.package(component(&yard.field, 'c', "0.3.0")?, &[])?;
    yard.install(&tried.to_file(), |install| install.share = Some(50)).await?;
    // The one on trial goes, and the one beside it stays.
    trust.revoke_digest(tried.statement().component, "sends too much", Moment::from_ms(clock::now_ms()));
    let told = yard.trust(&trust).await?;
    ensure!(told["outOfForce"][0]["why"] == "revoked: sends too much", "{told}");
    let newest = || async { yard.field.gateway.operate(Verb::AdapterHistory { provider: named() }).await };
    let now = newest().await?[0].clone();
    ensure!(
        now["version"] == "0.2.0" && now["trialShare"].is_null() && now["why"] == "revoked: sends too much",
        "{now}"
    );
    yard.refused(&tried.to_file(), "signature", "(revoked-package)").await?;
    let bare = component(&yard.field, 'c', "0.3.0")?;
    let refused = yard.install(&bare, |install| install.unsigned = true).await;
    ensure!(refused.is_err_and(|error| error.to_string().contains("is revoked: sends too much")));
    // With its publisher's key, all of it goes.
    trust.revoke_key(publisher.key.public().id(), "stolen", Moment::from_ms(clock::now_ms()));
    yard.trust(&trust).await?;
    let now = newest().await?[0].clone();
    ensure!(now["digest"].is_null() && now["why"] == "revoked: stolen", "{now}");
    ensure!(!yard.is_taken().await?, "it is used");
    yard.refused(&first.to_file(), "signature", "(revoked-key)").await?;
    yard.field.gateway.finish().await
}

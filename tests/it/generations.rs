//! Another adapter in force while tasks are open: each is finished by the one that it began with, and none fails for it.
//!
//! The guest `finding` remembers each task by its own edition, and answers no poll about another edition's.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, ensure};
use capstan_domain::{Amount, TaskId};
use capstan_server::operate::{Install, Verb};
use capstan_tests::database::Engine;
use capstan_tests::finding::Finding;
use capstan_tests::gateway::{Return, Setup, TestGateway};
use capstan_tests::suite::{is_full, test};
use futures_util::future::try_join_all;
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    let on_each = [Engine::Sqlite, Engine::Postgres].map(|engine| {
        let name = "generations: a task is finished by the adapter that it began with, also after a restart";
        test(format!("{name} ({engine:?})"), move || finished_by_its_own(engine))
    });
    let others = [
        test("generations: what is refused changes nothing, and what changes is told", refusals_and_changes),
        test("generations: swapped again and again under load, and no task fails", swapped_under_load),
    ];
    on_each.into_iter().chain(others).collect()
}

pub(crate) struct Field {
    pub(crate) gateway: TestGateway,
    pub(crate) provider: Finding,
    pub(crate) files: tempfile::TempDir,
}

impl Field {
    pub(crate) async fn start(engine: Engine) -> Result<Self> {
        let provider = Finding::start().await?;
        provider.answer(|answers| answers.submit = 200);
        let provider_url = Some(provider.url()?);
        // Long enough for a task to live through all that happens here.
        let balance = Amount::from_nanos(1_000_000_000_000);
        let setup =
            Setup { engine, balance, package: "guest-finding", provider_url, time_scale: 5, ..Setup::default() };
        Ok(Self { gateway: TestGateway::start(setup).await?, provider, files: tempfile::tempdir()? })
    }

    /// The guest's component, with other letters in the place of its edition's.
    pub(crate) fn edition(&self, letter: char) -> Result<PathBuf> {
        let built = capstan::adapters::build(&["guest-finding"], |_| ())?;
        let mut component = std::fs::read(built.first().context("nothing was built")?)?;
        let places: Vec<usize> =
            component.windows(9).enumerate().filter(|(_, bytes)| *bytes == b"edition-a").map(|(at, _)| at).collect();
        ensure!(places.len() == 1, "the edition is in the component {} times", places.len());
        let last = component.get_mut(places[0] + 8).context("it ends there")?;
        *last = u8::try_from(letter)?;
        let file = self.files.path().join(format!("edition-{letter}.wasm"));
        std::fs::write(&file, component)?;
        Ok(file)
    }

    pub(crate) async fn install(&self, letter: char) -> Result<Value> {
        self.install_with(letter, None).await
    }

    pub(crate) async fn install_with(&self, letter: char, share: Option<u8>) -> Result<Value> {
        let file = self.edition(letter)?.display().to_string();
        self.gateway.operate(Verb::AdapterInstall(Install { file, share, unsigned: true, ..Install::default() })).await
    }

    pub(crate) async fn create(&self) -> Result<String> {
        self.gateway.client.create(task()).await?.task_id()
    }

    /// The digest of the adapter that a task began with.
    pub(crate) async fn digest(&self, task: &str) -> Result<Vec<u8>> {
        let attempts = self.gateway.gateway.app.store.list_attempts(TaskId(task.parse()?)).await?;
        Ok(attempts.first().context("it was never tried")?.adapter_digest.clone())
    }
}

fn task() -> Value {
    json!({"type": "ImageToTextTask", "body": crate::api::image()})
}

pub(crate) fn named() -> String {
    "finding".to_owned()
}

async fn finished_by_its_own(engine: Engine) -> Result<()> {
    let field = Field::start(engine).await?;
    let first = field.create().await?;
    let told = field.install('b').await?;
    ensure!(told["before"] != told["digest"] && told["changes"] == json!({}), "{told}");
    let second = field.create().await?;
    ensure!(field.digest(&first).await? != field.digest(&second).await?, "both began with the same adapter");
    let third_before = field.install('c').await?;
    let third = field.create().await?;
    // One of its adapters is the configuration's, two were installed. Each of the tasks is polled some times meanwhile.
    field.provider.until(|answers| answers.results > 6).await?;
    let Field { gateway, provider, files } = field;
    let field = Field { gateway: gateway.restart(Return::default()).await?, provider, files };
    let in_force = field.gateway.operate(Verb::AdapterList).await?;
    ensure!(in_force[0]["digest"] == third_before["digest"], "{in_force}");

    let back = field.gateway.operate(Verb::AdapterRollback { provider: named(), to: None }).await?;
    ensure!(back["digest"] == told["digest"], "{back}");
    let fourth = field.create().await?;
    ensure!(field.digest(&fourth).await? == field.digest(&second).await?, "it began with another one");
    field.gateway.operate(Verb::AdapterUnload { provider: named() }).await?;
    let nobody = field.gateway.client.create(task()).await?;
    ensure!(nobody.code() == "TASK_NOT_SUPPORTED" || nobody.code() == "NO_PROVIDERS_AVAILABLE", "{nobody:?}");
    // They are finished though none is in force.
    field.provider.answer(|answers| answers.result = 200);
    for task in [&first, &second, &third, &fourth] {
        let ended = field.gateway.client.wait(task).await?;
        ensure!(ended.body["status"] == "ready", "{ended:?}");
    }
    field.gateway.operate(Verb::AdapterRollback { provider: named(), to: None }).await?;
    ensure!(field.gateway.client.create(task()).await?.body["status"] == "processing", "nobody takes it");
    let history = field.gateway.operate(Verb::AdapterHistory { provider: named() }).await?;
    let numbers: Vec<i64> =
        history.as_array().context("none")?.iter().filter_map(|g| g["generation"].as_i64()).collect();
    ensure!(numbers == [5, 4, 3, 2, 1], "{history}");
    field.gateway.finish().await
}

async fn refusals_and_changes() -> Result<()> {
    let field = Field::start(Engine::Sqlite).await?;
    let history = async || field.gateway.operate(Verb::AdapterHistory { provider: named() }).await;
    let junk = field.files.path().join("junk.wasm");
    std::fs::write(&junk, "not a component")?;
    for (file, why) in [
        ("adapter.wasm".to_owned(), "must be a whole path"),
        ("/no/such/file.wasm".to_owned(), "cannot be read"),
        (field.files.path().display().to_string(), "it is no file"),
        (junk.display().to_string(), "it is refused"),
    ] {
        let refused = field
            .gateway
            .operate(Verb::AdapterInstall(Install { file: file.clone(), unsigned: true, ..Install::default() }))
            .await;
        ensure!(refused.as_ref().is_err_and(|error| error.to_string().contains(why)), "{file}: {refused:?}");
    }
    let nowhere = field.gateway.operate(Verb::AdapterRollback { provider: named(), to: Some(7) }).await;
    ensure!(nowhere.is_err_and(|error| error.to_string().contains("nothing was ever installed")));
    let never = field.gateway.operate(Verb::AdapterRollback { provider: named(), to: None }).await;
    ensure!(never.is_err_and(|error| error.to_string().contains("nothing was ever installed")));
    ensure!(history().await? == json!([]), "{}", history().await?);

    field.install('b').await?;
    let again = field.install('b').await?;
    ensure!(again["unchanged"] == true, "{again}");
    let alone = field.gateway.operate(Verb::AdapterRollback { provider: named(), to: None }).await;
    ensure!(alone.is_err_and(|error| error.to_string().contains("had no other adapter before")));
    ensure!(history().await?.as_array().is_some_and(|all| all.len() == 1), "{}", history().await?);
    // Asked twice, it goes back twice.
    field.install('c').await?;
    let last = field.install('d').await?;
    let rolled = async || field.gateway.operate(Verb::AdapterRollback { provider: named(), to: None }).await;
    ensure!(rolled().await?["as"] == 2 && rolled().await?["as"] == 1, "not as it went");
    ensure!(rolled().await.is_err_and(|error| error.to_string().contains("had no other adapter before")));
    let to = field.gateway.operate(Verb::AdapterRollback { provider: named(), to: Some(3) }).await?;
    ensure!(to["digest"] == last["digest"], "{to}");
    field.install('e').await?;
    let audit = field.gateway.operate(Verb::AuditList { before: None, most: 1 }).await?;
    ensure!(audit.to_string().contains("adapter install"), "{audit}");
    field.gateway.finish().await
}

/// Clients at once, and how often the adapter is swapped meanwhile.
fn size() -> (usize, usize) {
    if is_full() { (50, 10_000) } else { (20, 200) }
}

#[expect(clippy::print_stdout, reason = "the figures are for whoever has asked for them")]
async fn swapped_under_load() -> Result<()> {
    let field = Field::start(Engine::Sqlite).await?;
    field.install('b').await?;
    field.install('c').await?;
    field.provider.answer(|answers| answers.result = 200);
    let (clients, swaps) = size();
    let is_over = AtomicBool::new(false);
    let swap = async {
        // The generation before the newest is the other one's, again and again.
        for before in (1..).take(swaps) {
            field.gateway.operate(Verb::AdapterRollback { provider: named(), to: Some(before) }).await?;
        }
        is_over.store(true, Ordering::Relaxed);
        anyhow::Ok(())
    };
    let client = async || {
        let mut solved = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            let id = field.create().await?;
            let ended = field.gateway.client.wait(&id).await?;
            ensure!(ended.body["status"] == "ready", "{ended:?}");
            solved.push(field.digest(&id).await?);
        }
        anyhow::Ok(solved)
    };
    let (_, solved) = tokio::try_join!(swap, try_join_all((0..clients).map(|_| client())))?;
    let solved: Vec<Vec<u8>> = solved.into_iter().flatten().collect();
    let one = solved.first().context("nothing was solved")?;
    let of_one = solved.iter().filter(|digest| *digest == one).count();
    ensure!(of_one < solved.len(), "all {} tasks went to one adapter", solved.len());
    println!("{swaps} swaps, {} tasks solved, {of_one} by one of the two adapters", solved.len());
    field.gateway.finish().await
}

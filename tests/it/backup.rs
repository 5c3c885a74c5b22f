//! Backup and restore, as an operator does them: by the command, on a gateway under load, on both databases.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use capstan_domain::Amount;
use capstan_storage::{OpenOptions, Store};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::database::{Database, ENGINES, Engine};
use capstan_tests::gateway::{Return, Setup, TestGateway};
use capstan_tests::process::Process;
use capstan_tests::stage::Stage;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::Value;

const CREDENTIAL: &str = "canary-platform-key-5d0e";

pub(crate) fn tests() -> Vec<Trial> {
    let on_each = |engine| {
        [
            test(format!("backup: taken under load and restored, nothing of before is lost ({engine:?})"), move || {
                drill(engine)
            }),
            test(format!("backup: what cannot be restored is refused and changes nothing ({engine:?})"), move || {
                refusals(engine)
            }),
            test(format!("backup: a full disk leaves no half file ({engine:?})"), move || full_disk(engine)),
            test(format!("backup: another master key is refused at start ({engine:?})"), move || other_key(engine)),
        ]
    };
    let within = [
        test("backup: a database of before the check of keys takes the key that opens it", older_database),
        test("backup: a damaged database gives way only when told to, and is kept", damaged_database),
    ];
    ENGINES.into_iter().flat_map(on_each).chain(within).collect()
}

/// A gateway with a provider, and an account with fifty dollars and a key.
async fn ready(engine: Engine) -> Result<(Stage, Client)> {
    let stage = Stage::start_on(engine, &[CREDENTIAL]).await?;
    let flags = stage.simulated("anti-captcha")?;
    let set = ["provider", "set", "anti-captcha"].into_iter().chain(flags.iter().map(String::as_str));
    stage.asked(&set.collect::<Vec<_>>(), "")?;
    stage.asked(&["credential", "add", "anti-captcha", "--label", "main"], &format!("{CREDENTIAL}\n"))?;
    stage.asked(&["price", "set", "anti-captcha", "recaptcha_v2", "0.002"], "")?;
    stage.asked(&["account", "create", "Ada"], "")?;
    stage.asked(&["account", "topup", "Ada", "50.00", "--reference", "first"], "")?;
    let key = stage.asked(&["key", "create", "Ada"], "")?;
    let client = stage.client(key["clientKey"].as_str().context("a key")?)?;
    Ok((stage, client))
}

/// Clients that create tasks one after the other until they are told to end.
struct Load {
    done: Arc<AtomicBool>,
    created: Arc<Mutex<Vec<String>>>,
    workers: Vec<tokio::task::JoinHandle<Result<()>>>,
}

impl Load {
    #[expect(clippy::disallowed_methods, reason = "the load is joined at its end")]
    fn start(client: &Client) -> Self {
        let (done, created) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let worker = |_| {
            let (client, done, created) = (client.clone(), Arc::clone(&done), Arc::clone(&created));
            tokio::spawn(async move {
                while !done.load(Ordering::SeqCst) {
                    let id = client.create(recaptcha()).await?.task_id()?;
                    created.lock().unwrap_or_else(PoisonError::into_inner).push(id);
                }
                Ok(())
            })
        };
        let workers = (0..4).map(worker).collect();
        Self { done, created, workers }
    }

    /// Those that clients have been told of so far.
    fn created(&self) -> Vec<String> {
        self.created.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn until(&self, count: usize) -> Result<()> {
        while self.created().len() < count {
            ensure!(!self.workers.iter().any(tokio::task::JoinHandle::is_finished), "the load has ended");
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn end(self) -> Result<Vec<String>> {
        self.done.store(true, Ordering::SeqCst);
        let created = Arc::clone(&self.created);
        for worker in self.workers {
            worker.await??;
        }
        Ok(created.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

async fn drill(engine: Engine) -> Result<()> {
    let (mut stage, client) = ready(engine).await?;
    let provider = stage.control("anti-captcha")?;
    let mut ended = Vec::new();
    for _ in 0..3 {
        let id = client.create(recaptcha()).await?.task_id()?;
        ended.push((id.clone(), client.wait(&id).await?.body));
    }
    // From here on tasks stay open, across the backup and the end of the gateway.
    provider.hold_solutions();
    let load = Load::start(&client);
    load.until(40).await?;
    let before = load.created();
    let file = stage.path("drill.backup");
    let made = stage.asked(&["backup", "drill.backup"], "")?;
    let at_end_of_backup = load.created().len();
    ensure!(at_end_of_backup > before.len(), "no task was created while the backup was made");
    load.until(at_end_of_backup + 20).await?;
    stage.asked(&["account", "topup", "Ada", "7.00", "--reference", "after"], "")?;
    let all = load.end().await?;
    stage.process.ask_to_stop()?;
    ensure!(made["bytes"] == std::fs::metadata(&file)?.len(), "{made}");
    ensure!(made["file"] == file.display().to_string(), "{made}");
    ensure!(std::fs::metadata(&file)?.permissions().mode() & 0o777 == 0o600, "others can read it");
    holds_no_secret(&stage, &file, &client)?;

    let elsewhere = tokio::task::spawn_blocking(move || Database::create(engine)).await??;
    let config = stage.configure("restored.toml", "restored", &elsewhere)?;
    let restored = stage.asked(&["restore", "drill.backup", "--config", &config], "")?;
    for field in ["schemaVersion", "accounts", "tasks", "openTasks", "moves"] {
        ensure!(restored[field] == made[field], "{field}: {restored} of {made}");
    }
    ensure!(restored["ledger"]["addsUp"] == true && restored["keptAside"].is_null(), "{restored}");
    let open = open_tasks(&stage, &elsewhere).await?;
    ensure!(made["openTasks"] == open.len() && made["tasks"] == open.len() + ended.len(), "{} of {made}", open.len());
    ensure!(before.iter().all(|id| open.contains(id)), "a task that a client was told of before the backup is lost");

    let creates = provider.stats().creates;
    stage.process = Process::start(&["serve", "--json", "--config", &config], &stage.path("restored.log"))?;
    let client = stage.client(&client.key)?;
    for (id, body) in &ended {
        ensure!(client.result(id).await?.body == *body, "a task that had ended is another one now");
    }
    let after = all.iter().find(|id| !open.contains(id)).context("a task of after the backup")?;
    ensure!(client.result(after).await?.code() == "ERROR_TASK_NOT_FOUND", "{:?}", client.result(after).await?);
    provider.release_solutions();
    let mut spent: f64 = ended.iter().filter_map(|(_, body)| body["cost"].as_f64()).sum();
    let mut solved = 0;
    for id in &open {
        let body = client.wait(id).await?.body;
        solved += usize::from(body["status"] == "ready");
        spent += body["cost"].as_f64().unwrap_or(0.0);
    }
    ensure!(solved >= before.len(), "{solved} of {} were solved", open.len());
    ensure!(provider.stats().creates == creates, "something was sent again");
    let balance = client.balance().await?;
    ensure!((50.0 - spent - balance).abs() < 1e-9, "50 - {spent} is not {balance}");
    let again = stage.asked(&["account", "topup", "Ada", "7.00", "--reference", "after", "--config", &config], "")?;
    ensure!(again["bookedBefore"] == false, "a top-up of after the backup is unknown: {again}");
    stage.process.ask_to_stop()?;

    let store = Store::open(&store_url(&stage, "restored", &elsewhere).parse()?, OpenOptions::default()).await?;
    let report = store.verify_ledger().await?;
    ensure!(report.difference.is_none(), "the ledger does not add up: {:?}", report.difference);
    let accounts = store.list_accounts().await?;
    let account = accounts.iter().find(|account| account.name == "Ada").context("the account")?;
    let held = store.balance(account.id).await?.context("its balance")?.held;
    ensure!(held == Amount::ZERO, "{held} are held, and no task is open");
    store.close().await;
    Ok(())
}

fn store_url(stage: &Stage, data: &str, database: &Database) -> String {
    let file = stage.path(data).join("capstan.db");
    database.url.clone().unwrap_or_else(|| format!("sqlite:{}", file.display()))
}

async fn open_tasks(stage: &Stage, database: &Database) -> Result<Vec<String>> {
    let store = Store::open(&store_url(stage, "restored", database).parse()?, OpenOptions::default()).await?;
    let open = store.list_open_tasks(None).await?;
    store.close().await;
    Ok(open.iter().map(|row| row.task.facts.id.to_string()).collect())
}

/// The master key in any form, a credential, an API key: none is in the file. Of PostgreSQL's, both as it is and unpacked.
fn holds_no_secret(stage: &Stage, file: &Path, client: &Client) -> Result<()> {
    let text = std::fs::read_to_string(stage.path("master.key"))?;
    let key = URL_SAFE_NO_PAD.decode(text.trim())?;
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut secrets = vec![key.clone(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    secrets
        .extend([STANDARD.encode(&key), STANDARD_NO_PAD.encode(&key), text.trim().to_owned()].map(String::into_bytes));
    secrets.extend([CREDENTIAL.to_owned(), client.key.clone()].map(String::into_bytes));
    let credential_in_hex: String = CREDENTIAL.bytes().map(|byte| format!("{byte:02x}")).collect();
    secrets.push(credential_in_hex.into_bytes());
    let mut bytes = std::fs::read(file)?;
    if let Some(program) = stage.database.program("pg_restore") {
        let unpacked = Command::new(program).arg("--file=-").arg(file).output()?;
        ensure!(unpacked.status.success(), "the archive is not what pg_restore reads");
        bytes.extend(unpacked.stdout);
    }
    // What is surely in it is found, so that a search that finds nothing would show.
    ensure!(contains(&bytes, b"Ada"), "the account's name is not found");
    for (place, secret) in secrets.iter().enumerate() {
        ensure!(!contains(&bytes, secret), "secret {place} is in the backup");
    }
    Ok(())
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn refused(stage: &Stage, args: &[&str], said: &str) -> Result<()> {
    let answer = stage.verb(args, "")?;
    ensure!(!answer.well && answer.complaint.contains(said), "{args:?}: {answer:?}");
    ensure!(answer.complaint.lines().count() == 1, "{answer:?}");
    Ok(())
}

async fn refusals(engine: Engine) -> Result<()> {
    let (mut stage, _) = ready(engine).await?;
    stage.asked(&["backup", "first.backup"], "")?;
    refused(&stage, &["backup", "first.backup"], "first.backup exists; a backup overwrites nothing")?;
    refused(&stage, &["backup", "no/such/dir.backup"], "dir.backup.partial cannot be used")?;
    refused(&stage, &["restore", "first.backup"], "is in use by another process")?;
    stage.process.ask_to_stop()?;

    // With no gateway running the command opens the database itself.
    stage.asked(&["account", "create", "Bob"], "")?;
    let second = stage.asked(&["backup", "second.backup"], "")?;
    ensure!(second["accounts"] == 2, "{second}");
    refused(&stage, &["restore", "first.backup"], "the database has 2 accounts and 0 tasks")?;
    let whole = std::fs::read(stage.path("second.backup"))?;
    std::fs::write(stage.path("cut.backup"), &whole[..whole.len() - 2_000])?;
    refused(&stage, &["restore", "--replace", "cut.backup"], "cut.backup is not a whole backup of Capstan")?;
    std::fs::write(stage.path("text.backup"), "accounts: 2\n")?;
    refused(&stage, &["restore", "--replace", "text.backup"], "neither an SQLite database nor an archive")?;
    let other = stage.path("other.key").display().to_string();
    ensure!(stage.verb(&["master-key", "--out", &other], "")?.well, "no other key was made");
    let with_other = ["restore", "--replace", "first.backup", "--master-key-file", &other];
    refused(&stage, &with_other, "the master key is not the one that the backup is sealed under")?;
    refused(&stage, &["account", "list", "--master-key-file", &other], "the master key is not the one")?;
    let names = |accounts: &Value| -> Vec<String> {
        let of = accounts.as_array().into_iter().flatten();
        of.filter_map(|account| account["name"].as_str().map(str::to_owned)).collect()
    };
    let accounts = stage.asked(&["account", "list"], "")?;
    ensure!(names(&accounts) == ["Ada", "Bob"], "a restore that was refused changed something: {accounts}");

    let restored = stage.asked(&["restore", "--replace", "first.backup", "--reason", "a drill"], "")?;
    let aside = restored["keptAside"].as_str().map(str::to_owned);
    ensure!(aside.is_some() == (engine == Engine::Sqlite), "{restored}");
    ensure!(aside.is_none_or(|aside| aside.contains("capstan.db.before-restore-2")), "{restored}");
    ensure!(names(&stage.asked(&["account", "list"], "")?) == ["Ada"], "the backup is not what is there");
    let lines = stage.asked(&["audit", "list"], "")?;
    ensure!(lines[0]["action"] == "restore" && lines[0]["detail"].to_string().contains("a drill"), "{}", lines[0]);
    Ok(())
}

/// A limit on the size of files stands for the disk: a write beyond it fails in the same place.
async fn full_disk(engine: Engine) -> Result<()> {
    let (mut stage, _) = ready(engine).await?;
    stage.process.ask_to_stop()?;
    // In blocks of 512 bytes: more than opening the database takes, and less than the backup has.
    let blocks = match engine {
        Engine::Sqlite => 128,
        Engine::Postgres => 8,
    };
    let full = stage.script(&format!("trap '' XFSZ; ulimit -f {blocks}; capstan backup full.backup"), &[])?;
    ensure!(!full.well && full.complaint.starts_with("error: "), "{full:?}");
    let left = std::fs::read_dir(stage.dir.path())?.flatten().map(|entry| entry.file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("full.backup")).collect();
    ensure!(left.is_empty(), "{left:?}");
    let made = stage.asked(&["backup", "full.backup"], "")?;
    ensure!(made["bytes"].as_u64() > Some(blocks * 512), "the limit was none: {made}");
    Ok(())
}

async fn other_key(engine: Engine) -> Result<()> {
    let gateway = TestGateway::start(Setup { engine, ..Setup::default() }).await?;
    ensure!(gateway.client.solve(recaptcha()).await?.body["status"] == "ready");
    let refused = gateway.restart(Return { master_key: [8; 32], ..Return::default() }).await;
    let error = refused.err().context("another master key was taken")?;
    ensure!(error.to_string().contains("the master key is not the one that this database is sealed under"), "{error}");
    Ok(())
}

async fn older_database() -> Result<()> {
    let (mut stage, _) = ready(Engine::Sqlite).await?;
    stage.process.ask_to_stop()?;
    let url = store_url(&stage, "data", &stage.database);
    let mut raw = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await?;
    sqlx::query("delete from key_checks").execute(&mut raw).await?;
    let other = stage.path("other.key").display().to_string();
    ensure!(stage.verb(&["master-key", "--out", &other], "")?.well, "no other key was made");
    refused(&stage, &["account", "list", "--master-key-file", &other], "the master key is not the one")?;
    let kept = "select count(*) from key_checks";
    ensure!(sqlx::query_scalar::<_, i64>(kept).fetch_one(&mut raw).await? == 0, "a key that opens nothing was kept");
    stage.asked(&["account", "list"], "")?;
    ensure!(sqlx::query_scalar::<_, i64>(kept).fetch_one(&mut raw).await? == 1, "the key was not kept");
    Ok(())
}

async fn damaged_database() -> Result<()> {
    let (mut stage, _) = ready(Engine::Sqlite).await?;
    stage.asked(&["backup", "good.backup"], "")?;
    stage.process.ask_to_stop()?;
    let file = stage.path("data").join("capstan.db");
    let damaged = b"this was a database".repeat(1_000);
    std::fs::write(&file, &damaged)?;
    refused(
        &stage,
        &["restore", "good.backup"],
        "the database that is there cannot be read; --replace keeps its file aside",
    )?;
    ensure!(std::fs::read(&file)? == damaged, "a restore that was refused changed something");
    let restored = stage.asked(&["restore", "--replace", "good.backup"], "")?;
    let aside = restored["keptAside"].as_str().context("it is not kept")?;
    ensure!(std::fs::read(aside)? == damaged, "it is not kept as it was");
    let accounts = stage.asked(&["account", "list"], "")?;
    ensure!(accounts[0]["available"] == "50.00", "{accounts}");
    Ok(())
}

//! What `serve` does not start with, what it says then, and where its settings come from.

use std::os::unix::fs::PermissionsExt;

use anyhow::{Result, ensure};
use capstan_server::lock::DataDir;
use capstan_storage::{OpenOptions, Store};
use capstan_tests::client::{Client, recaptcha};
use capstan_tests::components::with_another_digest;
use capstan_tests::process::Process;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use sqlx::Connection as _;

use super::{Place, Stage, text};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("serve: without a good master key it says how to make one or to close it", master_keys),
        test("serve: a setting that is wrong is refused with its place", settings),
        test("serve: what is in use, missing or broken is refused with its name", surroundings),
        test("serve: a database of a newer version is left alone", newer_schema),
        test("serve: providers on this machine are for trials", loopback_providers),
        test("serve: a flag beats the environment, which beats the file", layers),
        test("serve: the printed configuration is one that it starts with", printed_configuration),
    ]
}

impl Place {
    /// Checks that it is refused, with exit code 1 and this reason on one line.
    fn is_refused(&self, environment: &[(&str, &str)], flags: &[&str], reason: &[&str]) -> Result<()> {
        let config = text(&self.path("capstan.toml"));
        let args: Vec<&str> =
            ["serve", "--json", "--config", &config].into_iter().chain(flags.iter().copied()).collect();
        let (code, said) = Process::refuses(environment, &args, &self.log())?;
        ensure!(code == Some(1) && said.starts_with("error: "), "{code:?}: {said}");
        for part in reason {
            ensure!(said.contains(part), "{part:?} is not in: {said}");
        }
        Ok(())
    }
}

async fn master_keys() -> Result<()> {
    let place = Place::new()?;
    let (key, made) = (text(&place.key()), std::fs::read(place.key())?);
    let mode = std::fs::metadata(place.key())?.permissions().mode() & 0o777;
    ensure!(mode == 0o600, "{mode:o}");
    let (code, said) = Process::refuses(&[], &["master-key", "--out", &key], &place.log())?;
    ensure!(code == Some(1) && said.contains("exists"), "{code:?}: {said}");
    ensure!(std::fs::read(place.key())? == made, "the key was overwritten");

    place.configure("")?;
    let unset = ("CAPSTAN_MASTER_KEY_FILE", "");
    place.is_refused(&[unset], &[], &["there is no master key", "capstan master-key --out FILE"])?;
    place.is_refused(&[], &["--master-key-file", "/no/such/key"], &["capstan master-key --out /no/such/key"])?;
    let both = [("CAPSTAN_MASTER_KEY", "x"), ("CAPSTAN_MASTER_KEY_FILE", key.as_str())];
    place.is_refused(&both, &[], &["CAPSTAN_MASTER_KEY and CAPSTAN_MASTER_KEY_FILE are both set"])?;
    place.is_refused(&[("CAPSTAN_MASTER_KEY", "hunter2")], &[], &["CAPSTAN_MASTER_KEY holds no master key"])?;
    ensure!(!std::fs::read_to_string(place.log())?.contains("hunter2"), "the key's text is in the log");
    for mode in [0o640, 0o604] {
        std::fs::set_permissions(place.key(), PermissionsExt::from_mode(mode))?;
        place.is_refused(&[], &[], &[&format!("mode {mode:o}"), &format!("chmod 600 {key}")])?;
    }
    // The text in the environment is enough.
    let made = String::from_utf8(made)?;
    let args = ["serve", "--json", "--config", &text(&place.path("capstan.toml"))];
    let process = Process::start_within(&[("CAPSTAN_MASTER_KEY", &made)], &args, &place.log())?;
    ensure!(process.stop()?.0, "it did not stop as asked");
    std::fs::write(place.key(), "no key at all")?;
    std::fs::set_permissions(place.key(), PermissionsExt::from_mode(0o400))?;
    place.is_refused(&[], &[], &["master.key holds no master key"])
}

async fn settings() -> Result<()> {
    let place = Place::new()?;
    place.configure("[limits]\nmax_opne = 3\n")?;
    place.is_refused(&[], &[], &["capstan.toml:5: unknown field `max_opne`", "max_open"])?;
    place.configure("[limits]\nlease = \"20\"\n")?;
    place.is_refused(&[], &[], &["capstan.toml:5: ", "no duration such as \"3s\""])?;
    place.configure("[limits]\nlease = \"1s\"\n")?;
    place.is_refused(&[], &[], &["limits.lease must be at least 3s"])?;
    place.configure("[tls]\ncert = \"cert.pem\"\n")?;
    place.is_refused(&[], &[], &["tls.cert and tls.key belong together"])?;
    place.configure("")?;
    place.is_refused(&[("CAPSTAN_LISTEN", "8080")], &[], &["CAPSTAN_LISTEN: "])?;
    std::fs::remove_file(place.path("capstan.toml"))?;
    place.is_refused(&[], &[], &["the configuration", "capstan.toml cannot be read"])
}

async fn surroundings() -> Result<()> {
    let place = Place::new()?;
    place.configure("")?;
    let lock = DataDir::lock(&place.path("data"))?;
    place.is_refused(&[], &[], &["data is in use by another process"])?;
    drop(lock);
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    place.is_refused(&[], &["--listen", &address], &["cannot listen on", &address, "in use"])?;
    place.is_refused(&[], &["--adapters", "/no/adapter.wasm"], &["adapters: /no/adapter.wasm cannot be read"])?;
    let junk = place.path("junk.wasm");
    std::fs::write(&junk, "not a component")?;
    place.is_refused(&[], &["--adapters", &text(&junk)], &["junk.wasm is refused"])?;

    let (ours, theirs) = (super::door::certificate()?, super::door::certificate()?);
    let (cert, key) = (place.path("cert.pem"), place.path("key.pem"));
    place.configure(&format!("[tls]\ncert = {cert:?}\nkey = {key:?}\n"))?;
    place.is_refused(&[], &[], &["the TLS file", "cert.pem cannot be read"])?;
    std::fs::write(&cert, ours.cert.pem())?;
    place.is_refused(&[], &[], &["the TLS file", "key.pem cannot be read"])?;
    std::fs::write(&key, theirs.signing_key.serialize_pem())?;
    place.is_refused(&[], &[], &["cert.pem and the key", "cannot be used together"])?;
    std::fs::write(&cert, "")?;
    place.is_refused(&[], &[], &["cert.pem has no certificate in it"])
}

async fn newer_schema() -> Result<()> {
    let place = Place::new()?;
    place.configure("")?;
    ensure!(place.serve()?.stop()?.0, "it did not stop as asked");
    let database = format!("sqlite:{}", text(&place.path("data").join("capstan.db")));
    let mut connection = sqlx::SqliteConnection::connect(&database).await?;
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (99990101, 'of a newer version', true, x'00', 0)";
    sqlx::query(newer).execute(&mut connection).await?;
    connection.close().await?;
    place.is_refused(&[], &[], &["the database cannot be used", "99990101", "does not know"])
}

async fn loopback_providers() -> Result<()> {
    let stage = Stage::set().await?;
    stage.configure("")?;
    let off = [("CAPSTAN_ALLOW_LOOPBACK_PROVIDERS", "false")];
    stage.place.is_refused(
        &off,
        &[],
        &["provider anti-captcha is reached on this machine", "allow_loopback_providers"],
    )?;
    // Whichever came first would be the provider's, and the other one nobody's.
    let copy = stage.place.path("copy.wasm");
    std::fs::copy(&stage.adapter, &copy)?;
    let both = ["--adapters", &text(&stage.adapter), "--adapters", &text(&copy)];
    stage.place.is_refused(&[], &both, &["are both for anti-captcha", "copy.wasm"])?;
    installed_at_the_start(&stage)?;
    stage.configure("")?;
    let process = stage.place.serve()?;
    let client = stage.client(&process)?;
    ensure!(client.solve(recaptcha()).await?.body["status"] == "ready");
    ensure!(process.stop()?.0, "it did not stop as asked");
    let database = text(&stage.place.path("data").join("capstan.db"));
    let store = Store::open(&format!("sqlite:{database}").parse()?, OpenOptions::default()).await?;
    let report = store.verify_ledger().await?;
    ensure!(report.difference.is_none(), "the ledger does not add up: {:?}", report.difference);
    store.close().await;
    Ok(())
}

/// A file of the configuration is installed by a gateway that starts, and by nobody who only looks.
fn installed_at_the_start(stage: &Stage) -> Result<()> {
    let other = stage.place.path("other.wasm");
    std::fs::write(&other, with_another_digest(&std::fs::read(&stage.adapter)?))?;
    stage.place.configure(&format!("adapters = [{other:?}]\nallow_loopback_providers = true\n"))?;
    let config = text(&stage.place.path("capstan.toml"));
    let verb = |verb: &[&str]| {
        let args: Vec<&str> = verb.iter().copied().chain(["--json", "--config", &config]).collect();
        let (code, said) = Process::prints(&args, &stage.place.log())?;
        ensure!(code == Some(0), "{verb:?}: {said}");
        anyhow::Ok(serde_json::from_str::<serde_json::Value>(&said)?)
    };
    let generations = || verb(&["adapter", "history", "anti-captcha"]);
    let before = generations()?;
    verb(&["account", "list"])?;
    ensure!(generations()? == before, "who only looked has installed it: {before}");
    for _ in 0..2 {
        ensure!(stage.place.serve()?.stop()?.0, "it did not stop as asked");
    }
    let after = generations()?;
    let count = |all: &serde_json::Value| all.as_array().map_or(0, Vec::len);
    ensure!(count(&after) == count(&before) + 1, "{before} and then {after}");
    Ok(())
}

async fn layers() -> Result<()> {
    let place = Place::new()?;
    place.configure("")?;
    let (config, of_flag) = (text(&place.path("capstan.toml")), text(&place.path("of-flag")));
    let of_environment = text(&place.path("of-environment"));
    let environment = [("CAPSTAN_DATA", of_environment.as_str())];
    let run = |environment: &[(&str, &str)], more: &[&str], ends: &str| {
        let args: Vec<&str> =
            ["serve", "--json", "--config", &config].into_iter().chain(more.iter().copied()).collect();
        let process = Process::start_within(environment, &args, &place.log())?;
        let data = process.said("dataDir")?;
        ensure!(data.ends_with(ends), "{data} does not end in {ends}");
        ensure!(process.stop()?.0, "it did not stop as asked");
        Ok(())
    };
    run(&[], &[], "/data")?;
    run(&environment, &[], "/of-environment")?;
    run(&environment, &["--data", &of_flag], "/of-flag")
}

async fn printed_configuration() -> Result<()> {
    let place = Place::new()?;
    let (code, printed) = Process::prints(&["serve", "--print-config"], &place.log())?;
    ensure!(code == Some(0) && printed.contains("[limits]"), "{code:?}: {printed}");
    std::fs::write(place.path("capstan.toml"), &printed)?;
    let (config, data) = (text(&place.path("capstan.toml")), text(&place.path("data")));
    let args = ["serve", "--json", "--config", &config, "--listen", "127.0.0.1:0", "--data", &data];
    let key = text(&place.key());
    let process = Process::start_within(&[("CAPSTAN_MASTER_KEY_FILE", &key)], &args, &place.log())?;
    let client = Client::new(process.said("url")?, "no key");
    for (path, status) in [("/healthz", "ok"), ("/readyz", "ready")] {
        let answer = client.get(path).await?;
        ensure!(answer.status == 200 && answer.body["status"] == status, "{path}: {answer:?}");
    }
    ensure!(process.stop()?.0, "it did not stop as asked");
    Ok(())
}

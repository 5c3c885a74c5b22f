//! The whole way, by the command alone: from a component to a package that an operator believes.

use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::routing::get;
use capstan_tests::registry::{ACCOUNT, Door, Registry};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Desk;

pub(super) fn tests() -> Vec<Trial> {
    vec![
        test(
            "packages: one is packed, signed, stored, fetched and believed, and is the same bytes all the way",
            whole_way,
        ),
        test("packages: a registry is told who is asking, in each way that they ask", doors),
        test("packages: a key is handed over, and a revoked one or component is refused", keys),
        test("packages: an index is searched while it is fresh, and an older one is refused", index),
        test("packages: fixtures that differ and components that are none are not packed", nothing_wrong_is_packed),
    ]
}

async fn whole_way() -> Result<()> {
    let (desk, registry) = (Desk::new()?, Registry::start(Door::Open).await?);
    let made = desk.done(&["keygen", "--out", &desk.file("acme.key")])?;
    ensure!(std::fs::metadata(desk.path("acme.key"))?.permissions().mode() & 0o777 == 0o600, "others can read the key");
    ensure!(desk.refused(&["keygen", "--out", &desk.file("acme.key")])?.contains("exists"));
    let (once, again) = (desk.pack("acme.key", "one.tar").await?, desk.pack("acme.key", "two.tar").await?);
    ensure!(once["digest"] == again["digest"] && once["publisher"] == made["key"], "{once} {again}");
    ensure!(std::fs::read(desk.path("one.tar"))? == std::fs::read(desk.path("two.tar"))?, "two packings differ");

    let nobody = desk.verify("one.tar")?;
    ensure!(nobody.0 == Some(1) && nobody.2.contains("trust add"), "{nobody:?}");
    desk.trust("acme.key", "Acme")?;
    let (code, said, complaint) = desk.verify("one.tar")?;
    ensure!(
        code == Some(1) && said["refused"] == "no-signature" && complaint.contains("nobody has signed it"),
        "{said}"
    );
    let signed = desk.done(&["sign", &desk.file("one.tar"), "--key", &desk.file("acme.key")])?;
    ensure!(signed["signatures"] == json!([made["key"]]) && signed["digest"] != once["digest"], "{signed}");
    let (code, believed, complaint) = desk.verify("one.tar")?;
    ensure!(code == Some(0) && believed["signer"] == "Acme" && believed["package"] == signed["digest"], "{complaint}");
    ensure!(
        believed["baseUrl"] == "https://api.capsolver.com" && believed["fixtures"].as_u64() > Some(100),
        "{believed}"
    );
    let older =
        desk.run(&["verify", &desk.file("one.tar"), "--trust", &desk.file("trust.toml"), "--newest", "99.0.0"])?;
    ensure!(older.1["refused"] == "downgrade", "{older:?}");

    let place = format!("{}/acme/capsolver", registry.address());
    let tagged = format!("{place}:1.0");
    let pushed = desk.done(&["push", &desk.file("one.tar"), &tagged])?;
    ensure!(pushed["digest"] == signed["digest"], "{pushed}");
    let pinned = pushed["pushed"].as_str().context("no reference")?;
    ensure!(pinned == format!("{tagged}@{}", signed["digest"].as_str().unwrap_or_default()), "{pinned}");
    let sent = registry.requests().len();
    desk.done(&["push", &desk.file("one.tar"), &tagged])?;
    let uploads = registry.requests().into_iter().skip(sent).filter(|asked| asked.starts_with("POST")).count();
    ensure!(uploads == 0, "what is there already was sent again");
    for reference in [&tagged, pinned, &pinned.replace(":1.0", "")] {
        let pulled = desk.done(&["pull", reference, "--out", &desk.file("pulled.tar")])?;
        ensure!(pulled["digest"] == signed["digest"], "{pulled}");
        ensure!(std::fs::read(desk.path("pulled.tar"))? == std::fs::read(desk.path("one.tar"))?, "{reference}");
    }
    ensure!(desk.refused(&["pull", &format!("{place}:2.0")])?.contains("404"));
    others_find_the_component(&registry, &believed).await
}

/// What a tool does that knows WebAssembly artifacts and nothing of adapters.
async fn others_find_the_component(registry: &Registry, believed: &Value) -> Result<()> {
    let base = format!("http://{}/v2/acme/capsolver", registry.address());
    let manifest = capstan_package::registry::fetch(&format!("{base}/manifests/1.0"), 100_000).await?;
    let manifest: Value = serde_json::from_slice(&manifest)?;
    ensure!(manifest["config"]["mediaType"] == "application/vnd.wasm.config.v0+json", "{manifest}");
    let layers = manifest["layers"].as_array().context("no layers")?;
    ensure!(layers.len() == 1 && layers[0]["mediaType"] == "application/wasm", "{manifest}");
    let digest = layers[0]["digest"].as_str().context("no digest")?;
    ensure!(believed["component"] == digest, "{digest}");
    let component = capstan_package::registry::fetch(&format!("{base}/blobs/{digest}"), 10_000_000).await?;
    let hex: String = Sha256::digest(&component).iter().map(|byte| format!("{byte:02x}")).collect();
    ensure!(digest == format!("sha256:{hex}") && component.starts_with(b"\0asm"), "it is another file");
    Ok(())
}

async fn doors() -> Result<()> {
    let desk = Desk::new()?;
    let signed = desk.publish("acme.key", "one.tar").await?;
    std::fs::write(desk.path("password"), format!("{}\n", ACCOUNT.1))?;
    std::fs::write(desk.path("wrong"), "not-the-password\n")?;
    for door in [Door::Password, Door::Token] {
        let registry = Registry::start(door.clone()).await?;
        let place = format!("{}/acme/capsolver:1.0", registry.address());
        let (package, out) = (desk.file("one.tar"), desk.file("pulled.tar"));
        let complaint = desk.refused(&["push", &package, &place])?;
        ensure!(complaint.contains("--password-file"), "{complaint}");
        let with =
            |file: &str| ["--username".to_owned(), ACCOUNT.0.to_owned(), "--password-file".to_owned(), desk.file(file)];
        let wrong = with("wrong");
        let args: Vec<&str> = ["push", &package, &place].into_iter().chain(wrong.iter().map(String::as_str)).collect();
        let complaint = desk.refused(&args)?;
        ensure!(!complaint.contains("not-the-password"), "a password is in a complaint: {complaint}");
        let right = with("password");
        let args: Vec<&str> = ["push", &package, &place].into_iter().chain(right.iter().map(String::as_str)).collect();
        ensure!(desk.done(&args)?["digest"] == signed["digest"], "{door:?}");
        // Without a flag, by docker's own file.
        let account =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{}:{}", ACCOUNT.0, ACCOUNT.1));
        let config = json!({"auths": {registry.address(): {"auth": account}}}).to_string();
        std::fs::write(desk.path("config.json"), config)?;
        let docker = desk.dir.path().display().to_string();
        let pulled = desk.done(&["pull", &place, "--out", &out, "--docker-config", &docker])?;
        ensure!(pulled["digest"] == signed["digest"], "{door:?}: {pulled}");
        ensure!(desk.refused(&["pull", &place, "--out", &out])?.contains("--password-file"), "{door:?}");
    }
    Ok(())
}

async fn keys() -> Result<()> {
    let desk = Desk::new()?;
    let old = desk.publish("acme.key", "one.tar").await?;
    std::fs::write(desk.path("passphrase"), "correct horse\n")?;
    let (sealed, passphrase) = (desk.file("next.key"), desk.file("passphrase"));
    let next = desk.done(&["keygen", "--out", &sealed, "--passphrase-file", &passphrase])?;
    ensure!(desk.refused(&["sign", &desk.file("one.tar"), "--key", &sealed])?.contains("passphrase"));
    desk.trust("acme.key", "Acme")?;
    // The day of the change is long past: the old key's own signature is believed no more.
    let (key, rotation, trust) = (desk.file("acme.key"), desk.file("rotation.json"), desk.file("trust.toml"));
    let hand_over = ["rotate", "--key", &key, "--new-key", &sealed, "--new-passphrase-file", &passphrase];
    let until = ["--not-after", "2020-01-01", "--out", &rotation];
    desk.done(&hand_over.iter().chain(&until).copied().collect::<Vec<_>>())?;
    ensure!(desk.done(&["trust", "follow", &rotation, "--trust", &trust])?["name"] == "Acme 2");
    ensure!(desk.verify("one.tar")?.1["refused"] == "expired-key");
    let both = desk.done(&["sign", &desk.file("one.tar"), "--key", &sealed, "--passphrase-file", &passphrase])?;
    ensure!(both["signatures"].as_array().map(Vec::len) == Some(2) && both["publisher"] == old["publisher"], "{both}");
    let (code, believed, complaint) = desk.verify("one.tar")?;
    ensure!(code == Some(0) && believed["key"] == next["key"] && believed["signer"] == "Acme 2", "{complaint}");

    let revoke = |what: &[&str]| {
        let args = ["trust", "--trust", &trust, "revoke"].into_iter().chain(what.iter().copied());
        desk.run(&args.collect::<Vec<_>>())
    };
    ensure!(revoke(&["--key", "Acme 2"])?.2.contains("--reason"));
    let component = believed["component"].as_str().context("no component")?;
    ensure!(revoke(&["--digest", component, "--reason", "sends too much"])?.0 == Some(0));
    let (_, said, complaint) = desk.verify("one.tar")?;
    ensure!(said["refused"] == "revoked-package" && complaint.contains("sends too much"), "{said} {complaint}");
    ensure!(revoke(&["--key", "Acme 2", "--reason", "stolen"])?.0 == Some(0));
    ensure!(desk.verify("one.tar")?.1["refused"] == "revoked-key");
    let listed = desk.done(&["trust", "list", "--trust", &trust])?;
    let statuses: Vec<&str> =
        listed.as_array().into_iter().flatten().filter_map(|line| line["status"].as_str()).collect();
    ensure!(statuses == ["past its time", "revoked", "revoked package"], "{listed}");
    desk.done(&["trust", "remove", "Acme", "--trust", &trust])?;
    ensure!(desk.refused(&["trust", "remove", "Acme", "--trust", &trust])?.contains("no key is called Acme"));
    Ok(())
}

async fn index() -> Result<()> {
    let desk = Desk::new()?;
    let signed = desk.publish("acme.key", "one.tar").await?;
    desk.done(&["keygen", "--out", &desk.file("index.key")])?;
    let (trust, key, public) = (desk.file("trust.toml"), desk.file("index.key"), desk.file("index.key.pub"));
    let named = format!("{}=registry.example/acme/capsolver:1.0", desk.file("one.tar"));
    let make = |serial: &str, expires: &str, out: &str| {
        let args = ["index", &named, "--trust", &trust, "--key", &key, "--serial", serial, "--expires", expires];
        desk.run(&args.into_iter().chain(["--out", &desk.file(out)]).collect::<Vec<_>>())
    };
    ensure!(make("7", "30d", "index.json")?.2.contains("trust add"), "nobody is trusted yet");
    desk.trust("acme.key", "Acme")?;
    for (serial, expires, out) in
        [("7", "30d", "index.json"), ("6", "30d", "older.json"), ("8", "2020-01-01", "stale.json")]
    {
        ensure!(make(serial, expires, out)?.0 == Some(0), "{out}");
    }
    let serial = desk.file("serial");
    let search = |text: &str, index: &str| {
        desk.run(&["search", text, "--index", index, "--index-key", &public, "--serial-file", &serial])
    };
    let (code, found, complaint) = search("Turnstile", &desk.file("index.json"))?;
    let pinned = format!("registry.example/acme/capsolver:1.0@{}", signed["digest"].as_str().unwrap_or_default());
    ensure!(
        code == Some(0) && found[0]["reference"] == pinned.as_str() && found[0]["provider"] == "capsolver",
        "{complaint}"
    );
    ensure!(search("no such family", &desk.file("index.json"))?.1 == json!([]));
    ensure!(search("", &desk.file("older.json"))?.2.contains("the number 6, and 7 has been seen"));
    ensure!(search("", &desk.file("stale.json"))?.2.contains("was good until 2020-01-01"));
    let by_publisher = ["search", "", "--index", &desk.file("index.json"), "--index-key", &desk.file("acme.key.pub")];
    ensure!(desk.refused(&by_publisher)?.contains("not signed by"));

    // The same from a web server, which is asked by plain HTTP on this machine alone.
    let text = std::fs::read_to_string(desk.path("index.json"))?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/index.json", get(move || async move { text }));
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(async move { drop(axum::serve(listener, router).await) });
    ensure!(search("capsolver", &format!("http://{address}/index.json"))?.1 == found);
    ensure!(search("", &format!("http://{address}/other.json"))?.2.contains("404"));
    ensure!(search("", "http://registry.example/index.json")?.2.contains("plain HTTP"));
    Ok(())
}

async fn nothing_wrong_is_packed() -> Result<()> {
    let desk = Desk::new()?;
    desk.done(&["keygen", "--out", &desk.file("acme.key")])?;
    let built = tokio::task::spawn_blocking(|| capstan::adapters::build(&["adapter-capsolver"], |_| ())).await??;
    let component = built.first().context("nothing was built")?.display().to_string();
    let (fixtures, publisher, out) = (desk.file("fixtures"), desk.file("acme.key.pub"), desk.file("one.tar"));
    std::fs::create_dir(&fixtures)?;
    std::fs::write(
        desk.path("fixtures/odd.json"),
        r#"{"source":"https://a.example","operation":"balance","end":{"done":true}}"#,
    )?;
    let rest = ["--fixtures", &fixtures, "--publisher", &publisher, "--out", &out];
    let pack = |component: &str| desk.refused(&["pack", component].into_iter().chain(rest).collect::<Vec<_>>());
    let complaint = pack(&component)?;
    ensure!(complaint.contains("the fixture odd differs"), "{complaint}");
    let complaint = pack(&publisher)?;
    ensure!(complaint.contains("is refused"), "{complaint}");
    ensure!(!desk.path("one.tar").exists(), "it was packed all the same");
    Ok(())
}

//! The door: TLS that is renewed under open connections, and bounds on what a stranger can hold.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use capstan_tests::client::Client;
use capstan_tests::exposition::Exposition;
use capstan_tests::process::Process;
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use rcgen::{CertifiedKey, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Place;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("serve: a new certificate is in force without a connection being dropped", renewed_certificate),
        test("serve: a silent handshake ends in time and holds nobody up", silent_handshakes),
        test("serve: a head that does not come or is too large ends its connection", heads),
        test("serve: more connections than allowed wait for a place", connections),
        test("serve: metrics are on an address of their own, and only where one is set", metrics_door),
    ]
}

/// A certificate for this machine that signed itself.
pub(super) fn certificate() -> Result<CertifiedKey<KeyPair>> {
    Ok(rcgen::generate_simple_self_signed(["localhost".to_owned()])?)
}

/// A place with a certificate.
struct Encrypted {
    place: Place,
    cert: PathBuf,
    key: PathBuf,
}

impl Encrypted {
    fn new(made: &CertifiedKey<KeyPair>, limits: &str) -> Result<Self> {
        let place = Place::new()?;
        let (cert, key) = (place.path("cert.pem"), place.path("key.pem"));
        place.configure(&format!("[tls]\ncert = {cert:?}\nkey = {key:?}\n[limits]\n{limits}"))?;
        let encrypted = Self { place, cert, key };
        encrypted.put(made)?;
        Ok(encrypted)
    }

    fn put(&self, made: &CertifiedKey<KeyPair>) -> Result<()> {
        std::fs::write(&self.cert, made.cert.pem())?;
        Ok(std::fs::write(&self.key, made.signing_key.serialize_pem())?)
    }
}

fn address(process: &Process) -> Result<String> {
    let url = process.said("url")?;
    url.split_once("://").map(|(_, address)| address.to_owned()).with_context(|| format!("no address in {url}"))
}

/// A connection of a client that trusts these certificates.
async fn connect(process: &Process, trusted: &[&CertifiedKey<KeyPair>]) -> Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for made in trusted {
        roots.add(made.cert.der().clone())?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(address(process)?).await?;
    Ok(TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, stream).await?)
}

fn shown(stream: &TlsStream<TcpStream>) -> Result<CertificateDer<'static>> {
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    chain.first().map(|certificate| certificate.clone().into_owned()).context("no certificate was shown")
}

/// Asks for /healthz and reads the whole answer, whose body is known.
async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<String> {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"{\"status\":\"ok\"}") {
        let read = stream.read(&mut buffer).await?;
        ensure!(read > 0, "closed after: {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&buffer[..read]);
    }
    Ok(String::from_utf8(answer)?)
}

async fn renewed_certificate() -> Result<()> {
    let (first, second, third) = (certificate()?, certificate()?, certificate()?);
    let encrypted = Encrypted::new(&first, "")?;
    let process = encrypted.place.serve()?;
    ensure!(process.said("url")?.starts_with("https://"), "{}", process.ready);
    let all = [&first, &second, &third];
    let mut old = connect(&process, &all).await?;
    ensure!(shown(&old)? == *first.cert.der() && ask(&mut old).await?.starts_with("HTTP/1.1 200"));

    // A key of another certificate: the one before stays.
    std::fs::write(&encrypted.key, second.signing_key.serialize_pem())?;
    process.signal("HUP")?;
    process.until_logged("the one before stays in force", 1).await?;
    ensure!(shown(&connect(&process, &all).await?)? == *first.cert.der(), "a bad file is in force");

    encrypted.put(&second)?;
    process.signal("HUP")?;
    process.until_logged("the certificate was read again", 1).await?;
    ensure!(shown(&connect(&process, &all).await?)? == *second.cert.der(), "the new certificate is not in force");

    // Without a word from anybody.
    encrypted.put(&third)?;
    process.until_logged("the certificate was read again", 2).await?;
    ensure!(shown(&connect(&process, &all).await?)? == *third.cert.der(), "a changed file went unnoticed");

    ensure!(ask(&mut old).await?.starts_with("HTTP/1.1 200"), "the old connection does not live on");
    ensure!(connect(&process, &[&first]).await.is_err(), "a client that trusts another certificate is connected");
    ensure!(process.stop()?.0, "it did not stop as asked");
    Ok(())
}

async fn silent_handshakes() -> Result<()> {
    let made = certificate()?;
    let encrypted = Encrypted::new(&made, "handshake_within = \"1s\"\n")?;
    let process = encrypted.place.serve()?;
    let mut silent = TcpStream::connect(address(&process)?).await?;
    let mut answered = connect(&process, &[&made]).await?;
    ask(&mut answered).await?;
    ensure!(silent.read(&mut [0; 16]).await? == 0, "something was said to somebody who said nothing");
    ask(&mut answered).await?;
    ensure!(process.stop()?.0, "it did not stop as asked");
    Ok(())
}

async fn heads() -> Result<()> {
    let place = Place::new()?;
    place.configure("[limits]\nhead_within = \"1s\"\nmax_head_bytes = \"8KiB\"\n")?;
    let process = place.serve()?;
    let mut slow = TcpStream::connect(address(&process)?).await?;
    slow.write_all(b"POST /createTask HTTP/1.1\r\nhost: loc").await?;
    let mut idle = TcpStream::connect(address(&process)?).await?;
    ask(&mut idle).await?;
    for (name, stream) in [("slow", &mut slow), ("idle", &mut idle)] {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await?;
        ensure!(!rest.contains("200 OK"), "{name}: {rest}");
    }
    let mut large = TcpStream::connect(address(&process)?).await?;
    let head = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-large: {}", "x".repeat(20_000));
    // The answer comes before all of it is sent, so the rest may meet a closed connection.
    let _ = large.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = large.read_to_end(&mut answer).await;
    ensure!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    ensure!(process.stop()?.0, "it did not stop as asked");
    Ok(())
}

async fn connections() -> Result<()> {
    let place = Place::new()?;
    place.configure("[limits]\nmax_connections = 2\n")?;
    let process = place.serve()?;
    let mut first = TcpStream::connect(address(&process)?).await?;
    let mut second = TcpStream::connect(address(&process)?).await?;
    ask(&mut first).await?;
    ask(&mut second).await?;
    let mut third = TcpStream::connect(address(&process)?).await?;
    let mut answer = std::pin::pin!(ask(&mut third));
    let early = tokio::time::timeout(Duration::from_millis(500), answer.as_mut()).await;
    ensure!(early.is_err(), "a third connection was served beside two");
    drop(first);
    ensure!(answer.await?.starts_with("HTTP/1.1 200"));
    ask(&mut second).await?;
    ensure!(process.stop()?.0, "it did not stop as asked");
    Ok(())
}

async fn metrics_door() -> Result<()> {
    let place = Place::new()?;
    place.configure("metrics_listen = \"127.0.0.1:0\"\n")?;
    let process = place.serve()?;
    let (url, metrics) = (process.said("url")?, process.said("metricsUrl")?);
    let client = Client::new(url.clone(), String::new());
    let seen = Exposition::parse(client.read(&metrics).await?)?;
    ensure!(seen.samples.iter().any(|sample| sample.name == "capstan_build_info"), "{}", seen.text);
    ensure!(client.read(&format!("{url}/metrics")).await.is_err(), "clients are shown the metrics");
    ensure!(process.stop()?.0, "it did not stop as asked");
    ensure!(client.read(&metrics).await.is_err(), "metrics outlive the gateway");

    place.configure("")?;
    let process = place.serve()?;
    ensure!(process.said("metricsUrl").is_err(), "metrics are served though no address is set");
    ensure!(process.stop()?.0, "it did not stop as asked");
    Ok(())
}

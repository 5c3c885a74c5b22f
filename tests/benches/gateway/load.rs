//! The load: connections that send one request after another, at full speed or at an even pace.
//!
//! The client is HTTP/1.1 in its plainest form on a socket: what it takes is in every figure, so it takes little.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Where requests go, the whole requests, and what every answer must have in it.
#[derive(Clone)]
pub(crate) struct Target {
    address: String,
    requests: Arc<[Vec<u8>]>,
    expected: Arc<str>,
}

/// How much is sent.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Connections at once.
    pub(crate) connections: u16,
    /// For how long.
    pub(crate) lasts: Duration,
    /// Requests per second, evenly; none sends as fast as answers come.
    pub(crate) per_second: Option<f64>,
}

/// What was measured.
pub(crate) struct Took {
    /// How long each answer took.
    pub(crate) each: Vec<Duration>,
    /// How long it lasted in all.
    pub(crate) all: Duration,
}

impl Target {
    /// A method of a server, asked with these bodies in turn.
    pub(crate) fn new(address: &str, path: &str, bodies: &[Value], expected: &str) -> Self {
        let request = |body: &Value| {
            let body = body.to_string();
            let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n", body.len());
            format!("{head}{body}").into_bytes()
        };
        Self { address: address.to_owned(), requests: bodies.iter().map(request).collect(), expected: expected.into() }
    }
}

/// One request, and its answer.
pub(crate) async fn ask_once(target: &Target) -> Result<String> {
    Connection::open(target, 0).await?.ask().await
}

/// Sends, and checks every answer.
pub(crate) async fn run(target: &Target, load: Load) -> Result<Took> {
    let mut connections = Vec::new();
    for nth in 0..load.connections {
        connections.push(Connection::open(target, usize::from(nth)).await?);
    }
    let (began, turn) = (Instant::now(), Arc::new(AtomicU32::new(0)));
    let mut sending = JoinSet::new();
    for connection in connections {
        sending.spawn(send(connection, load, began, Arc::clone(&turn)));
    }
    let mut each = Vec::new();
    while let Some(sent) = sending.join_next().await {
        each.extend(sent??);
    }
    ensure!(!each.is_empty(), "no request was answered");
    Ok(Took { each, all: began.elapsed() })
}

async fn send(mut connection: Connection, load: Load, began: Instant, turn: Arc<AtomicU32>) -> Result<Vec<Duration>> {
    let until = began + load.lasts;
    let mut each = Vec::new();
    loop {
        let mut sent = Instant::now();
        if let Some(per_second) = load.per_second {
            let due = began + Duration::from_secs_f64(f64::from(turn.fetch_add(1, Ordering::Relaxed)) / per_second);
            if due > sent {
                tokio::time::sleep_until(due.min(until)).await;
                // The timer is a little late now and then; that is not the server's time.
                sent = Instant::now();
            } else {
                // Every connection was busy when this request was due: what it waited for one is the server's time.
                sent = due;
            }
        }
        if Instant::now() >= until {
            return Ok(each);
        }
        let answer = connection.ask().await?;
        ensure!(answer.contains(&*connection.target.expected), "another answer: {answer}");
        each.push(sent.elapsed());
    }
}

/// One of the load's connections.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    target: Target,
    /// Which request is next; every connection begins at another one.
    next: usize,
}

impl Connection {
    pub(crate) async fn open(target: &Target, first: usize) -> Result<Self> {
        let stream = TcpStream::connect(&target.address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), target: target.clone(), next: first })
    }

    pub(crate) async fn ask(&mut self) -> Result<String> {
        let requests = &self.target.requests;
        self.stream.get_mut().write_all(&requests[self.next % requests.len()]).await?;
        self.next += 1;
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            ensure!(self.stream.read_line(&mut line).await? > 0, "the connection was closed");
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().with_context(|| header.to_owned())?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok(String::from_utf8(body)?)
    }
}

//! A way to PostgreSQL that loses the answer to one commit: the server has committed, and the client cannot know.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use capstan_storage::DatabaseUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinSet;

/// The simple query `commit` as it goes over the wire.
const COMMIT: &[u8] = b"Q\0\0\0\x0bcommit\0";

pub(crate) struct Proxy {
    listener: TcpListener,
    socket: PathBuf,
    database: String,
    armed: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) async fn open(url: &DatabaseUrl) -> anyhow::Result<Self> {
        let DatabaseUrl::Postgres(url) = url else { anyhow::bail!("only PostgreSQL has a way to it") };
        let (rest, dir) = url.split_once("?host=").context("a socket's directory")?;
        let database = rest.rsplit('/').next().context("a database")?.to_owned();
        let socket = Path::new(dir).join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self { listener, socket, database, armed: Arc::default() })
    }

    pub(crate) fn url(&self) -> anyhow::Result<DatabaseUrl> {
        let port = self.listener.local_addr()?.port();
        Ok(DatabaseUrl::Postgres(format!("postgres://postgres@127.0.0.1:{port}/{}?sslmode=disable", self.database)))
    }

    /// The answer to the next commit will be lost.
    pub(crate) fn lose_one(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// Whether an answer is still to be lost.
    pub(crate) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::SeqCst)
    }

    /// Carries connections until it is dropped.
    pub(crate) async fn carry(&self) -> anyhow::Result<()> {
        let mut connections = JoinSet::new();
        loop {
            let (client, _) = self.listener.accept().await?;
            let server = UnixStream::connect(&self.socket).await?;
            connections.spawn(relay(client, server, Arc::clone(&self.armed)));
        }
    }
}

async fn relay(mut client: TcpStream, mut server: UnixStream, armed: Arc<AtomicBool>) -> std::io::Result<()> {
    let (mut outward, mut inward) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut outward) => {
                let said = outward.get(..read?).unwrap_or_default();
                if said.is_empty() {
                    return Ok(());
                }
                server.write_all(said).await?;
                if said.windows(COMMIT.len()).any(|window| window == COMMIT) && armed.swap(false, Ordering::SeqCst) {
                    // The server has answered, so it has committed; both connections end here.
                    server.read_u8().await?;
                    return Ok(());
                }
            }
            read = server.read(&mut inward) => {
                let said = inward.get(..read?).unwrap_or_default();
                if said.is_empty() {
                    return Ok(());
                }
                client.write_all(said).await?;
            }
        }
    }
}

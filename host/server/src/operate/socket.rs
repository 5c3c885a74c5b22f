//! The operator's socket: a file in the data directory that only its owner can open. One line of JSON in, one line out.
//!
//! Who may open the file may do everything that an operator can: the data directory is readable by its owner alone, and so
//! is the socket. What the system says of the caller goes into the audit log.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::{Asked, Operator};
use crate::app::App;

/// The socket's name in the data directory.
const FILE: &str = "operator.sock";
/// Longest request: a whole price book.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// Longest that a request may take to arrive.
const WITHIN: Duration = Duration::from_secs(10);

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It was done; what was found or made.
    Done(Value),
    /// It was not done, and why.
    Refused(String),
}

/// Where the socket of a data directory is.
#[must_use]
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE)
}

/// Opens the socket. Whoever holds the data directory's lock may replace one that a dead process left.
///
/// # Errors
/// What the system says; a path of more than some 100 bytes is one reason.
pub(crate) fn open(data_dir: &Path) -> io::Result<UnixListener> {
    let path = path(data_dir);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(listener)
}

/// Serves until shutdown.
pub(crate) async fn serve(app: Arc<App>, operator: Operator, listener: UnixListener) {
    let operator = Arc::new(operator);
    loop {
        let accepted = tokio::select! {
            () = app.shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let operator = Arc::clone(&operator);
                app.tracker.spawn(async move {
                    if let Err(error) = answer(&operator, stream).await {
                        tracing::debug!(%error, "an operator's call was cut off");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the operator's socket does not accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(operator: &Operator, stream: UnixStream) -> io::Result<()> {
    let actor = actor(&stream);
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    let mut limited = BufReader::new(reading).take(MOST_BYTES);
    tokio::time::timeout(WITHIN, limited.read_line(&mut line)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    let reply = match serde_json::from_str::<Asked>(&line) {
        Ok(asked) => match operator.perform(&actor, asked).await {
            Ok(value) => Reply::Done(value),
            Err(error) => Reply::Refused(error.told()),
        },
        // The parser's text may repeat what it read, and secrets ride here.
        Err(error) => Reply::Refused(format!(
            "the request cannot be read (line {}, column {}); the command and the gateway may be of different versions",
            error.line(),
            error.column()
        )),
    };
    let mut text = serde_json::to_string(&reply).map_err(io::Error::other)?;
    text.push('\n');
    writing.write_all(text.as_bytes()).await
}

/// Who is at the other end, as the system knows them.
fn actor(stream: &UnixStream) -> String {
    match stream.peer_cred() {
        Ok(peer) => format!("uid {}", peer.uid()),
        Err(_) => "unknown".to_owned(),
    }
}

/// Who this process is, as the system knows it: for verbs on a data directory that nothing serves.
#[must_use]
pub fn own_actor() -> String {
    UnixStream::pair().map_or_else(|_| "unknown".to_owned(), |(here, _there)| actor(&here))
}

/// Asks the gateway that serves a data directory; `None` when nothing serves it.
///
/// # Errors
/// When something answers there and the call is cut off.
pub async fn ask(data_dir: &Path, asked: &Asked) -> io::Result<Option<Reply>> {
    let stream = match UnixStream::connect(path(data_dir)).await {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let (reading, mut writing) = stream.into_split();
    let mut text = serde_json::to_string(asked).map_err(io::Error::other)?;
    text.push('\n');
    writing.write_all(text.as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(reading).read_line(&mut line).await?;
    if line.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the gateway stopped before it answered"));
    }
    serde_json::from_str(&line).map(Some).map_err(io::Error::other)
}

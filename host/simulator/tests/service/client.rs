//! A client that shows every byte: one connection for each request, read to its end.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) const TURNSTILE: &str = "TurnstileTaskProxyless";

/// A create of this type by the default key.
pub(crate) fn create_body(kind: &str) -> Value {
    json!({
        "clientKey": "simulator",
        "task": {"type": kind, "websiteURL": "https://example.com/", "websiteKey": "0x4AAAAAAADnPIDROzbs0Aaj"}
    })
}

/// A whole reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_else(|_| panic!("no text: {self:?}"))
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Client {
    address: SocketAddr,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// What a POST is answered with, as JSON with status 200.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let reply = self.send("POST", path, body.to_string().as_bytes()).await.unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, body.to_string().as_bytes()).await.unwrap()
    }

    /// What a GET is answered with, as text with status 200.
    pub(crate) async fn get(&self, path: &str) -> String {
        let reply = self.send("GET", path, b"").await.unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.text().to_owned()
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &[u8]) -> io::Result<Reply> {
        let mut connection = self.open(method, path, ("close", body)).await?;
        whole_reply(&mut connection).await
    }

    /// Posts a body of this content type.
    pub(crate) async fn send_as(&self, content_type: &str, path: &str, body: &[u8]) -> Reply {
        let keeping = format!("close\r\ncontent-type: {content_type}");
        let mut connection = self.open("POST", path, (&keeping, body)).await.unwrap();
        whole_reply(&mut connection).await.unwrap()
    }

    /// Every byte that comes back on a connection that the client would keep, until the service closes it.
    pub(crate) async fn exchange(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let mut connection = self.open(method, path, ("keep-alive", body)).await.unwrap();
        rest_of(&mut connection).await.unwrap()
    }

    /// Sends a request with this `connection` header and body, and leaves the answer to the caller.
    pub(crate) async fn open(&self, method: &str, path: &str, sent: (&str, &[u8])) -> io::Result<TcpStream> {
        let (keeping, body) = sent;
        let mut connection = TcpStream::connect(self.address).await?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: simulator\r\nconnection: {keeping}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        connection.write_all(head.as_bytes()).await?;
        connection.write_all(body).await?;
        Ok(connection)
    }
}

async fn whole_reply(connection: &mut TcpStream) -> io::Result<Reply> {
    let bytes = rest_of(connection).await?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Ok(Reply { status, body: bytes[end + 4..].to_vec() })
}

/// Every byte until the other side closes the connection.
pub(crate) async fn rest_of(connection: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    timeout(Duration::from_secs(20), connection.read_to_end(&mut bytes)).await??;
    Ok(bytes)
}

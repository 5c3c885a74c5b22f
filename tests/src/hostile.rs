//! The hostile guest's surroundings: a provider that answers everything, and somebody who must hear nothing.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::extract::Request;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use crate::client::recaptcha;
use crate::gateway::Guest;

/// A provider on loopback that says yes to everything and notes what it heard.
pub struct Yes {
    /// Where it listens.
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

impl Yes {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        let router = Router::new().fallback(async move |request: Request| {
            let line = format!("{} {}", request.method(), request.uri());
            let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap_or_default();
            let line = format!("{line} {}", String::from_utf8_lossy(&body));
            notes.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            r#"{"errorId":0}"#
        });
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { address, heard, _serving: serving })
    }

    /// Its base URL.
    ///
    /// # Errors
    /// Never: an address makes a URL.
    pub fn url(&self) -> Result<Url> {
        Ok(Url::parse(&format!("http://{}", self.address))?)
    }

    /// Method, path and body of each request that it heard.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The credential at the hostile guest's provider.
pub const KEY: &str = "canary-credential-5d1c";

/// The hostile guest with a provider of its own, at this price in nano-dollars.
///
/// # Errors
/// As for [`Yes::url`].
pub fn guest(provider: &Yes, price: i64) -> Result<Guest> {
    Ok(Guest { package: "guest-hostile", url: provider.url()?, key: KEY, price })
}

/// A task that turns a switch; `at` is the address of somebody who must hear nothing.
#[must_use]
pub fn task(switch: &str, at: SocketAddr) -> Value {
    let mut task = recaptcha();
    task["websiteURL"] = json!(format!("https://site.example/?do={switch}&at={at}"));
    task
}

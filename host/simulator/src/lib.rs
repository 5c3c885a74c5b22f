//! A provider that speaks real wire formats, for development, tests and people who write clients.
//!
//! Here: one engine (keys and balances, tasks, charges, limits, failures), one module for each wire format
//! (anti-captcha's, 2captcha's classic one, capsolver's; [`WireFormat`] chooses), a log of everything that was received, and the handle that steers it all. One seed makes a run
//! repeatable: what happens to a key's n-th create does not depend on what else happens at the same time.
//!
//! Never here: a solver. Solutions are made up and say so. Nor anything of the gateway: this crate depends on no other
//! room, so that the gateway is tested against something that does not share its mistakes.
//!
//! Start reading at [`Settings`], then [`Simulator`], then `engine.rs`.
//!
//! ```
//! # async fn example() -> Result<(), capstan_simulator::Error> {
//! use capstan_simulator::{Create, Settings, Simulator};
//!
//! let simulator = Simulator::start(Settings::default()).await?;
//! simulator.control().script([Create::error("ERROR_NO_SLOT_AVAILABLE"), Create::AcceptAndLoseReply]);
//! println!("listening on {}", simulator.url());
//! simulator.stop().await;
//! # Ok(())
//! # }
//! ```

mod anti_captcha;
mod call;
mod capsolver;
mod checks;
mod control;
mod draw;
mod engine;
mod error;
mod fields;
mod http;
mod inspect;
mod latency;
mod log;
mod money;
mod plan;
mod script;
mod settings;
mod shared;
mod solution;
mod stats;
mod tasks;
mod two_captcha;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use crate::call::Family;
pub use crate::control::Control;
pub use crate::error::Error;
pub use crate::latency::Latency;
pub use crate::log::{Decision, Received};
pub use crate::money::{NotAnAmount, Usd};
pub use crate::script::{Create, Malformed, Outcome};
pub use crate::settings::{
    Behaviour, CreateFailures, Failures, KeySettings, Limits, PollFailures, Published, Settings, SolveFailures,
};
use crate::shared::Shared;
pub use crate::stats::{Stats, TaskCounts};
pub use crate::wire::{NotAWireFormat, WireFormat};

/// How long stopping waits for connections to close before it stops waiting.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// A running simulator. Dropping it stops it.
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    work: JoinSet<()>,
}

impl Simulator {
    /// Starts a simulator on the address in the settings; it accepts connections when this returns.
    ///
    /// # Errors
    ///
    /// [`Error::Behaviour`] where a setting makes no sense, [`Error::Listen`] where the address cannot be listened on.
    pub async fn start(settings: Settings) -> Result<Self, Error> {
        if let Some(fault) = settings.behaviour.fault() {
            return Err(Error::Behaviour(fault.to_owned()));
        }
        let unheard = |source| Error::Listen { address: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).await.map_err(unheard)?;
        let address = listener.local_addr().map_err(unheard)?;
        // Answers are small and each is waited for.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "answers on this connection may be late");
            }
        });

        let shared = Arc::new(Shared::new(&settings));
        let service = http::router(Arc::clone(&shared)).into_make_service_with_connect_info::<SocketAddr>();
        let stop = Arc::clone(&shared);
        let mut work = JoinSet::new();
        work.spawn(async move {
            let server = axum::serve(listener, service).with_graceful_shutdown(async move { stop.stopped().await });
            if let Err(error) = server.await {
                tracing::error!(%error, "the simulator has ended");
            }
        });
        Ok(Self { shared, address, work })
    }

    /// Where it listens, such as `http://127.0.0.1:40123`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address on which it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The handle that steers it.
    #[must_use]
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.shared))
    }

    /// Stops listening and closes every connection; requests that are open get no answer.
    pub async fn stop(mut self) {
        self.shared.stop();
        let ended = tokio::time::timeout(STOP_PATIENCE, self.work.join_next()).await;
        if ended.is_err() {
            tracing::warn!("a connection to the simulator stays open; it is no longer served");
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // Connections are served apart from the task that listens; this is what reaches them.
        self.shared.stop();
    }
}

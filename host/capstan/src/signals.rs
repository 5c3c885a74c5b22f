//! What a running command is told by signals: to stop (SIGTERM, Ctrl-C), to stop at once (either again), to read its
//! certificate again (SIGHUP).

use anyhow::{Result, bail};
use capstan_server::gateway::Gateway;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals from now on. They are caught from the making of this on, so make it when there is something to be stopped in
/// order: before, a signal ends the process as it always does.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(unix)]
    hang_up: Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn catch() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next word to stop.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        Ok(())
    }

    /// Waits for the next word, whichever it is; whether it is to stop.
    async fn next(&mut self) -> Result<bool> {
        Ok(tokio::select! {
            _ = self.interrupt.recv() => true,
            _ = self.terminate.recv() => true,
            _ = self.hang_up.recv() => false,
        })
    }
}

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn catch() -> Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next word to stop.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        Ok(tokio::signal::ctrl_c().await?)
    }

    /// Waits for the next word, which can only be to stop.
    async fn next(&mut self) -> Result<bool> {
        self.stop().await.map(|()| true)
    }
}

/// Lets a gateway run until it is told to stop, and stops it in order; a second word stops it at once.
///
/// # Errors
/// When it was stopped at once.
pub(crate) async fn run_until_told(gateway: Gateway, mut signals: Signals) -> Result<()> {
    while !signals.next().await? {
        gateway.renew_certificate();
    }
    tracing::info!("told to stop; work under way ends first, a second signal cuts it off");
    tokio::select! {
        () = gateway.stop() => Ok(()),
        told = signals.stop() => {
            told?;
            bail!("stopped at once by a second signal; work under way was cut off")
        }
    }
}

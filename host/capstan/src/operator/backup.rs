//! `capstan backup` and `capstan restore`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use capstan_server::operate::Verb;
use capstan_server::restore::{self, RestoreAsked};
use clap::Args;

use super::args::Connection;
use super::{Order, input, show, spinner};
use crate::serve::{self, Chosen};

/// Arguments of `capstan backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Which gateway.
    #[command(flatten)]
    pub connection: Connection,
    /// The file to make, on the machine of the gateway.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Arguments of `capstan restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Which gateway.
    #[command(flatten)]
    pub connection: Connection,
    /// The backup.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Put it in the place of the accounts and tasks that are there. SQLite's file of before is kept beside it; in PostgreSQL
    /// what is Capstan's own is dropped.
    #[arg(long)]
    pub replace: bool,
}

/// The order to take a backup.
pub(crate) fn order(args: BackupArgs) -> Result<(Connection, Order)> {
    let file = input::whole_path(&args.file)?;
    Ok((args.connection, Order::new(Verb::Backup { file }, show::View::Record)))
}

/// Restores a backup and shows what was found.
///
/// # Errors
/// Why it was not restored.
pub(crate) async fn restore(args: RestoreArgs) -> Result<()> {
    let RestoreArgs { connection, file, replace } = args;
    let Chosen { settings, key } = serve::choose(&connection)?;
    let bar = spinner("restoring; the ledger is checked at the end");
    let asked = RestoreAsked { file, replace, reason: connection.reason };
    let restored = restore::restore(&settings, key?, asked).await;
    bar.finish_and_clear();
    let answer = restored.context("not restored")?;
    let text = if connection.json { serde_json::to_string(&answer)? } else { show::View::Record.text(&answer) };
    crate::say(text.trim_end());
    Ok(())
}

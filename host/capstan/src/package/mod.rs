//! The verbs on packages: files in, files out. `trust enforce` and `trust in-force` alone ask a gateway; push, pull and search alone use the network.

pub mod args;
mod files;
mod index;
mod pack;
mod remote;
mod trust;

use anyhow::Result;
use capstan_package::Moment;
use capstan_server::clock;
use capstan_server::operate::Verb;
use serde_json::Value;

use crate::operator::args::Connection;
use crate::operator::show::View;
use crate::operator::{self, Order};
use args::{PackageCommand, TrustCommand};

/// Does what is asked, and shows what came of it.
///
/// # Errors
/// Why it was not done.
pub(crate) async fn run(command: PackageCommand, connection: &Connection) -> Result<()> {
    let is_json = connection.json;
    match command {
        PackageCommand::Keygen { out, passphrase_file } => {
            show(is_json, &pack::keygen(&out, passphrase_file.as_deref())?);
        }
        PackageCommand::Rotate(args) => show(is_json, &trust::rotate(&args)?),
        PackageCommand::Pack(args) => show(is_json, &pack::pack(args).await?),
        PackageCommand::Sign { package, key, passphrase_file } => {
            show(is_json, &pack::sign(&package, &key, passphrase_file.as_deref())?);
        }
        PackageCommand::Push { package, reference, login } => {
            show(is_json, &remote::push(&package, reference, &login).await?);
        }
        PackageCommand::Pull { reference, out, login } => {
            show(is_json, &remote::pull(reference, out, &login).await?);
        }
        PackageCommand::Verify { package, trust, newest, allow_downgrade } => {
            let believed = pack::verify(&package, &trust.trust, newest, allow_downgrade).await;
            if let (true, Some(refused)) = (is_json, believed.as_ref().err().and_then(pack::refused)) {
                crate::say(&refused.to_string());
            }
            show(is_json, &believed?);
        }
        PackageCommand::Search(args) => {
            let found = index::search(&args).await?;
            crate::say(&if is_json { found.to_string() } else { index::text(&found) });
        }
        PackageCommand::Index(args) => show(is_json, &index::make(&args)?),
        PackageCommand::Trust { trust, command: TrustCommand::Enforce } => {
            let document = serde_json::to_string(&files::trust(&trust.trust)?)?;
            operator::run(connection.clone(), Order::new(Verb::AdapterTrust { document }, View::Record)).await?;
        }
        PackageCommand::Trust { command: TrustCommand::InForce, .. } => {
            operator::run(connection.clone(), Order::new(Verb::AdapterTrusted, View::Record)).await?;
        }
        PackageCommand::Trust { trust, command } => {
            let (answer, view) = trust::run(&trust.trust, command, connection.reason.as_deref())?;
            crate::say(&if is_json { answer.to_string() } else { view.text(&answer).trim_end().to_owned() });
        }
    }
    Ok(())
}

fn show(is_json: bool, answer: &Value) {
    crate::say(&if is_json { answer.to_string() } else { View::Record.text(answer).trim_end().to_owned() });
}

fn now() -> Moment {
    Moment::from_ms(clock::now_ms())
}

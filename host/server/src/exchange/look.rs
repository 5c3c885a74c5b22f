//! How a contributed credential's provider is asked whether it works and what it has.

use std::sync::Arc;

use capstan_domain::adapter::{Fault, FaultClass};
use capstan_domain::exchange::{CredentialStatus, Happening, LEAST_BALANCE};
use capstan_domain::{Amount, CredentialId};
use capstan_storage::Look;

use super::life::{self, Happens};
use super::{ExchangeError, care, words};
use crate::app::App;
use crate::clock;
use crate::providers::{self, Credential, Provider};
use crate::tasks::{BalanceTold, ask_balance};

/// What a look has found.
pub(crate) enum Found {
    /// So much is there.
    Funds(Amount),
    /// Its provider does not accept it, in its own words.
    Refused(String),
    /// Its provider says that nothing is there.
    Nothing,
    /// Nothing: the provider could not be asked.
    Unknown(String),
}

/// Asks the provider of a contributed credential, and lets what it says happen to it. Answers how the credential stands then.
pub(crate) async fn look(app: &Arc<App>, id: CredentialId) -> Result<CredentialStatus, ExchangeError> {
    let (row, contribution) = life::find(&app.store, id).await?;
    if !row.status.is_looked_at() {
        return Ok(row.status);
    }
    // A provider that is out of use, or not open to contribution any more, is left alone, and so is who is suspended; and an
    // adapter gets nothing that the owner has not agreed to.
    let is_open = |provider: &Provider| provider.is_in_use() && provider.contribution_note.is_some();
    let found = app.snapshot.load().find(id).filter(|(provider, _)| row.owner_is_active && is_open(provider));
    let found = found.filter(|(_, credential)| credential.awaits.is_empty());
    let Some((provider, credential)) = found else {
        note(app, (id, 1), contribution.unfit_looks).await?;
        return Ok(row.status);
    };
    let told = ask(app, &provider, &credential).await;
    let least = LEAST_BALANCE.plus(contribution.limits.reserve).unwrap_or(LEAST_BALANCE);
    let (happening, reason) = match told {
        Found::Funds(balance) if balance >= least => (Happening::Funded, None),
        Found::Funds(balance) => {
            let why = format!("It has {balance} USD at its provider; {least} are needed, the reserve included.");
            (Happening::OutOfFunds, Some(why))
        }
        Found::Nothing => (Happening::OutOfFunds, Some("Its provider says that nothing is left on it.".to_owned())),
        Found::Refused(why) => (Happening::Refused, Some(format!("Its provider does not accept it: {why}."))),
        Found::Unknown(why) => {
            tracing::info!(credential.id = %id, why, "a contributed credential could not be looked at");
            note(app, (id, provider.time_scale), contribution.unfit_looks.saturating_add(1)).await?;
            return Ok(row.status);
        }
    };
    let is_fit = happening == Happening::Funded;
    let what = Happens { happening, reason, actor: words::GATEWAY, time_scale: provider.time_scale };
    let status = life::happens(app, id, &what).await?;
    if status == row.status {
        let unfit = if is_fit { 0 } else { contribution.unfit_looks.saturating_add(1) };
        note(app, (id, provider.time_scale), unfit).await?;
    }
    Ok(status)
}

/// Takes down that nothing has changed, and when the next look is due.
async fn note(app: &App, (credential, time_scale): (CredentialId, u32), unfit: u32) -> Result<(), ExchangeError> {
    let look_at_ms = clock::now_ms().saturating_add(life::wait_ms(unfit, time_scale));
    Ok(app.store.record_look(Look { credential, look_at_ms, unfit_looks: unfit }).await?)
}

async fn ask(app: &App, provider: &Provider, credential: &Credential) -> Found {
    match ask_balance(app, provider, credential).await {
        BalanceTold::Money(money) => match providers::dollars(&money) {
            Some(balance) => Found::Funds(balance),
            None => Found::Refused(format!("its balance is in {}, and only US dollars can be lent", money.currency)),
        },
        BalanceTold::Failed(fault) => of_fault(&fault),
        BalanceTold::CutOff => Found::Unknown("its provider could not be asked".to_owned()),
    }
}

fn of_fault(fault: &Fault) -> Found {
    match fault.class {
        FaultClass::CredentialRejected => Found::Refused(care::shown(&fault.code).to_owned()),
        FaultClass::CredentialOutOfFunds => Found::Nothing,
        FaultClass::InvalidTask
        | FaultClass::Unsolvable
        | FaultClass::NotSupported
        | FaultClass::Throttled(_)
        | FaultClass::NoCapacity
        | FaultClass::ProviderDown
        | FaultClass::InDoubt => Found::Unknown(fault.class.as_str().to_owned()),
    }
}

//! What is done for contributed credentials without anybody asking: looks that are due, secrets that are not needed any more,
//! and what a task's fault says about a credential.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use capstan_domain::CredentialId;
use capstan_domain::adapter::FaultClass;
use capstan_domain::exchange::Happening;
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use uuid::Uuid;

use super::life::{self, Happens};
use super::{ExchangeError, agree, look, words};
use crate::app::App;
use crate::operate::shown_time;
use crate::providers::{Credential, Provider};
use crate::{clock, standing, workers};

/// Longest between two rounds.
const EVERY: Duration = Duration::from_secs(5);
/// Within so many milliseconds every node has followed a change.
const FOLLOWED_WITHIN_MS: i64 = 15_000;
/// Looks in one round, and how many at once.
const MOST_LOOKS: u32 = 32;
const AT_ONCE: usize = 4;
/// A provider that asks for a rest of at least this, in its own time, has shut the credential out for a while: its owner is told.
const SHUT_OUT_MS: u32 = 60_000;

/// Looks after contributed credentials, on one node for all.
pub(crate) async fn keep(app: Arc<App>) {
    let mut told = HashSet::new();
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = app.exchange.wake.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
        if workers::is_the_one(&app)
            && let Err(error) = round(&app, &mut told).await
        {
            // What was not done now is due at the next round.
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "contributed credentials could not be looked after"
            );
        }
    }
}

async fn round(app: &Arc<App>, told: &mut HashSet<Uuid>) -> Result<(), ExchangeError> {
    if let Err(error) = agree::tell(app, told).await {
        tracing::error!(error = &error as &dyn std::error::Error, "owners could not be told what waits for them");
    }
    if let Err(error) = destroy_drained(app).await {
        tracing::error!(error = &error as &dyn std::error::Error, "withdrawn credentials could not be destroyed");
    }
    let due = app.store.list_due_looks(clock::now_ms(), MOST_LOOKS).await?;
    let looks = stream::iter(due).map(|credential| {
        let app = Arc::clone(app);
        async move { (credential, look::look(&app, credential).await) }
    });
    let mut looks = looks.buffer_unordered(AT_ONCE);
    while let Some((credential, looked)) = looks.next().await {
        if let Err(error) = looked {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(credential.id = %credential, error, "a contributed credential could not be looked at");
        }
    }
    Ok(())
}

/// Destroys the secrets of withdrawn credentials that no task needs any more.
pub(crate) async fn destroy_drained(app: &Arc<App>) -> Result<(), ExchangeError> {
    // Other nodes follow a withdrawal within seconds, and may still begin a task until then.
    let is_alone = app.shards.load().are_all();
    let withdrawn_by_ms = clock::now_ms().saturating_sub(if is_alone { 0 } else { FOLLOWED_WITHIN_MS });
    let drained = app.store.list_drained(withdrawn_by_ms).await?;
    for &credential in &drained {
        if app.store.destroy_credential(words::event(credential, "destroyed", &json!({}))).await? {
            tracing::info!(credential.id = %credential, "the secret of a withdrawn credential was destroyed");
        }
    }
    if !drained.is_empty() {
        app.reload().await?;
    }
    Ok(())
}

/// Takes down what a provider said to a task of others about a contributed credential itself. The owner is told, and what
/// does not work is taken out of use at once: more tasks would only make it worse.
pub(crate) fn heard(app: &Arc<App>, provider: &Provider, credential: &Credential, (class, code): (FaultClass, &str)) {
    let Some(lent) = &credential.lent else { return };
    let (happening, reason) =
        match class {
            FaultClass::CredentialRejected => {
                (Happening::Refused, format!("Its provider does not accept it: {}.", shown(code)))
            }
            FaultClass::CredentialOutOfFunds => {
                (Happening::OutOfFunds, "Its provider says that nothing is left on it.".to_owned())
            }
            FaultClass::Throttled(Some(after_ms)) if after_ms >= SHUT_OUT_MS => {
                let until_ms = clock::now_ms().saturating_add(standing::rest_ms(Some(after_ms), provider).into());
                let said = json!({"until": shown_time(until_ms), "code": shown(code)});
                let (store, event) = (app.store.clone(), words::event(credential.id, "rests", &said));
                // The router lets it rest for as long.
                return once(app, credential.id, &lent.is_told, async move {
                    Ok(store.record_credential_event(event).await?)
                });
            }
            FaultClass::Throttled(_)
            | FaultClass::InvalidTask
            | FaultClass::Unsolvable
            | FaultClass::NotSupported
            | FaultClass::NoCapacity
            | FaultClass::ProviderDown
            | FaultClass::InDoubt => return,
        };
    let (held, id, time_scale) = (Arc::clone(app), credential.id, provider.time_scale);
    once(app, id, &lent.is_told, async move {
        let what = Happens { happening, reason: Some(reason), actor: words::GATEWAY, time_scale };
        life::happens(&held, id, &what).await.map(drop)
    });
}

/// Takes it down beside the task that found it out: of many that find it out together one is enough.
fn once(
    app: &App,
    id: CredentialId,
    is_told: &Arc<AtomicBool>,
    telling: impl Future<Output = Result<(), ExchangeError>> + Send + 'static,
) {
    if is_told.swap(true, Ordering::Relaxed) {
        return;
    }
    let is_told = Arc::clone(is_told);
    app.tracker.spawn(async move {
        if let Err(error) = telling.await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(credential.id = %id, error, "what a provider said of a contributed credential could not be taken down");
        }
        is_told.store(false, Ordering::Relaxed);
    });
}

/// A provider's code, as far as it is one: whatever else a provider writes there is not passed on.
pub(super) fn shown(code: &str) -> &str {
    let is_code =
        !code.is_empty() && code.len() <= 60 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if is_code { code } else { "without a code" }
}

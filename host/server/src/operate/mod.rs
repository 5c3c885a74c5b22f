//! The operator's use cases: each verb of the command line is one function here, whoever calls it.
//!
//! A verb comes over the running gateway's socket ([`socket`]) or, where nothing runs, from a process that holds the data
//! directory's lock. Either way it is performed by [`Operator::perform`]: what is asked is checked, the change and its line
//! in the audit log are one transaction, and what was changed is in force when the answer is given.
//!
//! Answers are JSON; how they look on a terminal is the command's affair.

mod abuse;
mod accounts;
mod adapters;
mod backup;
mod check;
pub(crate) mod credentials;
mod doubts;
mod error;
mod exchange;
mod keys;
mod money;
mod policy;
mod prices;
mod providers;
mod quotes;
mod refunds;
mod routing;
pub(crate) mod seed;
pub mod socket;
mod tasks;
pub(crate) mod times;
pub(crate) mod transcript;
pub(crate) mod trust;
mod verb;

use std::sync::Arc;

use capstan_domain::Amount;
use capstan_domain::policy::Action;
use capstan_egress::{Egress, EgressError, EgressSettings, Vault};
use capstan_storage::{Applied, Change, NewAudit, Store};
use serde_json::{Value, json};

pub use error::OperateError;
pub use exchange::ExchangeVerb;
pub use seed::{
    CredentialDraft, add_account, add_credential, add_key, bind_credentials, create_account, create_key, top_up,
};
pub(crate) use times::shown as shown_time;
pub use verb::{
    Asked, Check, HandMoved, Install, KeyChange, PriceLine, ProviderChange, RefundChange, RuleLine, StatementQuestion,
    SurchargeLine, Verb,
};

use crate::adapters::Adapters;
use crate::app::App;
use crate::clock;
use crate::gateway::OpenGateway;
use crate::metrics::MoneyMoved;

/// Who performs verbs: the parts of a gateway that they need.
pub struct Operator {
    store: Store,
    vault: Arc<Vault>,
    egress: Egress,
    adapters: Arc<Adapters>,
    running: Option<Arc<App>>,
    allow_loopback: bool,
    /// One change at a time: some are made of what was in force before (a price book, a key's settings).
    turn: tokio::sync::Mutex<()>,
}

/// One verb under way: who asked for it, and why.
struct Call<'c> {
    operator: &'c Operator,
    actor: &'c str,
    reason: Option<&'c str>,
}

impl Operator {
    /// For a gateway that runs in this process.
    ///
    /// # Errors
    /// [`EgressError`] when the outward client for checks cannot be made.
    pub fn running(app: &Arc<App>) -> Result<Self, EgressError> {
        Ok(Self {
            store: app.store.clone(),
            vault: Arc::clone(&app.vault),
            egress: Egress::new(Arc::clone(&app.vault), EgressSettings::default())?,
            adapters: Arc::clone(&app.adapters),
            running: Some(Arc::clone(app)),
            allow_loopback: app.allow_loopback_providers,
            turn: tokio::sync::Mutex::new(()),
        })
    }

    /// For a gateway that is open and does not run: nothing has to be told that something changed.
    ///
    /// # Errors
    /// [`EgressError`] when the outward client for checks cannot be made.
    pub fn offline(open: &OpenGateway) -> Result<Self, EgressError> {
        Ok(Self {
            store: open.store.clone(),
            vault: Arc::clone(&open.vault),
            egress: Egress::new(Arc::clone(&open.vault), EgressSettings::default())?,
            adapters: Arc::clone(&open.adapters),
            running: None,
            allow_loopback: open.settings.allow_loopback_providers,
            turn: tokio::sync::Mutex::new(()),
        })
    }

    /// Performs a verb and answers with what it found or made.
    ///
    /// # Errors
    /// [`OperateError`]; then nothing was changed.
    #[expect(clippy::too_many_lines, reason = "a line for each verb, all in one place")]
    pub async fn perform(&self, actor: &str, asked: Asked) -> Result<Value, OperateError> {
        let call = Call { operator: self, actor, reason: asked.reason.as_deref() };
        // These take as long as a provider or a disk does; they change nothing and keep nobody waiting.
        if let Verb::ProviderCheck(check) = asked.verb {
            return check::check(&call, check).await;
        }
        if let Verb::Backup { file } = asked.verb {
            return backup::back_up(&call, &file).await;
        }
        // Nor does what reads all of the books, or much of them.
        if matches!(asked.verb, Verb::LedgerVerify) {
            return money::verify(self).await;
        }
        let _turn = self.turn.lock().await;
        match asked.verb {
            Verb::AccountCreate { name } => accounts::create(&call, &name).await,
            Verb::AccountList => accounts::list(self).await,
            Verb::AccountTopup { account, amount, reference } => {
                accounts::top_up(&call, &account, &amount, &reference).await
            }
            Verb::AccountShow { account } => money::show(self, &account).await,
            Verb::AccountStatement(question) => money::statement(self, &question).await,
            Verb::AccountMove { what, account, amount, reference } => {
                money::by_hand(&call, what, &account, (&amount, &reference)).await
            }
            Verb::EarningTakeBack { attempt } => money::take_back(&call, &attempt).await,
            Verb::AccountSuspend { account } => accounts::suspend(&call, &account).await,
            Verb::AccountResume { account } => accounts::resume(&call, &account).await,
            Verb::AccountClose { account, keep_balance } => accounts::close(&call, &account, keep_balance).await,
            Verb::AccountPool { account, pool } => accounts::pool(&call, &account, &pool).await,
            Verb::KeyCreate { account, change } => keys::create(&call, &account, &change).await,
            Verb::KeyList { account } => keys::list(self, account.as_deref()).await,
            Verb::KeyShow { key } => keys::show(self, &key).await,
            Verb::KeyEdit { key, change } => keys::edit(&call, &key, &change).await,
            Verb::KeyRevoke { key } => keys::revoke(&call, &key).await,
            Verb::CredentialAdd { provider, label, fields } => {
                credentials::add(&call, credentials::New { provider, label, fields }).await
            }
            Verb::CredentialList { provider } => credentials::list(self, provider.as_deref()).await,
            Verb::CredentialDisable { credential } => credentials::disable(&call, &credential).await,
            Verb::CredentialEnable { credential } => credentials::enable(&call, &credential).await,
            Verb::CredentialRotate { credential, fields } => credentials::rotate(&call, &credential, fields).await,
            Verb::Exchange { exchange } => exchange::perform(&call, exchange).await,
            Verb::ProviderSet { provider, change } => providers::set(&call, &provider, &change).await,
            Verb::ProviderList => providers::list(self).await,
            Verb::ProviderBalances => providers::balances(self).await,
            Verb::ProviderCheck(_) | Verb::Backup { .. } | Verb::LedgerVerify => {
                Err(OperateError::Internal("it was handed on".to_owned()))
            }
            Verb::PriceSet { line } => prices::set(&call, &line).await,
            Verb::PriceList => prices::list(self).await,
            Verb::PriceImport { lines } => prices::import(&call, &lines).await,
            Verb::PriceTest { task_type, task, provider } => {
                quotes::test(self, quotes::Question { task_type, task, provider }).await
            }
            Verb::PriceDrift { since } => quotes::drift(self, &since).await,
            Verb::AdapterList => adapters::list(self).await,
            Verb::AdapterInstall(install) => adapters::install(&call, &install).await,
            Verb::AdapterAdmissions { provider, most } => trust::admissions(self, provider.as_deref(), most).await,
            Verb::AdapterTrust { document } => trust::put(&call, &document).await,
            Verb::AdapterTrusted => trust::shown(self).await,
            Verb::AdapterPromote { provider } => adapters::promote(&call, &provider).await,
            Verb::AdapterRollback { provider, to } => adapters::roll_back(&call, &provider, to).await,
            Verb::AdapterUnload { provider } => adapters::unload(&call, &provider).await,
            Verb::AdapterHistory { provider } => adapters::history(self, &provider).await,
            Verb::RoutingShow => routing::show(self).await,
            Verb::RoutingSet { pool, family_pools, priority } => {
                routing::set(&call, routing::Change { pool, family_pools, priority }).await
            }
            Verb::RefundsShow => refunds::show(self).await,
            Verb::RefundsSet { change } => refunds::set(&call, change).await,
            Verb::RefundsList { account, since } => refunds::list(self, account.as_deref(), &since).await,
            Verb::TaskList { account, most } => tasks::list(self, account.as_deref(), most).await,
            Verb::TaskShow { task } => tasks::show(self, &task).await,
            Verb::TaskDoubts { since } => doubts::list(self, &since).await,
            Verb::AuditList { before, most } => tasks::audit(self, before, most).await,
            Verb::PolicyList { account, key, origin } => {
                policy::list(self, policy::Filter { account, key, origin }).await
            }
            Verb::PolicyAdd { rule } => policy::put(&call, &rule, Action::Deny).await,
            Verb::PolicyAllow { rule } => policy::put(&call, &rule, Action::Allow).await,
            Verb::PolicyRemove { rule } => policy::remove(&call, &rule).await,
            Verb::PolicyRestore { pattern } => policy::restore(&call, &pattern).await,
            Verb::PolicyTest { url, site_key, account, key } => {
                policy::test(self, policy::Question { url, site_key, account, key }).await
            }
            Verb::AbuseFind { domain, site_key, since, most } => {
                abuse::find(&call, abuse::Report { domain, site_key, since, most }).await
            }
        }
    }

    /// Counts money that a verb has moved, in a gateway that runs.
    fn count_moved(&self, moved: MoneyMoved, amount: Amount) {
        if let Some(app) = &self.running {
            app.metrics.moved(moved, amount);
        }
    }

    /// Puts what was changed in force in this process.
    async fn put_in_force(&self) -> Result<(), OperateError> {
        match &self.running {
            Some(app) => app.reload().await.map_err(OperateError::Reload),
            None => Ok(()),
        }
    }
}

impl Call<'_> {
    /// Makes a change, writes it down in the audit log, puts it in force.
    async fn change(
        &self,
        action: &'static str,
        target: String,
        detail: Value,
        change: Change,
    ) -> Result<Applied, OperateError> {
        let line = self.line(action, target, detail);
        let applied = self.operator.store.apply(change, line).await?.map_err(OperateError::Refused)?;
        self.operator.put_in_force().await?;
        Ok(applied)
    }

    fn line(&self, action: &'static str, target: String, mut detail: Value) -> NewAudit {
        if let (Some(reason), Some(fields)) = (self.reason, detail.as_object_mut()) {
            fields.insert("reason".to_owned(), json!(reason));
        }
        audit_line(self.actor, action, (target, &detail))
    }
}

/// A line for the audit log: who did it now, what, to what.
pub(crate) fn audit_line(actor: &str, action: &str, (target, detail): (String, &Value)) -> NewAudit {
    NewAudit {
        id: clock::new_uuid(),
        at_ms: clock::now_ms(),
        actor: actor.to_owned(),
        action: action.to_owned(),
        target,
        detail: detail.to_string(),
    }
}

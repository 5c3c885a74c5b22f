//! The operator's verbs: a command line becomes a verb, the verb goes to the gateway that runs, and the answer is shown.
//!
//! With no gateway running on the data directory, this process locks it and performs the verb itself.

pub mod args;
pub mod backup;
mod columns;
pub mod exchange_args;
pub(crate) mod input;
pub mod money_args;
pub mod policy_args;
pub mod price_args;
pub mod refund_args;
pub(crate) mod show;
pub mod task_args;

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use capstan_server::gateway::OpenGateway;
use capstan_server::operate::socket::{self, Reply};
use capstan_server::operate::{Asked, Check, Install, Operator, PriceLine, Verb};
use indicatif::ProgressBar;
use serde_json::Value;

use crate::serve::{self, Chosen};
use args::{AdapterCommand, AuditCommand, Connection, CredentialCommand, KeyCommand, ProviderCommand, RoutingCommand};
use exchange_args::{ExchangeCommand, TokenCommand};
use money_args::{AccountCommand, EarningCommand, LedgerCommand};
use policy_args::{AbuseCommand, PolicyCommand};
use price_args::{PriceArgs, PriceCommand};
use refund_args::RefundCommand;
use task_args::TaskCommand;

/// A verb, how its answer is shown, and where a transcript of it goes.
pub struct Order {
    verb: Verb,
    view: show::View,
    transcript: Option<std::path::PathBuf>,
}

impl Order {
    pub(crate) fn new(verb: Verb, view: show::View) -> Self {
        Self { verb, view, transcript: None }
    }
}

/// Performs an order and shows the answer.
///
/// # Errors
/// Why it was not performed.
pub(crate) async fn run(connection: Connection, order: Order) -> Result<()> {
    let Order { verb, view, transcript } = order;
    let bar = if matches!(verb, Verb::ProviderCheck(_)) {
        spinner("asking the provider; a solve takes up to three minutes")
    } else if matches!(verb, Verb::Backup { .. }) {
        spinner("writing the backup; the gateway works on")
    } else if matches!(verb, Verb::LedgerVerify) {
        spinner("recomputing the books; a million entries take some seconds")
    } else {
        ProgressBar::hidden()
    };
    let answer = perform(&connection, Asked { verb, reason: connection.reason.clone() }).await;
    bar.finish_and_clear();
    let mut answer = answer?;
    if let Some(path) = &transcript {
        let said = answer.as_object_mut().and_then(|fields| fields.remove("transcript")).unwrap_or_default();
        let text = serde_json::to_string_pretty(&said)?;
        std::fs::write(path, text + "\n").with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let text = if connection.json { serde_json::to_string(&answer)? } else { view.text(&answer) };
    crate::say(text.trim_end());
    if let Some(cursor) = show::next_page(&answer).filter(|_| !connection.json) {
        tell_next(cursor);
    }
    match show::failure(&answer) {
        Some(why) => bail!("the check failed: {why}"),
        None => Ok(()),
    }
}

/// Where the next page is, beside the answer: it is no line of it.
#[expect(clippy::print_stderr, reason = "stdout may be going to a file")]
fn tell_next(cursor: &str) {
    eprintln!("There is more: --cursor {cursor}");
}

/// A sign of life on a terminal during long work.
pub(crate) fn spinner(message: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(message);
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}

async fn perform(connection: &Connection, asked: Asked) -> Result<Value> {
    let chosen = serve::choose(connection)?;
    let data_dir = chosen.settings.data_dir.clone();
    let called = socket::ask(&data_dir, &asked).await;
    let called = called.with_context(|| format!("the gateway on {} does not answer", data_dir.display()))?;
    match called {
        Some(Reply::Done(answer)) => Ok(answer),
        Some(Reply::Refused(why)) => Err(anyhow!(why)),
        None => perform_here(chosen, &data_dir, asked).await,
    }
}

/// No gateway runs: this process holds the data directory for as long as it takes.
async fn perform_here(chosen: Chosen, data_dir: &Path, asked: Asked) -> Result<Value> {
    let Chosen { settings, key } = chosen;
    if !data_dir.is_dir() {
        bail!("{} is no data directory; name it with --data or --config", data_dir.display());
    }
    let key =
        key.with_context(|| format!("no gateway runs on {}, so this command opens it itself", data_dir.display()))?;
    let open = OpenGateway::open(settings, key).await?;
    let operator = Operator::offline(&open)?;
    let actor = format!("{} (no gateway ran)", socket::own_actor());
    let answer = operator.perform(&actor, asked).await;
    open.store.close().await;
    answer.map_err(|error| anyhow!(error.told()))
}

pub(crate) fn account(command: AccountCommand) -> Order {
    use show::View;
    let view = match &command {
        AccountCommand::List => View::Table(columns::ACCOUNTS),
        AccountCommand::Statement { csv: true, .. } => View::Csv,
        AccountCommand::Statement { earnings: true, .. } => View::Lines(columns::EARNINGS_STATEMENT),
        AccountCommand::Statement { .. } => View::Lines(columns::STATEMENT),
        AccountCommand::Create { .. }
        | AccountCommand::Show { .. }
        | AccountCommand::Topup { .. }
        | AccountCommand::Adjust { .. }
        | AccountCommand::Payout { .. }
        | AccountCommand::Spend { .. }
        | AccountCommand::Suspend { .. }
        | AccountCommand::Resume { .. }
        | AccountCommand::Close { .. }
        | AccountCommand::Pool { .. } => View::Record,
    };
    Order::new(command.into(), view)
}

pub(crate) fn earning(command: EarningCommand) -> Order {
    match command {
        EarningCommand::TakeBack { attempt } => Order::new(Verb::EarningTakeBack { attempt }, show::View::Record),
    }
}

pub(crate) fn ledger(command: &LedgerCommand) -> Order {
    match command {
        LedgerCommand::Verify => Order::new(Verb::LedgerVerify, show::View::Ledger),
    }
}

pub(crate) fn key(command: KeyCommand) -> Order {
    use show::View;
    match command {
        KeyCommand::Create { account, settings } => {
            Order::new(Verb::KeyCreate { account, change: (*settings).into() }, View::NewKey)
        }
        KeyCommand::Show { key } => Order::new(Verb::KeyShow { key }, View::Record),
        KeyCommand::List { account } => Order::new(Verb::KeyList { account }, View::Table(columns::KEYS)),
        KeyCommand::Edit { key, settings } => {
            Order::new(Verb::KeyEdit { key, change: (*settings).into() }, View::Record)
        }
        KeyCommand::Revoke { key } => Order::new(Verb::KeyRevoke { key }, View::Record),
    }
}

pub(crate) fn credential(command: CredentialCommand) -> Result<Order> {
    use show::View;
    Ok(match command {
        CredentialCommand::Add { provider, label } => {
            let fields = input::secret_fields()?;
            Order::new(Verb::CredentialAdd { provider, label, fields }, View::Record)
        }
        CredentialCommand::List { provider } => {
            Order::new(Verb::CredentialList { provider }, View::Table(columns::CREDENTIALS))
        }
        CredentialCommand::Disable { credential } => Order::new(Verb::CredentialDisable { credential }, View::Record),
        CredentialCommand::Enable { credential } => Order::new(Verb::CredentialEnable { credential }, View::Record),
        CredentialCommand::Rotate { credential } => {
            let fields = input::secret_fields()?;
            Order::new(Verb::CredentialRotate { credential, fields }, View::Record)
        }
    })
}

pub(crate) fn exchange(command: ExchangeCommand) -> Order {
    use show::View;
    let view = match &command {
        ExchangeCommand::Token { command: TokenCommand::Create { .. } } => View::NewKey,
        ExchangeCommand::Token { command: TokenCommand::List { .. } } => View::Table(columns::TOKENS),
        ExchangeCommand::List { .. } => View::Table(columns::CONTRIBUTED),
        ExchangeCommand::Show { .. } => View::Contributed,
        ExchangeCommand::Claims => View::Table(columns::CLAIMS),
        ExchangeCommand::Payouts { .. } => View::Table(columns::PAYOUTS),
        ExchangeCommand::Token { command: TokenCommand::Revoke { .. } }
        | ExchangeCommand::Decide { .. }
        | ExchangeCommand::ReleaseEarnings { .. }
        | ExchangeCommand::TakeBackEarnings { .. }
        | ExchangeCommand::Pay { .. }
        | ExchangeCommand::Refuse { .. } => View::Record,
    };
    Order::new(command.into(), view)
}

pub(crate) fn provider(command: ProviderCommand) -> Result<Order> {
    use show::View;
    Ok(match command {
        ProviderCommand::Set { provider, settings } => {
            Order::new(Verb::ProviderSet { provider, change: settings.into() }, View::Record)
        }
        ProviderCommand::List => Order::new(Verb::ProviderList, View::Table(columns::PROVIDERS)),
        ProviderCommand::Balances => Order::new(Verb::ProviderBalances, View::Table(columns::BALANCES)),
        ProviderCommand::Check { provider, credential, task_type, task, max_cost, transcript } => {
            let task = task.map(|path| input::json_object(&path)).transpose()?;
            let check = Check { provider, credential, task_type, task, max_cost };
            Order { verb: Verb::ProviderCheck(check), view: View::Check, transcript }
        }
    })
}

pub(crate) fn price(command: PriceCommand) -> Result<Order> {
    use show::View;
    Ok(match command {
        PriceCommand::Set { provider, family, price, rule } => {
            let PriceArgs { pool, share_bp, minimum, billing, surcharge } = rule;
            let surcharges = surcharge.iter().map(|text| input::surcharge(text)).collect::<Result<_>>()?;
            let line = PriceLine { provider, family, pool, price, share_bp, minimum, billing, surcharges, line: None };
            Order::new(Verb::PriceSet { line }, View::Record)
        }
        PriceCommand::Test { task_type, task, provider } => {
            let task = task.map(|path| input::json_object(&path)).transpose()?;
            Order::new(Verb::PriceTest { task_type, task, provider }, View::Table(columns::QUOTES))
        }
        PriceCommand::Drift { since } => Order::new(Verb::PriceDrift { since }, View::Table(columns::DRIFT)),
        PriceCommand::List => Order::new(Verb::PriceList, View::Table(columns::PRICES)),
        PriceCommand::Import { file } => {
            Order::new(Verb::PriceImport { lines: input::price_lines(&file)? }, View::Record)
        }
    })
}

pub(crate) fn adapter(command: AdapterCommand) -> Result<Order> {
    use show::View;
    Ok(match command {
        AdapterCommand::List => Order::new(Verb::AdapterList, View::Table(columns::ADAPTERS)),
        AdapterCommand::Install { file, share, now, unsigned, allow_downgrade } => {
            let (file, share) = (input::whole_path(&file)?, (!now).then_some(share));
            let install = Install { file, share, unsigned, downgrade: allow_downgrade };
            Order::new(Verb::AdapterInstall(install), View::Record)
        }
        AdapterCommand::Admissions { provider, most } => {
            Order::new(Verb::AdapterAdmissions { provider, most }, View::Table(columns::ADMISSIONS))
        }
        AdapterCommand::Promote { provider } => Order::new(Verb::AdapterPromote { provider }, View::Record),
        AdapterCommand::Rollback { provider, to } => Order::new(Verb::AdapterRollback { provider, to }, View::Record),
        AdapterCommand::Unload { provider } => Order::new(Verb::AdapterUnload { provider }, View::Record),
        AdapterCommand::History { provider } => {
            Order::new(Verb::AdapterHistory { provider }, View::Table(columns::GENERATIONS))
        }
        AdapterCommand::Author(_) | AdapterCommand::Package(_) => bail!("it asks no gateway"),
    })
}

pub(crate) fn routing(command: RoutingCommand) -> Result<Order> {
    Ok(match command {
        RoutingCommand::Show => Order::new(Verb::RoutingShow, show::View::Record),
        RoutingCommand::Set { pool, family_pool, priority } => {
            let pair = |text: &String| {
                let (family, pool) = text.split_once('=').with_context(|| format!("{text:?} is not FAMILY=POOL"))?;
                Ok((family.to_owned(), pool.to_owned()))
            };
            let family_pools = family_pool.iter().map(pair).collect::<Result<_>>()?;
            Order::new(Verb::RoutingSet { pool, family_pools, priority }, show::View::Record)
        }
    })
}

pub(crate) fn refunds(command: RefundCommand) -> Order {
    use show::View;
    let view = match &command {
        RefundCommand::List { .. } => View::Table(columns::REFUNDS),
        RefundCommand::Show | RefundCommand::Set { .. } => View::Record,
    };
    Order::new(command.into(), view)
}

pub(crate) fn task(command: TaskCommand) -> Order {
    match command {
        TaskCommand::List { account, most } => {
            Order::new(Verb::TaskList { account, most }, show::View::Table(columns::TASKS))
        }
        TaskCommand::Show { task } => Order::new(Verb::TaskShow { task }, show::View::Task),
        TaskCommand::Doubts { since } => Order::new(Verb::TaskDoubts { since }, show::View::Doubts),
    }
}

pub(crate) fn audit(command: &AuditCommand) -> Order {
    match *command {
        AuditCommand::List { most, before } => {
            Order::new(Verb::AuditList { before, most }, show::View::Table(columns::AUDIT))
        }
    }
}

pub(crate) fn policy(command: PolicyCommand) -> Order {
    use show::View;
    let view = match &command {
        PolicyCommand::List { .. } => View::Table(columns::RULES),
        PolicyCommand::Test { .. } => View::Decision,
        PolicyCommand::Add { .. }
        | PolicyCommand::Allow { .. }
        | PolicyCommand::Remove { .. }
        | PolicyCommand::Restore { .. } => View::Record,
    };
    Order::new(command.into(), view)
}

pub(crate) fn abuse(command: AbuseCommand) -> Order {
    match command {
        AbuseCommand::Find { domain, site_key, since, most } => {
            let verb = Verb::AbuseFind { domain, site_key, since, most };
            Order::new(verb, show::View::Table(columns::TRACES))
        }
    }
}

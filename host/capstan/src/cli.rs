//! The command line. Doc comments are its help.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Result, bail};
use capstan_domain::route::SelectionMode;
use capstan_laboratory::scenario::FAMILIES;
use capstan_simulator::WireFormat;
use clap::{Args, Parser, Subcommand};

use crate::compile::CompileArgs;
pub use crate::logs::LogFormat;
use crate::operator::args::{
    AdapterCommand, AuditCommand, Connection, CredentialCommand, KeyCommand, ProviderCommand, RoutingCommand,
};
use crate::operator::backup::{self, BackupArgs, RestoreArgs};
use crate::operator::exchange_args::ExchangeCommand;
use crate::operator::money_args::{AccountCommand, EarningCommand, LedgerCommand};
use crate::operator::policy_args::{AbuseCommand, PolicyCommand};
use crate::operator::price_args::PriceCommand;
use crate::operator::refund_args::RefundCommand;
use crate::operator::task_args::TaskCommand;
use crate::operator::{self, Order};

/// A gateway for CAPTCHA-solving tasks: one API, many providers behind sandboxed adapters.
#[derive(Debug, Parser)]
#[command(name = "capstan", version, max_term_width = 100)]
pub struct Cli {
    /// What to log to stderr, as tracing filters, such as `info` or `capstan_server=debug`.
    #[arg(long, global = true, env = "CAPSTAN_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// How log lines look.
    #[arg(long, global = true, env = "CAPSTAN_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a whole gateway on this machine: adapters, simulated provider, demo account.
    ///
    /// Builds the adapters if needed, starts a simulated provider and the gateway on embedded SQLite, makes a demo account
    /// with a balance and an API key, and serves until Ctrl-C. No real service is spoken to.
    #[command(
        after_help = "Examples:\n  capstan dev\n  capstan dev --listen 127.0.0.1:9000 --data /tmp/capstan\n  capstan dev --json | head -1"
    )]
    Dev(DevArgs),
    /// Run the gateway, as an operator does.
    ///
    /// A flag beats the environment, which beats the configuration file, which beats the default. --print-config explains
    /// every setting and its variable. Told to stop (SIGTERM, Ctrl-C), it ends the work under way first; told again, it stops
    /// at once. SIGHUP reads the certificate again. Exits with 0 after an orderly stop, with 1 and the reason on stderr
    /// when it cannot start, with 2 when the command line is wrong.
    #[command(
        after_help = "Examples:\n  capstan serve --print-config > capstan.toml\n  capstan serve --config capstan.toml\n  CAPSTAN_DATABASE_URL=postgres://… capstan serve --config capstan.toml --listen 0.0.0.0:8080"
    )]
    Serve(ServeArgs),
    /// Make a master key, which all that is stored sealed is sealed with.
    #[command(after_help = "Example:\n  capstan master-key --out /etc/capstan/master.key")]
    MasterKey(MasterKeyArgs),
    /// Open, top up, suspend and close accounts; read their statements.
    Account(Verbs<AccountCommand>),
    /// Take back what a contributor has earned.
    Earning(Verbs<EarningCommand>),
    /// Check that the books agree with themselves.
    Ledger(Verbs<LedgerCommand>),
    /// Make, change and revoke API keys.
    Key(Verbs<KeyCommand>),
    /// Add, disable and rotate credentials at providers.
    Credential(Verbs<CredentialCommand>),
    /// Look after what accounts contribute: tokens, credentials, claims, payouts.
    Exchange(Verbs<ExchangeCommand>),
    /// Set providers up and check them.
    Provider(Verbs<ProviderCommand>),
    /// Set, list and import prices.
    Price(Verbs<PriceCommand>),
    /// See which adapters are loaded, put others in force, test them, and publish them as packages.
    Adapter(Verbs<AdapterCommand>),
    /// Set ceilings on pools and the operator's order of providers.
    Routing(Verbs<RoutingCommand>),
    /// Try the router on providers that are made up.
    #[command(subcommand)]
    Route(RouteCommand),
    /// Set when complaints give money back, and see who complains of whom.
    Refunds(Verbs<RefundCommand>),
    /// See where a task went and why.
    Task(Verbs<TaskCommand>),
    /// See what operators did.
    Audit(Verbs<AuditCommand>),
    /// Refuse sites, allow them, and tell which rule decides.
    Policy(Verbs<PolicyCommand>),
    /// Answer reports of abuse.
    Abuse(Verbs<AbuseCommand>),
    /// Copy the whole database into one file, while the gateway works.
    ///
    /// The gateway that runs writes the file, on its own machine and as its own user; with none running, this command does. The
    /// file takes its name when it is complete and flushed to the disk, and no file is overwritten. The master key is not in
    /// it. With PostgreSQL it is made by pg_dump, which must be installed.
    #[command(
        after_help = "Examples:\n  capstan backup /var/backups/capstan-2027-01-31.backup\n  capstan backup --json /var/backups/now.backup"
    )]
    Backup(BackupArgs),
    /// Put a backup in the database's place, while no gateway runs.
    ///
    /// It needs the master key of the gateway that made the backup. A file that is damaged, cut off or of a newer version is
    /// refused before anything is touched, and so is a database with accounts or tasks, unless --replace is given. The
    /// schema is brought up to date and the ledger is checked.
    #[command(
        after_help = "Examples:\n  capstan restore /var/backups/capstan-2027-01-31.backup\n  capstan restore --replace --reason \"disk failed\" /var/backups/now.backup"
    )]
    Restore(RestoreArgs),
    /// Run the simulated provider alone.
    ///
    /// It speaks the wire format of anti-captcha, 2captcha (the classic in.php and res.php) or capsolver, so a client of
    /// that service can be tried against it. Everything that it received can be read at /_log; GET / explains the rest.
    #[command(
        after_help = "Examples:\n  capstan simulate\n  capstan simulate --speaks 2captcha\n  capstan simulate --listen 127.0.0.1:9100 --seed 7 --key my-key=5.00\n  capstan simulate --settings simulator.json"
    )]
    Simulate(SimulateArgs),
    /// Compile a component from stdin to stdout, within limits.
    #[command(hide = true)]
    CompileComponent(CompileArgs),
}

impl Command {
    /// Whether it is one of the operator's verbs, which say what they have to say on stdout.
    #[must_use]
    pub const fn is_verb(&self) -> bool {
        match self {
            Self::Dev(_)
            | Self::Serve(_)
            | Self::MasterKey(_)
            | Self::Simulate(_)
            | Self::Route(_)
            | Self::CompileComponent(_) => false,
            Self::Account(_)
            | Self::Earning(_)
            | Self::Ledger(_)
            | Self::Key(_)
            | Self::Credential(_)
            | Self::Exchange(_)
            | Self::Provider(_)
            | Self::Price(_)
            | Self::Adapter(_)
            | Self::Routing(_)
            | Self::Refunds(_)
            | Self::Task(_)
            | Self::Audit(_)
            | Self::Policy(_)
            | Self::Abuse(_)
            | Self::Backup(_)
            | Self::Restore(_) => true,
        }
    }

    /// What an operator's verb asks of which gateway.
    pub(crate) fn order(self) -> Result<(Connection, Order)> {
        Ok(match self {
            Self::Account(verbs) => (verbs.connection, operator::account(verbs.command)),
            Self::Earning(verbs) => (verbs.connection, operator::earning(verbs.command)),
            Self::Ledger(verbs) => (verbs.connection, operator::ledger(&verbs.command)),
            Self::Key(verbs) => (verbs.connection, operator::key(verbs.command)),
            Self::Credential(verbs) => (verbs.connection, operator::credential(verbs.command)?),
            Self::Exchange(verbs) => (verbs.connection, operator::exchange(verbs.command)),
            Self::Provider(verbs) => (verbs.connection, operator::provider(verbs.command)?),
            Self::Price(verbs) => (verbs.connection, operator::price(verbs.command)?),
            Self::Adapter(verbs) => (verbs.connection, operator::adapter(verbs.command)?),
            Self::Routing(verbs) => (verbs.connection, operator::routing(verbs.command)?),
            Self::Refunds(verbs) => (verbs.connection, operator::refunds(verbs.command)),
            Self::Task(verbs) => (verbs.connection, operator::task(verbs.command)),
            Self::Audit(verbs) => (verbs.connection, operator::audit(&verbs.command)),
            Self::Policy(verbs) => (verbs.connection, operator::policy(verbs.command)),
            Self::Abuse(verbs) => (verbs.connection, operator::abuse(verbs.command)),
            Self::Backup(args) => backup::order(args)?,
            Self::Dev(_)
            | Self::Serve(_)
            | Self::MasterKey(_)
            | Self::Simulate(_)
            | Self::Restore(_)
            | Self::Route(_)
            | Self::CompileComponent(_) => {
                bail!("this is no verb of a gateway's")
            }
        })
    }
}

/// A group of the operator's verbs, and which gateway they are for.
#[derive(Debug, Args)]
pub struct Verbs<C: Subcommand> {
    /// Which gateway.
    #[command(flatten)]
    pub connection: Connection,
    /// Which verb.
    #[command(subcommand)]
    pub command: C,
}

/// Arguments of `capstan dev`.
#[derive(Debug, Args)]
pub struct DevArgs {
    /// Where the client API listens, and at the three ports after it once in each dialect; port 0 takes free ones.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// Serve metrics in the form of Prometheus, at /metrics of this address; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics: Option<SocketAddr>,
    /// Where the database and the keys are kept.
    #[arg(long, default_value = "data", env = "CAPSTAN_DATA", value_name = "DIR")]
    pub data: PathBuf,
    /// A database other than SQLite in the data directory: `postgres://…` or `sqlite:PATH`.
    #[arg(long, env = "CAPSTAN_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// A simulator that already runs, instead of those started here; one without a provider's name speaks as anti-captcha.
    /// It must know the key that `dev` prints on start. Providers for which none is named are out of use. May be repeated.
    #[arg(long, value_name = "[PROVIDER=]URL")]
    pub simulator: Vec<String>,
    /// A directory of components (*.wasm): one that is put there, or put there anew, is in force a moment later. One for a provider
    /// that is not set up yet is installed and waits for `capstan provider set`.
    #[arg(long, value_name = "DIR")]
    pub watch: Option<PathBuf>,
    /// Divides every wait of the provider's limits, so that tasks end sooner than they would in life.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub time_scale: u32,
    /// When ready, print one line of JSON on stdout: url, clientKey, dialects, simulatorUrl, simulators, dataDir,
    /// metricsUrl.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `capstan serve`. Their variables are read with those of all other settings, in `config`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The configuration file; none means environment and defaults alone.
    #[arg(long, env = "CAPSTAN_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the client API listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Where the embedded database, the compiled adapters and this node's name are kept.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A database other than SQLite in the data directory: `postgres://…` or `sqlite:PATH`.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// The file of the master key.
    #[arg(long, value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
    /// An adapter's component, or a directory of them. May be repeated.
    #[arg(long, value_name = "PATH")]
    pub adapters: Vec<PathBuf>,
    /// Let providers have addresses on this machine: for trials against a simulator.
    #[arg(long)]
    pub allow_loopback_providers: bool,
    /// When ready, print one line of JSON on stdout: url, dialects, dataDir, metricsUrl.
    #[arg(long)]
    pub json: bool,
    /// Print every setting with its default and its explanation, and end.
    #[arg(long)]
    pub print_config: bool,
}

/// Arguments of `capstan master-key`.
#[derive(Debug, Args)]
pub struct MasterKeyArgs {
    /// The file to make; one that exists is left alone.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Arguments of `capstan simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Where it listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8100", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// The service whose wire format it speaks: anti-captcha, 2captcha or capsolver. Default: anti-captcha.
    #[arg(long, value_name = "SERVICE")]
    pub speaks: Option<WireFormat>,
    /// All settings as JSON; the other flags change what it says.
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Makes a run repeatable: the same seed and requests give the same outcomes.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// A key that it knows, and its balance in dollars. May be repeated.
    #[arg(long, value_name = "KEY=BALANCE")]
    pub key: Vec<String>,
    /// When ready, print one line of JSON on stdout: url.
    #[arg(long)]
    pub json: bool,
}

/// The commands of `capstan route`.
#[derive(Debug, Subcommand)]
pub enum RouteCommand {
    /// Send the same tasks through the router and through what others do, and compare.
    ///
    /// No provider is spoken to: a family of scenarios is a story about made-up providers (prices, times, failures, outages,
    /// limits), whose numbers a seed fills in, and the same seed gives the same figures on every machine. The oracle knows
    /// what is true at each moment; REGRET is how much worse than it a way of choosing is in the mode's own objective.
    /// SOLVED is a share of tries: a client asks again after each failure.
    #[command(
        after_help = "Examples:\n  capstan route simulate\n  capstan route simulate --list\n  capstan route simulate --family outage --mode autoFastest --seeds 20\n  capstan route simulate --plot routing.svg --json > routing.json\n  capstan route simulate --pools"
    )]
    Simulate(TrialArgs),
}

/// Arguments of `capstan route simulate`.
#[derive(Debug, Args)]
pub struct TrialArgs {
    /// A family of scenarios; may be repeated. Default: all of them.
    #[arg(long, value_name = "NAME", value_parser = family)]
    pub family: Vec<String>,
    /// One mode alone: autoCheapest, autoFastest, autoMostReliable or priority.
    #[arg(long, value_name = "MODE", value_parser = mode)]
    pub mode: Option<SelectionMode>,
    /// How many seeds are summed up.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub seeds: u32,
    /// The first of them.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub first_seed: u64,
    /// Compare both pools with the platform's alone instead, under the same load and with the same limits of each key.
    #[arg(long, conflicts_with_all = ["family", "plot", "list"])]
    pub pools: bool,
    /// Draw the comparison as SVG.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Print the lines as JSON.
    #[arg(long)]
    pub json: bool,
    /// Only list the families.
    #[arg(long)]
    pub list: bool,
}

fn family(text: &str) -> Result<String, String> {
    let mut names = FAMILIES.iter().map(|family| family.name);
    let known: Vec<&str> = names.clone().collect();
    names.find(|name| *name == text).map(str::to_owned).ok_or_else(|| format!("the families are {}", known.join(", ")))
}

fn mode(text: &str) -> Result<SelectionMode, String> {
    SelectionMode::from_word(text)
        .ok_or_else(|| "the modes are autoCheapest, autoFastest, autoMostReliable and priority".to_owned())
}

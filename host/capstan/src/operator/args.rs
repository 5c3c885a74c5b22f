//! The operator's command line. Doc comments are its help.

use std::path::PathBuf;

use capstan_server::operate::{KeyChange, ProviderChange};
use clap::{Args, Subcommand};

use crate::author::AuthorCommand;
use crate::package::args::PackageCommand;

/// Which gateway a verb is for, and how its answer looks.
#[derive(Clone, Debug, Default, Args)]
pub struct Connection {
    /// The gateway's configuration file, as for `serve`.
    #[arg(long, global = true, env = "CAPSTAN_CONFIG", value_name = "FILE", help_heading = "Which gateway")]
    pub config: Option<PathBuf>,
    /// The gateway's data directory, where its socket is.
    #[arg(long, global = true, value_name = "DIR", help_heading = "Which gateway")]
    pub data: Option<PathBuf>,
    /// The file of the master key, for when no gateway runs.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Which gateway")]
    pub master_key_file: Option<PathBuf>,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Why; kept in the audit log.
    #[arg(long, global = true, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Verbs on API keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make an API key. It is shown once and stored nowhere.
    #[command(
        after_help = "Examples:\n  capstan key create \"Acme QA\" --label ci --purpose \"our own sign-up form\"\n  capstan key create \"Acme QA\" --pool platformOnly --lock yes --rate 20 --in-flight 100 --daily-cap 5.00 --expires 90d\n  capstan key create \"Acme QA\" --label forms --purpose \"tests of our own forms\" --domain example.com --domain example.org"
    )]
    Create {
        /// The account, by id or name.
        account: String,
        /// What is said of it.
        #[command(flatten)]
        settings: Box<KeyArgs>,
    },
    /// Show what is said of a key.
    #[command(after_help = "Example:\n  capstan key show nJ2pQxkT0aZb")]
    Show {
        /// The key, by id or public part.
        key: String,
    },
    /// List keys, of one account or all.
    List {
        /// The account, by id or name.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
    },
    /// Change what is said of a key. What is not named stays; `none` takes a setting away.
    #[command(
        after_help = "Examples:\n  capstan key edit nJ2pQxkT0aZb --daily-cap 10.00\n  capstan key edit nJ2pQxkT0aZb --addresses none"
    )]
    Edit {
        /// The key, by id or public part.
        key: String,
        /// What is said of it.
        #[command(flatten)]
        settings: Box<KeyArgs>,
    },
    /// Revoke a key for ever. The very next request with it is refused.
    Revoke {
        /// The key, by id or public part.
        key: String,
    },
}

/// What is said of a key.
#[derive(Clone, Debug, Default, Args)]
pub struct KeyArgs {
    /// What it is called.
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
    /// What it is for, in its owner's words.
    #[arg(long, value_name = "TEXT")]
    pub purpose: Option<String>,
    /// Default order: autoCheapest, autoFastest, autoMostReliable or priority.
    #[arg(long, value_name = "MODE")]
    pub mode: Option<String>,
    /// Default pool: all or platformOnly.
    #[arg(long, value_name = "POOL")]
    pub pool: Option<String>,
    /// Whether requests may not ask for a wider pool than the key's.
    #[arg(long, value_name = "yes|no")]
    pub lock: Option<String>,
    /// The key's own order for the mode priority, such as capsolver,2captcha.
    #[arg(long, value_name = "PROVIDERS")]
    pub priority: Option<String>,
    /// Addresses and networks from which it may be used, such as 203.0.113.0/24.
    #[arg(long, value_name = "NETWORKS")]
    pub addresses: Option<String>,
    /// Requests per second.
    #[arg(long, value_name = "N")]
    pub rate: Option<String>,
    /// Most open tasks at once.
    #[arg(long, value_name = "N")]
    pub in_flight: Option<String>,
    /// Most that its tasks of one day (UTC) may cost, in dollars.
    #[arg(long, value_name = "DOLLARS")]
    pub daily_cap: Option<String>,
    /// A site that it may be used for, such as example.com; all others are refused. May be repeated; none takes them away.
    #[arg(long, value_name = "DOMAIN")]
    pub domain: Vec<String>,
    /// Whether a key with domains may send tasks that name no site, such as pictures.
    #[arg(long, value_name = "yes|no", num_args = 0..=1, require_equals = true, default_missing_value = "yes")]
    pub allow_without_url: Option<String>,
    /// Until when it is good: 2027-01-31, or from now, such as 90d.
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    /// The dialect of its clients: anysolver, anticaptcha (also anti-captcha's, 2captcha's and capmonster's) or capsolver.
    #[arg(long, value_name = "DIALECT")]
    pub dialect: Option<String>,
    /// Answer a createTask that comes again, byte for byte, within this time as the first one: against clients that repeat
    /// it when an answer surprises them. Such as 10s.
    #[arg(long, value_name = "TIME")]
    pub duplicate_window: Option<String>,
}

impl From<KeyArgs> for KeyChange {
    fn from(args: KeyArgs) -> Self {
        let KeyArgs { label, purpose, mode, pool, lock, priority, addresses, .. } = args;
        let KeyArgs { rate, in_flight, daily_cap, expires, dialect, duplicate_window, .. } = args;
        let KeyArgs { domain: domains, allow_without_url: without_url, .. } = args;
        Self {
            label,
            purpose,
            mode,
            pool,
            pool_locked: lock,
            priority,
            addresses,
            rate,
            in_flight,
            daily_cap,
            domains,
            without_url,
            expires,
            dialect,
            duplicate_window,
        }
    }
}

/// Verbs on credentials at providers.
#[derive(Debug, Subcommand)]
pub enum CredentialCommand {
    /// Add a credential of the platform's own, read from standard input.
    ///
    /// Those of the community are contributed by their owners; see `capstan exchange`.
    ///
    /// One line with the key; where the provider's credential has several fields, a line FIELD=VALUE for each (`capstan
    /// adapter list` names them). It is sealed at once and shown to nobody again.
    #[command(after_help = "Example:\n  capstan credential add capsolver --label main < key.txt")]
    Add {
        /// The provider.
        provider: String,
        /// What it is called.
        #[arg(long, value_name = "TEXT")]
        label: String,
    },
    /// List credentials; never what they are.
    List {
        /// Of one provider.
        #[arg(long, value_name = "PROVIDER")]
        provider: Option<String>,
    },
    /// Route no new task to a credential.
    Disable {
        /// The credential, by id or label.
        credential: String,
    },
    /// Route tasks to a credential again.
    Enable {
        /// The credential, by id or label.
        credential: String,
    },
    /// Put another secret in a credential's place, read from standard input as for `add`. One that was rejected or depleted
    /// is in use again; one that was disabled stays so.
    Rotate {
        /// The credential, by id or label.
        credential: String,
    },
}

/// Verbs on providers.
#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// Set a provider up, or change it. What is not named stays. Setting it active ends a quarantine of its adapter.
    #[command(
        after_help = "Examples:\n  capstan provider set capsolver\n  capstan provider set capsolver --status disabled\n  capstan provider set capsolver --hosts api.example.com,files.example.com\n  capstan provider set capsolver --contribution-note \"agreement of 2027-01-15, clause 4\"\n  capstan provider set capsolver --base-url http://127.0.0.1:8100 --loopback true --time-scale 10"
    )]
    Set {
        /// The provider.
        provider: String,
        /// What is said of it.
        #[command(flatten)]
        settings: ProviderArgs,
    },
    /// List providers: those that are set up, and those that an adapter is loaded for.
    List,
    /// List the newest look at each credential's balance, held against what was booked since the look before.
    ///
    /// The gateway looks every limits.balance_check_every. "more" means that more is gone than is booked.
    Balances,
    /// Ask a provider for a credential's balance, and have one task solved where --type is given.
    ///
    /// It speaks to the real service with the operator's own credential, and what it costs there is the operator's. The
    /// transcript holds no credential and can be kept as a fixture of the adapter.
    #[command(
        after_help = "Examples:\n  capstan provider check capsolver\n  capstan provider check capsolver --type ReCaptchaV2TokenProxyLess --max-cost 0.002 --transcript check.json"
    )]
    Check {
        /// The provider.
        provider: String,
        /// The credential, by id or label; none means the platform's first.
        #[arg(long, value_name = "CREDENTIAL")]
        credential: Option<String>,
        /// A task type, to have one task solved.
        #[arg(long = "type", value_name = "TYPE")]
        task_type: Option<String>,
        /// The task's parameters as a JSON file, where the sample is not wanted.
        #[arg(long, value_name = "FILE")]
        task: Option<PathBuf>,
        /// Most that the task may cost, in dollars.
        #[arg(long, value_name = "DOLLARS")]
        max_cost: Option<String>,
        /// Where the transcript is written, as JSON.
        #[arg(long, value_name = "FILE")]
        transcript: Option<PathBuf>,
    },
}

/// What is said of a provider.
#[derive(Clone, Debug, Default, Args)]
pub struct ProviderArgs {
    /// Where requests go instead of the adapter's own address; none takes it away.
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// active or disabled.
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// Whether its address may be this machine (for a simulated provider).
    #[arg(long, value_name = "true|false")]
    pub loopback: Option<bool>,
    /// Divides every wait (for a simulated provider).
    #[arg(long, value_name = "N")]
    pub time_scale: Option<u32>,
    /// Why its credentials may be contributed by accounts: the clause of its terms, or the agreement with it. Without a note
    /// they may not, and those that were are not used; none takes it away.
    #[arg(long, value_name = "TEXT")]
    pub contribution_note: Option<String>,
    /// Hosts that its adapter may send requests to besides its base URL's, of those that its manifest names; none for none of
    /// them, manifest for all that it names now.
    #[arg(long, value_name = "HOST,…", value_delimiter = ',')]
    pub hosts: Option<Vec<String>>,
}

impl From<ProviderArgs> for ProviderChange {
    fn from(args: ProviderArgs) -> Self {
        let ProviderArgs { base_url, status, loopback, time_scale, contribution_note, hosts } = args;
        Self { base_url, status, loopback, time_scale, contribution_note, hosts }
    }
}

/// Verbs on adapters.
#[derive(Debug, Subcommand)]
pub enum AdapterCommand {
    /// List the adapters that are loaded: what they serve, and the fields of their credentials.
    List,
    /// Put an adapter's package on trial for its provider, or in force where there is none.
    ///
    /// First it passes the stages of admission, each with a verdict (adapter admissions): a signature of a key that the gateway trusts
    /// (adapter trust enforce), what it imports, its size, compiling, what it says of itself, its own fixtures, and Capstan's own
    /// questions.
    ///
    /// On trial it gets a share of the new tasks, and the one in force gets the rest. It is taken back by itself where it solves
    /// less, is slower, or breaks its limits, and put in force after 100 tasks where it is no worse (adapter list shows how it
    /// stands, adapter history what became of it). Open tasks are finished by the adapter that they began with. What it says
    /// differently from the one before is in the answer; another
    /// publisher and hosts that it names besides are not granted by it (provider set --hosts).
    #[command(
        after_help = "Examples:\n  capstan adapter install capsolver-1.2.3.capstan.tar\n  capstan adapter install capsolver-1.2.3.capstan.tar --share 50\n  capstan adapter install adapter_capsolver.wasm --unsigned --now"
    )]
    Install {
        /// The package's file; or, with --unsigned, a component's.
        file: PathBuf,
        /// Percent of the new tasks that it gets on trial, 1 to 99.
        #[arg(long, value_name = "PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=99))]
        share: u8,
        /// In force at once, without a trial.
        #[arg(long, conflicts_with = "share")]
        now: bool,
        /// Take a component without a package, which nobody answers for.
        #[arg(long)]
        unsigned: bool,
        /// Take an older version than has been installed all the same.
        #[arg(long)]
        allow_downgrade: bool,
    },
    /// List what became of components that were to be installed, the newest first: with --json, every stage with its verdict.
    Admissions {
        /// Those of one provider.
        provider: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20, value_name = "N")]
        most: u32,
    },
    /// Put in force what a provider has on trial.
    Promote {
        /// The provider.
        provider: String,
    },
    /// Take back what is on trial; else put the adapter in force again that a provider had before the one that it has; asked again,
    /// the one before that.
    #[command(
        after_help = "Examples:\n  capstan adapter rollback capsolver\n  capstan adapter rollback capsolver --to 3"
    )]
    Rollback {
        /// The provider.
        provider: String,
        /// That of a certain generation (adapter history).
        #[arg(long, value_name = "GENERATION")]
        to: Option<i64>,
    },
    /// Take a provider's adapter out of force: no new tasks, while open ones are finished by it.
    Unload {
        /// The provider.
        provider: String,
    },
    /// List the adapters that a provider has had, the newest first.
    History {
        /// The provider.
        provider: String,
    },
    /// An author's verbs, which ask no gateway.
    #[command(flatten)]
    Author(AuthorCommand),
    /// Verbs on packages, which ask no gateway either.
    #[command(flatten)]
    Package(PackageCommand),
}

/// Verbs on routing.
#[derive(Debug, Subcommand)]
pub enum RoutingCommand {
    /// Show the switches that are set.
    Show,
    /// Set ceilings on pools, which no account, key or request can lift, and the order of the mode priority.
    #[command(
        after_help = "Examples:\n  capstan routing set --pool platformOnly\n  capstan routing set --family-pool turnstile=platformOnly --priority capsolver,2captcha"
    )]
    Set {
        /// The widest pool of the whole gateway: all, platformOnly or none.
        #[arg(long, value_name = "POOL")]
        pool: Option<String>,
        /// The widest pool of one family. May be repeated.
        #[arg(long, value_name = "FAMILY=POOL")]
        family_pool: Vec<String>,
        /// Providers in order, for keys that have no order of their own; none takes it away.
        #[arg(long, value_name = "PROVIDERS")]
        priority: Option<String>,
    },
}

/// Verbs on the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List what operators did, newest first.
    List {
        /// Most lines.
        #[arg(long, default_value_t = 50, value_name = "N")]
        most: u32,
        /// Only what stands before this place in the log.
        #[arg(long, value_name = "SEQ")]
        before: Option<i64>,
    },
}

//! The command line of site policy and of abuse reports. Doc comments are its help.

use capstan_server::operate::{RuleLine, Verb};
use clap::{Args, Subcommand};

/// Verbs on site policy.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// List the rules: the operator's, the site owners' and the default list's.
    #[command(
        after_help = "Examples:\n  capstan policy list\n  capstan policy list --origin default\n  capstan policy list --account \"Acme QA\""
    )]
    List {
        /// Only rules about this account, by id or name.
        #[arg(long, value_name = "ACCOUNT", conflicts_with = "key")]
        account: Option<String>,
        /// Only rules about this key, by id or public part.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        /// Only rules of this origin: operator, default or owner.
        #[arg(long, value_name = "ORIGIN")]
        origin: Option<String>,
    },
    /// Refuse tasks for a site.
    ///
    /// PATTERN is example.com (with everything below it), .example.com (only what is below), host:www.example.com (that host
    /// alone), example.com/login (that path and what is under it), suffix:gov (a whole public suffix) or sitekey:KEY.
    #[command(
        after_help = "Examples:\n  capstan policy add example.com --note \"its owner asked for it\"\n  capstan policy add example.com/login --note \"not for this customer\" --account \"Acme QA\"\n  capstan policy add sitekey:6Le-wvkSAAAA --note \"reported as abuse\""
    )]
    Add {
        /// The rule.
        #[command(flatten)]
        rule: RuleArgs,
    },
    /// Lift the default list for a site. It lifts no rule that an operator or a site's owner has made.
    #[command(
        after_help = "Example:\n  capstan policy allow discord.com/register --key nJ2pQxkT0aZb --note \"Discord's own testers, contract 117\""
    )]
    Allow {
        /// The rule.
        #[command(flatten)]
        rule: RuleArgs,
    },
    /// Take a rule away. One of the default list is switched off, and no upgrade brings it back.
    #[command(
        after_help = "Examples:\n  capstan policy remove example.com\n  capstan policy remove ticketmaster.com --origin default"
    )]
    Remove {
        /// What the rule is about.
        pattern: String,
        /// The account that it is about, by id or name.
        #[arg(long, value_name = "ACCOUNT", conflicts_with = "key")]
        account: Option<String>,
        /// The key that it is about, by id or public part.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        /// Whose rule, where several have made one: operator, default or owner.
        #[arg(long, value_name = "ORIGIN")]
        origin: Option<String>,
    },
    /// Switch a rule of the default list on again.
    #[command(after_help = "Example:\n  capstan policy restore ticketmaster.com")]
    Restore {
        /// What the rule is about.
        pattern: String,
    },
    /// Tell which rule decides about a site or a site key, and why.
    #[command(
        after_help = "Examples:\n  capstan policy test https://discord.com/register\n  capstan policy test example.com --key nJ2pQxkT0aZb\n  capstan policy test --site-key 6Le-wvkSAAAA"
    )]
    Test {
        /// The page's address, or a host.
        url: Option<String>,
        /// The site key.
        #[arg(long, value_name = "KEY")]
        site_key: Option<String>,
        /// For a task of this account, by id or name.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// For a task of this API key, by id or public part.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
}

/// A rule.
#[derive(Clone, Debug, Args)]
pub struct RuleArgs {
    /// What it is about.
    pub pattern: String,
    /// Why it is there; clients whose tasks it refuses read it.
    #[arg(long, value_name = "TEXT")]
    pub note: String,
    /// Only for this account's tasks, by id or name.
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "key")]
    pub account: Option<String>,
    /// Only for this key's tasks, by id or public part.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
}

impl From<RuleArgs> for RuleLine {
    fn from(args: RuleArgs) -> Self {
        let RuleArgs { pattern, note, account, key } = args;
        Self { pattern, note, account, key, origin: None }
    }
}

impl From<PolicyCommand> for Verb {
    fn from(command: PolicyCommand) -> Self {
        match command {
            PolicyCommand::List { account, key, origin } => Self::PolicyList { account, key, origin },
            PolicyCommand::Add { rule } => Self::PolicyAdd { rule: rule.into() },
            PolicyCommand::Allow { rule } => Self::PolicyAllow { rule: rule.into() },
            PolicyCommand::Remove { pattern, account, key, origin } => {
                Self::PolicyRemove { rule: RuleLine { pattern, note: String::new(), account, key, origin } }
            }
            PolicyCommand::Restore { pattern } => Self::PolicyRestore { pattern },
            PolicyCommand::Test { url, site_key, account, key } => Self::PolicyTest { url, site_key, account, key },
        }
    }
}

/// Verbs for abuse reports.
#[derive(Debug, Subcommand)]
pub enum AbuseCommand {
    /// Find which keys solved what for a site, and when. That somebody looked is in the audit log.
    #[command(
        after_help = "Examples:\n  capstan abuse find --domain example.com --since 7d --reason \"report of 3 March\"\n  capstan abuse find --site-key 6Le-wvkSAAAA --since 2026-01-31 --json"
    )]
    Find {
        /// The domain or host, with everything below it.
        #[arg(long, value_name = "DOMAIN", conflicts_with = "site_key", required_unless_present = "site_key")]
        domain: Option<String>,
        /// The site key.
        #[arg(long, value_name = "KEY")]
        site_key: Option<String>,
        /// Since when: a time such as 2026-01-31, or a span back from now such as 7d.
        #[arg(long, default_value = "7d", value_name = "TIME")]
        since: String,
        /// Most lines, one for each key and family.
        #[arg(long, default_value_t = 100, value_name = "N")]
        most: u32,
    },
}

//! The command line of prices. Doc comments are its help.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Verbs on prices.
#[derive(Debug, Subcommand)]
pub enum PriceCommand {
    /// Set one rule; `none` takes it away, and with it the route.
    #[command(
        after_help = "Examples:\n  capstan price set capsolver recaptcha_v2 0.0012\n  capstan price set '*' '*' list+25% --pool both --share-bp 8000 --minimum 0.0005\n  capstan price set capsolver recaptcha_v3 0.0012 --billing cost+25% --surcharge 'minScore >= 0.7: 20%'"
    )]
    Set {
        /// The provider; * is every one that has no rule of its own.
        provider: String,
        /// The canonical family, such as recaptcha_v2; * is every one that has no rule of its own.
        family: String,
        /// Dollars per solved task, or a margin on what the provider lists, such as list+25%.
        #[arg(allow_negative_numbers = true)]
        price: String,
        /// What else is said of it.
        #[command(flatten)]
        rule: PriceArgs,
    },
    /// List the rules in force, beside what the providers list.
    List,
    /// Replace the whole price book by a file of rules. All or nothing.
    ///
    /// A file whose name ends in .toml has a [[rule]] for each, with provider, family, pool, price, minimum, billing, share_bp
    /// and surcharges. Any other is CSV: provider,family,pool,price[,share_bp].
    #[command(after_help = "Examples:\n  capstan price import prices.toml\n  capstan price import - < prices.csv")]
    Import {
        /// The file; - is standard input.
        file: PathBuf,
    },
    /// Say what a task would cost at each provider, by which rule and with which surcharges, or why it has no price.
    #[command(
        after_help = "Examples:\n  capstan price test recaptcha_v2\n  capstan price test RecaptchaV3TaskProxyless --task task.json --provider capsolver"
    )]
    Test {
        /// The task type, or the canonical family.
        task_type: String,
        /// The task's parameters as a JSON file, where an example with no more than is needed is not wanted.
        #[arg(long, value_name = "FILE")]
        task: Option<PathBuf>,
        /// At one provider.
        #[arg(long, value_name = "PROVIDER")]
        provider: Option<String>,
    },
    /// Compare what providers say they charged with what they list, by provider and family.
    #[command(after_help = "Example:\n  capstan price drift --since 30d")]
    Drift {
        /// From when on: a time such as 2027-01-31, or a span until now such as 7d.
        #[arg(long, default_value = "7d", value_name = "TIME")]
        since: String,
    },
}

/// What else is said of a price.
#[derive(Clone, Debug, Args)]
pub struct PriceArgs {
    /// platform, community or both.
    #[arg(long, default_value = "platform", value_name = "POOL")]
    pub pool: String,
    /// What of it the contributor of a community credential earns, in basis points.
    #[arg(long, default_value_t = 0, value_name = "BP")]
    pub share_bp: u16,
    /// The least that a margin on the list price makes, in dollars.
    #[arg(long, value_name = "DOLLARS")]
    pub minimum: Option<String>,
    /// fixed, or by what the provider says it charged, such as cost+25%; never more than the price.
    #[arg(long, value_name = "BILLING")]
    pub billing: Option<String>,
    /// What comes on top for some tasks, such as 'isEnterprise = true: 0.001'. May be repeated.
    #[arg(long, value_name = "WHEN: ADD")]
    pub surcharge: Vec<String>,
}

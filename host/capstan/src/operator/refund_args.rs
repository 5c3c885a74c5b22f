//! The command line of refunds. Doc comments are its help.

use capstan_server::operate::{RefundChange, Verb};
use clap::Subcommand;

/// Verbs on refunds.
#[derive(Debug, Subcommand)]
pub enum RefundCommand {
    /// Show the refund policy, and the accounts that have a rule of their own.
    Show,
    /// Set when a complaint about a solution gives its money back.
    ///
    /// The rule is always (within window and cap), provider (when the provider accepts the complaint, which is the default) or
    /// never. With --account it is that account's own rule, and none leaves it to the gateway's again.
    #[command(
        after_help = "Examples:\n  capstan refunds set --rule provider --window 10m --cap-share-bp 1000 --cap-floor 3\n  capstan refunds set --account \"Acme QA\" --rule always"
    )]
    Set {
        /// always, provider, never, or none for the default.
        #[arg(long, value_name = "RULE")]
        rule: Option<String>,
        /// The account that the rule is for, by id or name.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// How long after its solution a task can be complained about, such as 10m.
        #[arg(long, value_name = "TIME")]
        window: Option<String>,
        /// How many of its solved tasks of the last 24 hours an account may complain about, in basis points.
        #[arg(long, value_name = "BP")]
        cap_share_bp: Option<u16>,
        /// How many complaints an account may have in 24 hours, however few of its tasks were solved.
        #[arg(long, value_name = "N")]
        cap_floor: Option<u32>,
    },
    /// Count reports by account and provider, the most complaints first.
    #[command(
        after_help = "Examples:\n  capstan refunds list\n  capstan refunds list --account \"Acme QA\" --since 30d --json"
    )]
    List {
        /// Only this account's, by id or name.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// Since when: 2027-01-31, or so long ago, such as 7d.
        #[arg(long, default_value = "7d", value_name = "TIME")]
        since: String,
    },
}

impl From<RefundCommand> for Verb {
    fn from(command: RefundCommand) -> Self {
        match command {
            RefundCommand::Show => Self::RefundsShow,
            RefundCommand::Set { rule, account, window, cap_share_bp, cap_floor } => {
                Self::RefundsSet { change: RefundChange { account, rule, window, cap_share_bp, cap_floor } }
            }
            RefundCommand::List { account, since } => Self::RefundsList { account, since },
        }
    }
}

//! The operator's command line for accounts and their money. Doc comments are its help.

use capstan_server::operate::{HandMoved, StatementQuestion, Verb};
use clap::Subcommand;

/// Verbs on accounts.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Open an account, without money.
    #[command(after_help = "Example:\n  capstan account create \"Acme QA\"")]
    Create {
        /// Its name.
        name: String,
    },
    /// List accounts with what they have.
    List,
    /// Show an account: what it has, and what it has earned as a contributor.
    #[command(after_help = "Example:\n  capstan account show \"Acme QA\"")]
    Show {
        /// The account, by id or name.
        account: String,
    },
    /// Read an account's moves of money, newest first, with what was available after each.
    #[command(
        after_help = "Examples:\n  capstan account statement \"Acme QA\" --since 30d\n  capstan account statement \"Acme QA\" --since 2026-11-01 --until 2026-12-01 --limit 1000 --csv > november.csv\n  capstan account statement \"Acme QA\" --earnings"
    )]
    Statement {
        /// The account, by id or name.
        account: String,
        /// Moves of this time or later: 2026-11-01, or a span back from now such as 30d.
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Moves before this time.
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Most lines, up to 1000.
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u32,
        /// Go on where an earlier page ended; it has told this.
        #[arg(long, value_name = "CURSOR")]
        cursor: Option<String>,
        /// What the account has earned as a contributor, instead of its balance.
        #[arg(long)]
        earnings: bool,
        /// Print the lines as CSV; the next page's cursor goes to stderr.
        #[arg(long)]
        csv: bool,
    },
    /// Give money (above zero) or take it (below), with --reason, which the account reads in its statement.
    ///
    /// The same reference twice is one move. No more is taken than is available.
    #[command(
        after_help = "Examples:\n  capstan account adjust \"Acme QA\" 1.50 --reference ticket-812 --reason \"slow on 3 March\"\n  capstan account adjust \"Acme QA\" -1.50 --reference ticket-812-undone --reason \"given twice\""
    )]
    Adjust {
        /// The account, by id or name.
        account: String,
        /// Dollars.
        #[arg(allow_negative_numbers = true)]
        amount: String,
        /// What names the move outside.
        #[arg(long, value_name = "TEXT")]
        reference: String,
    },
    /// Book that matured earnings were paid to their contributor. The same reference twice is one payout.
    #[command(after_help = "Example:\n  capstan account payout \"Ada\" 40.00 --reference transfer-2026-31")]
    Payout {
        /// The account, by id or name.
        account: String,
        /// Dollars.
        #[arg(allow_negative_numbers = true)]
        amount: String,
        /// What names the payment outside.
        #[arg(long, value_name = "TEXT")]
        reference: String,
    },
    /// Turn matured earnings into balance for the contributor's own tasks. The same reference twice is one move.
    #[command(after_help = "Example:\n  capstan account spend \"Ada\" 5.00 --reference ada-2026-12")]
    Spend {
        /// The account, by id or name.
        account: String,
        /// Dollars.
        #[arg(allow_negative_numbers = true)]
        amount: String,
        /// What names the move outside.
        #[arg(long, value_name = "TEXT")]
        reference: String,
    },
    /// Book money that came in from outside. The same reference twice is one top-up.
    #[command(after_help = "Example:\n  capstan account topup \"Acme QA\" 25.00 --reference invoice-2026-117")]
    Topup {
        /// The account, by id or name.
        account: String,
        /// Dollars.
        #[arg(allow_negative_numbers = true)]
        amount: String,
        /// What names the payment outside.
        #[arg(long, value_name = "TEXT")]
        reference: String,
    },
    /// Let an account create nothing more; its open tasks go on, it can read.
    Suspend {
        /// The account, by id or name.
        account: String,
    },
    /// Let a suspended account go on.
    Resume {
        /// The account, by id or name.
        account: String,
    },
    /// Close an account for good; its money records stay.
    Close {
        /// The account, by id or name.
        account: String,
        /// Close it though it still has a balance, which stays in the books.
        #[arg(long)]
        keep_balance: bool,
    },
    /// Set the widest pool that the account's tasks may use.
    #[command(after_help = "Example:\n  capstan account pool \"Acme QA\" platformOnly")]
    Pool {
        /// The account, by id or name.
        account: String,
        /// all, platformOnly, or none to take the ceiling away.
        pool: String,
    },
}

impl From<AccountCommand> for Verb {
    fn from(command: AccountCommand) -> Self {
        use AccountCommand as C;
        match command {
            C::Create { name } => Self::AccountCreate { name },
            C::List => Self::AccountList,
            C::Show { account } => Self::AccountShow { account },
            C::Statement { account, since, until, limit, cursor, earnings, csv } => {
                Self::AccountStatement(StatementQuestion { account, since, until, cursor, limit, earnings, csv })
            }
            C::Topup { account, amount, reference } => Self::AccountTopup { account, amount, reference },
            C::Adjust { account, amount, reference } => {
                Self::AccountMove { what: HandMoved::Adjustment, account, amount, reference }
            }
            C::Payout { account, amount, reference } => {
                Self::AccountMove { what: HandMoved::Payout, account, amount, reference }
            }
            C::Spend { account, amount, reference } => {
                Self::AccountMove { what: HandMoved::Spending, account, amount, reference }
            }
            C::Suspend { account } => Self::AccountSuspend { account },
            C::Resume { account } => Self::AccountResume { account },
            C::Close { account, keep_balance } => Self::AccountClose { account, keep_balance },
            C::Pool { account, pool } => Self::AccountPool { account, pool },
        }
    }
}

/// Verbs on what contributors have earned.
#[derive(Debug, Subcommand)]
pub enum EarningCommand {
    /// Take the share that an attempt has earned back from its contributor, while it is pending, with --reason.
    #[command(
        after_help = "Example:\n  capstan earning take-back 01936c1e-7c2b-7e4f-8b1a-2f6f3a9d1c11 --reason \"the key was stolen\""
    )]
    TakeBack {
        /// The attempt, by id; `capstan task show` has it.
        attempt: String,
    },
}

/// Verbs on the ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Recompute every balance, hold, charge and earning from the entries, and explain the first difference.
    ///
    /// Exits with 1 when there is a difference. The gateway goes on meanwhile; it does the same by itself, every
    /// limits.ledger_check_every.
    #[command(after_help = "Examples:\n  capstan ledger verify\n  capstan ledger verify --json")]
    Verify,
}

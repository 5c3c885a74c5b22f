//! The command line of the Provider Exchange. Doc comments are its help.

use capstan_server::operate::{ExchangeVerb, Verb};
use clap::Subcommand;

/// Verbs on the Provider Exchange.
#[derive(Debug, Subcommand)]
pub enum ExchangeCommand {
    /// Make, list and revoke the tokens of contributors.
    Token {
        /// What to do.
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// List contributed credentials; never what they are.
    #[command(after_help = "Example:\n  capstan exchange list --account Ada")]
    List {
        /// Only this account's, by id or name.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
    },
    /// Show what is known of a contributed credential: what its owner has signed, what it is lent for, what happened to it.
    Show {
        /// The credential's id.
        credential: String,
    },
    /// List claims: accounts that say that a credential which somebody else has contributed is theirs.
    Claims,
    /// Decide a claim; --reason says why, and both accounts read it.
    ///
    /// A credential can carry a mark only where its owner can put it: ask both to change a name, a note or a limit of the
    /// account at the provider, and look who could. For the claimant, use of the credential stops at once, its secret is
    /// destroyed when its last tasks have ended, and what it has earned and is pending is held.
    #[command(
        after_help = "Examples:\n  capstan exchange decide 0198c0de-… --for claimant --reason \"put the note into the account that we asked for\"\n  capstan exchange decide 0198c0de-… --for holder --reason \"could not change the account\""
    )]
    Decide {
        /// The claim's id.
        claim: String,
        /// Whose the credential is: claimant or holder.
        #[arg(long = "for", value_name = "WHO", value_parser = ["claimant", "holder"])]
        whose: String,
    },
    /// Let what a credential has earned mature again, after a claim was decided; --reason says why.
    ReleaseEarnings {
        /// The credential's id.
        credential: String,
    },
    /// Take back every share of a credential that is pending; --reason says why, and its contributor reads it.
    TakeBackEarnings {
        /// The credential's id.
        credential: String,
    },
    /// List payouts that contributors have asked for, the open ones and the newest others.
    Payouts {
        /// Only this account's, by id or name.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
    },
    /// Book a payout that has been paid.
    #[command(after_help = "Example:\n  capstan exchange pay 0198c0de-… --reference sepa-2027-0042")]
    Pay {
        /// The payout's id.
        payout: String,
        /// What the payment is known by outside; the same twice is one payment.
        #[arg(long, value_name = "TEXT")]
        reference: String,
    },
    /// Refuse a payout; --reason says why, and the contributor reads it. The money is theirs to spend again.
    Refuse {
        /// The payout's id.
        payout: String,
    },
}

/// Verbs on contributors' tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token for an account. It is shown once and stored nowhere.
    ///
    /// It is good for the exchange and for payouts, and for nothing else: the account's tasks have API keys.
    #[command(after_help = "Example:\n  capstan exchange token create Ada --label laptop --expires 365d")]
    Create {
        /// The account, by id or name.
        account: String,
        /// What it is called.
        #[arg(long, default_value = "token", value_name = "TEXT")]
        label: String,
        /// From when on it is good for nothing: 2027-01-31, or a span such as 90d.
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// List tokens, of one account or all.
    List {
        /// Only this account's, by id or name.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
    },
    /// Revoke a token for ever.
    Revoke {
        /// The token, by id or public part.
        token: String,
    },
}

impl From<ExchangeCommand> for Verb {
    fn from(command: ExchangeCommand) -> Self {
        let exchange = match command {
            ExchangeCommand::Token { command: TokenCommand::Create { account, label, expires } } => {
                ExchangeVerb::TokenCreate { account, label, expires }
            }
            ExchangeCommand::Token { command: TokenCommand::List { account } } => ExchangeVerb::TokenList { account },
            ExchangeCommand::Token { command: TokenCommand::Revoke { token } } => ExchangeVerb::TokenRevoke { token },
            ExchangeCommand::List { account } => ExchangeVerb::List { account },
            ExchangeCommand::Show { credential } => ExchangeVerb::Show { credential },
            ExchangeCommand::Claims => ExchangeVerb::Claims,
            ExchangeCommand::Decide { claim, whose } => ExchangeVerb::Decide { claim, grant: whose == "claimant" },
            ExchangeCommand::ReleaseEarnings { credential } => ExchangeVerb::ReleaseEarnings { credential },
            ExchangeCommand::TakeBackEarnings { credential } => ExchangeVerb::TakeBackEarnings { credential },
            ExchangeCommand::Payouts { account } => ExchangeVerb::Payouts { account },
            ExchangeCommand::Pay { payout, reference } => ExchangeVerb::Pay { payout, reference },
            ExchangeCommand::Refuse { payout } => ExchangeVerb::Refuse { payout },
        };
        Self::Exchange { exchange }
    }
}

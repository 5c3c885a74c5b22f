//! The command line of verbs on tasks. Doc comments are its help.

use clap::Subcommand;

/// Verbs on tasks.
#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// List the newest tasks, of one account or all.
    List {
        /// The account, by id or name.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// Most tasks.
        #[arg(long, default_value_t = 20, value_name = "N")]
        most: u32,
    },
    /// List attempts of which nobody knows what their provider made of them: of open tasks, of tasks that are over and still
    /// asked about, and those that nobody told the end of. With what they cost, and the sums by provider.
    #[command(after_help = "Example:\n  capstan task doubts --since 30d")]
    Doubts {
        /// From when on those are listed that ended without a word: 2027-01-31, or back from now, such as 7d.
        #[arg(long, default_value = "7d", value_name = "TIME")]
        since: String,
    },
    /// Show a task: how it stands, its attempts, and why each was made. Never parameters or solutions.
    #[command(after_help = "Example:\n  capstan task show 01936c1e-7c2b-7e4f-8b1a-2f6f3a9d1c11")]
    Show {
        /// The task, by id or number.
        task: String,
    },
}

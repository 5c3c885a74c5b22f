//! Keeps SQL: every statement of Capstan, on SQLite and PostgreSQL.
//!
//! Here: statements, row structs, transactions, the embedded migrations (`migrations/` at the top of the repository), and
//! the one writer that commits in groups. A function of [`Store`] is one guarded statement or one short transaction, named
//! for what it guarantees; one SQL text and one Rust body serve both engines.
//!
//! Never here: a decision. What may follow what, what a move of money consists of and which candidate comes first is
//! `capstan_domain`'s; a guard that finds the world changed says so and leaves the rest to its caller. No clock is read and
//! no id is drawn: times (milliseconds since 1970) and ids come in as arguments. Secrets come in sealed.
//!
//! Every write carries the ids of what it makes, so that the same call made twice is one effect and the same answer.
//!
//! Start reading at `store` (what a caller holds), then `writer` (how writes are committed), then `tasks::place` and
//! `tasks::settle` (the two transactions that move money).

mod abuse;
mod accounts;
mod adapters;
mod admissions;
mod api_keys;
mod audit;
mod backup;
mod balance_looks;
#[cfg(feature = "bench")]
pub mod bare;
mod bulk;
mod by_hand;
mod changes;
mod credentials;
mod db;
mod drift;
mod earnings;
mod error;
mod exchange;
#[cfg(feature = "faults")]
pub mod faults;
mod key_checks;
mod key_days;
mod learned;
mod moves;
mod prices;
mod providers;
mod shards;
mod site_rules;
mod statement;
mod store;
mod switches;
mod tasks;
mod verify;
mod words;
mod writer;

pub use capstan_domain::exchange::CredentialStatus;

pub use abuse::{Reported, Trace};
pub use accounts::{Account, Balance, NewAccount, TopUp, TopUpRefusal, ToppedUp};
pub use adapters::{Generation, NewAdapter, NewGeneration, Unless};
pub use admissions::Admission;
pub use api_keys::{ApiKey, FoundKey, KeySettings, NewApiKey};
pub use audit::{Audit, NewAudit};
pub use backup::{
    BackedUp, BackupError, BackupFacts, Contents, Present, RestorePlan, Restored, inspect_backup, look_at_database,
    restore_backup,
};
pub use balance_looks::{BalanceLook, NewBalanceLook};
pub use by_hand::{Booked, ByHand, HandMove, TakeBack};
pub use changes::{Applied, Change, ChangeRefusal};
pub use credentials::{Credential, NewCredential, NewSecret, Rebound};
pub use db::DatabaseUrl;
pub use drift::CostDrift;
pub use earnings::{Earnings, Maturing};
pub use error::StoreError;
pub use exchange::{
    Claim, ClaimState, Contribution, CredentialEvent, Day, Decision, ExchangeToken, FoundToken, LifeStep, LimitsRow,
    Look, NewClaim, NewContribution, NewEvent, NewExchangeToken, NewPayout, Payout, PayoutEnd, PayoutState, Signature,
    Use, UseMark,
};
pub use key_checks::NewKeyCheck;
pub use key_days::{day_begins_ms, day_of};
pub use learned::{Learned, LearnedOf};
pub use moves::{BookedEntry, Entries};
pub use prices::NewPriceBook;
pub use providers::{Granted, Provider};
pub use shards::{Fence, ShardClaim};
pub use site_rules::{DefaultRule, SiteRule, SiteRuleName};
pub use statement::{Book, StatementAsk, StatementLine, StatementMark, StatementPage};
pub use store::{OpenOptions, Store};
pub use tasks::accept::Acceptance;
pub use tasks::attempts::{Doubt, NextAttempt, Recorded};
pub use tasks::charges::{Charge, Heard, LateWord};
pub use tasks::guards::{Guard, Guarded};
pub use tasks::place::{PlaceRefusal, PlaceTask, Placed};
pub use tasks::refunds::ReportCount;
pub use tasks::reports::{Filed, KnownReport, PassedOn, ReportAnswer, SettledReport, TaskReport, UntoldReport};
pub use tasks::rows::{Attempt, AttemptFault, NewAttempt, OpenTask, RecordedFault, Task, TaskFacts, TaskName};
pub use tasks::settle::{AttemptEnd, Outcome, Settled, Settlement};
pub use tasks::watched::{Doubtful, Watched};
pub use verify::{Difference, LedgerReport};
pub use words::{AccountStatus, AttemptState, KeyStatus, ProviderStatus};
pub use writer::StoreStats;

//! What an operator can ask for, as it goes over the socket.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::exchange::ExchangeVerb;

/// A verb, and why it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// What is asked for.
    #[serde(flatten)]
    pub verb: Verb,
    /// Kept in the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is asked for. Accounts, keys, credentials and tasks are named by id or by what people call them; amounts are
/// decimal dollars.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the command line's help has a sentence on each")]
pub enum Verb {
    AccountCreate { name: String },
    AccountList,
    AccountTopup { account: String, amount: String, reference: String },
    AccountShow { account: String },
    AccountStatement(StatementQuestion),
    AccountMove { what: HandMoved, account: String, amount: String, reference: String },
    EarningTakeBack { attempt: String },
    LedgerVerify,
    AccountSuspend { account: String },
    AccountResume { account: String },
    AccountClose { account: String, keep_balance: bool },
    AccountPool { account: String, pool: String },
    KeyCreate { account: String, change: KeyChange },
    KeyList { account: Option<String> },
    KeyShow { key: String },
    KeyEdit { key: String, change: KeyChange },
    KeyRevoke { key: String },
    CredentialAdd { provider: String, label: String, fields: BTreeMap<String, String> },
    CredentialList { provider: Option<String> },
    CredentialDisable { credential: String },
    CredentialEnable { credential: String },
    CredentialRotate { credential: String, fields: BTreeMap<String, String> },
    Exchange { exchange: ExchangeVerb },
    ProviderSet { provider: String, change: ProviderChange },
    ProviderList,
    ProviderBalances,
    ProviderCheck(Check),
    PriceSet { line: PriceLine },
    PriceList,
    PriceImport { lines: Vec<PriceLine> },
    PriceTest { task_type: String, task: Option<Map<String, Value>>, provider: Option<String> },
    PriceDrift { since: String },
    AdapterList,
    AdapterInstall(Install),
    AdapterAdmissions { provider: Option<String>, most: u32 },
    AdapterTrust { document: String },
    AdapterTrusted,
    AdapterPromote { provider: String },
    AdapterRollback { provider: String, to: Option<i64> },
    AdapterUnload { provider: String },
    AdapterHistory { provider: String },
    RoutingShow,
    RoutingSet { pool: Option<String>, family_pools: BTreeMap<String, String>, priority: Option<String> },
    RefundsShow,
    RefundsSet { change: RefundChange },
    RefundsList { account: Option<String>, since: String },
    TaskList { account: Option<String>, most: u32 },
    TaskShow { task: String },
    TaskDoubts { since: String },
    Backup { file: String },
    AuditList { before: Option<i64>, most: u32 },
    PolicyList { account: Option<String>, key: Option<String>, origin: Option<String> },
    PolicyAdd { rule: RuleLine },
    PolicyAllow { rule: RuleLine },
    PolicyRemove { rule: RuleLine },
    PolicyRestore { pattern: String },
    PolicyTest { url: Option<String>, site_key: Option<String>, account: Option<String>, key: Option<String> },
    AbuseFind { domain: Option<String>, site_key: Option<String>, since: String, most: u32 },
}

impl std::fmt::Debug for Verb {
    /// Credentials ride in some of them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verb { .. }")
    }
}

/// A statement that is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StatementQuestion {
    /// The account.
    pub account: String,
    /// Moves of this time or later.
    pub since: Option<String>,
    /// Moves before this time.
    pub until: Option<String>,
    /// Where an earlier page ended.
    pub cursor: Option<String>,
    /// Most lines.
    pub limit: u32,
    /// What it has earned, instead of its balance.
    pub earnings: bool,
    /// As CSV.
    pub csv: bool,
}

/// What an operator moves by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HandMoved {
    /// Money given (above zero) or taken (below).
    Adjustment,
    /// Matured earnings that leave.
    Payout,
    /// Matured earnings that become balance.
    Spending,
}

/// What is said of a key. What is absent stays as it is; `none` takes a setting away.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyChange {
    /// What it is called.
    pub label: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// The order: one of the four modes.
    pub mode: Option<String>,
    /// The pool: `all` or `platformOnly`.
    pub pool: Option<String>,
    /// Whether requests may not widen the pool: `yes` or `no`.
    pub pool_locked: Option<String>,
    /// Providers for the mode `priority`, separated by commas.
    pub priority: Option<String>,
    /// Networks, separated by commas.
    pub addresses: Option<String>,
    /// Requests per second.
    pub rate: Option<String>,
    /// Most open tasks.
    pub in_flight: Option<String>,
    /// Dollars per day.
    pub daily_cap: Option<String>,
    /// Sites that it may be used for; `none` alone means every site. Empty leaves them.
    pub domains: Vec<String>,
    /// Whether a key with domains may send tasks that name no site: `yes` or `no`.
    pub without_url: Option<String>,
    /// A time such as `2027-01-31`, or from now such as `90d`.
    pub expires: Option<String>,
    /// The dialect of its clients.
    pub dialect: Option<String>,
    /// For how long a byte-identical createTask gets the first one's answer, such as `10s`.
    pub duplicate_window: Option<String>,
}

/// What is said of refunds. What is absent stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefundChange {
    /// The account whose own rule it is; none means the gateway's.
    pub account: Option<String>,
    /// `always`, `provider` or `never`; `none` takes the setting away.
    pub rule: Option<String>,
    /// How long after its solution a task can be complained about, such as `10m`.
    pub window: Option<String>,
    /// The cap on complaints, in basis points of an account's solved tasks.
    pub cap_share_bp: Option<u16>,
    /// The least number of complaints that the cap lets through.
    pub cap_floor: Option<u32>,
}

/// What is said of a provider. What is absent stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderChange {
    /// Where requests go; `none` means the adapter's own address.
    pub base_url: Option<String>,
    /// `active` or `disabled`.
    pub status: Option<String>,
    /// Whether its address may be this machine.
    pub loopback: Option<bool>,
    /// Divides every wait; for simulated providers on this machine.
    pub time_scale: Option<u32>,
    /// Why its credentials may be contributed; `none` forbids it.
    pub contribution_note: Option<String>,
    /// Which hosts its adapter may send requests to besides its base URL's, of those that its manifest names; `manifest` in
    /// place of them grants all that it names now, a base URL of its own included.
    pub hosts: Option<Vec<String>>,
}

/// What is to be installed, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Install {
    /// The whole path of a component or a package.
    pub file: String,
    /// How many percent of the new tasks it gets on trial; none puts it in force at once.
    pub share: Option<u8>,
    /// Whether a component may come without a package.
    pub unsigned: bool,
    /// Whether an older version than has been seen may come.
    pub downgrade: bool,
}

/// One rule of a price book.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceLine {
    /// The provider, or `*` for every one.
    #[serde(default = "every")]
    pub provider: String,
    /// The canonical family, or `*` for every one.
    #[serde(default = "every")]
    pub family: String,
    /// `platform`, `community` or `both`.
    #[serde(default = "both")]
    pub pool: String,
    /// Dollars per task, or a margin on the provider's list price such as `list+25%`; `none` takes the price away, and with
    /// it the route.
    pub price: String,
    /// The contributor's share in basis points.
    #[serde(default)]
    pub share_bp: u16,
    /// The least that a margin makes, in dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<String>,
    /// How it is charged: `fixed`, or by the reported cost such as `cost+25%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing: Option<String>,
    /// What comes on top for some tasks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surcharges: Vec<SurchargeLine>,
    /// The line of the file that it stands in, for complaints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// What comes on top of a price for some tasks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurchargeLine {
    /// For which: `isEnterprise = true`, `minScore >= 0.7`, `proxy = true`, `cookies given`.
    pub when: String,
    /// How much: dollars, or a part of the price such as `20%`.
    pub add: String,
}

fn every() -> String {
    "*".to_owned()
}

fn both() -> String {
    "both".to_owned()
}

/// A site rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleLine {
    /// What it is about: `example.com`, `host:www.example.com`, `example.com/path`, `suffix:gov`, `sitekey:KEY`.
    pub pattern: String,
    /// Why it is there; clients read it.
    pub note: String,
    /// The account whose tasks it is about; neither account nor key means everybody's.
    pub account: Option<String>,
    /// The API key whose tasks it is about.
    pub key: Option<String>,
    /// Who made it, where several have made one: `operator`, `default` or `owner`.
    pub origin: Option<String>,
}

/// A check at a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Check {
    /// The provider.
    pub provider: String,
    /// The credential; none means the first active one of the platform.
    #[serde(default)]
    pub credential: Option<String>,
    /// A task type, to have one task solved.
    #[serde(default)]
    pub task_type: Option<String>,
    /// Its parameters, where the built-in sample is not wanted.
    #[serde(default)]
    pub task: Option<Map<String, Value>>,
    /// Most that the task may cost, in dollars.
    #[serde(default)]
    pub max_cost: Option<String>,
}

//! The adapter contract in the domain's words: what `wit/` says, as plain data.
//!
//! `sandbox` converts between these and the component's types; `egress` sends what [`Step::Send`] carries; `server`
//! drives an [`Operation`] step by step. The manual for authors is `wit/adapter.wit`; limits on sizes are here.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AttemptId, ProviderId};

/// Most bytes of opaque state between two steps of one operation.
pub const MAX_STATE_BYTES: usize = 64 * 1024;
/// Most bytes of a task's reference at its provider.
pub const MAX_REFERENCE_BYTES: usize = 512;
/// Most bytes of a memo (what a poll needs to know beyond the reference).
pub const MAX_MEMO_BYTES: usize = 4 * 1024;
/// Most steps that one operation may take before it has broken the contract.
pub const MAX_STEPS: u32 = 16;
/// Most bytes of a request's body, as an adapter builds it.
pub const MAX_REQUEST_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes of a solution.
pub const MAX_SOLUTION_BYTES: usize = 1024 * 1024;

/// What an adapter says of itself and its provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The provider's id; the key that routes, prices and credentials hang on.
    pub provider: ProviderId,
    /// The provider's name as people write it.
    pub display_name: String,
    /// The adapter's own version.
    pub version: String,
    /// Where to read about the provider.
    pub homepage: String,
    /// Where relative request URLs lead; an operator may override it in the provider's row.
    pub base_url: String,
    /// Hosts that requests may name besides the base URL's: exact names, or `*.example.com`.
    pub hosts: Vec<String>,
    /// The fields of a credential, in the order in which a form would ask for them.
    pub credential: Vec<CredentialField>,
    /// Every place in which requests will ask for a credential; others are refused.
    pub placements: Vec<Placement>,
    /// What the provider solves.
    pub task_types: Vec<ServedType>,
    /// How it may be polled.
    pub polling: PollLimits,
    /// What else it can do.
    pub abilities: Abilities,
}

/// One field of a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialField {
    /// Its name in placements.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// What it looks like and where to find it.
    pub description: String,
}

/// A task type that a provider serves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServedType {
    /// The canonical family, such as `recaptcha_v2`.
    pub family: String,
    /// Whether it is solved through the client's proxy.
    pub proxy: ProxySupport,
    /// What the provider lists for one task.
    pub list_price: Money,
    /// JSON Schema of what it needs beyond the canonical parameters.
    pub schema: Option<String>,
}

/// Whether a provider solves a task type through the client's proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxySupport {
    /// Only without one.
    Never,
    /// With or without.
    Optional,
    /// Only with one.
    Required,
}

/// A provider's rules for polling; all times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollLimits {
    /// Wait after acceptance before the first poll.
    pub first_wait_ms: u32,
    /// Shortest time between two polls of one task.
    pub interval_ms: u32,
    /// Most polls of one task.
    pub max_polls: u32,
    /// After this long the provider surely has given a task up.
    pub longest_life_ms: u32,
    /// How long a finished task's result can still be read.
    pub result_kept_ms: u32,
    /// Most tasks in one poll; 1 where the provider has no batch poll.
    pub max_batch: u32,
}

/// What a provider can do beyond submit and poll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "a set of independent abilities, as the contract's flags")]
pub struct Abilities {
    /// The same submit sent twice makes one task.
    pub idempotent_submit: bool,
    /// A task can be found by our attempt id.
    pub look_up: bool,
    /// An accepted task can be cancelled.
    pub cancel: bool,
    /// Solutions can be reported as wrong or right.
    pub report: bool,
    /// The credential's balance can be read.
    pub balance: bool,
    /// Public prices and load can be read.
    pub market: bool,
}

/// A decimal amount with its currency, as a provider writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Plain decimal, such as `0.00126`.
    pub amount: String,
    /// ISO 4217 code, such as `USD`.
    pub currency: String,
}

/// What an adapter is asked to do.
#[derive(Clone, PartialEq, Eq)]
pub enum Operation {
    /// Have a task solved.
    Submit(Submission),
    /// Ask about accepted tasks; never more than [`PollLimits::max_batch`].
    Poll(Vec<OpenTask>),
    /// Find what became of an attempt whose submit got no clear answer.
    LookUp(AttemptId),
    /// Read the credential's balance.
    Balance,
    /// Read public prices and load.
    Market,
    /// Tell the provider whether a solution worked.
    Report(Report),
    /// Give up an accepted task.
    Cancel(OpenTask),
}

impl Operation {
    /// A word for logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Submit(_) => "submit",
            Self::Poll(_) => "poll",
            Self::LookUp(_) => "look-up",
            Self::Balance => "balance",
            Self::Market => "market",
            Self::Report(_) => "report",
            Self::Cancel(_) => "cancel",
        }
    }
}

/// A task to be solved, in canonical form.
#[derive(Clone, PartialEq, Eq)]
pub struct Submission {
    /// The attempt's id: the reference under which a look-up would search.
    pub attempt: AttemptId,
    /// The canonical family.
    pub family: String,
    /// Canonical parameters, a JSON object.
    pub parameters: String,
    /// The client's proxy, when the task is to be solved through it.
    pub proxy: Option<Proxy>,
}

/// A client's proxy.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxy {
    /// Its protocol.
    pub scheme: ProxyScheme,
    /// Host name or address.
    pub host: String,
    /// Port, not 0.
    pub port: u16,
    /// Login, where it needs one.
    pub login: Option<String>,
    /// Password, where it needs one; secret.
    pub password: Option<String>,
}

/// A proxy's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyScheme {
    /// Plain HTTP proxy.
    Http,
    /// HTTP proxy over TLS.
    Https,
    /// SOCKS 4.
    Socks4,
    /// SOCKS 5.
    Socks5,
}

/// An accepted task as its provider knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTask {
    /// The provider's id of the task.
    pub reference: String,
    /// The canonical family.
    pub family: String,
    /// What the adapter noted on acceptance.
    pub memo: Vec<u8>,
}

/// A verdict on a solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The task.
    pub task: OpenTask,
    /// Whether the solution worked.
    pub correct: bool,
}

/// What an adapter wants next.
#[derive(Clone, PartialEq)]
pub enum Step {
    /// Send this, then call `advance` with the state and the response.
    Send(OutwardRequest, Vec<u8>),
    /// Wait this many milliseconds, then call `advance` with the state.
    Wait(u32, Vec<u8>),
    /// Submit or look-up: the provider has the task.
    Accepted(Acceptance),
    /// Submit: solved at once.
    Solved(Solved),
    /// Poll: what is known; a task that is not named is still open.
    Polled(Vec<Verdict>),
    /// Balance: what the credential has.
    Balance(Money),
    /// Market: what the provider publishes.
    Market(Vec<Offer>),
    /// The operation failed.
    Failed(Fault),
    /// Report or cancel: done. Look-up: the provider surely has no such task.
    Done,
}

/// A provider's acceptance of a task.
#[derive(Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The provider's id of the task.
    pub reference: String,
    /// What a poll needs to know beyond it.
    pub memo: Vec<u8>,
    /// When to poll first, in milliseconds from now, where the provider said so.
    pub poll_after_ms: Option<u32>,
}

/// A solution and what it cost.
#[derive(Clone, PartialEq, Eq)]
pub struct Solved {
    /// Canonical solution, a JSON object.
    pub solution: String,
    /// What the provider charged, where it said so.
    pub cost: Option<Money>,
}

/// What a poll found out about one task.
#[derive(Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Which task.
    pub reference: String,
    /// How it stands.
    pub standing: Standing,
}

/// How an accepted task stands.
#[derive(Clone, PartialEq, Eq)]
pub enum Standing {
    /// Still open; poll again after so many milliseconds, where the provider said so.
    Open(Option<u32>),
    /// Solved.
    Solved(Solved),
    /// Failed.
    Failed(Fault),
}

/// A published price and load of one task type.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The canonical family.
    pub family: String,
    /// Price of one task.
    pub price: Money,
    /// Mean time to solution in milliseconds, where published.
    pub speed_ms: Option<u32>,
    /// Idle workers, where published.
    pub idle: Option<u32>,
}

/// Why an operation failed, and what the host must do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the host must do.
    pub class: FaultClass,
    /// The provider's own code, or the adapter's.
    pub code: String,
    /// For people.
    pub message: String,
    /// Whether the provider charged all the same.
    pub charged: Charged,
}

/// What the host must do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// The client's fault, its proxy included: fail the task, try no other provider.
    InvalidTask,
    /// A definitive failure of the task.
    Unsolvable,
    /// This provider does not do it: next candidate.
    NotSupported,
    /// Too fast; wait this many milliseconds where the provider said so. Next candidate.
    Throttled(Option<u32>),
    /// Nobody free: next candidate.
    NoCapacity,
    /// The credential is refused: next candidate, and the credential needs its owner.
    CredentialRejected,
    /// The credential has no funds: next candidate, and the credential needs its owner.
    CredentialOutOfFunds,
    /// The provider is down and surely did not accept: next candidate.
    ProviderDown,
    /// Sent, and no definitive answer: never sent again.
    InDoubt,
}

impl FaultClass {
    /// The word in the database, in logs and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidTask => "invalid-task",
            Self::Unsolvable => "unsolvable",
            Self::NotSupported => "not-supported",
            Self::Throttled(_) => "throttled",
            Self::NoCapacity => "no-capacity",
            Self::CredentialRejected => "credential-rejected",
            Self::CredentialOutOfFunds => "credential-out-of-funds",
            Self::ProviderDown => "provider-down",
            Self::InDoubt => "in-doubt",
        }
    }
}

/// Whether a provider charged for what failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Charged {
    /// It did.
    Yes,
    /// It did not.
    No,
    /// It does not say.
    Unknown,
}

/// A request that an adapter wants sent; the host opens the credential and sends.
#[derive(Clone, PartialEq, Eq)]
pub struct OutwardRequest {
    /// GET or POST.
    pub method: Method,
    /// A path below the provider's base URL (`/createTask`, may carry a query), or a whole URL of an allowed host.
    pub url: String,
    /// Headers; those that the host owns (`host`, `content-length`, …) are refused.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// Where credential fields go; empty for a request that needs none.
    pub placements: Vec<Placement>,
}

/// An HTTP method that adapters may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// DELETE (cancel at some providers).
    Delete,
}

/// A request's body.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// None.
    Empty,
    /// A JSON text; an object when a [`Place::JsonField`] is asked for.
    Json(String),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
    /// Anything else.
    Bytes(String, Vec<u8>),
}

/// One part of a multipart body.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// Field name.
    pub name: String,
    /// File name, for file parts.
    pub file_name: Option<String>,
    /// Content type, where it matters.
    pub content_type: Option<String>,
    /// Content.
    pub data: Vec<u8>,
}

/// A credential's field and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Placement {
    /// Which field of the credential.
    pub field: String,
    /// Where its value is inserted.
    pub place: Place,
}

/// Where a credential's value is inserted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A top-level field of a JSON body.
    JsonField(String),
    /// A field of a form or multipart body.
    FormField(String),
    /// A query parameter.
    Query(String),
    /// A header, after a literal prefix such as `Bearer `.
    Header {
        /// Header name.
        name: String,
        /// Text before the value.
        prefix: String,
    },
    /// `Authorization: Basic`, the value as password with this literal user name.
    Basic {
        /// User name.
        user: String,
    },
}

/// A provider's reply, scrubbed of the credential.
#[derive(Clone, PartialEq, Eq)]
pub struct InwardResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, bounded by egress.
    pub body: Vec<u8>,
}

/// What happened since the adapter's last step.
#[derive(Clone, PartialEq, Eq)]
pub enum Reply {
    /// The request was answered.
    Response(InwardResponse),
    /// The wait is over.
    Waited,
}

// Tasks, requests, states and solutions carry clients' secrets: their Debug output names the shape, never the content.
macro_rules! opaque_debug {
    ($($name:ident),+ $(,)?) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), " { .. }"))
            }
        }
    )+};
}

opaque_debug!(Operation, Submission, Proxy, Step, Acceptance, Solved, Verdict, Standing);
opaque_debug!(OutwardRequest, Body, Part, InwardResponse, Reply);

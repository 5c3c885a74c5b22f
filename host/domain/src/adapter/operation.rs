//! What an adapter is asked to do.

use serde::{Deserialize, Serialize};

use crate::AttemptId;

/// What an adapter is asked to do.
#[derive(Clone, PartialEq, Eq)]
pub enum Operation {
    /// Have a task solved.
    Submit(Submission),
    /// Ask about accepted tasks; never more than [`super::PollLimits::max_batch`].
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

//! The service's calls and answers in no wire format's words: what a wire format reads and writes, what the engine
//! decides on.

use std::net::IpAddr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::money::Usd;
use crate::script::Malformed;

/// What kind of task it is, however a wire format calls its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Text in a picture.
    ImageToText,
    /// reCAPTCHA v2.
    RecaptchaV2,
    /// reCAPTCHA v2 Enterprise.
    RecaptchaV2Enterprise,
    /// reCAPTCHA v3, Enterprise included.
    RecaptchaV3,
    /// hCaptcha.
    Hcaptcha,
    /// Cloudflare Turnstile.
    Turnstile,
    /// Everything else that a wire format knows.
    Other,
}

impl Family {
    pub(crate) const ALL: [Self; 7] = [
        Self::ImageToText,
        Self::RecaptchaV2,
        Self::RecaptchaV2Enterprise,
        Self::RecaptchaV3,
        Self::Hcaptcha,
        Self::Turnstile,
        Self::Other,
    ];
}

/// A request as a wire format read it.
pub(crate) struct Incoming {
    /// The API key, where one could be read.
    pub(crate) key: Option<String>,
    /// The text of the task, where there is one: a slice of the body where the format has tasks inside its bodies.
    pub(crate) task: Option<Bytes>,
    /// What is asked.
    pub(crate) call: Call,
    /// How it wants to be answered.
    pub(crate) manner: Manner,
}

/// What of a request decides the shape of its answer. Formats that answer everybody alike leave it at its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// As JSON instead of plain text.
    pub(crate) json: bool,
    /// With the price beside the solution.
    pub(crate) priced: bool,
    /// To a page for questions instead of the one that takes tasks.
    pub(crate) asks: bool,
    /// With a key that does not even look like one.
    pub(crate) odd_key: bool,
}

/// What is asked.
pub(crate) enum Call {
    /// Have a task solved; or why it cannot be accepted as it stands.
    Create(Result<NewTask, Refusal>),
    /// How a task stands; none where the id could not be read.
    Poll(Option<u64>),
    /// How several tasks stand.
    PollMany(Vec<Option<u64>>),
    /// What the key has left.
    Balance,
    /// Load and price of one family; none where there is no such queue.
    Queue(Option<Family>),
    /// Whether a solution worked.
    Report(Report),
    /// Show what was sent.
    Echo,
    /// Nothing that the service can do, whoever asks.
    Refused(Refusal),
    /// Nothing that the service can do; one whose key is unknown is told that first.
    Wrong(Refusal),
}

/// A verdict on a solution.
pub(crate) struct Report {
    /// The task; none where the id could not be read.
    pub(crate) task: Option<u64>,
    /// The families that this report is for.
    pub(crate) families: &'static [Family],
}

/// A task that keeps the rules of its type.
#[derive(Clone, Debug)]
pub(crate) struct NewTask {
    pub(crate) family: Family,
    /// Whether it is solved through the client's proxy.
    pub(crate) proxied: bool,
    pub(crate) needs: Needs,
}

/// What a solution must fit.
#[derive(Clone, Debug)]
pub(crate) enum Needs {
    /// A token, got with this browser where the client named one.
    Token { user_agent: Option<String> },
    /// The text of a picture.
    Text(TextNeeds),
    /// What the wire format shapes by itself.
    Own(Own),
}

/// A solution whose shape the wire format alone knows.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    /// The browser that it is got with, where the client named one.
    pub(crate) user_agent: Option<String>,
    /// What of the task the solution takes up.
    pub(crate) about: Value,
    /// Makes the solution.
    pub(crate) shape: fn(&Made<'_>) -> Value,
}

/// What a solution is shaped from.
pub(crate) struct Made<'a> {
    /// A token that names its task.
    pub(crate) token: &'a str,
    pub(crate) user_agent: &'a str,
    pub(crate) about: &'a Value,
}

/// What a picture's text must be like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextNeeds {
    /// Digest of the picture: the same picture has the same text.
    pub(crate) picture: u64,
    pub(crate) letters: bool,
    pub(crate) digits: bool,
    /// Two words.
    pub(crate) phrase: bool,
    pub(crate) min_length: usize,
    pub(crate) max_length: usize,
}

/// Why a request or a task failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    KeyUnknown,
    NoSlot,
    ImageTooSmall,
    ImageTooBig,
    ZeroBalance,
    Unsolvable,
    /// Nobody solved it within its longest life.
    TimedOut,
    MethodUnknown,
    /// The request as a whole cannot be read.
    Unreadable,
    ImageType,
    TaskGone,
    /// What stands for a task's id is none.
    TaskIdUnreadable,
    TaskAbsent,
    TypeUnknown,
    /// A required field is missing or a field has a value that its type does not allow.
    Field(&'static str),
    Proxy(ProxyFault),
    SiteKey,
    Throttled,
    /// The key has as many open tasks as it may have.
    TooManyOpen,
    /// A code that a test wrote down.
    Code(String),
}

/// What is wrong with a client's proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyFault {
    ConnectRefused,
    ConnectTimeout,
    ReadTimeout,
    Banned,
    Transparent,
    NoImages,
    HttpVersion,
    NotAuthorised,
}

impl ProxyFault {
    pub(crate) const ALL: [Self; 8] = [
        Self::ConnectRefused,
        Self::ConnectTimeout,
        Self::ReadTimeout,
        Self::Banned,
        Self::Transparent,
        Self::NoImages,
        Self::HttpVersion,
        Self::NotAuthorised,
    ];
}

/// What the engine decided about a request.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The right answer.
    pub(crate) answer: Answer,
    /// What becomes of it on its way.
    pub(crate) spoil: Option<Spoil>,
    /// The task that was created or asked about.
    pub(crate) task_id: Option<u64>,
    /// Real milliseconds before it is sent.
    pub(crate) delay_ms: u64,
    /// Whether it waits for the task's end and carries the solution.
    pub(crate) at_once: bool,
}

impl Reply {
    pub(crate) const fn prompt(answer: Answer) -> Self {
        Self { answer, spoil: None, task_id: None, delay_ms: 0, at_once: false }
    }

    pub(crate) const fn refused(refusal: Refusal) -> Self {
        Self::prompt(Answer::Refused(refusal))
    }
}

/// What becomes of an answer on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoil {
    /// An error page instead.
    ServerError,
    /// The connection is closed instead.
    Lost,
    /// It cannot be read.
    Malformed(Malformed),
}

/// An answer that a wire format has a shape for.
#[derive(Debug)]
pub(crate) enum Answer {
    Created(u64),
    /// Created, and solved in the same reply.
    Solved(u64, Box<Ready>),
    Processing,
    Ready(Box<Ready>),
    /// How several tasks stand, in the order in which they were asked about.
    Many(Vec<Self>),
    Balance(Usd),
    Queue(Queue),
    Reported,
    Echo,
    Refused(Refusal),
    /// Nothing was decided, because the request surely does not get an answer.
    Nothing,
}

/// A solved task.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) solution: Solution,
    pub(crate) cost: Usd,
    /// Address that created the task.
    pub(crate) ip: IpAddr,
    /// Unix seconds.
    pub(crate) created_at: u64,
    /// Unix seconds.
    pub(crate) ended_at: u64,
}

/// A solution in no wire format's words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Solution {
    Token {
        family: Family,
        token: String,
        user_agent: String,
    },
    Text(String),
    /// An object that the wire format shaped, or that a test wrote down.
    Given(Value),
}

/// Load and price of one family.
#[derive(Debug)]
pub(crate) struct Queue {
    /// Idle workers.
    pub(crate) waiting: u64,
    /// All workers.
    pub(crate) total: u64,
    pub(crate) price: Usd,
    /// Median simulated seconds to solution.
    pub(crate) speed_s: f64,
}

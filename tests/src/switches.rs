//! The switches of the hostile guest: what each does, and what stops it. `docs/sandbox.md` prints this list; the tests turn
//! every switch and compare; another test compares it with the guest itself.

/// One way to misbehave.
#[derive(Clone, Copy, Debug)]
pub struct Switch {
    /// Its name: the guest's family, or `do=` in the page's URL.
    pub name: &'static str,
    /// When it misbehaves.
    pub stage: Stage,
    /// What it does.
    pub does: &'static str,
    /// The name of the fault or refusal that it ends in; none where it is bounded without one.
    pub fault: Option<&'static str>,
    /// What bounds it.
    pub bound: &'static str,
}

/// When a guest misbehaves, which decides what becomes of the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// At its admission: it is not loaded.
    Describe,
    /// Before anything was sent: the next candidate is tried, or the task fails, refunded.
    Begin,
    /// After the provider may have heard of the task: in doubt, never sent again, refunded at its deadline.
    Sent,
    /// When it is asked about an accepted task: the poll is missed, the task waits for a good one or its deadline.
    Poll,
    /// Never: what it does is bounded and otherwise without consequence.
    Harmless,
}

impl Stage {
    /// What becomes of the task.
    #[must_use]
    pub const fn outcome(self) -> &'static str {
        match self {
            Self::Describe => "not admitted",
            Self::Begin => "next candidate, or refunded",
            Self::Sent => "in doubt, refunded at the deadline",
            Self::Poll => "polled again, refunded at the deadline",
            Self::Harmless => "goes on",
        }
    }
}

const fn fault(
    (name, stage): (&'static str, Stage),
    does: &'static str,
    fault: &'static str,
    bound: &'static str,
) -> Switch {
    Switch { name, stage, does, fault: Some(fault), bound }
}

const fn bounded(name: &'static str, does: &'static str, bound: &'static str) -> Switch {
    Switch { name, stage: Stage::Harmless, does, fault: None, bound }
}

use Stage::{Begin, Describe, Poll, Sent};

const TIME: &str = "20 ms of CPU for one call";
const MEMORY: &str = "32 MiB for all memories and tables of a call";
const CRASH: &str = "an instance of its own for each call";
const URLS: &str = "the URL is read strictly, and compared with the grant";
const HEADERS: &str = "headers are checked, and those of the host are the host's";
const PLACES: &str = "the credential goes only where it was bound to go when it was added";
const STEPS: &str = "16 steps for one operation";
const KINDS: &str = "each operation has its own endings";
const ASKED: &str = "what a provider says is believed after a request to it";
const VERDICTS: &str = "a verdict counts on a task that was asked about, and once";

/// Every switch.
pub const SWITCHES: &[Switch] = &[
    fault(("describe-spin", Describe), "spins in `describe`", "out-of-time", TIME),
    fault(("describe-trap", Describe), "crashes in `describe`", "trapped", CRASH),
    fault(("describe-table", Describe), "grows a table, step by step or at once", "out-of-memory", MEMORY),
    fault(("spin", Begin), "spins", "out-of-time", TIME),
    fault(("grow", Begin), "takes memory until it is refused", "out-of-memory", MEMORY),
    fault(("allocate", Begin), "takes 100 MB at once", "out-of-memory", MEMORY),
    fault(("recurse", Begin), "calls itself for ever", "out-of-stack", "512 KiB of stack"),
    fault(("recurse-in-memory", Begin), "fills the stack in its own memory", "trapped", CRASH),
    fault(("trap", Begin), "executes `unreachable`", "trapped", CRASH),
    fault(("panic", Begin), "panics", "trapped", CRASH),
    fault(("exit", Begin), "ends its process", "trapped", CRASH),
    fault(("huge-output", Begin), "answers 200 MB that take it 1 MB", "output-too-large", "12 MiB copied for one call"),
    fault(("huge-state", Begin), "keeps a state of more than 64 KiB", "output-too-large", "64 KiB of state"),
    fault(
        ("huge-reference", Begin),
        "names a task by more than 512 bytes",
        "output-too-large",
        "512 bytes of reference",
    ),
    fault(("huge-memo", Begin), "keeps a memo of more than 4 KiB", "output-too-large", "4 KiB of memo"),
    fault(("huge-request", Begin), "sends more than 8 MiB", "output-too-large", "8 MiB of request body"),
    fault(("huge-solution", Begin), "solves with more than 1 MiB", "output-too-large", "1 MiB of solution"),
    fault(
        ("odd-solution", Begin),
        "solves with what is no JSON",
        "broke-contract",
        "answers are read when they are given",
    ),
    fault(
        ("empty-reference", Begin),
        "accepts without a reference",
        "broke-contract",
        "answers are read when they are given",
    ),
    fault(("endless-steps", Begin), "waits again and again", "too-many-steps", STEPS),
    fault(("foreign-step", Begin), "ends a submit with verdicts", "foreign-step", KINDS),
    fault(("invented-task", Begin), "accepts a task that it sent nowhere", "unasked-answer", ASKED),
    fault(("invented-solution", Begin), "solves a task that it sent nowhere", "unasked-answer", ASKED),
    fault(("foreign-host", Begin), "names another host", "refused-host", URLS),
    fault(("own-host", Begin), "names a host of its manifest that it was not granted", "refused-host", URLS),
    fault(("foreign-port", Begin), "names another port of its host", "refused-url", URLS),
    fault(("foreign-private", Begin), "names a private address", "refused-host", URLS),
    fault(("url-userinfo", Begin), "hides another host behind its own: `http://own@other/`", "refused-url", URLS),
    fault(("url-evil-userinfo", Begin), "the same with https", "refused-url", URLS),
    fault(("url-two-slashes", Begin), "`//other/`", "refused-url", URLS),
    fault(("url-backslash", Begin), "`/\\other/`", "refused-url", URLS),
    fault(("url-scheme", Begin), "`file:///etc/passwd`", "refused-url", URLS),
    fault(("url-climbs", Begin), "leaves the base URL's path: `/%2e%2e/`", "refused-url", URLS),
    fault(("url-line-break", Begin), "a line break in the URL", "refused-url", URLS),
    fault(("header-value-break", Begin), "a line break in a header's value", "refused-header", HEADERS),
    fault(("header-name-break", Begin), "a line break in a header's name", "refused-header", HEADERS),
    fault(("header-host", Begin), "sets `Host`", "refused-owned-header", HEADERS),
    fault(("header-length", Begin), "sets `Content-Length`", "refused-owned-header", HEADERS),
    fault(("header-encoding", Begin), "sets `Transfer-Encoding`", "refused-owned-header", HEADERS),
    fault(("header-authorization", Begin), "sets `Authorization` itself", "refused-owned-header", HEADERS),
    fault(("key-elsewhere", Begin), "wants the credential in the query", "refused-placement", PLACES),
    fault(("round-trip", Begin), "wants the credential in a header", "refused-placement", PLACES),
    fault(("key-unknown", Begin), "wants a field that the credential does not have", "refused-placement", PLACES),
    fault(
        ("key-place-taken", Begin),
        "writes a value of its own in the credential's place",
        "refused-place-taken",
        PLACES,
    ),
    fault(("key-body-kind", Begin), "wants the credential in a body of another kind", "refused-body-kind", PLACES),
    fault(("key-no-object", Begin), "wants the credential in a JSON list", "refused-body", PLACES),
    fault(("spin-after-send", Sent), "spins over the reply", "out-of-time", TIME),
    fault(("trap-after-send", Sent), "crashes over the reply", "trapped", CRASH),
    fault(("huge-state-after-send", Sent), "keeps too much after the reply", "output-too-large", "64 KiB of state"),
    fault(("foreign-step-after-send", Sent), "reads the reply to a submit as a poll's", "foreign-step", KINDS),
    fault(("foreign-host-after-send", Sent), "goes to another host with the second request", "refused-host", URLS),
    fault(("endless-sends", Sent), "sends again and again", "too-many-steps", STEPS),
    fault(("spin-in-poll", Poll), "spins", "out-of-time", TIME),
    fault(("trap-in-poll", Poll), "crashes", "trapped", CRASH),
    fault(("grow-in-poll", Poll), "takes memory until it is refused", "out-of-memory", MEMORY),
    fault(("endless-poll", Poll), "waits again and again", "too-many-steps", STEPS),
    fault(("foreign-step-in-poll", Poll), "accepts once more", "foreign-step", KINDS),
    fault(("foreign-host-in-poll", Poll), "asks another host", "refused-host", URLS),
    fault(("invented-in-poll", Poll), "has a solution without a request", "unasked-answer", ASKED),
    fault(("unasked-verdict", Poll), "tells of a task that it was not asked about", "unasked-verdict", VERDICTS),
    fault(("several-verdicts", Poll), "has two verdicts on one task", "several-verdicts", VERDICTS),
    bounded("sleep", "sleeps for an hour", "the clock stands still, so it returns at once or runs out of time"),
    bounded("log-flood", "leaves 5,000 long notes", "50 notes of 1,000 bytes a call, without control characters"),
    bounded("print-flood", "prints 5,000 lines", "4,000 bytes a call, without control characters"),
    bounded(
        "environment",
        "looks for variables, files, clocks, randomness",
        "stand-ins that are empty and the same in every call",
    ),
    bounded("stores", "counts its calls in memory", "an instance of its own for each call"),
    bounded("odd-fault", "fails with a page of control characters", "a fault's texts are cut at 500 bytes and cleaned"),
    bounded(
        "key-in-path",
        "writes `{key}` in the URL",
        "there are no placeholders: what an adapter writes is sent as it is",
    ),
    bounded("honest", "behaves, and never solves anything", "the task's deadline"),
];

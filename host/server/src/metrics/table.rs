//! Every metric: its name, what it means, its unit and its labels. What is exposed is registered from here, and the table
//! of `docs/metrics.md` is printed from here.

/// One metric, with so many labels.
#[derive(Debug)]
pub struct Described<const N: usize> {
    /// Its name as it is scraped.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// In what its values are counted.
    pub unit: &'static str,
    /// Its labels' names.
    pub labels: [&'static str; N],
    /// What it means; the help text.
    pub about: &'static str,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows, from zero at the start of the process.
    Counter,
    /// Stands at a value when it is scraped.
    Gauge,
    /// Counts observations, in seconds, up to each of these bounds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// The word in an exposition.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// One metric, whatever the number of its labels.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// See [`Described`].
    pub name: &'static str,
    /// See [`Described`].
    pub kind: Kind,
    /// See [`Described`].
    pub unit: &'static str,
    /// See [`Described`].
    pub labels: &'static [&'static str],
    /// See [`Described`].
    pub about: &'static str,
}

impl<const N: usize> Described<N> {
    const fn row(&'static self) -> Row {
        Row { name: self.name, kind: self.kind, unit: self.unit, labels: &self.labels, about: self.about }
    }
}

/// The gateway's own work: from what an adapter's call takes (tens of microseconds) to what a client's patience bears.
const WORK: &[f64] = &[
    0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
];
/// An exchange with a provider: from loopback to the longest that a request may take.
const EXCHANGE: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0];
/// A call's memory: from one page to all that a call may have.
const MEMORY: &[f64] =
    &[65_536.0, 1_048_576.0, 1_572_864.0, 2_097_152.0, 4_194_304.0, 8_388_608.0, 16_777_216.0, 33_554_432.0];
/// A solution: from an image read at once to a person who takes minutes.
const SOLVING: &[f64] =
    &[0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0];

macro_rules! metrics {
    ($($constant:ident = $kind:expr, $name:literal, $unit:literal, [$($label:literal),*], $about:literal;)+) => {
        $(pub(super) const $constant: &Described<{ <[&str]>::len(&[$($label),*]) }> = &Described {
            name: $name, kind: $kind, unit: $unit, labels: [$($label),*], about: $about,
        };)+

        /// Every metric, in the order of the documentation.
        pub const TABLE: &[Row] = &[$($constant.row()),+];
    };
}

metrics! {
    OVERHEAD = Kind::Histogram(WORK), "capstan_overhead_seconds", "seconds", ["of"], "What the gateway itself takes: total time minus time waiting for the provider. of=create_task: from a complete request to its answer, for tasks whose hold became durable; of=attempt: from an attempt in hand to its outcome on disk";
    REQUESTS = Kind::Counter, "capstan_requests_total", "requests", ["method", "code"], "Requests answered, by method and by error code (ok where there is none)";
    REQUEST_SECONDS = Kind::Histogram(WORK), "capstan_request_seconds", "seconds", ["method"], "Time from a complete request to its answer, the wait for a provider included";
    CREATE_STORMS = Kind::Counter, "capstan_create_storms_total", "storms", [], "Times that one key sent the same createTask again and again without asking for one of the tasks";
    CREATED = Kind::Counter, "capstan_tasks_created_total", "tasks", ["family", "mode", "pool"], "Tasks whose hold became durable, by family, order of candidates and pools allowed";
    ENDED = Kind::Counter, "capstan_tasks_ended_total", "tasks", ["family", "end"], "Tasks that ended, solved or with an error code";
    OPEN = Kind::Gauge, "capstan_open_tasks", "tasks", [], "Tasks that this process moves";
    DOUBTFUL = Kind::Gauge, "capstan_doubtful_attempts", "attempts", ["provider", "task"], "Attempts of which nobody knows what their provider makes of them: task=open, sent without a clear answer; task=over, given up at the deadline and still asked about";
    SOLVE_SECONDS = Kind::Histogram(SOLVING), "capstan_solve_seconds", "seconds", ["provider", "family"], "Time from a task's creation to its solution on disk, for solved tasks";
    ATTEMPTS = Kind::Counter, "capstan_attempts_total", "attempts", ["provider", "outcome", "fault"], "What became of attempts: accepted or in-doubt on the way; solved, failed, refused or timed-out at the end. fault is the class of what went wrong, none where nothing did";
    MONEY = Kind::Counter, "capstan_money_nanodollars_total", "10⁻⁹ US dollars", ["move"], "Money moved: held for tasks, captured for solutions, released to accounts, late costs borne by the platform (loss); topped-up; given, taken, paid-out, spent and taken-back by operators; matured to contributors; refunded after complaints";
    COST_REPORTED = Kind::Counter, "capstan_provider_cost_reported_nanodollars_total", "10⁻⁹ US dollars", ["provider"], "What solved tasks cost at their providers' word, for those of which it is known what they were expected to cost";
    COST_EXPECTED = Kind::Counter, "capstan_provider_cost_expected_nanodollars_total", "10⁻⁹ US dollars", ["provider"], "What the same tasks were expected to cost by the providers' list prices, or by those that they published where these were more";
    ASSUMED = Kind::Counter, "capstan_assumed_nanodollars_total", "10⁻⁹ US dollars", ["provider"], "Charges that nobody told, taken as made when a doubtful attempt had no word at its end; they are in move=loss, too";
    POLLS = Kind::Counter, "capstan_polls_total", "tasks polled", ["provider", "outcome"], "Tasks asked about at their providers: open, solved, failed, unnamed (the answer does not speak of it) or missed (the poll itself failed)";
    POLLS_MISSED = Kind::Counter, "capstan_polls_missed_total", "polls", ["provider", "reason"], "Polls that failed as a whole, by class of fault, or by what cut them off where there was no answer to read";
    CALLS = Kind::Histogram(WORK), "capstan_sandbox_call_seconds", "seconds", ["provider", "adapter", "call"], "Calls into adapters, waiting for a thread of the sandbox included, by which of the provider's adapters: in_force, on_trial, or before, which finishes its open tasks";
    CALL_FAULTS = Kind::Counter, "capstan_sandbox_faults_total", "calls", ["provider", "adapter", "kind"], "Calls into adapters that gave no step, by kind";
    CALL_CPU = Kind::Histogram(WORK), "capstan_sandbox_cpu_seconds", "seconds", ["provider", "adapter"], "CPU time of calls into adapters, that of making the instance included; the limit is the sandbox's budget of a call";
    CALL_MEMORY = Kind::Histogram(MEMORY), "capstan_sandbox_memory_bytes", "bytes", ["provider", "adapter"], "Memories and tables that one call into an adapter was given, its initial ones included";
    REPORTS = Kind::Counter, "capstan_reports_total", "reports", ["provider", "decision"], "Clients' reports on solutions: right, or what was decided on a complaint; one that waits for its provider is counted when it is decided";
    QUARANTINES = Kind::Counter, "capstan_quarantines_total", "quarantines", ["provider"], "Adapters taken out of use for their faults";
    EGRESS_SECONDS = Kind::Histogram(EXCHANGE), "capstan_egress_seconds", "seconds", ["provider", "operation"], "Time waiting for providers' HTTP, by operation, replies that never came included";
    EGRESS_FAULTS = Kind::Counter, "capstan_egress_faults_total", "requests", ["provider", "kind"], "Requests to providers without a usable reply, by kind; an HTTP error status is a reply";
    EGRESS_REFUSED = Kind::Counter, "capstan_egress_refused_total", "requests", ["provider", "reason"], "Requests that adapters wanted sent and that were refused before they were, by the rule that they break";
    EGRESS_BYTES = Kind::Counter, "capstan_egress_bytes_total", "bytes", ["provider", "direction"], "Bytes sent to providers, as HTTP/1.1 writes requests, and received from them, as far as bodies were read";
    CREDENTIALS = Kind::Gauge, "capstan_credentials", "credentials", ["provider", "pool", "standing"], "Credentials that are ready, resting after a fault, or out of use";
    QUEUED = Kind::Gauge, "capstan_queue_depth", "entries", ["queue"], "What waits: writes for the one writer, calls for a thread of the sandbox";
    COMMITS = Kind::Counter, "capstan_commits_total", "transactions", [], "Transactions committed; writes per commit is the average batch";
    COMMIT_SECONDS = Kind::Counter, "capstan_commit_seconds_total", "seconds", [], "Time spent on what was committed, until it was on disk; per commit it is the average latency";
    WRITES = Kind::Counter, "capstan_writes_total", "writes", ["outcome"], "Writes that were kept, or undone because they were refused or failed";
    RERUNS = Kind::Counter, "capstan_commit_reruns_total", "batches", [], "Commits whose outcome was unknown, run again one by one";
    LEDGER_CHECKS = Kind::Counter, "capstan_ledger_checks_total", "checks", ["outcome"], "Checks of the whole ledger by this node: agrees, differs (the log has the first difference) or failed (the check could not be made)";
    BALANCE_LOOKS = Kind::Counter, "capstan_balance_looks_total", "looks", ["provider", "verdict"], "Looks at providers' balances by this node: first (nothing to compare with), agrees, more (more is gone than is booked: an alarm), less (topped up, or charged less), between (one before its time, for the router: little was left) or failed (not told)";
    MARKET_LOOKS = Kind::Counter, "capstan_market_looks_total", "looks", ["provider", "outcome"], "Times that this node asked a provider what it publishes about prices, speed and load: told or failed";
    LEDGER_DIFFERENCE = Kind::Gauge, "capstan_ledger_difference", "1 or 0", [], "Whether the last check of the ledger by this node found a difference: 1, or 0; 0 before the first check, too";
    LEDGER_CHECKED = Kind::Gauge, "capstan_ledger_checked_at_seconds", "seconds", [], "When this node last checked the ledger, in seconds since 1970; 0 where it has not, since one node of several does it";
    BUILD = Kind::Gauge, "capstan_build_info", "always 1", ["version"], "The version that runs";
}

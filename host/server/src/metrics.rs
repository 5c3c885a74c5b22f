//! What the gateway counts. One struct that every part may write to; it is read at `/metrics` on an address of its own.
//!
//! **Lives here**: [`Metrics`], whose methods speak of tasks, attempts and money, and the table of all metrics
//! ([`TABLE`]). **Never lives here**: HTTP (`api/metrics.rs`), and any id but a provider's: a label is a word of this
//! program or a provider's id, which [`vector`] makes sure of.

mod scrape;
mod table;
mod vector;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use capstan_domain::adapter::FaultClass;
use capstan_domain::code::ErrorCode;
use capstan_domain::route::{PoolMode, SelectionMode};
use capstan_domain::{Amount, ProviderId};
use capstan_egress::{Crossed, EgressError};
use capstan_sandbox::Used;
use prometheus_client::registry::Registry;

use crate::providers::Version;

pub use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;
pub use table::{Described, Kind, Row, TABLE};
use vector::{Counters, Timers};

/// The gateway's counters and histograms, from zero at its start.
pub struct Metrics {
    registry: Registry,
    overhead: Timers<1>,
    requests: Counters<2>,
    request_seconds: Timers<1>,
    create_storms: Counters<0>,
    created: Counters<3>,
    ended: Counters<2>,
    solve_seconds: Timers<2>,
    attempts: Counters<3>,
    money: Counters<1>,
    cost_reported: Counters<1>,
    cost_expected: Counters<1>,
    assumed: Counters<1>,
    polls: Counters<2>,
    polls_missed: Counters<2>,
    calls: Timers<3>,
    call_faults: Counters<3>,
    call_cpu: Timers<2>,
    call_memory: Timers<2>,
    quarantines: Counters<1>,
    reports: Counters<2>,
    egress_seconds: Timers<2>,
    egress_faults: Counters<2>,
    egress_refused: Counters<2>,
    egress_bytes: Counters<2>,
    ledger_checks: Counters<1>,
    balance_looks: Counters<2>,
    market_looks: Counters<2>,
    ledger: Ledger,
}

/// How the last check of the ledger went.
#[derive(Debug, Default)]
struct Ledger {
    differs: AtomicBool,
    checked_at_ms: AtomicU64,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptOutcome {
    /// A provider has the task.
    Accepted,
    /// A provider may have it.
    InDoubt,
    /// Solved and captured.
    Solved,
    /// It came to nothing.
    Failed,
    /// The provider surely did not take it.
    Refused,
    /// The deadline ended it.
    TimedOut,
}

impl AttemptOutcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::InDoubt => "in-doubt",
            Self::Solved => "solved",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::TimedOut => "timed-out",
        }
    }
}

/// A move of money, as metrics tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MoneyMoved {
    /// Set aside for a task.
    Held,
    /// Paid for a solution.
    Captured,
    /// Given back to its account.
    Released,
    /// Charged by a provider for a task that nobody pays for.
    Loss,
    /// Came in from outside.
    ToppedUp,
    /// Given by an operator.
    Given,
    /// Taken by an operator.
    Taken,
    /// Earnings past the dispute window.
    Matured,
    /// Earnings that became balance.
    Spent,
    /// Earnings that left.
    PaidOut,
    /// Earnings taken back from their contributor.
    TakenBack,
    /// Given back after a complaint.
    Refunded,
}

impl MoneyMoved {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Captured => "captured",
            Self::Released => "released",
            Self::Loss => "loss",
            Self::ToppedUp => "topped-up",
            Self::Given => "given",
            Self::Taken => "taken",
            Self::Matured => "matured",
            Self::Spent => "spent",
            Self::PaidOut => "paid-out",
            Self::TakenBack => "taken-back",
            Self::Refunded => "refunded",
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let of = &mut registry;
        Self {
            overhead: Timers::register(of, table::OVERHEAD),
            requests: Counters::register(of, table::REQUESTS),
            request_seconds: Timers::register(of, table::REQUEST_SECONDS),
            create_storms: Counters::register(of, table::CREATE_STORMS),
            created: Counters::register(of, table::CREATED),
            ended: Counters::register(of, table::ENDED),
            solve_seconds: Timers::register(of, table::SOLVE_SECONDS),
            attempts: Counters::register(of, table::ATTEMPTS),
            money: Counters::register(of, table::MONEY),
            cost_reported: Counters::register(of, table::COST_REPORTED),
            cost_expected: Counters::register(of, table::COST_EXPECTED),
            assumed: Counters::register(of, table::ASSUMED),
            polls: Counters::register(of, table::POLLS),
            polls_missed: Counters::register(of, table::POLLS_MISSED),
            calls: Timers::register(of, table::CALLS),
            call_faults: Counters::register(of, table::CALL_FAULTS),
            call_cpu: Timers::register(of, table::CALL_CPU),
            call_memory: Timers::register(of, table::CALL_MEMORY),
            quarantines: Counters::register(of, table::QUARANTINES),
            reports: Counters::register(of, table::REPORTS),
            egress_seconds: Timers::register(of, table::EGRESS_SECONDS),
            egress_faults: Counters::register(of, table::EGRESS_FAULTS),
            egress_refused: Counters::register(of, table::EGRESS_REFUSED),
            egress_bytes: Counters::register(of, table::EGRESS_BYTES),
            ledger_checks: Counters::register(of, table::LEDGER_CHECKS),
            balance_looks: Counters::register(of, table::BALANCE_LOOKS),
            market_looks: Counters::register(of, table::MARKET_LOOKS),
            ledger: Ledger::default(),
            registry,
        }
    }
}

impl Metrics {
    /// What the gateway took for a createTask, apart from what its providers took.
    pub(crate) fn create_task_overhead(&self, total: Duration, waited: Duration) {
        self.overhead.observe(["create_task".into()], total.saturating_sub(waited));
    }

    /// The same for one attempt.
    pub(crate) fn attempt_overhead(&self, total: Duration, waited: Duration) {
        self.overhead.observe(["attempt".into()], total.saturating_sub(waited));
    }

    /// The same createTask came again and again, and none of its tasks was polled.
    pub(crate) fn create_storm(&self) {
        self.create_storms.add([], 1);
    }

    /// A request was answered; `took` is none for one whose body never came.
    pub(crate) fn answered(&self, method: &'static str, code: Option<ErrorCode>, took: Option<Duration>) {
        self.requests.add([method.into(), code.map_or("ok", ErrorCode::as_str).into()], 1);
        if let Some(took) = took {
            self.request_seconds.observe([method.into()], took);
        }
    }

    /// A task's hold is durable.
    pub(crate) fn created(&self, family: &'static str, mode: SelectionMode, pools: PoolMode, hold: Amount) {
        self.created.add([family.into(), mode.as_str().into(), pools.as_str().into()], 1);
        self.moved(MoneyMoved::Held, hold);
    }

    /// A task is over: solved, or failed with a code.
    pub(crate) fn ended(&self, family: &'static str, error: Option<ErrorCode>) {
        self.ended.add([family.into(), error.map_or("solved", ErrorCode::as_str).into()], 1);
    }

    /// A task was solved so long after it was created.
    pub(crate) fn solved(&self, provider: &ProviderId, family: &'static str, after: Duration) {
        self.solve_seconds.observe([provider.into(), family.into()], after);
    }

    /// Something became of an attempt.
    pub(crate) fn attempt(&self, provider: &ProviderId, outcome: AttemptOutcome, fault: Option<FaultClass>) {
        let fault = fault.map_or("none", FaultClass::as_str);
        self.attempts.add([provider.into(), outcome.as_str().into(), fault.into()], 1);
    }

    /// Money moved.
    pub(crate) fn moved(&self, moved: MoneyMoved, amount: Amount) {
        self.money.add([moved.as_str().into()], u64::try_from(amount.nanos()).unwrap_or(0));
    }

    /// A solution cost so much at its provider's word, and was expected to cost so much.
    pub(crate) fn provider_cost(&self, provider: &ProviderId, (reported, expected): (Amount, Amount)) {
        for (counters, amount) in [(&self.cost_reported, reported), (&self.cost_expected, expected)] {
            counters.add([provider.into()], u64::try_from(amount.nanos()).unwrap_or(0));
        }
    }

    /// An attempt is taken as charged by its provider, though nobody said so.
    pub(crate) fn assumed(&self, provider: &ProviderId, cost: Amount) {
        self.assumed.add([provider.into()], u64::try_from(cost.nanos()).unwrap_or(0));
    }

    /// A task was asked about.
    pub(crate) fn polled(&self, provider: &ProviderId, outcome: &'static str) {
        self.polls.add([provider.into(), outcome.into()], 1);
    }

    /// A poll of so many tasks failed as a whole.
    pub(crate) fn poll_missed(&self, provider: &ProviderId, reason: &'static str, tasks: usize) {
        self.polls_missed.add([provider.into(), reason.into()], 1);
        self.polls.add([provider.into(), "missed".into()], u64::try_from(tasks).unwrap_or(u64::MAX));
    }

    /// A version of a provider's adapter was called and took so much; `fault` is the kind of what went wrong.
    pub(crate) fn called(
        &self,
        (provider, version): (&ProviderId, Version),
        (call, took): (&'static str, Duration),
        used: Used,
        fault: Option<&'static str>,
    ) {
        let version = version.as_str();
        self.calls.observe([provider.into(), version.into(), call.into()], took);
        if let Some(kind) = fault {
            self.call_faults.add([provider.into(), version.into(), kind.into()], 1);
        }
        // Where it ran at all.
        if used != Used::default() {
            let memory = f64::from(u32::try_from(used.memory_bytes).unwrap_or(u32::MAX));
            self.call_cpu.observe([provider.into(), version.into()], used.cpu);
            self.call_memory.observe_number([provider.into(), version.into()], memory);
        }
    }

    /// A provider was waited for, or a request to it was refused.
    pub(crate) fn exchanged(
        &self,
        provider: &ProviderId,
        operation: &'static str,
        waited: Duration,
        error: Option<&EgressError>,
    ) {
        self.egress_seconds.observe([provider.into(), operation.into()], waited);
        if let Some(error) = error {
            self.egress_faults.add([provider.into(), error.kind().into()], 1);
        }
        if let Some(EgressError::Refused(refusal)) = error {
            self.egress_refused.add([provider.into(), refusal.name().into()], 1);
        }
    }

    /// Bytes crossed, to a provider and from it.
    pub(crate) fn crossed(&self, provider: &ProviderId, crossed: Crossed) {
        for (direction, bytes) in [("sent", crossed.sent), ("received", crossed.received)] {
            self.egress_bytes.add([provider.into(), direction.into()], bytes);
        }
    }

    /// A balance at a provider was looked at.
    pub(crate) fn balance_looked(&self, provider: &ProviderId, verdict: &'static str) {
        self.balance_looks.add([provider.into(), verdict.into()], 1);
    }

    /// A provider was asked what it publishes.
    pub(crate) fn market_looked(&self, provider: &ProviderId, outcome: &'static str) {
        self.market_looks.add([provider.into(), outcome.into()], 1);
    }

    /// The ledger was checked; none when the check could not be made, which says nothing about the ledger.
    pub(crate) fn ledger_checked(&self, agrees: Option<bool>, at_ms: i64) {
        let outcome = match agrees {
            Some(true) => "agrees",
            Some(false) => "differs",
            None => "failed",
        };
        self.ledger_checks.add([outcome.into()], 1);
        if let Some(agrees) = agrees {
            self.ledger.differs.store(!agrees, Ordering::Relaxed);
            self.ledger.checked_at_ms.store(u64::try_from(at_ms).unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// A client's word on a solution of a provider's is decided, or is a good one.
    pub(crate) fn reported(&self, provider: &ProviderId, decision: &'static str) {
        self.reports.add([provider.into(), decision.into()], 1);
    }

    /// An adapter was taken out of use for its faults.
    pub(crate) fn quarantined(&self, provider: &ProviderId) {
        self.quarantines.add([provider.into()], 1);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use capstan_egress::Refusal;

    use super::*;

    /// One of everything that is counted as it happens.
    fn touched() -> Metrics {
        let metrics = Metrics::default();
        let (provider, second) = (ProviderId::new("a-provider").unwrap(), Duration::from_secs(1));
        metrics.create_task_overhead(second, Duration::ZERO);
        metrics.attempt_overhead(second, second);
        metrics.answered("createTask", None, Some(second));
        metrics.create_storm();
        metrics.created("turnstile", SelectionMode::Priority, PoolMode::All, Amount::from_nanos(5));
        metrics.ended("turnstile", Some(ErrorCode::TaskTimeout));
        metrics.solved(&provider, "turnstile", second);
        metrics.attempt(&provider, AttemptOutcome::Refused, Some(FaultClass::Throttled(Some(7))));
        metrics.provider_cost(&provider, (Amount::from_nanos(7), Amount::from_nanos(6)));
        metrics.assumed(&provider, Amount::from_nanos(5));
        metrics.polled(&provider, "open");
        metrics.poll_missed(&provider, "request-failed", 2);
        let used = Used { cpu: second, memory_bytes: 1 << 20 };
        metrics.called((&provider, Version::OnTrial), ("begin", second), used, Some("busy"));
        metrics.exchanged(&provider, "submit", second, Some(&EgressError::Refused(Refusal::Body("is no body"))));
        metrics.crossed(&provider, Crossed { sent: 5, received: 7 });
        metrics.quarantined(&provider);
        metrics.ledger_checked(Some(true), 1);
        metrics.reported(&provider, "right");
        metrics.balance_looked(&provider, "agrees");
        metrics.market_looked(&provider, "told");
        metrics
    }

    fn exposed(metrics: &Metrics) -> String {
        let mut text = String::new();
        prometheus_client::encoding::prometheus_text::encode(&mut text, &metrics.registry).unwrap();
        text
    }

    #[test]
    fn the_table_names_what_is_exposed_and_nothing_else() {
        let text = exposed(&touched());
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let counted: BTreeSet<&str> = types.filter_map(|line| line.split(' ').next()).collect();
        let read_when_asked = [
            table::OPEN.name,
            table::DOUBTFUL.name,
            table::CREDENTIALS.name,
            table::QUEUED.name,
            table::COMMITS.name,
            table::COMMIT_SECONDS.name,
            table::WRITES.name,
            table::RERUNS.name,
            table::LEDGER_DIFFERENCE.name,
            table::LEDGER_CHECKED.name,
            table::BUILD.name,
        ];
        let all: BTreeSet<&str> = counted.iter().copied().chain(read_when_asked).collect();
        assert_eq!(counted.len() + read_when_asked.len(), TABLE.len(), "{text}");
        assert_eq!(all, TABLE.iter().map(|row| row.name).collect());
    }

    #[test]
    fn every_metric_says_its_unit_in_its_name() {
        for row in TABLE {
            assert!(row.name.starts_with("capstan_"), "{}", row.name);
            assert_eq!(row.name.contains("_seconds"), row.unit == "seconds", "{}", row.name);
            assert_eq!(row.name.ends_with("_total"), row.kind == Kind::Counter, "{}", row.name);
        }
    }

    #[test]
    fn a_difference_stays_until_a_check_finds_none() {
        let metrics = Metrics::default();
        assert_eq!(metrics.ledger(), (false, 0));
        metrics.ledger_checked(Some(false), 7_000);
        // A check that could not be made knows nothing of it.
        metrics.ledger_checked(None, 8_000);
        assert_eq!(metrics.ledger(), (true, 7));
        metrics.ledger_checked(Some(true), 9_000);
        assert_eq!(metrics.ledger(), (false, 9));
    }

    #[test]
    fn a_providers_time_is_taken_off_and_never_below_nothing() {
        let metrics = Metrics::default();
        metrics.create_task_overhead(Duration::from_millis(250), Duration::from_millis(200));
        metrics.create_task_overhead(Duration::from_millis(10), Duration::from_millis(11));
        let text = exposed(&metrics);
        assert!(text.contains("capstan_overhead_seconds_sum{of=\"create_task\"} 0.05\n"), "{text}");
        assert!(text.contains("capstan_overhead_seconds_count{of=\"create_task\"} 2\n"), "{text}");
        assert!(text.contains("capstan_overhead_seconds_bucket{of=\"create_task\",le=\"0.05\"} 2\n"), "{text}");
    }
}

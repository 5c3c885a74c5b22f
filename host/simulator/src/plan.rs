//! What will become of a request: chance or the script, as a pure function.

use crate::call::{NewTask, ProxyFault, Refusal, Spoil};
use crate::draw::{Draw, Purpose};
use crate::script::{Create, Malformed, Outcome};
use crate::settings::{Behaviour, PollFailures};

/// What will become of a valid create.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) entry: Entry,
    /// Real milliseconds until the task has ended; none: not before its longest life is over.
    pub(crate) solve_ms: Option<u64>,
    pub(crate) ending: Ending,
}

/// How a create is received.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// Accepted; the reply may be spoilt.
    Accept { spoil: Option<Spoil>, reply_ms: u64 },
    /// Refused.
    Refuse(Refusal),
    /// Not accepted, and not answered properly either.
    Drop(Spoil),
}

/// How an accepted task will end.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Solved,
    Given(serde_json::Value),
    Failed(Refusal),
}

#[derive(Clone, Copy)]
enum Mishap {
    Dropped(Spoil),
    Throttled,
    NoSlot,
    Spoilt(Spoil),
    Malformed,
}

/// How chance lets a create be received. It needs no task: a service that is down is down for wrong requests too.
pub(crate) fn entry(behaviour: &Behaviour, draw: Draw) -> Entry {
    let shares = &behaviour.failures.create;
    let reply_ms = slow(behaviour, draw, shares.slow_reply, shares.slow_reply_ms);
    let mishap = draw.of(Purpose::Entry).pick(&[
        (shares.server_error_before, Mishap::Dropped(Spoil::ServerError)),
        (shares.lost_before, Mishap::Dropped(Spoil::Lost)),
        (shares.throttled, Mishap::Throttled),
        (shares.no_slot, Mishap::NoSlot),
        (shares.server_error_after, Mishap::Spoilt(Spoil::ServerError)),
        (shares.lost_reply, Mishap::Spoilt(Spoil::Lost)),
        (shares.malformed, Mishap::Malformed),
    ]);
    match mishap {
        None => Entry::Accept { spoil: None, reply_ms },
        Some(Mishap::Dropped(spoil)) => Entry::Drop(spoil),
        Some(Mishap::Throttled) => Entry::Refuse(Refusal::Throttled),
        Some(Mishap::NoSlot) => Entry::Refuse(Refusal::NoSlot),
        Some(Mishap::Spoilt(spoil)) => Entry::Accept { spoil: Some(spoil), reply_ms },
        Some(Mishap::Malformed) => Entry::Accept { spoil: Some(malformed(draw)), reply_ms },
    }
}

/// What chance makes of a task that is received in this way.
pub(crate) fn drawn(behaviour: &Behaviour, draw: Draw, task: &NewTask, entry: Entry) -> Plan {
    let shares = &behaviour.failures.solve;
    let proxy_share = if task.proxied { shares.proxy_error } else { 0.0 };
    let proxy_fault = ProxyFault::ALL.get(draw.of(Purpose::ProxyFault).below(ProxyFault::ALL.len()));
    let failed = draw.of(Purpose::Ending).pick(&[(shares.unsolvable, None), (proxy_share, proxy_fault)]);
    let ending = match failed {
        None => Ending::Solved,
        Some(None) => Ending::Failed(Refusal::Unsolvable),
        Some(Some(fault)) => Ending::Failed(Refusal::Proxy(*fault)),
    };
    let solve_ms = behaviour.scaled_f64(behaviour.latency(task.family).sample(draw));
    Plan { entry, solve_ms: Some(solve_ms), ending }
}

/// What a script makes of a task; chance fills in what the script leaves open.
pub(crate) fn scripted(behaviour: &Behaviour, draw: Draw, task: &NewTask, create: Create) -> Plan {
    let accept = |spoil| Entry::Accept { spoil, reply_ms: 0 };
    let entry = match create {
        Create::Error(code) => Entry::Refuse(Refusal::Code(code)),
        Create::Accept { solve_after_ms, outcome } => {
            let (solve_ms, ending) = ending(behaviour.scaled(solve_after_ms), outcome);
            return Plan { entry: accept(None), solve_ms, ending };
        }
        Create::AcceptAndLoseReply => accept(Some(Spoil::Lost)),
        Create::AcceptAndServerError => accept(Some(Spoil::ServerError)),
        Create::AcceptAndMalform(kind) => accept(Some(Spoil::Malformed(kind))),
        Create::AcceptSlowly { reply_after_ms } => {
            Entry::Accept { spoil: None, reply_ms: behaviour.scaled(reply_after_ms) }
        }
        Create::LoseRequest => Entry::Drop(Spoil::Lost),
        Create::ServerError => Entry::Drop(Spoil::ServerError),
    };
    drawn(behaviour, draw, task, entry)
}

fn ending(solve_ms: u64, outcome: Outcome) -> (Option<u64>, Ending) {
    match outcome {
        Outcome::Solved => (Some(solve_ms), Ending::Solved),
        Outcome::Solution(solution) => (Some(solve_ms), Ending::Given(solution)),
        Outcome::Error(code) if code == "ERROR_CAPTCHA_UNSOLVABLE" => {
            (Some(solve_ms), Ending::Failed(Refusal::Unsolvable))
        }
        Outcome::Error(code) => (Some(solve_ms), Ending::Failed(Refusal::Code(code))),
        Outcome::Never => (None, Ending::Solved),
    }
}

/// What becomes of a poll.
pub(crate) struct PollPlan {
    pub(crate) throttled: bool,
    pub(crate) spoil: Option<Spoil>,
    pub(crate) reply_ms: u64,
}

/// What chance makes of one poll of one task.
pub(crate) fn poll(behaviour: &Behaviour, draw: Draw) -> PollPlan {
    let shares: &PollFailures = &behaviour.failures.poll;
    let mishap = draw.of(Purpose::Entry).pick(&[
        (shares.throttled, Mishap::Throttled),
        (shares.server_error, Mishap::Spoilt(Spoil::ServerError)),
        (shares.lost_reply, Mishap::Spoilt(Spoil::Lost)),
        (shares.malformed, Mishap::Malformed),
    ]);
    let spoil = match mishap {
        Some(Mishap::Spoilt(spoil) | Mishap::Dropped(spoil)) => Some(spoil),
        Some(Mishap::Malformed) => Some(malformed(draw)),
        Some(Mishap::Throttled | Mishap::NoSlot) | None => None,
    };
    PollPlan {
        throttled: matches!(mishap, Some(Mishap::Throttled)),
        spoil,
        reply_ms: slow(behaviour, draw, shares.slow_reply, shares.slow_reply_ms),
    }
}

fn slow(behaviour: &Behaviour, draw: Draw, share: f64, simulated_ms: u64) -> u64 {
    let late = draw.of(Purpose::SlowReply).unit() < share;
    if late { behaviour.scaled(simulated_ms) } else { 0 }
}

fn malformed(draw: Draw) -> Spoil {
    let third = 1.0 / 3.0;
    let kind = draw
        .of(Purpose::Malformed)
        .pick(&[(third, Malformed::TruncatedJson), (third, Malformed::Html)])
        .unwrap_or(Malformed::WrongTypes);
    Spoil::Malformed(kind)
}

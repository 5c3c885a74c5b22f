//! Between the domain's words and the component's: the only place that knows both.
//!
//! What comes out of a component is measured here against the contract's limits; texts that people will read lose their
//! control characters. The engine has already bounded everything together ([`crate::limits::COPIED_BYTES`]).

use capstan_domain::ProviderId;
use capstan_domain::adapter as domain;
use capstan_domain::adapter::{
    MAX_MEMO_BYTES, MAX_PARTS, MAX_REFERENCE_BYTES, MAX_REQUEST_BYTES, MAX_SOLUTION_BYTES, MAX_STATE_BYTES,
};
use serde::de::IgnoredAny;

use crate::AdapterFault;
use crate::bindings::capstan::adapter::types as wit;
use crate::notes::{clean, unprintable};

/// Most bytes of a URL, and of all headers of a request: what HTTP servers accept.
const MAX_URL_BYTES: usize = 8 * 1024;
const MAX_HEADER_BYTES: usize = 64 * 1024;
/// Most verdicts of one poll: the largest batch that a manifest may name.
const MAX_VERDICTS: usize = 100;
/// Most offers of a market: several for each task type there is.
const MAX_OFFERS: usize = 1_000;
/// Most bytes of a fault's code and message, and of an amount or a currency.
const MAX_CODE_BYTES: usize = 100;
const MAX_MESSAGE_BYTES: usize = 500;
const MAX_MONEY_BYTES: usize = 40;

type Checked<T> = Result<T, AdapterFault>;

// ------------------------------------------------------------------------------------------------ to the component

pub(crate) fn operation(operation: domain::Operation) -> wit::Operation {
    match operation {
        domain::Operation::Submit(task) => wit::Operation::Submit(wit::Submission {
            attempt_id: task.attempt.to_string(),
            family: task.family,
            parameters: task.parameters,
            proxy: task.proxy.map(proxy),
        }),
        domain::Operation::Poll(tasks) => wit::Operation::Poll(tasks.into_iter().map(open_task).collect()),
        domain::Operation::LookUp(attempt) => wit::Operation::LookUp(attempt.to_string()),
        domain::Operation::Balance => wit::Operation::Balance,
        domain::Operation::Market => wit::Operation::Market,
        domain::Operation::Report(report) => {
            wit::Operation::Report(wit::Report { task: open_task(report.task), correct: report.correct })
        }
        domain::Operation::Cancel(task) => wit::Operation::Cancel(open_task(task)),
    }
}

pub(crate) fn reply(reply: domain::Reply) -> wit::Reply {
    match reply {
        domain::Reply::Response(response) => wit::Reply::Response(wit::Response {
            status: response.status,
            headers: response.headers,
            body: response.body,
        }),
        domain::Reply::Waited => wit::Reply::Waited,
    }
}

fn proxy(proxy: domain::Proxy) -> wit::Proxy {
    let scheme = match proxy.scheme {
        domain::ProxyScheme::Http => wit::ProxyScheme::Http,
        domain::ProxyScheme::Https => wit::ProxyScheme::Https,
        domain::ProxyScheme::Socks4 => wit::ProxyScheme::Socks4,
        domain::ProxyScheme::Socks5 => wit::ProxyScheme::Socks5,
    };
    wit::Proxy { scheme, host: proxy.host, port: proxy.port, login: proxy.login, password: proxy.password }
}

fn open_task(task: domain::OpenTask) -> wit::OpenTask {
    wit::OpenTask { reference: task.reference, family: task.family, memo: task.memo }
}

// ---------------------------------------------------------------------------------------------- from the component

/// What a component wants next, measured.
pub(crate) fn step(step: wit::Step) -> Checked<domain::Step> {
    Ok(match step {
        wit::Step::Send((request, state)) => domain::Step::Send(outward(request)?, checked_state(state)?),
        wit::Step::Wait((milliseconds, state)) => domain::Step::Wait(milliseconds, checked_state(state)?),
        wit::Step::Accepted(acceptance) => domain::Step::Accepted(accepted(acceptance)?),
        wit::Step::Solved(done) => domain::Step::Solved(solved(done)?),
        wit::Step::Polled(verdicts) => {
            ensure(verdicts.len() <= MAX_VERDICTS, "more verdicts than any poll asks for")?;
            domain::Step::Polled(verdicts.into_iter().map(verdict).collect::<Checked<_>>()?)
        }
        wit::Step::Balance(amount) => domain::Step::Balance(money(amount)?),
        wit::Step::Market(offers) => {
            ensure(offers.len() <= MAX_OFFERS, "more than a thousand offers")?;
            domain::Step::Market(offers.into_iter().map(offer).collect::<Checked<_>>()?)
        }
        wit::Step::Failed(failure) => domain::Step::Failed(fault(failure)),
        wit::Step::Done => domain::Step::Done,
    })
}

/// A manifest as the component gives it; `manifest.rs` checks what it says.
pub(crate) fn manifest(manifest: wit::Manifest) -> Result<domain::Manifest, capstan_domain::ids::BadProviderId> {
    let limits = manifest.polling;
    Ok(domain::Manifest {
        provider: ProviderId::new(&manifest.provider_id)?,
        display_name: manifest.display_name,
        version: manifest.version,
        homepage: manifest.homepage,
        base_url: manifest.base_url,
        hosts: manifest.hosts,
        credential: manifest.credential.into_iter().map(credential_field).collect(),
        placements: manifest.placements.into_iter().map(placement).collect(),
        task_types: manifest.task_types.into_iter().map(served_type).collect(),
        polling: domain::PollLimits {
            first_wait_ms: limits.first_wait_ms,
            interval_ms: limits.interval_ms,
            max_polls: limits.max_polls,
            longest_life_ms: limits.longest_life_ms,
            result_kept_ms: limits.result_kept_ms,
            max_batch: limits.max_batch,
        },
        abilities: abilities(manifest.abilities),
    })
}

fn credential_field(field: wit::CredentialField) -> domain::CredentialField {
    domain::CredentialField { name: field.name, label: field.label, description: field.description }
}

fn served_type(served: wit::ServedType) -> domain::ServedType {
    let proxy = match served.proxy {
        wit::ProxySupport::Never => domain::ProxySupport::Never,
        wit::ProxySupport::Optional => domain::ProxySupport::Optional,
        wit::ProxySupport::Required => domain::ProxySupport::Required,
    };
    let list_price = domain::Money { amount: served.list_price.amount, currency: served.list_price.currency };
    domain::ServedType { family: served.family, proxy, list_price, schema: served.schema }
}

fn abilities(flags: wit::Abilities) -> domain::Abilities {
    domain::Abilities {
        idempotent_submit: flags.contains(wit::Abilities::IDEMPOTENT_SUBMIT),
        look_up: flags.contains(wit::Abilities::LOOK_UP),
        cancel: flags.contains(wit::Abilities::CANCEL),
        report: flags.contains(wit::Abilities::REPORT),
        balance: flags.contains(wit::Abilities::BALANCE),
        market: flags.contains(wit::Abilities::MARKET),
    }
}

fn outward(request: wit::Request) -> Checked<domain::OutwardRequest> {
    at_most("url", request.url.len(), MAX_URL_BYTES)?;
    at_most("headers", pairs(&request.headers), MAX_HEADER_BYTES)?;
    let method = match request.method {
        wit::Method::Get => domain::Method::Get,
        wit::Method::Post => domain::Method::Post,
        wit::Method::Delete => domain::Method::Delete,
    };
    let body = body(request.body)?;
    let placements = request.placements.into_iter().map(placement).collect();
    Ok(domain::OutwardRequest { method, url: request.url, headers: request.headers, body, placements })
}

fn body(body: wit::Body) -> Checked<domain::Body> {
    let (bytes, body) = match body {
        wit::Body::Empty => (0, domain::Body::Empty),
        wit::Body::Json(text) => (text.len(), domain::Body::Json(text)),
        wit::Body::Form(fields) => (pairs(&fields), domain::Body::Form(fields)),
        wit::Body::Multipart(parts) => {
            ensure(parts.len() <= MAX_PARTS, "more than a hundred parts")?;
            let parts: Vec<domain::Part> = parts.into_iter().map(part).collect();
            (parts.iter().map(part_bytes).sum(), domain::Body::Multipart(parts))
        }
        wit::Body::Bytes((kind, data)) => (kind.len().saturating_add(data.len()), domain::Body::Bytes(kind, data)),
    };
    at_most("request body", bytes, MAX_REQUEST_BYTES)?;
    Ok(body)
}

fn part(part: wit::Part) -> domain::Part {
    domain::Part { name: part.name, file_name: part.file_name, content_type: part.content_type, data: part.data }
}

fn part_bytes(part: &domain::Part) -> usize {
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    part.name.len() + optional(&part.file_name) + optional(&part.content_type) + part.data.len()
}

fn pairs(pairs: &[(String, String)]) -> usize {
    pairs.iter().map(|(name, value)| name.len() + value.len()).sum()
}

fn placement(placement: wit::Placement) -> domain::Placement {
    let place = match placement.place {
        wit::Place::JsonField(name) => domain::Place::JsonField(name),
        wit::Place::FormField(name) => domain::Place::FormField(name),
        wit::Place::Query(name) => domain::Place::Query(name),
        wit::Place::Header((name, prefix)) => domain::Place::Header { name, prefix },
        wit::Place::Basic(user) => domain::Place::Basic { user },
    };
    domain::Placement { field: placement.field, place }
}

fn accepted(acceptance: wit::Acceptance) -> Checked<domain::Acceptance> {
    at_most("memo", acceptance.memo.len(), MAX_MEMO_BYTES)?;
    let reference = reference(acceptance.reference)?;
    Ok(domain::Acceptance { reference, memo: acceptance.memo, poll_after_ms: acceptance.poll_after_ms })
}

/// A reference is stored, shown and compared, and a database's text holds no NUL.
fn reference(reference: String) -> Checked<String> {
    at_most("reference", reference.len(), MAX_REFERENCE_BYTES)?;
    ensure(!reference.is_empty(), "an empty reference")?;
    ensure(!reference.chars().any(unprintable), "a reference with control characters")?;
    Ok(reference)
}

fn solved(solved: wit::Solved) -> Checked<domain::Solved> {
    at_most("solution", solved.solution.len(), MAX_SOLUTION_BYTES)?;
    let is_object =
        solved.solution.trim_start().starts_with('{') && serde_json::from_str::<IgnoredAny>(&solved.solution).is_ok();
    ensure(is_object, "a solution that is not a JSON object")?;
    Ok(domain::Solved { solution: solved.solution, cost: solved.cost.map(money).transpose()? })
}

fn verdict(verdict: wit::Verdict) -> Checked<domain::Verdict> {
    let standing = match verdict.standing {
        wit::Standing::Open(poll_after_ms) => domain::Standing::Open(poll_after_ms),
        wit::Standing::Solved(done) => domain::Standing::Solved(solved(done)?),
        wit::Standing::Failed(failure) => domain::Standing::Failed(fault(failure)),
    };
    Ok(domain::Verdict { reference: reference(verdict.reference)?, standing })
}

fn offer(offer: wit::Offer) -> Checked<domain::Offer> {
    at_most("family", offer.family.len(), MAX_CODE_BYTES)?;
    let price = money(offer.price)?;
    Ok(domain::Offer { family: offer.family, price, speed_ms: offer.speed_ms, idle: offer.idle })
}

/// Amounts stay texts: what one that is no decimal means is decided where money is booked.
fn money(money: wit::Money) -> Checked<domain::Money> {
    at_most("amount", money.amount.len().max(money.currency.len()), MAX_MONEY_BYTES)?;
    Ok(domain::Money { amount: money.amount, currency: money.currency })
}

/// A fault's texts are cut and not refused: that an operation failed matters more than how it is told.
fn fault(fault: wit::Fault) -> domain::Fault {
    let class = match fault.class {
        wit::FaultClass::InvalidTask => domain::FaultClass::InvalidTask,
        wit::FaultClass::Unsolvable => domain::FaultClass::Unsolvable,
        wit::FaultClass::NotSupported => domain::FaultClass::NotSupported,
        wit::FaultClass::Throttled(retry_ms) => domain::FaultClass::Throttled(retry_ms),
        wit::FaultClass::NoCapacity => domain::FaultClass::NoCapacity,
        wit::FaultClass::CredentialRejected => domain::FaultClass::CredentialRejected,
        wit::FaultClass::CredentialOutOfFunds => domain::FaultClass::CredentialOutOfFunds,
        wit::FaultClass::ProviderDown => domain::FaultClass::ProviderDown,
        wit::FaultClass::InDoubt => domain::FaultClass::InDoubt,
    };
    let charged = match fault.charged {
        wit::Charged::Yes => domain::Charged::Yes,
        wit::Charged::No => domain::Charged::No,
        wit::Charged::Unknown => domain::Charged::Unknown,
    };
    let (code, message) = (clean(&fault.code, MAX_CODE_BYTES), clean(&fault.message, MAX_MESSAGE_BYTES));
    domain::Fault { class, code, message, charged }
}

fn checked_state(state: Vec<u8>) -> Checked<Vec<u8>> {
    at_most("state", state.len(), MAX_STATE_BYTES)?;
    Ok(state)
}

fn at_most(what: &'static str, bytes: usize, most: usize) -> Checked<()> {
    if bytes > most { Err(AdapterFault::OutputTooLarge { what, bytes, most }) } else { Ok(()) }
}

fn ensure(kept: bool, what: &'static str) -> Checked<()> {
    if kept { Ok(()) } else { Err(AdapterFault::BrokeContract { what }) }
}

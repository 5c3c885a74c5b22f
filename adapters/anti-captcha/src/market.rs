//! The published load and price of each queue that serves a family: one `getQueueStats` after the other. It asks for no
//! key, so none is placed.
//!
//! Source: <https://anti-captcha.com/apidoc/methods/getQueueStats>.

use adapter_kit::{Fault, Money, Next, Offer, Request, Response, Turn};
use create_task::Answer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{SERVICE, State};

/// The families for which a queue's load and price are published, and the queue: that without a proxy where there are two.
/// The queues of plain hCaptcha (21, 22) have left the documentation; 29 is the one that remains.
pub(crate) const QUEUES: &[(&str, u32)] = &[
    ("recaptcha_v2", 6),
    ("recaptcha_v2_enterprise", 24),
    ("recaptcha_v3", 18),
    ("recaptcha_v3_enterprise", 18),
    ("hcaptcha", 29),
    ("turnstile", 27),
    ("turnstile_challenge", 27),
    ("funcaptcha", 10),
    ("geetest_v3", 13),
    ("geetest_v4", 13),
    ("image_to_text", 1),
    ("coordinates", 28),
    ("anti_captcha_anti_gate", 25),
];

/// Where the tour of the queues is, and what it has found so far.
#[derive(Serialize, Deserialize)]
pub struct Tour {
    /// The queue asked about, as its place among them.
    at: usize,
    found: Vec<Found>,
}

/// An offer in a form that a state can hold.
#[derive(Serialize, Deserialize)]
struct Found {
    family: String,
    price: String,
    speed_ms: Option<u32>,
    idle: Option<u32>,
}

/// The queues in the order of the table, each once: some serve several families.
pub(crate) fn queues() -> impl Iterator<Item = u32> {
    let is_first = |at: usize, queue: u32| !QUEUES.iter().take(at).any(|(_, earlier)| *earlier == queue);
    QUEUES.iter().enumerate().filter_map(move |(at, (_, queue))| is_first(at, *queue).then_some(*queue))
}

/// Begins the tour.
pub(crate) fn begin() -> Turn<State> {
    ask(Tour { at: 0, found: Vec::new() })
}

/// The statistics of one queue are in. A queue that answers with an error is passed over: the others are still worth
/// knowing. A provider that is down or finds us too fast ends the tour.
pub(crate) fn read(mut tour: Tour, response: &Response) -> Turn<State> {
    let answer = Answer::read(&SERVICE, response).map_err(|trouble| trouble.acted_on_nothing())?;
    if let (Answer::Fine(body), Some(queue)) = (answer, queues().nth(tour.at)) {
        let served = QUEUES.iter().filter(|(_, theirs)| *theirs == queue);
        tour.found.extend(served.filter_map(|(family, _)| found(family, &body)));
    }
    tour.at += 1;
    ask(tour)
}

fn ask(tour: Tour) -> Turn<State> {
    if let Some(queue) = queues().nth(tour.at) {
        return Request::post_json("/getQueueStats", &json!({ "queueId": queue })).then(State::Market(tour));
    }
    if tour.found.is_empty() {
        return Err(Fault::provider_down("NO_STATISTICS", "no queue told its price"));
    }
    Ok(Next::Market(tour.found.into_iter().map(Found::into_offer).collect()))
}

fn found(family: &str, body: &Map<String, Value>) -> Option<Found> {
    let price = Money::usd_from_json(body.get("bid")?)?.amount;
    Some(Found {
        family: family.to_owned(),
        price,
        speed_ms: body.get("speed").and_then(milliseconds),
        idle: body.get("waiting").and_then(Value::as_u64).and_then(|idle| u32::try_from(idle).ok()),
    })
}

/// Seconds with a fraction, as milliseconds; nothing where it is no sensible time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range has been checked; there is no other way from a float"
)]
fn milliseconds(seconds: &Value) -> Option<u32> {
    let milliseconds = (seconds.as_f64()? * 1000.0).round();
    (0.0..=f64::from(u32::MAX)).contains(&milliseconds).then_some(milliseconds as u32)
}

impl Found {
    fn into_offer(self) -> Offer {
        Offer { family: self.family, price: Money::usd(&self.price), speed_ms: self.speed_ms, idle: self.idle }
    }
}

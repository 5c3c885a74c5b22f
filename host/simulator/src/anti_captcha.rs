//! anti-captcha's wire format: JSON requests in, JSON answers out, errors by the catalogue's numbers, always HTTP 200.
//!
//! Pure: reads bytes into a [`Call`], writes an [`Answer`] as text. Every wire format is a module like this one; the
//! engine knows none of them. Sources: anti-captcha.com/apidoc (methods, error table, task types).

mod errors;
mod tasks;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::call::{Answer, Call, Family, Incoming, Manner, Queue, Ready, Refusal, Report, Solution};

/// What a request body may hold, whatever the method. Values that have the wrong type are as good as absent.
#[derive(Default, Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "clientKey", default)]
    client_key: Value,
    #[serde(borrow, default)]
    task: Option<&'a RawValue>,
    #[serde(rename = "taskId", default)]
    task_id: Value,
    #[serde(rename = "queueId", default)]
    queue_id: Value,
}

/// Reads a request. A body that is no JSON object holds no key, so it ends as an unknown key does.
pub(crate) fn read(path: &str, body: &Bytes) -> Incoming {
    let envelope: Envelope<'_> = serde_json::from_slice(body).unwrap_or_default();
    let task = envelope.task.map(|raw| body.slice_ref(raw.get().as_bytes()));
    let report = |families| Call::Report(Report { task: number(&envelope.task_id), families });
    let call = match path.trim_matches('/') {
        "createTask" => Call::Create(tasks::read(task.as_deref())),
        "getTaskResult" => Call::Poll(number(&envelope.task_id)),
        "getBalance" => Call::Balance,
        "getQueueStats" => Call::Queue(number(&envelope.queue_id).and_then(queue_family)),
        "reportIncorrectRecaptcha" | "reportCorrectRecaptcha" => {
            report(&[Family::RecaptchaV2, Family::RecaptchaV2Enterprise, Family::RecaptchaV3])
        }
        "reportIncorrectImageCaptcha" => report(&[Family::ImageToText]),
        "reportIncorrectHcaptcha" => report(&[Family::Hcaptcha]),
        "test" => Call::Echo,
        _ => Call::Refused(Refusal::MethodUnknown),
    };
    Incoming { key: envelope.client_key.as_str().map(str::to_owned), task, call, manner: Manner::default() }
}

/// A number, or the text of one: several clients send ids back as strings.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The queues of the service's `getQueueStats` page whose tasks the simulator knows.
const fn queue_family(queue: u64) -> Option<Family> {
    match queue {
        1 | 2 => Some(Family::ImageToText),
        5 | 6 => Some(Family::RecaptchaV2),
        18..=20 => Some(Family::RecaptchaV3),
        21 | 22 | 29 => Some(Family::Hcaptcha),
        23 | 24 => Some(Family::RecaptchaV2Enterprise),
        26 | 27 => Some(Family::Turnstile),
        _ => None,
    }
}

/// The error code of a refusal, as answers and the log show it.
pub(crate) fn code(refusal: &Refusal) -> &str {
    errors::code(refusal)
}

/// JSON whose fields have the wrong types, for answers that are meant to be unreadable.
pub(crate) const WRONG_TYPES: &str = r#"{"errorId":"0","taskId":{"id":"none"},"status":17,"solution":"yes"}"#;

/// Writes an answer as the text of a JSON object. The echo of `/test` is the request and not written here.
pub(crate) fn write(answer: &Answer) -> String {
    match answer {
        Answer::Created(task_id) | Answer::Solved(task_id, _) => text(&Created { error_id: 0, task_id: *task_id }),
        Answer::Processing => text(&Standing { error_id: 0, status: "processing" }),
        Answer::Reported => text(&Standing { error_id: 0, status: "success" }),
        Answer::Ready(ready) => text(&finished(ready)),
        Answer::Balance(balance) => text(&Balance { error_id: 0, balance: balance.as_number(), captcha_credits: 0 }),
        Answer::Queue(queue) => text(&load(queue)),
        Answer::Refused(refusal) => text(&errors::write(refusal)),
        // This service is never asked about several tasks at once.
        Answer::Echo | Answer::Nothing | Answer::Many(_) => String::new(),
    }
}

fn text<T: Serialize>(answer: &T) -> String {
    // None of the answers has a map with keys that are no strings, the only thing that could fail here.
    serde_json::to_string(answer).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    error_id: u32,
    task_id: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    error_id: u32,
    status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Balance {
    error_id: u32,
    balance: f64,
    captcha_credits: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finished {
    error_id: u32,
    status: &'static str,
    solution: Value,
    cost: String,
    ip: String,
    create_time: u64,
    end_time: u64,
    solve_count: u32,
}

fn finished(ready: &Ready) -> Finished {
    Finished {
        error_id: 0,
        status: "ready",
        solution: solution(&ready.solution),
        cost: ready.cost.to_string(),
        ip: ready.ip.to_string(),
        create_time: ready.created_at,
        end_time: ready.ended_at,
        solve_count: 1,
    }
}

fn solution(solution: &Solution) -> Value {
    match solution {
        Solution::Text(text) => json!({"text": text, "url": ""}),
        Solution::Given(solution) => solution.clone(),
        Solution::Token { family, token, user_agent } => match family {
            Family::Turnstile => json!({"token": token, "userAgent": user_agent}),
            Family::Hcaptcha => {
                json!({"gRecaptchaResponse": token, "respKey": resp_key(token), "userAgent": user_agent})
            }
            Family::RecaptchaV2
            | Family::RecaptchaV2Enterprise
            | Family::RecaptchaV3
            | Family::ImageToText
            | Family::Other => json!({"gRecaptchaResponse": token, "userAgent": user_agent}),
        },
    }
}

/// hCaptcha's second value: `E0_` and the token's own tail.
fn resp_key(token: &str) -> String {
    let tail: String = token.chars().rev().take(64).collect();
    format!("E0_{tail}")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Load {
    waiting: u64,
    load: f64,
    bid: String,
    speed: f64,
    total: u64,
}

#[expect(clippy::cast_precision_loss, reason = "a percentage to two places")]
fn load(queue: &Queue) -> Load {
    let busy = queue.total.saturating_sub(queue.waiting) as f64;
    let load = if queue.total == 0 { 100.0 } else { busy * 100.0 / queue.total as f64 };
    Load {
        waiting: queue.waiting,
        load: (load * 100.0).round() / 100.0,
        bid: queue.price.to_string(),
        speed: (queue.speed_s * 100.0).round() / 100.0,
        total: queue.total,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Usd;

    fn call(path: &str, body: &'static str) -> Incoming {
        read(path, &Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn a_task_is_kept_byte_for_byte() {
        let incoming = call("/createTask", r#"{ "task" : {"b":1.50,  "a":"\u0041"} , "clientKey":"k"}"#);
        assert_eq!(incoming.task.as_deref(), Some(br#"{"b":1.50,  "a":"\u0041"}"#.as_slice()));
        assert_eq!(incoming.key.as_deref(), Some("k"));
    }

    #[test]
    fn ids_are_read_from_numbers_and_from_text() {
        for body in [r#"{"taskId": 4294967297}"#, r#"{"taskId": "4294967297"}"#] {
            assert!(matches!(call("/getTaskResult", body).call, Call::Poll(Some(4_294_967_297))));
        }
        for body in ["{}", r#"{"taskId": "x"}"#, r#"{"taskId": -1}"#, r#"{"taskId": null}"#, "nonsense"] {
            assert!(matches!(call("/getTaskResult/", body).call, Call::Poll(None)), "{body}");
        }
    }

    #[test]
    fn answers_have_the_shapes_of_the_documentation() {
        assert_eq!(write(&Answer::Created(7_654_321)), r#"{"errorId":0,"taskId":7654321}"#);
        assert_eq!(write(&Answer::Processing), r#"{"errorId":0,"status":"processing"}"#);
        assert_eq!(write(&Answer::Reported), r#"{"errorId":0,"status":"success"}"#);
        let balance = Answer::Balance(Usd::from_nanos(12_345_600_000));
        assert_eq!(write(&balance), r#"{"errorId":0,"balance":12.3456,"captchaCredits":0}"#);
        let queue = Queue { waiting: 250, total: 1000, price: Usd::from_nanos(860_000), speed_s: 10.77 };
        assert_eq!(
            write(&Answer::Queue(queue)),
            r#"{"waiting":250,"load":75.0,"bid":"0.00086","speed":10.77,"total":1000}"#
        );
        let ready = Ready {
            solution: Solution::Text("deditur".to_owned()),
            cost: Usd::from_nanos(700_000),
            ip: std::net::IpAddr::from([46, 98, 54, 221]),
            created_at: 1_472_205_564,
            ended_at: 1_472_205_570,
        };
        assert_eq!(
            write(&Answer::Ready(Box::new(ready))),
            concat!(
                r#"{"errorId":0,"status":"ready","solution":{"text":"deditur","url":""},"cost":"0.0007","#,
                r#""ip":"46.98.54.221","createTime":1472205564,"endTime":1472205570,"solveCount":1}"#
            )
        );
    }
}

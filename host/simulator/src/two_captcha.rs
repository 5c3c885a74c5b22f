//! 2captcha's classic wire format: `/in.php` takes tasks, `/res.php` answers questions; fields come in the query, as a
//! form, as an upload or as a JSON object; answers are plain text, or JSON where the client says `json=1`. HTTP 200 but
//! for pages that do not exist.
//!
//! Pure but for the upload, whose reader is asynchronous. Sources: 2captcha.com/2captcha-api (methods, both tables of
//! errors), and the clients that its sister services share.

mod errors;
mod form;
mod methods;
mod shapes;
mod tasks;

use axum::http::StatusCode;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::call::{Answer, Call, Family, Incoming, Manner, Ready, Refusal, Report, Solution};
use crate::wire::{Request, Written};
use form::Form;

/// Most tasks that one request may ask about.
const MOST_IDS: usize = 100;
/// What an answer says about a task that is being solved; the service spells it so.
const NOT_READY: &str = "CAPCHA_NOT_READY";

/// Reads a request.
pub(crate) async fn read(request: &Request<'_>) -> Incoming {
    let form = Form::read(request).await;
    let key = form.text("key").map(str::to_owned);
    let page = request.path.trim_matches('/');
    let manner = Manner {
        json: form.text("json") == Some("1"),
        priced: form.text("action") == Some("get2"),
        asks: page == "res.php",
        odd_key: !key.as_deref().is_some_and(looks_like_a_key),
    };
    let (task, call) = match page {
        "in.php" => (Some(form.task()), Call::Create(tasks::read(&form))),
        "res.php" => (None, question(&form)),
        _ => (None, Call::Refused(Refusal::MethodUnknown)),
    };
    Incoming { key, task: task.map(Bytes::from), call, manner }
}

fn question(form: &Form) -> Call {
    match form.text("action") {
        Some("get" | "get2") => form.text("ids").map_or_else(|| Call::Poll(form.id()), several),
        Some("getbalance") => Call::Balance,
        Some("reportgood" | "reportbad") => Call::Report(Report { task: form.id(), families: &Family::ALL }),
        Some(_) | None => Call::Wrong(Refusal::Field("action")),
    }
}

fn several(ids: &str) -> Call {
    let ids: Vec<Option<u64>> = ids.split(',').map(form::number).collect();
    if ids.len() > MOST_IDS { Call::Wrong(Refusal::Field("ids")) } else { Call::PollMany(ids) }
}

fn looks_like_a_key(key: &str) -> bool {
    key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The error code of a refusal, as answers and the log show it.
pub(crate) fn code(refusal: &Refusal, manner: Manner) -> &str {
    errors::code(refusal, manner)
}

/// An answer that is meant to be unreadable.
pub(crate) fn wrong_types(manner: Manner) -> Written {
    if manner.json {
        Written::json(StatusCode::OK, r#"{"status":"yes","request":[17]}"#.to_owned())
    } else {
        Written::plain("0".to_owned())
    }
}

/// Writes an answer.
pub(crate) fn write(answer: &Answer, manner: Manner) -> Written {
    match answer {
        Answer::Created(id) | Answer::Solved(id, _) => done(&id.to_string(), manner),
        Answer::Processing => failed(NOT_READY, None, manner),
        Answer::Ready(ready) => solved(ready, manner),
        Answer::Many(answers) => many(answers, manner),
        Answer::Balance(balance) => balance_of(&balance.to_string(), manner),
        Answer::Reported => recorded(manner),
        Answer::Refused(Refusal::MethodUnknown) => Written {
            status: StatusCode::NOT_FOUND,
            content_type: "text/html",
            text: "<html>\r\n<head><title>404 Not Found</title></head>\r\n</html>\r\n".to_owned(),
        },
        Answer::Refused(refusal) => {
            let code = errors::code(refusal, manner);
            failed(code, Some(errors::description(code)), manner)
        }
        // This service has no queues to ask about and nothing that it echoes.
        Answer::Queue(_) | Answer::Echo | Answer::Nothing => Written::plain(String::new()),
    }
}

/// What every JSON answer holds. `request` is a text but for solutions that are objects.
#[derive(Serialize)]
struct Envelope<'a> {
    status: u8,
    request: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_text: Option<&'a str>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

fn json_answer(status: u8, request: Value, error_text: Option<&str>, more: Map<String, Value>) -> Written {
    let envelope = Envelope { status, request, error_text, more };
    // Text keys only, so nothing can fail here.
    Written::json(StatusCode::OK, serde_json::to_string(&envelope).unwrap_or_default())
}

fn done(what: &str, manner: Manner) -> Written {
    if manner.json { json_answer(1, what.into(), None, Map::new()) } else { Written::plain(format!("OK|{what}")) }
}

fn failed(code: &str, description: Option<&str>, manner: Manner) -> Written {
    if manner.json { json_answer(0, code.into(), description, Map::new()) } else { Written::plain(code.to_owned()) }
}

fn balance_of(dollars: &str, manner: Manner) -> Written {
    if manner.json { json_answer(1, dollars.into(), None, Map::new()) } else { Written::plain(dollars.to_owned()) }
}

fn recorded(manner: Manner) -> Written {
    const RECORDED: &str = "OK_REPORT_RECORDED";
    if manner.json { json_answer(1, RECORDED.into(), None, Map::new()) } else { Written::plain(RECORDED.to_owned()) }
}

fn solved(ready: &Ready, manner: Manner) -> Written {
    let price = ready.cost.to_string();
    if !manner.json {
        let solution = plain_solution(&ready.solution);
        return Written::plain(if manner.priced { format!("OK|{solution}|{price}") } else { format!("OK|{solution}") });
    }
    let (request, mut more) = json_solution(&ready.solution);
    if manner.priced {
        more.insert("price".to_owned(), price.into());
    }
    json_answer(1, request, None, more)
}

/// Several answers side by side, without `OK` in front of those that are solutions.
fn many(answers: &[Answer], manner: Manner) -> Written {
    let texts: Vec<String> = answers.iter().map(|answer| one_of_many(answer, manner)).collect();
    let texts = texts.join("|");
    if manner.json { json_answer(1, texts.into(), None, Map::new()) } else { Written::plain(texts) }
}

fn one_of_many(answer: &Answer, manner: Manner) -> String {
    match answer {
        Answer::Ready(ready) => plain_solution(&ready.solution),
        Answer::Refused(refusal) => errors::code(refusal, manner).to_owned(),
        Answer::Processing => NOT_READY.to_owned(),
        // Only polls are asked for in numbers.
        Answer::Created(_)
        | Answer::Solved(..)
        | Answer::Many(_)
        | Answer::Balance(_)
        | Answer::Queue(_)
        | Answer::Reported
        | Answer::Echo
        | Answer::Nothing => String::new(),
    }
}

fn plain_solution(solution: &Solution) -> String {
    match solution {
        Solution::Token { token, .. } => token.clone(),
        Solution::Text(text) => text.clone(),
        Solution::Given(Value::String(text)) => text.clone(),
        Solution::Given(given) => given.to_string(),
    }
}

/// A solution as `request`, and the fields beside it that belong to its family.
fn json_solution(solution: &Solution) -> (Value, Map<String, Value>) {
    let mut more = Map::new();
    let request = match solution {
        Solution::Token { family, token, user_agent } => {
            match family {
                // Their tokens are worth something in the worker's browser only.
                Family::Hcaptcha | Family::Turnstile => {
                    more.insert("useragent".to_owned(), user_agent.as_str().into());
                }
                Family::RecaptchaV2
                | Family::RecaptchaV2Enterprise
                | Family::RecaptchaV3
                | Family::ImageToText
                | Family::Other => {}
            }
            json!(token)
        }
        Solution::Text(text) => json!(text),
        Solution::Given(given) => given.clone(),
    };
    (request, more)
}

#[cfg(test)]
mod tests;

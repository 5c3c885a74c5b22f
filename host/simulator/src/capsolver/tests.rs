//! How requests are read and answers are written.

use std::collections::BTreeSet;

use super::*;
use crate::money::Usd;

const ID: u64 = 4_294_967_297;

fn call(path: &str, body: &'static str) -> Call {
    read(path, &Bytes::from_static(body.as_bytes())).call
}

fn json_of(answer: Answer) -> (u16, Value) {
    let written = write(&Reply { task_id: Some(ID), ..Reply::prompt(answer) });
    (written.status.as_u16(), serde_json::from_str(&written.text).unwrap())
}

fn ready(solution: Solution) -> Box<Ready> {
    let (ip, cost) = (std::net::IpAddr::from([192, 0, 2, 7]), Usd::from_nanos(800_000));
    Box::new(Ready { solution, cost, ip, created_at: 1_472_205_564, ended_at: 1_472_205_570 })
}

#[test]
fn ids_are_uuids_of_version_4_that_are_read_back() {
    let ids = [0, 1, 2, ID, ID + 1, (7 << 32) | 5];
    for id in ids {
        let text = task_id(id);
        let lengths: Vec<usize> = text.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{text}");
        assert!(text.split('-').nth(2).unwrap().starts_with('4'), "{text}");
        assert!(text.split('-').nth(3).unwrap().starts_with(['8', '9', 'a', 'b']), "{text}");
        assert_eq!(number(&text), Some(id));
    }
    assert_eq!(ids.iter().map(|id| task_id(*id)[..8].to_owned()).collect::<BTreeSet<_>>().len(), ids.len());
}

#[test]
fn what_is_no_id_of_this_service_is_none() {
    let id = task_id(ID);
    let other_front = id.replacen(&id[..8], "00000000", 1);
    for wrong in ["", "4294967297", "37223a89-06ed-442c-a0b8-22067b79c5b4", "-----", &other_front, &id.to_uppercase()] {
        assert_eq!(number(wrong), None, "{wrong}");
    }
}

#[test]
fn requests_are_read_by_their_path() {
    let poll = format!(r#"{{"clientKey":"k","taskId":"{}"}}"#, task_id(ID)).leak();
    assert!(matches!(call("/getTaskResult", poll), Call::Poll(Some(ID))));
    assert!(matches!(call("/getTaskResult/", r#"{"taskId":4294967297}"#), Call::Poll(None)), "ids are texts here");
    assert!(matches!(call("/getBalance", "{}"), Call::Balance));
    assert!(matches!(call("/feedbackTask", r#"{"result":{"invalid":true}}"#), Call::Report(_)));
    assert!(matches!(call("/feedbackTask", r#"{"result":{}}"#), Call::Wrong(Refusal::Field("result"))));
    assert!(matches!(call("/getQueueStats", "{}"), Call::Refused(Refusal::MethodUnknown)));
    assert!(matches!(call("/createTask", "clientKey=k"), Call::Refused(Refusal::Unreadable)));
    let create =
        read("/createTask", &Bytes::from_static(br#"{ "task" : {"b":1.50,  "a":"\u0041"} , "clientKey":"k"}"#));
    assert_eq!(create.task.as_deref(), Some(br#"{"b":1.50,  "a":"\u0041"}"#.as_slice()));
    assert_eq!(create.key.as_deref(), Some("k"));
}

#[test]
fn answers_have_the_shapes_of_the_documentation() {
    let id = task_id(ID);
    let created = json!({"errorId": 0, "errorCode": "", "errorDescription": "", "taskId": id, "status": "idle"});
    assert_eq!(json_of(Answer::Created(ID)), (200, created));
    let read = json!({"errorId": 0, "errorCode": "", "errorDescription": "", "taskId": id, "status": "ready",
        "solution": {"text": "deditur"}});
    assert_eq!(json_of(Answer::Solved(ID, ready(Solution::Text("deditur".to_owned())))), (200, read));
    assert_eq!(json_of(Answer::Processing), (200, json!({"errorId": 0, "taskId": id, "status": "processing"})));
    let token = |family| Solution::Token { family, token: "t".to_owned(), user_agent: "Probe/1".to_owned() };
    let (_, turnstile) = json_of(Answer::Ready(ready(token(Family::Turnstile))));
    assert_eq!(turnstile["solution"], json!({"token": "t", "type": "turnstile", "userAgent": "Probe/1"}));
    let (_, recaptcha) = json_of(Answer::Ready(ready(token(Family::RecaptchaV3))));
    let solution = json!({"gRecaptchaResponse": "t", "userAgent": "Probe/1", "createTime": 1_472_205_570_000_u64});
    assert_eq!(recaptcha, json!({"errorId": 0, "taskId": id, "status": "ready", "solution": solution}));
    let balance = Answer::Balance(Usd::from_nanos(12_345_600_000));
    assert_eq!(json_of(balance), (200, json!({"errorId": 0, "balance": 12.3456, "packages": []})));
    assert_eq!(json_of(Answer::Reported).1["errorId"], 0);
}

#[test]
fn errors_have_a_status_and_say_that_the_task_failed() {
    let (status, body) = json_of(Answer::Refused(Refusal::Unsolvable));
    assert_eq!(status, 400);
    assert_eq!((&body["errorId"], &body["errorCode"]), (&json!(1), &json!("ERROR_CAPTCHA_UNSOLVABLE")));
    assert_eq!((&body["status"], &body["taskId"]), (&json!("failed"), &json!(task_id(ID))));
    assert!(body["errorDescription"].is_string());
    let written = write(&Reply::refused(Refusal::KeyUnknown));
    assert_eq!(written.status.as_u16(), 401);
    assert!(!written.text.contains("taskId"), "{}", written.text);
}

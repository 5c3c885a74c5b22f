//! Every answer of every dialect, as a table.

use std::collections::BTreeSet;
use std::sync::Arc;

use capstan_domain::catalogue;
use capstan_domain::code::ErrorCode;
use capstan_domain::{Amount, TaskId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::classic::{Form, Read};
use super::*;
use crate::tasks::{Ending, Written};

const ID: &str = "00000000-0000-0000-0000-000000000009";

fn view(ending: Ending) -> TaskView {
    let task = TaskId(Uuid::from_u128(9));
    TaskView { task, number: 7, task_type: "T".to_owned(), created_at_ms: 1_999, ending, written: Written::default() }
}

fn solved(solution: Value) -> TaskView {
    view(Ending::Solved {
        solution: solution.as_object().unwrap().clone(),
        cost: Amount::from_nanos(1_260_000),
        provider: "P".to_owned(),
        ended_at_ms: 2_000,
    })
}

fn failed() -> TaskView {
    view(Ending::Failed { code: ErrorCode::TaskTimeout, detail: "more".to_owned(), ended_at_ms: 5_000 })
}

fn new(ended: Option<TaskView>) -> Created {
    Created { task: TaskId(Uuid::from_u128(9)), number: 7, ended, storm: None }
}

fn body(answer: Answer) -> (u16, Value) {
    match answer.content {
        Content::Json(text) => (answer.status, serde_json::from_slice(&text).unwrap()),
        Content::Text(text) | Content::Html(text) => (answer.status, Value::from(text)),
    }
}

#[test]
fn anysolver_answers() {
    let dialect = Dialect::AnySolver;
    let ready = json!({
        "errorId": 0, "taskId": ID, "status": "ready", "solution": {"token": "t"}, "cost": 0.00126, "taskType": "T",
        "provider": "P", "createTime": 1, "endTime": 2,
    });
    let text = ErrorCode::TaskTimeout.text();
    for (answer, expected) in [
        (created(dialect, &new(None)), json!({"errorId": 0, "taskId": ID, "status": "processing"})),
        (created(dialect, &new(Some(solved(json!({"token": "t"}))))), ready.clone()),
        (
            result(dialect, &view(Ending::Open)),
            json!({
                "errorId": 0, "taskId": ID, "status": "processing", "taskType": "T", "createTime": 1,
            }),
        ),
        (result(dialect, &solved(json!({"token": "t"}))), ready),
        (
            result(dialect, &failed()),
            json!({
                "errorId": 1, "errorCode": "ERROR_TASK_TIMEOUT", "errorDescription": format!("{text} more"),
                "status": "failed", "taskId": ID, "taskType": "T", "createTime": 1, "endTime": 5,
            }),
        ),
        (balance(dialect, Amount::from_nanos(12_500_000_000), None), json!({"errorId": 0, "balance": 12.5})),
        (balance(dialect, Amount::ZERO, Some("n")), json!({"errorId": 0, "balance": 0.0, "notice": "n"})),
        (reported(dialect, None), json!({"errorId": 0, "status": "success"})),
        (reported(dialect, Some(Decision::OverCap)), json!({"errorId": 0, "status": "success", "refund": "over_cap"})),
    ] {
        assert_eq!(body(answer), (200, expected));
    }
}

#[test]
fn anticaptcha_answers() {
    let dialect = Dialect::AntiCaptcha;
    let text = ErrorCode::TaskTimeout.text();
    for (answer, expected) in [
        (created(dialect, &new(None)), json!({"errorId": 0, "taskId": 7})),
        (created(dialect, &new(Some(solved(json!({"token": "t"}))))), json!({"errorId": 0, "taskId": 7})),
        (result(dialect, &view(Ending::Open)), json!({"errorId": 0, "status": "processing"})),
        (
            result(dialect, &solved(json!({"token": "t"}))),
            json!({
                "errorId": 0, "status": "ready", "solution": {"token": "t"}, "cost": "0.00126", "ip": "", "createTime": 1,
                "endTime": 2, "solveCount": 1,
            }),
        ),
        (
            result(dialect, &failed()),
            json!({
                "errorId": 12, "errorCode": "ERROR_CAPTCHA_UNSOLVABLE", "errorDescription": format!("{text} more"),
            }),
        ),
        (balance(dialect, Amount::from_nanos(12_500_000_000), Some("n")), json!({"errorId": 0, "balance": 12.5})),
        (reported(dialect, None), json!({"errorId": 0, "status": "success"})),
        (reported(dialect, Some(Decision::OverCap)), json!({"errorId": 0, "status": "success"})),
    ] {
        assert_eq!(body(answer), (200, expected));
    }
}

#[test]
fn capsolver_answers() {
    let dialect = Dialect::CapSolver;
    let about =
        |status: &str| json!({"errorId": 0, "errorCode": "", "errorDescription": "", "taskId": ID, "status": status});
    let mut ready = about("ready");
    ready["solution"] = json!({"token": "t"});
    for (answer, status, expected) in [
        (created(dialect, &new(None)), 200, about("idle")),
        (created(dialect, &new(Some(solved(json!({"token": "t"}))))), 200, ready.clone()),
        (result(dialect, &view(Ending::Open)), 200, about("processing")),
        (result(dialect, &solved(json!({"token": "t"}))), 200, ready),
        (
            result(dialect, &failed()),
            400,
            json!({
                "errorId": 1, "errorCode": "ERROR_TASK_TIMEOUT",
                "errorDescription": format!("{} more", ErrorCode::TaskTimeout.text()), "status": "failed", "taskId": ID,
            }),
        ),
        (
            balance(dialect, Amount::from_nanos(12_500_000_000), Some("n")),
            200,
            json!({
                "errorId": 0, "errorCode": "", "errorDescription": "", "balance": 12.5, "packages": [],
            }),
        ),
        (
            reported(dialect, Some(Decision::Refunded)),
            200,
            json!({
                "errorId": 0, "errorCode": "", "errorDescription": "", "message": "okay",
            }),
        ),
    ] {
        assert_eq!(body(answer), (status, expected));
    }
}

#[test]
fn classic_answers_as_text_and_as_json() {
    let points = json!({"coordinates": [[1, 2], {"x": 3, "y": 4}]});
    for (text, json_, expected_text, expected_json) in [
        (
            Form::Text.created(&new(None)),
            Form::Json.created(&new(None)),
            json!("OK|7"),
            json!({"status": 1, "request": "7"}),
        ),
        (
            Form::Text.result(&view(Ending::Open), false),
            Form::Json.result(&view(Ending::Open), false),
            json!("CAPCHA_NOT_READY"),
            json!({"status": 0, "request": "CAPCHA_NOT_READY"}),
        ),
        (
            Form::Text.result(&solved(json!({"token": "t", "userAgent": "u"})), true),
            Form::Json.result(&solved(json!({"token": "t", "userAgent": "u"})), true),
            json!("OK|t|0.00126"),
            json!({"status": 1, "request": "t", "useragent": "u", "price": "0.00126"}),
        ),
        (
            Form::Text.result(&solved(points.clone()), false),
            Form::Json.result(&solved(points), false),
            json!("OK|coordinates:x=1,y=2;x=3,y=4"),
            json!({"status": 1, "request": "coordinates:x=1,y=2;x=3,y=4"}),
        ),
        (
            Form::Text.result(&solved(json!({"click": [1, 5]})), false),
            Form::Json.result(&solved(json!({"rotate": 40})), false),
            json!("OK|click:1/5"),
            json!({"status": 1, "request": "40"}),
        ),
        (
            Form::Text.result(&failed(), false),
            Form::Json.result(&failed(), false),
            json!("ERROR_CAPTCHA_UNSOLVABLE"),
            json!({
                "status": 0, "request": "ERROR_CAPTCHA_UNSOLVABLE",
                "error_text": format!("{} more", ErrorCode::TaskTimeout.text()),
            }),
        ),
        (
            Form::Text.balance(Amount::from_nanos(12_500_000_000)),
            Form::Json.balance(Amount::from_nanos(12_500_000_000)),
            json!("12.50"),
            json!({"status": 1, "request": "12.50"}),
        ),
        (
            Form::Text.reported(),
            Form::Json.reported(),
            json!("OK_REPORT_RECORDED"),
            json!({"status": 1, "request": "OK_REPORT_RECORDED"}),
        ),
    ] {
        assert_eq!((body(text), body(json_)), ((200, expected_text), (200, expected_json)));
    }
    let read = [
        Read::Task(Arc::new(solved(json!({"text": "a"})))),
        Read::Task(Arc::new(view(Ending::Open))),
        Read::Refused(Refusal::new(ErrorCode::TaskNotFound, "")),
    ];
    assert_eq!(body(Form::Text.results(&read)), (200, json!("a|CAPCHA_NOT_READY|ERROR_WRONG_CAPTCHA_ID")));
}

#[test]
fn a_classic_answer_of_several_fields_is_an_object() {
    let v3 = r#"{"challenge": "c", "validate": "v", "seccode": "s"}"#;
    let v3 = catalogue::solution::complete(catalogue::by_name("geetest_v3").unwrap(), v3).map(Value::Object).unwrap();
    for (text, json_, expected_text, expected_json) in [
        (
            Form::Text.result(&solved(v3.clone()), false),
            Form::Json.result(&solved(v3), false),
            json!("OK|{\"geetest_challenge\":\"c\",\"geetest_seccode\":\"s\",\"geetest_validate\":\"v\"}"),
            json!({"status": 1, "request": {"geetest_challenge": "c", "geetest_validate": "v", "geetest_seccode": "s"}}),
        ),
        (
            Form::Text.result(&solved(json!({"captcha_voucher": "v", "existing_token": "e"})), false),
            Form::Json.result(&solved(json!({"captcha_voucher": "v", "existing_token": "e"})), false),
            json!("OK|{\"captcha_voucher\":\"v\",\"existing_token\":\"e\"}"),
            json!({"status": 1, "request": {"captcha_voucher": "v", "existing_token": "e"}}),
        ),
    ] {
        assert_eq!((body(text), body(json_)), ((200, expected_text), (200, expected_json)));
    }
}

#[test]
fn every_code_has_an_answer_in_every_dialect() {
    let shape = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let closed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    for code in ErrorCode::ALL {
        let refusal = Refusal::new(*code, "more");
        let (status, any) = body(refused(Dialect::AnySolver, &refusal));
        assert_eq!((status, &any["errorId"], &any["errorCode"]), (200, &json!(code.error_id()), &json!(code.as_str())));
        assert_eq!(any["errorDescription"], json!(format!("{} more", code.text())));
        let (status, anti) = body(refused(Dialect::AntiCaptcha, &refusal));
        assert_eq!((status, shape(&anti)), (200, closed(&["errorId", "errorCode", "errorDescription"])));
        assert!(anti["errorId"].as_u64().unwrap() > 0 && anti["errorCode"].as_str().unwrap().starts_with("ERROR_"));
        let (status, cap) = body(refused(Dialect::CapSolver, &refusal));
        assert_eq!(shape(&cap), closed(&["errorId", "errorCode", "errorDescription", "status"]));
        assert!(matches!(status, 400 | 401) && cap["errorId"] == 1 && cap["status"] == "failed", "{cap}");
        let (status, text) = body(Form::Text.refused(&refusal));
        let text = text.as_str().unwrap();
        assert!(status == 200 && (text.starts_with("ERROR_") || text == "MAX_USER_TURN"), "{text}");
    }
}

#[test]
fn a_word_that_stands_for_several_things_says_which_it_was() {
    let (_, body) = body(refused(Dialect::CapSolver, &Refusal::new(ErrorCode::DomainBanned, "The rule is x.")));
    assert_eq!(body["errorDescription"], "DOMAIN_BANNED: The site is refused by policy. The rule is x.");
}

//! capsolver's format over real connections.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstan_simulator::{Behaviour, Create, Decision, Latency, Limits, Malformed, Outcome, Usd, WireFormat};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::client::{Client, create_body};
use crate::{Control, PATIENCE, Simulator, poll_body, speaking};

const TURNSTILE: &str = "AntiTurnstileTaskProxyLess";

async fn started() -> (Simulator, Control, Client) {
    speaking(WireFormat::Capsolver).await
}

fn picture() -> Value {
    let bytes = [b"GIF89a".as_slice(), &[7; 200]].concat();
    json!({"clientKey": "simulator", "task": {"type": "ImageToTextTask", "body": STANDARD.encode(bytes)}})
}

/// Status and code of an error answer.
async fn error_of(client: &Client, path: &str, body: &Value) -> (u16, String) {
    let reply = client.send("POST", path, body.to_string().as_bytes()).await.unwrap();
    let answer = reply.json();
    assert_eq!((&answer["errorId"], &answer["status"]), (&json!(1), &json!("failed")), "{answer}");
    assert!(answer["errorDescription"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
    (reply.status, answer["errorCode"].as_str().unwrap().to_owned())
}

fn is_uuid(id: &Value) -> bool {
    let lengths: Vec<usize> = id.as_str().unwrap_or_default().split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
}

#[tokio::test]
async fn a_task_goes_from_create_to_solution_and_is_paid() {
    let (_simulator, control, client) = started().await;
    control.hold_solutions();
    let created = client.post("/createTask", &create_body(TURNSTILE)).await;
    assert_eq!(
        (&created["errorId"], &created["errorCode"], &created["status"]),
        (&json!(0), &json!(""), &json!("idle"))
    );
    let id = &created["taskId"];
    assert!(is_uuid(id), "{created}");
    let processing = client.post("/getTaskResult", &poll_body(id)).await;
    assert_eq!(processing, json!({"errorId": 0, "taskId": id, "status": "processing"}));
    control.release_solutions();
    let ready = client.post("/getTaskResult", &poll_body(id)).await;
    assert_eq!((&ready["errorId"], &ready["status"], &ready["taskId"]), (&json!(0), &json!("ready"), id));
    assert!(ready["solution"]["token"].as_str().unwrap().starts_with("0."), "{ready}");
    assert!(ready["solution"]["userAgent"].is_string() && ready.get("cost").is_none());

    let balance = client.post("/getBalance", &json!({"clientKey": "simulator"})).await;
    assert_eq!(balance, json!({"errorId": 0, "balance": 999.998, "packages": []}));
    let feedback = json!({"clientKey": "simulator", "taskId": id, "result": {"invalid": true, "code": 1001}});
    assert_eq!(client.post("/feedbackTask", &feedback).await["errorId"], 0);
    assert_eq!(control.stats().reports, 1);
    let received = control.received();
    assert_eq!(received[0].task_json().unwrap(), create_body(TURNSTILE)["task"]);
    assert_eq!(json!(WireFormat::Capsolver.task_id(received[1].task_id.unwrap())), *id);
}

#[tokio::test]
async fn a_picture_is_read_within_the_create() {
    let (_simulator, control, client) = started().await;
    let read = client.post("/createTask", &picture()).await;
    assert_eq!((&read["errorId"], &read["status"]), (&json!(0), &json!("ready")));
    assert!(
        is_uuid(&read["taskId"]) && read["solution"]["text"].as_str().is_some_and(|text| text.len() >= 5),
        "{read}"
    );
    let again = client.post("/getTaskResult", &poll_body(&read["taskId"])).await;
    assert_eq!(again["solution"], read["solution"]);
    assert_eq!(control.received()[0].decision, Decision::Answered);

    let unsolvable = Outcome::Error("ERROR_CAPTCHA_UNSOLVABLE".to_owned());
    control.script([Create::Accept { solve_after_ms: 0, outcome: unsolvable }]);
    let (status, code) = error_of(&client, "/createTask", &picture()).await;
    assert_eq!((status, code.as_str()), (400, "ERROR_CAPTCHA_UNSOLVABLE"));
    assert_eq!(control.received().pop().unwrap().decision, Decision::Refused(code));
    assert_eq!(control.stats().charged["simulator"].to_string(), "0.0005", "only the one that was read");
}

#[tokio::test]
async fn the_reply_to_a_picture_waits_until_it_is_read() {
    let (_simulator, control, client) = started().await;
    control.hold_solutions();
    let waiting = tokio::task::JoinSet::from_iter([async move { client.post("/createTask", &picture()).await }]);
    timeout(PATIENCE, control.until(|stats| stats.accepted == 1)).await.unwrap();
    assert_eq!(control.received()[0].decision, Decision::Waiting);
    assert!(control.received()[0].task_id.is_some());
    control.release_solutions();
    let answers = timeout(PATIENCE, waiting.join_all()).await.unwrap();
    assert_eq!(answers[0]["status"], "ready");

    let latency = Latency::Fixed { ms: 60 };
    control.set_behaviour(Behaviour { latency, ..Behaviour::default() }).unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(client.post("/createTask", &picture()).await["status"], "ready");
    assert!(begun.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn wrong_requests_get_the_codes_and_statuses_of_the_service() {
    let (_simulator, control, client) = started().await;
    control.set_key("poor", Usd::ZERO);
    let poor = json!({"clientKey": "poor", "task": create_body(TURNSTILE)["task"]});
    let task = |task: Value| json!({"clientKey": "simulator", "task": task});
    let no_action = create_body("ReCaptchaV3TaskProxyLess");
    let cases = [
        ("/createTask", json!({"clientKey": "wrong", "task": {}}), (401, "ERROR_KEY_DENIED_ACCESS")),
        ("/getBalance", json!({}), (401, "ERROR_KEY_DENIED_ACCESS")),
        ("/createTask", poor, (403, "ERROR_ZERO_BALANCE")),
        ("/createTask", json!({"clientKey": "simulator"}), (400, "ERROR_INVALID_TASK_DATA")),
        ("/createTask", json!("text"), (400, "ERROR_INVALID_TASK_DATA")),
        ("/createTask", create_body("HCaptchaTaskProxyLess"), (400, "ERROR_TASK_NOT_SUPPORTED")),
        ("/createTask", create_body("ReCaptchaV2EnterpriseTask"), (400, "ERROR_INVALID_TASK_DATA")),
        ("/createTask", no_action, (400, "ERROR_INVALID_TASK_DATA")),
        ("/createTask", task(json!({"type": "ImageToTextTask", "body": "R0lGODlh"})), (400, "ERROR_INVALID_IMAGE")),
        ("/createTask", task(json!({"type": "ImageToTextTask", "body": "?"})), (400, "ERROR_PARSE_IMAGE_FAIL")),
        ("/getTaskResult", poll_body(&json!(17)), (400, "ERROR_TASKID_INVALID")),
        ("/getTaskResult", poll_body(&json!("37223a89-06ed-442c-a0b8-22067b79c5b4")), (400, "ERROR_TASKID_INVALID")),
        ("/feedbackTask", poll_body(&json!("x")), (400, "ERROR_INVALID_TASK_DATA")),
        ("/in.php", json!({}), (400, "ERROR_BAD_REQUEST")),
    ];
    for (path, body, (status, code)) in cases {
        let error = error_of(&client, path, &body).await;
        assert_eq!((error.0, error.1.as_str()), (status, code), "{path} {body}");
        assert_eq!(control.received().pop().unwrap().decision, Decision::Refused(code.to_owned()));
    }
    assert_eq!(control.stats().accepted, 0);
}

#[tokio::test]
async fn scripted_ends_have_the_status_of_their_code_and_unsolvable_tasks_cost_nothing() {
    let (_simulator, control, client) = started().await;
    let ending = |code: &str| Create::Accept { solve_after_ms: 0, outcome: Outcome::Error(code.to_owned()) };
    control.script([
        Create::error("ERROR_RATE_LIMIT"),
        Create::error("ERROR_SERVICE_UNAVALIABLE"),
        ending("ERROR_CAPTCHA_UNSOLVABLE"),
        ending("ERROR_PROXY_BANNED"),
    ]);
    for expected in [(429, "ERROR_RATE_LIMIT"), (503, "ERROR_SERVICE_UNAVALIABLE")] {
        let error = error_of(&client, "/createTask", &create_body(TURNSTILE)).await;
        assert_eq!((error.0, error.1.as_str()), expected);
    }
    for expected in ["ERROR_CAPTCHA_UNSOLVABLE", "ERROR_PROXY_BANNED"] {
        let created = client.post("/createTask", &create_body(TURNSTILE)).await;
        let error = error_of(&client, "/getTaskResult", &poll_body(&created["taskId"])).await;
        assert_eq!((error.0, error.1.as_str()), (400, expected));
    }
    assert_eq!(control.stats().charged["simulator"], Usd::ZERO);
}

#[tokio::test]
async fn a_task_is_answered_about_120_times_and_no_more() {
    let (_simulator, control, client) = started().await;
    let limits = Limits { max_polls: 2, ..Limits::default() };
    control.set_behaviour(Behaviour { limits, ..Behaviour::default() }).unwrap();
    assert_eq!(Limits::default().max_polls, 120);
    let created = client.post("/createTask", &create_body(TURNSTILE)).await;
    let poll = poll_body(&created["taskId"]);
    for _ in 0..2 {
        assert_eq!(client.post("/getTaskResult", &poll).await["status"], "ready");
    }
    assert_eq!(error_of(&client, "/getTaskResult", &poll).await, (400, "ERROR_TASKID_INVALID".to_owned()));
}

#[tokio::test]
async fn spoilt_replies_look_like_what_they_are_for_tokens_and_for_pictures() {
    let (_simulator, control, client) = started().await;
    let spoils = [
        Create::ServerError,
        Create::AcceptAndServerError,
        Create::AcceptAndMalform(Malformed::Html),
        Create::AcceptAndMalform(Malformed::TruncatedJson),
        Create::AcceptAndMalform(Malformed::WrongTypes),
    ];
    for body in [create_body(TURNSTILE), picture()] {
        control.script(spoils.clone());
        let mut replies = Vec::new();
        for _ in 0..spoils.len() {
            replies.push(client.send("POST", "/createTask", body.to_string().as_bytes()).await.unwrap());
        }
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, [502, 502, 200, 200, 200]);
        assert!(replies[..3].iter().all(|page| page.body.starts_with(b"<")), "{replies:?}");
        let truncated = replies[3].text();
        assert!(truncated.starts_with("{\"errorId\":0") && serde_json::from_str::<Value>(truncated).is_err());
        assert!(replies[4].json()["taskId"].is_object());
        control.script([Create::AcceptAndLoseReply]);
        assert_eq!(client.exchange("POST", "/createTask", body.to_string().as_bytes()).await, b"");
        assert_eq!(control.received().pop().unwrap().decision, Decision::Lost { accepted: true });
    }
    assert_eq!(control.stats().accepted, 10);
}

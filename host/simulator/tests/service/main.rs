//! The service over real connections: what a client sees, and what the log says about it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test that uses them"
)]

mod capsolver;
mod client;
mod lifecycle;
mod two_captcha;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstan_simulator::{
    Behaviour, Control, Create, Decision, Latency, Limits, Malformed, Outcome, Settings, Simulator, Usd, WireFormat,
};
use client::{Client, TURNSTILE, create_body};
use serde_json::{Value, json};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

async fn started() -> (Simulator, Control, Client) {
    started_with(Settings::default()).await
}

async fn started_with(settings: Settings) -> (Simulator, Control, Client) {
    let simulator = Simulator::start(settings).await.unwrap();
    let control = simulator.control();
    let client = Client::new(simulator.address());
    (simulator, control, client)
}

async fn speaking(speaks: WireFormat) -> (Simulator, Control, Client) {
    started_with(Settings { speaks, ..Settings::default() }).await
}

fn poll_body(id: &Value) -> Value {
    json!({"clientKey": "simulator", "taskId": id})
}

/// Number and code of an error answer, which has status 200 and a description.
fn error_of(answer: &Value) -> (u64, &str) {
    assert!(answer["errorDescription"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
    (answer["errorId"].as_u64().unwrap(), answer["errorCode"].as_str().unwrap())
}

#[tokio::test]
async fn a_task_goes_from_create_to_solution_and_is_paid() {
    let (_simulator, control, client) = started().await;
    control.hold_solutions();
    let created = client.post("/createTask", &create_body(TURNSTILE)).await;
    assert_eq!(created["errorId"], 0);
    assert!(created["taskId"].is_u64() && created.get("status").is_none());
    let processing = client.post("/getTaskResult", &poll_body(&created["taskId"])).await;
    assert_eq!(processing, json!({"errorId": 0, "status": "processing"}));
    control.release_solutions();

    let ready = client.post("/getTaskResult", &poll_body(&created["taskId"])).await;
    assert_eq!((&ready["errorId"], &ready["status"]), (&json!(0), &json!("ready")));
    let token = ready["solution"]["token"].as_str().unwrap();
    assert!(token.starts_with("0.") && token.contains(&created["taskId"].to_string()), "{token}");
    assert!(ready["solution"]["userAgent"].is_string());
    assert_eq!((&ready["cost"], &ready["ip"]), (&json!("0.002"), &json!("127.0.0.1")));
    assert!(ready["createTime"].as_u64().unwrap() <= ready["endTime"].as_u64().unwrap());
    assert!(ready["createTime"].as_u64().unwrap() > 1_700_000_000 && ready["solveCount"].is_u64());

    let balance = client.post("/getBalance", &json!({"clientKey": "simulator"})).await;
    assert_eq!(balance, json!({"errorId": 0, "balance": 999.998, "captchaCredits": 0}));
    assert_eq!(control.stats().charged["simulator"].to_string(), "0.002");
}

#[tokio::test]
async fn wrong_requests_get_the_errors_of_the_catalogue() {
    let (_simulator, control, client) = started().await;
    control.set_key("poor", Usd::ZERO);
    let poor = json!({"clientKey": "poor", "task": create_body(TURNSTILE)["task"]});
    let task = |task: Value| json!({"clientKey": "simulator", "task": task});
    let picture = |bytes: Vec<u8>| task(json!({"type": "ImageToTextTask", "body": STANDARD.encode(bytes)}));
    let site_key = json!({"type": "TurnstileTaskProxyless", "websiteURL": "https://a.example/", "websiteKey": "?"});
    let cases = [
        ("/createTask", json!({"clientKey": "wrong", "task": {}}), (1, "ERROR_KEY_DOES_NOT_EXIST")),
        ("/createTask", json!({"clientKey": 5}), (1, "ERROR_KEY_DOES_NOT_EXIST")),
        ("/createTask", json!([]), (1, "ERROR_KEY_DOES_NOT_EXIST")),
        ("/getBalance", json!({}), (1, "ERROR_KEY_DOES_NOT_EXIST")),
        ("/createTask", picture(b"GIF89a".to_vec()), (3, "ERROR_ZERO_CAPTCHA_FILESIZE")),
        ("/createTask", picture([b"GIF89a".as_slice(), &[0; 500_000]].concat()), (4, "ERROR_TOO_BIG_CAPTCHA_FILESIZE")),
        ("/createTask", poor, (10, "ERROR_ZERO_BALANCE")),
        ("/createTasks", create_body(TURNSTILE), (14, "ERROR_NO_SUCH_METHOD")),
        ("/createTask", picture(vec![0; 200]), (15, "ERROR_IMAGE_TYPE_NOT_SUPPORTED")),
        ("/getTaskResult", poll_body(&json!(17)), (16, "ERROR_NO_SUCH_CAPCHA_ID")),
        ("/reportIncorrectRecaptcha", poll_body(&json!(17)), (16, "ERROR_NO_SUCH_CAPCHA_ID")),
        ("/createTask", json!({"clientKey": "simulator"}), (22, "ERROR_TASK_ABSENT")),
        ("/createTask", task(json!({"type": "DataDomeSliderTask"})), (23, "ERROR_TASK_NOT_SUPPORTED")),
        ("/createTask", task(json!({"type": "TurnstileTaskProxyless"})), (24, "ERROR_INCORRECT_SESSION_DATA")),
        ("/createTask", task(site_key), (31, "ERROR_RECAPTCHA_INVALID_SITEKEY")),
    ];
    for (path, body, expected) in cases {
        assert_eq!(error_of(&client.post(path, &body).await), expected, "{path}");
    }
    let raw = client.send("POST", "/createTask", b"this is no JSON").await.unwrap();
    assert_eq!(raw.status, 200);
    assert_eq!(error_of(&raw.json()), (1, "ERROR_KEY_DOES_NOT_EXIST"));
    let refused = control.received().iter().all(|received| matches!(received.decision, Decision::Refused(_)));
    assert!(refused && control.stats().accepted == 0);
}

#[tokio::test]
async fn a_lost_reply_closes_the_connection_without_a_byte_though_the_task_was_taken() {
    let (_simulator, control, client) = started().await;
    control.script([Create::AcceptAndLoseReply, Create::LoseRequest]);
    let body = create_body(TURNSTILE).to_string();
    for accepted in [true, false] {
        let bytes = client.exchange("POST", "/createTask", body.as_bytes()).await;
        assert_eq!(bytes, b"", "{}", String::from_utf8_lossy(&bytes));
        let last = control.received().pop().unwrap();
        assert_eq!((last.decision, last.task_id.is_some()), (Decision::Lost { accepted }, accepted));
    }
    let stats = control.stats();
    assert_eq!((stats.creates, stats.accepted, stats.tasks.solved), (2, 1, 1));
}

#[tokio::test]
async fn error_pages_and_unreadable_replies_look_like_what_they_are() {
    let (_simulator, control, client) = started().await;
    control.script([
        Create::ServerError,
        Create::AcceptAndServerError,
        Create::AcceptAndMalform(Malformed::Html),
        Create::AcceptAndMalform(Malformed::TruncatedJson),
        Create::AcceptAndMalform(Malformed::WrongTypes),
    ]);
    let body = create_body(TURNSTILE).to_string();
    let mut replies = Vec::new();
    for _ in 0..5 {
        replies.push(client.send("POST", "/createTask", body.as_bytes()).await.unwrap());
    }
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [502, 502, 200, 200, 200]);
    for page in &replies[..3] {
        assert!(page.body.starts_with(b"<"), "{page:?}");
    }
    assert!(replies[3].body.starts_with(b"{\"errorId\"") && serde_json::from_slice::<Value>(&replies[3].body).is_err());
    assert!(replies[4].json()["taskId"].is_object());
    assert_eq!(control.stats().accepted, 4);
}

#[tokio::test]
async fn held_creates_arrive_and_wait_undecided() {
    let (_simulator, control, client) = started().await;
    control.hold_creates();
    let waiting =
        tokio::task::JoinSet::from_iter([async move { client.post("/createTask", &create_body(TURNSTILE)).await }]);
    let stats = timeout(PATIENCE, control.until(|stats| stats.creates == 1)).await.unwrap();
    assert_eq!(stats.accepted, 0);
    assert_eq!(control.received()[0].decision, Decision::Waiting);
    control.release_creates();
    let answers = timeout(PATIENCE, waiting.join_all()).await.unwrap();
    assert!(answers[0]["taskId"].is_u64());
    assert_eq!(control.received()[0].decision, Decision::Answered);
}

#[tokio::test]
async fn the_log_keeps_every_request_byte_for_byte_and_in_order() {
    let (_simulator, control, client) = started().await;
    let body = br#"{"clientKey":"simulator", "softId":0,"task": {"websiteURL":"https://example.com/\u00e4",
        "type":"TurnstileTaskProxyless","zebra":1.50,"websiteKey":"0x4AAAAAAADnPIDROzbs0Aaj"} }"#;
    let created = client.send("POST", "//createTask/", body).await.unwrap().json();
    client.post("/getTaskResult", &json!({"clientKey": "simulator", "taskId": created["taskId"].to_string()})).await;
    client.send("POST", "/test", b"\xff\xfe").await.unwrap();

    let received = control.received();
    assert_eq!(
        received.iter().map(|entry| entry.path.as_str()).collect::<Vec<_>>(),
        ["//createTask/", "/getTaskResult", "/test"]
    );
    assert_eq!(received[0].body.as_ref(), body);
    let text = std::str::from_utf8(body).unwrap();
    let task = &text[text.find("{\"websiteURL").unwrap()..=text.find("Aaj\"}").unwrap() + 4];
    assert_eq!(received[0].task.as_deref(), Some(task.as_bytes()));
    assert_eq!(received[0].task_json().unwrap()["websiteURL"], "https://example.com/ä");
    assert_eq!(received[0].task_id, created["taskId"].as_u64());
    assert_eq!(received[1].task_id, created["taskId"].as_u64());
    assert_eq!(received[1].key.as_deref(), Some("simulator"));
    assert_eq!(received[2].body.as_ref(), b"\xff\xfe");

    let shown = client.send("GET", "/_log?after=0", b"").await.unwrap();
    let raw = String::from_utf8(shown.body.clone()).unwrap();
    assert!(raw.contains(task), "the page shows the task's own text: {raw}");
    assert_eq!(shown.json()[2]["body_base64"], "//4=");
    assert_eq!(client.send("GET", "/_log?after=2", b"").await.unwrap().json().as_array().unwrap().len(), 1);
    assert_eq!(client.send("GET", "/_log?after=x", b"").await.unwrap().status, 400);
    assert_eq!(client.send("DELETE", "/_log", b"").await.unwrap().status, 204);
    assert!(control.received().is_empty(), "looking at the log is not logged");
}

#[tokio::test]
async fn the_behaviour_can_be_changed_from_outside() {
    let (_simulator, control, client) = started().await;
    let change = json!({
        "latency": {"kind": "uniform", "min_ms": 60_000, "max_ms": 60_000},
        "prices": {"turnstile": "0.5"},
        "limits": {"min_poll_interval_ms": 3_600_000},
        "keys": [{"key": "poor", "balance": 0.25}, {"key": "simulator", "balance": "0.75"}],
    });
    let answer = client.put("/_control/behaviour", &change).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["latency"]["max_ms"], 60_000);
    let behaviour = control.behaviour();
    assert_eq!(behaviour.limits, Limits { min_poll_interval_ms: 3_600_000, ..Limits::default() });
    assert_eq!(client.send("GET", "/_control/behaviour", b"").await.unwrap().json(), answer.json());

    let poor = client.post("/createTask", &json!({"clientKey": "poor", "task": create_body(TURNSTILE)["task"]})).await;
    assert_eq!(error_of(&poor).1, "ERROR_ZERO_BALANCE");
    let created = client.post("/createTask", &create_body(TURNSTILE)).await;
    assert_eq!(client.post("/getTaskResult", &poll_body(&created["taskId"])).await["status"], "processing");
    let throttled = client.post("/getTaskResult", &poll_body(&created["taskId"])).await;
    assert_eq!(error_of(&throttled).1, "ERROR_TOO_MUCH_REQUESTS");
    let stats = client.send("GET", "/_stats", b"").await.unwrap().json();
    assert_eq!((&stats["polls_too_fast"], &stats["tasks"]["processing"]), (&json!(1), &json!(1)));

    for wrong in [
        json!({"failures": {"create": {"no_slot": 2}}}),
        json!({"latnecy": 1}),
        json!({"time_scale": 0}),
        json!(5),
        json!({"keys": [{"key": "x"}], "time_scale": 9}),
    ] {
        assert_eq!(client.put("/_control/behaviour", &wrong).await.status, 400, "{wrong}");
    }
    assert_eq!(client.send("PUT", "/_control/behaviour", b"{").await.unwrap().status, 400);
    assert_eq!(control.behaviour(), behaviour, "a change that is refused changes nothing");
}

#[tokio::test]
async fn scripts_and_gates_can_be_set_from_outside() {
    let (_simulator, control, client) = started().await;
    let script = json!([
        {"error": "ERROR_NO_SLOT_AVAILABLE"},
        {"accept": {"solve_after_ms": 0, "outcome": {"error": "ERROR_CAPTCHA_UNSOLVABLE"}}},
        {"accept": {"solve_after_ms": 0, "outcome": "solved"}},
        "accept_and_lose_reply",
    ]);
    assert_eq!(client.put("/_control/script", &script).await.status, 204);
    assert_eq!(client.put("/_control/script", &json!(["no such outcome"])).await.status, 400);
    let refused = client.post("/createTask", &create_body(TURNSTILE)).await;
    assert_eq!(error_of(&refused), (2, "ERROR_NO_SLOT_AVAILABLE"));
    let created = client.post("/createTask", &create_body(TURNSTILE)).await;
    let unsolvable = client.post("/getTaskResult", &poll_body(&created["taskId"])).await;
    assert_eq!(error_of(&unsolvable), (12, "ERROR_CAPTCHA_UNSOLVABLE"));
    assert_eq!(control.stats().script_left, 2);

    assert_eq!(client.put("/_control/hold", &json!({"solutions": true, "creates": true})).await.status, 204);
    assert!(control.creates_are_held());
    assert_eq!(client.put("/_control/hold", &json!({"creates": false})).await.status, 204);
    let created = client.post("/createTask", &create_body(TURNSTILE)).await;
    assert_eq!(client.post("/getTaskResult", &poll_body(&created["taskId"])).await["status"], "processing");
    assert_eq!(client.put("/_control/hold", &json!({"solutions": false})).await.status, 204);
    assert_eq!(client.post("/getTaskResult", &poll_body(&created["taskId"])).await["status"], "ready");
    assert_eq!(client.put("/_control/hold", &json!({"solution": false})).await.status, 400);
}

#[tokio::test]
async fn other_methods_answer_in_their_shapes() {
    let (_simulator, control, client) = started().await;
    let task = json!({"type": "RecaptchaV2TaskProxyless", "websiteURL": "https://example.com/",
        "websiteKey": "6LfI9IsUAAAAAKuvopU0hfY8pWADfR_mogXokIIZ", "userAgent": "Probe/1"});
    let created = client.post("/createTask", &json!({"clientKey": "simulator", "task": task})).await;
    let solved = client.post("/getTaskResult", &poll_body(&created["taskId"])).await;
    assert!(solved["solution"]["gRecaptchaResponse"].as_str().unwrap().starts_with("03AF"));
    assert_eq!(solved["solution"]["userAgent"], "Probe/1");
    let success = json!({"errorId": 0, "status": "success"});
    for path in ["/reportCorrectRecaptcha", "/reportIncorrectRecaptcha"] {
        assert_eq!(client.post(path, &poll_body(&created["taskId"])).await, success);
    }
    let misdirected = client.post("/reportIncorrectImageCaptcha", &poll_body(&created["taskId"])).await;
    assert_eq!(error_of(&misdirected).0, 16);
    assert_eq!(control.stats().reports, 2);

    let queue = client.post("/getQueueStats", &json!({"queueId": 6})).await;
    assert_eq!(queue, json!({"waiting": 100_000, "load": 0.0, "bid": "0.00095", "speed": 0.0, "total": 100_000}));
    assert_eq!(error_of(&client.post("/getQueueStats", &json!({"queueId": 99})).await).0, 24);
    assert_eq!(client.send("POST", "/test", b"echo me").await.unwrap().body, b"echo me");
    let help = client.send("GET", "/", b"").await.unwrap();
    assert!(String::from_utf8(help.body).unwrap().contains("simulated"));
}

#[tokio::test]
async fn the_same_picture_has_the_same_text() {
    let (_simulator, _control, client) = started().await;
    let picture = STANDARD.encode([b"GIF89a".as_slice(), &[7; 200]].concat());
    let body = json!({"clientKey": "simulator", "task": {"type": "ImageToTextTask", "body": picture, "numeric": 1}});
    let mut texts = Vec::new();
    for _ in 0..2 {
        let created = client.post("/createTask", &body).await;
        let solved = client.post("/getTaskResult", &poll_body(&created["taskId"])).await;
        texts.push(solved["solution"]["text"].as_str().unwrap().to_owned());
    }
    assert_eq!(texts[0], texts[1]);
    assert!(texts[0].bytes().all(|byte| byte.is_ascii_digit()), "{}", texts[0]);
}

/// Everything that ends of 40 concurrent creates, by the number of the create.
async fn ends_of_a_run(seed: u64) -> Vec<Value> {
    let mut behaviour = Behaviour::default();
    behaviour.failures.create.no_slot = 0.2;
    behaviour.failures.solve.unsolvable = 0.3;
    let (_simulator, control, client) = started_with(Settings { seed, behaviour, ..Settings::default() }).await;
    let creates = (0..40).map(|_| async move { client.post("/createTask", &create_body(TURNSTILE)).await });
    timeout(PATIENCE, tokio::task::JoinSet::from_iter(creates).join_all()).await.unwrap();
    let mut ids: Vec<u64> = control.received().iter().filter_map(|received| received.task_id).collect();
    ids.sort_unstable();
    let mut ends = Vec::new();
    for id in ids {
        let answer = client.post("/getTaskResult", &poll_body(&json!(id))).await;
        ends.push(json!([id, answer["errorCode"], answer["solution"]]));
    }
    ends
}

#[tokio::test]
async fn concurrent_requests_do_not_change_what_a_seed_decides() {
    let first = ends_of_a_run(3).await;
    assert!((20..40).contains(&first.len()), "{}", first.len());
    assert_eq!(first, ends_of_a_run(3).await);
    assert_ne!(first, ends_of_a_run(4).await);
}

#[tokio::test]
async fn a_slow_reply_comes_whole_and_a_task_ends_when_its_time_has_come() {
    let (_simulator, control, client) = started().await;
    control
        .set_behaviour(Behaviour { latency: Latency::Fixed { ms: 100 }, time_scale: 10.0, ..Behaviour::default() })
        .unwrap();
    control.script([Create::AcceptSlowly { reply_after_ms: 300 }]);
    let begun = std::time::Instant::now();
    let created = client.post("/createTask", &create_body(TURNSTILE)).await;
    assert!(begun.elapsed() >= Duration::from_millis(30));
    // The reply came later than the solution was due.
    assert_eq!(client.post("/getTaskResult", &poll_body(&created["taskId"])).await["status"], "ready");
}

#[tokio::test]
async fn a_task_that_never_ends_leaves_its_money_alone() {
    let (_simulator, control, client) = started().await;
    control.script([Create::Accept { solve_after_ms: 0, outcome: Outcome::Never }, Create::solved_after(0)]);
    let never = client.post("/createTask", &create_body(TURNSTILE)).await;
    let solved = client.post("/createTask", &create_body(TURNSTILE)).await;
    assert_eq!(client.post("/getTaskResult", &poll_body(&never["taskId"])).await["status"], "processing");
    assert_eq!(client.post("/getTaskResult", &poll_body(&solved["taskId"])).await["status"], "ready");
    let balance = client.post("/getBalance", &json!({"clientKey": "simulator"})).await;
    assert_eq!(balance["balance"], 999.998);
}

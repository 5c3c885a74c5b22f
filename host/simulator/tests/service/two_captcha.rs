//! 2captcha's classic format over real connections.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstan_simulator::{Behaviour, Create, Decision, Limits, Malformed, Outcome, Usd, WireFormat};
use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::{Control, Simulator, speaking};

const SITE_KEY: &str = "0x4AAAAAAADnPIDROzbs0Aaj";
const FORM: &str = "application/x-www-form-urlencoded";

async fn started() -> (Simulator, Control, Client) {
    speaking(WireFormat::TwoCaptcha).await
}

/// The fields of a Turnstile task by the default key.
fn turnstile() -> String {
    format!("key=simulator&method=turnstile&sitekey={SITE_KEY}&pageurl=https%3A%2F%2Fexample.com%2F")
}

async fn submit(client: &Client, fields: &str) -> String {
    let reply = client.send_as(FORM, "/in.php", fields.as_bytes()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.text().to_owned()
}

/// Has a task created and answers its id.
async fn created(client: &Client) -> String {
    let answer = submit(client, &turnstile()).await;
    answer.strip_prefix("OK|").unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn ask(client: &Client, question: &str) -> String {
    client.get(&format!("/res.php?key=simulator&{question}")).await
}

fn picture() -> Vec<u8> {
    [b"GIF89a".as_slice(), b"\r\n\0\xff", &[7; 200]].concat()
}

async fn upload(client: &Client, name: &str, content: &[u8]) -> Reply {
    let field = |name: &str, value: &str| format!("--b-7\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}");
    let mut body = field("name=\"key\"", "simulator\r\n").into_bytes();
    body.extend_from_slice(field("name=\"method\"", "post\r\n").as_bytes());
    body.extend_from_slice(field(&format!("name=\"file\"; filename=\"{name}\""), "").as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--b-7--\r\n");
    client.send_as("multipart/form-data; boundary=b-7", "/in.php", &body).await
}

#[tokio::test]
async fn a_task_goes_from_submit_to_solution_and_is_paid() {
    let (_simulator, control, client) = started().await;
    control.hold_solutions();
    let id = created(&client).await;
    assert_eq!(ask(&client, &format!("action=get&id={id}")).await, "CAPCHA_NOT_READY");
    control.release_solutions();
    let answer = ask(&client, &format!("action=get&id={id}")).await;
    let token = answer.strip_prefix("OK|").unwrap();
    assert!(token.starts_with("0.") && token.contains(&id) && !token.contains('|'), "{token}");
    assert_eq!(ask(&client, &format!("action=get2&id={id}")).await, format!("OK|{token}|0.002"));
    assert_eq!(ask(&client, "action=getbalance").await, "999.998");
    assert_eq!(ask(&client, &format!("action=reportgood&id={id}")).await, "OK_REPORT_RECORDED");
    let posted = format!("key=simulator&action=reportbad&id={id}");
    assert_eq!(client.send_as(FORM, "/res.php", posted.as_bytes()).await.text(), "OK_REPORT_RECORDED");
    assert_eq!(control.stats().reports, 2);
    assert_eq!(control.stats().charged["simulator"].to_string(), "0.002");
}

#[tokio::test]
async fn answers_come_in_json_where_the_client_asks_for_it() {
    let (_simulator, control, client) = started().await;
    control.hold_solutions();
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let accepted = json(submit(&client, &format!("{}&json=1", turnstile())).await);
    assert_eq!(accepted["status"], 1);
    let id = accepted["request"].as_str().unwrap().to_owned();
    let get = format!("action=get&json=1&id={id}");
    assert_eq!(json(ask(&client, &get).await), json!({"status": 0, "request": "CAPCHA_NOT_READY"}));
    control.release_solutions();
    let solved = json(ask(&client, &format!("action=get2&json=1&id={id}")).await);
    assert_eq!((&solved["status"], &solved["price"]), (&json!(1), &json!("0.002")));
    assert!(solved["request"].as_str().unwrap().starts_with("0.") && solved["useragent"].is_string());
    let refused = json(ask(&client, "action=get&json=1&id=17").await);
    assert_eq!((&refused["status"], &refused["request"]), (&json!(0), &json!("ERROR_WRONG_CAPTCHA_ID")));
    assert!(refused["error_text"].as_str().is_some_and(|text| !text.is_empty()));
    let balance = json(ask(&client, "action=getbalance&json=1").await);
    assert_eq!(balance, json!({"status": 1, "request": "999.998"}));
}

#[tokio::test]
async fn tasks_come_by_query_form_upload_and_json_and_the_log_shows_all_of_them_alike() {
    let (_simulator, control, client) = started().await;
    let by_query = client.get(&format!("/in.php?{}", turnstile())).await;
    let by_form = submit(&client, &turnstile()).await;
    let object =
        json!({"key": "simulator", "method": "turnstile", "sitekey": SITE_KEY, "pageurl": "https://example.com/"});
    let by_json = client.send_as("application/json", "/in.php", object.to_string().as_bytes()).await;
    for answer in [by_query.as_str(), &by_form, by_json.text()] {
        assert!(answer.starts_with("OK|"), "{answer}");
    }
    let fields = json!({"method": "turnstile", "sitekey": SITE_KEY, "pageurl": "https://example.com/"});
    let received = control.received();
    assert_eq!(received.len(), 3);
    for entry in &received {
        assert_eq!((entry.key.as_deref(), entry.path.as_str()), (Some("simulator"), "/in.php"));
        assert_eq!(entry.task_json().unwrap(), fields);
        assert_eq!(entry.decision, Decision::Answered);
    }
    assert_eq!(received[0].query, turnstile());
    assert_eq!(by_form, format!("OK|{}", WireFormat::TwoCaptcha.task_id(received[1].task_id.unwrap())));
    let page = client.send("GET", "/_log", b"").await.unwrap().json();
    assert_eq!((&page[0]["query"], &page[1]["task"]), (&json!(turnstile()), &fields));
}

#[tokio::test]
async fn an_uploaded_picture_is_the_picture_that_base64_would_have_been() {
    let (_simulator, control, client) = started().await;
    let uploaded = upload(&client, "captcha.gif", &picture()).await;
    let encoded = STANDARD.encode(picture()).replace('+', "%2B");
    let encoded = submit(&client, &format!("key=simulator&method=base64&body={encoded}")).await;
    let mut texts = Vec::new();
    for answer in [uploaded.text(), &encoded] {
        let id = answer.strip_prefix("OK|").unwrap_or_else(|| panic!("{answer}"));
        texts.push(ask(&client, &format!("action=get&id={id}")).await);
    }
    assert!(texts[0].starts_with("OK|") && texts[0] == texts[1], "{texts:?}");
    let received = control.received();
    let task = received[0].task_json().unwrap();
    assert_eq!(task, json!({"method": "post", "body": STANDARD.encode(picture())}));
    assert_eq!(received[1].task_json().unwrap()["body"], task["body"]);
    assert_eq!(received[0].key.as_deref(), Some("simulator"));
    assert_eq!(upload(&client, "captcha.svg", &picture()).await.text(), "ERROR_WRONG_FILE_EXTENSION");
    assert_eq!(upload(&client, "captcha.gif", b"tiny").await.text(), "ERROR_ZERO_CAPTCHA_FILESIZE");
}

#[tokio::test]
async fn several_tasks_are_asked_about_at_once() {
    let (_simulator, control, client) = started().await;
    let solved = created(&client).await;
    let token = ask(&client, &format!("action=get&id={solved}")).await;
    control.hold_solutions();
    let open = created(&client).await;
    let answer = ask(&client, &format!("action=get&ids={open},{solved},17,x")).await;
    let token = token.strip_prefix("OK|").unwrap();
    assert_eq!(answer, format!("CAPCHA_NOT_READY|{token}|ERROR_WRONG_CAPTCHA_ID|ERROR_WRONG_ID_FORMAT"));
    assert_eq!(control.stats().polls, 5);
}

#[tokio::test]
async fn wrong_requests_get_the_codes_of_the_service() {
    let (_simulator, control, client) = started().await;
    control.set_key("poor", Usd::ZERO);
    let well_formed = "0123456789abcdef0123456789abcdef";
    let v2 = "key=simulator&method=userrecaptcha&pageurl=https://example.com/";
    let submits = [
        ("method=turnstile".to_owned(), "ERROR_WRONG_USER_KEY"),
        (turnstile().replace("simulator", "wrong"), "ERROR_WRONG_USER_KEY"),
        (turnstile().replace("simulator", well_formed), "ERROR_KEY_DOES_NOT_EXIST"),
        (turnstile().replace("simulator", "poor"), "ERROR_ZERO_BALANCE"),
        (turnstile().replace("pageurl", "page"), "ERROR_PAGEURL"),
        (turnstile().replace("sitekey", "site"), "ERROR_BAD_PARAMETERS"),
        (turnstile().replace("turnstile", "square"), "ERROR_METHOD_CALL"),
        (format!("{}&proxy=nowhere", turnstile()), "ERROR_BAD_PROXY"),
        (v2.to_owned(), "ERROR_WRONG_GOOGLEKEY"),
        (format!("{v2}&googlekey=?"), "ERROR_GOOGLEKEY"),
        ("key=simulator&method=post".to_owned(), "ERROR_UPLOAD"),
        ("key=simulator&method=base64&body=R0lGODlh".to_owned(), "ERROR_ZERO_CAPTCHA_FILESIZE"),
    ];
    for (fields, code) in submits {
        assert_eq!(submit(&client, &fields).await, code, "{fields}");
        assert_eq!(control.received().pop().unwrap().decision, Decision::Refused(code.to_owned()));
    }
    let questions = [
        ("id=5", "ERROR_EMPTY_ACTION"),
        ("action=get&id=5", "ERROR_WRONG_CAPTCHA_ID"),
        ("action=get&id=five", "ERROR_WRONG_ID_FORMAT"),
        ("action=reportbad&id=5", "ERROR_WRONG_CAPTCHA_ID"),
    ];
    for (question, code) in questions {
        assert_eq!(ask(&client, question).await, code, "{question}");
    }
    assert_eq!(client.get("/res.php?action=dance&key=wrong").await, "ERROR_WRONG_USER_KEY");
    let broken = client.send_as("multipart/form-data; boundary=b-7", "/in.php?key=simulator", b"--b-7\r\nhalf").await;
    assert_eq!(broken.text(), "ERROR_UPLOAD");
    let elsewhere = client.send("POST", "/createTask", b"{}").await.unwrap();
    assert_eq!(elsewhere.status, 404);
    assert!(control.stats().accepted == 0);
}

#[tokio::test]
async fn too_many_requests_are_refused_by_each_page_in_its_own_words() {
    let (_simulator, control, client) = started().await;
    let limits = Limits { min_poll_interval_ms: 3_600_000, ..Limits::default() };
    control.set_behaviour(Behaviour { limits, ..Behaviour::default() }).unwrap();
    let id = created(&client).await;
    assert!(ask(&client, &format!("action=get&id={id}")).await.starts_with("OK|"));
    assert_eq!(ask(&client, &format!("action=get&id={id}")).await, "ERROR: 1005");
    let mut behaviour = Behaviour::default();
    behaviour.failures.create.throttled = 1.0;
    control.set_behaviour(behaviour).unwrap();
    assert_eq!(submit(&client, &turnstile()).await, "MAX_USER_TURN");
}

#[tokio::test]
async fn scripted_ends_come_in_the_words_of_the_format_and_unsolvable_tasks_cost_nothing() {
    let (_simulator, control, client) = started().await;
    let ending = |code: &str| Create::Accept { solve_after_ms: 0, outcome: Outcome::Error(code.to_owned()) };
    control.script([
        Create::error("ERROR_NO_SLOT_AVAILABLE"),
        Create::error("ERROR: 1001"),
        ending("ERROR_CAPTCHA_UNSOLVABLE"),
        ending("ERROR_PROXY_CONNECTION_FAILED"),
    ]);
    assert_eq!(submit(&client, &turnstile()).await, "ERROR_NO_SLOT_AVAILABLE");
    let json: Value = serde_json::from_str(&submit(&client, &format!("{}&json=1", turnstile())).await).unwrap();
    assert_eq!((&json["status"], &json["request"]), (&json!(0), &json!("ERROR: 1001")));
    for code in ["ERROR_CAPTCHA_UNSOLVABLE", "ERROR_PROXY_CONNECTION_FAILED"] {
        let id = created(&client).await;
        assert_eq!(ask(&client, &format!("action=get&id={id}")).await, code);
    }
    assert_eq!(control.stats().charged["simulator"], Usd::ZERO);
    assert_eq!(ask(&client, "action=getbalance").await, "1000");
}

#[tokio::test]
async fn spoilt_replies_look_like_what_they_are_in_plain_text_and_in_json() {
    let (_simulator, control, client) = started().await;
    let spoils = [
        Create::ServerError,
        Create::AcceptAndServerError,
        Create::AcceptAndMalform(Malformed::Html),
        Create::AcceptAndMalform(Malformed::TruncatedJson),
        Create::AcceptAndMalform(Malformed::WrongTypes),
    ];
    for json in [false, true] {
        control.script(spoils.clone());
        let fields = if json { format!("{}&json=1", turnstile()) } else { turnstile() };
        let mut replies = Vec::new();
        for _ in 0..spoils.len() {
            replies.push(client.send_as(FORM, "/in.php", fields.as_bytes()).await);
        }
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, [502, 502, 200, 200, 200]);
        assert!(replies[..3].iter().all(|page| page.body.starts_with(b"<")), "{replies:?}");
        for unreadable in &replies[3..] {
            let text = unreadable.text();
            assert!(!text.starts_with("OK|") && !text.contains("ERROR"), "{text}");
        }
        assert_eq!(replies[3].text().starts_with("{\"status\":1"), json);
        assert_eq!(replies[4].text().starts_with('{'), json);
    }
    control.script([Create::AcceptAndLoseReply, Create::LoseRequest]);
    for accepted in [true, false] {
        assert_eq!(client.exchange("POST", "/in.php", turnstile().as_bytes()).await, b"");
        assert_eq!(control.received().pop().unwrap().decision, Decision::Lost { accepted });
    }
    assert_eq!(control.stats().accepted, 9);
}

#[tokio::test]
async fn the_help_page_tells_of_this_service() {
    let (_simulator, _control, client) = started().await;
    let help = client.get("/").await;
    assert!(help.contains("/in.php") && help.contains("/_log") && !help.contains("/createTask"), "{help}");
}

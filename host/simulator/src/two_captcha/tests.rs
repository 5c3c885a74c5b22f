//! How requests are read and answers are written.

use super::*;
use crate::money::Usd;

const PLAIN: Manner = Manner { json: false, priced: false, asks: true, odd_key: false };
const JSON: Manner = Manner { json: true, ..PLAIN };

async fn question_of(query: &str) -> Incoming {
    read(&Request { path: "/res.php", query, content_type: "", body: &Bytes::new() }).await
}

fn text(answer: &Answer, manner: Manner) -> String {
    write(answer, manner).text
}

fn ready(solution: Solution) -> Answer {
    Answer::Ready(Box::new(Ready {
        solution,
        cost: Usd::from_nanos(2_990_000),
        ip: std::net::IpAddr::from([192, 0, 2, 7]),
        created_at: 1_472_205_564,
        ended_at: 1_472_205_570,
    }))
}

fn token(family: Family) -> Answer {
    ready(Solution::Token { family, token: "03AF".to_owned(), user_agent: "Probe/1".to_owned() })
}

#[tokio::test]
async fn questions_are_told_apart_by_their_action() {
    assert!(matches!(question_of("action=get&id=4294967297").await.call, Call::Poll(Some(4_294_967_297))));
    assert!(matches!(question_of("action=get&id=x").await.call, Call::Poll(None)));
    assert!(matches!(question_of("action=get").await.call, Call::Poll(None)));
    let several = question_of("action=get&ids=1,x,3").await.call;
    assert!(matches!(several, Call::PollMany(ids) if ids == [Some(1), None, Some(3)]));
    let too_many = question_of(&format!("action=get&ids={}", "1,".repeat(100))).await.call;
    assert!(matches!(too_many, Call::Wrong(Refusal::Field("ids"))));
    assert!(matches!(question_of("action=getbalance").await.call, Call::Balance));
    for report in ["reportgood", "reportbad"] {
        let call = question_of(&format!("action={report}&id=5")).await.call;
        assert!(matches!(call, Call::Report(Report { task: Some(5), .. })));
    }
    for wrong in ["", "action=", "action=dance"] {
        assert!(matches!(question_of(wrong).await.call, Call::Wrong(Refusal::Field("action"))), "{wrong}");
    }
}

#[tokio::test]
async fn the_manner_of_an_answer_is_read_from_the_request() {
    let incoming = question_of("action=get2&id=5&json=1&key=0123456789abcdef0123456789abcdef").await;
    assert_eq!(incoming.manner, Manner { json: true, priced: true, asks: true, odd_key: false });
    assert_eq!(incoming.key.as_deref(), Some("0123456789abcdef0123456789abcdef"));
    assert!(incoming.task.is_none());
    assert!(question_of("action=get&id=5&key=short").await.manner.odd_key);
    let body = Bytes::from_static(b"key=k&method=turnstile&json=0");
    let create = read(&Request { path: "//in.php", query: "", content_type: "", body: &body }).await;
    assert_eq!(create.manner, Manner { odd_key: true, ..Manner::default() });
    assert_eq!(create.task.as_deref(), Some(br#"{"json":"0","method":"turnstile"}"#.as_slice()));
}

#[test]
fn answers_in_plain_text_have_the_shapes_of_the_documentation() {
    assert_eq!(text(&Answer::Created(2_122_988_149), PLAIN), "OK|2122988149");
    assert_eq!(text(&Answer::Processing, PLAIN), "CAPCHA_NOT_READY");
    assert_eq!(text(&token(Family::RecaptchaV2), PLAIN), "OK|03AF");
    assert_eq!(text(&token(Family::RecaptchaV2), Manner { priced: true, ..PLAIN }), "OK|03AF|0.00299");
    assert_eq!(text(&ready(Solution::Text("deditur".to_owned())), PLAIN), "OK|deditur");
    assert_eq!(text(&Answer::Balance(Usd::from_nanos(50_250_000_000)), PLAIN), "50.25");
    assert_eq!(text(&Answer::Reported, PLAIN), "OK_REPORT_RECORDED");
    assert_eq!(text(&Answer::Refused(Refusal::ZeroBalance), PLAIN), "ERROR_ZERO_BALANCE");
    let many = [token(Family::RecaptchaV3), Answer::Processing, Answer::Refused(Refusal::TaskGone)];
    let many = Answer::Many(many.into_iter().collect());
    assert_eq!(text(&many, PLAIN), "03AF|CAPCHA_NOT_READY|ERROR_WRONG_CAPTCHA_ID");
    assert_eq!(text(&many, JSON), r#"{"status":1,"request":"03AF|CAPCHA_NOT_READY|ERROR_WRONG_CAPTCHA_ID"}"#);
}

#[test]
fn answers_in_json_have_the_shapes_of_the_documentation() {
    assert_eq!(text(&Answer::Created(2_122_988_149), JSON), r#"{"status":1,"request":"2122988149"}"#);
    assert_eq!(text(&Answer::Processing, JSON), r#"{"status":0,"request":"CAPCHA_NOT_READY"}"#);
    assert_eq!(text(&token(Family::RecaptchaV2), JSON), r#"{"status":1,"request":"03AF"}"#);
    assert_eq!(
        text(&token(Family::Turnstile), Manner { priced: true, ..JSON }),
        r#"{"status":1,"request":"03AF","price":"0.00299","useragent":"Probe/1"}"#
    );
    assert_eq!(text(&ready(Solution::Given(json!({"x": 1}))), JSON), r#"{"status":1,"request":{"x":1}}"#);
    assert_eq!(text(&Answer::Balance(Usd::dollars(50)), JSON), r#"{"status":1,"request":"50"}"#);
    assert_eq!(text(&Answer::Reported, JSON), r#"{"status":1,"request":"OK_REPORT_RECORDED"}"#);
    assert_eq!(
        text(&Answer::Refused(Refusal::TaskIdUnreadable), JSON),
        r#"{"status":0,"request":"ERROR_WRONG_ID_FORMAT","error_text":"An id has digits only"}"#
    );
}

#[test]
fn answers_that_are_meant_to_be_unreadable_cannot_be_taken_for_others() {
    for manner in [PLAIN, JSON] {
        let text = wrong_types(manner).text;
        assert!(!text.starts_with("OK") && !text.contains("ERROR") && !text.contains("READY"), "{text}");
        let json: Result<Value, _> = serde_json::from_str(&text);
        assert!(json.is_ok_and(|answer| !answer["status"].is_u64()), "{text}");
    }
}

#[test]
fn a_page_that_does_not_exist_is_answered_as_a_web_server_does() {
    for manner in [PLAIN, JSON] {
        let written = write(&Answer::Refused(Refusal::MethodUnknown), manner);
        assert_eq!((written.status, written.content_type), (StatusCode::NOT_FOUND, "text/html"));
    }
}

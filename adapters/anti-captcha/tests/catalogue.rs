//! Every family that the adapter serves, from the catalogue's example of it to a completed solution, against a simulated
//! service that checks what it is sent.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test that uses them"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use ::catalogue::catalogue::{self, Family, example, solution};
use adapter_anti_captcha::AntiCaptcha;
use adapter_kit::{
    Body, FaultClass, OpenTask, Operation, Proxy, ProxyScheme, ProxySupport, Reply, Request, Response, ServedType,
    Standing, Step, Submission, advance, begin, describe,
};
use capstan_simulator::{Settings, Simulator};
use serde_json::{Map, Value, json};

/// A hash that a challenge could have.
const HASH: &str = "2a40f7ba3393f9513011179de41c7221f14e563856de2f647233a00accf9c28b";

/// The family, and a task of it with what the catalogue and the manifest say that it needs.
fn task_of(served: &ServedType) -> (&'static Family, Map<String, Value>) {
    let family = catalogue::by_name(&served.family).unwrap();
    let mut task = example(family);
    let schema: Value = serde_json::from_str(served.schema.as_deref().unwrap_or("{}")).unwrap();
    for name in schema["anyOf"][0]["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()) {
        let value = match (family.field(name), name) {
            (Some(field), _) => example::value(field),
            (None, "variables") => json!({"login": "me"}),
            (None, _) => json!(format!("the-{name}")),
        };
        task.insert(name.to_owned(), value);
    }
    (family, task)
}

fn submission(task: &Map<String, Value>, proxy: Option<Proxy>) -> Operation {
    let read = catalogue::parse(task).unwrap_or_else(|error| panic!("{error}: {task:?}"));
    Operation::Submit(Submission {
        attempt_id: "a".to_owned(),
        family: read.family.name.to_owned(),
        parameters: Value::Object(read.parameters).to_string(),
        proxy,
    })
}

fn proxy(scheme: ProxyScheme) -> Proxy {
    let (login, password) = (Some("l".to_owned()), Some("p".to_owned()));
    Proxy { scheme, host: "203.0.113.7".to_owned(), port: 8080, login, password }
}

/// Sends what the adapter asks for, with the key where the adapter wants it.
fn send(address: SocketAddr, request: &Request) -> Reply {
    let Body::Json(body) = &request.body else { panic!("no JSON: {request:?}") };
    let mut body: Value = serde_json::from_str(body).unwrap();
    body["clientKey"] = json!("simulator");
    let body = body.to_string();
    let mut connection = TcpStream::connect(address).unwrap();
    let head = format!("POST {} HTTP/1.1\r\nhost: simulator\r\nconnection: close\r\n", request.url);
    write!(connection, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    Reply::Response(Response { status: 200, headers: vec![], body: body.as_bytes().to_vec() })
}

fn exchange(address: SocketAddr, operation: Operation) -> Step {
    match begin::<AntiCaptcha>(operation) {
        Step::Send((request, state)) => advance::<AntiCaptcha>(&state, send(address, &request)),
        other => panic!("nothing was sent: {other:?}"),
    }
}

/// Has a task solved; answers the canonical solution.
fn solved(address: SocketAddr, family: &str, operation: Operation) -> String {
    let accepted = match exchange(address, operation) {
        Step::Accepted(accepted) => accepted,
        other => panic!("{family} was not accepted: {other:?}"),
    };
    let task = OpenTask { reference: accepted.reference, family: family.to_owned(), memo: accepted.memo };
    let Step::Polled(verdicts) = exchange(address, Operation::Poll(vec![task])) else { panic!("{family}: no verdict") };
    match verdicts.into_iter().next().unwrap().standing {
        Standing::Solved(solved) => solved.solution,
        other => panic!("{family} was not solved: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_every_family_is_accepted_and_solved() {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let served = describe::<AntiCaptcha>().task_types;
    assert!(served.len() >= 18, "only {} families", served.len());
    for served in served {
        let (family, task) = task_of(&served);
        let ways = match served.proxy {
            ProxySupport::Never => vec![None],
            ProxySupport::Optional => vec![None, Some(proxy(ProxyScheme::Https))],
            ProxySupport::Required => vec![Some(proxy(ProxyScheme::Https))],
        };
        for way in ways {
            let given = solved(simulator.address(), family.name, submission(&task, way));
            let solution = solution::complete(family, &given).unwrap_or_else(|error| panic!("{error}"));
            let is_token = family.solution.iter().any(|field| field.name == "token" && field.main);
            assert_eq!(is_token, solution.contains_key("token"), "{}: {solution:?}", family.name);
            // The page of this type alone gives no browser.
            let names_its_browser = is_token && family.name != "altcha";
            assert!(!names_its_browser || solution.contains_key("userAgent"), "{}: {solution:?}", family.name);
        }
    }
}

/// A parameter is sent, or the task is refused before anything is sent, so that somebody else may be asked.
#[tokio::test(flavor = "multi_thread")]
async fn every_parameter_of_the_catalogue_is_taken_by_the_service_or_refused_by_name() {
    let simulator = Simulator::start(Settings::default()).await.unwrap();
    let mut refused = Vec::new();
    for served in describe::<AntiCaptcha>().task_types {
        let (family, task) = task_of(&served);
        let way = (served.proxy != ProxySupport::Never).then(|| proxy(ProxyScheme::Http));
        for field in family.fields.iter().filter(|field| !task.contains_key(field.name)) {
            let mut task = task.clone();
            let value = match field.name {
                "challenge" => json!(HASH),
                "iterations" => json!("50000"),
                "apiDomain" => json!("www.google.com"),
                "languagePool" => json!("en"),
                "numeric" => json!(1),
                "wafType" => json!("default"),
                _ => example::value(field),
            };
            task.insert(field.name.to_owned(), value);
            match begin::<AntiCaptcha>(submission(&task, way.clone())) {
                Step::Failed(fault) => {
                    assert_eq!(fault.class, FaultClass::NotSupported, "{} {}", family.name, field.name);
                    assert!(fault.message.starts_with(&format!("{}: ", field.name)), "{}", fault.message);
                    assert!(
                        !fault.message.contains("this adapter does not know it"),
                        "{}: {}",
                        family.name,
                        field.name
                    );
                    refused.push((family.name, field.name));
                }
                _ => drop(solved(simulator.address(), family.name, submission(&task, way.clone()))),
            }
        }
    }
    let of =
        |name: &str| refused.iter().filter(|(family, _)| *family == name).map(|(_, field)| *field).collect::<Vec<_>>();
    assert_eq!(of("recaptcha_v2"), ["pageAction", "isSession"]);
    assert_eq!(of("recaptcha_v2_enterprise"), ["pageAction", "isSession"]);
    assert_eq!(of("recaptcha_v3"), ["enterprisePayload", "isSession", "anchor", "reload", "cookies"]);
    assert_eq!(of("recaptcha_v3"), of("recaptcha_v3_enterprise"));
    assert_eq!(of("turnstile_challenge"), ["apiJsUrl"]);
    assert_eq!(of("friendly"), ["apiGetLib"]);
    assert_eq!(of("image_to_text"), ["imgInstructions"]);
    assert_eq!(of("coordinates"), ["imgInstructions", "minClicks", "maxClicks"]);
    assert_eq!(refused.len(), 20, "{refused:?}");
}

#[test]
fn a_task_that_lacks_what_the_schema_asks_for_is_refused_by_name() {
    for served in describe::<AntiCaptcha>().task_types.iter().filter(|served| served.schema.is_some()) {
        let (family, task) = task_of(served);
        let schema: Value = serde_json::from_str(served.schema.as_deref().unwrap()).unwrap();
        for name in schema["anyOf"][0]["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()) {
            let mut task = task.clone();
            task.remove(name);
            let Step::Failed(fault) = begin::<AntiCaptcha>(submission(&task, None)) else {
                panic!("{} without {name} was sent", family.name)
            };
            assert_eq!(fault.class, FaultClass::NotSupported);
            assert!(fault.message.starts_with(name), "{}", fault.message);
        }
    }
}

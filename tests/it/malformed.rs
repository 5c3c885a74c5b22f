//! Ten thousand bodies, most of them broken: no 5xx, no panic, and what is valid arrives at the provider as it was sent.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use capstan_domain::Amount;
use capstan_server::settings::Limits;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use futures_util::stream::{self, StreamExt as _};
use libtest_mimic::Trial;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

pub(crate) fn tests() -> Vec<Trial> {
    vec![test("malformed: 10,000 bodies, no 5xx, and valid tasks arrive unchanged", ten_thousand_bodies)]
}

const BODIES: usize = 10_000;
const SEED: u64 = 20_261_123;

/// A body, and the task that must arrive at the provider if it is valid.
struct Mutant {
    body: Vec<u8>,
    expected: Option<Value>,
}

async fn ten_thousand_bodies() -> Result<()> {
    let limits = Limits { key_rate: 1_000_000.try_into()?, key_burst: 1_000_000.try_into()?, ..Limits::default() };
    let balance = Amount::from_nanos(1_000_000_000_000);
    let gateway = TestGateway::start(Setup { limits, balance, ..Setup::default() }).await?;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mutants: Vec<Mutant> = (0..BODIES).map(|n| mutant(&mut rng, n, &gateway.client.key)).collect();
    let valid = mutants.iter().filter(|m| m.expected.is_some()).count();
    ensure!(valid * 10 >= BODIES * 3, "only {valid} of {BODIES} mutants are valid tasks");
    let expected: BTreeMap<String, Value> =
        mutants.iter().filter_map(|m| m.expected.clone()).map(|t| (marker(&t).unwrap_or_default(), t)).collect();

    let send = |mutant: Mutant| {
        let client = gateway.client.clone();
        async move { (mutant.expected.is_some(), client.send("/createTask", mutant.body).await) }
    };
    let answers: Vec<_> = stream::iter(mutants).map(send).buffer_unordered(16).collect().await;
    let mut created = 0;
    for (is_valid, answer) in answers {
        let answer = answer?;
        ensure!(answer.status == 200 && answer.body["errorId"] != 2, "{answer:?}");
        ensure!((answer.body["errorId"] == 0) == is_valid, "valid {is_valid}: {answer:?}");
        created += usize::from(is_valid);
    }
    ensure!(created == expected.len(), "{created} created of {}", expected.len());

    let received = gateway.provider.received().into_iter().filter(|r| r.path == "/createTask");
    let mut arrived = 0;
    for task in received.filter_map(|r| r.task_json()) {
        let name = marker(&task).unwrap_or_default();
        let sent = expected.get(&name);
        ensure!(sent.is_some_and(|sent| *sent == task), "sent {sent:?}, received {task}");
        arrived += 1;
    }
    ensure!(arrived == expected.len(), "{arrived} arrived of {}", expected.len());
    gateway.gateway.stop().await;
    Ok(())
}

/// What tells one task from another: its site key.
fn marker(task: &Value) -> Option<String> {
    task["websiteKey"].as_str().map(str::to_owned)
}

fn mutant(rng: &mut StdRng, n: usize, key: &str) -> Mutant {
    let (sent, expected) = valid_task(rng, n);
    let body = json!({"clientKey": key, "task": sent, "softId": n}).to_string();
    match rng.random_range(0..20) {
        0..8 => Mutant { body: body.into_bytes(), expected: Some(expected) },
        broken => Mutant { body: broken_body(rng, broken, key, &body), expected: None },
    }
}

/// A task in one of the spellings that clients use, and the form in which it must arrive.
fn valid_task(rng: &mut StdRng, n: usize) -> (Value, Value) {
    let key = format!("site-key_{n:05}-{:08x}", rng.random::<u32>());
    let page = format!("https://example.com/{n}?q={}", rng.random::<u32>());
    let (page_name, key_name) =
        pick(rng, &[("websiteURL", "websiteKey"), ("websiteUrl", "websitekey"), ("WEBSITEURL", "website_key")]);
    let mut sent = json!({page_name: page, key_name: key, "comment": false, "pageTitle": text(rng), "userAgent": null});
    let mut expected = json!({"websiteURL": page, "websiteKey": key});
    match rng.random_range(0..3) {
        0 => {
            sent["type"] =
                json!(pick(rng, &["NoCaptchaTaskProxyless", " recaptchav2taskproxyless", "ReCaptchaV2TokenProxyLess"]));
            sent["isInvisible"] = pick(rng, &[json!(1), json!(true), json!("true")]);
            expected["type"] = json!("RecaptchaV2TaskProxyless");
            expected["isInvisible"] = json!(true);
        }
        1 => {
            sent["type"] = json!("RecaptchaV3TaskProxyless");
            sent["minScore"] = pick(rng, &[json!(0.7), json!("0.7")]);
            let action = text(rng);
            sent["pageAction"] = json!(action);
            expected["type"] = json!("RecaptchaV3TaskProxyless");
            expected["minScore"] = json!(0.7);
            expected["pageAction"] = json!(action);
        }
        _ => {
            sent["type"] = json!("AntiTurnstileTaskProxyLess");
            let (action, cdata) = (text(rng), text(rng));
            sent["action"] = json!(action);
            sent["cData"] = json!(cdata);
            expected["type"] = json!("TurnstileTaskProxyless");
            expected["action"] = json!(action);
            expected["cData"] = json!(cdata);
        }
    }
    (sent, expected)
}

/// Text with what breaks careless programs: quotes, backslashes, other scripts, controls that JSON must escape.
fn text(rng: &mut StdRng) -> String {
    const PIECES: [&str; 10] = ["a", "Z9", "\"", "\\", "/", "ключ", "键", "😀", "\u{7}", "%00&="];
    (0..rng.random_range(1..6)).map(|_| pick(rng, &PIECES)).collect()
}

fn pick<T: Clone>(rng: &mut StdRng, from: &[T]) -> T {
    from[rng.random_range(0..from.len())].clone()
}

fn broken_body(rng: &mut StdRng, how: i32, key: &str, body: &str) -> Vec<u8> {
    let with = |task: Value| json!({"clientKey": key, "task": task}).to_string().into_bytes();
    let page = "https://example.com/";
    match how {
        8 | 9 => body.as_bytes()[..rng.random_range(0..body.len() - 1)].to_vec(),
        10 => format!("{{\"clientKey\":\"{key}\",\"task\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000)).into_bytes(),
        11 => with(json!({"type": "NoCaptchaTask", "websiteURL": page, "websiteKey": "x".repeat(3_000_000)})),
        12 => [body.as_bytes(), b"trailing"].concat(),
        13 => [&[0xff, 0xfe][..], body.as_bytes()].concat(),
        14 => with(pick(rng, &[json!(null), json!(1), json!("x"), json!([]), json!(true)])),
        15 => with(json!({"type": [1, 2]})),
        16 => with(
            json!({"type": "NoCaptchaTask", "websiteURL": (pick(rng, &["javascript:1", "ftp://x/", "//x", "https://"])), "websiteKey": "k"}),
        ),
        17 => with(
            json!({"type": "NoCaptchaTask", "websiteURL": page, "websiteKey": (pick(rng, &[json!({"a": 1}), json!([1])]))}),
        ),
        18 => {
            let mut bytes = body.as_bytes().to_vec();
            let at = rng.random_range(0..bytes.len());
            bytes.truncate(at);
            bytes.extend(std::iter::repeat_n(0u8, 20));
            bytes
        }
        _ => with(
            json!({"type": "RecaptchaV3Task", "websiteURL": page, "websiteKey": "k", "minScore": (pick(rng, &[json!(7), json!("x"), json!({"a": 1})]))}),
        ),
    }
}

//! Valid tasks in the spellings that clients use, and the form in which each must arrive at anti-captcha.

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// A task and what must arrive of it.
pub(super) struct Task {
    /// As a client sends it: `type` and parameters, or the fields of the classic API.
    pub sent: Value,
    /// As the provider must receive it.
    pub expected: Value,
}

/// What tells one task from another: its site key.
pub(super) fn marker(task: &Value) -> String {
    task["websiteKey"].as_str().unwrap_or_default().to_owned()
}

/// A task for one of the JSON dialects.
pub(super) fn json_task(rng: &mut StdRng, n: usize) -> Task {
    let (key, page) = names(rng, n);
    let (page_name, key_name) =
        pick(rng, &[("websiteURL", "websiteKey"), ("websiteUrl", "websitekey"), ("WEBSITEURL", "website_key")]);
    let mut sent = json!({page_name: page, key_name: key, "comment": false, "pageTitle": text(rng), "userAgent": null});
    let mut expected = json!({"websiteURL": page, "websiteKey": key});
    match rng.random_range(0..3) {
        0 => {
            let types = ["NoCaptchaTaskProxyless", " recaptchav2taskproxyless", "ReCaptchaV2TokenProxyLess "];
            sent["type"] = json!(pick(rng, &types));
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
            // capsolver's clients send them within `metadata`.
            if rng.random() {
                sent["metadata"] = json!({"action": action, "cdata": cdata});
            } else {
                sent["action"] = json!(action);
                sent["cData"] = json!(cdata);
            }
            expected["type"] = json!("TurnstileTaskProxyless");
            expected["action"] = json!(action);
            expected["cData"] = json!(cdata);
        }
    }
    Task { sent, expected }
}

/// The same for the classic API: every value is a text.
pub(super) fn classic_task(rng: &mut StdRng, n: usize) -> Task {
    let (key, page) = names(rng, n);
    let mut expected = json!({"websiteURL": page, "websiteKey": key});
    let sent = match rng.random_range(0..3) {
        0 => {
            expected["type"] = json!("RecaptchaV2TaskProxyless");
            expected["isInvisible"] = json!(true);
            json!({"method": "userrecaptcha", "googlekey": key, "pageurl": page, "invisible": "1"})
        }
        1 => {
            let action = text(rng);
            expected["type"] = json!("RecaptchaV3TaskProxyless");
            expected["minScore"] = json!(0.3);
            expected["pageAction"] = json!(action);
            json!({
                "method": "userrecaptcha", "version": "v3", "googlekey": key, "pageurl": page, "min_score": "0.3",
                "action": action,
            })
        }
        _ => {
            let (action, data) = (text(rng), text(rng));
            expected["type"] = json!("TurnstileTaskProxyless");
            expected["action"] = json!(action);
            expected["cData"] = json!(data);
            json!({"method": "turnstile", "sitekey": key, "pageurl": page, "action": action, "data": data})
        }
    };
    Task { sent, expected }
}

fn names(rng: &mut StdRng, n: usize) -> (String, String) {
    let key = format!("site-key_{n:06}-{:08x}", rng.random::<u32>());
    (key, format!("https://example.com/{n}?q={}", rng.random::<u32>()))
}

/// Text with what breaks careless programs: quotes, backslashes, other scripts, controls that JSON must escape.
pub(super) fn text(rng: &mut StdRng) -> String {
    const PIECES: [&str; 10] = ["a", "Z9", "\"", "\\", "/", "ключ", "键", "😀", "\u{7}", "%00&="];
    (0..rng.random_range(1..6)).map(|_| pick(rng, &PIECES)).collect()
}

pub(super) fn pick<T: Clone>(rng: &mut StdRng, from: &[T]) -> T {
    from[rng.random_range(0..from.len())].clone()
}

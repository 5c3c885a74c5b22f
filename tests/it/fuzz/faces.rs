//! Requests as the clients of a dialect write them, and the same broken.

use capstan_domain::dialect::Dialect;
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Map, Value, json};

use super::tasks::{self, Task, pick, text};

/// A wire form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// One of the JSON dialects.
    Json(Dialect),
    /// The classic API.
    Classic,
}

/// What must become of a request.
pub(super) enum Fate {
    /// A task that arrives in this form.
    Valid(Value),
    /// A refusal.
    Broken,
    /// Anything within the dialect's form.
    Either,
}

/// A request.
pub(super) struct Mutant {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: Vec<u8>,
    pub(super) fate: Fate,
}

impl Mutant {
    /// The marker of the task that must arrive, and the task.
    pub(super) fn arrival(&self) -> Option<(String, Value)> {
        match &self.fate {
            Fate::Valid(task) => Some((tasks::marker(task), task.clone())),
            Fate::Broken | Fate::Either => None,
        }
    }
}

impl Face {
    pub(super) const ALL: [Self; 4] = [
        Self::Json(Dialect::AnySolver),
        Self::Json(Dialect::AntiCaptcha),
        Self::Json(Dialect::CapSolver),
        Self::Classic,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Json(dialect) => dialect.as_str(),
            Self::Classic => "classic",
        }
    }

    pub(super) const fn listener(self) -> Option<Dialect> {
        match self {
            Self::Json(dialect) => Some(dialect),
            Self::Classic => None,
        }
    }

    /// The so-manyth request.
    pub(super) fn mutant(self, rng: &mut StdRng, n: usize, key: &str) -> Mutant {
        match self {
            Self::Json(_) => json_mutant(rng, n, key),
            Self::Classic => classic_mutant(rng, n, key),
        }
    }
}

const CONTENT_TYPES: [&str; 5] =
    ["application/json", "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", "x/y"];

fn json_mutant(rng: &mut StdRng, n: usize, key: &str) -> Mutant {
    let Task { sent, expected } = tasks::json_task(rng, n);
    let key = format!("{key}{}", pick(rng, &["", "", "__autoFastest", "__all__provider_anti-captcha"]));
    let body = json!({"clientKey": key, "task": sent, "softId": n, "languagePool": "en", "callbackUrl": null});
    let path = pick(rng, &["/createTask", "/createTask/", "//createTask", "/CREATETASK", "/createTask%20"]);
    let headers = vec![("content-type", pick(rng, &CONTENT_TYPES))];
    let valid = |path: &str, body: Vec<u8>, fate| Mutant { method: "POST", path: path.to_owned(), headers, body, fate };
    match rng.random_range(0..20) {
        0..8 => valid(path, body.to_string().into_bytes(), Fate::Valid(expected)),
        8..12 => {
            let mut mutated = body;
            mutate(rng, &mut mutated);
            valid(path, mutated.to_string().into_bytes(), Fate::Either)
        }
        12..14 => {
            let (path, body) = other_call(rng, &key);
            valid(path, body.to_string().into_bytes(), Fate::Either)
        }
        how => valid(path, broken_json(rng, how, &key, &body.to_string()), Fate::Broken),
    }
}

/// One value somewhere in the request becomes another, or a field goes.
fn mutate(rng: &mut StdRng, value: &mut Value) {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
        json!([[1], {}]),
        json!(i64::MAX),
        json!("javascript:alert(1)"),
        json!({"a": {"b": [null]}}),
        json!("\u{0}"),
    ];
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = pick(rng, &names);
            match rng.random_range(0..4) {
                0 => drop(fields.remove(&name)),
                1 => drop(fields.insert(name.to_uppercase(), pick(rng, &odd))),
                _ => fields.get_mut(&name).into_iter().for_each(|inner| mutate(rng, inner)),
            }
        }
        _ => *value = pick(rng, &odd),
    }
}

/// The other methods, with whatever a task's name may be.
fn other_call(rng: &mut StdRng, key: &str) -> (&'static str, Value) {
    let id =
        pick(rng, &[json!(1), json!("7"), json!(1.5), json!(null), json!("a"), json!([1]), json!(-3), json!(9e15)]);
    let path = pick(
        rng,
        &[
            "/getTaskResult",
            "/getBalance",
            "/getTaskRoute",
            "/reportIncorrectRecaptcha",
            "/reportCorrect",
            "/feedbackTask",
            "/nothing",
            "/",
        ],
    );
    let key =
        pick(rng, &[json!(key), json!(key), json!("cap_nobody"), json!(null), json!(7), json!(format!("{key}__x"))]);
    (path, json!({"clientKey": key, "taskId": id, "result": {"invalid": pick(rng, &[json!(true), json!("x")])}}))
}

fn broken_json(rng: &mut StdRng, how: i32, key: &str, body: &str) -> Vec<u8> {
    let with = |task: Value| json!({"clientKey": key, "task": task}).to_string().into_bytes();
    let page = "https://example.com/";
    match how {
        14 => match rng.random_range(0..3) {
            0 => body.as_bytes()[..rng.random_range(0..body.len() - 1)].to_vec(),
            1 => [body.as_bytes(), b"trailing"].concat(),
            _ => [&[0xff, 0xfe][..], body.as_bytes()].concat(),
        },
        15 => match rng.random_range(0..40) {
            0 => with(json!({"type": "NoCaptchaTask", "websiteURL": page, "websiteKey": "x".repeat(3_000_000)})),
            _ => format!("{{\"clientKey\":\"{key}\",\"task\":{}1{}}}", "[".repeat(900), "]".repeat(900)).into_bytes(),
        },
        16 => {
            let broken = [json!(null), json!(1), json!("x"), json!([]), json!(true), json!({"type": [1, 2]})];
            with(pick(rng, &broken))
        }
        17 => {
            let pages = ["javascript:1", "ftp://x/", "//x", "https://", "https://exa mple.com/"];
            with(json!({"type": "NoCaptchaTask", "websiteURL": pick(rng, &pages), "websiteKey": "k"}))
        }
        18 => {
            let keys = [json!({"a": 1}), json!([1]), json!(true)];
            with(json!({"type": "NoCaptchaTask", "websiteURL": page, "websiteKey": pick(rng, &keys)}))
        }
        _ => {
            let scores = [json!(7), json!("x"), json!({"a": 1})];
            let v3 = json!({"type": "RecaptchaV3Task", "websiteURL": page, "websiteKey": "k", "minScore": pick(rng, &scores)});
            with(v3)
        }
    }
}

fn classic_mutant(rng: &mut StdRng, n: usize, key: &str) -> Mutant {
    let Task { mut sent, expected } = tasks::classic_task(rng, n);
    sent["key"] = json!(key);
    sent["soft_id"] = json!("1");
    if rng.random() {
        sent["json"] = json!("1");
    }
    let fields = sent.as_object().cloned().unwrap_or_default();
    match rng.random_range(0..20) {
        0..8 => encode(rng, "/in.php", &fields, Fate::Valid(expected)),
        8..13 => {
            let mut mutated = fields;
            let names: Vec<String> = mutated.keys().cloned().collect();
            let (name, odd) = (pick(rng, &names), pick(rng, &["", "x", "-1", "1e9", "\u{0}", "https://", "__", "v4"]));
            mutated.insert(name, json!(odd));
            encode(rng, "/in.php", &mutated, Fate::Either)
        }
        13..16 => {
            let action = pick(rng, &["get", "get2", "getbalance", "reportgood", "reportbad", "dance", ""]);
            let id = pick(rng, &["1", "x", "", "1,2,,3", "99999999999999999999", "\u{0}"]);
            let mut call = json!({"key": key, "action": action, "id": id}).as_object().cloned().unwrap_or_default();
            if rng.random() {
                call.insert("ids".to_owned(), json!(id));
            }
            encode(rng, "/res.php", &call, Fate::Either)
        }
        16 => {
            let mut without = fields;
            without.remove("pageurl");
            encode(rng, "/in.php", &without, Fate::Broken)
        }
        17 => {
            let mut unknown = fields;
            unknown.insert("method".to_owned(), json!(format!("m{}", text(rng))));
            encode(rng, "/in.php", &unknown, Fate::Broken)
        }
        18 => {
            let mut site = fields;
            site.insert("pageurl".to_owned(), json!(pick(rng, &["nowhere", "ftp://x/", "https://"])));
            encode(rng, "/in.php", &site, Fate::Broken)
        }
        _ => {
            let headers = vec![("content-type", "multipart/form-data; boundary=x")];
            let body = b"--x\r\ncontent-disposition: form-data; name=\"key\"\r\n\r\nk".to_vec();
            Mutant { method: "POST", path: "/in.php".to_owned(), headers, body, fate: Fate::Broken }
        }
    }
}

/// A classic request in one of the forms in which clients send it.
fn encode(rng: &mut StdRng, path: &str, fields: &Map<String, Value>, fate: Fate) -> Mutant {
    let pairs = fields.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let (method, path, headers, body) = match rng.random_range(0..4) {
        0 => ("GET", format!("{path}?{form}"), Vec::new(), Vec::new()),
        1 => ("POST", path.to_owned(), vec![("content-type", CONTENT_TYPES[3])], form.into_bytes()),
        2 => (
            "POST",
            path.to_owned(),
            vec![("content-type", CONTENT_TYPES[0])],
            Value::Object(fields.clone()).to_string().into_bytes(),
        ),
        _ => {
            let mut body = String::new();
            for (name, value) in fields {
                let value = value.as_str().unwrap_or_default();
                body += &format!("--=-=\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            }
            body += "--=-=--\r\n";
            let headers = vec![("content-type", "multipart/form-data; boundary=\"=-=\"")];
            ("POST", path.to_owned(), headers, body.into_bytes())
        }
    };
    Mutant { method, path, headers, body, fate }
}

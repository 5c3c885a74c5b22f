//! What stands in a fixture for the secrets of the task that it was written with, and of its solution.
//!
//! A task's secrets are replaced in what the adapter is asked; the adapter then says by itself what it would have sent. A reply is
//! somebody else's text, in which they are looked for in every common encoding, as egress looks for a credential.

use std::collections::BTreeMap;

use capstan_domain::adapter::{InwardResponse, Proxy};
use capstan_domain::catalogue::{CanonicalTask, Class, Family, Kind, SolutionField};
use capstan_egress::{Secret, replace};
use serde_json::{Map, Value};

/// From so many bytes on, a text is looked for inside of others; what is shorter would be found by chance.
const FOUND_ANYWHERE: usize = 6;
/// Shorter texts keep nothing to themselves.
const SECRET: usize = 3;

/// Secrets, and what stands for each.
#[derive(Default)]
pub(super) struct StandIns {
    known: BTreeMap<String, String>,
    /// What the task says openly, as text: that is no secret of its solution either.
    open: String,
}

impl StandIns {
    /// The task as it may be shown.
    pub(super) fn of_task(&mut self, task: &CanonicalTask) -> CanonicalTask {
        let mut shown = task.clone();
        for (name, value) in &mut shown.parameters {
            let field = task.family.field(name);
            match field.map(|field| field.class) {
                Some(Class::Secret) if field.is_some_and(|field| field.kind == Kind::Cookies) => {
                    self.for_cookies(value)
                }
                Some(Class::Secret) => self.stand_for(value),
                // Nobody but the provider knows what it is.
                None if task.family.passes_through => self.stand_for(value),
                Some(Class::Plain | Class::Personal) | None => self.open += &value.to_string(),
            }
        }
        if let Some(Proxy { login, password, .. }) = &mut shown.proxy {
            for part in [login, password].into_iter().flatten() {
                *part = self.of(part);
            }
        }
        shown
    }

    /// Notes what is no secret, and is another each time.
    pub(super) fn note(&mut self, text: &str, mark: &str) {
        self.known.insert(text.to_owned(), mark.to_owned());
    }

    /// Notes the secrets of a solution, so that they are found in its reply.
    pub(super) fn note_solution(&mut self, family: &Family, solution: &str) {
        let fields: Map<String, Value> = serde_json::from_str(solution).unwrap_or_default();
        let is_plain =
            |name: &str| family.solution.iter().any(|field| field.name == name && field.class == Class::Plain);
        self.open.extend(fields.iter().filter(|(name, _)| is_plain(name)).map(|(_, value)| value.to_string()));
        for leaf in secrets_of(family, solution) {
            if leaf.len() >= SECRET && !self.open.contains(&leaf) {
                self.of(&leaf);
            }
        }
    }

    /// A reply as it may be shown. What adapters read of its headers beside the body's type and a wait is an address.
    pub(super) fn of_reply(&self, reply: &InwardResponse) -> InwardResponse {
        let InwardResponse { status, headers, body } = reply;
        let shown = |(name, value): &(String, String)| {
            let is_address = name.eq_ignore_ascii_case("location");
            (name.clone(), if is_address { self.in_text(value) } else { value.clone() })
        };
        let body = match serde_json::from_slice::<Value>(body) {
            Ok(mut json) => {
                self.in_json(&mut json);
                json.to_string().into_bytes()
            }
            Err(_) => self.in_text(&String::from_utf8_lossy(body)).into_bytes(),
        };
        InwardResponse { status: *status, headers: headers.iter().map(shown).collect(), body }
    }

    /// Where in a fixture a secret is still to be found, or that its solution still holds one.
    pub(super) fn left(&self, fixture: &Value, solution: Option<(&Family, &str)>) -> Option<String> {
        let leaves = solution.map(|(family, solution)| secrets_of(family, solution)).unwrap_or_default();
        if leaves.iter().any(|leaf| leaf.len() >= SECRET && self.known.contains_key(leaf)) {
            return Some("the solution".to_owned());
        }
        self.place("", fixture)
    }

    fn place(&self, place: &str, value: &Value) -> Option<String> {
        match value {
            Value::String(text) => {
                let is_left = self.anywhere().any(|(secret, mark)| replaced(secret, mark, text) != *text);
                is_left.then(|| place.trim_start_matches('.').to_owned())
            }
            Value::Array(list) => {
                list.iter().enumerate().find_map(|(n, item)| self.place(&format!("{place}[{n}]"), item))
            }
            Value::Object(map) => map.iter().find_map(|(name, item)| self.place(&format!("{place}.{name}"), item)),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    /// What stands for a secret.
    fn of(&mut self, secret: &str) -> String {
        let next = self.known.len() + 1;
        // An adapter that expects an address gets one.
        let is_address = secret.starts_with("https://") || secret.starts_with("http://");
        let mark = if is_address { format!("https://stand-in.example/{next}") } else { format!("stand-in-{next}") };
        self.known.entry(secret.to_owned()).or_insert(mark).clone()
    }

    /// Cookies keep their names.
    fn for_cookies(&mut self, value: &mut Value) {
        let Value::String(text) = &*value else { return self.stand_for(value) };
        let Some(pairs) = cookies(text) else { return self.stand_for(value) };
        let shown: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={}", self.of(value))).collect();
        let shown = shown.join("; ");
        self.known.insert(text.clone(), shown.clone());
        *value = Value::String(shown);
    }

    /// Puts stand-ins in the place of all that a value says; the names in objects stay.
    fn stand_for(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.of(text),
            Value::Number(number) => {
                if number.to_string().len() >= FOUND_ANYWHERE {
                    self.of(&number.to_string());
                }
                *value = Value::from(0);
            }
            Value::Array(list) => list.iter_mut().for_each(|item| self.stand_for(item)),
            Value::Object(map) => map.values_mut().for_each(|item| self.stand_for(item)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    pub(super) fn in_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.in_text(text),
            Value::Number(number) => {
                let text = number.to_string();
                if text.len() >= FOUND_ANYWHERE && self.known.contains_key(&text) {
                    *value = Value::from(0);
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|item| self.in_json(item)),
            Value::Object(map) => {
                let whole = std::mem::take(map);
                let shown = |(name, mut item): (String, Value)| {
                    self.in_json(&mut item);
                    (self.in_text(&name), item)
                };
                *map = whole.into_iter().map(shown).collect::<Map<_, _>>();
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The longest first, so that what is part of another is not found before it.
    pub(super) fn in_text(&self, text: &str) -> String {
        let mut long: Vec<_> = self.anywhere().collect();
        long.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.len()));
        let replaced = long.into_iter().fold(text.to_owned(), |text, (secret, mark)| replaced(secret, mark, &text));
        let mut shown = String::with_capacity(replaced.len());
        // Short ones where they are a word of their own.
        for word in replaced.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let mark = self.known.get(bare).filter(|_| (SECRET..FOUND_ANYWHERE).contains(&bare.len()));
            shown.push_str(mark.map_or(bare, String::as_str));
            shown.push_str(word.strip_prefix(bare).unwrap_or_default());
        }
        shown
    }

    fn anywhere(&self) -> impl Iterator<Item = (&str, &str)> {
        let known = self.known.iter().map(|(secret, mark)| (secret.as_str(), mark.as_str()));
        known.filter(|(secret, _)| secret.len() >= FOUND_ANYWHERE)
    }
}

/// Every text and number in a solution's secret fields; of cookies their values.
fn secrets_of(family: &Family, solution: &str) -> Vec<String> {
    let fields: Map<String, Value> = serde_json::from_str(solution).unwrap_or_default();
    let is_secret = |name: &str| {
        let is_named = |field: &&SolutionField| field.name == name || field.also.contains(&name);
        family.passes_through || family.solution.iter().find(is_named).is_some_and(|f| f.class == Class::Secret)
    };
    let mut found = Vec::new();
    fields.iter().filter(|(name, _)| is_secret(name)).for_each(|(_, value)| leaves(value, &mut found));
    found
}

fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            found.extend(text.split(';').filter_map(cookie).map(|(_, value)| value.to_owned()));
            if cookies(text).is_none() {
                found.push(text.clone());
            }
        }
        Value::Number(number) if number.to_string().len() >= FOUND_ANYWHERE => found.push(number.to_string()),
        Value::Array(list) => list.iter().for_each(|item| leaves(item, found)),
        Value::Object(map) => map.values().for_each(|item| leaves(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Names and values of `a=1; b=2`; none where a text is something else, such as a value that ends in base64's padding.
fn cookies(text: &str) -> Option<Vec<(&str, &str)>> {
    text.split(';').filter(|part| !part.trim().is_empty()).map(cookie).collect()
}

fn cookie(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.trim().split_once('=')?;
    let is_name = !name.is_empty() && !name.contains(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c));
    (is_name && !value.is_empty() && !value.starts_with('=')).then_some((name, value))
}

fn replaced(secret: &str, mark: &str, text: &str) -> String {
    let shown = replace(&Secret::new(secret.to_owned()), mark, text.as_bytes().to_vec());
    String::from_utf8_lossy(&shown).into_owned()
}

#[cfg(test)]
mod tests {
    use capstan_domain::catalogue;
    use serde_json::json;

    use super::*;

    const COOKIE: &str = "canary-cookie-77f0";
    const PASSWORD: &str = "canary pass/word+1";

    fn task(task: &Value) -> CanonicalTask {
        catalogue::parse(task.as_object().unwrap()).unwrap()
    }

    fn with_secrets() -> CanonicalTask {
        task(&json!({
            "type": "ReCaptchaV2Token", "websiteURL": "https://example.com/", "websiteKey": "6Le-wvkSAAAA",
            "cookies": format!("sid={COOKIE}; theme=dark"),
            "proxyType": "http", "proxyAddress": "198.51.100.7", "proxyPort": 8080,
            "proxyLogin": "owner", "proxyPassword": PASSWORD,
        }))
    }

    fn reply(body: &str) -> InwardResponse {
        InwardResponse { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    fn body(stand_ins: &StandIns, text: &str) -> String {
        String::from_utf8(stand_ins.of_reply(&reply(text)).body).unwrap()
    }

    #[test]
    fn a_tasks_secrets_are_replaced_and_the_names_of_its_cookies_and_what_is_open_stay() {
        let mut stand_ins = StandIns::default();
        let shown = stand_ins.of_task(&with_secrets());
        let cookies = shown.parameters["cookies"].as_str().unwrap();
        assert!(cookies.starts_with("sid=stand-in-") && cookies.contains("; theme=stand-in-"), "{cookies}");
        assert_eq!(shown.parameters["websiteKey"], "6Le-wvkSAAAA");
        let proxy = shown.proxy.unwrap();
        assert!(proxy.login.unwrap().starts_with("stand-in-") && proxy.password.unwrap().starts_with("stand-in-"));
        assert_eq!(proxy.host, "198.51.100.7");
    }

    #[test]
    fn a_value_that_ends_in_padding_is_no_cookie_whose_name_stays() {
        let mut stand_ins = StandIns::default();
        let mut value = json!("c2VjcmV0c2VjcmV0==");
        stand_ins.for_cookies(&mut value);
        assert_eq!(value, "stand-in-1");
    }

    #[test]
    fn secrets_are_found_in_replies_in_every_encoding_and_short_ones_as_words() {
        let mut stand_ins = StandIns::default();
        stand_ins.of_task(&with_secrets());
        for text in [
            format!("{{\"echo\": \"proxy http://owner:{PASSWORD}@198.51.100.7\"}}"),
            "no proxy owner:canary%20pass%2Fword%2B1@198.51.100.7".to_owned(),
            "{\"echo\": \"Y2FuYXJ5IHBhc3Mvd29yZCsx\"}".to_owned(),
            format!("{{\"cookies\": {{\"sid\": \"{COOKIE}\"}}, \"{COOKIE}\": 1}}"),
        ] {
            let shown = body(&stand_ins, &text);
            assert!(shown.contains("stand-in-"), "{shown}");
            for secret in [PASSWORD, COOKIE, "owner:", "canary", "Y2FuYXJ5"] {
                assert!(!shown.contains(secret), "{shown} has {secret}");
            }
        }
        assert_eq!(
            body(&stand_ins, "{\"landowners\":1,\"status\":\"ready\"}"),
            "{\"landowners\":1,\"status\":\"ready\"}"
        );
    }

    #[test]
    fn secrets_of_a_solution_are_found_in_its_reply_and_what_the_task_says_openly_is_none() {
        let mut stand_ins = StandIns::default();
        let family = catalogue::by_name("cloudflare_clearance").unwrap();
        stand_ins.open = "\"https://example.com/\"".to_owned();
        let solution = json!({
            "cf_clearance": "canary-clearance-1", "userAgent": "Agent/1",
            "headers": {"referer": "https://example.com/", "cookie": "a=abc12; b=canary-b"},
        });
        stand_ins.note_solution(family, &solution.to_string());
        let shown = body(
            &stand_ins,
            &json!({
                "cookies": "cf_clearance=canary-clearance-1; a=abc12", "b": "canary-b", "url": "https://example.com/",
                "agent": "Agent/1",
            })
            .to_string(),
        );
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert!(!shown.to_string().contains("canary") && !shown.to_string().contains("abc12"), "{shown}");
        assert_eq!((shown["url"].as_str(), shown["agent"].as_str()), (Some("https://example.com/"), Some("Agent/1")));
    }

    #[test]
    fn what_is_left_is_told_by_its_place() {
        let mut stand_ins = StandIns::default();
        stand_ins.of_task(&with_secrets());
        let fixture = json!({"exchanges": [{"request": {"form": [["x", COOKIE]]}}]});
        assert_eq!(stand_ins.left(&fixture, None).unwrap(), "exchanges[0].request.form[0][1]");
        assert_eq!(stand_ins.left(&json!({"end": "done"}), None), None);
    }
}

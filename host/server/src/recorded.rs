//! The last operations of each provider, so that a new version of its adapter can be asked what it would have made of them.
//!
//! They live in memory alone, a few of each kind, and hold no secret: parameters that open something and the client's proxy are
//! replaced before anything is kept, and what a provider answers about families whose solutions open something is not kept at
//! all. The credential was never in them: requests are built without it, and replies are scrubbed of it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use capstan_domain::adapter::{InwardResponse, Operation, Proxy, Reply, Submission};
use capstan_domain::catalogue::{self, Class};
use serde_json::{Map, Value};

/// As many of one kind are kept, for one family.
const OF_A_KIND: usize = 2;
/// As many in all of one provider.
const MOST: usize = 60;
/// A newer one is kept in the place of the oldest of its kind after so long.
const RENEWED_MS: i64 = 300_000;
/// Longest reply that is kept: pages and pictures are not.
const MOST_BYTES: usize = 16 * 1024;
/// What stands for a secret.
const STAND_IN: &str = "a-secret";

/// One operation, and what its provider answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recorded {
    pub(crate) operation: Operation,
    pub(crate) replies: Vec<Reply>,
    began_at_ms: i64,
}

/// A provider's last operations.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<VecDeque<Recorded>>);

/// One that is being recorded.
pub(crate) struct Recording {
    operation: Operation,
    began_at_ms: i64,
    /// None once one was too long.
    replies: Option<Vec<Reply>>,
}

impl Recorder {
    /// Begins to record an operation, if it is one of those that are kept, and there are too few of its kind or they are old. Nobody
    /// waits for it.
    pub(crate) fn begin(&self, operation: &Operation, now_ms: i64) -> Option<Recording> {
        let kind = kind_of(operation)?;
        let kept = self.0.try_lock().ok()?;
        let of_a_kind = || kept.iter().filter(|known| kind_of(&known.operation) == Some(kind));
        let newest_ms = of_a_kind().map(|known| known.began_at_ms).max();
        if of_a_kind().count() >= OF_A_KIND
            && newest_ms.is_some_and(|newest| now_ms.saturating_sub(newest) < RENEWED_MS)
        {
            return None;
        }
        drop(kept);
        Some(Recording { operation: without_secrets(operation)?, began_at_ms: now_ms, replies: Some(Vec::new()) })
    }

    /// Keeps one that has ended.
    pub(crate) fn keep(&self, recording: Option<Recording>) {
        let Some(Recording { operation, began_at_ms, replies: Some(replies) }) = recording else { return };
        if replies.is_empty() {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_of_its_kind = |known: &Recorded| kind_of(&known.operation) == kind_of(&operation);
        if kept.iter().filter(|known| is_of_its_kind(known)).count() >= OF_A_KIND
            && let Some(oldest) = kept.iter().position(is_of_its_kind)
        {
            kept.remove(oldest);
        }
        kept.push_back(Recorded { operation, replies, began_at_ms });
        if kept.len() > MOST {
            kept.pop_front();
        }
    }

    /// All that are kept.
    pub(crate) fn all(&self) -> Vec<Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Recording {
    /// Takes a reply down.
    pub(crate) fn replied(&mut self, response: &InwardResponse) {
        if response.body.len() > MOST_BYTES {
            self.replies = None;
        }
        if let Some(replies) = &mut self.replies {
            replies.push(Reply::Response(response.clone()));
        }
    }

    /// Takes a wait down.
    pub(crate) fn waited(&mut self) {
        if let Some(replies) = &mut self.replies {
            replies.push(Reply::Waited);
        }
    }
}

/// What an operation is, and of which family; none of those that are not kept.
fn kind_of(operation: &Operation) -> Option<(&'static str, &str)> {
    match operation {
        Operation::Submit(task) => Some(("submit", &task.family)),
        // What a version remembers of a task is its own writing, which another cannot be asked about.
        Operation::Poll(tasks) if tasks.iter().all(|task| task.memo.is_empty()) => {
            tasks.first().map(|task| ("poll", task.family.as_str()))
        }
        Operation::Balance => Some(("balance", "")),
        Operation::Poll(_) | Operation::LookUp(_) | Operation::Market | Operation::Report(_) | Operation::Cancel(_) => {
            None
        }
    }
}

/// The same without anything that opens something; none where that cannot be told.
fn without_secrets(operation: &Operation) -> Option<Operation> {
    match operation {
        Operation::Submit(task) => Some(Operation::Submit(task_without_secrets(task)?)),
        Operation::Poll(tasks) => {
            let opens_nothing = |family: &str| {
                let family = catalogue::by_name(family).filter(|family| !family.passes_through);
                family.is_some_and(|family| family.solution.iter().all(|field| field.class != Class::Secret))
            };
            tasks.iter().all(|task| opens_nothing(&task.family)).then(|| operation.clone())
        }
        Operation::Balance => Some(Operation::Balance),
        Operation::LookUp(_) | Operation::Market | Operation::Report(_) | Operation::Cancel(_) => None,
    }
}

fn task_without_secrets(task: &Submission) -> Option<Submission> {
    let family = catalogue::by_name(&task.family).filter(|family| !family.passes_through)?;
    let mut parameters: Map<String, Value> = serde_json::from_str(&task.parameters).ok()?;
    for (name, value) in &mut parameters {
        if family.field(name)?.class == Class::Secret {
            *value = STAND_IN.into();
        }
    }
    let proxy = task.proxy.as_ref().map(|proxy| Proxy {
        scheme: proxy.scheme,
        host: "192.0.2.7".to_owned(),
        port: 8080,
        login: proxy.login.as_ref().map(|_| STAND_IN.to_owned()),
        password: proxy.password.as_ref().map(|_| STAND_IN.to_owned()),
    });
    let parameters = Value::Object(parameters).to_string();
    Some(Submission { attempt: task.attempt, family: task.family.clone(), parameters, proxy })
}

#[cfg(test)]
mod tests {
    use capstan_domain::AttemptId;
    use capstan_domain::adapter::{OpenTask, ProxyScheme};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn submit(family: &str, parameters: &Value) -> Operation {
        let proxy = Proxy {
            scheme: ProxyScheme::Socks5,
            host: "proxy.canary.example".into(),
            port: 1,
            login: Some("canary-login".into()),
            password: Some("canary-password".into()),
        };
        let (attempt, parameters) = (AttemptId(Uuid::nil()), parameters.to_string());
        Operation::Submit(Submission { attempt, family: family.into(), parameters, proxy: Some(proxy) })
    }

    fn reply(body: &str) -> InwardResponse {
        InwardResponse { status: 200, headers: Vec::new(), body: body.into() }
    }

    fn recorded(recorder: &Recorder, operation: &Operation) -> bool {
        recorded_at(recorder, operation, 0)
    }

    fn recorded_at(recorder: &Recorder, operation: &Operation, now_ms: i64) -> bool {
        let Some(mut recording) = recorder.begin(operation, now_ms) else { return false };
        recording.replied(&reply("{}"));
        recorder.keep(Some(recording));
        true
    }

    #[test]
    fn what_opens_something_is_replaced_and_the_rest_is_kept() {
        let recorder = Recorder::default();
        let asked = json!({"websiteURL": "https://example.com", "websiteKey": "k", "cookies": "canary=1"});
        assert!(recorded(&recorder, &submit("recaptcha_v2", &asked)));
        let Some(Recorded { operation: Operation::Submit(kept), .. }) = recorder.all().into_iter().next() else {
            panic!("nothing is kept")
        };
        let proxy = kept.proxy.unwrap();
        let kept = [kept.parameters, proxy.host, proxy.login.unwrap(), proxy.password.unwrap()].concat();
        assert!(kept.contains("https://example.com") && kept.contains(STAND_IN) && !kept.contains("canary"), "{kept}");
    }

    #[test]
    fn what_a_solution_opens_is_not_kept() {
        let poll = |family: &str| {
            Operation::Poll(vec![OpenTask { reference: "1".into(), family: family.into(), memo: Vec::new() }])
        };
        let recorder = Recorder::default();
        assert!(recorded(&recorder, &poll("turnstile")));
        assert!(!recorded(&recorder, &poll("cloudflare_clearance")));
        assert!(!recorded(&recorder, &poll("no_such_family")));
        let of_its_own = OpenTask { reference: "1".into(), family: "turnstile".into(), memo: vec![1] };
        assert!(!recorded(&recorder, &Operation::Poll(vec![of_its_own])));
    }

    #[test]
    fn a_few_of_each_kind_are_kept_and_none_that_is_long() {
        let recorder = Recorder::default();
        let task = submit("turnstile", &json!({"websiteURL": "https://example.com", "websiteKey": "k"}));
        let mut long = recorder.begin(&task, 0).unwrap();
        long.replied(&reply(&"x".repeat(MOST_BYTES + 1)));
        recorder.keep(Some(long));
        assert!(recorder.all().is_empty());
        assert!(recorded(&recorder, &task) && recorded(&recorder, &task) && !recorded(&recorder, &task));
        assert!(recorded(&recorder, &Operation::Balance));
        assert_eq!(recorder.all().len(), OF_A_KIND + 1);
        // After a while a newer one takes the place of the oldest.
        assert!(!recorded_at(&recorder, &task, RENEWED_MS - 1) && recorded_at(&recorder, &task, RENEWED_MS));
        assert_eq!(recorder.all().len(), OF_A_KIND + 1);
    }
}

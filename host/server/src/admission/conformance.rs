//! Capstan's own questions to an adapter, whatever its author has tried: does it say what it would send for every task that it says it
//! serves, and does it keep its head when a provider answers with nonsense?
//!
//! Nothing is sent. Each call is made twice, since the same inputs must give the same step. What matters most is the last rule: who
//! takes a reply that says nothing for a refusal has a task sent elsewhere that its provider may be working on, and paid for twice.

use capstan_domain::AttemptId;
use capstan_domain::adapter::{
    FaultClass, InwardResponse, Manifest, OpenTask, Operation, Proxy, ProxyScheme, ProxySupport, Reply, ServedType,
    Standing, Step, Submission,
};
use capstan_domain::catalogue;
use capstan_sandbox::Adapter;
use serde_json::Value;
use uuid::Uuid;

use crate::fixtures::{Call, Replayed, rules};

/// Breaches that are told.
const MOST_TOLD: usize = 20;
/// As many families' replies are tried; the reading of them is mostly one.
const MOST_READ: usize = 3;
const ATTEMPT: AttemptId = AttemptId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_c0de));

/// Examines an adapter; what it did that none may is in `wrong`, as of a fixture.
pub async fn examine(adapter: &Adapter) -> Replayed {
    let mut examined = Examined { adapter, told: Replayed::default() };
    examined.run().await;
    examined.told.wrong.truncate(MOST_TOLD);
    examined.told
}

struct Examined<'a> {
    adapter: &'a Adapter,
    told: Replayed,
}

impl Examined<'_> {
    fn manifest(&self) -> &Manifest {
        self.adapter.manifest()
    }

    async fn run(&mut self) {
        let mut read = 0;
        for served in self.manifest().task_types.clone() {
            let Some(operation) = submission(&served) else { continue };
            let place = format!("submit {}", served.family);
            let Some(state) = self.begun(&place, &operation).await else { continue };
            if read < MOST_READ {
                read += 1;
                self.read_nonsense(&place, &operation, state).await;
            }
        }
        let Some(first) = self.manifest().task_types.first().map(|served| served.family.clone()) else { return };
        let task = OpenTask { reference: "1".to_owned(), family: first, memo: Vec::new() };
        let mut others = vec![Operation::Poll(vec![task])];
        if self.manifest().abilities.balance {
            others.push(Operation::Balance);
        }
        for operation in others {
            if let Some(state) = self.begun(operation.name(), &operation).await {
                self.read_nonsense(operation.name(), &operation, state).await;
            }
        }
    }

    /// The state after the request that an operation begins with, if it begins with one.
    async fn begun(&mut self, place: &str, operation: &Operation) -> Option<Vec<u8>> {
        match self.told.twice(place, self.adapter, &Call::Begin(operation.clone())).await? {
            Step::Send(request, state) => {
                self.told.wrong.extend(rules::of_request(place, self.manifest(), &request));
                Some(state)
            }
            Step::Wait(..) => None,
            end => {
                let wrong = rules::of_end(self.manifest(), operation, &end, false);
                self.told.wrong.extend(wrong.into_iter().map(|wrong| format!("{place}: {wrong}")));
                None
            }
        }
    }

    async fn read_nonsense(&mut self, place: &str, operation: &Operation, state: Vec<u8>) {
        for (name, response) in nonsense() {
            let place = format!("{place}, answered with {name}");
            let call = Call::Advance(state.clone(), Reply::Response(response));
            let Some(step) = self.told.twice(&place, self.adapter, &call).await else { continue };
            self.told.wrong.extend(believed(operation, &step).map(|wrong| format!("{place}: {wrong}")));
        }
    }
}

/// What an adapter must not make of a reply that says nothing.
fn believed(operation: &Operation, step: &Step) -> Option<&'static str> {
    match (operation, step) {
        (Operation::Submit(_), Step::Failed(fault)) => match fault.class {
            // Not one of these has the task sent to another provider.
            FaultClass::InDoubt | FaultClass::Unsolvable | FaultClass::InvalidTask => None,
            FaultClass::NotSupported
            | FaultClass::Throttled(_)
            | FaultClass::NoCapacity
            | FaultClass::CredentialRejected
            | FaultClass::CredentialOutOfFunds
            | FaultClass::ProviderDown => Some("it says that the provider surely has not taken the task"),
        },
        (Operation::Submit(_), Step::Send(..)) => Some("it sends another request, which may make a second task"),
        (Operation::Submit(_), Step::Accepted(_) | Step::Solved(_)) => Some("it believes that the task was taken"),
        (_, Step::Polled(verdicts)) => {
            let is_open = verdicts.iter().all(|verdict| matches!(verdict.standing, Standing::Open(_)));
            (!is_open).then_some("it has a verdict on a task")
        }
        (_, Step::Balance(_)) => Some("it has read a balance"),
        (_, _) => None,
    }
}

/// A task of the family as a client could send it, by the catalogue's example.
fn submission(served: &ServedType) -> Option<Operation> {
    let family = catalogue::by_name(&served.family)?;
    let task = catalogue::parse(&catalogue::example(family)).ok()?;
    let proxy = Proxy {
        scheme: ProxyScheme::Http,
        host: "192.0.2.7".to_owned(),
        port: 8080,
        login: Some("login".to_owned()),
        password: Some("password".to_owned()),
    };
    Some(Operation::Submit(Submission {
        attempt: ATTEMPT,
        family: served.family.clone(),
        parameters: Value::Object(task.parameters).to_string(),
        proxy: (served.proxy == ProxySupport::Required).then_some(proxy),
    }))
}

/// Replies that say nothing: what proxies, overloaded servers and broken ones send.
fn nonsense() -> Vec<(&'static str, InwardResponse)> {
    let reply = |status: u16, content_type: &str, body: &[u8]| InwardResponse {
        status,
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        body: body.to_vec(),
    };
    // As deep as interpreters' readers go. What is deeper ends a call for want of stack, and a submit in doubt, which is as it should be.
    let deep = "[".repeat(500);
    vec![
        ("nothing", reply(200, "application/json", b"")),
        ("an HTML page", reply(200, "text/html", b"<html><body>Welcome</body></html>")),
        ("an empty object", reply(200, "application/json", b"{}")),
        ("null", reply(200, "application/json", b"null")),
        ("a list", reply(200, "application/json", b"[]")),
        ("half of a JSON text", reply(200, "application/json", b"{\"errorId\":0,\"taskId\":")),
        ("500 brackets", reply(200, "application/json", deep.as_bytes())),
        ("bytes that are no text", reply(200, "application/octet-stream", &[0xff, 0xfe, 0x00, 0x80])),
        ("64 KiB of one letter", reply(200, "text/plain", &vec![b'a'; 1 << 16])),
        ("status 500 and a page", reply(500, "text/html", b"<h1>Internal Server Error</h1>")),
        ("status 504 and nothing", reply(504, "text/html", b"")),
    ]
}

//! What every adapter of a `createTask` service has to pass: its fixtures, the catalogue's examples, its table of codes.
//!
//! It is a crate of its own because it knows the catalogue, which no adapter may; adapters have it for their tests alone.
//!
//! **Start reading at** [`Proof`]: an adapter's tests make one and call its methods.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "every function of this crate is the body of a test, and fails it so"
)]

mod codes;
pub mod fixtures;
mod walk;

use std::marker::PhantomData;
use std::path::PathBuf;

use ::catalogue::catalogue::{self, Family, example};
use adapter_kit::{
    Fault, OpenTask, Operation, Provider, Proxy, ProxyScheme, Reply, Response, Step, Submission, advance, begin,
    fixture,
};
use create_task::Service;
use serde_json::{Map, Value, json};

/// A provider under test, and the tables that it goes by.
pub struct Proof<P> {
    service: &'static Service,
    folder: PathBuf,
    beyond: fn(&str) -> Value,
    provider: PhantomData<P>,
}

impl<P: Provider> Proof<P> {
    /// A proof of this service. `crate_folder` is the adapter's `CARGO_MANIFEST_DIR`; `beyond` has, for a family, the
    /// parameters that the service asks for on top of the catalogue's example, or null.
    #[must_use]
    pub fn new(service: &'static Service, crate_folder: &str, beyond: fn(&str) -> Value) -> Self {
        Self { service, folder: PathBuf::from(crate_folder).join("fixtures"), beyond, provider: PhantomData }
    }

    /// A canonical task of the family that this service takes.
    #[must_use]
    pub fn task(&self, family: &'static Family) -> Map<String, Value> {
        let mut sent = example(family);
        if let Value::Object(beyond) = (self.beyond)(family.name) {
            sent.extend(beyond);
            sent.retain(|_, value| !value.is_null());
        }
        catalogue::parse(&sent).unwrap_or_else(|error| panic!("{}: {error}", family.name)).parameters
    }

    /// The submit of a task of the family, changed by these parameters (null takes one out).
    #[must_use]
    pub fn changed(&self, family: &str, changes: &Value, proxy: Option<Proxy>) -> Operation {
        let mut parameters = self.task(catalogue::by_name(family).unwrap());
        if let Value::Object(changes) = changes.clone() {
            parameters.extend(changes);
        }
        parameters.retain(|_, value| !value.is_null());
        submission(family, &Value::Object(parameters), proxy)
    }

    /// The fault of a submit that is refused before anything is sent.
    #[must_use]
    pub fn refused(&self, family: &str, changes: &Value, proxy: Option<Proxy>) -> Fault {
        failed(begin::<P>(self.changed(family, changes, proxy)))
    }

    /// The task that a submit sends.
    #[must_use]
    pub fn sent(&self, family: &str, changes: &Value, proxy: Option<Proxy>) -> Value {
        match begin::<P>(self.changed(family, changes, proxy)) {
            Step::Send((request, _)) => fixture::request_json(&request)["json"]["task"].clone(),
            step => panic!("{family}: nothing was sent: {}", fixture::step_json(&step)),
        }
    }

    /// Refused before anything is sent, by the name of the parameter and with a class that lets another candidate have it.
    pub fn refuses(&self, family: &str, name: &str, value: &Value, proxy: Option<Proxy>) {
        let fault = self.refused(family, &json!({ name: value }), proxy);
        assert_eq!(fault.class, adapter_kit::FaultClass::NotSupported, "{family} {name}");
        assert!(fault.message.starts_with(&format!("{name}: ")), "{family} {name}: {}", fault.message);
    }

    /// Where an operation ends after one reply.
    #[must_use]
    pub fn after(&self, operation: Operation, reply: Response) -> Step {
        match begin::<P>(operation) {
            Step::Send((_, state)) => advance::<P>(&state, Reply::Response(reply)),
            step => panic!("nothing was sent: {}", fixture::step_json(&step)),
        }
    }

    /// An open task of this service, of a family that takes reports on both verdicts where there is one.
    fn open_task(&self) -> OpenTask {
        let takes_both = |f: &&create_task::Family| f.reports.correct.is_some() && f.reports.incorrect.is_some();
        let family = self.service.all().find(takes_both).or_else(|| self.service.all().next()).unwrap();
        OpenTask { reference: "7654321".to_owned(), family: family.name.to_owned(), memo: vec![] }
    }

    /// The submit of a task of the first family.
    fn first_submit(&self) -> Operation {
        let family = self.service.all().next().unwrap();
        let proxy = family.solo.is_none().then(public_proxy);
        self.changed(family.name, &json!({}), proxy)
    }
}

/// A submit of these canonical parameters.
#[must_use]
pub fn submission(family: &str, parameters: &Value, proxy: Option<Proxy>) -> Operation {
    let (attempt_id, family) = ("a".to_owned(), family.to_owned());
    Operation::Submit(Submission { attempt_id, family, parameters: parameters.to_string(), proxy })
}

/// A proxy with a login that every service could reach.
#[must_use]
pub fn public_proxy() -> Proxy {
    let (login, password) = (Some("user".to_owned()), Some("secret".to_owned()));
    Proxy { scheme: ProxyScheme::Http, host: "203.0.113.7".to_owned(), port: 8080, login, password }
}

/// A response with this body.
#[must_use]
pub fn response(status: u16, body: &Value) -> Response {
    Response { status, headers: vec![], body: body.to_string().into_bytes() }
}

/// The fault that a step is.
#[must_use]
pub fn failed(step: Step) -> Fault {
    match step {
        Step::Failed(fault) => fault,
        step => panic!("no fault: {}", fixture::step_json(&step)),
    }
}

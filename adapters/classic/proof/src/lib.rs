//! What every adapter of an `in.php` service has to pass: its fixtures, the catalogue's examples, its table of codes.
//!
//! It is a crate of its own because it knows the catalogue, which no adapter may; adapters have it for their tests alone.
//!
//! **Start reading at** [`Proof`]: an adapter's tests make one and call its methods.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "every function of this crate is the body of a test, and fails it so"
)]

mod codes;
mod walk;

use std::marker::PhantomData;
use std::path::PathBuf;

use ::catalogue::catalogue::{self, Family, example};
use adapter_kit::{
    Body, FaultClass, OpenTask, Operation, Provider, Proxy, ProxySupport, Reply, Request, Response, Step, advance,
    begin, fixture,
};
use classic::Service;
use create_task_proof::fixtures::{Ways, all_are_followed, have_fixtures};
use create_task_proof::{failed, public_proxy, submission};
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

    /// Every fixture is followed, and there are at least so many; every family has one of each way to submit it, and one of
    /// its solution that clients can read.
    pub fn every_fixture_is_followed(&self, least: usize) {
        all_are_followed::<P>(&self.folder, least);
        let ways = |family: &classic::Family| Ways {
            family: family.name,
            solo: family.proxy != ProxySupport::Required,
            proxied: family.proxy != ProxySupport::Never,
        };
        have_fixtures(&self.folder, self.service.families.iter().map(ways));
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

    /// Refused before anything is sent, by the name of the parameter and with a class that lets another candidate have it.
    pub fn refuses(&self, family: &str, name: &str, value: &Value) {
        let fault = failed(begin::<P>(self.changed(family, &json!({ name: value }), self.needed_proxy(family))));
        assert_eq!(fault.class, FaultClass::NotSupported, "{family} {name}");
        assert!(fault.message.starts_with(&format!("{name}: ")), "{family} {name}: {}", fault.message);
    }

    /// The fields of the form that a submit sends.
    #[must_use]
    pub fn sent(&self, family: &str, changes: &Value, proxy: Option<Proxy>) -> Vec<(String, String)> {
        match begin::<P>(self.changed(family, changes, proxy)) {
            Step::Send((request, _)) => fields(&request),
            step => panic!("{family}: nothing was sent: {}", fixture::step_json(&step)),
        }
    }

    /// Where an operation ends after one reply.
    #[must_use]
    pub fn after(&self, operation: Operation, reply: Response) -> Step {
        match begin::<P>(operation) {
            Step::Send((_, state)) => advance::<P>(&state, Reply::Response(reply)),
            step => panic!("nothing was sent: {}", fixture::step_json(&step)),
        }
    }

    /// An open task of this service's first family.
    fn open_task(&self) -> OpenTask {
        let family = self.service.families.first().unwrap();
        OpenTask { reference: "7".to_owned(), family: family.name.to_owned(), memo: vec![] }
    }

    /// The submit of a task of the first family.
    fn first_submit(&self) -> Operation {
        let family = self.service.families.first().unwrap().name;
        self.changed(family, &json!({}), self.needed_proxy(family))
    }

    /// The client's proxy where a family cannot do without.
    fn needed_proxy(&self, family: &str) -> Option<Proxy> {
        let served = self.service.family(family).unwrap();
        (served.proxy == ProxySupport::Required).then(public_proxy)
    }
}

/// The texts of a form, with files or without.
#[must_use]
pub fn fields(request: &Request) -> Vec<(String, String)> {
    match &request.body {
        Body::Form(fields) => fields.clone(),
        Body::Multipart(parts) => {
            let texts = parts.iter().filter(|part| part.file_name.is_none());
            texts.map(|part| (part.name.clone(), String::from_utf8(part.data.clone()).unwrap())).collect()
        }
        Body::Empty | Body::Json(_) | Body::Bytes(_) => panic!("in.php is sent forms"),
    }
}

/// A line of text.
#[must_use]
pub fn line(status: u16, body: &str) -> Response {
    Response { status, headers: vec![], body: body.as_bytes().to_vec() }
}

/// An error, as an object.
#[must_use]
pub fn object(code: &str) -> Response {
    line(200, &json!({ "status": 0, "request": code, "error_text": "words" }).to_string())
}

//! A walk through the catalogue: what is served, that every parameter is decided about, and a task of each family.

use std::collections::BTreeSet;

use ::catalogue::catalogue;
use adapter_kit::{FaultClass, Provider, Proxy, ProxySupport, Step, begin, decimal, describe, fixture};
use create_task::Parameters;
use serde_json::{Map, Value, json};

use crate::{Proof, failed, public_proxy, submission};

impl<P: Provider> Proof<P> {
    /// The manifest says what the tables hold, and serves these families and no others.
    pub fn the_manifest_serves(&self, id: &str, families: &[(&str, ProxySupport)]) {
        let manifest = describe::<P>();
        assert_eq!(manifest.provider_id, id);
        let served: Vec<_> = manifest.task_types.iter().map(|t| (t.family.as_str(), t.proxy)).collect();
        assert_eq!(served, families);
        for served in &manifest.task_types {
            let plain = decimal(&served.list_price.amount);
            assert_eq!(plain.as_ref(), Some(&served.list_price.amount), "{}", served.family);
            let schema = served.schema.as_deref().unwrap_or("{}");
            assert!(serde_json::from_str::<Map<String, Value>>(schema).is_ok(), "{}", served.family);
        }
        let polling = manifest.polling;
        let fits = polling.interval_ms * polling.max_polls >= polling.longest_life_ms;
        let most = self.service.polling.most_polls;
        assert!(fits || most == Some(polling.max_polls), "polls end before a task's life does");
        assert!(most.is_none_or(|most| polling.max_polls <= most));
    }

    /// What the whole catalogue shows of an adapter.
    pub fn the_catalogue_is_walked_through(&self) {
        self.every_parameter_is_decided_about();
        self.the_example_of_every_family_is_sent();
        self.what_is_needed_is_asked_for();
        self.other_families_are_refused();
        self.a_proxy_that_nobody_can_reach_is_refused();
    }

    /// Every canonical parameter of every family has a row, and there are no other rows.
    pub fn every_parameter_is_decided_about(&self) {
        for served in self.service.all() {
            let family = catalogue::by_name(served.name).unwrap_or_else(|| panic!("{} is no family", served.name));
            match served.parameters {
                Parameters::AsSent => {
                    assert!(family.passes_through && family.only == Some(self.service.id), "{}", family.name);
                }
                Parameters::By(rows) => {
                    let decided: BTreeSet<_> = rows.iter().map(|(name, _)| *name).collect();
                    let known: BTreeSet<_> = family.fields.iter().map(|field| field.name).collect();
                    assert_eq!(decided, known, "{}", family.name);
                    assert_eq!(decided.len(), rows.len(), "{} decides twice", family.name);
                }
            }
        }
    }

    /// The service takes every family of the catalogue under the name that clients read in results, through a proxy where the
    /// catalogue knows one.
    pub fn every_family_is_the_catalogues_own(&self) {
        let served: Vec<_> = self.service.all().map(|family| family.name).collect();
        assert_eq!(BTreeSet::from_iter(served.iter().copied()).len(), served.len(), "a family is listed twice");
        for family in catalogue::all() {
            let row = self.service.family(family.name).unwrap_or_else(|| panic!("{} is not served", family.name));
            let through = family.takes_proxy.then_some(family.wire_name);
            assert_eq!(row.proxied, through, "{}", family.name);
            let suffix = if family.takes_proxy { "ProxyLess" } else { "" };
            assert_eq!(row.solo, Some(format!("{}{suffix}", family.wire_name).as_str()), "{}", family.name);
        }
        assert_eq!(served.len(), catalogue::all().len());
    }

    /// The catalogue's example of every family is sent with its type, with a proxy and without where either is taken.
    pub fn the_example_of_every_family_is_sent(&self) {
        for served in self.service.all() {
            let parameters = Value::Object(self.task(catalogue::by_name(served.name).unwrap()));
            for (kind, proxy) in [(served.solo, None), (served.proxied, Some(public_proxy()))] {
                let through = proxy.is_some();
                let step = begin::<P>(submission(served.name, &parameters, proxy));
                match (kind, step) {
                    (Some(kind), Step::Send((request, _))) => {
                        let task = &fixture::request_json(&request)["json"]["task"];
                        assert_eq!(task["type"], kind, "{}", served.name);
                        let names_it = task.to_string().contains("203.0.113.7");
                        assert_eq!(names_it, through, "{}: {task}", served.name);
                    }
                    (None, Step::Failed(fault)) => assert_eq!(fault.code, "PROXY_NOT_SUPPORTED", "{}", served.name),
                    (_, step) => panic!("{}: {}", served.name, fixture::step_json(&step)),
                }
            }
        }
    }

    /// What a family needs here is asked for by name.
    pub fn what_is_needed_is_asked_for(&self) {
        for served in self.service.all() {
            for name in served.needs.first().into_iter().copied().flatten().copied() {
                let proxy = served.solo.is_none().then(public_proxy);
                self.refuses(served.name, name, &Value::Null, proxy);
            }
        }
    }

    /// Families that are not served are refused, and every family that is not in the tables is not served.
    pub fn other_families_are_refused(&self) {
        let others = catalogue::all().iter().filter(|family| self.service.family(family.name).is_none());
        let mut count = 0;
        for family in others {
            let fault = failed(begin::<P>(submission(family.name, &json!({}), None)));
            assert_eq!((fault.class, fault.code.as_str()), (FaultClass::NotSupported, "FAMILY_NOT_SUPPORTED"));
            count += 1;
        }
        assert!(count > 0, "no service serves everything");
    }

    /// A proxy of a local network is refused, since a request that cannot succeed harms the key.
    pub fn a_proxy_that_nobody_can_reach_is_refused(&self) {
        let proxied = self.service.all().filter(|family| family.proxied.is_some());
        for family in proxied {
            for local in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.1.1", "::1", "fd00::1"] {
                let proxy = Proxy { host: local.to_owned(), ..public_proxy() };
                let class = self.refused(family.name, &json!({}), Some(proxy)).class;
                assert_eq!(class, FaultClass::InvalidTask, "{} {local}", family.name);
            }
        }
    }
}

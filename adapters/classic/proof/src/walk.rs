//! A walk through the catalogue: what is served, that every parameter is decided about, and a task of each family.

use std::collections::BTreeSet;

use ::catalogue::catalogue;
use adapter_kit::{FaultClass, Provider, Proxy, ProxySupport, Step, begin, decimal, describe, fixture};
use create_task_proof::{failed, public_proxy, submission};
use serde_json::{Value, json};

use crate::{Proof, fields};

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
        }
        let polling = manifest.polling;
        assert!(
            polling.interval_ms * polling.max_polls >= polling.longest_life_ms,
            "polls end before a task's life does"
        );
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
    fn every_parameter_is_decided_about(&self) {
        for served in self.service.families {
            let family = catalogue::by_name(served.name).unwrap_or_else(|| panic!("{} is no family", served.name));
            let decided: BTreeSet<_> = served.parameters.iter().map(|(name, _)| *name).collect();
            let known: BTreeSet<_> = family.fields.iter().map(|field| field.name).collect();
            assert_eq!(decided, known, "{}", family.name);
            assert_eq!(decided.len(), served.parameters.len(), "{} decides twice", family.name);
            assert!(family.takes_proxy || served.proxy == ProxySupport::Never, "{}", family.name);
        }
    }

    /// The catalogue's example of every family is sent, with a proxy and without where either is taken.
    fn the_example_of_every_family_is_sent(&self) {
        for served in self.service.families {
            let parameters = Value::Object(self.task(catalogue::by_name(served.name).unwrap()));
            for proxy in [None, Some(public_proxy())] {
                let taken = match served.proxy {
                    ProxySupport::Never => proxy.is_none(),
                    ProxySupport::Optional => true,
                    ProxySupport::Required => proxy.is_some(),
                };
                let through = proxy.is_some();
                match begin::<P>(submission(served.name, &parameters, proxy)) {
                    Step::Send((request, _)) if taken => {
                        let sent = fields(&request);
                        for (name, value) in served.fixed {
                            assert!(sent.iter().any(|(n, v)| n == name && v == value), "{}: {sent:?}", served.name);
                        }
                        let names_it = sent.iter().any(|(_, value)| value.contains("203.0.113.7"));
                        assert_eq!(names_it, through, "{}: {sent:?}", served.name);
                        let as_json = sent.contains(&("json".to_owned(), "1".to_owned()));
                        assert_eq!(as_json, self.service.json, "{}", served.name);
                    }
                    Step::Failed(fault) if !taken => {
                        assert!(fault.code.starts_with("PROXY_"), "{}: {}", served.name, fault.code);
                        assert_eq!(fault.class, FaultClass::NotSupported, "{}", served.name);
                    }
                    step => panic!("{}: {}", served.name, fixture::step_json(&step)),
                }
            }
        }
    }

    /// What a family needs here is asked for by name.
    fn what_is_needed_is_asked_for(&self) {
        for served in self.service.families {
            for name in served.needs {
                self.refuses(served.name, name, &Value::Null);
            }
        }
    }

    /// Families that are not served are refused.
    fn other_families_are_refused(&self) {
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
    fn a_proxy_that_nobody_can_reach_is_refused(&self) {
        for family in self.service.families.iter().filter(|family| family.proxy != ProxySupport::Never) {
            for local in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.1.1", "::1", "fd00::1"] {
                let proxy = Proxy { host: local.to_owned(), ..public_proxy() };
                let class = failed(begin::<P>(self.changed(family.name, &json!({}), Some(proxy)))).class;
                assert_eq!(class, FaultClass::InvalidTask, "{} {local}", family.name);
            }
        }
    }
}

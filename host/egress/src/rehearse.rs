//! A request looked at as it would be when it is sent, with stand-ins in the credential's places and nothing sent: what an
//! adapter's author can be told before there is a credential.

use capstan_domain::adapter::{Manifest, OutwardRequest};
use url::Url;

use crate::compose::{compose, select};
use crate::credential::OpenCredential;
use crate::error::{EgressError, Refusal};
use crate::grant::Grant;
use crate::target;

/// Puts a request together under all that the manifest names, as if it were granted.
///
/// # Errors
/// The refusal that it would meet.
pub fn rehearse(manifest: &Manifest, request: &OutwardRequest) -> Result<(), EgressError> {
    let base_url = Url::parse(&manifest.base_url).map_err(|_| Refusal::Url("has no base URL to be below"))?;
    let grant = Grant { provider: manifest.provider.clone(), base_url, hosts: manifest.hosts.clone(), loopback: false };
    let url = target::resolve(&grant, &request.url)?;
    let opened = OpenCredential::stand_in(manifest.credential.iter().map(|field| field.name.clone()));
    let placed = select(&request.placements, Some((&manifest.placements, &opened)))?;
    compose(url, request, &placed).map(|_| ())
}

#[cfg(test)]
mod tests {
    use capstan_domain::ProviderId;
    use capstan_domain::adapter::{Abilities, Body, CredentialField, Method, Place, Placement, PollLimits};

    use super::*;

    fn manifest() -> Manifest {
        let field = |name: &str| CredentialField { name: name.into(), label: name.into(), description: String::new() };
        let polling = PollLimits {
            first_wait_ms: 1,
            interval_ms: 1,
            max_polls: 1,
            longest_life_ms: 2,
            result_kept_ms: 1,
            max_batch: 1,
        };
        Manifest {
            provider: ProviderId::new("somebody").unwrap(),
            display_name: "Somebody".into(),
            version: "0.1.0".into(),
            homepage: "https://somebody.example".into(),
            base_url: "https://api.somebody.example/v1".into(),
            hosts: vec!["*.files.example".into()],
            credential: vec![field("key")],
            placements: vec![
                placement("key", Place::JsonField("token".into())),
                placement("gone", Place::Query("k".into())),
            ],
            task_types: vec![],
            polling,
            abilities: Abilities::default(),
        }
    }

    fn placement(field: &str, place: Place) -> Placement {
        Placement { field: field.into(), place }
    }

    fn rehearsed(url: &str, body: &str, placements: &[Placement]) -> Result<(), String> {
        let body = Body::Json(body.to_owned());
        let (headers, placements) = (Vec::new(), placements.to_vec());
        let request = OutwardRequest { method: Method::Post, url: url.to_owned(), headers, body, placements };
        rehearse(&manifest(), &request).map_err(|error| match error {
            EgressError::Refused(rule) => rule.to_string(),
            other => other.to_string(),
        })
    }

    #[test]
    fn what_would_be_sent_passes_and_what_would_not_is_named() {
        let in_json = placement("key", Place::JsonField("token".into()));
        let named =
            |url: &str, body: &str, placement: &Placement| rehearsed(url, body, std::slice::from_ref(placement));
        assert_eq!(named("/jobs", "{}", &in_json), Ok(()));
        assert_eq!(named("https://eu.files.example/jobs", "{}", &in_json), Ok(()));
        for (refused, why) in [
            (named("https://other.example/jobs", "{}", &in_json), "host other.example"),
            (named("/../jobs", "{}", &in_json), "dot segments"),
            (named("/jobs", "[]", &in_json), "body"),
            (named("/jobs", "{\"token\":1}", &in_json), "taken"),
            (
                named("/jobs", "{}", &placement("key", Place::Query("k".into()))),
                "not one that the credential is bound to",
            ),
            (named("/jobs", "{}", &placement("gone", Place::Query("k".into()))), "no field \"gone\""),
        ] {
            assert!(refused.as_ref().is_err_and(|error| error.contains(why)), "{why}: {refused:?}");
        }
    }
}

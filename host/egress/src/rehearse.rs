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
    let grant =
        Grant { provider: manifest.provider.clone(), base_url, hosts: manifest.hosts.clone(), loopback: false };
    let url = target::resolve(&grant, &request.url)?;
    let opened = OpenCredential::stand_in(manifest.credential.iter().map(|field| field.name.clone()));
    let placed = select(&request.placements, Some((&manifest.placements, &opened)))?;
    compose(url, request, &placed).map(|_| ())
}

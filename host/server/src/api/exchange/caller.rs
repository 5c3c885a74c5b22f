//! Who asks: a contributor's token to an account, throttled as guesses of API keys are.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::{header, request::Parts};
use capstan_domain::AccountId;
use capstan_storage::KeyStatus;

use super::{Failure, Front};
use crate::door::address::ClientAddress;
use crate::{clock, keys};

/// An authenticated contributor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contributor(pub(super) AccountId);

impl FromRequestParts<Arc<Front>> for Contributor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, front: &Arc<Front>) -> Result<Self, Failure> {
        let app = &front.app;
        let nowhere = ClientAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let ClientAddress(address) = parts.extensions.get().copied().unwrap_or(nowhere);
        let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let text = bearer.and_then(|text| text.strip_prefix("Bearer ")).map(str::trim).unwrap_or_default();
        if text.is_empty() {
            return Err(refused("Send the token as Authorization: Bearer capx_…; an API key is none."));
        }
        let hash = keys::token_lookup_hash(text);
        app.rates.may_try(address, hash.as_ref()).map_err(|met| Failure::too_often(met.wait))?;
        let guessed = || {
            app.rates.guessed(address);
            refused("This is no token of a contributor. They begin with capx_; an API key is none.")
        };
        let hash = hash.ok_or_else(guessed)?;
        let found = app.store.find_exchange_token(&hash).await.map_err(|error| Failure::internal(&error))?;
        let token = found.ok_or_else(guessed)?.token;
        let is_over = token.expires_at_ms.is_some_and(|at_ms| at_ms <= clock::now_ms());
        if token.status == KeyStatus::Revoked || is_over {
            return Err(refused("The token is revoked or has expired; the operator makes another one."));
        }
        app.rates.proved(address, hash);
        front.requests.retain_recent();
        front.requests.check_key(&token.id).map_err(|_| Failure::too_often(Duration::from_secs(1)))?;
        Ok(Self(token.account))
    }
}

fn refused(why: &str) -> Failure {
    Failure::new(401, "UNAUTHORIZED", why)
}

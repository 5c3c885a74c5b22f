//! `/site-owners`: how the owner of a site gets it denied, without an account and without asking anybody.
//!
//! The owner names the domain, is given a line to publish below `/.well-known/` of it, and asks for the check. Who can
//! publish there decides about the site, so the denial is global and nothing lifts it but its removal by the operator.
//! Nothing is kept before that: the line is an HMAC of the domain. The page needs no script.

mod page;
mod proof;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use capstan_domain::policy::{Action, Origin, Scope, registrable};
use capstan_egress::{Egress, EgressError, EgressSettings};
use capstan_storage::{Change, SiteRule};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::app::App;
use crate::clock;
use crate::door::address::ClientAddress;
use crate::limits::{PER_CUSTOMER, network};
use crate::operate::audit_line;
use page::Said;
use proof::Site;

/// Longest body of a form: a host name and what surrounds it.
const MOST_FORM_BYTES: usize = 2 * 1024;
/// Most checks at once: each costs an outward request.
const MOST_CHECKS: usize = 8;
/// After this many checks of one client's at once, it has one every half minute.
const BURST_OF_ADDRESS: u32 = 5;
/// After this many checks of one domain at once, a network has one a minute. Per network: whoever is not the owner must not be
/// able to use up the owner's checks.
const BURST_OF_PAIR: u32 = 3;
/// Most checks of one domain a minute, whoever asks: what its server is spared.
const MOST_OF_DOMAIN: u32 = 60;

/// What the page needs.
struct Owners {
    app: Arc<App>,
    egress: Egress,
    /// What the lines to be published are derived with.
    key: [u8; 32],
    limits: Limits,
    places: Semaphore,
}

/// How often is checked.
struct Limits {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    /// By network and registered domain.
    pairs: DefaultKeyedRateLimiter<(IpAddr, String)>,
    domains: DefaultKeyedRateLimiter<String>,
}

impl Limits {
    fn new() -> Self {
        let quota = |every: Duration, burst: u32| {
            let quota = Quota::with_period(every).unwrap_or(Quota::per_minute(std::num::NonZeroU32::MIN));
            quota.allow_burst(std::num::NonZeroU32::new(burst).unwrap_or(std::num::NonZeroU32::MIN))
        };
        Self {
            addresses: RateLimiter::keyed(quota(Duration::from_secs(30), BURST_OF_ADDRESS)),
            pairs: RateLimiter::keyed(quota(Duration::from_secs(60), BURST_OF_PAIR)),
            domains: RateLimiter::keyed(quota(Duration::from_secs(60) / MOST_OF_DOMAIN, MOST_OF_DOMAIN)),
        }
    }

    fn admit(&self, address: IpAddr, host: &str) -> bool {
        self.addresses.retain_recent();
        self.pairs.retain_recent();
        self.domains.retain_recent();
        let domain = registrable(host).to_owned();
        // The domain's own limit comes last, so that what is refused for the asker's sake takes nothing from it.
        self.addresses.check_key(&network(address, PER_CUSTOMER)).is_ok()
            && self.pairs.check_key(&(network(address, PER_SITE), domain.clone())).is_ok()
            && self.domains.check_key(&domain).is_ok()
    }
}

/// The page's router, beside the client API's.
///
/// # Errors
/// [`EgressError`] when the outward client for checks cannot be made.
pub fn owners_router(app: &Arc<App>) -> Result<Router, EgressError> {
    // A file of one line from anywhere: little patience, little room, no connection kept.
    let settings = EgressSettings {
        connect_timeout: Duration::from_secs(4),
        request_timeout: Duration::from_secs(8),
        max_response_bytes: 4 * 1024,
        max_idle_per_host: 0,
        max_clients: 2,
        ..EgressSettings::default()
    };
    let owners = Owners {
        egress: Egress::new(Arc::clone(&app.vault), settings)?,
        key: app.vault.derive_key("site-owners"),
        limits: Limits::new(),
        places: Semaphore::new(MOST_CHECKS),
        app: Arc::clone(app),
    };
    Ok(Router::new()
        .route("/site-owners", get(front).post(line))
        .route("/site-owners/check", post(check))
        .route("/site-owners/style.css", get(style))
        .with_state(Arc::new(owners)))
}

async fn front() -> Response {
    html(StatusCode::OK, page::front(None))
}

async fn style() -> Response {
    let mut response = html(StatusCode::OK, page::STYLE.to_owned());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    response
}

/// The line that the owner is to publish.
async fn line(State(owners): State<Arc<Owners>>, request: Request<Body>) -> Response {
    match owners.site_of(request.into_body()).await {
        Ok(site) => html(StatusCode::OK, page::line(&site, &proof::line(&owners.key, &site.host), None)),
        Err(refused) => refused,
    }
}

/// The check, and the denial that follows from it.
async fn check(State(owners): State<Arc<Owners>>, request: Request<Body>) -> Response {
    let address = request.extensions().get().copied().unwrap_or(ClientAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED))).0;
    let site = match owners.site_of(request.into_body()).await {
        Ok(site) => site,
        Err(refused) => return refused,
    };
    let line = proof::line(&owners.key, &site.host);
    let again = |status: StatusCode, said: Said| html(status, page::line(&site, &line, Some(&said)));
    if !owners.limits.admit(address, &site.host) {
        return again(StatusCode::TOO_MANY_REQUESTS, Said::TooOften);
    }
    let Ok(_place) = owners.places.try_acquire() else { return again(StatusCode::SERVICE_UNAVAILABLE, Said::Busy) };
    if let Err(unproved) = proof::published(&owners.egress, &site, &line, owners.app.allow_loopback_providers).await {
        tracing::info!(site.host, client.address = %address, %unproved, "an owner's proof was not found");
        return again(StatusCode::UNPROCESSABLE_ENTITY, Said::Unproved(unproved.to_string()));
    }
    match owners.deny(&site, address).await {
        Ok(()) => html(StatusCode::OK, page::denied(&site)),
        Err(()) => again(StatusCode::SERVICE_UNAVAILABLE, Said::Busy),
    }
}

impl Owners {
    /// The site that a form names, or the page that says what is wrong.
    async fn site_of(&self, body: Body) -> Result<Site, Response> {
        let bad = |why: &str| html(StatusCode::BAD_REQUEST, page::front(Some(why)));
        let arriving = axum::body::to_bytes(body, MOST_FORM_BYTES);
        let arrived = tokio::time::timeout(self.app.limits.body_within, arriving).await;
        let bytes = arrived.ok().and_then(Result::ok).ok_or_else(|| bad("The form did not arrive."))?;
        let mut fields = url::form_urlencoded::parse(&bytes);
        let domain = fields.find(|(name, _)| name == "domain").map(|(_, value)| value.into_owned()).unwrap_or_default();
        Site::read(&domain, self.app.allow_loopback_providers).map_err(|error| bad(&error.to_string()))
    }

    /// Denies the site for everybody, with a line in the audit log.
    async fn deny(&self, site: &Site, address: IpAddr) -> Result<(), ()> {
        let rule = SiteRule {
            scope: Scope::Global,
            origin: Origin::Owner,
            pattern: site.host.clone(),
            action: Action::Deny,
            note: "the site's owner has asked for it".to_owned(),
            is_on: true,
            created_at_ms: clock::now_ms(),
        };
        let detail = json!({"proof": site.proof_url(), "clientAddress": address});
        let actor = format!("site owner of {}", site.host);
        let line = audit_line(&actor, "policy owner-deny", (format!("site {}", site.host), &detail));
        let applied = self.app.store.apply(Change::PutSiteRule(rule), line).await;
        applied
            .map_err(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "an owner's denial could not be stored");
            })?
            .map_err(|refusal| tracing::error!(?refusal, "an owner's denial was refused"))?;
        self.app.reload().await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "an owner's denial is stored and not in force");
        })
    }
}

/// What anybody can have in IPv6 for the asking, a /48: many customers' checks of one domain are one network's.
const PER_SITE: u32 = 80;

/// An answer that is kept nowhere, framed nowhere, and runs nothing.
fn html(status: StatusCode, text: String) -> Response {
    const HEADERS: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Limits, PER_CUSTOMER, PER_SITE, network};

    #[test]
    fn a_client_s_limit_is_its_network_s() {
        let of = |text: &str| network(text.parse().unwrap(), PER_CUSTOMER).to_string();
        assert_eq!(of("203.0.113.7"), "203.0.113.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("2001:db8:1:2::9"), of("2001:db8:1:2:ffff::"));
        assert_eq!(network("2001:db8:1:2:3:4:5:6".parse().unwrap(), PER_SITE).to_string(), "2001:db8:1::");
    }

    #[test]
    fn nobody_uses_up_the_checks_of_a_domain_s_owner() {
        let limits = Limits::new();
        let of = |text: &str| text.parse::<IpAddr>().unwrap();
        let taken = (0..20).filter(|_| limits.admit(of("203.0.113.7"), "www.example.com")).count();
        assert_eq!(taken, 3, "a network has few checks of one domain");
        let taken = (0..20).filter(|n| limits.admit(of(&format!("2001:db8:1:{n:x}::1")), "example.com")).count();
        assert_eq!(taken, 3, "and many networks of one customer's are one");
        assert!(limits.admit(of("198.51.100.1"), "example.com"), "the owner has the own ones");
        let taken = (0..200).filter(|n| limits.admit(of(&format!("192.0.2.{n}")), "example.com")).count();
        assert!((40..=60).contains(&taken), "{taken}: the site's server is spared");
        assert!(limits.admit(of("192.0.2.250"), "example.org"), "other domains are not held back");
    }
}

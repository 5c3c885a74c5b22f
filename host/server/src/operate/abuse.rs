//! What an abuse report is answered from: which keys solved what for a site, and when. Looking is an act, too: it is in the
//! audit log.

use capstan_domain::policy::plain_host;
use capstan_storage::{Reported, Trace};
use serde_json::{Value, json};
use url::Url;

use super::policy::Names;
use super::{Call, OperateError, times};

/// Most lines of one answer.
const MOST_LINES: u32 = 10_000;

/// What a report names.
pub(super) struct Report {
    pub(super) domain: Option<String>,
    pub(super) site_key: Option<String>,
    pub(super) since: String,
    pub(super) most: u32,
}

pub(super) async fn find(call: &Call<'_>, report: Report) -> Result<Value, OperateError> {
    let of = match (&report.domain, &report.site_key) {
        (Some(domain), None) => Reported::Host(read_domain(domain)?),
        (None, Some(site_key)) if !site_key.trim().is_empty() => Reported::SiteKey(site_key.trim().to_owned()),
        (None, _) | (Some(_), Some(_)) => {
            return Err(OperateError::Bad("domain: name a domain or a site key, one of the two".to_owned()));
        }
    };
    let since_ms = times::read_past("since", &report.since)?;
    let traces = call.operator.store.find_traces(&of, since_ms, report.most.clamp(1, MOST_LINES)).await?;
    let target = match &of {
        Reported::Host(host) => format!("site {host}"),
        Reported::SiteKey(site_key) => format!("site sitekey:{}", site_key.chars().take(100).collect::<String>()),
    };
    let detail = json!({"since": times::shown(since_ms), "lines": traces.len()});
    call.operator.store.record_audit(call.line("abuse find", target, detail)).await?;
    let names = Names::read(call.operator).await?;
    Ok(traces.iter().map(|trace| shown(trace, &names)).collect())
}

fn read_domain(text: &str) -> Result<String, OperateError> {
    let text = text.trim();
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}/") };
    Url::parse(&whole)
        .ok()
        .and_then(|url| plain_host(&url))
        .ok_or_else(|| OperateError::Bad("domain: it must be a host such as example.com".to_owned()))
}

fn shown(trace: &Trace, names: &Names) -> Value {
    let key = names.key(trace.key);
    json!({
        "key": trace.key, "publicId": key.map(|key| &key.public_id), "label": key.map(|key| &key.settings.label),
        "purpose": key.map(|key| &key.settings.purpose), "keyStatus": key.map(|key| key.status.as_str()),
        "account": trace.account, "accountName": names.account(trace.account), "family": trace.family,
        "tasks": trace.tasks, "solved": trace.solved, "first": times::shown(trace.first_at_ms),
        "last": times::shown(trace.last_at_ms),
    })
}

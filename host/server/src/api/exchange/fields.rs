//! What a contributor sends: a JSON object whose fields are all known. Unlike the client API, which meets programs that were
//! written for others, what is not understood here is refused: a limit that is misspelled must not be no limit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use capstan_domain::exchange::{OwnerLimits, statement};
use capstan_domain::policy::SiteList;
use capstan_domain::{Amount, catalogue};
use serde_json::{Map, Value};

use super::{Failure, Front};
use crate::exchange::contribute::statement_hash;
use crate::keys::hex;

/// Longest body, in bytes.
const MOST_BODY_BYTES: usize = 32 * 1024;
/// Most sites that one credential excludes.
const MOST_SITES: usize = 1_000;

/// The object of a body; what is taken from it is known, and what is left is not.
pub(super) struct Fields(Map<String, Value>);

impl FromRequest<Arc<Front>> for Fields {
    type Rejection = Failure;

    async fn from_request(request: Request, front: &Arc<Front>) -> Result<Self, Failure> {
        let body: Body = request.into_body();
        let arriving = axum::body::to_bytes(body, MOST_BODY_BYTES);
        let arrived = tokio::time::timeout(front.app.limits.body_within, arriving).await;
        let too_long = || Failure::new(413, "BODY_TOO_LARGE", format!("The body has at most {MOST_BODY_BYTES} bytes."));
        let bytes =
            arrived.map_err(|_| Failure::new(408, "TIMEOUT", "The body did not arrive."))?.map_err(|_| too_long())?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) | Err(_) => Err(Failure::new(400, "INVALID_BODY", "The body must be a JSON object.")),
        }
    }
}

/// Which part of a list is asked for, in a query.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Where an earlier page ended.
    pub(super) cursor: Option<String>,
    /// Most lines.
    pub(super) limit: Option<u32>,
    /// How many days back.
    pub(super) days: Option<i64>,
    /// As CSV.
    pub(super) csv: bool,
}

impl FromRequestParts<Arc<Front>> for Page {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Front>) -> Result<Self, Failure> {
        let mut page = Self::default();
        for (name, value) in url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            let bad = |what: &str| Failure::field(&name, format!("{name} must be {what}."));
            match &*name {
                "cursor" => page.cursor = Some(value.into_owned()),
                "limit" => page.limit = Some(value.parse().map_err(|_| bad("a whole number"))?),
                "days" => page.days = Some(value.parse().map_err(|_| bad("a whole number"))?),
                "csv" => page.csv = value.parse().map_err(|_| bad("true or false"))?,
                _ => return Err(Failure::field(&name, "There are cursor, limit, days and csv.")),
            }
        }
        Ok(page)
    }
}

impl Fields {
    /// A text; blank and absent ones are none.
    pub(super) fn text(&mut self, name: &str, most: usize) -> Result<Option<String>, Failure> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                let text = text.replace(['\r', '\n'], " ");
                let text = text.trim();
                if text.chars().count() > most || text.chars().any(char::is_control) {
                    return Err(Failure::field(name, format!("{name} must have at most {most} visible characters.")));
                }
                Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
            }
            Some(_) => Err(Failure::field(name, format!("{name} must be text."))),
        }
    }

    pub(super) fn needed(&mut self, name: &str, most: usize) -> Result<String, Failure> {
        self.text(name, most)?.ok_or_else(|| Failure::field(name, format!("{name} is missing.")))
    }

    /// An amount above zero, as decimal text or a number.
    pub(super) fn amount(&mut self, name: &str) -> Result<Amount, Failure> {
        let value = self.0.remove(name).ok_or_else(|| Failure::field(name, format!("{name} is missing.")))?;
        read_amount(name, &value).and_then(|amount| {
            let is_some = amount > Amount::ZERO;
            if is_some { Ok(amount) } else { Err(Failure::field(name, format!("{name} must be above zero."))) }
        })
    }

    /// A credential's fields.
    pub(super) fn secrets(&mut self) -> Result<BTreeMap<String, String>, Failure> {
        let bad = |why: &str| Failure::field("fields", why);
        let Some(Value::Object(fields)) = self.0.remove("fields") else {
            return Err(bad("fields must be an object of the provider's fields, such as {\"key\": \"…\"}."));
        };
        let read = |(name, value): (String, Value)| match value {
            Value::String(text) => Ok((name, text)),
            _ => Err(bad("Each of the fields must be text.")),
        };
        fields.into_iter().map(read).collect()
    }

    /// Who has signed the statement in force.
    pub(super) fn signature(&mut self) -> Result<String, Failure> {
        let Some(Value::Object(signature)) = self.0.remove("signature") else {
            let why = "signature is missing: {\"statementVersion\", \"statementSha256\", \"name\"} of GET /exchange/v1/statement.";
            return Err(Failure::field("signature", why));
        };
        let mut signature = Self(signature);
        let version = signature.0.remove("statementVersion");
        let hash = signature.needed("statementSha256", 64).map_err(|failure| failure.within("signature"))?;
        let name = signature.needed("name", 200).map_err(|failure| failure.within("signature"))?;
        signature.end().map_err(|failure| failure.within("signature"))?;
        let is_of_force = version.and_then(|version| version.as_u64()) == Some(statement::VERSION.into())
            && hash.eq_ignore_ascii_case(&hex(&statement_hash()));
        if !is_of_force {
            let why = format!(
                "Another text was signed: version {} is in force. Read it at GET /exchange/v1/statement, and sign that.",
                statement::VERSION
            );
            return Err(Failure::field("signature", why));
        }
        Ok(name)
    }

    /// What a credential is lent for; what is not said is as before.
    pub(super) fn limits(&mut self, before: OwnerLimits) -> Result<OwnerLimits, Failure> {
        match self.0.remove("limits") {
            None | Some(Value::Null) => Ok(before),
            Some(Value::Object(limits)) => read_limits(limits, before).map_err(|failure| failure.within("limits")),
            Some(_) => Err(Failure::field("limits", "limits must be an object.")),
        }
    }

    /// Nothing must be left.
    pub(super) fn end(self) -> Result<(), Failure> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => {
                let name: String = name.chars().take(40).collect();
                Err(Failure::field(&name, format!("{name} is no field of this request.")))
            }
        }
    }
}

fn read_limits(limits: Map<String, Value>, before: OwnerLimits) -> Result<OwnerLimits, Failure> {
    let mut made = before;
    for (name, value) in limits {
        let is_none = value.is_null();
        match name.as_str() {
            "dailyCap" => made.daily_cap = if is_none { None } else { Some(positive(&name, &value)?) },
            "mostOpen" => made.most_open = if is_none { None } else { Some(read_count(&name, &value)?) },
            "reserve" => made.reserve = if is_none { Amount::ZERO } else { read_amount(&name, &value)? },
            "taskTypes" => made.families = if is_none { None } else { Some(read_families(&name, &value)?) },
            "excludedSites" => {
                made.excluded = if is_none { SiteList::default() } else { read_sites(&name, &value)? };
            }
            _ => {
                let name: String = name.chars().take(40).collect();
                let why = "There are dailyCap, mostOpen, reserve, taskTypes and excludedSites.";
                return Err(Failure::field(&name, format!("{name} is no limit. {why}")));
            }
        }
    }
    Ok(made)
}

fn read_amount(name: &str, value: &Value) -> Result<Amount, Failure> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    let amount = Amount::from_decimal(&text).ok().filter(|amount| *amount >= Amount::ZERO);
    amount.ok_or_else(|| Failure::field(name, format!("{name} must be dollars, such as \"2.50\".")))
}

fn positive(name: &str, value: &Value) -> Result<Amount, Failure> {
    let amount = read_amount(name, value)?;
    let why = || Failure::field(name, format!("{name} must be above zero; null takes it away."));
    Some(amount).filter(|amount| *amount > Amount::ZERO).ok_or_else(why)
}

fn read_count(name: &str, value: &Value) -> Result<u32, Failure> {
    let count = value.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
    count.ok_or_else(|| Failure::field(name, format!("{name} must be a whole number above zero; null takes it away.")))
}

fn texts<'v>(name: &str, value: &'v Value) -> Result<Vec<&'v str>, Failure> {
    let all = value.as_array().and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    all.ok_or_else(|| Failure::field(name, format!("{name} must be a list of texts.")))
}

/// Families by their own names or by any name of a task type.
fn read_families(name: &str, value: &Value) -> Result<BTreeSet<String>, Failure> {
    let read = |text: &str| {
        let family = catalogue::by_name(text).or_else(|| catalogue::by_type_name(text).map(|(family, _)| family));
        let shown: String = text.chars().take(60).collect();
        let why = || Failure::field(name, format!("{name}: {shown:?} is no task type; GET /docs names them."));
        family.map(|family| family.name.to_owned()).ok_or_else(why)
    };
    let lent: BTreeSet<String> = texts(name, value)?.into_iter().map(read).collect::<Result<_, _>>()?;
    if lent.is_empty() {
        return Err(Failure::field(name, format!("{name} must name a task type; null lends it for all of them.")));
    }
    Ok(lent)
}

fn read_sites(name: &str, value: &Value) -> Result<SiteList, Failure> {
    let sites = texts(name, value)?;
    if sites.len() > MOST_SITES {
        return Err(Failure::field(name, format!("{name} has at most {MOST_SITES} sites.")));
    }
    SiteList::read(sites).map_err(|error| Failure::field(name, format!("{name}: {error}.")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        Fields(value.as_object().unwrap().clone())
    }

    #[test]
    fn limits_are_read_and_what_is_not_said_stays() {
        let said = json!({"limits": {
            "dailyCap": 2.5, "mostOpen": 3, "taskTypes": ["ReCaptchaV2TokenProxyLess", "turnstile"],
            "excludedSites": ["Example.com"], "reserve": "1"
        }});
        let limits = fields(said).limits(OwnerLimits::default()).unwrap();
        assert_eq!(limits.daily_cap, Some(Amount::from_nanos(2_500_000_000)));
        assert_eq!((limits.most_open, limits.reserve), (Some(3), Amount::from_nanos(1_000_000_000)));
        assert_eq!(limits.families, Some(["recaptcha_v2".to_owned(), "turnstile".to_owned()].into()));
        assert_eq!(limits.excluded.texts().collect::<Vec<_>>(), ["example.com"]);
        let changed = fields(json!({"limits": {"dailyCap": null, "mostOpen": 4}})).limits(limits.clone()).unwrap();
        assert_eq!(changed, OwnerLimits { daily_cap: None, most_open: Some(4), ..limits });
    }

    #[test]
    fn a_limit_that_cannot_be_is_named() {
        for (limits, field) in [
            (json!({"dailyCap": 0}), "limits.dailyCap"),
            (json!({"dailyCap": "-1"}), "limits.dailyCap"),
            (json!({"dailyCap": "much"}), "limits.dailyCap"),
            (json!({"mostOpen": 1.5}), "limits.mostOpen"),
            (json!({"taskTypes": []}), "limits.taskTypes"),
            (json!({"taskTypes": ["nonsense"]}), "limits.taskTypes"),
            (json!({"excludedSites": ["com"]}), "limits.excludedSites"),
            (json!({"excludedSites": ["example.com/path"]}), "limits.excludedSites"),
            (json!({"reserve": true}), "limits.reserve"),
            (json!({"dailyCaps": 1}), "limits.dailyCaps"),
        ] {
            let failure = fields(json!({"limits": limits})).limits(OwnerLimits::default()).unwrap_err();
            assert_eq!(failure.named(), Some(field), "{limits}");
        }
    }

    #[test]
    fn only_the_statement_in_force_can_be_signed() {
        let hash = hex(&statement_hash());
        let sign = |version: u32, hash: &str, name: &str| {
            fields(json!({"signature": {"statementVersion": version, "statementSha256": hash, "name": name}}))
                .signature()
        };
        assert_eq!(sign(statement::VERSION, &hash, " Ada Lovelace ").unwrap(), "Ada Lovelace");
        assert_eq!(sign(statement::VERSION + 1, &hash, "Ada").unwrap_err().named(), Some("signature"));
        assert_eq!(sign(statement::VERSION, "00", "Ada").unwrap_err().named(), Some("signature"));
        assert_eq!(sign(statement::VERSION, &hash, "  ").unwrap_err().named(), Some("signature.name"));
        assert_eq!(fields(json!({})).signature().unwrap_err().named(), Some("signature"));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert_eq!(fields(json!({"lable": "x"})).end().unwrap_err().named(), Some("lable"));
        assert!(fields(json!({})).end().is_ok());
    }
}

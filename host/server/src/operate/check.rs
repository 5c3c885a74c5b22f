//! `provider check`: the balance, and where it is wanted one solve, at a provider with the operator's own credential.
//!
//! Nothing of it touches an account of the gateway: what it costs is between the operator and the provider. It goes through
//! the adapter in its sandbox and through egress like every task, and everything said is noted in a transcript.

use std::sync::Arc;

use capstan_domain::adapter::{OpenTask, Operation, Solved, Step, Submission};
use capstan_domain::catalogue::{self, CanonicalTask};
use serde_json::{Map, Value, json};

use super::accounts::read_amount;
use super::credentials;
use super::transcript::{fault_json, money_text, noted};
use super::verb::Check;
use super::{Call, OperateError};
use crate::adapters::Latest;
use crate::clock;
use crate::line::{Cut, FOREIGN_STEP, Followed, Line, Said, Stands};
use crate::providers::{self, Beside, Credential, Provider};

/// Longest that a solve is waited for, whatever its provider allows.
const LONGEST_MS: u32 = 180_000;

/// Whom a check speaks to, and what was said.
struct Checked<'c> {
    line: Line<'c>,
    source: String,
    said: Vec<Value>,
}

pub(super) async fn check(call: &Call<'_>, asked: Check) -> Result<Value, OperateError> {
    let task = match &asked.task_type {
        Some(task_type) => Some(read_task(task_type, asked.task.as_ref())?),
        None => None,
    };
    let (provider, credential) = dial(call, &asked).await?;
    if let Some(task) = &task {
        refuse_dear(&provider, task, asked.max_cost.as_deref())?;
    }
    let (id, credential_id) = (provider.id.clone(), credential.id);
    let mut checked = Checked {
        source: provider.adapter.manifest().homepage.clone(),
        line: Line {
            egress: &call.operator.egress,
            adapter: provider.adapter,
            grant: provider.grant,
            binding: credential.binding,
            sealed: credential.sealed,
            time_scale: provider.time_scale,
        },
        said: Vec::new(),
    };
    let balance = match provider.abilities.balance {
        true => checked.balance().await,
        false => json!("the provider has no call for it"),
    };
    let solve = match task {
        Some(task) => Some(checked.solve(task).await),
        None => None,
    };
    let shown = json!({
        "provider": id, "credential": credential_id, "adapter": checked.line.adapter.digest().to_string(),
        "baseUrl": checked.line.grant.base_url.as_str(), "balance": balance, "solve": solve, "transcript": checked.said,
    });
    let cost = solve.as_ref().and_then(|solve| solve.get("cost")).cloned();
    let detail = json!({"balance": balance, "taskType": asked.task_type, "cost": cost});
    let target = format!("provider {id}");
    call.operator.store.record_audit(call.line("provider check", target, detail)).await?;
    Ok(shown)
}

/// Finds provider and credential as a task would be sent to them, disabled ones included: a check is how an operator finds
/// out whether they can be enabled.
async fn dial(call: &Call<'_>, asked: &Check) -> Result<(Provider, Credential), OperateError> {
    let operator = call.operator;
    let (adapter, row) = super::providers::set_up(operator, &asked.provider).await?;
    let id = row.id.clone();
    let found = match &asked.credential {
        Some(name) => credentials::find(operator, name).await?,
        None => credentials::first_of(operator, &id).await?,
    };
    if found.provider != id {
        return Err(OperateError::Bad(format!("credential: it is {}'s, not {id}'s", found.provider)));
    }
    let unusable = |error: providers::SnapshotError| OperateError::Bad(error.to_string());
    let publisher = operator.adapters.publisher_of(&adapter);
    let latest = Latest { adapter, quarantine: Arc::default(), publisher, is_in_force: true, trial: None };
    let provider = providers::provider(row, &latest, None).map_err(unusable)?;
    let beside = Beside { provider: Some(&provider), ..Beside::default() };
    let credential = providers::credential(found, beside, 1).map_err(unusable)?;
    if !credential.awaits.is_empty() {
        let (id, asked) = (credential.id, credential.awaits.join(", "));
        return Err(OperateError::Bad(format!("credential: {id} is not bound to what the adapter asks for: {asked}")));
    }
    Ok((provider, credential))
}

/// The task to be solved: the operator's own, or the sample of its family.
fn read_task(task_type: &str, given: Option<&Map<String, Value>>) -> Result<CanonicalTask, OperateError> {
    let mut task = given.cloned().unwrap_or_default();
    task.insert("type".to_owned(), json!(task_type));
    if given.is_none() {
        let family = catalogue::by_type_name(task_type).map(|(family, _)| family.name).unwrap_or_default();
        let sample = sample(family).ok_or_else(|| {
            OperateError::Bad(format!("task: there is no sample of {task_type:?}; give its parameters with --task"))
        })?;
        task.extend(sample);
    }
    catalogue::parse(&task).map_err(|error| OperateError::Bad(error.to_string()))
}

/// Pages that their owners publish for trying such a captcha out, and a picture that says W68HP.
fn sample(family: &str) -> Option<Map<String, Value>> {
    let page = |url: &str, key: &str| json!({"websiteURL": url, "websiteKey": key});
    let value = match family {
        "recaptcha_v2" => {
            page("https://www.google.com/recaptcha/api2/demo", "6Le-wvkSAAAAAPBMRTvw0Q4Muexq9bi0DJwx_mJ-")
        }
        "hcaptcha" => page("https://accounts.hcaptcha.com/demo", "a5f74b19-9e45-40e0-b45d-47ff91b7a6c2"),
        "turnstile" => page("https://demo.turnstile.workers.dev/", "1x00000000000000000000AA"),
        "image_to_text" => json!({"body": include_str!("sample_image.txt").trim()}),
        _ => return None,
    };
    value.as_object().cloned()
}

fn refuse_dear(provider: &Provider, task: &CanonicalTask, max_cost: Option<&str>) -> Result<(), OperateError> {
    let family = task.family.name;
    let listed = provider
        .list_price(family)
        .ok_or_else(|| OperateError::Bad(format!("type: {} lists no dollar price for {family}", provider.id)))?;
    let Some(text) = max_cost else {
        return Err(OperateError::Bad(format!(
            "max-cost: a solve costs money; the list price is {listed} USD, allow it with --max-cost {listed}"
        )));
    };
    let most = read_amount("max-cost", text)?;
    if listed > most {
        return Err(OperateError::Bad(format!("max-cost is {most}: the list price of {family} is {listed} USD")));
    }
    Ok(())
}

impl Checked<'_> {
    async fn balance(&mut self) -> Value {
        match self.run(Operation::Balance).await {
            Ok(Step::Balance(money)) => json!(money_text(&money)),
            other => told(other),
        }
    }

    /// One task from submit to its end.
    async fn solve(&mut self, task: CanonicalTask) -> Value {
        let submitted_at_ms = clock::now_ms();
        let family = task.family.name;
        let submission = Submission {
            attempt: clock::new_attempt_id(),
            family: family.to_owned(),
            parameters: Value::Object(task.parameters).to_string(),
            proxy: task.proxy,
        };
        let acceptance = match self.run(Operation::Submit(submission)).await {
            Ok(Step::Accepted(acceptance)) => acceptance,
            Ok(Step::Solved(solved)) => return solved_json(family, &solved, submitted_at_ms),
            other => return told(other),
        };
        let reference = acceptance.reference.clone();
        let open = OpenTask { reference: acceptance.reference, family: family.to_owned(), memo: acceptance.memo };
        let hint_ms = acceptance.poll_after_ms;
        let followed = Followed { task: open, submitted_at_ms, hint_ms, most_ms: LONGEST_MS };
        let Self { line, source, said } = self;
        match line.follow(followed, |poll| said.push(noted(source, &poll))).await {
            Stands::Solved(solved) => solved_json(family, &solved, submitted_at_ms),
            Stands::Failed(fault) => json!({"failed": fault_json(&fault)}),
            Stands::Unknown(why) => json!({"failed": why, "reference": reference}),
            Stands::Open => {
                json!({"failed": "not solved in time; the provider may still charge for it", "reference": reference})
            }
        }
    }

    /// One operation, noted.
    async fn run(&mut self, operation: Operation) -> Result<Step, Cut> {
        let said = self.line.say(operation).await;
        self.said.push(noted(&self.source, &said));
        let Said { ended, .. } = said;
        ended
    }
}

fn solved_json(family: &str, solved: &Solved, submitted_at_ms: i64) -> Value {
    let fields: Map<String, Value> = serde_json::from_str(&solved.solution).unwrap_or_default();
    json!({
        "family": family, "tookMs": clock::now_ms().saturating_sub(submitted_at_ms),
        "cost": solved.cost.as_ref().map(money_text), "fields": fields.keys().collect::<Vec<_>>(),
    })
}

/// How an operation ended that did not end as it should.
fn told(ended: Result<Step, Cut>) -> Value {
    match ended {
        Ok(Step::Failed(fault)) => json!({"failed": fault_json(&fault)}),
        Ok(_) => json!({"failed": FOREIGN_STEP}),
        Err(cut) => json!({"failed": cut.to_string()}),
    }
}

//! `provider check`: the balance, and where it is wanted one solve, at a provider with the operator's own credential.
//!
//! Nothing of it touches an account of the gateway: what it costs is between the operator and the provider. It goes through
//! the adapter in its sandbox and through egress like every task, and everything said is noted in a transcript.

use std::sync::Arc;
use std::time::Duration;

use capstan_domain::adapter::{Fault, MAX_STEPS, OpenTask, Operation, Reply, Standing, Step, Submission};
use capstan_domain::catalogue::{self, CanonicalTask};
use capstan_domain::schedule::{self, Polls};
use serde_json::{Map, Value, json};

use super::accounts::read_amount;
use super::credentials;
use super::transcript::{Transcript, fault_json, money_text};
use super::verb::Check;
use super::{Call, OperateError};
use crate::adapters::Latest;
use crate::clock;
use crate::providers::{self, Beside, Credential, Provider};

/// Longest that a solve is waited for, whatever its provider allows.
const LONGEST_MS: u32 = 180_000;
/// Longest wait that an adapter may ask for between two requests.
const LONGEST_WAIT_MS: u32 = 30_000;

/// Whom a check speaks to, and what was said.
struct Line<'c> {
    call: &'c Call<'c>,
    provider: Provider,
    credential: Credential,
    said: Vec<Value>,
}

pub(super) async fn check(call: &Call<'_>, asked: Check) -> Result<Value, OperateError> {
    let task = match &asked.task_type {
        Some(task_type) => Some(read_task(task_type, asked.task.as_ref())?),
        None => None,
    };
    let mut line = dial(call, &asked).await?;
    if let Some(task) = &task {
        refuse_dear(&line.provider, task, asked.max_cost.as_deref())?;
    }
    let balance = match line.provider.abilities.balance {
        true => line.balance().await,
        false => json!("the provider has no call for it"),
    };
    let solve = match task {
        Some(task) => Some(line.solve(task).await),
        None => None,
    };
    let shown = json!({
        "provider": line.provider.id, "credential": line.credential.id, "adapter": line.provider.adapter.digest().to_string(),
        "baseUrl": line.provider.grant.base_url.as_str(), "balance": balance, "solve": solve, "transcript": line.said,
    });
    let cost = solve.as_ref().and_then(|solve| solve.get("cost")).cloned();
    let detail = json!({"balance": balance, "taskType": asked.task_type, "cost": cost});
    let target = format!("provider {}", line.provider.id);
    call.operator.store.record_audit(call.line("provider check", target, detail)).await?;
    Ok(shown)
}

/// Finds provider and credential as a task would be sent to them, disabled ones included: a check is how an operator finds
/// out whether they can be enabled.
async fn dial<'c>(call: &'c Call<'c>, asked: &Check) -> Result<Line<'c>, OperateError> {
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
    let credential = providers::credential(found, Beside::default(), 1).map_err(unusable)?;
    Ok(Line { call, provider, credential, said: Vec::new() })
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

impl Line<'_> {
    async fn balance(&mut self) -> Value {
        match self.run(Operation::Balance).await {
            Ok(Step::Balance(money)) => json!(money_text(&money)),
            other => told(other),
        }
    }

    /// One task from submit to its end.
    async fn solve(&mut self, task: CanonicalTask) -> Value {
        let started_ms = clock::now_ms();
        let family = task.family.name;
        let submission = Submission {
            attempt: clock::new_attempt_id(),
            family: family.to_owned(),
            parameters: Value::Object(task.parameters).to_string(),
            proxy: task.proxy,
        };
        let acceptance = match self.run(Operation::Submit(submission)).await {
            Ok(Step::Accepted(acceptance)) => acceptance,
            Ok(Step::Solved(solved)) => return self.solved(family, &solved, started_ms),
            other => return told(other),
        };
        let limits = self.provider.limits;
        let hint_ms = acceptance.poll_after_ms.map(|ms| self.provider.in_our_time(ms));
        let deadline_ms = schedule::deadline_at_ms(started_ms, &limits, LONGEST_MS);
        let mut polls = Polls::default();
        let mut next_ms = Some(schedule::first_poll_at_ms(clock::now_ms(), &limits, hint_ms));
        let open = OpenTask { reference: acceptance.reference, family: family.to_owned(), memo: acceptance.memo };
        while let Some(at_ms) = next_ms.filter(|at_ms| *at_ms < deadline_ms) {
            let wait_ms = u64::try_from(at_ms.saturating_sub(clock::now_ms())).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            polls.used += 1;
            polls.hint_ms = None;
            match self.run(Operation::Poll(vec![open.clone()])).await {
                Ok(Step::Polled(verdicts)) => match verdicts.into_iter().next().map(|verdict| verdict.standing) {
                    Some(Standing::Solved(solved)) => return self.solved(family, &solved, started_ms),
                    Some(Standing::Failed(fault)) => return json!({"failed": fault_json(&fault)}),
                    Some(Standing::Open(hint_ms)) => polls.hint_ms = hint_ms.map(|ms| self.provider.in_our_time(ms)),
                    None => {}
                },
                other => return told(other),
            }
            next_ms = schedule::next_poll_at_ms(clock::now_ms(), deadline_ms, &limits, &polls);
        }
        json!({"failed": "not solved in time; the provider may still charge for it", "reference": open.reference})
    }

    fn solved(&self, family: &str, solved: &capstan_domain::adapter::Solved, started_ms: i64) -> Value {
        let fields: Map<String, Value> = serde_json::from_str(&solved.solution).unwrap_or_default();
        json!({
            "family": family, "tookMs": clock::now_ms().saturating_sub(started_ms),
            "cost": solved.cost.as_ref().map(money_text), "fields": fields.keys().collect::<Vec<_>>(),
        })
    }

    /// One operation, noted. Its own loop rather than the tasks': that one moves tasks, this one writes down what it hears.
    async fn run(&mut self, operation: Operation) -> Result<Step, String> {
        let mut transcript = Transcript::of(&operation);
        let ended = self.steps(operation, &mut transcript).await;
        let source = self.provider.adapter.manifest().homepage.clone();
        self.said.push(transcript.ended(&source, ended.as_ref().ok()));
        ended
    }

    async fn steps(&self, operation: Operation, transcript: &mut Transcript) -> Result<Step, String> {
        let adapter = &self.provider.adapter;
        let mut step = adapter.begin(operation).await.map_err(|error| error.to_string())?;
        for _ in 0..MAX_STEPS {
            let (state, reply) = match step {
                Step::Send(request, state) => {
                    let key = (&self.credential.binding, &self.credential.sealed);
                    match self.call.operator.egress.send(&self.provider.grant, Some(key), &request).await {
                        Ok(response) => {
                            transcript.exchanged(&request, &response);
                            (state, Reply::Response(response))
                        }
                        Err(error) => {
                            transcript.unanswered(&request, &error.to_string());
                            return Err(error.to_string());
                        }
                    }
                }
                Step::Wait(wait_ms, state) => {
                    let ours_ms = self.provider.in_our_time(wait_ms.min(LONGEST_WAIT_MS));
                    tokio::time::sleep(Duration::from_millis(u64::from(ours_ms))).await;
                    transcript.waited(wait_ms);
                    (state, Reply::Waited)
                }
                end => return Ok(end),
            };
            step = adapter.advance(state, reply).await.map_err(|error| error.to_string())?;
        }
        Err(format!("the adapter took more than {MAX_STEPS} steps"))
    }
}

/// How an operation ended that did not end as it should.
fn told(ended: Result<Step, String>) -> Value {
    match ended {
        Ok(Step::Failed(Fault { class, code, message, charged })) => {
            json!({"failed": fault_json(&Fault { class, code, message, charged })})
        }
        Ok(_) => json!({"failed": "the adapter ended with a step that does not belong to the operation"}),
        Err(error) => json!({"failed": error}),
    }
}

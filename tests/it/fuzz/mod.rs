//! Requests made from valid ones by mutation, in every dialect: no 5xx, no panic, every answer within the dialect's closed
//! form, and what is valid arrives at the provider as it was sent.
//!
//! [`tasks`] makes valid tasks and says how each must arrive; [`faces`] writes them as a dialect's clients do and breaks
//! them; [`forms`] knows what a dialect may answer.

mod faces;
mod forms;
mod tasks;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use capstan_domain::Amount;
use capstan_server::settings::Limits;
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::{is_full, test};
use futures_util::stream::{self, StreamExt as _};
use libtest_mimic::Trial;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;

use faces::{Face, Fate, Mutant};

pub(crate) fn tests() -> Vec<Trial> {
    let count = requests();
    let of = |face: Face| {
        let name =
            format!("fuzz: {count} {} requests, no 5xx, closed answers, valid tasks arrive unchanged", face.name());
        test(name, move || fuzz(face, count))
    };
    Face::ALL.map(of).into_iter().collect()
}

/// How many requests a face gets.
fn requests() -> usize {
    if is_full() { 100_000 } else { 2_500 }
}

const SEED: u64 = 20_261_125;

async fn fuzz(face: Face, count: usize) -> Result<()> {
    let much = 1_000_000.try_into()?;
    let limits = Limits { key_rate: much, key_burst: much, ..Limits::default() };
    let balance = Amount::from_nanos(1_000_000_000_000);
    let gateway = TestGateway::start(Setup { limits, balance, ..Setup::default() }).await?;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mutants: Vec<Mutant> = (0..count).map(|n| face.mutant(&mut rng, n, &gateway.client.key)).collect();
    let expected: BTreeMap<String, Value> = mutants.iter().filter_map(Mutant::arrival).collect();
    ensure!(expected.len() * 10 >= count * 3, "only {} of {count} requests are valid tasks", expected.len());

    let client = match face.listener() {
        Some(dialect) => gateway.listener(dialect)?,
        None => gateway.client.clone(),
    };
    let send = |mutant: Mutant| {
        let client = client.clone();
        async move {
            let Mutant { method, path, headers, body, fate } = mutant;
            let shown =
                format!("{method} {path} {headers:?} {}", String::from_utf8_lossy(&body[..body.len().min(600)]));
            let answer = client.raw((method, &path), |request| {
                headers.into_iter().fold(request.body(body), |request, (name, value)| request.header(name, value))
            });
            (fate, shown, answer.await)
        }
    };
    let mut answers = stream::iter(mutants).map(send).buffer_unordered(16);
    let (mut created, mut answered, mut seen) = (0, 0usize, Arrivals::default());
    while let Some((fate, shown, answer)) = answers.next().await {
        answered += 1;
        if answered % 1_000 == 0 {
            seen.collect(&gateway);
        }
        let answer = answer.with_context(|| format!("no answer to {shown}"))?;
        ensure!(answer.status < 500, "{answer:?} to {shown}");
        let accepted = forms::check(face, &answer).with_context(|| format!("{answer:?} to {shown}"))?;
        match fate {
            Fate::Valid(_) => ensure!(accepted, "{answer:?} to {shown}"),
            Fate::Broken => ensure!(!accepted, "{answer:?} to {shown}"),
            Fate::Either => {}
        }
        created += usize::from(matches!(fate, Fate::Valid(_)));
    }
    drop(answers);
    ensure!(created == expected.len(), "{created} created of {}", expected.len());
    seen.collect(&gateway);
    arrived(&seen, &expected)?;
    gateway.finish().await
}

/// What arrived at the provider, taken down now and then: its own record has a bound.
#[derive(Default)]
struct Arrivals {
    last: u64,
    tasks: Vec<Value>,
}

impl Arrivals {
    fn collect(&mut self, gateway: &TestGateway) {
        for received in gateway.provider.received_after(self.last) {
            self.last = self.last.max(received.number);
            if received.path == "/createTask" {
                self.tasks.extend(received.task_json());
            }
        }
    }
}

/// Every valid task arrived once, as it must.
fn arrived(seen: &Arrivals, expected: &BTreeMap<String, Value>) -> Result<()> {
    let mut left = expected.clone();
    for task in &seen.tasks {
        let marker = tasks::marker(task);
        // What was made of a request that could go either way is nobody's.
        let Some(sent) = expected.get(&marker) else { continue };
        ensure!(sent == task, "sent {sent}, received {task}");
        ensure!(left.remove(&marker).is_some(), "arrived twice: {task}");
    }
    ensure!(left.is_empty(), "{} did not arrive, such as {:?}", left.len(), left.first_key_value());
    Ok(())
}

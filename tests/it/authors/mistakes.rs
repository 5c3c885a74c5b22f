//! What authors get wrong, planted one by one into the project that `adapter new` writes, and what `adapter test` says of it.
//! Where a mistake would be in the author's head, it is in the fixture as well.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use capstan_tests::process::Process;
use serde_json::Value;

use super::{clean, forget, share_target};

/// A change of a text.
type Change = (&'static str, &'static str);

struct Mistake {
    name: &'static str,
    /// In the source.
    source: Change,
    /// In a fixture, where the author believes in it.
    fixture: Option<(&'static str, Change)>,
    /// The fixture that tells of it, and what is told.
    told: (&'static str, &'static str),
}

impl Mistake {
    const NONE: Self = Self { name: "", source: ("", ""), fixture: None, told: ("", "") };
}

const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "a_field_of_another_name",
        source: ("Send(\"sitekey\")", "Send(\"site_key\")"),
        told: ("submit", "exchanges[0].request.json.sitekey: expected \"0x4AAAAAAAexample\", and it is missing"),
        ..Mistake::NONE
    },
    Mistake {
        name: "the_credential_in_another_place",
        source: (
            "Placement::header(\"key\", \"authorization\", \"Bearer \")",
            "Placement::query(\"key\", \"api_key\")",
        ),
        told: ("submit", "exchanges[0].request.placements[0].query: \"api_key\" is not expected"),
        ..Mistake::NONE
    },
    Mistake {
        name: "a_placement_that_is_not_declared",
        source: (
            "Request::get(\"/v1/account\").with_credential(key())",
            "Request::get(\"/v1/account\").with_credential(Placement::query(\"key\", \"api_key\"))",
        ),
        told: ("balance", "exchanges[0].request.placements[0]: it is not among the manifest's placements"),
        ..Mistake::NONE
    },
    Mistake {
        name: "a_placement_that_the_body_has_no_place_for",
        source: (
            "Placement::header(\"key\", \"authorization\", \"Bearer \")",
            "Placement::form_field(\"key\", \"api_key\")",
        ),
        told: ("submit", "exchanges[0].request: it would be refused: the placement \"api_key\" does not suit the body"),
        ..Mistake::NONE
    },
    Mistake {
        name: "another_class_of_fault",
        source: ("code: \"unsolvable\", class: Unsolvable", "code: \"unsolvable\", class: NoCapacity"),
        told: ("poll-unsolvable", "end.polled[0].failed.class: expected \"unsolvable\", found \"no-capacity\""),
        ..Mistake::NONE
    },
    Mistake {
        name: "a_poll_that_forgets_its_task",
        source: ("vec![Verdict { reference, standing }]", "vec![Verdict { reference, standing }; 0]"),
        told: ("poll-solved", "end.polled[0]: expected {\"reference\":\"j_81f2\",\"solved\":"),
        ..Mistake::NONE
    },
    Mistake {
        name: "a_verdict_on_another_task",
        source: (
            ".then(State::Polling { reference: task.reference })",
            ".then(State::Polling { reference: task.family })",
        ),
        fixture: Some((
            "poll-solved",
            ("\"reference\": \"j_81f2\",\n        \"solved\"", "\"reference\": \"turnstile\",\n        \"solved\""),
        )),
        told: ("poll-solved", "end.polled[0].reference: \"turnstile\" was not asked about"),
    },
    Mistake {
        name: "a_solution_of_another_name",
        source: ("json!({ \"token\": token })", "json!({ \"answer\": token })"),
        fixture: Some(("poll-solved", ("\"solution\": { \"token\"", "\"solution\": { \"answer\""))),
        told: ("poll-solved", "end.polled[0].solved.solution: a solution of turnstile lacks token"),
    },
    Mistake {
        name: "a_cost_that_is_no_decimal",
        source: (
            "answer.cost.as_ref().and_then(Money::usd_from_json)",
            "answer.cost.as_ref().map(|cost| Money::usd(&format!(\"${}\", cost.as_str().unwrap_or_default())))",
        ),
        fixture: Some(("poll-solved", ("\"0.0018 USD\"", "\"$0.0018 USD\""))),
        told: ("poll-solved", "end.polled[0].solved.cost: \"$0.0018\" is no plain decimal"),
    },
    Mistake {
        name: "the_state_of_another_request",
        source: (".then(State::ReadingBalance)", ".then(State::Reporting)"),
        told: ("balance", "end.failed: {\"charged\":\"no\",\"class\":\"provider-down\",\"code\":\"UNREADABLE_REPLY\""),
        ..Mistake::NONE
    },
    Mistake {
        name: "a_host_that_is_not_declared",
        source: (
            "Request::get(&format!(\"/v1/jobs/{}\"",
            "Request::get(&format!(\"https://results.solver.example/v1/jobs/{}\"",
        ),
        fixture: Some(("poll-solved", ("\"url\": \"/v1/jobs/", "\"url\": \"https://results.solver.example/v1/jobs/"))),
        told: (
            "poll-solved",
            "exchanges[0].request: it would be refused: the host results.solver.example is not allowed",
        ),
    },
    Mistake {
        name: "a_header_of_the_hosts",
        source: (
            "Request::get(\"/v1/account\").with_credential(key())",
            "Request::get(\"/v1/account\").with_header(\"host\", \"api.solver.example\").with_credential(key())",
        ),
        told: ("balance", "exchanges[0].request: it would be refused: the header \"host\" is not the adapter's to set"),
        ..Mistake::NONE
    },
    Mistake {
        name: "a_step_of_another_operation",
        source: (
            "(Some(\"queued\" | \"working\"), None) => Standing::Open(None),",
            "(Some(\"solved\"), None) => return Ok(Next::Done),",
        ),
        fixture: None,
        told: ("poll-solved", "end: poll does not end in done, but in polled or failed"),
    },
    Mistake {
        name: "a_task_that_was_sent_nowhere",
        source: (
            "Request::post_json(\"/v1/jobs\", &Value::Object(job.0)).with_credential(key()).then(State::Submitting)",
            "Ok(Next::Accepted(Acceptance { reference: job.0.len().to_string(), memo: vec![], poll_after_ms: None }))",
        ),
        told: ("submit", "exchanges[0]: expected that it goes on with a request, found {\"accepted\":"),
        ..Mistake::NONE
    },
    Mistake {
        name: "an_ability_that_is_not_declared",
        source: ("Abilities::BALANCE | Abilities::REPORT", "Abilities::BALANCE"),
        told: ("report", "operation: report is not among the manifest's abilities"),
        ..Mistake::NONE
    },
    Mistake {
        name: "a_parameter_that_the_catalogue_does_not_have",
        source: (
            "(\"websiteKey\", Send(\"sitekey\")),\n            (\"action\"",
            "(\"siteKey\", Send(\"sitekey\")),\n            (\"action\"",
        ),
        fixture: Some(("submit", ("\"websiteKey\"", "\"siteKey\""))),
        told: (
            "submit",
            "operation.submit.parameters.siteKey: turnstile has no such parameter in the catalogue; it has websiteURL,",
        ),
    },
    Mistake {
        name: "a_crash",
        source: (
            "match answer.as_ref().and_then(|answer| answer.dollars.as_ref()) {",
            "match answer.as_ref().and_then(|answer| answer.detail.as_deref().map(|_| answer.dollars.as_ref()).unwrap()) {",
        ),
        told: ("balance", "advance after exchanges[0]: the adapter crashed"),
        ..Mistake::NONE
    },
];

pub(crate) async fn are_told() -> Result<()> {
    tokio::task::spawn_blocking(|| {
        let dir = tempfile::tempdir()?;
        let (project, log) = (dir.path().join("adapter"), dir.path().join("log"));
        let shown = project.display().to_string();
        let (code, _) = Process::prints(&["adapter", "new", &shown, "--language", "rust"], &log)?;
        ensure!(code == Some(0), "{}", std::fs::read_to_string(&log)?);
        plant(&project)?;
        build(&project)?;
        for mistake in MISTAKES {
            let fixtures = fixtures(&project, mistake).with_context(|| mistake.name.to_owned())?;
            let component = project.join(format!("target/wasm32-wasip2/release/examples/{}.wasm", mistake.name));
            let (component, fixtures) = (component.display().to_string(), fixtures.display().to_string());
            let (code, said) = Process::prints(&["adapter", "test", "--json", &component, &fixtures], &log)?;
            let told: Vec<Value> = serde_json::from_str(&said).with_context(|| format!("{}: {said}", mistake.name))?;
            let (fixture, text) = mistake.told;
            let one = told.iter().find(|one| one["fixture"] == fixture).context("the fixture is missing")?;
            let wrong: Vec<&str> = one["wrong"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let is_told = wrong.iter().any(|wrong| wrong.starts_with(text));
            ensure!(code == Some(1) && is_told, "{}: {wrong:#?}", mistake.name);
        }
        forget(&project)
    })
    .await?
}

/// The source with each mistake, as a component of its own beside the project's.
fn plant(project: &Path) -> Result<()> {
    let source = std::fs::read_to_string(project.join("src/lib.rs"))?;
    let source = source.split_once("#[cfg(test)]").context("no tests at the end")?.0;
    let manifest = project.join("Cargo.toml");
    // Built fast, each of them alone.
    let mut text = std::fs::read_to_string(&manifest)?.replace("lto = true", "lto = false").replace("\"s\"", "0");
    std::fs::create_dir(project.join("examples"))?;
    for Mistake { name, source: (right, wrong), .. } in MISTAKES {
        ensure!(source.contains(right), "{name}: the source has no {right}");
        std::fs::write(project.join(format!("examples/{name}.rs")), source.replace(right, wrong))?;
        text.push_str(&format!("\n[[example]]\nname = \"{name}\"\ncrate-type = [\"cdylib\"]\n"));
    }
    std::fs::write(manifest, text)?;
    std::fs::copy(capstan::adapters::workspace().join("Cargo.lock"), project.join("Cargo.lock"))?;
    share_target(project)
}

fn build(project: &Path) -> Result<()> {
    // The target is there once one of the repository's own adapters has been built.
    capstan::adapters::build(&["adapter-capsolver"], |_| ())?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--examples", "--release", "--target", "wasm32-wasip2"]);
    clean(&mut cargo);
    let output = cargo.current_dir(project).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The project's fixtures, the believed one changed.
fn fixtures(project: &Path, mistake: &Mistake) -> Result<std::path::PathBuf> {
    let (from, to) = (project.join("fixtures"), project.join("believed").join(mistake.name));
    std::fs::create_dir_all(&to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let mut text = std::fs::read_to_string(entry.path())?;
        let name = entry.file_name();
        if let Some((fixture, (right, wrong))) = mistake.fixture
            && name.to_str() == Some(&format!("{fixture}.json"))
        {
            ensure!(text.contains(right), "the fixture has no {right}");
            text = text.replace(right, wrong);
        }
        std::fs::write(to.join(name), text)?;
    }
    Ok(to)
}

//! `capstan adapter record`: a task is had solved at a provider once, and what was said is written as fixtures.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use capstan_domain::catalogue;
use capstan_server::transcribing::{Party, Stood, Transcribed, Transcriber};
use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::adapter_test;
use crate::operator::{input, spinner};

/// Which component, what is recorded, and where to.
#[derive(Debug, Args)]
pub struct AdapterRecordArgs {
    /// The component's file.
    pub component: PathBuf,
    /// The task as a client writes it, as a JSON file: {"type": …}.
    #[arg(long, value_name = "FILE")]
    pub task: PathBuf,
    /// The credential's file: one line with the key, or a line FIELD=VALUE for each field; - is standard input.
    #[arg(long, value_name = "FILE")]
    pub credential: PathBuf,
    /// Where requests go instead of the adapter's own address, such as a simulator's.
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// The page that documents what is recorded.
    #[arg(long, value_name = "URL")]
    pub source: String,
    /// The folder of the fixtures; it is made where there is none.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Ask for the balance, too, before the task.
    #[arg(long)]
    pub balance: bool,
    /// Write over fixtures that exist. Else nothing is sent where there is one.
    #[arg(long)]
    pub replace: bool,
    /// Divides every wait (for a simulated provider whose times are divided as well).
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub time_scale: u32,
}

/// Records one task.
///
/// # Errors
/// Why nothing was sent; or what went wrong afterwards, with what is known.
pub(crate) async fn record(args: AdapterRecordArgs, is_json: bool) -> Result<()> {
    let AdapterRecordArgs { component, task, credential, base_url, source, out, balance, replace, time_scale } = args;
    let task = input::json_object(&task)?;
    let task = catalogue::parse(&task).context("no such task is sent")?;
    let fields = input::secret_fields_in(&credential)?;
    let mut written = Written { folder: out, family: task.family.name, replace, lines: Vec::new(), faults: Vec::new() };
    written.prepare(balance)?;
    let (adapter, _) = adapter_test::admit(component).await?;
    let mut recorder = Transcriber::new(adapter, Party { source, base_url, time_scale, fields })?;
    recorder.check(&task, balance)?;

    let bar = spinner("asking the provider");
    if balance {
        let recorded = recorder.balance().await;
        written.write(&recorded);
        if recorded.fixture.is_err() {
            bar.finish_and_clear();
            written.faults.push("submit: the task was not sent".to_owned());
            return written.end(is_json);
        }
    }
    let (recorded, accepted) = recorder.submit(task).await;
    written.write(&recorded);
    if let Some(accepted) = accepted {
        let reference = accepted.reference().to_owned();
        // At once: whoever ends it now should know what the provider has.
        tell(&bar, &format!("the provider has the task, as {reference}; asking about it"));
        let followed = recorder.follow(accepted, |polls| bar.set_message(format!("asked {polls} times"))).await;
        written.follow(&reference, followed);
    }
    bar.finish_and_clear();
    written.end(is_json)
}

/// What has been recorded, and where it is.
struct Written {
    folder: PathBuf,
    family: &'static str,
    replace: bool,
    lines: Vec<Value>,
    faults: Vec<String>,
}

impl Written {
    /// Makes the folder, and refuses to go on where something is in the way: a task costs money, and is sent once.
    fn prepare(&self, balance: bool) -> Result<()> {
        std::fs::create_dir_all(&self.folder).with_context(|| format!("{} cannot be made", self.folder.display()))?;
        for operation in ["submit", "poll"].into_iter().chain(balance.then_some("balance")) {
            let path = self.path(operation);
            if path.exists() && !self.replace {
                bail!("{} exists; --replace writes over it", path.display());
            }
        }
        Ok(())
    }

    fn path(&self, operation: &str) -> PathBuf {
        let name = if operation == "balance" { operation.to_owned() } else { format!("{operation}-{}", self.family) };
        self.folder.join(name + ".json")
    }

    fn write(&mut self, recorded: &Transcribed) {
        let Transcribed { operation, fixture, wrong, ended } = recorded;
        let path = self.path(operation);
        let written = match fixture {
            Ok(fixture) => write(&path, fixture, self.replace).map_err(|error| format!("{error:#}")),
            Err(why) => Err(format!("no fixture was written: {why}")),
        };
        match (&written, ended.get("cut")) {
            (Err(_), Some(cut)) => self.faults.push(format!("{operation}: {}", cut_off(cut))),
            (Err(why), None) => self.faults.push(format!("{operation}: {why}")),
            (Ok(()), _) => {}
        }
        if !wrong.is_empty() {
            self.faults.push(format!("{operation}: adapter test says of it: {}", wrong.join("; ")));
        }
        // What cannot be had again is handed over in another way.
        let unwritten = fixture.as_ref().ok().filter(|_| written.is_err());
        self.lines.push(json!({
            "operation": operation, "file": written.is_ok().then(|| path.display().to_string()),
            "ended": ended, "wrong": wrong, "fixture": unwritten,
        }));
    }

    fn follow(&mut self, reference: &str, followed: Option<(Transcribed, Stood)>) {
        let Some((recorded, stood)) = followed else {
            return self.faults.push(format!("poll: there was no time to ask about {reference}"));
        };
        self.write(&recorded);
        match stood {
            Stood::Over => {}
            Stood::Open => self.faults.push(format!(
                "poll: {reference} was still open when time was up; the provider may still charge for it"
            )),
            Stood::Unknown(why) => self.faults.push(format!("poll: nothing is known of {reference}: {why}")),
        }
    }

    fn end(self, is_json: bool) -> Result<()> {
        crate::say(&if is_json {
            json!({"family": self.family, "recorded": self.lines, "faults": self.faults}).to_string()
        } else {
            self.lines.iter().map(line).collect::<Vec<_>>().join("\n")
        });
        if self.faults.is_empty() { Ok(()) } else { bail!("{}", self.faults.join("; ")) }
    }
}

/// What is known of an operation that came to no end.
fn cut_off(cut: &Value) -> String {
    let why = cut.get("why").and_then(Value::as_str).unwrap_or_default();
    match (cut.get("lastStatus").and_then(Value::as_u64), cut.get("mayHaveBeenSent")) {
        (Some(status), _) => format!("{why}; it was answered with status {status}, and what it said is lost"),
        (None, Some(Value::Bool(false))) => format!("{why}; it surely was not sent"),
        (None, _) => format!("{why}; it may have been sent"),
    }
}

/// A file that came to be there meanwhile is left alone, too.
fn write(path: &Path, fixture: &Value, replace: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(!replace).create(replace).truncate(replace);
    let unwritten = || format!("{} cannot be written", path.display());
    let mut file = options.open(path).with_context(unwritten)?;
    let text = serde_json::to_string_pretty(fixture)? + "\n";
    file.write_all(text.as_bytes()).with_context(unwritten)
}

fn line(recorded: &Value) -> String {
    let text = |name: &str| recorded.get(name).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
    let [operation, ended] = ["operation", "ended"].map(|name| text(name).unwrap_or_default());
    let file = recorded.get("file").and_then(Value::as_str).unwrap_or("(not written)");
    let fixture = recorded.get("fixture").filter(|fixture| !fixture.is_null());
    let fixture = fixture.map(|fixture| format!("\n{fixture}")).unwrap_or_default();
    format!("{operation:<8}{file}  {ended}{fixture}")
}

/// A line on stderr, which is not for a program that reads the answer.
#[expect(clippy::print_stderr, reason = "stdout is for the answer")]
fn tell(bar: &ProgressBar, text: &str) {
    bar.suspend(|| eprintln!("{text}"));
}

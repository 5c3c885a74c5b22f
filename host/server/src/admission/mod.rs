//! Admission: what a component has to pass before it gets a task, stage by stage, each with a verdict that is kept and shown.
//!
//! The order is from what costs nothing to what runs the stranger's code: whose is it, what does it ask for, does it compile, what does
//! it say of itself, does it do what its author's fixtures say, does it keep to what none may break. What comes after that, a trial
//! with a share of the tasks, is `adapters/trial.rs`. Nothing here is sent anywhere.

pub mod conformance;
mod replay;

use std::fmt::Write as _;

use capstan_package::{Fixtures, Moment, Package, Question, Seen, Trust, Verdict as Believed, verify};
use capstan_sandbox::{Adapter, AdmissionError, Digest};
use capstan_storage::{Admission, Store, StoreError};
use serde_json::{Value, json};

use crate::adapters::{Adapters, LoadError};
use crate::app::App;
use crate::{clock, fixtures};
use replay::Compared;

/// Differences that are told of an adapter's fixtures.
const MOST_TOLD: usize = 10;

/// What is to be admitted, and how.
pub(crate) struct Asked<'a> {
    /// A component, or a package.
    pub(crate) file: Vec<u8>,
    /// Whether a component may come without a package, which nobody answers for.
    pub(crate) unsigned: bool,
    /// Whether an older version than has been seen may come.
    pub(crate) downgrade: bool,
    /// Whom the operator trusts.
    pub(crate) trust: &'a Trust,
    /// The gateway that runs, which has seen what its providers answer.
    pub(crate) running: Option<&'a App>,
}

/// An adapter that has passed.
pub(crate) struct Admitted {
    pub(crate) adapter: Adapter,
    pub(crate) component: Vec<u8>,
    /// The id of its publisher's key.
    pub(crate) publisher: Option<String>,
}

/// Why one has not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAdmitted {
    /// It did not pass.
    #[error("{stage}: {why}")]
    Refused {
        /// At which stage.
        stage: &'static str,
        /// Why.
        why: String,
    },
    /// The database.
    #[error("what is known of its provider cannot be read")]
    Store(#[from] StoreError),
}

/// The stages that a component has come through, in their order.
#[derive(Default)]
pub(crate) struct Stages(Vec<Stage>);

struct Stage {
    name: &'static str,
    verdict: &'static str,
    detail: String,
}

impl Stages {
    fn passed(&mut self, name: &'static str, detail: impl Into<String>) {
        self.0.push(Stage { name, verdict: "passed", detail: detail.into() });
    }

    fn skipped(&mut self, name: &'static str, detail: impl Into<String>) {
        self.0.push(Stage { name, verdict: "skipped", detail: detail.into() });
    }

    fn refused(&mut self, stage: &'static str, why: String) -> NotAdmitted {
        self.0.push(Stage { name: stage, verdict: "refused", detail: why.clone() });
        NotAdmitted::Refused { stage, why }
    }

    /// As it is stored and shown.
    pub(crate) fn shown(&self) -> Value {
        let shown = |stage: &Stage| json!({"stage": stage.name, "verdict": stage.verdict, "detail": stage.detail});
        self.0.iter().map(shown).collect()
    }
}

/// Takes a component, or a package of one, through every stage, and writes down what became of it.
///
/// # Errors
/// [`NotAdmitted`], for the first stage that it does not pass.
pub(crate) async fn admit(
    adapters: &Adapters,
    store: &Store,
    asked: Asked<'_>,
) -> Result<(Admitted, Stages), NotAdmitted> {
    let mut stages = Stages::default();
    let mut of = Of { digest: Digest::of(&asked.file), provider: None };
    let passed = pass(adapters, store, asked, (&mut stages, &mut of)).await;
    store
        .add_admission(Admission {
            id: clock::new_uuid().to_string(),
            at_ms: clock::now_ms(),
            digest: *of.digest.as_bytes(),
            provider: of.provider,
            is_admitted: passed.is_ok(),
            stages: stages.shown().to_string(),
        })
        .await?;
    Ok((passed?, stages))
}

/// What the stages are about, as far as that is known.
struct Of {
    digest: Digest,
    provider: Option<capstan_domain::ProviderId>,
}

/// A component out of its package, if it came in one.
struct Unpacked {
    component: Vec<u8>,
    signed: Option<(Fixtures, Believed)>,
}

async fn pass(
    adapters: &Adapters,
    store: &Store,
    asked: Asked<'_>,
    (stages, of): (&mut Stages, &mut Of),
) -> Result<Admitted, NotAdmitted> {
    let running = asked.running;
    let Unpacked { component, signed } = unpack(store, asked, stages).await?;
    of.digest = Digest::of(&component);
    of.provider = signed.as_ref().map(|(_, believed)| believed.statement.provider.clone());
    stages.passed("digest", of.digest.to_string());
    let adapter = match adapters.admit(component.clone()).await {
        Ok(adapter) => adapter,
        Err(LoadError::Refused(error)) => return Err(stages.refused(stage_of(&error), error.to_string())),
        Err(LoadError::Store(error)) => return Err(error.into()),
        Err(error @ (LoadError::NoSandbox | LoadError::Gone | LoadError::Lost(_))) => {
            return Err(stages.refused("sandbox", error.to_string()));
        }
    };
    let manifest = adapter.manifest();
    of.provider = Some(manifest.provider.clone());
    stages.passed("imports", "none but the contract's and inert ones");
    stages.passed("size", format!("{} bytes: a {} guest", component.len(), adapter.class().as_str()));
    stages.passed("compile", if adapter.from_cache() { "its code was kept" } else { "in a process of its own" });
    stages.passed("describe", format!("{} {}", manifest.provider, manifest.version));
    let publisher = signed.as_ref().map(|(_, believed)| believed.statement.publisher.to_string());
    match signed {
        Some((fixtures, believed)) => {
            let differs = believed.statement.differences(manifest);
            if !differs.is_empty() {
                let why = format!("the component says of itself another {} than was signed", differs.join(", "));
                return Err(stages.refused("statement", why));
            }
            stages.passed("statement", "the component says of itself what was signed");
            replay_fixtures(&adapter, &fixtures, stages).await?;
        }
        None => stages.skipped("fixtures", "a component has none with it"),
    }
    let examined = conformance::examine(&adapter).await;
    if !examined.wrong.is_empty() {
        return Err(stages.refused("conformance", examined.wrong.join("; ")));
    }
    let said = format!("in {} calls nonsense was taken for nonsense, and equal ones gave equal steps", examined.calls);
    stages.passed("conformance", said);
    compare_with_the_one_in_force(adapters, running, &adapter, stages).await;
    Ok(Admitted { adapter, component, publisher })
}

async fn unpack(store: &Store, asked: Asked<'_>, stages: &mut Stages) -> Result<Unpacked, NotAdmitted> {
    let Asked { file, unsigned, downgrade, trust, running: _ } = asked;
    // What is neither is told by the sandbox what it is.
    if !Package::is_file(&file) {
        let digest = capstan_package::Digest::of(&file);
        if let Some(revoked) = trust.revoked_digest(digest) {
            return Err(stages.refused("signature", format!("{digest} is revoked: {}", revoked.reason)));
        }
        if !unsigned {
            let why =
                "it is a component without a package, so that nobody answers for it; --unsigned takes it all the same";
            return Err(stages.refused("signature", why.to_owned()));
        }
        stages.skipped("signature", "nobody has signed it, and the operator wants it so");
        return Ok(Unpacked { component: file, signed: None });
    }
    let refused = |refusal: &capstan_package::Refusal| format!("{} ({})", refusal, refusal.name());
    let package = Package::read(file.as_slice()).map_err(|error| {
        let refusal = capstan_package::Refusal::from(error);
        stages.refused("signature", refused(&refusal))
    })?;
    let newest = newest(store, &package).await?;
    let question = Question { now: Moment::from_ms(clock::now_ms()), newest, allow_downgrade: downgrade };
    let believed =
        verify(&package, trust, &question).map_err(|refusal| stages.refused("signature", refused(&refusal)))?;
    stages.passed("signature", format!("{} ({})", believed.signer, believed.key));
    let (component, fixtures) = (package.component().to_vec(), package.fixtures().clone());
    Ok(Unpacked { component, signed: Some((fixtures, believed)) })
}

/// The newest version that a package ever brought for this provider.
async fn newest(store: &Store, package: &Package) -> Result<Option<Seen>, StoreError> {
    let published = store.list_published(&package.statement().provider).await?;
    let seen = published.into_iter().filter_map(|(version, digest)| {
        let component = capstan_package::Digest::from_bytes(digest);
        Some(Seen { version: version.parse().ok()?, component: Some(component) })
    });
    Ok(seen.max_by(|one, other| one.version.cmp_precedence(&other.version)))
}

async fn replay_fixtures(adapter: &Adapter, own: &Fixtures, stages: &mut Stages) -> Result<(), NotAdmitted> {
    let (mut wrong, mut calls) = (Vec::new(), 0);
    for (name, text) in own.iter() {
        let replayed = fixtures::replay(adapter, text).await;
        calls += replayed.calls;
        wrong.extend(replayed.wrong.into_iter().map(|place| format!("{name}: {place}")));
    }
    if !wrong.is_empty() {
        let more = wrong.len().saturating_sub(MOST_TOLD);
        wrong.truncate(MOST_TOLD);
        let mut why = wrong.join("; ");
        if more > 0 {
            let _ = write!(why, "; and {more} more");
        }
        return Err(stages.refused("fixtures", why));
    }
    stages.passed("fixtures", format!("{} of {}, in {calls} calls", own.len(), own.len()));
    Ok(())
}

/// Tells what it would have made differently of its provider's last operations. That refuses nothing.
async fn compare_with_the_one_in_force(
    adapters: &Adapters,
    running: Option<&App>,
    adapter: &Adapter,
    stages: &mut Stages,
) {
    let id = &adapter.manifest().provider;
    let recorded = running.and_then(|app| Some(app.snapshot.load().provider(id)?.recorder.all())).unwrap_or_default();
    let Some(in_force) = adapters.of(id).filter(|_| !recorded.is_empty()) else {
        return stages.skipped("replay", "nothing is known of what its provider answers");
    };
    let Compared { all, different, told } = replay::compare(&in_force, adapter, &recorded).await;
    if different == 0 {
        stages.passed("replay", format!("{all} of its provider's last operations, as the one in force takes them"));
    } else {
        let detail = format!("{different} of its provider's last {all} operations: {}", told.join("; "));
        stages.0.push(Stage { name: "replay", verdict: "differs", detail });
    }
}

/// The stage at which the sandbox refuses.
const fn stage_of(error: &AdmissionError) -> &'static str {
    match error {
        AdmissionError::TooLarge { .. } => "size",
        AdmissionError::NotAComponent { .. } | AdmissionError::ForbiddenImport { .. } => "imports",
        AdmissionError::NotAnAdapter { .. }
        | AdmissionError::NotCompiled { .. }
        | AdmissionError::NoCompiler { .. } => "compile",
        AdmissionError::Describe(_) | AdmissionError::BadManifest { .. } => "describe",
    }
}

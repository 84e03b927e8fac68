//! Installing a bundle: copy, verify the copy, run its golden set here, enter it in the registry.

use std::fs::File;
use std::path::{Path, PathBuf};

use dunlin_bundle::{Bundle, BundleError};
use dunlin_predictor::{GoldenError, GoldenReport, LoadError, Predictor, verify_golden};

use super::files;
use super::loaded::LoadedModel;
use crate::counters::Counter;
use crate::health::Notice;
use crate::runtime::Shared;
use crate::store::{self, Installed, NewModel, Refusal, Slot, StorageProblem};

/// Who brings a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Somebody from outside: an older one is refused.
    Outside,
    /// The app itself, at every start: an older one is passed over.
    Shipped,
}

/// What an installation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallOutcome {
    /// The bundle is the active one of its model.
    Activated,
    /// This very bundle is the active one already.
    AlreadyInstalled,
    /// This very bundle is the active one, its installed copy was damaged or gone, and has been replaced.
    Repaired,
    /// A later one was accepted before, and stays: the app ships with an older one.
    PassedOver,
    /// The bundle answers for as long as the runtime is open; the folder cannot be written, and health says why.
    HeldInMemory,
}

/// A bundle that passed every check.
#[derive(Clone, Debug, PartialEq)]
pub struct InstallReport {
    /// What it came to.
    pub outcome: InstallOutcome,
    /// Name of the model.
    pub model_id: String,
    /// Version for people.
    pub version: String,
    /// Version for machines.
    pub sequence: u64,
    /// SHA-256 of the manifest, which names everything in the bundle.
    pub digest: String,
    /// Name of the key that signed it.
    pub signer: String,
    /// How its golden set went on this device; `None` where it was not run because nothing changes.
    pub golden: Option<GoldenReport>,
}

/// A bundle that is not installed. What was active before stays active.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The file cannot be read.
    #[error("{path} cannot be read ({source}); check the path and its permissions")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The bundle is damaged, unsigned, signed by a stranger, or not a bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// This device or build cannot run the model.
    #[error("the model cannot be loaded: {0}")]
    Load(#[from] LoadError),
    /// The model answers differently here than where it was packed.
    #[error(transparent)]
    Golden(#[from] GoldenError),
    /// The registry refuses it, for its sequence.
    #[error(transparent)]
    Registry(#[from] store::InstallError),
}

impl From<StorageProblem> for InstallError {
    fn from(problem: StorageProblem) -> Self {
        Self::Registry(problem.into())
    }
}

impl InstallError {
    /// A short name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::Bundle(error) => error.code(),
            Self::Load(_) => "cannot_load",
            Self::Golden(_) => "golden_disagrees",
            Self::Registry(store::InstallError::Older { .. }) => "older",
            Self::Registry(store::InstallError::SequenceTooLarge { .. }) => "sequence_too_large",
            Self::Registry(_) => "storage",
        }
    }
}

/// Installs a bundle; a refusal is remembered, counted and noted in the journal.
pub(crate) fn install(shared: &Shared, path: &Path, source: Source) -> Result<InstallReport, InstallError> {
    let installed = try_install(shared, path, source);
    match &installed {
        Ok(report) => note_install(shared, report),
        Err(error) => note_refusal(shared, error),
    }
    installed
}

fn try_install(shared: &Shared, path: &Path, source: Source) -> Result<InstallReport, InstallError> {
    let file = files::open_source(path).map_err(|source| unreadable(path, source))?;
    // One installation at a time: they share the name of the incoming copy, and the registry's decision.
    let mut state = shared.state();
    match store_copy(shared, &mut state, file, source) {
        Err(InstallError::Registry(store::InstallError::Storage(problem))) => {
            hold_in_memory(shared, &state, path, source, &problem)
        }
        done => done,
    }
}

/// Copies a bundle in, verifies the copy and enters it in the registry. An error of the storage means that nothing was
/// decided about the bundle.
fn store_copy(
    shared: &Shared,
    state: &mut store::State,
    file: File,
    source: Source,
) -> Result<InstallReport, InstallError> {
    let folder = shared.folder.path();
    // A state that could not be written when the runtime was opened may have recovered; one that cannot says why.
    state.save_counters(&shared.counters.totals())?;
    let incoming = files::copy_in(folder, file).map_err(|e| StorageProblem::from_io(folder, &e))?;
    let entered = check(shared, state, &incoming, source).and_then(|(bundle, report)| match report.outcome {
        InstallOutcome::Activated => enter(shared, state, &incoming, &bundle, report),
        InstallOutcome::AlreadyInstalled => repair(shared, &incoming, report),
        _ => Ok(report),
    });
    files::discard(&incoming);
    let report = entered?;
    if report.outcome != InstallOutcome::PassedOver {
        shared.registry.release(&report.model_id);
    }
    Ok(report)
}

/// Gives a checked copy its place and makes it the active one.
fn enter(
    shared: &Shared,
    state: &mut store::State,
    incoming: &Path,
    bundle: &Bundle,
    report: InstallReport,
) -> Result<InstallReport, InstallError> {
    let (folder, file) = (shared.folder.path(), files::name(&report.digest));
    files::keep(folder, incoming, &file).map_err(|e| StorageProblem::from_io(folder, &e))?;
    match state.record_install(&new_model(bundle, file.clone())) {
        Ok(Installed::Now { retired }) => retired.iter().for_each(|old| files::remove(folder, &old.model.file)),
        Ok(Installed::Already) => {}
        Err(error) => {
            // It may be the previous one's copy too.
            if state.models().is_ok_and(|models| models.iter().all(|model| model.model.digest != report.digest)) {
                files::remove(folder, &file);
            }
            return Err(error.into());
        }
    }
    Ok(report)
}

/// Puts a verified copy in the place of the installed one where that is damaged or gone.
fn repair(shared: &Shared, incoming: &Path, mut report: InstallReport) -> Result<InstallReport, InstallError> {
    let (folder, file) = (shared.folder.path(), files::name(&report.digest));
    if !files::are_equal(incoming, &files::path(folder, &file)) {
        files::keep(folder, incoming, &file).map_err(|e| StorageProblem::from_io(folder, &e))?;
        shared.registry.forget(&report.digest);
        report.outcome = InstallOutcome::Repaired;
    }
    Ok(report)
}

/// Verifies a copy and says what is to become of it, changing nothing.
fn check(
    shared: &Shared,
    state: &store::State,
    incoming: &Path,
    source: Source,
) -> Result<(Bundle, InstallReport), InstallError> {
    let bundle = Bundle::open(incoming, &shared.keys)?;
    let mut report = report(&bundle, InstallOutcome::Activated);
    let active = state.active(&report.model_id)?;
    if active.is_some_and(|active| active.model.digest == report.digest) {
        report.outcome = InstallOutcome::AlreadyInstalled;
    } else if is_older(&report, source, state.highest_sequence(&report.model_id)?)? {
        report.outcome = InstallOutcome::PassedOver;
    } else {
        report.golden = Some(prove(shared, &bundle)?);
    }
    Ok((bundle, report))
}

/// Whether a bundle is to be passed over because a later one was accepted before; one from outside is refused.
fn is_older(report: &InstallReport, source: Source, highest: Option<u64>) -> Result<bool, InstallError> {
    match highest.filter(|highest| report.sequence < *highest) {
        Some(highest) if source == Source::Outside => {
            let (model_id, offered) = (report.model_id.clone(), report.sequence);
            Err(store::InstallError::Older { model_id, offered, highest }.into())
        }
        older => Ok(older.is_some()),
    }
}

/// Loads the model and its baseline and runs the golden set on this device.
fn prove(shared: &Shared, bundle: &Bundle) -> Result<GoldenReport, InstallError> {
    let golden = verify_golden(&mut Predictor::load(&*shared.engine, bundle)?, bundle)?;
    Predictor::load_baseline(&*shared.engine, bundle)?;
    Ok(golden)
}

/// Where nothing can be written, the same checks are made on bytes in memory. What was accepted before still counts, and
/// where that cannot be known because the state is damaged, only the app itself is believed: an older model from outside
/// could be an attack.
fn hold_in_memory(
    shared: &Shared,
    state: &store::State,
    path: &Path,
    source: Source,
    problem: &StorageProblem,
) -> Result<InstallReport, InstallError> {
    let bundle = Bundle::open(path, &shared.keys).map_err(|error| match error {
        BundleError::Io { source } => unreadable(path, source),
        other => other.into(),
    })?;
    let mut report = report(&bundle, InstallOutcome::HeldInMemory);
    let stored = match state.highest_sequence(&report.model_id) {
        Err(problem) if source == Source::Outside && problem.kind.is_of_content() => return Err(problem.into()),
        stored => stored.ok().flatten(),
    };
    let held = shared.registry.held(&report.model_id).map(|held| held.context.sequence);
    if is_older(&report, source, stored.max(held))? {
        report.outcome = InstallOutcome::PassedOver;
        return Ok(report);
    }
    report.golden = Some(prove(shared, &bundle)?);
    let now_us = shared.clock.now().wall_us;
    let loaded = LoadedModel::load(&*shared.engine, &bundle, now_us, Slot::Active.name())?;
    let what = format!("{} {} is held in memory and not installed: {problem}", report.model_id, report.version);
    shared.registry.hold(loaded, Notice { what, since_us: now_us, remedy: problem.remedy().to_owned() });
    Ok(report)
}

fn unreadable(path: &Path, source: std::io::Error) -> InstallError {
    InstallError::Unreadable { path: path.to_owned(), source }
}

fn report(bundle: &Bundle, outcome: InstallOutcome) -> InstallReport {
    let manifest = bundle.manifest();
    InstallReport {
        outcome,
        model_id: manifest.model_id.clone(),
        version: manifest.version.to_string(),
        sequence: manifest.sequence,
        digest: bundle.digest().to_owned(),
        signer: bundle.signer().to_owned(),
        golden: None,
    }
}

fn new_model(bundle: &Bundle, file: String) -> NewModel {
    let manifest = bundle.manifest();
    NewModel {
        model_id: manifest.model_id.clone(),
        version: manifest.version.to_string(),
        sequence: manifest.sequence,
        digest: bundle.digest().to_owned(),
        file,
    }
}

fn note_install(shared: &Shared, report: &InstallReport) {
    let kind = match report.outcome {
        InstallOutcome::Activated => "model_installed",
        InstallOutcome::HeldInMemory => "model_held",
        InstallOutcome::Repaired => "model_repaired",
        InstallOutcome::AlreadyInstalled | InstallOutcome::PassedOver => return,
    };
    log::info!("{kind}: {} {} answers from now on", report.model_id, report.version);
    let detail = serde_json::json!({
        "model_id": report.model_id, "version": report.version, "sequence": report.sequence,
        "digest": report.digest, "signer": report.signer,
    });
    // What the journal loses it counts.
    let _ = shared.journal.event(kind, &detail);
}

fn note_refusal(shared: &Shared, error: &InstallError) {
    log::warn!("a bundle was refused: {error}");
    shared.counters.add(Counter::BundlesRefused, 1);
    let detail = serde_json::json!({ "code": error.code(), "reason": error.to_string() });
    let _ = shared.journal.event("bundle_refused", &detail);
    let refusal = Refusal {
        model_id: None,
        version: None,
        digest: None,
        code: error.code().to_owned(),
        reason: error.to_string(),
        refused_us: shared.clock.now().wall_us,
    };
    if let Err(problem) = shared.state().refuse(&refusal) {
        log::warn!("the refusal could not be remembered: {problem}");
    }
}

//! Installing a bundle: copy, verify the copy, run its golden set here, enter it in the registry.

use std::path::{Path, PathBuf};

use dunlin_bundle::{Bundle, BundleError};
use dunlin_predictor::{GoldenError, GoldenReport, LoadError, Predictor, verify_golden};

use super::files;
use super::loaded::LoadedModel;
use crate::counters::Counter;
use crate::runtime::Shared;
use crate::store::{self, Installed, NewModel, Refusal, Slot};

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
    /// This very bundle was installed before.
    AlreadyInstalled,
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
    #[error("{path}: {source}")]
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
    // One installation at a time: they share the name of the incoming copy, and the registry's decision.
    let mut state = shared.state();
    let writable = state.problem().is_none() && shared.folder.lock().is_ok();
    let copied = if writable { files::copy_in(shared.folder.path(), path) } else { Err(unwritable()) };
    let Ok(incoming) = copied else {
        drop(state);
        return hold_in_memory(shared, path);
    };
    let checked = check(shared, &mut state, &incoming, source);
    let (bundle, mut report) = match checked {
        Ok(checked) => checked,
        Err(error) => {
            files::discard(&incoming);
            return Err(error);
        }
    };
    if report.outcome != InstallOutcome::Activated {
        files::discard(&incoming);
        return Ok(report);
    }
    let file = files::name(&report.digest);
    files::keep(shared.folder.path(), &incoming, &file)
        .map_err(|source| InstallError::Unreadable { path: incoming, source })?;
    if let Installed::Now { retired } = state.record_install(&new_model(&bundle, file))? {
        retired.iter().for_each(|old| files::remove(shared.folder.path(), &old.model.file));
    } else {
        report.outcome = InstallOutcome::AlreadyInstalled;
    }
    Ok(report)
}

/// Verifies a copy and says what is to become of it, changing nothing.
fn check(
    shared: &Shared,
    state: &mut store::State,
    incoming: &Path,
    source: Source,
) -> Result<(Bundle, InstallReport), InstallError> {
    let bundle = Bundle::open(incoming, &shared.keys)?;
    let mut report = report(&bundle, InstallOutcome::Activated);
    let manifest = bundle.manifest();
    let known = state.models().map_err(store::InstallError::from)?;
    if known.iter().any(|installed| installed.model.digest == report.digest) {
        report.outcome = InstallOutcome::AlreadyInstalled;
        return Ok((bundle, report));
    }
    let highest = state.highest_sequence(&manifest.model_id).map_err(store::InstallError::from)?;
    if let Some(highest) = highest.filter(|highest| manifest.sequence < *highest) {
        if source == Source::Shipped {
            report.outcome = InstallOutcome::PassedOver;
            return Ok((bundle, report));
        }
        let (model_id, offered) = (manifest.model_id.clone(), manifest.sequence);
        return Err(store::InstallError::Older { model_id, offered, highest }.into());
    }
    report.golden = Some(prove(shared, &bundle)?);
    Ok((bundle, report))
}

/// Loads the model and its baseline and runs the golden set on this device.
fn prove(shared: &Shared, bundle: &Bundle) -> Result<GoldenReport, InstallError> {
    let golden = verify_golden(&mut Predictor::load(&*shared.engine, bundle)?, bundle)?;
    Predictor::load_baseline(&*shared.engine, bundle)?;
    Ok(golden)
}

/// Where nothing can be written, the same checks are made on bytes in memory. The highest sequence ever accepted still
/// counts where it can be read.
fn hold_in_memory(shared: &Shared, path: &Path) -> Result<InstallReport, InstallError> {
    let bundle = Bundle::open(path, &shared.keys)?;
    let mut report = report(&bundle, InstallOutcome::HeldInMemory);
    let highest = shared.state().highest_sequence(&report.model_id).ok().flatten();
    if let Some(highest) = highest.filter(|highest| report.sequence < *highest) {
        let (model_id, offered) = (report.model_id, report.sequence);
        return Err(store::InstallError::Older { model_id, offered, highest }.into());
    }
    report.golden = Some(prove(shared, &bundle)?);
    let now_us = shared.clock.now().wall_us;
    shared.registry.hold(LoadedModel::load(&*shared.engine, &bundle, now_us, Slot::Active.name())?);
    Ok(report)
}

fn unwritable() -> std::io::Error {
    std::io::Error::from(std::io::ErrorKind::ReadOnlyFilesystem)
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
    if matches!(report.outcome, InstallOutcome::Activated | InstallOutcome::HeldInMemory) {
        log::info!("{} {} answers from now on", report.model_id, report.version);
        let detail = serde_json::json!({
            "model_id": report.model_id, "version": report.version, "sequence": report.sequence,
            "digest": report.digest, "signer": report.signer,
        });
        // What the journal loses it counts.
        let _ = shared.journal.event("model_installed", &detail);
    }
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

//! Installing a bundle: copy, verify the copy, run its golden set here, enter it in the registry.

use std::fs::File;
use std::path::{Path, PathBuf};

use dunlin_bundle::{Bundle, BundleError, TrustedKeys};
use dunlin_channel::Release;
use dunlin_predictor::{GoldenError, GoldenReport, LoadError, Predictor, verify_golden};

use serde_json::{Value, json};

use super::admission::AdmissionError;
use super::admit::{admit, check_loaded};
use super::files;
use super::loaded::LoadedModel;
use crate::counters::Counter;
use crate::health::Notice;
use crate::runtime::Shared;
use crate::store::{self, Installed, InstalledModel, NewModel, Refusal, Signer, Slot, StorageProblem, ThrownOut};

/// Who brings a bundle.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// Somebody from outside: an older one is refused.
    Outside,
    /// The app itself, at every start: an older one is passed over.
    Shipped,
    /// The update channel: it must be the release that it came for.
    Channel(&'a Delivery<'a>),
}

/// What the update channel says of a bundle.
pub(crate) struct Delivery<'a> {
    pub(crate) release: &'a Release,
    /// Name and base64 of the keys that may sign bundles, by the root.
    pub(crate) keys: Vec<(String, String)>,
}

impl Source<'_> {
    pub(super) fn is_shipped(&self) -> bool {
        matches!(self, Self::Shipped)
    }

    /// The app's own keys, and the channel's where it comes from there.
    fn keys(&self, own: &TrustedKeys) -> TrustedKeys {
        let mut keys = own.clone();
        if let Self::Channel(delivery) = self {
            for (name, key) in &delivery.keys {
                // The root was checked: its keys are keys, of different names.
                let _ = keys.add(&channel_name(name), key);
            }
        }
        keys
    }

    /// The key of the channel that has a name, as it is remembered with the bundle.
    fn signer(&self, name: &str) -> Option<Signer> {
        let Self::Channel(delivery) = self else { return None };
        let found = delivery.keys.iter().find(|(known, _)| channel_name(known) == name)?;
        Some(Signer { name: name.to_owned(), key: found.1.clone() })
    }
}

/// Keeps the channel's names apart from the app's.
fn channel_name(name: &str) -> String {
    format!("channel/{name}")
}

/// What a bundle is installed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// To answer from now on.
    Activate,
    /// To be tried beside the active one first.
    Try,
}

/// What an installation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallOutcome {
    /// The bundle is the active one of its model.
    Activated,
    /// The bundle is the candidate of its model: it watches, and the active one answers.
    Candidate,
    /// This very bundle is the active one, or the candidate, already.
    AlreadyInstalled,
    /// This very bundle is the active one, its installed copy was damaged or gone, and has been replaced.
    Repaired,
    /// The app ships with an older one than was accepted before, or with one that was thrown out: what is active stays.
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
    /// The app's own policy does not admit it, or the app could not use it in place of the active one.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The update channel calls it something else than its own signer does.
    #[error(
        "the channel's {expected} is {found} by its own manifest; whoever holds the channel's key should look into it"
    )]
    NotTheRelease {
        /// What the channel says.
        expected: String,
        /// What the bundle says.
        found: String,
    },
    /// It was recalled: no device may run it.
    #[error("{version} was recalled: {reason}; install a later version")]
    Recalled {
        /// Its version.
        version: String,
        /// Why, in the publisher's words.
        reason: String,
    },
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
    /// Whether the bundle itself was judged: the disk may work, and say otherwise, the next time.
    pub(crate) fn is_of_the_bundle(&self) -> bool {
        !matches!(
            self,
            Self::Unreadable { .. }
                | Self::Bundle(BundleError::Io { .. })
                | Self::Registry(store::InstallError::Storage(_))
        )
    }

    /// A short name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::Bundle(error) => error.code(),
            Self::Load(_) => "cannot_load",
            Self::Golden(_) => "golden_disagrees",
            Self::Admission(error) => error.code(),
            Self::NotTheRelease { .. } => "not_the_release",
            Self::Recalled { .. } => "recalled",
            Self::Registry(store::InstallError::Older { .. }) => "older",
            Self::Registry(store::InstallError::ThrownOut { .. }) => "thrown_out",
            Self::Registry(store::InstallError::SequenceTooLarge { .. }) => "sequence_too_large",
            Self::Registry(_) => "storage",
        }
    }
}

/// A bundle's way into the registry.
#[derive(Clone, Copy)]
struct Way<'a> {
    shared: &'a Shared,
    path: &'a Path,
    source: Source<'a>,
    aim: Aim,
}

/// Installs a bundle; a refusal is remembered, counted and noted in the journal.
pub(crate) fn install(
    shared: &Shared,
    path: &Path,
    source: Source<'_>,
    aim: Aim,
) -> Result<InstallReport, InstallError> {
    let mut retired = Vec::new();
    let installed = try_install(Way { shared, path, source, aim }, &mut retired);
    match &installed {
        Ok(report) => note_install(shared, source, report, &retired),
        // It is there, and will be tried again: nothing was decided about it.
        Err(error) if matches!(source, Source::Channel(_)) && !error.is_of_the_bundle() => {
            log::warn!("what came over the channel was not installed: {error}");
        }
        Err(error) => note_refusal(shared, source, error),
    }
    installed
}

fn try_install(way: Way<'_>, retired: &mut Vec<InstalledModel>) -> Result<InstallReport, InstallError> {
    let file = files::open_source(way.path).map_err(|source| unreadable(way.path, source))?;
    // One installation at a time: they share the name of the incoming copy, and the registry's decision.
    let mut state = way.shared.registry.state();
    match store_copy(way, &mut state, file, retired) {
        Err(InstallError::Registry(store::InstallError::Storage(problem))) => hold_in_memory(way, &state, &problem),
        done => done,
    }
}

/// Copies a bundle in, verifies the copy and enters it in the registry. An error of the storage means that nothing was
/// decided about the bundle.
fn store_copy(
    way: Way<'_>,
    state: &mut store::State,
    file: File,
    retired: &mut Vec<InstalledModel>,
) -> Result<InstallReport, InstallError> {
    let (shared, folder) = (way.shared, way.shared.registry.folder.path());
    // A state that could not be written when the runtime was opened may have recovered; one that cannot says why.
    state.save_counters(&shared.counters.totals())?;
    let incoming = files::copy_in(folder, file).map_err(|e| StorageProblem::from_io(folder, &e))?;
    let entered = check(way, state, &incoming).and_then(|(bundle, report)| match report.outcome {
        InstallOutcome::Activated | InstallOutcome::Candidate => {
            *retired = enter(way, state, &incoming, &bundle, &report)?;
            Ok(report)
        }
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

/// Gives a checked copy its place and its slot; tells who had to make room.
fn enter(
    way: Way<'_>,
    state: &mut store::State,
    incoming: &Path,
    bundle: &Bundle,
    report: &InstallReport,
) -> Result<Vec<InstalledModel>, InstallError> {
    let shared = way.shared;
    let (folder, file) = (shared.registry.folder.path(), files::name(&report.digest));
    files::keep(folder, incoming, &file).map_err(|e| StorageProblem::from_io(folder, &e))?;
    if let Some(signer) = way.source.signer(&report.signer) {
        state.save_signer(&report.digest, &signer)?;
    }
    let model = new_model(bundle, file.clone());
    let entered = match report.outcome {
        InstallOutcome::Candidate => state.record_candidate(&model),
        _ => state.record_install(&model),
    };
    let retired = match entered {
        Ok(Installed::Now { retired }) => retired,
        Ok(Installed::Already) => Vec::new(),
        Err(error) => {
            // It may be the previous one's copy too.
            if state.models().is_ok_and(|models| models.iter().all(|model| model.model.digest != report.digest)) {
                files::remove(folder, &file);
            }
            return Err(error.into());
        }
    };
    retired.iter().for_each(|old| files::remove(folder, &old.model.file));
    shared.registry.changed();
    Ok(retired)
}

/// Puts a verified copy in the place of the installed one where that is damaged or gone.
fn repair(shared: &Shared, incoming: &Path, mut report: InstallReport) -> Result<InstallReport, InstallError> {
    let (folder, file) = (shared.registry.folder.path(), files::name(&report.digest));
    if !files::are_equal(incoming, &files::path(folder, &file)) {
        files::keep(folder, incoming, &file).map_err(|e| StorageProblem::from_io(folder, &e))?;
        shared.registry.forget(&report.digest);
        report.outcome = InstallOutcome::Repaired;
    }
    Ok(report)
}

/// Verifies a copy and says what is to become of it, changing nothing.
fn check(way: Way<'_>, state: &store::State, incoming: &Path) -> Result<(Bundle, InstallReport), InstallError> {
    let bundle = Bundle::open(incoming, &way.source.keys(&way.shared.registry.keys))?;
    check_release(way.source, &bundle)?;
    let mut report = report(&bundle, InstallOutcome::Activated);
    let holds = |held: Option<&InstalledModel>| held.is_some_and(|held| held.model.digest == report.digest);
    let active = state.active(&report.model_id)?;
    if way.aim == Aim::Try && active.is_some() {
        report.outcome = InstallOutcome::Candidate;
    }
    if holds(active.as_ref())
        || (way.aim == Aim::Try && holds(state.in_slot(&report.model_id, Slot::Candidate)?.as_ref()))
    {
        report.outcome = InstallOutcome::AlreadyInstalled;
    } else if is_passed_over(&report, way.source, state.highest_sequence(&report.model_id)?, state)? {
        report.outcome = InstallOutcome::PassedOver;
    } else {
        admit(way.shared, state, way.source, &bundle, active.as_ref())?;
        report.golden = Some(prove(way.shared, &bundle)?);
    }
    Ok((bundle, report))
}

/// Whether a bundle from the channel is the release that it came for: the channel lists hashes, and the bundle's own signer
/// says what it is.
fn check_release(source: Source<'_>, bundle: &Bundle) -> Result<(), InstallError> {
    let Source::Channel(Delivery { release, .. }) = source else { return Ok(()) };
    let manifest = bundle.manifest();
    let version = manifest.version.to_string();
    if release.is_bundle(&manifest.model_id, &version, manifest.sequence, bundle.digest()) {
        return Ok(());
    }
    let named = |id: &str, version: &str, sequence: u64| format!("{id} {version} (sequence {sequence})");
    Err(InstallError::NotTheRelease {
        expected: named(&release.model_id, &release.version, release.sequence),
        found: named(&manifest.model_id, &version, manifest.sequence),
    })
}

/// Whether a bundle is to be passed over because a later one was accepted before, or because it was thrown out; one from
/// outside is refused.
fn is_passed_over(
    report: &InstallReport,
    source: Source<'_>,
    highest: Option<u64>,
    state: &store::State,
) -> Result<bool, InstallError> {
    if let Some(reason) = state.recall_of(&report.digest).ok().flatten() {
        let version = report.version.clone();
        return if source.is_shipped() { Ok(true) } else { Err(InstallError::Recalled { version, reason }) };
    }
    let (model_id, offered) = (report.model_id.clone(), report.sequence);
    let out = state.thrown_out(&model_id).ok().flatten().filter(|out| offered <= out.sequence);
    let refusal = match (highest.filter(|highest| offered < *highest), out) {
        (Some(highest), _) => store::InstallError::Older { model_id, offered, highest },
        (None, Some(ThrownOut { version, sequence, cause, .. })) => {
            store::InstallError::ThrownOut { model_id, offered, version, sequence, cause }
        }
        (None, None) => return Ok(false),
    };
    if source.is_shipped() { Ok(true) } else { Err(refusal.into()) }
}

/// Loads the model and its baseline and runs the golden set on this device.
fn prove(shared: &Shared, bundle: &Bundle) -> Result<GoldenReport, InstallError> {
    let engine = &*shared.registry.engine;
    let mut model = Predictor::load(engine, bundle)?;
    let baseline = Predictor::load_baseline(engine, bundle)?;
    check_loaded(&shared.admission, bundle, std::iter::once(&model).chain(&baseline))?;
    Ok(verify_golden(&mut model, bundle)?)
}

/// Where nothing can be written, the same checks are made on bytes in memory. What was accepted before still counts, and
/// where that cannot be known because the state is damaged, only the app itself is believed: an older model from outside
/// could be an attack. What is to be tried is not held: its trial could not be remembered.
fn hold_in_memory(way: Way<'_>, state: &store::State, problem: &StorageProblem) -> Result<InstallReport, InstallError> {
    let Way { shared, path, source, aim } = way;
    if aim == Aim::Try {
        return Err(problem.clone().into());
    }
    let bundle = Bundle::open(path, &shared.registry.keys).map_err(|error| match error {
        BundleError::Io { source } => unreadable(path, source),
        other => other.into(),
    })?;
    let mut report = report(&bundle, InstallOutcome::HeldInMemory);
    let stored = match state.highest_sequence(&report.model_id) {
        Err(problem) if !source.is_shipped() && problem.kind.is_of_content() => return Err(problem.into()),
        stored => stored.ok().flatten(),
    };
    let held = shared.registry.held(&report.model_id).map(|held| held.version.sequence);
    if is_passed_over(&report, source, stored.max(held), state)? {
        report.outcome = InstallOutcome::PassedOver;
        return Ok(report);
    }
    admit(shared, state, source, &bundle, state.active(&report.model_id).ok().flatten().as_ref())?;
    report.golden = Some(prove(shared, &bundle)?);
    let now_us = shared.clock.now().wall_us;
    let registry = &shared.registry;
    let loaded = LoadedModel::load(&*registry.engine, &bundle, &registry.chains, now_us)?;
    let what = format!("{} {} is held in memory and not installed: {problem}", report.model_id, report.version);
    registry.hold(loaded, Notice { what, since_us: now_us, remedy: problem.remedy().to_owned() });
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

fn note_install(shared: &Shared, source: Source<'_>, report: &InstallReport, retired: &[InstalledModel]) {
    let kind = match report.outcome {
        InstallOutcome::Activated => "model_installed",
        InstallOutcome::Candidate => "model_candidate",
        InstallOutcome::HeldInMemory => "model_held",
        InstallOutcome::Repaired => "model_repaired",
        InstallOutcome::AlreadyInstalled | InstallOutcome::PassedOver => return,
    };
    log::info!("{kind}: {} {}", report.model_id, report.version);
    let detail = json!({
        "model_id": report.model_id, "version": report.version, "sequence": report.sequence,
        "digest": report.digest, "signer": report.signer,
    });
    shared.enter_changes(&checks(source, report));
    // What the journal loses it counts.
    let _ = shared.journal.event(kind, &detail);
    shared.enter_changes(&super::switch::retired(retired));
}

/// What a bundle went through before it was entered, as changes of its state.
fn checks(source: Source<'_>, report: &InstallReport) -> Vec<Value> {
    let Some(golden) = &report.golden else { return Vec::new() };
    let from = matches!(source, Source::Channel(_)).then_some("downloaded");
    let change = |from: Option<&str>, to: &str, figures: Value| {
        json!({
            "model_id": report.model_id, "version": report.version, "sequence": report.sequence,
            "digest": report.digest, "from": from, "to": to, "cause": "installation", "figures": figures,
        })
    };
    let figures = json!({ "cases": golden.cases, "worst": golden.worst, "kernels": golden.kernels });
    vec![
        change(from, "verified", json!({ "signer": report.signer })),
        change(Some("verified"), "golden_checked", figures),
    ]
}

fn note_refusal(shared: &Shared, source: Source<'_>, error: &InstallError) {
    let release = match source {
        Source::Channel(delivery) => Some(delivery.release),
        _ => None,
    };
    log::warn!("a bundle was refused: {error}");
    shared.counters.add(Counter::BundlesRefused, 1);
    let model_id = release.map(|release| release.model_id.clone());
    let version = release.map(|release| release.version.clone());
    let detail = json!({
        "model_id": model_id, "version": version, "code": error.code(), "reason": error.to_string(),
    });
    let _ = shared.journal.event("bundle_refused", &detail);
    let refusal = Refusal {
        model_id,
        version,
        digest: release.map(|release| release.digest.to_string()),
        code: error.code().to_owned(),
        reason: error.to_string(),
        refused_us: shared.clock.now().wall_us,
    };
    if let Err(problem) = shared.registry.state().refuse(&refusal) {
        log::warn!("the refusal could not be remembered: {problem}");
    }
}

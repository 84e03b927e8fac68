//! Asks the app's policy about a bundle.

use dunlin_bundle::compat::{Party, compare};
use dunlin_bundle::manifest::Provenance;
use dunlin_bundle::schema::Feature;
use dunlin_bundle::{Bundle, Contents};
use dunlin_predictor::Predictor;

use super::admission::{Admission, AdmissionError, ProvenanceField};
use super::install::Source;
use super::{files, license};
use crate::runtime::Shared;
use crate::store::{InstalledModel, State};

/// Whether the app admits a bundle, and can use it where it uses the active one now. That is asked of bundles that come
/// by themselves: one that the app ships came with the app that it suits. An active one that cannot be read answers nobody,
/// and nothing has to suit it.
pub(super) fn admit(
    shared: &Shared,
    state: &State,
    source: Source<'_>,
    bundle: &Bundle,
    active: Option<&InstalledModel>,
) -> Result<(), AdmissionError> {
    let open = |active: &InstalledModel| {
        let copy = files::path(shared.registry.folder.path(), &active.model.file);
        Bundle::open_installed(&copy, &shared.registry.keys_of(state, &active.model.digest)).ok()
    };
    let active = active.filter(|_| !source.is_shipped()).and_then(open);
    check(&shared.admission, bundle, active.as_deref())
}

/// Whether the app admits a bundle; `active` is the one that it must be able to stand in for, where there is one.
pub(super) fn check(policy: &Admission, bundle: &Bundle, active: Option<&Contents>) -> Result<(), AdmissionError> {
    bundle.schema().feature.iter().try_for_each(|feature| check_feature(policy, feature))?;
    check_provenance(policy, &bundle.manifest().provenance)?;
    check_license(policy, bundle.manifest().license.as_deref())?;
    check_memory(policy, weights_bytes(bundle))?;
    active.map_or(Ok(()), |active| check_compatible(active, bundle))
}

/// Whether a loaded model and its baseline keep the app's bound on memory.
pub(super) fn check_loaded<'a>(
    policy: &Admission,
    bundle: &Bundle,
    predictors: impl IntoIterator<Item = &'a Predictor>,
) -> Result<(), AdmissionError> {
    let reports = predictors.into_iter().filter_map(Predictor::plan_report);
    let planned = reports.map(|report| (report.arena_bytes as u64).saturating_add(report.packed_bytes as u64));
    check_memory(policy, planned.fold(weights_bytes(bundle), u64::saturating_add))
}

fn check_feature(policy: &Admission, feature: &Feature) -> Result<(), AdmissionError> {
    let is_in = |list: &[String], name: &str| list.iter().any(|banned| banned.eq_ignore_ascii_case(name));
    if is_in(&policy.banned_features, &feature.name) {
        return Err(AdmissionError::BannedFeature { feature: feature.name.clone() });
    }
    match feature.purpose.as_ref().filter(|purpose| is_in(&policy.banned_purposes, purpose)) {
        Some(purpose) => Err(AdmissionError::BannedPurpose { feature: feature.name.clone(), purpose: purpose.clone() }),
        None => Ok(()),
    }
}

fn check_provenance(policy: &Admission, provenance: &Provenance) -> Result<(), AdmissionError> {
    match policy.required_provenance.iter().find(|field| stated(provenance, **field).is_none()) {
        Some(field) => Err(AdmissionError::MissingProvenance { field: *field }),
        None => Ok(()),
    }
}

fn check_license(policy: &Admission, license: Option<&str>) -> Result<(), AdmissionError> {
    let Some(allowed) = &policy.licenses else { return Ok(()) };
    if license.is_some_and(|license| license::is_allowed(license, allowed)) {
        return Ok(());
    }
    let license = license.map_or("none, which the manifest states,".to_owned(), |license| format!("'{license}'"));
    Err(AdmissionError::License { license, allowed: allowed.join(", ") })
}

fn check_memory(policy: &Admission, needed_bytes: u64) -> Result<(), AdmissionError> {
    match policy.max_memory_bytes.filter(|allowed| needed_bytes > *allowed) {
        Some(allowed_bytes) => Err(AdmissionError::Memory { needed_bytes, allowed_bytes }),
        None => Ok(()),
    }
}

fn check_compatible(active: &Contents, bundle: &Bundle) -> Result<(), AdmissionError> {
    let compat = compare(active, bundle);
    match compat.incompatible().find(|finding| finding.party == Party::App) {
        Some(finding) => Err(AdmissionError::Incompatible { finding: Box::new(finding.clone()) }),
        None => Ok(()),
    }
}

/// What the provenance states, if it states anything.
fn stated(provenance: &Provenance, field: ProvenanceField) -> Option<&str> {
    let text = match field {
        ProvenanceField::Commit => &provenance.commit,
        ProvenanceField::DataSha256 => &provenance.data_sha256,
        ProvenanceField::TunerTrial => &provenance.tuner_trial,
        ProvenanceField::Reviewer => &provenance.reviewer,
    };
    text.as_deref().filter(|text| !text.trim().is_empty())
}

/// Bytes of all weights as they lie in the bundle, the baseline's among them.
fn weights_bytes(bundle: &Bundle) -> u64 {
    let baseline = bundle.baseline().map(|baseline| &baseline.weights);
    let weights = std::iter::once(bundle.weights()).chain(baseline);
    weights.flat_map(|weights| weights.iter()).map(|(_, weight)| weight.bytes.len() as u64).sum()
}

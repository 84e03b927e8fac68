//! What the channel means for one model: what must go, and what is to be fetched and tried.

use std::collections::BTreeSet;

use dunlin_bundle::BundleError;
use dunlin_channel::{Channel, Choice, Device, Digest, Release};
use serde_json::json;

use super::download::{self, Fetcher};
use super::report::{ModelUpdate, UpdateError, UpdateOutcome};
use super::{UpdatePolicy, Updates, metadata};
use crate::outbox::Link;
use crate::registry::{self, Aim, Delivery, InstallError, InstallOutcome, Source};
use crate::runtime::Shared;
use crate::store::{self, StorageProblem};

/// A refusal is remembered for the version of the runtime that made it.
const RUNTIME: &str = env!("CARGO_PKG_VERSION");

/// Models that are looked for in the channel.
pub(super) fn models(shared: &Shared, policy: &UpdatePolicy) -> Result<BTreeSet<String>, UpdateError> {
    let installed = shared.registry.state().models()?;
    let in_memory = shared.registry.all_held().into_iter().map(|(held, _)| held.version.id.clone());
    let installed = installed.into_iter().map(|held| held.model.model_id);
    Ok(installed.chain(in_memory).chain(policy.models.iter().cloned()).collect())
}

/// Does for a model what the channel says of releases.
pub(super) fn update(
    shared: &Shared,
    updates: &Updates,
    channel: &Channel,
    (model_id, recalled): (&str, Vec<String>),
    fetcher: &mut Fetcher<'_>,
    link: Link,
) -> Result<ModelUpdate, UpdateError> {
    let found = ModelUpdate {
        model_id: model_id.to_owned(),
        outcome: UpdateOutcome::Current,
        version: None,
        why: None,
        recalled,
    };
    let choice = choose(shared, channel, model_id)?;
    let Some(release) = choice.take else {
        let newest = choice.passed.first();
        let version = newest.map(|(release, _)| release.version.clone());
        return Ok(ModelUpdate { version, why: newest.map(|(_, why)| why.to_string()), ..found });
    };
    let found = ModelUpdate { version: Some(release.version.clone()), ..found };
    if let Some(why) = why_later(&updates.policy, release, link) {
        return Ok(ModelUpdate { outcome: UpdateOutcome::Waiting, why: Some(why), ..found });
    }
    let (outcome, why) = fetch_and_install(shared, updates, release, fetcher)?;
    Ok(ModelUpdate { outcome, why, ..found })
}

/// Takes recalled bundles out; their versions, and why.
pub(super) fn recall(shared: &Shared, channel: &Channel, model_id: &str) -> Result<Vec<String>, UpdateError> {
    let mut told = Vec::new();
    for recall in choose(shared, channel, model_id)?.recalled {
        let digest = recall.digest.to_string();
        if let Some((version, events)) = registry::withdraw(&shared.registry, model_id, &digest, &recall.reason)? {
            shared.enter_changes(&events);
            told.push(format!("{version}: {}", recall.reason));
        }
    }
    Ok(told)
}

fn choose<'c>(shared: &Shared, channel: &'c Channel, model_id: &str) -> Result<Choice<'c>, UpdateError> {
    let state = shared.registry.state();
    let active_sequence = state.active(model_id)?.map(|active| active.model.sequence);
    let mut held: Vec<String> = state.models()?.into_iter().map(|held| held.model.digest).collect();
    held.extend(shared.registry.held(model_id).map(|in_memory| in_memory.digest.clone()));
    let install_id = state.identity().install_id.to_string();
    let (held, mut refused) = (digests(&held), digests(&state.declined(RUNTIME)?));
    if let Some(out) = state.thrown_out(model_id)? {
        // What would not be installed is not fetched.
        let kept_out = |release: &&Release| release.model_id == model_id && release.sequence <= out.sequence;
        refused.extend(channel.releases.iter().filter(kept_out).map(|release| release.digest));
    }
    let arch = std::env::consts::ARCH;
    let device = Device { install_id: &install_id, arch, model_id, active_sequence, held: &held, refused: &refused };
    Ok(channel.for_device(&device))
}

fn digests(texts: &[String]) -> Vec<Digest> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

fn why_later(policy: &UpdatePolicy, release: &Release, link: Link) -> Option<String> {
    if release.bytes > policy.max_bytes {
        return Some(format!("its {} bytes are more than the {} that the app allows", release.bytes, policy.max_bytes));
    }
    (link == Link::Metered && !policy.over_metered)
        .then(|| format!("its {} bytes wait for a link that costs nothing", release.bytes))
}

fn fetch_and_install(
    shared: &Shared,
    updates: &Updates,
    release: &Release,
    fetcher: &mut Fetcher<'_>,
) -> Result<(UpdateOutcome, Option<String>), UpdateError> {
    let folder = shared.registry.folder.path();
    let file = download::path(folder, release);
    download::complete(&file, release, fetcher)?;
    shared.enter_changes(&[json!({
        "model_id": release.model_id, "version": release.version, "sequence": release.sequence,
        "digest": release.digest.to_string(), "from": null, "to": "downloaded", "cause": "channel",
        "figures": { "bytes": release.bytes },
    })]);
    let trust = metadata::trust(shared, updates)?;
    let keys = trust.root().bundle_keys().map(|(name, key)| (name.to_owned(), key.text().to_owned())).collect();
    let delivery = Delivery { release, keys };
    match registry::install(shared, &file, Source::Channel(&delivery), Aim::Try) {
        Ok(report) => {
            download::remove(&file);
            let is_active = report.outcome == InstallOutcome::Activated;
            Ok((if is_active { UpdateOutcome::Activated } else { UpdateOutcome::Candidate }, None))
        }
        // Nothing was decided about the bundle: the file stays.
        Err(InstallError::Registry(store::InstallError::Storage(problem))) => Err(problem.into()),
        Err(InstallError::Unreadable { source, .. } | InstallError::Bundle(BundleError::Io { source })) => {
            Err(StorageProblem::from_io(&file, &source).into())
        }
        Err(error) => {
            download::remove(&file);
            shared.registry.state().decline(&release.digest.to_string(), RUNTIME, error.code())?;
            Ok((UpdateOutcome::Refused, Some(error.to_string())))
        }
    }
}

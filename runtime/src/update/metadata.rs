//! The roots and the channel: asked for in order, judged by `Trust`, and remembered before anything hangs on them.

use dunlin_channel::limits::{MAX_CHANNEL_BYTES, MAX_ROOT_BYTES, MAX_ROOTS_PER_SYNC};
use dunlin_channel::{Channel, Trust};

use super::download::Fetcher;
use super::report::UpdateError;
use super::{Updates, lock};
use crate::runtime::Shared;

/// Follows the roots, then takes the channel.
pub(super) fn follow(shared: &Shared, updates: &Updates, fetcher: &mut Fetcher<'_>) -> Result<Channel, UpdateError> {
    let mut trust = trust(shared, updates)?;
    for _ in 0..MAX_ROOTS_PER_SYNC {
        let path = format!("/v1/channel/root/{}.json", trust.root().version.saturating_add(1));
        let Some(bytes) = fetcher.fetch_if_there(&path, MAX_ROOT_BYTES as u64)? else { break };
        trust.accept_root(&bytes).map_err(|source| UpdateError::Channel { path, source })?;
        remember(shared, updates, &trust, None)?;
    }
    let path = format!("/v1/channel/{}.json", trust.name());
    let bytes = fetcher.fetch(&path, MAX_CHANNEL_BYTES as u64)?;
    let now_us = shared.clock.now().wall_us;
    let channel = trust.accept_channel(&bytes, now_us).map_err(|source| UpdateError::Channel { path, source })?;
    remember(shared, updates, &trust, Some(&channel))?;
    Ok(channel)
}

/// What is believed: what was remembered, and what a newer app ships.
pub(super) fn trust(shared: &Shared, updates: &Updates) -> Result<Trust, UpdateError> {
    if let Some(trust) = lock(&updates.trust).as_ref() {
        return Ok(trust.clone());
    }
    let policy = &updates.policy;
    let stored = shared.registry.state().channel_trust()?;
    let stored = stored.and_then(|text| serde_json::from_str::<Trust>(&text).ok());
    let trust = match stored.filter(|trust| trust.name() == policy.channel) {
        Some(mut trust) => {
            trust.adopt_shipped(&policy.root).map_err(UpdateError::Shipped)?;
            trust
        }
        None => Trust::shipped(&policy.root, &policy.channel).map_err(UpdateError::Shipped)?,
    };
    *lock(&updates.trust) = Some(trust.clone());
    Ok(trust)
}

fn remember(shared: &Shared, updates: &Updates, trust: &Trust, channel: Option<&Channel>) -> Result<(), UpdateError> {
    // A root and a few numbers: both have a JSON form, whatever they hold.
    let text = serde_json::to_string(trust).unwrap_or_default();
    let recalled = channel.map(|channel| {
        channel.recalled.iter().map(|recall| (recall.digest.to_string(), recall.reason.clone())).collect::<Vec<_>>()
    });
    shared.registry.state().save_channel_trust(&text, recalled.as_deref())?;
    *lock(&updates.trust) = Some(trust.clone());
    Ok(())
}

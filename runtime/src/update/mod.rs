//! Following the update channel without a socket: the core says which bytes it wants, the host fetches them, the core judges.
//!
//! ```text
//! roots, one by one --Trust--> channel --recalls--> what must go --for_device--> release --Parts--> file --install--> candidate
//! ```
//!
//! What is believed, and which parts are there, is on the disk before the next byte is asked for; an update that is cut
//! off anywhere goes on where it was. docs/channel.md has the format and the rules, docs/updates.md the device's side.

mod download;
mod metadata;
mod policy;
mod report;
mod take;

use std::sync::{Mutex, PoisonError, TryLockError};

use dunlin_channel::Trust;

pub use self::policy::UpdatePolicy;
pub use self::report::{ModelUpdate, UpdateError, UpdateOutcome, UpdateReport};
use crate::health::Notice;
use crate::outbox::{Link, Transport};
use crate::runtime::{Runtime, Shared};

/// The channel that the app follows.
pub(crate) struct Updates {
    policy: UpdatePolicy,
    /// What is believed, once it was read.
    trust: Mutex<Option<Trust>>,
    /// Held by the update that is on.
    busy: Mutex<()>,
}

impl Updates {
    pub(crate) fn new(policy: UpdatePolicy) -> Self {
        Self { policy, trust: Mutex::default(), busy: Mutex::default() }
    }

    /// What a person should know of the channel: that it, or its root, is no longer believed.
    pub(crate) fn notice(&self, shared: &Shared) -> Option<Notice> {
        let now_us = shared.clock.now().wall_us;
        let trust = metadata::trust(shared, self).ok()?;
        // A channel that was never fetched has not expired.
        trust.channel_version()?;
        let expired = trust.check_fresh(now_us).err()?;
        Some(Notice {
            what: format!("no updates come: {expired}"),
            since_us: now_us,
            remedy: "sign the channel again (dunlin channel renew), or set this device's clock; the present model answers on"
                .to_owned(),
        })
    }
}

impl Runtime {
    /// Follows the update channel once: what is recalled goes, and the newest release that this device may take is fetched,
    /// verified and installed as a candidate, or as the active bundle where its model has none.
    ///
    /// # Errors
    /// [`UpdateError`] saying what stood in the way; everything fetched so far is kept, and the next call goes on from there.
    pub fn update(&self, transport: &mut dyn Transport, link: Link) -> Result<UpdateReport, UpdateError> {
        let updates = self.shared.updates.as_ref().ok_or(UpdateError::NotConfigured)?;
        let _busy = match updates.busy.try_lock() {
            Ok(busy) => busy,
            Err(TryLockError::WouldBlock) => return Err(UpdateError::Busy),
            // A transport that panicked: what is on the disk is checked again before it counts.
            Err(TryLockError::Poisoned(broken)) => broken.into_inner(),
        };
        let mut fetcher = download::Fetcher::new(transport);
        let channel = metadata::follow(&self.shared, updates, &mut fetcher)?;
        download::sweep(self.shared.registry.folder.path(), &channel);
        let models = take::models(&self.shared, &updates.policy)?.into_iter();
        // First what must go, of every model: no trouble with one release keeps that.
        let told = |model_id: String| Ok((take::recall(&self.shared, &channel, &model_id)?, model_id));
        let recalled = models.map(told).collect::<Result<Vec<_>, UpdateError>>()?;
        let update = |(recalled, model_id): (_, String)| {
            take::update(&self.shared, updates, &channel, (&model_id, recalled), &mut fetcher, link)
        };
        let models = recalled.into_iter().map(update).collect::<Result<Vec<_>, UpdateError>>()?;
        let root_version = metadata::trust(&self.shared, updates)?.root().version;
        Ok(UpdateReport { root_version, channel_version: channel.version, bytes: fetcher.bytes, models })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

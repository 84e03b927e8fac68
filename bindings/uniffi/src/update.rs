//! Following the update channel: what the app decides, and what came of it.

use std::sync::Arc;

use dunlin::UpdateError;

use crate::error::DunlinError;
use crate::runtime::Runtime;
use crate::transport::{Foreign, Transport};
use crate::upload::Link;

/// Which channel is followed, and what it may cost.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct UpdatePolicy {
    /// The channel's root that ships with the app: the bytes of `root/N.json`.
    pub root: Vec<u8>,
    /// Name of the channel, such as `stable`.
    pub channel: String,
    /// Whether bundles are fetched over a metered link too. What is recalled is heard of over any link.
    #[uniffi(default = None)]
    pub over_metered: Option<bool>,
    /// Largest bundle that is fetched, in bytes.
    #[uniffi(default = None)]
    pub max_bytes: Option<u64>,
    /// Models that the device should have, besides those installed.
    #[uniffi(default = None)]
    pub models: Option<Vec<String>>,
}

/// What one call of `update` found and did.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct UpdateReport {
    /// Version of the root that is believed.
    pub root_version: u64,
    /// Version of the channel.
    pub channel_version: u64,
    /// Bytes of the answers, metadata included.
    pub bytes: u64,
    /// Each model, by name.
    pub models: Vec<ModelUpdate>,
}

/// What the channel meant for a model.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ModelUpdate {
    /// Name of the model.
    pub model_id: String,
    /// What became of it.
    pub outcome: UpdateOutcome,
    /// Version of the release that this is about, where there is one.
    pub version: Option<String>,
    /// Why it was not taken.
    pub why: Option<String>,
    /// Bundles that were recalled and are gone: their versions, and why.
    pub recalled: Vec<String>,
}

/// What became of a model in an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum UpdateOutcome {
    /// Nothing is to be taken.
    Current,
    /// A release was installed, and watches.
    Candidate,
    /// A release was installed, and answers: the model had no other.
    Activated,
    /// A release is to be taken later: over another link, say.
    Waiting,
    /// A release was fetched and is not taken here.
    Refused,
}

#[uniffi::export]
impl Runtime {
    /// Follows the update channel once: what is recalled goes, and the newest release that this device may take is fetched,
    /// verified and installed as a candidate, or as the active bundle where its model has none. The transport may call this
    /// runtime, and even close it.
    ///
    /// # Errors
    /// [`DunlinError::Update`] saying what stood in the way: what was fetched is kept, and the next call goes on from there;
    /// [`DunlinError::InvalidArgument`] where the app follows no channel; [`DunlinError::Busy`] while another update is on.
    pub fn update(&self, transport: Arc<dyn Transport>, link: Link) -> Result<UpdateReport, DunlinError> {
        self.call(|core| core.update(&mut Foreign(transport), link.into())?.try_into())
    }
}

impl From<UpdatePolicy> for dunlin::UpdatePolicy {
    fn from(policy: UpdatePolicy) -> Self {
        let mut core = Self::new(policy.root, policy.channel);
        core.over_metered = policy.over_metered.unwrap_or(core.over_metered);
        core.max_bytes = policy.max_bytes.unwrap_or(core.max_bytes);
        core.models = policy.models.unwrap_or_default();
        core
    }
}

impl TryFrom<dunlin::UpdateReport> for UpdateReport {
    type Error = DunlinError;

    fn try_from(report: dunlin::UpdateReport) -> Result<Self, DunlinError> {
        Ok(Self {
            root_version: report.root_version,
            channel_version: report.channel_version,
            bytes: report.bytes,
            models: report.models.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<dunlin::ModelUpdate> for ModelUpdate {
    type Error = DunlinError;

    fn try_from(update: dunlin::ModelUpdate) -> Result<Self, DunlinError> {
        let outcome = match update.outcome {
            dunlin::UpdateOutcome::Current => UpdateOutcome::Current,
            dunlin::UpdateOutcome::Candidate => UpdateOutcome::Candidate,
            dunlin::UpdateOutcome::Activated => UpdateOutcome::Activated,
            dunlin::UpdateOutcome::Waiting => UpdateOutcome::Waiting,
            dunlin::UpdateOutcome::Refused => UpdateOutcome::Refused,
            other => return Err(DunlinError::unknown(&format!("the outcome '{}'", other.name()))),
        };
        let dunlin::ModelUpdate { model_id, version, why, recalled, .. } = update;
        Ok(Self { model_id, outcome, version, why, recalled })
    }
}

impl From<UpdateError> for DunlinError {
    fn from(error: UpdateError) -> Self {
        let message = error.to_string();
        match error {
            UpdateError::Storage(problem) => problem.into(),
            UpdateError::NotConfigured | UpdateError::Shipped(_) => Self::InvalidArgument { message },
            UpdateError::Busy => Self::Busy { message },
            other => Self::Update { code: other.code().to_owned(), message },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_of_a_policy_is_as_in_the_runtime() {
        let (root, channel) = (b"{}".to_vec(), "stable".to_owned());
        let given = UpdatePolicy { root: root.clone(), channel, over_metered: None, max_bytes: None, models: None };
        let mut core = dunlin::UpdatePolicy::new(root, "stable");
        assert_eq!(dunlin::UpdatePolicy::from(given.clone()), core);
        (core.over_metered, core.max_bytes) = (true, 9);
        core.models.push("digits".to_owned());
        let models = Some(vec!["digits".to_owned()]);
        let given = UpdatePolicy { over_metered: Some(true), max_bytes: Some(9), models, ..given };
        assert_eq!(dunlin::UpdatePolicy::from(given), core);
    }
}

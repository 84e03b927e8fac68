//! The channel: what is released, to how many, and what is recalled.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::{ChannelError, Document};
use crate::json::shown;
use crate::limits::{
    MAX_ARCHS, MAX_BUNDLE_BYTES, MAX_NAME_BYTES, MAX_PART_BYTES, MAX_PARTS, MAX_PATH_BYTES, MAX_REASON_BYTES,
    MAX_RECALLS, MAX_RELEASES, MIN_PART_BYTES,
};
use crate::payload::{self, Check};

const CHECK: Check = Check(Document::Channel);

/// One file in the place of targets, snapshot and timestamp, so that nothing can be mixed and matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Which channel it is; a root may vouch for several.
    pub name: String,
    /// Starts at 1 and goes up with every change.
    pub version: u64,
    /// When it was signed, µs since 1970 UTC.
    #[serde(rename = "issued")]
    pub issued_us: i64,
    /// When it stops being believed, µs since 1970 UTC; days later, not years.
    #[serde(rename = "expires")]
    pub expires_us: i64,
    /// What devices may take.
    pub releases: Vec<Release>,
    /// What no device may run.
    pub recalled: Vec<Recall>,
}

/// A bundle that devices may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Name of the model.
    pub model_id: String,
    /// Version for people.
    pub version: String,
    /// Version for machines.
    pub sequence: u64,
    /// Devices whose active model has a lower sequence do not take it; 0 for all.
    pub from_sequence: u64,
    /// SHA-256 of the bundle's manifest: the bundle's identity.
    pub digest: Digest,
    /// SHA-256 of the whole file.
    pub sha256: Digest,
    /// Length of the file.
    pub bytes: u64,
    /// Length of each part but the last.
    pub part_bytes: u64,
    /// SHA-256 of each part.
    pub parts: Vec<Digest>,
    /// Where the file lies, relative to the channel's own place.
    pub path: String,
    /// Processors that it is for (`aarch64`, `x86_64`, ...); empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arch: Vec<String>,
    /// Share of the devices that may take it, 0 to 100.
    pub rollout_percent: u32,
    /// Nobody takes it while this is set; who has it keeps it.
    pub halted: bool,
}

/// A bundle that no device may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// Name of the model.
    pub model_id: String,
    /// Its version for machines.
    pub sequence: u64,
    /// SHA-256 of the bundle's manifest.
    pub digest: Digest,
    /// Why, for people.
    pub reason: String,
}

impl Channel {
    /// Reads the payload of a channel and checks that it agrees with itself; trusts nobody for it.
    ///
    /// # Errors
    /// [`ChannelError`] naming the release and field at fault.
    pub fn parse(payload: &str) -> Result<Self, ChannelError> {
        let channel: Self = payload::read(Document::Channel, payload)?;
        channel.check()?;
        Ok(channel)
    }

    /// The payload to sign.
    #[must_use]
    pub fn to_payload(&self) -> String {
        payload::write(Document::Channel, self)
    }

    fn check(&self) -> Result<(), ChannelError> {
        CHECK.name("name", &self.name)?;
        CHECK.life(self.version, self.issued_us, self.expires_us)?;
        CHECK.count("releases", self.releases.len(), MAX_RELEASES)?;
        CHECK.count("recalls", self.recalled.len(), MAX_RECALLS)?;
        self.releases.iter().try_for_each(Release::check)?;
        self.recalled.iter().try_for_each(Recall::check)?;
        self.check_that_releases_differ()
    }

    /// Of two releases of one sequence a device could not say which is the newer.
    fn check_that_releases_differ(&self) -> Result<(), ChannelError> {
        for (index, release) in self.releases.iter().enumerate() {
            if self.releases[..index].iter().any(|other| other.clashes_with(release)) {
                let problem = "another release has the same digest, or the same sequence for the same processors";
                return Err(CHECK.invalid(release.place(), problem));
            }
        }
        Ok(())
    }
}

impl Release {
    /// Whether a bundle that came is the one that the release names: ask with what its own manifest says. A thief of the
    /// channel's key could list an old bundle under a high sequence.
    #[must_use]
    pub fn is_bundle(&self, model_id: &str, version: &str, sequence: u64, digest: &str) -> bool {
        let is_named = self.model_id == model_id && self.version == version && self.sequence == sequence;
        is_named && self.digest.to_string() == digest
    }

    /// Whether both could be meant by one device, or are one bundle.
    fn clashes_with(&self, other: &Self) -> bool {
        let shares_arch =
            self.arch.is_empty() || other.arch.is_empty() || self.arch.iter().any(|arch| other.arch.contains(arch));
        let is_same_step = self.model_id == other.model_id && self.sequence == other.sequence;
        self.digest == other.digest || (is_same_step && shares_arch)
    }

    fn place(&self) -> String {
        format!("release {} {}", shown(&self.model_id), self.sequence)
    }

    fn check(&self) -> Result<(), ChannelError> {
        let wrong = |problem: String| Err(CHECK.invalid(self.place(), problem));
        CHECK.name("releases: model_id", &self.model_id)?;
        CHECK.count("parts", self.parts.len(), MAX_PARTS)?;
        CHECK.count("processors of a release", self.arch.len(), MAX_ARCHS)?;
        self.arch.iter().try_for_each(|arch| CHECK.name(&self.place(), arch))?;
        let is_version = (1..=MAX_NAME_BYTES).contains(&self.version.len());
        if !is_version || !self.version.bytes().all(|b| b.is_ascii_graphic()) {
            return wrong(format!("version `{}` is not 1 to 64 visible ASCII characters", shown(&self.version)));
        }
        if !(1..=MAX_BUNDLE_BYTES).contains(&self.bytes) {
            return wrong(format!("{} bytes are no size of a bundle", self.bytes));
        }
        if !(MIN_PART_BYTES..=MAX_PART_BYTES).contains(&self.part_bytes) {
            return wrong(format!("parts of {} bytes; {MIN_PART_BYTES} to {MAX_PART_BYTES} go", self.part_bytes));
        }
        if self.bytes.div_ceil(self.part_bytes) != self.parts.len() as u64 {
            let (bytes, part_bytes, parts) = (self.bytes, self.part_bytes, self.parts.len());
            return wrong(format!("{bytes} bytes in parts of {part_bytes} are not {parts} parts"));
        }
        if self.rollout_percent > 100 {
            return wrong(format!("rollout of {} percent; 0 to 100 go", self.rollout_percent));
        }
        if !is_path(&self.path) {
            return wrong(format!("path `{}` could lead elsewhere", shown(&self.path)));
        }
        Ok(())
    }
}

impl Recall {
    fn check(&self) -> Result<(), ChannelError> {
        CHECK.name("recalled: model_id", &self.model_id)?;
        if self.reason.len() > MAX_REASON_BYTES {
            let at = format!("recall {} {}", self.model_id, self.sequence);
            return Err(CHECK.invalid(at, format!("its reason is longer than {MAX_REASON_BYTES} bytes")));
        }
        Ok(())
    }
}

/// Names of folders and a file below the channel's own place: no way up, no root, no drive, nothing to escape.
fn is_path(path: &str) -> bool {
    let is_step = |step: &str| {
        !step.is_empty()
            && !step.starts_with('.')
            && step.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    path.len() <= MAX_PATH_BYTES && path.split('/').all(is_step)
}

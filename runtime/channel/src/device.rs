//! Which release a device should take now, or why none: a pure function of the channel and the device.

use std::cmp::Reverse;
use std::fmt;

use crate::channel::{Channel, Recall, Release};
use crate::digest::Digest;
use crate::rollout;

/// A device, as far as one of its models is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// The installation's own random id; it decides the place in rollouts and is not sent.
    pub install_id: &'a str,
    /// Its processor, as [`std::env::consts::ARCH`] names it.
    pub arch: &'a str,
    /// The model.
    pub model_id: &'a str,
    /// Sequence of the model that answers, where there is one.
    pub active_sequence: Option<u64>,
    /// Digests of the bundles that are on the device in any slot.
    pub held: &'a [Digest],
    /// Digests of bundles that the device refused or threw out.
    pub refused: &'a [Digest],
}

/// What the channel means for a device's model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<'c> {
    /// The release to take now.
    pub take: Option<&'c Release>,
    /// The other releases of the model, newest first, each with why not.
    pub passed: Vec<(&'c Release, Why)>,
    /// Recalls of bundles that the device holds.
    pub recalled: Vec<&'c Recall>,
}

/// Why a release is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// It is recalled.
    Recalled,
    /// It is for other processors.
    OtherArch,
    /// The device has this sequence or a later one, or takes a newer release.
    NotNewer,
    /// The device is below the sequence from which it may be taken.
    BelowFrom {
        /// That sequence.
        from_sequence: u64,
    },
    /// The device has refused this very bundle before.
    RefusedBefore,
    /// The device has it already.
    Held,
    /// The publisher has halted it.
    Halted,
    /// The device's place lies beyond the share that may take it.
    NotInShare {
        /// The share.
        percent: u32,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recalled => f.write_str("it is recalled"),
            Self::OtherArch => f.write_str("it is for other processors"),
            Self::NotNewer => f.write_str("it is not newer"),
            Self::BelowFrom { from_sequence } => write!(f, "only devices from sequence {from_sequence} on take it"),
            Self::RefusedBefore => f.write_str("this device has refused it before"),
            Self::Held => f.write_str("it is on this device"),
            Self::Halted => f.write_str("it is halted"),
            Self::NotInShare { percent } => write!(f, "this device is not among the first {percent} %"),
        }
    }
}

impl Channel {
    /// Decides for one model of a device. The newest release against which nothing speaks is taken; where it is on the
    /// device already, nothing is, since an older one would be a step back.
    #[must_use]
    pub fn for_device(&self, device: &Device<'_>) -> Choice<'_> {
        let mut releases: Vec<&Release> =
            self.releases.iter().filter(|release| release.model_id == device.model_id).collect();
        releases.sort_by_key(|release| (Reverse(release.sequence), release.digest));
        let (mut take, mut passed, mut settled) = (None, Vec::new(), false);
        for release in releases {
            match self.why_not(release, device).or(settled.then_some(Why::NotNewer)) {
                None => {
                    take = Some(release);
                    settled = true;
                }
                Some(why) => {
                    settled |= why == Why::Held;
                    passed.push((release, why));
                }
            }
        }
        let is_held = |recall: &&Recall| recall.model_id == device.model_id && device.held.contains(&recall.digest);
        Choice { take, passed, recalled: self.recalled.iter().filter(is_held).collect() }
    }

    fn why_not(&self, release: &Release, device: &Device<'_>) -> Option<Why> {
        let is_recalled = self.recalled.iter().any(|recall| recall.digest == release.digest);
        let is_other = !release.arch.is_empty() && !release.arch.iter().any(|arch| arch == device.arch);
        let percent = release.rollout_percent;
        let reasons = [
            (is_recalled, Why::Recalled),
            (is_other, Why::OtherArch),
            (device.active_sequence.is_some_and(|active| release.sequence <= active), Why::NotNewer),
            (
                device.active_sequence.unwrap_or(0) < release.from_sequence,
                Why::BelowFrom { from_sequence: release.from_sequence },
            ),
            (device.refused.contains(&release.digest), Why::RefusedBefore),
            (device.held.contains(&release.digest), Why::Held),
            (release.halted, Why::Halted),
            (!rollout::is_in_share(&release.digest, device.install_id, percent), Why::NotInShare { percent }),
        ];
        reasons.into_iter().find(|(speaks_against, _)| *speaks_against).map(|(_, why)| why)
    }
}

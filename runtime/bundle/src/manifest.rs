//! `manifest.json`: the one signed file; it says what the model is, where it came from, and what every other entry is.

use serde::{Deserialize, Serialize};

/// The identity and contents of a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the bundle format, `major.minor`. Another major is refused; a higher minor is read.
    pub format: FormatVersion,
    /// Abilities that a reader must have; an unknown one is refused.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Name of the model: lower-case letters, digits, `-` and `_`, at most 64.
    pub model_id: String,
    /// Version for people.
    pub version: semver::Version,
    /// Version for machines: never goes down.
    pub sequence: u64,
    /// SPDX expression of the model's licence.
    #[serde(default)]
    pub license: Option<String>,
    /// Where the model came from. All of it must be there before a bundle is signed.
    #[serde(default)]
    pub provenance: Provenance,
    /// What running it takes.
    #[serde(default)]
    pub engine: EngineRequirements,
    /// Longest time that a prediction should take on the slowest device supported, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_budget_us: Option<u64>,
    /// Age in days past which answers are marked stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<u32>,
    /// Who answers where the model abstains, tried in this order; absent: the baseline, then the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Vec<FallbackStep>>,
    /// The outcome by which versions of the model are compared on devices; absent: labels alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<Objective>,
    /// Every entry after the manifest, in file order.
    pub entries: Vec<Entry>,
}

/// Somebody who may answer where the model abstains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FallbackStep {
    /// The version before the active one, where the device still has it.
    Previous,
    /// The bundle's baseline, where it has one.
    Baseline,
    /// A larger model elsewhere, where the app lets it be asked. Comes last, since `predict` does not wait for it.
    Cloud,
}

impl FallbackStep {
    /// Who is tried where nothing is said.
    pub const USUAL: [Self; 2] = [Self::Baseline, Self::Cloud];
}

/// What the model is there for, as the app can tell it afterwards.
///
/// ```
/// use dunlin_bundle::manifest::{Direction, Objective};
///
/// let objective: Objective = serde_json::from_str(r#"{"outcome": "minutes_saved", "direction": "maximize"}"#)?;
/// assert_eq!((objective.outcome.as_str(), objective.direction), ("minutes_saved", Direction::Maximize));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// Name of the outcome: a number, or a boolean that counts as 0 or 1.
    pub outcome: String,
    /// Which values are good.
    pub direction: Direction,
}

/// Which values of an outcome are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// High ones.
    Maximize,
    /// Low ones.
    Minimize,
}

/// `major.minor`, written as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FormatVersion {
    /// Changes when an old reader would misread.
    pub major: u16,
    /// Changes when an old reader merely misses something.
    pub minor: u16,
}

impl TryFrom<String> for FormatVersion {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts = text.split_once('.').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        let (major, minor) = parts.ok_or_else(|| format!("format version {text:?} is not major.minor"))?;
        Ok(Self { major, minor })
    }
}

impl From<FormatVersion> for String {
    fn from(version: FormatVersion) -> Self {
        format!("{}.{}", version.major, version.minor)
    }
}

/// Where a model came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Commit of the training code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// SHA-256 of the training data, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_sha256: Option<String>,
    /// The hyper-parameter trial that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuner_trial: Option<String>,
    /// Who looked at it and let it go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
}

/// What running a model takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineRequirements {
    /// Oldest version of the engine that can run it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_version: Option<semver::Version>,
}

/// One entry of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Path inside the bundle.
    pub name: String,
    /// Length in bytes.
    pub length: u64,
    /// SHA-256 of the content, in hex.
    pub sha256: String,
    /// CRC-32 (IEEE) of the content: what a zip header holds, so that headers can be rebuilt without reading the content.
    pub crc32: u32,
}

//! The model folder: what training hands to packing, as plain files that any training code can write.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use dunlin_bundle::golden::Tolerance;
use dunlin_bundle::graph::Graph;
use dunlin_bundle::manifest::{FallbackStep, Objective};
use dunlin_bundle::schema::Schema;
use dunlin_bundle::transform_spec::TransformsSpec;
use dunlin_bundle::{Weights, WeightsError, safetensors_bytes};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// A trained model with everything that packing needs. On disk:
///
/// ```text
/// settings.json  schema.json  features.json  graph.json  weights.safetensors  README.md
/// reference.jsonl  held_out.jsonl                         {"record": {...}, "label": ...} a line
/// baseline/features.json  baseline/graph.json  baseline/weights.safetensors          optional
/// ```
#[derive(Clone, Debug)]
pub struct ModelFolder {
    /// Identity, licence, thresholds.
    pub settings: PackSettings,
    /// What a record holds and what the model answers.
    pub schema: Schema,
    /// The fitted transforms.
    pub transforms: TransformsSpec,
    /// The model's computation.
    pub graph: Graph,
    /// Its weights, dense.
    pub weights: Weights,
    /// Training records: the reference distribution is counted on them and the guard is fitted on them.
    pub reference: Vec<LabelledRecord>,
    /// Records never trained on: scores are taken on them, and golden records from them.
    pub held_out: Vec<LabelledRecord>,
    /// A simpler model over the same schema.
    pub baseline: Option<BaselineFiles>,
    /// The model card.
    pub card: String,
}

/// A baseline's files.
#[derive(Clone, Debug)]
pub struct BaselineFiles {
    /// Its fitted transforms.
    pub transforms: TransformsSpec,
    /// Its computation.
    pub graph: Graph,
    /// Its weights.
    pub weights: Weights,
}

/// A record and what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelledRecord {
    /// Feature values by name.
    pub record: Map<String, Json>,
    /// Name of the true class, or the true value of a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Json>,
}

/// `settings.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackSettings {
    /// Name of the model.
    pub model_id: String,
    /// Version for people.
    pub version: semver::Version,
    /// Version for machines; never goes down.
    pub sequence: u64,
    /// SPDX expression of the licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Commit of the training code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// SHA-256 of the training data, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_sha256: Option<String>,
    /// Longest time that a prediction should take, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_budget_us: Option<u64>,
    /// Age in days past which answers are marked stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<u32>,
    /// Who answers where the model abstains, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Vec<FallbackStep>>,
    /// The outcome by which versions are compared on devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<Objective>,
    /// Golden records to take from the held-out ones.
    #[serde(default = "default_golden_cases")]
    pub golden_cases: usize,
    /// How closely a device must agree with the golden set, by kernel family (`f32`, `ggml`, `int8`).
    #[serde(default = "default_tolerance")]
    pub tolerance: BTreeMap<String, Tolerance>,
    /// How the guard is fitted.
    #[serde(default)]
    pub guard: GuardSettings,
}

/// How the guard's thresholds are found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardSettings {
    /// Smallest probability of the chosen class; absent: any.
    pub min_confidence: Option<f64>,
    /// The distance threshold is this quantile of the training records' distances ...
    pub distance_quantile: f64,
    /// ... times this.
    pub distance_margin: f64,
}

impl PackSettings {
    /// Settings that say who the model is, and leave the rest at what it is without them.
    #[must_use]
    pub fn new(model_id: &str, version: semver::Version, sequence: u64) -> Self {
        Self {
            model_id: model_id.to_owned(),
            version,
            sequence,
            license: None,
            commit: None,
            data_sha256: None,
            latency_budget_us: None,
            max_age_days: None,
            fallback: None,
            objective: None,
            golden_cases: default_golden_cases(),
            tolerance: default_tolerance(),
            guard: GuardSettings::default(),
        }
    }

    /// Gives int8 kernels a tolerance, where the settings were written for a model without them.
    pub fn allow_int8(&mut self) {
        self.tolerance.entry("int8".to_owned()).or_insert(COARSE);
    }
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { min_confidence: None, distance_quantile: 0.999, distance_margin: 1.5 }
    }
}

fn default_golden_cases() -> usize {
    32
}

/// Of quantised kernels: one quantum more or less at an inner value can become as much at the output.
const COARSE: Tolerance = Tolerance { absolute: 0.03, relative: 0.03 };

/// f32 kernels differ in the order of their sums alone; ggml kernels also round activations to 8 bits, by their own rules
/// on each instruction set.
fn default_tolerance() -> BTreeMap<String, Tolerance> {
    let f32 = Tolerance { absolute: 1e-4, relative: 1e-3 };
    BTreeMap::from([("f32".to_owned(), f32), ("ggml".to_owned(), COARSE), ("int8".to_owned(), COARSE)])
}

/// A model folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A JSON file or line is not what it should be.
    #[error("{path}{}: {reason}", line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line of a JSONL file, from 1.
        line: Option<usize>,
        /// Why.
        reason: String,
    },
    /// A weights file is not what it should be.
    #[error("{path}: {source}")]
    Weights {
        /// The file.
        path: PathBuf,
        /// Why.
        source: WeightsError,
    },
}

impl ModelFolder {
    /// Reads a folder.
    ///
    /// # Errors
    /// [`FolderError`] naming the file, and the line of a JSONL file.
    pub fn read(dir: &Path) -> Result<Self, FolderError> {
        let (transforms, graph, weights) = read_model(dir)?;
        let baseline = dir.join("baseline");
        let baseline = if baseline.exists() {
            let (transforms, graph, weights) = read_model(&baseline)?;
            Some(BaselineFiles { transforms, graph, weights })
        } else {
            None
        };
        Ok(Self {
            settings: read_json(&dir.join("settings.json"))?,
            schema: read_json(&dir.join("schema.json"))?,
            transforms,
            graph,
            weights,
            reference: read_lines(&dir.join("reference.jsonl"))?,
            held_out: read_lines(&dir.join("held_out.jsonl"))?,
            baseline,
            card: read_text(&dir.join("README.md"))?,
        })
    }

    /// Writes a folder, making it where it is not there.
    ///
    /// # Errors
    /// [`FolderError`] naming the file.
    pub fn write(&self, dir: &Path) -> Result<(), FolderError> {
        write_model(dir, &self.transforms, &self.graph, &self.weights)?;
        if let Some(baseline) = &self.baseline {
            write_model(&dir.join("baseline"), &baseline.transforms, &baseline.graph, &baseline.weights)?;
        }
        write_json(&dir.join("settings.json"), &self.settings)?;
        write_json(&dir.join("schema.json"), &self.schema)?;
        write_lines(&dir.join("reference.jsonl"), &self.reference)?;
        write_lines(&dir.join("held_out.jsonl"), &self.held_out)?;
        write_bytes(&dir.join("README.md"), self.card.as_bytes())
    }
}

fn read_model(dir: &Path) -> Result<(TransformsSpec, Graph, Weights), FolderError> {
    let path = dir.join("weights.safetensors");
    let bytes = fs::read(&path).map_err(|source| FolderError::Io { path: path.clone(), source })?;
    let weights = Weights::from_safetensors(bytes).map_err(|source| FolderError::Weights { path, source })?;
    Ok((read_json(&dir.join("features.json"))?, read_json(&dir.join("graph.json"))?, weights))
}

fn write_model(dir: &Path, transforms: &TransformsSpec, graph: &Graph, weights: &Weights) -> Result<(), FolderError> {
    fs::create_dir_all(dir).map_err(|source| FolderError::Io { path: dir.to_owned(), source })?;
    write_json(&dir.join("features.json"), transforms)?;
    write_json(&dir.join("graph.json"), graph)?;
    let path = dir.join("weights.safetensors");
    match safetensors_bytes(weights.iter()) {
        Ok(bytes) => write_bytes(&path, &bytes),
        Err(source) => Err(FolderError::Weights { path, source }),
    }
}

fn read_text(path: &Path) -> Result<String, FolderError> {
    fs::read_to_string(path).map_err(|source| FolderError::Io { path: path.to_owned(), source })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, FolderError> {
    parse(path, None, &read_text(path)?)
}

fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, FolderError> {
    let text = read_text(path)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(i, line)| parse(path, Some(i + 1), line)).collect()
}

fn parse<T: DeserializeOwned>(path: &Path, line: Option<usize>, text: &str) -> Result<T, FolderError> {
    serde_json::from_str(text).map_err(|e| FolderError::Json { path: path.to_owned(), line, reason: e.to_string() })
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FolderError> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|e| FolderError::Json { path: path.to_owned(), line: None, reason: e.to_string() })?;
    write_bytes(path, text.as_bytes())
}

fn write_lines(path: &Path, values: &[impl Serialize]) -> Result<(), FolderError> {
    let mut text = String::new();
    for (i, value) in values.iter().enumerate() {
        let bad = |e: serde_json::Error| FolderError::Json {
            path: path.to_owned(),
            line: Some(i + 1),
            reason: e.to_string(),
        };
        text.push_str(&serde_json::to_string(value).map_err(bad)?);
        text.push('\n');
    }
    write_bytes(path, text.as_bytes())
}

fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    fs::write(path, bytes).map_err(|source| FolderError::Io { path: path.to_owned(), source })
}

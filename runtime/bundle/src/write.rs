//! Packs a bundle: the same parts always give the same bytes.

use std::borrow::Cow;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::check::FORMAT;
use crate::container;
use crate::contents::Contents;
use crate::entry;
use crate::error::BundleError;
use crate::golden::GoldenSet;
use crate::graph::Graph;
use crate::limits::MAX_BUNDLE_BYTES;
use crate::manifest::{EngineRequirements, Entry, FallbackStep, Manifest, Objective, Provenance};
use crate::read::hex;
use crate::reference::Reference;
use crate::schema::Schema;
use crate::transform_spec::TransformsSpec;

/// Everything that goes into a bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// Name of the model: lower-case letters, digits, `-` and `_`.
    pub model_id: String,
    /// Version for people.
    pub version: semver::Version,
    /// Version for machines; never goes down.
    pub sequence: u64,
    /// SPDX expression of the model's licence; needed before the bundle is signed.
    pub license: Option<String>,
    /// Where the model came from; needed before the bundle is signed.
    pub provenance: Provenance,
    /// What running it takes.
    pub engine: EngineRequirements,
    /// Longest time that a prediction should take, in microseconds.
    pub latency_budget_us: Option<u64>,
    /// Age in days past which answers are marked stale.
    pub max_age_days: Option<u32>,
    /// Who answers where the model abstains, in order; the usual where nothing is said.
    pub fallback: Option<Vec<FallbackStep>>,
    /// The outcome by which versions are compared on devices.
    pub objective: Option<Objective>,
    /// Abilities that a reader must have.
    pub requires: Vec<String>,
    /// What a record must hold and what the model answers.
    pub schema: Schema,
    /// What turns a record into the graph's inputs.
    pub transforms: TransformsSpec,
    /// The model's computation.
    pub graph: Graph,
    /// Dense tensors, as [`safetensors_bytes`](crate::safetensors_bytes) writes them.
    pub safetensors: Option<Vec<u8>>,
    /// Block-quantised tensors, as [`gguf_bytes`](crate::gguf_bytes) writes them.
    pub gguf: Option<Vec<u8>>,
    /// The training distribution and the guard's thresholds.
    pub reference: Reference,
    /// Records whose outputs are known.
    pub golden: GoldenSet,
    /// Tensor features of the golden records, one row a case, as [`safetensors_bytes`](crate::safetensors_bytes) writes
    /// them.
    pub golden_tensors: Option<Vec<u8>>,
    /// A simpler model over the same schema.
    pub baseline: Option<BaselineParts>,
    /// The model card.
    pub readme: String,
}

/// Everything that makes up a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct BaselineParts {
    /// What turns a record into the graph's inputs.
    pub transforms: TransformsSpec,
    /// Its computation.
    pub graph: Graph,
    /// Its tensors, as [`safetensors_bytes`](crate::safetensors_bytes) writes them.
    pub safetensors: Vec<u8>,
}

/// Why parts do not make a bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A value has no JSON form.
    #[error("{entry}: {problem}; give it a finite value")]
    NoJson {
        /// The entry that it belongs to.
        entry: String,
        /// What serialisation said.
        problem: String,
    },
    /// A reader would refuse the bundle.
    #[error(transparent)]
    Refused(#[from] BundleError),
}

/// An entry's name and bytes.
type NamedContent<'a> = (&'static str, Cow<'a, [u8]>);

impl Parts {
    /// Packs an unsigned bundle: its signature entry is there, and empty. What a reader would refuse is not written.
    ///
    /// # Errors
    /// [`WriteError`] naming the entry.
    pub fn write(&self) -> Result<Vec<u8>, WriteError> {
        let contents = self.contents()?;
        let manifest = Manifest {
            format: FORMAT,
            requires: self.requires.clone(),
            model_id: self.model_id.clone(),
            version: self.version.clone(),
            sequence: self.sequence,
            license: self.license.clone(),
            provenance: self.provenance.clone(),
            engine: self.engine.clone(),
            latency_budget_us: self.latency_budget_us,
            max_age_days: self.max_age_days,
            fallback: self.fallback.clone(),
            objective: self.objective.clone(),
            entries: contents.iter().map(|(name, content)| describe(name, content)).collect(),
        };
        let manifest = manifest_json(&manifest)?;
        let mut entries: Vec<(&str, &[u8])> = vec![(entry::SIGNATURE, &[]), (entry::MANIFEST, &manifest)];
        entries.extend(contents.iter().map(|(name, content)| (*name, &content[..])));
        let file = assemble(&entries)?;
        Contents::read_unsigned(file.clone())?;
        Ok(file)
    }

    /// Every entry after the manifest, in file order.
    fn contents(&self) -> Result<Vec<NamedContent<'_>>, WriteError> {
        let mut entries: Vec<NamedContent<'_>> = vec![
            (entry::SCHEMA, json(entry::SCHEMA, &self.schema)?.into()),
            (entry::TRANSFORMS, json(entry::TRANSFORMS, &self.transforms)?.into()),
            (entry::GRAPH, graph_json(entry::GRAPH, &self.graph)?.into()),
        ];
        entries.extend(self.safetensors.iter().map(|bytes| (entry::SAFETENSORS, bytes.into())));
        entries.extend(self.gguf.iter().map(|bytes| (entry::GGUF, bytes.into())));
        entries.push((entry::REFERENCE, json(entry::REFERENCE, &self.reference)?.into()));
        entries.push((entry::GOLDEN, golden_lines(&self.golden)?.into()));
        entries.extend(self.golden_tensors.iter().map(|bytes| (entry::GOLDEN_TENSORS, bytes.into())));
        if let Some(baseline) = &self.baseline {
            let transforms = json(entry::BASELINE_TRANSFORMS, &baseline.transforms)?;
            entries.push((entry::BASELINE_TRANSFORMS, transforms.into()));
            entries.push((entry::BASELINE_GRAPH, graph_json(entry::BASELINE_GRAPH, &baseline.graph)?.into()));
            entries.push((entry::BASELINE_WEIGHTS, (&baseline.safetensors).into()));
        }
        entries.push((entry::README, self.readme.as_bytes().into()));
        Ok(entries)
    }
}

fn describe(name: &str, content: &[u8]) -> Entry {
    Entry {
        name: name.to_owned(),
        length: content.len() as u64,
        sha256: hex(&Sha256::digest(content)),
        crc32: crc32fast::hash(content),
    }
}

/// The manifest as it stands in the file.
pub(crate) fn manifest_json(manifest: &Manifest) -> Result<Vec<u8>, WriteError> {
    json(entry::MANIFEST, manifest)
}

/// Indented JSON with a line feed at the end, for people who unzip a bundle.
fn json(entry: &str, value: &impl Serialize) -> Result<Vec<u8>, WriteError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(no_json(entry))?;
    text.push(b'\n');
    Ok(text)
}

/// JSON without white space: a graph is the one entry whose indentation would weigh as much as its words.
fn graph_json(entry: &str, graph: &Graph) -> Result<Vec<u8>, WriteError> {
    let mut text = serde_json::to_vec(graph).map_err(no_json(entry))?;
    text.push(b'\n');
    Ok(text)
}

fn golden_lines(golden: &GoldenSet) -> Result<Vec<u8>, WriteError> {
    let mut text = serde_json::to_vec(&golden.header).map_err(no_json(entry::GOLDEN))?;
    for case in &golden.cases {
        text.push(b'\n');
        text.extend(serde_json::to_vec(case).map_err(no_json(entry::GOLDEN))?);
    }
    text.push(b'\n');
    Ok(text)
}

fn no_json(entry: &str) -> impl Fn(serde_json::Error) -> WriteError {
    move |error| WriteError::NoJson { entry: entry.to_owned(), problem: error.to_string() }
}

/// Puts entries into the canonical container.
pub(crate) fn assemble(entries: &[(&str, &[u8])]) -> Result<Vec<u8>, BundleError> {
    container::assemble(entries)
        .map_err(|too_long| BundleError::TooLarge { length: too_long.0, limit: MAX_BUNDLE_BYTES })
}

//! Packs a model folder into an unsigned bundle.
//!
//! quantise -> load -> fit the guard and count the reference distribution -> score on held-out records -> golden set ->
//! bundle. Everything is run by the same predictor that a device runs, on the engine that is the oracle: candle, or the
//! plan's scalar kernels for ops that candle lacks.

mod golden;
mod quantize;
mod reference;
mod score;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use dunlin_bundle::graph::Graph;
use dunlin_bundle::manifest::{EngineRequirements, Provenance};
use dunlin_bundle::reference::{GuardThresholds, Reference};
use dunlin_bundle::transform_spec::TransformsSpec;
use dunlin_bundle::{BaselineParts, GgmlType, Parts, Weights, WeightsError, WriteError, safetensors_bytes};
use dunlin_engine::{Engine, EngineError, Isa, PlanEngine, ReferenceEngine};
use dunlin_features::{FeatureError, Record};
use dunlin_predictor::{LoadError, PredictError, Predictor};

use crate::folder::{LabelledRecord, ModelFolder};
pub use quantize::Precision;
pub use score::Scores;

/// A packed, unsigned bundle and what was measured on the way.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The bundle's bytes; the same folder always gives the same.
    pub bytes: Vec<u8>,
    /// Scores of the model on the held-out records.
    pub scores: Scores,
    /// Scores of the baseline.
    pub baseline: Option<Scores>,
}

/// A folder cannot be packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A record of `reference.jsonl` or `held_out.jsonl` is refused.
    #[error("{file}, line {line}: {error}")]
    BadRecord {
        /// The file.
        file: &'static str,
        /// Line, from 1.
        line: usize,
        /// Why.
        error: FeatureError,
    },
    /// A record that the schema accepts has no prediction.
    #[error("{file}, line {line}: {error}")]
    NoPrediction {
        /// The file.
        file: &'static str,
        /// Line, from 1.
        line: usize,
        /// Why.
        error: PredictError,
    },
    /// The model answers a record with NaN or infinity.
    #[error("{file}, line {line}: the model answers NaN or infinity; it must not be shipped")]
    NonFinite {
        /// The file.
        file: &'static str,
        /// Line, from 1.
        line: usize,
    },
    /// There is nothing to fit on or to score.
    #[error("{file} holds no record; packing fits the guard and takes golden records from it")]
    Empty {
        /// The file.
        file: &'static str,
    },
    /// The model cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The weights cannot be written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A weight cannot be quantised.
    #[error("tensor '{tensor}' cannot be quantised: {reason}")]
    Quantize {
        /// The tensor.
        tensor: String,
        /// Why.
        reason: String,
    },
    /// No weight of the graph can be held in blocks.
    #[error(
        "no weight can be held in {blocks} blocks: it takes a Gemm with transB = 1 whose inner size is a multiple of {multiple}"
    )]
    NothingToQuantize {
        /// The block type.
        blocks: &'static str,
        /// Elements of a block.
        multiple: usize,
    },
    /// The parts do not make a bundle.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Records of one of the folder's files, read by the schema.
pub(crate) struct Records<'a> {
    pub(crate) file: &'static str,
    pub(crate) records: Vec<Record<'static>>,
    pub(crate) source: &'a [LabelledRecord],
}

/// Packs a folder.
///
/// # Errors
/// [`PackError`] naming the file and line, the tensor, or the part at fault.
pub fn pack(folder: &ModelFolder, precision: Precision) -> Result<Packed, PackError> {
    let quantized = quantize::quantize(&folder.graph, &folder.weights, precision)?;
    let training = read(folder, "reference.jsonl", &folder.reference)?;
    let held_out = read(folder, "held_out.jsonl", &folder.held_out)?;
    let model = Model { folder, transforms: &folder.transforms, graph: &folder.graph, weights: &quantized.weights };
    let guard =
        reference::fit_guard(&mut model.predictor(&GuardThresholds::default())?, &training, &folder.settings.guard)?;
    let mut predictor = model.predictor(&guard)?;
    let mut reference = reference::count(&mut predictor, &training, &held_out)?;
    let scores = score::score(&mut predictor, &held_out)?;
    let baseline = baseline_scores(folder, &guard, &held_out)?;
    record_scores(&mut reference, &scores, baseline.as_ref());
    reference.baseline_guard = folder.baseline.as_ref().map(|_| guard.clone());
    reference.guard = guard;
    let oracle = Model { weights: &quantized.oracle, ..model };
    let golden = golden::golden(&mut oracle.predictor(&GuardThresholds::default())?, &held_out, &folder.settings)?;
    let parts = Parts {
        readme: card(folder, precision, &scores, baseline.as_ref()),
        safetensors: quantized.safetensors,
        gguf: quantized.gguf,
        reference,
        golden: golden.set,
        golden_tensors: golden.tensors,
        baseline: baseline_parts(folder)?,
        ..identity(folder)
    };
    Ok(Packed { bytes: parts.write()?, scores, baseline })
}

/// What a predictor is made of, before there is a bundle.
#[derive(Clone, Copy)]
struct Model<'a> {
    folder: &'a ModelFolder,
    transforms: &'a TransformsSpec,
    graph: &'a Graph,
    weights: &'a Weights,
}

impl Model<'_> {
    fn predictor(&self, guard: &GuardThresholds) -> Result<Predictor, PackError> {
        let compiled = compile(self.graph, self.weights).map_err(LoadError::from)?;
        Ok(Predictor::assemble(&self.folder.schema, self.transforms, self.graph, compiled, guard)?)
    }
}

/// Compiles for the oracle of a graph's ops; int8 has none in candle.
fn compile(graph: &Graph, weights: &Weights) -> Result<Arc<dyn dunlin_engine::Model>, EngineError> {
    let known: BTreeSet<&str> = ReferenceEngine::ops().collect();
    if graph.nodes.iter().all(|node| known.contains(node.op_type.as_str())) {
        return ReferenceEngine.compile(graph, weights);
    }
    PlanEngine::new(Isa::Scalar).unwrap_or_default().compile(graph, weights)
}

/// Holds weights in ggml blocks where a graph allows it, as packing does; the others stay dense.
///
/// # Errors
/// [`PackError`] naming the tensor, or [`PackError::NothingToQuantize`].
pub fn in_blocks(graph: &Graph, weights: &Weights, blocks: GgmlType) -> Result<Weights, PackError> {
    Ok(quantize::quantize(graph, weights, Precision::Blocks(blocks))?.weights)
}

fn read<'a>(folder: &ModelFolder, file: &'static str, source: &'a [LabelledRecord]) -> Result<Records<'a>, PackError> {
    if source.is_empty() {
        return Err(PackError::Empty { file });
    }
    let records = source.iter().enumerate().map(|(i, labelled)| {
        Record::from_json(&folder.schema, &labelled.record).map_err(|error| PackError::BadRecord {
            file,
            line: i + 1,
            error,
        })
    });
    Ok(Records { file, records: records.collect::<Result<_, _>>()?, source })
}

fn baseline_scores(
    folder: &ModelFolder,
    guard: &GuardThresholds,
    held_out: &Records<'_>,
) -> Result<Option<Scores>, PackError> {
    let Some(files) = &folder.baseline else { return Ok(None) };
    let model = Model { folder, transforms: &files.transforms, graph: &files.graph, weights: &files.weights };
    score::score(&mut model.predictor(guard)?, held_out).map(Some)
}

fn baseline_parts(folder: &ModelFolder) -> Result<Option<BaselineParts>, PackError> {
    let Some(files) = &folder.baseline else { return Ok(None) };
    let safetensors = safetensors_bytes(files.weights.iter())?;
    Ok(Some(BaselineParts { transforms: files.transforms.clone(), graph: files.graph.clone(), safetensors }))
}

fn record_scores(reference: &mut Reference, scores: &Scores, baseline: Option<&Scores>) {
    reference.metrics.clone_from(&scores.metrics);
    for (name, value) in baseline.iter().flat_map(|scores| &scores.metrics) {
        reference.metrics.insert(format!("baseline.{name}"), *value);
    }
    reference.slices.clone_from(&scores.slices);
}

/// The parts that the folder decides alone.
fn identity(folder: &ModelFolder) -> Parts {
    let settings = &folder.settings;
    Parts {
        model_id: settings.model_id.clone(),
        version: settings.version.clone(),
        sequence: settings.sequence,
        license: settings.license.clone(),
        provenance: Provenance {
            commit: settings.commit.clone(),
            data_sha256: settings.data_sha256.clone(),
            ..Provenance::default()
        },
        engine: EngineRequirements::default(),
        latency_budget_us: settings.latency_budget_us,
        max_age_days: settings.max_age_days,
        fallback: settings.fallback.clone(),
        objective: settings.objective.clone(),
        requires: Vec::new(),
        schema: folder.schema.clone(),
        transforms: folder.transforms.clone(),
        graph: folder.graph.clone(),
        safetensors: None,
        gguf: None,
        reference: Reference::default(),
        golden: golden::empty(),
        golden_tensors: None,
        baseline: None,
        readme: String::new(),
    }
}

/// The model card with the scores that were measured on the held-out records.
fn card(folder: &ModelFolder, precision: Precision, scores: &Scores, baseline: Option<&Scores>) -> String {
    let mut card = folder.card.trim_end().to_owned();
    // Writing to a String cannot fail.
    let _ = write!(card, "\n\n## Scores\n\nOn {} held-out records, weights in {precision}.\n\n", scores.records);
    let _ = write!(card, "| metric | model | baseline |\n|---|---|---|\n");
    for (name, value) in &scores.metrics {
        let beside = baseline.and_then(|b| b.metrics.get(name)).map_or("-".to_owned(), |v| format!("{v:.4}"));
        let _ = writeln!(card, "| {name} | {value:.4} | {beside} |");
    }
    card
}

//! A model folder of an import, so that it can be packed like one that was trained here.

mod card;
mod tasks;

use dunlin_bundle::graph::{Graph, ValueInfo};
use dunlin_bundle::schema::{
    Feature, FeatureType, FixedShape, MissingPolicy, Presence, PrivacyClass, Schema, TensorScalar,
};
use dunlin_bundle::tensor::DType;
use dunlin_bundle::transform_spec::{ColumnSpec, InputSpec, TransformsSpec};
use dunlin_models::{LabelledRecord, ModelFolder, PackSettings};
use serde_json::{Value as Json, json};

use crate::data::{Data, Row, Source, row_elements, row_sizes};
use crate::{Batch, Imported};

/// What the caller says of an import beside the file.
#[derive(Clone, Debug)]
pub struct Description<'a> {
    /// Name of the model: lower-case letters, digits, `-` and `_`.
    pub id: &'a str,
    /// Names of the classes; empty: as the file has them, else their numbers.
    pub classes: &'a [String],
    /// Rows to count the reference distribution, to score and to take golden records from.
    pub data: &'a Data,
}

/// Why an import cannot become a model folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// The graph answers only batches, a bundle is asked one record at a time.
    #[error("the graph takes {size} rows at once only, because of '{node}': {reason}; export it for a batch of 1")]
    Batch {
        /// Rows.
        size: usize,
        /// The node that fixes them.
        node: String,
        /// Why it does.
        reason: String,
    },
    /// A record has something in it, and so has an answer.
    #[error("{what}; a bundle's records and answers hold something")]
    Empty {
        /// What is missing.
        what: String,
    },
    /// No output has as many elements as there are classes.
    #[error("{classes} classes are named, and no output has as many elements ({widths:?})")]
    Classes {
        /// Names given.
        classes: usize,
        /// Elements of each output.
        widths: Vec<usize>,
    },
}

/// Of five rows, one is held out.
const HELD_OUT: usize = 5;
/// Elements of all golden records together: they are read at every install.
const GOLDEN_ELEMENTS: usize = 1 << 16;
/// Golden records, whatever their size.
const GOLDEN_CASES: std::ops::RangeInclusive<usize> = 2..=16;

/// Makes a model folder: each input of the graph a tensor feature that goes in as it is, each output a task by its
/// width and by how the graph ends. Says in `notes` what it assumed.
///
/// # Errors
/// [`PackageError`] where the graph cannot answer single records, or has nothing to answer, or classes do not fit.
pub fn model_folder(
    imported: &Imported,
    description: &Description<'_>,
    notes: &mut Vec<String>,
) -> Result<ModelFolder, PackageError> {
    if let Batch::Fixed { size, node, reason } = &imported.batch
        && *size != 1
    {
        return Err(PackageError::Batch { size: *size, node: node.clone(), reason: reason.clone() });
    }
    check_not_empty(&imported.graph)?;
    let mut graph = imported.graph.clone();
    let output = tasks::outputs(&mut graph, &imported.classes, description.classes, notes)?;
    let features = graph.inputs.iter().map(|input| feature(input, description.data.source)).collect();
    let schema = Schema { feature: features, output };
    if description.data.source == Source::Noise {
        notes.push(
            "no data were given: reference, guard and golden records are made of noise, so only speed can be trusted"
                .to_owned(),
        );
    }
    let (reference, held_out) = split(&graph, &description.data.rows);
    Ok(ModelFolder {
        settings: settings(description.id, &graph, held_out.len()),
        transforms: transforms(&graph),
        card: card::card(imported, description, &graph, notes),
        schema,
        weights: imported.weights.clone(),
        reference,
        held_out,
        baseline: None,
        graph,
    })
}

/// An import may be computed for its own sake; a bundle is asked something and answers.
fn check_not_empty(graph: &Graph) -> Result<(), PackageError> {
    let empty = graph.inputs.iter().chain(&graph.outputs).find(|value| row_elements(value) == 0);
    let what = match empty {
        Some(value) => format!("'{}' has no elements", value.name),
        None if graph.inputs.is_empty() => "the graph has no input".to_owned(),
        None => return Ok(()),
    };
    Err(PackageError::Empty { what })
}

/// A tensor of the input's row. Its scalars are watched only where the reference is real.
fn feature(input: &ValueInfo, source: Source) -> Feature {
    let watched = match source {
        Source::Given => vec![TensorScalar::Mean, TensorScalar::StandardDeviation],
        Source::Noise => Vec::new(),
    };
    Feature {
        name: input.name.clone(),
        kind: FeatureType::Tensor,
        dtype: Some(DType::F32),
        shape: Some(FixedShape::of(&feature_sizes(input))),
        presence: Presence::default(),
        missing: MissingPolicy::Refuse,
        int_domain: None,
        float_domain: None,
        string_domain: None,
        unit: None,
        privacy: PrivacyClass::Drop,
        may_leave: false,
        purpose: None,
        drift_summaries: watched,
    }
}

/// A feature has at least one dimension.
fn feature_sizes(input: &ValueInfo) -> Vec<usize> {
    let sizes = row_sizes(input);
    if sizes.is_empty() { vec![1] } else { sizes }
}

fn transforms(graph: &Graph) -> TransformsSpec {
    let input = |input: &ValueInfo| InputSpec {
        name: input.name.clone(),
        shape: row_sizes(input),
        columns: vec![ColumnSpec { feature: input.name.clone(), transforms: Vec::new() }],
    };
    TransformsSpec { inputs: graph.inputs.iter().map(input).collect() }
}

/// Rows to count on, and rows held out. Where there are too few, the same are both.
fn split(graph: &Graph, rows: &[Row]) -> (Vec<LabelledRecord>, Vec<LabelledRecord>) {
    let records: Vec<LabelledRecord> = rows.iter().map(|row| record(graph, row)).collect();
    if records.len() < HELD_OUT {
        return (records.clone(), records);
    }
    let (held_out, reference): (Vec<_>, Vec<_>) =
        records.into_iter().enumerate().partition(|(i, _)| i % HELD_OUT == HELD_OUT - 1);
    let plain = |records: Vec<(usize, LabelledRecord)>| records.into_iter().map(|(_, record)| record).collect();
    (plain(reference), plain(held_out))
}

fn record(graph: &Graph, row: &Row) -> LabelledRecord {
    let named = graph.inputs.iter().zip(&row.inputs);
    let record = named.map(|(input, values)| (input.name.clone(), nested(values, &feature_sizes(input))));
    LabelledRecord { record: record.collect(), label: row.label.clone() }
}

/// Numbers as arrays of arrays.
fn nested(values: &[f32], sizes: &[usize]) -> Json {
    match sizes {
        [_, inner @ ..] if !inner.is_empty() => {
            let each = inner.iter().product::<usize>().max(1);
            values.chunks(each).map(|part| nested(part, inner)).collect()
        }
        _ => json!(values),
    }
}

fn settings(id: &str, graph: &Graph, held_out: usize) -> PackSettings {
    let elements = graph.inputs.iter().map(row_elements).fold(1, usize::saturating_add);
    let cases = (GOLDEN_ELEMENTS / elements).clamp(*GOLDEN_CASES.start(), *GOLDEN_CASES.end());
    let golden_cases = cases.min(held_out);
    PackSettings { golden_cases, ..PackSettings::new(id, semver::Version::new(1, 0, 0), 1) }
}

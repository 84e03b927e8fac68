//! Rows that an imported model is counted, scored and calibrated on: the caller's, or noise.

use dunlin_bundle::graph::{Dim, Graph, Node, ValueInfo};
use dunlin_bundle::tensor::{DType, element_count};
use dunlin_bundle::{WeightType, Weights, WeightsError};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::Value as Json;

/// Rows, and where they are from.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// At least one.
    pub rows: Vec<Row>,
    /// Where they are from.
    pub source: Source,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// For each input of the graph, in its order, the elements of one row.
    pub inputs: Vec<Vec<f32>>,
    /// Name of the true class, or the true value of a regression.
    pub label: Option<Json>,
}

/// Where rows are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The caller gave them.
    Given,
    /// A seeded generator: whatever is measured on them says nothing about the model's answers, only about its speed.
    Noise,
}

/// Data that do not fit the model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A line is not a record of the model's inputs.
    #[error("line {line}: {reason}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A tensor is missing or has another shape or type.
    #[error("tensor '{tensor}': {reason}")]
    Tensor {
        /// Name of the graph's input.
        tensor: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// There is no row.
    #[error("it holds no row; give at least one")]
    Empty,
}

/// Rows of noise: enough to count and score on, and few elements in all.
const NOISE_ROWS: std::ops::RangeInclusive<usize> = 4..=64;
const NOISE_ELEMENTS: usize = 1 << 20;

impl Data {
    /// Reads JSON lines: an object of numbers by input name, or `{"record": {...}, "label": ...}`. Arrays may be
    /// nested.
    ///
    /// # Errors
    /// [`DataError::Line`] naming the line and the input.
    pub fn from_jsonl(graph: &Graph, text: &str) -> Result<Self, DataError> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let rows =
            lines.map(|(i, line)| read_line(graph, line).map_err(|reason| DataError::Line { line: i + 1, reason }));
        Self::given(rows.collect::<Result<_, _>>()?)
    }

    /// Reads a safetensors file with a tensor of f32 for each input of the graph, rows along its first dimension.
    ///
    /// # Errors
    /// [`DataError`] naming the tensor.
    pub fn from_safetensors(graph: &Graph, bytes: Vec<u8>) -> Result<Self, DataError> {
        let tensors = Weights::from_safetensors(bytes)?;
        let mut rows: Vec<Row> = Vec::new();
        for (position, input) in graph.inputs.iter().enumerate() {
            let bad = |reason: String| DataError::Tensor { tensor: input.name.clone(), reason };
            let tensor = tensors.get(&input.name).ok_or_else(|| bad("it is missing".to_owned()))?;
            let row = row_sizes(input);
            let fits = tensor.dtype == WeightType::Dense(DType::F32) && tensor.shape.get(1..) == Some(row.as_slice());
            let values = tensor.to_f32().filter(|_| fits).ok_or_else(|| {
                bad(format!("it is {:?} of shape {:?}, not F32 of rows of shape {row:?}", tensor.dtype, tensor.shape))
            })?;
            let count = tensor.shape.first().copied().unwrap_or(0);
            if position == 0 {
                rows = vec![Row { inputs: Vec::new(), label: None }; count];
            }
            if rows.len() != count {
                return Err(bad(format!("it has {count} rows, the first input has {}", rows.len())));
            }
            let each = values.chunks_exact(row_elements(input));
            rows.iter_mut().zip(each).for_each(|(row, values)| row.inputs.push(values.to_vec()));
        }
        Self::given(rows)
    }

    fn given(rows: Vec<Row>) -> Result<Self, DataError> {
        if rows.is_empty() { Err(DataError::Empty) } else { Ok(Self { rows, source: Source::Given }) }
    }

    /// Rows of noise, the same for the same seed: about normal numbers, or whole ones where the model looks them up.
    #[must_use]
    pub fn noise(graph: &Graph, weights: &Weights, seed: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        let elements: usize = graph.inputs.iter().map(row_elements).sum();
        let count = (NOISE_ELEMENTS / elements.max(1)).clamp(*NOISE_ROWS.start(), *NOISE_ROWS.end());
        let levels: Vec<Option<u32>> = graph.inputs.iter().map(|input| levels(graph, weights, input)).collect();
        let mut value = |levels: Option<u32>| match levels {
            Some(levels) => (generator.next_u32() % levels) as f32,
            None => normal(&mut generator),
        };
        let mut row = || {
            let inputs = graph.inputs.iter().zip(&levels);
            inputs.map(|(input, levels)| (0..row_elements(input)).map(|_| value(*levels)).collect()).collect()
        };
        let rows = (0..count).map(|_| Row { inputs: row(), label: None }).collect();
        Self { rows, source: Source::Noise }
    }
}

/// The sizes of one row of an input; an open one, which no imported graph has, counts as 1.
pub(crate) fn row_sizes(input: &ValueInfo) -> Vec<usize> {
    let size = |dim: &Dim| if let Dim::Size(size) = dim { *size } else { 1 };
    input.shape.iter().skip(1).map(size).collect()
}

pub(crate) fn row_elements(input: &ValueInfo) -> usize {
    element_count(&row_sizes(input)).unwrap_or(usize::MAX)
}

/// How many whole numbers an input may hold, where it holds whole numbers: as many as the smallest table that it is
/// looked up in has entries, else two.
fn levels(graph: &Graph, weights: &Weights, input: &ValueInfo) -> Option<u32> {
    let cast = graph.nodes.iter().find(|node| node.op_type == "Cast" && node.inputs.contains(&input.name))?;
    let whole = cast.outputs.first()?;
    let table = |node: &Node| {
        let looks_up = node.op_type == "Gather" && node.inputs.get(1) == Some(whole);
        let table = weights.get(node.inputs.first().filter(|_| looks_up)?)?;
        let axis = usize::try_from(node.int("axis", 0)).ok()?;
        u32::try_from(*table.shape.get(axis)?).ok()
    };
    Some(graph.nodes.iter().filter_map(table).min().unwrap_or(2).max(1))
}

/// The sum of twelve uniform numbers less six: mean 0, variance 1.
fn normal(generator: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| (generator.next_u32() >> 8) as f32 / (1 << 24) as f32).sum::<f32>() - 6.0
}

fn read_line(graph: &Graph, line: &str) -> Result<Row, String> {
    let mut object: serde_json::Map<String, Json> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let label = object.remove("label");
    if let Some(Json::Object(record)) = object.remove("record") {
        object = record;
    }
    let mut inputs = Vec::with_capacity(graph.inputs.len());
    for input in &graph.inputs {
        let name = &input.name;
        let json = object.get(name).ok_or_else(|| format!("input '{name}' is missing"))?;
        let (mut values, expected) = (Vec::new(), row_elements(input));
        flatten(json, &mut values).ok_or_else(|| format!("input '{name}' holds something that is no number"))?;
        if values.len() != expected {
            return Err(format!("input '{name}' has {} numbers, a row takes {expected}", values.len()));
        }
        inputs.push(values);
    }
    Ok(Row { inputs, label })
}

/// The numbers of nested arrays, in order.
fn flatten(json: &Json, values: &mut Vec<f32>) -> Option<()> {
    match json {
        Json::Array(items) => items.iter().try_for_each(|item| flatten(item, values)),
        _ => {
            let value = json.as_f64()? as f32;
            value.is_finite().then(|| values.push(value))
        }
    }
}

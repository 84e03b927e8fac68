//! `features.json`: the fitted transforms, in order, as data; the features crate gives each its meaning.

use serde::{Deserialize, Serialize};

/// What turns a record into the graph's inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformsSpec {
    /// One for each input of the graph, in the graph's order.
    pub inputs: Vec<InputSpec>,
}

/// How one input of the graph is put together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// Name of the graph's input.
    pub name: String,
    /// Its shape without the batch dimension; the columns' values fill it in row-major order.
    pub shape: Vec<usize>,
    /// Columns, laid end to end.
    pub columns: Vec<ColumnSpec>,
}

/// One feature of the schema and the chain of transforms that it goes through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSpec {
    /// Name of the feature.
    pub feature: String,
    /// Transforms, each applied to what the one before it made; none leaves the value as it is.
    #[serde(default)]
    pub transforms: Vec<TransformSpec>,
}

/// One fitted transform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransformSpec {
    /// Which transform (`standardize`, `one_hot`, ...).
    pub op: String,
    /// What fitting found and what was set, by the transform's own names.
    #[serde(flatten)]
    pub params: serde_json::Map<String, serde_json::Value>,
}

//! Why a model cannot be imported; every variant names the node, the tensor or the input, and says what to do.

use dunlin_bundle::WeightsError;

/// An ONNX file that cannot become a graph.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The bytes are not an ONNX model.
    #[error("this is not an ONNX model: {reason}; export it again")]
    NotOnnx {
        /// What is wrong.
        reason: String,
    },
    /// Something claims to be larger than it may be.
    #[error("{what}: {value} is over {limit} ({max}); only smaller models can be imported")]
    Limit {
        /// What claims it.
        what: String,
        /// Name of the limit.
        limit: &'static str,
        /// What was claimed.
        value: u64,
        /// The most allowed.
        max: u64,
    },
    /// The model uses an operator set that the importer does not know.
    #[error(
        "opset {opset} of {domain} cannot be imported, {oldest} to {newest} can; export the model for one of these"
    )]
    Opset {
        /// The model's.
        opset: i64,
        /// Whose operator set it is.
        domain: &'static str,
        /// The oldest that can be imported.
        oldest: i64,
        /// The newest that can be imported.
        newest: i64,
    },
    /// The model uses an op that no engine of this project runs.
    #[error("node '{node}': op {op} cannot be imported; {remedy}")]
    UnsupportedOp {
        /// Name of the node.
        node: String,
        /// Its op, with its domain where that is not ONNX's own.
        op: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The op can be imported, but not with these attributes, inputs or shapes.
    #[error("node '{node}' ({op}): {reason}")]
    BadNode {
        /// Name of the node.
        node: String,
        /// Its op.
        op: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// An initializer, or a tensor in an attribute, cannot be used.
    #[error("tensor '{tensor}': {reason}")]
    BadTensor {
        /// Name of the tensor.
        tensor: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A tensor's values are in another file.
    #[error(
        "tensor '{tensor}' has its values in another file ('{location}'); save the model with its weights inside \
         (onnx.save_model with save_as_external_data=False)"
    )]
    ExternalData {
        /// Name of the tensor.
        tensor: String,
        /// The other file, as the model names it.
        location: String,
    },
    /// An input of the graph cannot be fed.
    #[error("input '{input}': {reason}")]
    BadInput {
        /// Name of the input.
        input: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// An output of the graph cannot be answered with.
    #[error("output '{output}': {reason}")]
    BadOutput {
        /// Name of the output.
        output: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The weights cannot be written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

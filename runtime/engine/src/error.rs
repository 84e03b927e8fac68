//! Why a graph cannot be compiled or run; every variant names the node, the tensor or the output.

/// A failure of the engine.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// No engine in this build has the op.
    #[error("node '{node}': op {op} is not supported by this build; use another op, or a build with it")]
    UnsupportedOp {
        /// Name of the node.
        node: String,
        /// Its ONNX op.
        op: String,
    },
    /// The op is known, but not with these attributes, inputs or shapes.
    #[error("node '{node}' ({op}): {reason}")]
    BadNode {
        /// Name of the node.
        node: String,
        /// Its ONNX op.
        op: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A node or an output refers to a value that nothing makes.
    #[error("'{user}' uses value '{value}', which no input, initializer or earlier node makes")]
    UnknownValue {
        /// The node, or `graph output`.
        user: String,
        /// Name of the value.
        value: String,
    },
    /// Two inputs, initializers or nodes give a value the same name.
    #[error("{maker} makes value '{value}', which is there already; give each value its own name")]
    DuplicateValue {
        /// The node, `graph input` or `initializer`.
        maker: String,
        /// Name of the value.
        value: String,
    },
    /// The graph is written for an operator set whose meanings this engine does not have.
    #[error("opset {opset} is not supported, {oldest} to {newest} are; export the model for one of these")]
    UnsupportedOpset {
        /// The graph's.
        opset: u32,
        /// The oldest supported.
        oldest: u32,
        /// The newest supported.
        newest: u32,
    },
    /// A weight, input or output cannot be used.
    #[error("tensor '{tensor}': {reason}")]
    BadTensor {
        /// Name of the tensor.
        tensor: String,
        /// What is wrong.
        reason: String,
    },
    /// Running the graph would take more memory than the engine allows.
    #[error("'{node}': a run would hold {elements} elements here, more than the {limit} allowed")]
    TooLarge {
        /// The node or input at which the bound is passed.
        node: String,
        /// Elements needed so far.
        elements: u64,
        /// Elements allowed.
        limit: u64,
    },
    /// A plan would take more memory than the engine allows.
    #[error("'{node}': the plan would take {bytes} bytes, more than the {limit} allowed")]
    TooMuchMemory {
        /// The node at which the bound is passed.
        node: String,
        /// Bytes needed.
        bytes: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// A graph whose batch is fixed was given another.
    #[error("the graph is made for a batch of {expected}; {found} were given")]
    FixedBatch {
        /// Its batch.
        expected: usize,
        /// The batch given.
        found: usize,
    },
    /// A run was given more or fewer inputs than the graph has.
    #[error("{found} inputs were given, the graph takes {expected}")]
    InputCount {
        /// Inputs of the graph.
        expected: usize,
        /// Inputs given.
        found: usize,
    },
    /// An input given to a run does not have the shape of the graph's input.
    #[error("input '{input}' must have shape {expected}; {found:?} was given")]
    WrongInput {
        /// Name of the graph's input.
        input: String,
        /// Its declared shape.
        expected: String,
        /// The shape given.
        found: Vec<usize>,
    },
    /// The graph makes an output of another shape than it declares.
    #[error("output '{output}' is declared with shape {expected}; the graph makes {found:?}")]
    WrongOutput {
        /// Name of the output.
        output: String,
        /// Its declared shape.
        expected: String,
        /// The shape made.
        found: Vec<usize>,
    },
    /// A run made more or fewer outputs than the graph declares.
    #[error("{found} outputs were made, the graph declares {expected}")]
    OutputCount {
        /// Outputs declared.
        expected: usize,
        /// Outputs made.
        found: usize,
    },
    /// An index that the inputs' values make lies outside of what it picks from.
    #[error(
        "node '{node}': the inputs make an index outside of the {size} entries that it picks from; feed only values that \
         the model has entries for"
    )]
    IndexOutOfRange {
        /// Name of the node.
        node: String,
        /// Entries to pick from.
        size: usize,
    },
    /// The backend failed while a node ran.
    #[error("node '{node}' failed: {reason}")]
    Backend {
        /// Name of the node.
        node: String,
        /// The backend's own message.
        reason: String,
    },
}

impl EngineError {
    /// A short name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedOp { .. } => "unsupported_op",
            Self::BadNode { .. } => "bad_node",
            Self::UnknownValue { .. } => "unknown_value",
            Self::DuplicateValue { .. } => "duplicate_value",
            Self::UnsupportedOpset { .. } => "unsupported_opset",
            Self::BadTensor { .. } => "bad_tensor",
            Self::TooLarge { .. } => "too_large",
            Self::TooMuchMemory { .. } => "too_much_memory",
            Self::FixedBatch { .. } => "fixed_batch",
            Self::InputCount { .. } => "input_count",
            Self::WrongInput { .. } => "wrong_input",
            Self::WrongOutput { .. } => "wrong_output",
            Self::OutputCount { .. } => "output_count",
            Self::IndexOutOfRange { .. } => "index_out_of_range",
            Self::Backend { .. } => "backend",
        }
    }
}

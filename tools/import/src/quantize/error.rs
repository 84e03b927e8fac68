//! Why a model cannot be quantised, or should not be shipped as it came out.

use dunlin_bundle::WeightsError;
use dunlin_engine::EngineError;

/// A model that cannot be quantised; every variant names the node, the value or the row, and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuantizeError {
    /// The graph holds quantised values already.
    #[error("node '{node}' ({op}) is quantised already; quantise the model as it was before, or import it as it is")]
    AlreadyQuantized {
        /// The first such node.
        node: String,
        /// Its op.
        op: String,
    },
    /// No node of the graph can be quantised in the way that was asked for.
    #[error("the graph has no {wanted}; leave it in f32")]
    NothingToQuantize {
        /// What the method looks for.
        wanted: &'static str,
    },
    /// A value becomes NaN or infinite on the rows.
    #[error(
        "value '{value}' becomes NaN or infinite on row {row}; leave such rows out of the data, or repair the model"
    )]
    NotFinite {
        /// The value.
        value: String,
        /// A row of the batch in which it does, from 0.
        row: usize,
    },
    /// A row's label is no class of the model.
    #[error("row {row}: the label is neither a class nor the number of one; {classes} are known")]
    BadLabel {
        /// The row, from 0.
        row: usize,
        /// How many classes the model has.
        classes: usize,
    },
    /// There is nothing to calibrate or to compare on.
    #[error("there are no rows; give some, or let noise stand for them")]
    NoRows,
    /// The rows do not fit the graph's inputs.
    #[error("row {row} does not fit the inputs of the graph; give one array of each input's size for each row")]
    BadRow {
        /// The row, from 0.
        row: usize,
    },
    /// A record of a model folder cannot be used.
    #[error("{file}, line {line}: {reason}")]
    BadRecord {
        /// The file.
        file: &'static str,
        /// Line, from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// The weights cannot be held in blocks.
    #[error(transparent)]
    Blocks(#[from] dunlin_models::pack::PackError),
    /// The quantised model answers worse than the limit allows.
    #[error(
        "{measure} is {found:.4}, and the limit is {limit}; the worst layer is '{layer}' with {layer_snr_db:.1} dB of \
         signal over noise: calibrate on more or better data, try another method, or accept the loss"
    )]
    TooLossy {
        /// What was measured.
        measure: &'static str,
        /// What came out.
        found: f64,
        /// What the caller allows.
        limit: f64,
        /// The value with the least signal over noise.
        layer: String,
        /// Its signal-to-noise ratio.
        layer_snr_db: f64,
    },
    /// The engine refuses the graph.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The quantised weights cannot be written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

//! Quantisation as a part of `dunlin import`.

use std::path::PathBuf;

use dunlin_import::quantize::{Method, Report, Samples, quantize};
use dunlin_import::{Data, Imported};
use dunlin_models::pack::Precision;

use super::read_data;
use crate::commands::quantize::options::LossArgs;
use crate::error::CliError;

/// What of the import's arguments is about quantisation.
#[derive(clap::Args)]
pub(crate) struct Quantization {
    /// Quantise: int8 (static), dynamic (int8 of matrix products alone), or ggml blocks (q8_0, q4_0, q4_k, q6_k, ...).
    #[arg(long, value_name = "METHOD")]
    quantize: Option<Method>,
    /// Rows to calibrate and to compare on, in the forms of --data; without them those of --data.
    #[arg(long, requires = "quantize", value_name = "FILE")]
    calibrate: Option<PathBuf>,
    #[command(flatten)]
    loss: LossArgs,
}

impl Quantization {
    /// Quantises an import where the caller wants it.
    pub(super) fn apply(
        &self,
        imported: &mut Imported,
        data: &Data,
        classes: &[String],
    ) -> Result<Option<(Method, Report)>, CliError> {
        let Some(method) = self.quantize else { return Ok(None) };
        let samples = match &self.calibrate {
            Some(path) => Samples::of(&read_data(Some(path), imported)?),
            None => Samples::of(data),
        };
        let classes = if classes.is_empty() { &imported.classes } else { classes };
        let options = self.loss.options(classes.to_vec());
        let quantized = quantize(&imported.graph, &imported.weights, method, &samples, &options)?;
        (imported.graph, imported.weights) = (quantized.graph, quantized.weights);
        Ok(Some((method, quantized.report)))
    }

    /// How packing holds the weights.
    pub(super) fn precision(&self) -> Precision {
        match self.quantize {
            Some(Method::Blocks(blocks)) => Precision::Blocks(blocks),
            _ => Precision::F32,
        }
    }
}

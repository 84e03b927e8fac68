//! `dunlin quantize`: a model folder becomes one in int8.

pub(crate) mod options;

use std::path::PathBuf;

use dunlin_import::quantize::{Method, Samples, quantize};
use dunlin_models::ModelFolder;
use serde_json::json;

use crate::error::{CliError, Kind};
use crate::output::Output;
use options::LossArgs;

/// Quantise a model folder to int8: calibrate on its reference records, compare on those that it holds out.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The model folder (docs/model-folder.md says what it holds).
    folder: PathBuf,
    /// Model folder to write.
    #[arg(long)]
    out: PathBuf,
    /// int8 (static), or dynamic for matrix products alone. (For ggml blocks: dunlin pack --precision.)
    #[arg(long, default_value = "int8")]
    to: Method,
    #[command(flatten)]
    loss: LossArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    if matches!(args.to, Method::Blocks(_)) {
        let message = format!("weights go into blocks when they are packed: dunlin pack --precision {}", args.to);
        return Err(CliError::new(Kind::Usage, "packed_later", message));
    }
    let mut folder = ModelFolder::read(&args.folder)?;
    let classes = folder.schema.output.first().map(|output| output.classes.clone()).unwrap_or_default();
    let samples = Samples::of_folder(&folder)?;
    let options = args.loss.options(classes);
    let quantized = quantize(&folder.graph, &folder.weights, args.to, &samples, &options)?;
    (folder.graph, folder.weights) = (quantized.graph, quantized.weights);
    folder.settings.allow_int8();
    folder.write(&args.out)?;
    let document = json!({ "out": args.out, "quantization": options::document(args.to, &quantized.report) });
    output.result(&document, || {
        let (report, out) = (options::text(args.to, &quantized.report), args.out.display());
        format!("{report}\n\nWrote {out}.\nNext: dunlin pack {out}")
    });
    Ok(())
}

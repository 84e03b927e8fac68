//! `dunlin pack`: a model folder becomes an unsigned bundle.

use std::path::PathBuf;

use dunlin_models::ModelFolder;
use dunlin_models::pack::{Packed, Precision, pack};
use serde_json::json;

use super::write;
use crate::error::CliError;
use crate::output::{Output, table};

/// Pack a model folder into an unsigned bundle: quantise, fit the guard, score, make the golden set.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The model folder (docs/model-folder.md says what it holds).
    folder: PathBuf,
    /// Bundle to write; by default NAME-VERSION.dunlin in the current folder.
    #[arg(long)]
    out: Option<PathBuf>,
    /// How weights are held: f32, or ggml blocks (q8_0, q4_0, q4_k, q6_k, ...) where a weight allows it.
    #[arg(long, default_value = "f32")]
    precision: Precision,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let folder = ModelFolder::read(&args.folder)?;
    let packed = pack(&folder, args.precision)?;
    let settings = &folder.settings;
    let out = args.out.clone().unwrap_or_else(|| format!("{}-{}.dunlin", settings.model_id, settings.version).into());
    write(&out, &packed.bytes)?;
    let baseline = packed.baseline.as_ref().map(|b| &b.metrics);
    let document = json!({
        "out": out, "bytes": packed.bytes.len(), "precision": args.precision.to_string(),
        "metrics": packed.scores.metrics, "baseline": baseline,
    });
    output.result(&document, || {
        let (bytes, out) = (packed.bytes.len(), out.display());
        format!("{}\n\nWrote {out}: {bytes} bytes, unsigned.\nNext: dunlin sign {out} --key KEY", scores(&packed))
    });
    Ok(())
}

/// The scores on the held-out records, model beside baseline.
pub(crate) fn scores(packed: &Packed) -> comfy_table::Table {
    let beside = |name: &str| packed.baseline.as_ref().and_then(|b| b.metrics.get(name));
    let rows = packed.scores.metrics.iter().map(|(name, value)| {
        [name.clone(), format!("{value:.4}"), beside(name).map_or("-".to_owned(), |v| format!("{v:.4}"))]
    });
    table(["held-out metric", "model", "baseline"], rows)
}

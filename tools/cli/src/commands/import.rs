//! `dunlin import`: an ONNX model becomes an unsigned bundle.

mod quantization;

use std::path::{Path, PathBuf};

use dunlin_bundle::graph::{Dim, ValueInfo};
use dunlin_import::package::{Description, model_folder};
use dunlin_import::quantize::{Method, Report as QuantizationReport};
use dunlin_import::{Batch, Data, Imported, import_with_sizes, op_counts};
use dunlin_models::ModelFolder;
use dunlin_models::pack::{Packed, pack};
use quantization::Quantization;
use serde_json::{Value, json};

use super::quantize::options;
use super::{pack::scores, write};
use crate::error::{CliError, Kind};
use crate::output::{Output, facts};

/// Seed of the noise that stands for data where none are given.
const NOISE_SEED: u64 = 0;

/// Import an ONNX model as an unsigned bundle.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The model (docs/import.md says which ops it may use).
    model: PathBuf,
    /// Bundle to write; by default ID-1.0.0.dunlin in the current folder.
    #[arg(short, long)]
    out: Option<PathBuf>,
    /// Write a model folder here too, to edit and to pack again.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Name of the model; by default that of the file.
    #[arg(long)]
    id: Option<String>,
    /// Names of the classes, separated by commas.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<String>,
    /// Rows to count the reference distribution and to score on: JSON lines, or safetensors with a tensor for each input.
    /// Without them, noise.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Size of an open dimension beside the batch, as NAME=SIZE (sequence=64); may be given more than once.
    #[arg(long = "size", value_name = "NAME=SIZE", value_parser = named_size)]
    sizes: Vec<(String, usize)>,
    #[command(flatten)]
    quantization: Quantization,
}

fn named_size(text: &str) -> Result<(String, usize), String> {
    let (name, size) = text.rsplit_once('=').ok_or("write it as NAME=SIZE")?;
    Ok((name.to_owned(), size.parse().map_err(|_| format!("'{size}' is no size"))?))
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let bytes = std::fs::read(&args.model).map_err(|e| CliError::file(&args.model, &e))?;
    let sizes = args.sizes.iter().cloned().collect();
    let mut imported = import_with_sizes(&bytes, &sizes).map_err(|e| CliError::from(e).of(&args.model))?;
    let data = read_data(args.data.as_deref(), &imported)?;
    let quantized = args.quantization.apply(&mut imported, &data, &args.classes)?;
    let id = args.id.clone().unwrap_or_else(|| id_of(&args.model));
    let mut notes = imported.notes.clone();
    let description = Description { id: &id, classes: &args.classes, data: &data };
    let folder = model_folder(&imported, &description, &mut notes)
        .map_err(|e| CliError::new(Kind::Model, "cannot_package", e).of(&args.model))?;
    if let Some(dir) = &args.folder {
        folder.write(dir)?;
    }
    let packed = pack(&folder, args.quantization.precision())?;
    let settings = &folder.settings;
    let out = args.out.clone().unwrap_or_else(|| format!("{}-{}.dunlin", settings.model_id, settings.version).into());
    write(&out, &packed.bytes)?;
    let (imported, quantized) = (&imported, quantized.as_ref());
    let report = Report { args, imported, quantized, folder: &folder, packed: &packed, out: &out, notes: &notes };
    output.result(&report.document(bytes.len()), || report.text(bytes.len()));
    Ok(())
}

fn read_data(path: Option<&Path>, imported: &Imported) -> Result<Data, CliError> {
    let Some(path) = path else { return Ok(Data::noise(&imported.graph, &imported.weights, NOISE_SEED)) };
    let bytes = std::fs::read(path).map_err(|e| CliError::file(path, &e))?;
    let data = if path.extension().is_some_and(|extension| extension == "safetensors") {
        Data::from_safetensors(&imported.graph, bytes)
    } else {
        Data::from_jsonl(&imported.graph, &String::from_utf8_lossy(&bytes))
    };
    data.map_err(|e| CliError::new(Kind::Model, "bad_data", e).of(path))
}

/// The file's name, in the letters that a model's may have.
fn id_of(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
    let id: String = stem.chars().map(letter).take(dunlin_bundle::limits::MAX_MODEL_ID_BYTES).collect();
    if id.is_empty() { "model".to_owned() } else { id }
}

/// What was done.
struct Report<'a> {
    args: &'a Args,
    imported: &'a Imported,
    quantized: Option<&'a (Method, QuantizationReport)>,
    folder: &'a ModelFolder,
    packed: &'a Packed,
    out: &'a Path,
    notes: &'a [String],
}

impl Report<'_> {
    fn weights_bytes(&self) -> usize {
        self.folder.weights.iter().map(|(_, weight)| weight.bytes.len()).sum()
    }

    fn document(&self, onnx_bytes: usize) -> Value {
        let graph = &self.folder.graph;
        let batch = match &self.imported.batch {
            Batch::Any => json!("any"),
            Batch::Fixed { size, node, reason } => json!({ "size": size, "node": node, "reason": reason }),
        };
        let ops: serde_json::Map<String, Value> =
            op_counts(graph).into_iter().map(|(op, count)| (op, count.into())).collect();
        json!({
            "out": self.out, "folder": self.args.folder, "bytes": self.packed.bytes.len(), "onnx_bytes": onnx_bytes,
            "weights_bytes": self.weights_bytes(), "producer": self.imported.producer,
            "ops": ops,
            "inputs": graph.inputs, "outputs": graph.outputs, "batch": batch, "tasks": self.folder.schema.output,
            "notes": self.notes, "metrics": self.packed.scores.metrics,
            "quantization": self.quantized.map(|(method, report)| options::document(*method, report)),
        })
    }

    fn text(&self, onnx_bytes: usize) -> String {
        let graph = &self.folder.graph;
        let batch = match &self.imported.batch {
            Batch::Any => "any number of rows".to_owned(),
            Batch::Fixed { size, node, reason } => format!("{size} only, because of '{node}': {reason}"),
        };
        let ops = op_counts(graph).iter().map(|(op, count)| format!("{count} {op}")).collect::<Vec<_>>().join(", ");
        let tasks = self.folder.schema.output.iter().map(|output| format!("{} as {:?}", output.name, output.task));
        let table = facts([
            ("inputs", shapes(&graph.inputs)),
            ("outputs", shapes(&graph.outputs)),
            ("batch", batch),
            ("ops", ops),
            ("tasks", tasks.collect::<Vec<_>>().join(", ")),
            ("weights", format!("{} bytes of {onnx_bytes} in the file", self.weights_bytes())),
        ]);
        let notes: String = self.notes.iter().map(|note| format!("note: {note}\n")).collect();
        let (bytes, out) = (self.packed.bytes.len(), self.out.display());
        let scores = scores(self.packed);
        let quantized =
            self.quantized.map(|(method, report)| options::text(*method, report) + "\n\n").unwrap_or_default();
        format!(
            "{table}\n\n{notes}\n{quantized}{scores}\n\nWrote {out}: {bytes} bytes, unsigned.\nNext: dunlin sign {out} --key KEY"
        )
    }
}

fn shapes(values: &[ValueInfo]) -> String {
    let dim = |dim: &Dim| match dim {
        Dim::Size(size) => size.to_string(),
        Dim::Symbol(symbol) => symbol.clone(),
    };
    let one =
        |value: &ValueInfo| format!("{} [{}]", value.name, value.shape.iter().map(dim).collect::<Vec<_>>().join(", "));
    values.iter().map(one).collect::<Vec<_>>().join(", ")
}

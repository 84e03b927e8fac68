//! `dunlin inspect`: what is in a bundle.

use std::path::PathBuf;

use dunlin_bundle::manifest::{Direction, FallbackStep, Manifest, Objective};
use dunlin_bundle::{Bundle, Contents, WeightType};
use serde_json::{Value, json};

use super::planned::Planned;
use super::{read_bundle, read_keys};
use crate::error::CliError;
use crate::output::{Output, facts, table};

/// Show what is in a bundle. Without --key its signature is not checked, and the output says so.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The bundle.
    bundle: PathBuf,
    /// Public key to trust; may be given more than once.
    #[arg(long = "key")]
    keys: Vec<PathBuf>,
    /// Print the model card too.
    #[arg(long)]
    card: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let bytes = read_bundle(&args.bundle)?;
    if args.keys.is_empty() {
        let contents = Contents::read_unsigned(bytes).map_err(|e| CliError::from(e).of(&args.bundle))?;
        let signature = if contents.has_signature() { "present, not checked (no --key)" } else { "none" };
        show(&contents, signature, args.card, output);
    } else {
        let bundle = Bundle::read(bytes, &read_keys(&args.keys)?).map_err(|e| CliError::from(e).of(&args.bundle))?;
        show(&bundle, &format!("by {}", bundle.signer()), args.card, output);
    }
    Ok(())
}

/// Prints a bundle's contents.
pub(crate) fn show(contents: &Contents, signature: &str, card: bool, output: Output) {
    let plan = Planned::of(contents);
    output.result(&document(contents, signature, &plan), || {
        let mut text = format!("{}\n\n{}\n\n{}", identity(contents, signature), schema(contents), entries(contents));
        text.push_str(&format!("\n\n{}\n\n{}", weights(contents), plan.text()));
        if card {
            text.push_str(&format!("\n\n{}", contents.readme()));
        }
        text
    });
}

fn document(contents: &Contents, signature: &str, plan: &Planned) -> Value {
    let reference = contents.reference();
    json!({
        "manifest": contents.manifest(),
        "signature": signature,
        "digest": contents.digest(),
        "bytes": contents.length_bytes(),
        "schema": contents.schema(),
        "quantized_share": contents.quantized_share(),
        "weights": contents.weights().iter().map(|(name, weight)| json!({
            "name": name, "type": type_name(weight.dtype), "shape": weight.shape, "bytes": weight.bytes.len(),
        })).collect::<Vec<_>>(),
        "ops": contents.graph().nodes.iter().map(|n| n.op_type.as_str()).collect::<Vec<_>>(),
        "plan": plan.document(),
        "guard": reference.guard,
        "metrics": reference.metrics,
        "slices": reference.slices,
        "golden_cases": contents.golden().cases.len(),
        "baseline": contents.baseline().is_some(),
    })
}

/// Who answers where the model abstains, in the words of the manifest.
fn fallback(manifest: &Manifest) -> String {
    let chain = manifest.fallback.as_deref().unwrap_or(&FallbackStep::USUAL);
    let names = chain.iter().filter_map(|step| json!(step).as_str().map(str::to_owned)).collect::<Vec<_>>();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", then ") }
}

/// Which outcome, and which values of it are good.
fn objective(objective: &Objective) -> String {
    let verb = match objective.direction {
        Direction::Maximize => "maximize",
        Direction::Minimize => "minimize",
    };
    format!("{verb} {}", objective.outcome)
}

fn identity(contents: &Contents, signature: &str) -> comfy_table::Table {
    let (manifest, none) = (contents.manifest(), "-".to_owned());
    let text = |value: &Option<String>| value.clone().unwrap_or(none.clone());
    let guard = &contents.reference().guard;
    let distance = guard.distance.as_ref().map_or(none.clone(), |d| format!("at most {:.1} spreads", d.max));
    facts([
        ("model", format!("{} {} (sequence {})", manifest.model_id, manifest.version, manifest.sequence)),
        ("signature", signature.to_owned()),
        ("licence", text(&manifest.license)),
        ("commit", text(&manifest.provenance.commit)),
        ("data sha256", text(&manifest.provenance.data_sha256)),
        ("reviewer", text(&manifest.provenance.reviewer)),
        ("falls back to", fallback(manifest)),
        ("objective", manifest.objective.as_ref().map_or(none.clone(), objective)),
        ("size", format!("{} bytes", contents.length_bytes())),
        ("quantised", format!("{:.1} % of the weights are in ggml blocks", 100.0 * contents.quantized_share())),
        ("graph", contents.graph().nodes.iter().map(|n| n.op_type.as_str()).collect::<Vec<_>>().join(" > ")),
        ("trained on", format!("{} records", contents.reference().sample_size)),
        ("held-out scores", scores(contents)),
        ("guard, confidence", guard.min_confidence.map_or(none.clone(), |c| format!("at least {c}"))),
        ("guard, distance", distance),
        ("golden set", format!("{} cases", contents.golden().cases.len())),
        ("baseline", if contents.baseline().is_some() { "yes" } else { "no" }.to_owned()),
        ("digest", contents.digest().to_owned()),
    ])
}

fn scores(contents: &Contents) -> String {
    let metrics = contents.reference().metrics.iter().map(|(name, value)| format!("{name} {value:.4}"));
    metrics.collect::<Vec<_>>().join(", ")
}

fn schema(contents: &Contents) -> comfy_table::Table {
    let rows = contents.schema().feature.iter().map(|f| {
        let shape = f.tensor_sizes();
        let kind = format!("{:?}", f.kind).to_lowercase();
        let kind = if shape.is_empty() { kind } else { format!("{kind} {shape:?}") };
        let need = if f.is_required() { "required" } else { "imputed when missing" };
        let leaves = if f.may_leave { "yes" } else { "no" };
        [f.name.clone(), kind, need.to_owned(), format!("{:?}", f.privacy).to_lowercase(), leaves.to_owned()]
    });
    table(["feature", "type", "presence", "privacy", "may leave"], rows)
}

fn entries(contents: &Contents) -> comfy_table::Table {
    let rows = contents
        .manifest()
        .entries
        .iter()
        .map(|e| [e.name.clone(), e.length.to_string(), e.sha256.chars().take(16).collect()]);
    table(["entry", "bytes", "sha256 (first 16)"], rows)
}

fn weights(contents: &Contents) -> comfy_table::Table {
    let rows = contents.weights().iter().map(|(name, weight)| {
        [name.to_owned(), type_name(weight.dtype), format!("{:?}", weight.shape), weight.bytes.len().to_string()]
    });
    table(["weight", "type", "shape", "bytes"], rows)
}

fn type_name(dtype: WeightType) -> String {
    match dtype {
        WeightType::Dense(dtype) => format!("{dtype:?}").to_lowercase(),
        WeightType::Ggml(blocks) => blocks.name().to_owned(),
    }
}

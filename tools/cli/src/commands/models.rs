//! `dunlin models`: which versions a folder holds, and how the trials stand.

use std::path::PathBuf;

use dunlin::health::ModelHealth;
use dunlin::{Config, Runtime, TrialReport, TrustedKeys};
use serde_json::{Value, json};

use crate::error::{CliError, Kind};
use crate::output::Output;
use crate::{folder, utc};

/// List the models of a runtime's folder: active, previous, candidate, and how a trial stands.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The runtime's folder.
    dir: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    folder::must_exist(&args.dir)?;
    let runtime = Runtime::open(Config::new(&args.dir, TrustedKeys::new()));
    let (models, trials) = (runtime.health().models, runtime.trials());
    let closed = runtime.close();
    let trials = trials.map_err(|problem| CliError::from(&problem))?;
    closed.map_err(|e| CliError::new(Kind::Storage, "storage", e))?;
    output.result(&json!({ "models": models, "trials": trials }), || told(&models, &trials));
    Ok(())
}

fn told(models: &[ModelHealth], trials: &[TrialReport]) -> String {
    if models.is_empty() {
        return "No model is installed.".to_owned();
    }
    let line = |model: &ModelHealth| {
        let slot = model.slot.as_deref().unwrap_or("-");
        format!("{} {} (sequence {}): {slot}", model.model_id, model.version, model.sequence)
    };
    models.iter().map(line).chain(trials.iter().map(trial)).collect::<Vec<String>>().join("\n")
}

fn trial(trial: &TrialReport) -> String {
    let figure = |name: &str| trial.figures.get(name).and_then(Value::as_u64).unwrap_or(0);
    let pairs = |name: &str| trial.figures.get(name).map_or_else(String::new, Value::to_string);
    format!(
        "\n{}: {} on trial against {}, in {} since {}\n  {} ({})\n  compared {}, agreement {:.3}, not finite {}\n  \
         right {}\n  apart {}\n  accepted {}\n  in budget {}",
        trial.model_id,
        trial.challenger,
        trial.incumbent,
        trial.stage,
        utc::text(trial.since_us),
        trial.verdict,
        trial.cause,
        figure("compared"),
        trial.figures.get("agreement").and_then(Value::as_f64).unwrap_or(0.0),
        figure("non_finite"),
        pairs("right"),
        pairs("apart"),
        pairs("accepted"),
        pairs("in_budget"),
    )
}

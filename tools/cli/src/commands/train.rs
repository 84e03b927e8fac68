//! `dunlin train`: runs a reference recipe and writes a model folder.

use std::path::PathBuf;

use clap::ValueEnum;
use dunlin_models::train::Progress;
use dunlin_models::{ModelFolder, RecipeError, Stage, digits, vibration};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::error::CliError;
use crate::output::Output;

/// Train a reference model and write its model folder.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The recipe.
    recipe: Recipe,
    /// Folder to write.
    #[arg(long)]
    out: PathBuf,
    /// Decides initial weights, order and split; the same seed on the same machine gives the same weights. By default the
    /// recipe's own.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Recipe {
    /// Handwritten digits: a small convolutional network and a linear baseline.
    Digits,
    /// Vibration of a rotating machine: a small convolutional network, and a filter bank as its baseline.
    Vibration,
}

/// Told where training stands.
pub(crate) type Told<'a> = &'a mut dyn FnMut(Stage, Progress);

impl Recipe {
    fn name(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Vibration => "vibration",
        }
    }

    fn seed(self) -> u64 {
        match self {
            Self::Digits => digits::SEED,
            Self::Vibration => vibration::SEED,
        }
    }

    fn train(self, seed: u64, told: Told<'_>) -> Result<ModelFolder, RecipeError> {
        match self {
            Self::Digits => digits::train(seed, told),
            Self::Vibration => vibration::train(seed, told),
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let (recipe, seed) = (args.recipe.name(), args.seed.unwrap_or(args.recipe.seed()));
    let folder = with_progress(output, |told| args.recipe.train(seed, told))?;
    folder.write(&args.out)?;
    let (training, held_out) = (folder.reference.len(), folder.held_out.len());
    let document = json!({"recipe": recipe, "seed": seed, "training": training, "held_out": held_out, "out": args.out});
    output.result(&document, || {
        format!(
            "Trained on {training} records, {held_out} held out. Wrote {}.\nNext: dunlin pack {0}",
            args.out.display()
        )
    });
    Ok(())
}

/// Trains a recipe with a bar for people.
pub(crate) fn with_progress(
    output: Output,
    train: impl FnOnce(Told<'_>) -> Result<ModelFolder, RecipeError>,
) -> Result<ModelFolder, CliError> {
    let bar = if output.json { ProgressBar::hidden() } else { ProgressBar::new(0) };
    if let Ok(style) = ProgressStyle::with_template("  {msg:<32} [{bar:30}] {pos}/{len} epochs") {
        bar.set_style(style.progress_chars("=> "));
    }
    let folder = train(&mut |stage, progress: Progress| {
        let name = if stage == Stage::Baseline { "baseline" } else { "convolutional network" };
        bar.set_length(progress.epochs as u64);
        bar.set_message(format!("{name}, loss {:.4}", progress.loss));
        bar.set_position(progress.epoch as u64);
    });
    bar.finish_and_clear();
    Ok(folder?)
}

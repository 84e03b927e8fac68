//! `dunlin train`: runs a reference recipe and writes a model folder.

use std::path::PathBuf;

use clap::ValueEnum;
use dunlin_models::digits::{self, Stage};
use dunlin_models::train::Progress;
use dunlin_models::{LabelledRecord, ModelFolder};
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
    /// Decides initial weights, order and split; the same seed on the same machine gives the same weights.
    #[arg(long, default_value_t = digits::SEED)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Recipe {
    /// Handwritten digits: a small convolutional network and a linear baseline.
    Digits,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let Recipe::Digits = args.recipe;
    let folder = with_progress(args.seed, &[], output)?;
    folder.write(&args.out)?;
    let (training, held_out) = (folder.reference.len(), folder.held_out.len());
    let document =
        json!({"recipe": "digits", "seed": args.seed, "training": training, "held_out": held_out, "out": args.out});
    output.result(&document, || {
        format!(
            "Trained on {training} digits, {held_out} held out. Wrote {}.\nNext: dunlin pack {0}",
            args.out.display()
        )
    });
    Ok(())
}

/// Trains the digits, on labelled records that came later besides, with a bar for people.
pub(crate) fn with_progress(seed: u64, fresh: &[LabelledRecord], output: Output) -> Result<ModelFolder, CliError> {
    let bar = if output.json { ProgressBar::hidden() } else { ProgressBar::new(0) };
    if let Ok(style) = ProgressStyle::with_template("  {msg:<32} [{bar:30}] {pos}/{len} epochs") {
        bar.set_style(style.progress_chars("=> "));
    }
    let folder = digits::train_on(seed, fresh, &mut |stage, progress: Progress| {
        let name = if stage == Stage::Baseline { "linear baseline" } else { "convolutional network" };
        bar.set_length(progress.epochs as u64);
        bar.set_message(format!("{name}, loss {:.4}", progress.loss));
        bar.set_position(progress.epoch as u64);
    });
    bar.finish_and_clear();
    Ok(folder?)
}

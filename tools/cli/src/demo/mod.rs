//! `dunlin demo`: the main job on real input, from scans of handwritten digits to guarded answers on the record, to a
//! drift that is noticed, told home once, answered with a better model, and reported.

mod answer;
mod drift;
mod improve;
mod make;
mod refuse;
mod tool;
mod uplink;
mod worse;

use std::path::{Path, PathBuf};
use std::time::Instant;

use dunlin_models::digits;
use dunlin_wire::Severity;
use serde_json::json;

use crate::commands::report;
use crate::error::CliError;
use crate::output::{Output, facts};

/// Train on scanned digits, pack, sign, install with every check, answer offline, refuse what is no digit; then notice that
/// the camera has worn, tell home exactly once over a bad network, take a better model and throw a worse one out, and write a
/// report.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Keep the model folder, bundles, key and journal in this folder.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Decides the split of the scans, the initial weights and the order of training.
    #[arg(long, default_value_t = digits::SEED)]
    seed: u64,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let started = Instant::now();
    let folder = Workplace::new(args.keep.as_ref())?;
    let dir = folder.path();
    output.say(
        "Dunlin: an on-device model that is verified before it answers, guarded when it does, and on the record.\n",
    );
    let made = make::make(dir, args.seed, output)?;
    let answered = answer::answer(dir, &made, output)?;
    let refused = refuse::refuse(dir, &made, &answered.runtime, output)?;
    let drifted = drift::drift(dir, &made, &answered, args.seed, output)?;
    let uploaded = uplink::uplink(dir, &answered.runtime, output)?;
    // It opens again under an app that follows an update channel.
    let _ = answer::close(dir, answered.runtime)?;
    let improved = improve::improve(dir, &made, args.seed, output)?;
    let journal = answer::close(dir, improved.runtime)?;
    let report = report_path(args.keep.as_deref());
    output.say(&format!("\n9. Report: {}", report.display()));
    report::write_page(&answer::runtime_dir(dir), &report)?;
    let predictions = answered.held_out + refused.records + drifted.shown + improved.predictions;
    let seconds = started.elapsed().as_secs_f64();
    let document = json!({
        "accuracy": made.accuracy,
        "accuracy_quantized": answered.accuracy,
        "baseline_accuracy": made.baseline_accuracy,
        "quantized_share": made.quantized_share,
        "held_out": answered.held_out,
        "abstained": answered.abstained,
        "abstained_share": answered.abstained as f64 / answered.held_out as f64,
        "answered_by_baseline": answered.by_baseline,
        "predictions": predictions,
        "logged": journal.logged,
        "labelled": journal.labelled,
        "refused": refused.document,
        "alarms_before": drifted.alarms_before,
        "alarms_after": drifted.alarms.iter().filter(|alarm| alarm.severity == Severity::Alarm).count(),
        "abstained_before": answered.abstained,
        "abstained_after": drifted.abstained,
        "accuracy_after": drifted.accuracy,
        "uploads": {
            "attempts": uploaded.attempts, "accepted": uploaded.accepted, "windows": uploaded.windows_closed,
            "windows_received": uploaded.windows_received, "duplicates_counted": uploaded.counted_twice,
        },
        "challenger": {
            "accuracy_before": improved.accuracy_before, "accuracy_after": improved.accuracy_after,
            "damaged_bundle": improved.damaged, "worse_by": improved.worse.points(),
            "labels_until_rollback": improved.labels_until_rollback, "version": improved.version,
        },
        "report": report,
        "median_predict_us": answered.median_us,
        "p99_predict_us": answered.p99_us,
        "kernel_set": answered.kernel_set,
        "model_version": answered.model_version,
        "bundle_bytes": {"f32": made.f32_bytes, "quantized": made.quantized_bytes},
        "lost": journal.lost,
        "seed": args.seed,
        "seconds": seconds,
        "kept": args.keep,
    });
    output.result(&document, || {
        let table = facts([
            ("accuracy, f32", format!("{:.4} on {} held-out digits", made.accuracy, answered.held_out)),
            ("accuracy, quantised", format!("{:.4} (the bundle that was installed)", answered.accuracy)),
            ("accuracy, baseline", format!("{:.4}", made.baseline_accuracy)),
            (
                "abstained",
                format!(
                    "{} of {}, {} answered by the baseline",
                    answered.abstained, answered.held_out, answered.by_baseline
                ),
            ),
            (
                "on the record",
                format!(
                    "{} of {predictions} predictions, {} labels, {} rows lost",
                    journal.logged, journal.labelled, journal.lost
                ),
            ),
            (
                "time of a prediction",
                format!("median {} us, 99th percentile {} us", answered.median_us, answered.p99_us),
            ),
            (
                "the world moved",
                format!(
                    "{} alarms before, {} after; abstained on {} before, {} after; accuracy {:.4} after",
                    drifted.alarms_before,
                    drifted.alarms.iter().filter(|alarm| alarm.severity == Severity::Alarm).count(),
                    answered.abstained,
                    drifted.abstained,
                    drifted.accuracy
                ),
            ),
            (
                "told home",
                format!(
                    "{} windows in {} attempts, {} counted twice",
                    uploaded.windows_received, uploaded.attempts, uploaded.counted_twice
                ),
            ),
            (
                "a better model",
                format!(
                    "{} answers; on the worn camera {:.4} before, {:.4} after; one {:.1} points worse was rolled back by {} labels",
                    improved.version,
                    improved.accuracy_before,
                    improved.accuracy_after,
                    100.0 * improved.worse.points(),
                    improved.labels_until_rollback
                ),
            ),
            ("report", report.display().to_string()),
            ("in all", format!("{seconds:.1} s, no network but this machine's loopback")),
        ]);
        let kept = match &args.keep {
            Some(dir) => format!("Everything is in {}; try: dunlin inspect {0}/digits-q8_0.dunlin", dir.display()),
            None => "Run it with --keep DIR to look at what it made.".to_owned(),
        };
        format!("\nSummary\n{table}\n\n{kept}")
    });
    Ok(())
}

/// In the folder that is kept; else beside other temporary files, since the demo's own folder goes.
fn report_path(keep: Option<&Path>) -> PathBuf {
    match keep {
        Some(dir) => dir.join("report.html"),
        None => std::env::temp_dir().join("dunlin-demo-report.html"),
    }
}

/// Where the demo works: a folder that stays, or one that goes.
enum Workplace {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Workplace {
    fn new(keep: Option<&PathBuf>) -> Result<Self, CliError> {
        match keep {
            Some(dir) => {
                std::fs::create_dir_all(dir).map_err(|e| CliError::file(dir, &e))?;
                Ok(Self::Kept(dir.clone()))
            }
            None => tempfile::tempdir().map(Self::Temporary).map_err(|e| CliError::file(&std::env::temp_dir(), &e)),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(dir) => dir,
            Self::Temporary(dir) => dir.path(),
        }
    }
}

//! `dunlin verify`: every check that a device makes, made here.

use std::path::PathBuf;

use dunlin_bundle::{Bundle, TrustedKeys};
use dunlin_predictor::{GoldenReport, Predictor, verify_golden};
use serde_json::json;

use super::{read_bundle, read_keys};
use crate::engine;
use crate::error::CliError;
use crate::output::Output;

/// Verify a bundle as a device would: signature, hashes, contents, and the golden set on this machine.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The bundle.
    bundle: PathBuf,
    /// Public key to trust; may be given more than once.
    #[arg(long = "key", required = true)]
    keys: Vec<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let (bytes, keys) = (read_bundle(&args.bundle)?, read_keys(&args.keys)?);
    let (bundle, golden) = checked(bytes, &keys).map_err(|error| error.of(&args.bundle))?;
    let manifest = bundle.manifest();
    let document = json!({
        "verified": true, "model_id": manifest.model_id, "version": manifest.version, "sequence": manifest.sequence,
        "digest": bundle.digest(), "signer": bundle.signer(), "golden_cases": golden.cases,
        "golden_worst": golden.worst, "kernel_set": golden.kernels,
    });
    output.result(&document, || {
        format!(
            "{} {} (sequence {}) is signed by {}.\nEvery entry agrees with the manifest {}.\nGolden set: {} cases agree on \
             {}; the largest difference takes {:.0} % of its tolerance.",
            manifest.model_id,
            manifest.version,
            manifest.sequence,
            bundle.signer(),
            bundle.digest(),
            golden.cases,
            golden.kernels,
            100.0 * golden.worst,
        )
    });
    Ok(())
}

/// Makes the checks that concern the bundle itself.
pub(super) fn checked(bytes: Vec<u8>, keys: &TrustedKeys) -> Result<(Bundle, GoldenReport), CliError> {
    let bundle = Bundle::read(bytes, keys)?;
    let engine = engine::chosen()?;
    let golden = verify_golden(&mut Predictor::load(&*engine, &bundle)?, &bundle)?;
    Predictor::load_baseline(&*engine, &bundle)?;
    Ok((bundle, golden))
}

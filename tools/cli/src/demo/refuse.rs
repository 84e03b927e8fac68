//! Third act: what must not get an answer does not get one.

use std::path::Path;

use dunlin::{AnsweredBy, PredictError, Record, Runtime, TensorValue};
use dunlin_models::digits::SIDE;
use dunlin_models::train::SeededRandom;
use serde_json::{Value, json};

use super::make::Made;
use crate::commands::{read_bundle, write};
use crate::error::{CliError, Kind};
use crate::output::{Output, table};

/// Seed of the noise image; any will do.
const NOISE_SEED: u64 = 1;

/// What was refused.
pub(super) struct Refused {
    /// Records given to the session.
    pub records: u64,
    /// Each attempt with how it was refused.
    pub document: Value,
}

/// Tries a blank image, NaN pixels, noise, and a bundle with one flipped bit.
pub(super) fn refuse(dir: &Path, made: &Made, runtime: &Runtime, output: Output) -> Result<Refused, CliError> {
    output.say("\n4. What it refuses");
    let noise: Vec<f32> = {
        let mut random = SeededRandom::new(NOISE_SEED, 0);
        (0..SIDE * SIDE).map(|_| 16.0 * random.uniform()).collect()
    };
    let images =
        [("blank_image", vec![0.0; SIDE * SIDE]), ("nan_pixels", vec![f32::NAN; SIDE * SIDE]), ("noise", noise)];
    let records = images.len() as u64;
    let mut rows = Vec::new();
    for (name, pixels) in images {
        rows.push((name, refused_image(runtime, &made.folder.settings.model_id, &pixels)?));
    }
    rows.push(("flipped_bit", refused_bundle(dir, made, runtime)?));
    let lines = rows.iter().map(|(name, (code, reason))| [name.replace('_', " "), code.clone(), reason.clone()]);
    output.say(&table(["attempt", "refused as", "because"], lines).to_string());
    let attempt =
        |(name, (code, reason)): (&str, (String, String))| json!({"input": name, "code": code, "reason": reason});
    Ok(Refused { records, document: rows.into_iter().map(attempt).collect() })
}

/// The code and reason with which an image is refused; an answer is a failure of the demo.
fn refused_image(runtime: &Runtime, model_id: &str, pixels: &[f32]) -> Result<(String, String), CliError> {
    let mut session = runtime.session(model_id)?;
    let record = Record::new(vec![Some(TensorValue::from_f32(&[SIDE, SIDE], pixels).into())]);
    match session.predict(&record) {
        Err(PredictError::Feature(error)) => Ok((error.code().to_owned(), error.to_string())),
        Ok(answer) if answer.answered_by == AnsweredBy::Nobody => {
            let reasons = answer.verdict().reasons();
            let codes: Vec<&str> = reasons.iter().map(|r| r.code()).collect();
            let texts: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            Ok((codes.join(", "), texts.join("; ")))
        }
        other => Err(not_refused(&format!("{other:?}"))),
    }
}

/// The code and reason with which a bundle is refused when one bit of its weights is flipped.
fn refused_bundle(dir: &Path, made: &Made, runtime: &Runtime) -> Result<(String, String), CliError> {
    let mut bytes = read_bundle(&made.bundle)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let path = dir.join("flipped.dunlin");
    write(&path, &bytes)?;
    match runtime.install(&path) {
        Err(error) => Ok((error.code().to_owned(), error.to_string())),
        Ok(report) => Err(not_refused(&format!("{report:?}"))),
    }
}

fn not_refused(what: &str) -> CliError {
    CliError::new(Kind::Failed, "not_refused", format!("what should have been refused was not: {what}"))
}

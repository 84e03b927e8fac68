//! Labelled records that came later, as digits.

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use super::data;
use super::data::{Digit, SIDE};
use crate::folder::LabelledRecord;
use crate::recipe::RecipeError;

/// Reads records as digits; each must hold a picture and its digit.
pub(super) fn digits(records: &[LabelledRecord]) -> Result<Vec<Digit>, RecipeError> {
    let read = |(index, record): (usize, &LabelledRecord)| {
        digit(record).map_err(|reason| RecipeError::Fresh { number: index + 1, reason })
    };
    records.iter().enumerate().map(read).collect()
}

fn digit(labelled: &LabelledRecord) -> Result<Digit, String> {
    let label = labelled.label.as_ref().and_then(Json::as_str).and_then(|label| label.parse().ok());
    let label = label.filter(|label| *label <= 9).ok_or("its label is not a digit, \"0\" to \"9\"")?;
    let rows = labelled.record.get("image").and_then(Json::as_array).ok_or("it has no `image`")?;
    let rows: Option<Vec<&Vec<Json>>> = rows.iter().map(Json::as_array).collect();
    let pixels: Option<Vec<f32>> =
        rows.into_iter().flatten().flatten().map(|pixel| pixel.as_f64().map(|pixel| pixel as f32)).collect();
    let pixels = pixels.filter(|pixels| pixels.len() == SIDE * SIDE);
    let pixels = pixels.ok_or_else(|| format!("its `image` is not {SIDE} rows of {SIDE} numbers"))?;
    if pixels.iter().any(|pixel| !(0.0..=16.0).contains(pixel)) {
        return Err("its `image` holds a grey level outside of 0 to 16".to_owned());
    }
    Ok(Digit { pixels, label })
}

/// SHA-256 of all that was trained on, in hex: of the scans alone, or of their hash and each record that came later.
pub(super) fn sha256(records: &[LabelledRecord]) -> String {
    if records.is_empty() {
        return data::sha256();
    }
    let mut hash = Sha256::new_with_prefix(data::sha256());
    for record in records {
        hash.update(serde_json::to_vec(record).unwrap_or_default());
        hash.update(b"\n");
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

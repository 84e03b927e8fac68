//! `golden.jsonl` and `golden.safetensors`: records whose outputs are known, run on the device before it trusts a model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The golden set. In the file its first line is the [`GoldenHeader`] and every further line a [`GoldenCase`].
#[derive(Clone, Debug, PartialEq)]
pub struct GoldenSet {
    /// How closely the outputs must agree.
    pub header: GoldenHeader,
    /// Records and what is expected of them.
    pub cases: Vec<GoldenCase>,
}

/// The first line of `golden.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenHeader {
    /// Tolerances by output name, then by kernel family (`f32`, `ggml`); every output has both.
    pub tolerance: BTreeMap<String, BTreeMap<String, Tolerance>>,
}

/// `|found - expected| <= absolute + relative * |expected|`, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// Absolute part, in the output's unit.
    pub absolute: f64,
    /// Share of the expected value.
    pub relative: f64,
}

impl Tolerance {
    /// Whether a found value is close enough; NaN never is.
    #[must_use]
    pub fn accepts(&self, found: f32, expected: f32) -> bool {
        let (found, expected) = (f64::from(found), f64::from(expected));
        (found - expected).abs() <= self.absolute + self.relative * expected.abs()
    }
}

/// One record with its expected outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenCase {
    /// Feature values in JSON form by name. A tensor feature stands in `golden.safetensors` instead: the tensor of that
    /// name has one row for each case, in order.
    pub record: serde_json::Map<String, serde_json::Value>,
    /// Expected elements of each output, by name.
    pub expected: BTreeMap<String, Vec<f32>>,
}

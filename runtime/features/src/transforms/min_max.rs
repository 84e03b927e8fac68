//! `min_max`: maps the sample's range onto 0..=1; values outside of it land outside.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Cell, Kind, Transform, TransformOp, all_numbers, default_to, number_by_number};

/// `(x - min) / (max - min)`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MinMax {
    min: f64,
    max: f64,
}

impl Transform for MinMax {
    fn kind(&self, input: Kind) -> Result<Kind, &'static str> {
        number_by_number(input)
    }

    fn apply<'a>(&self, cell: Cell<'a>) -> Cell<'a> {
        cell.map(|x| (x - self.min) / (self.max - self.min))
    }
}

impl TransformOp for MinMax {
    const OP: &'static str = "min_max";

    fn validate(&self) -> Result<(), String> {
        let range = self.max - self.min;
        (range.is_finite() && range > 0.0).then_some(()).ok_or_else(|| "max must be above min, both finite".to_owned())
    }

    fn fit(mut settings: Map<String, Json>, sample: &[Cell<'_>]) -> Result<Map<String, Json>, String> {
        let numbers = all_numbers(sample);
        let min = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let max = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        default_to(&mut settings, "min", || min.into());
        default_to(&mut settings, "max", || if max > min { max } else { min + 1.0 }.into());
        Ok(settings)
    }
}

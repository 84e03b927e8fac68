//! `clip`: holds values within two bounds, by default the sample's 1st and 99th percentile.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Cell, Kind, Transform, TransformOp, all_numbers, default_to, number_by_number};

/// `min(max(x, min), max)`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Clip {
    min: f64,
    max: f64,
}

impl Transform for Clip {
    fn kind(&self, input: Kind) -> Result<Kind, &'static str> {
        number_by_number(input)
    }

    fn apply<'a>(&self, cell: Cell<'a>) -> Cell<'a> {
        cell.map(|x| x.clamp(self.min, self.max))
    }
}

impl TransformOp for Clip {
    const OP: &'static str = "clip";

    fn validate(&self) -> Result<(), String> {
        let good = self.min.is_finite() && self.max.is_finite() && self.min <= self.max;
        good.then_some(()).ok_or_else(|| "min must not be above max, both finite".to_owned())
    }

    fn fit(mut settings: Map<String, Json>, sample: &[Cell<'_>]) -> Result<Map<String, Json>, String> {
        let mut numbers = all_numbers(sample);
        numbers.sort_by(f64::total_cmp);
        let last = numbers.len().saturating_sub(1);
        default_to(&mut settings, "min", || numbers[last / 100].into());
        default_to(&mut settings, "max", || numbers[last - last / 100].into());
        Ok(settings)
    }
}

//! `standardize`: subtracts the sample's mean and divides by its standard deviation.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Cell, Kind, Transform, TransformOp, all_numbers, default_to, number_by_number};

/// `(x - mean) / std`; `std` is the population's (divided by n).
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Standardize {
    mean: f64,
    std: f64,
}

impl Transform for Standardize {
    fn kind(&self, input: Kind) -> Result<Kind, &'static str> {
        number_by_number(input)
    }

    fn apply<'a>(&self, cell: Cell<'a>) -> Cell<'a> {
        cell.map(|x| (x - self.mean) / self.std)
    }
}

impl TransformOp for Standardize {
    const OP: &'static str = "standardize";

    fn validate(&self) -> Result<(), String> {
        let good = self.mean.is_finite() && self.std.is_finite() && self.std > 0.0;
        good.then_some(()).ok_or_else(|| "mean must be finite and std above 0".to_owned())
    }

    fn fit(mut settings: Map<String, Json>, sample: &[Cell<'_>]) -> Result<Map<String, Json>, String> {
        let numbers = all_numbers(sample);
        let count = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let std = (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        default_to(&mut settings, "mean", || mean.into());
        // A constant has nothing to be scaled by; leaving it at its distance from the mean keeps it at zero.
        default_to(&mut settings, "std", || if std > 0.0 { std } else { 1.0 }.into());
        Ok(settings)
    }
}

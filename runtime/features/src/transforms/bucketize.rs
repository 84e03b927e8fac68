//! `bucketize`: the number of the bucket that a value falls in, cut at boundaries or at the sample's quantiles.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Cell, Kind, Transform, TransformOp, all_numbers};

/// Buckets where settings name neither boundaries nor a number of buckets.
const DEFAULT_BUCKETS: u64 = 10;

/// How many boundaries are at or below x: 0 up to the number of boundaries.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bucketize {
    boundaries: Vec<f64>,
}

impl Transform for Bucketize {
    fn kind(&self, input: Kind) -> Result<Kind, &'static str> {
        match input {
            Kind::Number => Ok(Kind::Number),
            Kind::Text | Kind::Vector(_) => Err("a number"),
        }
    }

    fn apply<'a>(&self, cell: Cell<'a>) -> Cell<'a> {
        cell.map(|x| self.boundaries.partition_point(|b| *b <= x) as f64)
    }
}

impl TransformOp for Bucketize {
    const OP: &'static str = "bucketize";

    fn validate(&self) -> Result<(), String> {
        let finite = self.boundaries.iter().all(|b| b.is_finite());
        let good = finite && !self.boundaries.is_empty() && self.boundaries.is_sorted_by(|a, b| a < b);
        good.then_some(()).ok_or_else(|| "boundaries must be finite, ascending, and at least one".to_owned())
    }

    /// `buckets` (at least 2) asks for that many of equal share; equal quantiles give fewer.
    fn fit(mut settings: Map<String, Json>, sample: &[Cell<'_>]) -> Result<Map<String, Json>, String> {
        let buckets = settings.remove("buckets").map_or(Some(DEFAULT_BUCKETS), |b| b.as_u64());
        let buckets = buckets.filter(|b| (2..=1024).contains(b)).ok_or("buckets must be from 2 to 1024")? as usize;
        let mut numbers = all_numbers(sample);
        numbers.sort_by(f64::total_cmp);
        super::default_to(&mut settings, "boundaries", || {
            let mut cuts: Vec<f64> = (1..buckets).map(|i| numbers[i * numbers.len() / buckets]).collect();
            cuts.dedup();
            cuts.into()
        });
        Ok(settings)
    }
}

//! The ranges of a float graph's values on rows.

use dunlin_bundle::Weights;
use dunlin_bundle::graph::Graph;

use super::observe::{Observed, batch_size};
use super::range::{Histogram, Range};
use super::{QuantizeError, Ranges};
use crate::data::Row;

/// The range of each of these values over all rows.
pub(super) fn calibrate(
    graph: &Graph,
    weights: &Weights,
    values: &[String],
    rows: &[Row],
    how: Ranges,
) -> Result<Vec<Range>, QuantizeError> {
    let batch = batch_size(graph, weights, values)?;
    let mut observed = Observed::new(graph, weights, values);
    let mut ranges = vec![Range::default(); values.len()];
    for (first, rows) in (0..).step_by(batch).zip(rows.chunks(batch)) {
        for ((value, tensor), range) in values.iter().zip(observed.run(rows)?).zip(&mut ranges) {
            let finite = tensor.data.iter().position(|v| !v.is_finite());
            if let Some(at) = finite {
                let row = first + at * rows.len() / tensor.data.len();
                return Err(QuantizeError::NotFinite { value: value.clone(), row });
            }
            range.include(&tensor.data);
        }
    }
    let Ranges::Percentile(percentile) = how else { return Ok(ranges) };
    let mut histograms: Vec<Histogram> = ranges.into_iter().map(Histogram::new).collect();
    for rows in rows.chunks(batch) {
        for (tensor, histogram) in observed.run(rows)?.iter().zip(&mut histograms) {
            histogram.add(&tensor.data);
        }
    }
    Ok(histograms.iter().map(|histogram| histogram.percentile(percentile)).collect())
}

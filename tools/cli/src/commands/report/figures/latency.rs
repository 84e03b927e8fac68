//! How long answers took.

use dunlin_wire::{Latency, ModelVersion};
use serde::Serialize;

use super::journal::Journal;

/// Latencies of one model version, of all windows that the journal holds, the open one among them.
#[derive(Debug, Serialize)]
pub(in super::super) struct Speed {
    pub model: ModelVersion,
    pub count: u64,
    /// Bounds from above: a quantile is known to its bucket.
    pub median_us: Option<u64>,
    pub p95_us: Option<u64>,
    pub p99_us: Option<u64>,
    /// Those that are not empty, in order.
    pub buckets: Vec<Bucket>,
}

/// Latencies above the bucket before, up to a bound.
#[derive(Clone, Copy, Debug, Serialize)]
pub(in super::super) struct Bucket {
    pub up_to_us: u64,
    pub count: u64,
}

impl Speed {
    pub(super) fn of(journal: &Journal, version: &ModelVersion) -> Self {
        let mut all = Latency::default();
        journal.summaries_of(version).for_each(|summary| all.merge(&summary.latency));
        Self {
            model: version.clone(),
            count: all.count_of_all(),
            median_us: all.quantile_us(0.5),
            p95_us: all.quantile_us(0.95),
            p99_us: all.quantile_us(0.99),
            buckets: all.bounds().map(|(up_to_us, count)| Bucket { up_to_us, count }).collect(),
        }
    }
}

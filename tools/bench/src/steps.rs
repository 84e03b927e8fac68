//! The time of each step of a plan.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{EngineError, Model, RawOutput};

use crate::histogram::Histogram;
use crate::measure::nanoseconds;

/// Runs a model for as long as the budget lasts and gives the median nanoseconds of each of its `count` steps, each
/// with one reading of the clock.
pub(crate) fn observe(
    model: &Arc<dyn Model>,
    inputs: &[Tensor],
    count: usize,
    budget: Duration,
) -> Result<Vec<f64>, EngineError> {
    let (mut run, mut output) = (Arc::clone(model).new_run(), RawOutput::default());
    run.run(inputs, &mut output)?;
    let mut times: Vec<Histogram> = (0..count).map(|_| Histogram::new()).collect();
    let start = Instant::now();
    loop {
        let mut last = Instant::now();
        run.run_observed(inputs, &mut output, &mut |step| {
            let now = Instant::now();
            if let Some(times) = times.get_mut(step) {
                times.add(nanoseconds(now - last));
            }
            last = now;
        })?;
        if start.elapsed() >= budget {
            break;
        }
    }
    Ok(times.iter().map(|times| times.quantile(0.5)).collect())
}

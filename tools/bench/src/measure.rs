//! Times inferences: CPU time in bursts, then each by itself.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{EngineError, Model, RawOutput, Run};

use crate::histogram::Histogram;
use crate::process::thread_cpu_time;

/// A burst lasts so long that reading the clock is nothing beside it, and so short that many fit into the measurement.
const BURST: Duration = Duration::from_millis(2);

/// What the sessions measured together.
pub(crate) struct Timing {
    /// CPU time of an inference, the mean of each burst.
    pub(crate) cpu: Histogram,
    /// Time of each inference.
    pub(crate) each: Histogram,
}

/// Runs `threads` sessions of a model at once for as long as the budget lasts.
pub(crate) fn sessions(
    model: &Arc<dyn Model>,
    inputs: &[Tensor],
    threads: u16,
    budget: Duration,
) -> Result<Timing, EngineError> {
    // One session needs no thread of its own, whose stack would count as memory of the model.
    if threads == 1 {
        return session(Arc::clone(model).new_run().as_mut(), inputs, budget);
    }
    thread::scope(|scope| {
        let start = || scope.spawn(|| session(Arc::clone(model).new_run().as_mut(), inputs, budget));
        let started: Vec<_> = (0..threads).map(|_| start()).collect();
        let mut sum = Timing { cpu: Histogram::new(), each: Histogram::new() };
        for session in started {
            let timing = session.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            sum.cpu.merge(&timing.cpu);
            sum.each.merge(&timing.each);
        }
        Ok(sum)
    })
}

fn session(run: &mut dyn Run, inputs: &[Tensor], budget: Duration) -> Result<Timing, EngineError> {
    let mut output = RawOutput::default();
    let burst = warm_up(run, inputs, &mut output, budget / 10)?;
    let mut timing = Timing { cpu: Histogram::new(), each: Histogram::new() };
    let start = Instant::now();
    while timing.cpu.seen() == 0 || start.elapsed() < budget * 4 / 10 {
        let before = thread_cpu_time();
        for _ in 0..burst {
            run.run(inputs, &mut output)?;
        }
        timing.cpu.add(nanoseconds((thread_cpu_time() - before) / burst));
    }
    let mut now = Instant::now();
    let end = now + budget / 2;
    while timing.each.seen() == 0 || now < end {
        run.run(inputs, &mut output)?;
        let then = now;
        now = Instant::now();
        timing.each.add(nanoseconds(now - then));
    }
    Ok(timing)
}

/// Runs until caches and clock rates have settled, and says how many runs fill a burst.
fn warm_up(run: &mut dyn Run, inputs: &[Tensor], output: &mut RawOutput, budget: Duration) -> Result<u32, EngineError> {
    let start = Instant::now();
    let mut runs = 0_u32;
    loop {
        run.run(inputs, output)?;
        runs += 1;
        if start.elapsed() >= budget {
            let in_a_burst = f64::from(runs) * BURST.as_secs_f64() / start.elapsed().as_secs_f64();
            return Ok((in_a_burst as u32).max(1));
        }
    }
}

pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

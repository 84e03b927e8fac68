//! The figures of a measurement.

use std::time::Duration;

use dunlin_engine::{PlanReport, StepReport};
use serde::{Deserialize, Serialize};

use crate::load::Loaded;
use crate::measure::Timing;

/// What was measured. `arena_bytes`, `packed_bytes` and `fallback_ops` are those of an engine that has a plan.
#[derive(Serialize, Deserialize)]
pub struct Figures {
    /// Name and version.
    pub model: String,
    /// The kernels that ran.
    pub kernels: String,
    /// Records in an inference.
    pub batch: u32,
    /// Sessions that ran at once.
    pub threads: u16,
    /// Inferences that were timed one by one.
    pub inferences: u64,
    /// Median time of an inference, microseconds.
    pub median_us: f64,
    /// Its 99th percentile.
    pub p99_us: f64,
    /// Median CPU time of an inference on one thread, the mean of a burst each.
    pub cpu_us: f64,
    /// From opening the file, its signature verified, to a predictor that could answer.
    pub load_us: u64,
    /// The same and the first answer.
    pub first_us: u64,
    /// The most physical memory that the process has had, KiB, where the system says.
    pub peak_rss_kb: Option<u64>,
    /// Memory of a session.
    pub arena_bytes: Option<usize>,
    /// Packed weights, shared by all sessions.
    pub packed_bytes: Option<usize>,
    /// Steps that run on candle, for want of a kernel.
    pub fallback_ops: Option<usize>,
    /// Of the plan, in order.
    pub steps: Vec<Step>,
}

/// A step of the plan.
#[derive(Serialize, Deserialize)]
pub struct Step {
    /// Name of the node that it came from.
    pub node: String,
    /// Ops that it does.
    pub op: String,
    /// What does them.
    pub kernel: String,
    /// Multiplications with an addition.
    pub macs: u64,
    /// Median time, microseconds.
    pub us: f64,
    /// Multiplications with an addition, in thousand millions a second; none where a step has none.
    pub gmacs: Option<f64>,
}

impl Figures {
    pub(crate) fn new(
        (batch, threads): (u32, u16),
        loaded: &Loaded,
        timing: &Timing,
        peak_rss_kb: Option<u64>,
        plan: Option<PlanReport>,
        step_ns: &[f64],
    ) -> Self {
        let fallback = |plan: &PlanReport| plan.steps.iter().filter(|step| step.kernel.starts_with("candle")).count();
        Self {
            model: loaded.name.clone(),
            kernels: loaded.model.kernels().name().to_owned(),
            batch,
            threads,
            inferences: timing.each.seen(),
            median_us: micro(timing.each.quantile(0.5)),
            p99_us: micro(timing.each.quantile(0.99)),
            cpu_us: micro(timing.cpu.quantile(0.5)),
            load_us: whole(loaded.load),
            first_us: whole(loaded.first),
            peak_rss_kb,
            arena_bytes: plan.as_ref().map(|plan| plan.arena_bytes),
            packed_bytes: plan.as_ref().map(|plan| plan.packed_bytes),
            fallback_ops: plan.as_ref().map(fallback),
            steps: plan.into_iter().flat_map(|plan| plan.steps).zip(step_ns).map(|(step, ns)| of(step, *ns)).collect(),
        }
    }
}

fn of(step: StepReport, ns: f64) -> Step {
    let gmacs = (step.macs > 0 && ns > 0.0).then(|| (step.macs as f64 / ns * 1e3).round() / 1e3);
    Step { node: step.node, op: step.op, kernel: step.kernel, macs: step.macs, us: micro(ns), gmacs }
}

/// Microseconds, to the nanosecond.
fn micro(nanoseconds: f64) -> f64 {
    nanoseconds.round() / 1e3
}

/// Whole microseconds.
fn whole(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

//! The figures of a measurement, for machines and for people.

use std::time::Duration;

use dunlin_engine::{PlanReport, StepReport};
use serde_json::{Value, json};

use super::Args;
use super::load::Loaded;
use super::measure::Timing;
use crate::output::{facts, table};

/// What was measured.
pub(super) struct Figures<'a> {
    pub(super) args: &'a Args,
    pub(super) loaded: &'a Loaded,
    pub(super) timing: &'a Timing,
    pub(super) peak_rss_kb: Option<u64>,
    /// Of an engine that has one.
    pub(super) plan: Option<&'a PlanReport>,
    /// Of each step of the plan.
    pub(super) step_ns: &'a [f64],
}

impl Figures<'_> {
    /// For machines.
    pub(super) fn document(&self) -> Value {
        let (loaded, timing) = (self.loaded, self.timing);
        json!({
            "model": loaded.name,
            "kernels": loaded.model.kernels().name(),
            "batch": self.args.batch,
            "threads": self.args.threads,
            "inferences": timing.each.seen(),
            "median_us": micro(timing.each.quantile(0.5)),
            "p99_us": micro(timing.each.quantile(0.99)),
            "cpu_us": micro(timing.cpu.quantile(0.5)),
            "load_us": loaded.load.as_micros(),
            "first_us": loaded.first.as_micros(),
            "peak_rss_kb": self.peak_rss_kb,
            "arena_bytes": self.plan.map(|plan| plan.arena_bytes),
            "packed_bytes": self.plan.map(|plan| plan.packed_bytes),
            "fallback_ops": self.plan.map(fallback_ops),
            "steps": self.steps().map(|(step, ns)| json!({
                "node": step.node, "op": step.op, "kernel": step.kernel, "macs": step.macs, "us": micro(ns),
                "gmacs": gmacs(step, ns),
            })).collect::<Vec<_>>(),
        })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let (loaded, timing) = (self.loaded, self.timing);
        let quantile = |share| time(timing.each.quantile(share));
        let batch = if self.args.batch == 1 { String::new() } else { format!(" of {} records", self.args.batch) };
        let sessions = if self.args.threads == 1 { String::new() } else { format!(", {} at once", self.args.threads) };
        let of_plan = |what: &dyn Fn(&PlanReport) -> usize, unit: &str| {
            self.plan.map_or("-".to_owned(), |plan| format!("{}{unit}", what(plan)))
        };
        let facts = facts([
            ("model", loaded.name.clone()),
            ("kernels", loaded.model.kernels().name().to_owned()),
            ("inference", format!("{} median, {} p99{batch}{sessions}", quantile(0.5), quantile(0.99))),
            ("CPU time of one", time(timing.cpu.quantile(0.5))),
            ("load", time(nanoseconds(loaded.load))),
            ("first answer", time(nanoseconds(loaded.first))),
            ("peak memory", self.peak_rss_kb.map_or("-".to_owned(), |kb| format!("{kb} KiB"))),
            ("arena", of_plan(&|plan| plan.arena_bytes, " bytes a session")),
            ("packed weights", of_plan(&|plan| plan.packed_bytes, " bytes, shared by all sessions")),
            ("ops without a kernel", of_plan(&fallback_ops, "")),
        ]);
        if self.plan.is_none() {
            return facts.to_string();
        }
        let steps = self.steps().map(|(step, ns)| {
            let rate = gmacs(step, ns).map_or("-".to_owned(), |rate| format!("{rate:.1}"));
            [step.op.clone(), step.kernel.clone(), step.macs.to_string(), format!("{:.2}", ns / 1e3), rate]
        });
        format!("{facts}\n\n{}", table(["step", "kernel", "MACs", "µs", "GMAC/s"], steps))
    }

    fn steps(&self) -> impl Iterator<Item = (&StepReport, f64)> {
        self.plan.iter().flat_map(|plan| &plan.steps).zip(self.step_ns.iter().copied())
    }
}

/// Steps that run on candle, for want of a kernel.
fn fallback_ops(plan: &PlanReport) -> usize {
    plan.steps.iter().filter(|step| step.kernel.starts_with("candle")).count()
}

/// Multiplications with an addition, in thousand millions a second; none where a step has none.
fn gmacs(step: &StepReport, ns: f64) -> Option<f64> {
    (step.macs > 0 && ns > 0.0).then(|| (step.macs as f64 / ns * 1e3).round() / 1e3)
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

/// Microseconds, to the nanosecond.
fn micro(nanoseconds: f64) -> f64 {
    nanoseconds.round() / 1e3
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e6 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

//! The plan of a bundle's graph on this machine: which step runs on which kernel, and what memory that takes.

use dunlin_bundle::Contents;
use dunlin_engine::PlanReport;
use serde_json::{Value, json};

use crate::engine;
use crate::output::table;

/// A graph compiled for one record, or why it cannot be here.
pub(super) enum Planned {
    /// On these kernels; an engine without a plan reports none.
    Here { kernels: String, report: Option<PlanReport> },
    /// It does not run here.
    Not(String),
}

impl Planned {
    /// Compiles a bundle's graph on the engine that the environment chooses.
    pub(super) fn of(contents: &Contents) -> Self {
        let engine = match engine::chosen() {
            Ok(engine) => engine,
            Err(error) => return Self::Not(error.to_string()),
        };
        let compiled = engine.compile(contents.graph(), contents.weights()).and_then(|model| {
            let report = model.report(1)?;
            Ok(Self::Here { kernels: model.kernels().name().to_owned(), report })
        });
        compiled.unwrap_or_else(|error| Self::Not(error.to_string()))
    }

    /// For machines.
    pub(super) fn document(&self) -> Value {
        match self {
            Self::Not(why) => json!({"error": why}),
            Self::Here { kernels, report } => json!({
                "kernels": kernels,
                "arena_bytes": report.as_ref().map(|report| report.arena_bytes),
                "packed_bytes": report.as_ref().map(|report| report.packed_bytes),
                "steps": report.iter().flat_map(|report| &report.steps).map(|step| json!({
                    "node": step.node, "op": step.op, "kernel": step.kernel, "macs": step.macs,
                })).collect::<Vec<_>>(),
            }),
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let (kernels, report) = match self {
            Self::Not(why) => return format!("This machine cannot run it: {why}"),
            Self::Here { kernels, report: None } => return format!("It runs here on {kernels}, op by op."),
            Self::Here { kernels, report: Some(report) } => (kernels, report),
        };
        let steps = report.steps.iter().map(|s| [s.node.clone(), s.op.clone(), s.kernel.clone(), s.macs.to_string()]);
        let (arena, packed) = (report.arena_bytes, report.packed_bytes);
        let memory =
            format!("It runs here on {kernels}, with an arena of {arena} bytes and {packed} bytes of packed weights.");
        format!("{memory}\n{}", table(["node", "op", "kernel", "MACs"], steps))
    }
}

//! How long each engine takes to load a model and to answer first, and the memory it then has: over several processes.

use serde_json::Value;

use super::contest::{Who, command};
use super::engine::Engine;
use super::prepare::Prepared;
use super::rounds::quantile;
use super::workload::{PRECISIONS, Precision, WORKLOADS, Workload};
use crate::process::keep;

/// Processes started of each engine with each model.
const TIMES: usize = 5;

/// One engine's starts with one model: medians.
pub(super) struct Starts {
    pub(super) workload: &'static Workload,
    pub(super) precision: Precision,
    pub(super) who: Who,
    pub(super) load_us: f64,
    pub(super) first_us: f64,
    pub(super) peak_rss_kb: f64,
    /// What `dunlin bench --json` says, where the engine is Dunlin.
    pub(super) figures: Option<Value>,
}

pub(super) fn measure(prepared: &Prepared<'_>) -> Vec<Starts> {
    let mut all = Vec::new();
    for workload in WORKLOADS {
        for precision in PRECISIONS {
            let form = if precision == Precision::F32 { "f32" } else { "s8s8" };
            for who in [Who::OnnxRuntime(form), Who::LiteRt, Who::Dunlin] {
                match of(prepared, workload, precision, who) {
                    Ok(starts) => all.push(starts),
                    Err(why) => println!("{} {}, {who:?}: {why}", workload.name(), precision.name()),
                }
            }
        }
    }
    all
}

fn of(prepared: &Prepared<'_>, workload: &'static Workload, precision: Precision, who: Who) -> Result<Starts, String> {
    let mut ready = Vec::new();
    for _ in 0..TIMES {
        ready.push(Engine::start(&mut command(prepared, workload, precision, who))?.ready.clone());
    }
    let median = |place: usize| quantile(&ready.iter().filter_map(|r| r.get(place).copied()).collect::<Vec<_>>(), 0.5);
    let figures = if who == Who::Dunlin { Some(bench(prepared, workload, precision)?) } else { None };
    let told = figures.as_ref().and_then(|figures| figures["peak_rss_kb"].as_f64());
    let peak_rss_kb = told.unwrap_or_else(|| median(2));
    Ok(Starts { workload, precision, who, load_us: median(0), first_us: median(1), peak_rss_kb, figures })
}

fn bench(prepared: &Prepared<'_>, workload: &Workload, precision: Precision) -> Result<Value, String> {
    let printed = keep(prepared.bench(workload, precision).args(["--seconds", "0.5", "--json"]))?;
    serde_json::from_str(&printed).map_err(|error| format!("bench --json: {error}"))
}

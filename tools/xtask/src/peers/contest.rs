//! Every engine with every model, alive at once, and the rounds in which each runs its bursts.

use std::process::Command;

use super::engine::Engine;
use super::prepare::{FORMS, Prepared};
use super::rounds::Series;
use super::workload::{PRECISIONS, Precision, WORKLOADS, Workload};

/// Who runs a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// On the f32 model, or in one of its int8 forms.
    OnnxRuntime(&'static str),
    LiteRt,
    Dunlin,
    /// Dunlin without what came after AVX2.
    Avx2,
    /// The reference engine of the same bundle: op by op on candle.
    Candle,
}

/// One engine with one model, and its times.
pub(super) struct Entry {
    pub(super) workload: &'static Workload,
    pub(super) precision: Precision,
    pub(super) who: Who,
    engine: Engine,
    pub(super) series: Series,
}

pub(super) struct Contest {
    pub(super) entries: Vec<Entry>,
}

impl Contest {
    /// Starts all. One that cannot run a model says so, and is left out.
    pub(super) fn gather(prepared: &Prepared<'_>) -> Self {
        let mut entries = Vec::new();
        for workload in WORKLOADS {
            for precision in PRECISIONS {
                for who in everybody(precision) {
                    match Engine::start(&mut command(prepared, workload, precision, who)) {
                        Ok(engine) => {
                            entries.push(Entry { workload, precision, who, engine, series: Series::default() })
                        }
                        Err(why) => println!("{} {}, {who:?}: {why}", workload.name(), precision.name()),
                    }
                }
            }
        }
        Self { entries }
    }

    /// Runs the rounds; each starts with another engine, so that none always runs after the same one.
    pub(super) fn run(&mut self, rounds: u64) -> Result<(), String> {
        let count = self.entries.len();
        for round in 0..rounds as usize {
            for place in 0..count {
                let entry = &mut self.entries[(place + 7 * round) % count];
                let taken = entry.engine.burst();
                let of = || format!("{} {}, {:?}", entry.workload.name(), entry.precision.name(), entry.who);
                let taken = taken.map_err(|why| format!("{}: {why}", of()))?;
                entry.series.0.push(taken);
            }
        }
        Ok(())
    }

    pub(super) fn series(&self, workload: &Workload, precision: Precision, who: Who) -> Option<&Series> {
        let found =
            self.entries.iter().find(|e| e.workload.stem == workload.stem && e.precision == precision && e.who == who);
        found.map(|entry| &entry.series)
    }

    /// The faster of ONNX Runtime's forms.
    pub(super) fn onnx_runtime(&self, workload: &Workload, precision: Precision) -> Option<&Series> {
        let forms = everybody(precision).into_iter().filter(|who| matches!(who, Who::OnnxRuntime(_)));
        let series = forms.filter_map(|who| self.series(workload, precision, who));
        series.min_by(|left, right| left.median().total_cmp(&right.median()))
    }
}

pub(super) fn everybody(precision: Precision) -> Vec<Who> {
    let forms: &[&str] = if precision == Precision::F32 { &["f32"] } else { &FORMS };
    let mut all: Vec<Who> = forms.iter().map(|form| Who::OnnxRuntime(form)).collect();
    all.extend([Who::LiteRt, Who::Dunlin, Who::Avx2, Who::Candle]);
    all
}

/// What starts an engine with a model.
pub(super) fn command(prepared: &Prepared<'_>, workload: &Workload, precision: Precision, who: Who) -> Command {
    let dunlin = |variable: &[(&str, &str)]| {
        let mut bench = prepared.bench(workload, precision);
        bench.arg("--bursts").envs(variable.iter().copied());
        bench
    };
    match who {
        Who::OnnxRuntime("f32") => prepared.peer("onnxruntime", &prepared.data.join(workload.onnx())),
        Who::OnnxRuntime(form) => prepared.peer("onnxruntime", &prepared.quantized(workload, form)),
        Who::LiteRt => prepared.peer("litert", &prepared.data.join(workload.tflite(precision))),
        Who::Dunlin => dunlin(&[]),
        Who::Avx2 => dunlin(&[("DUNLIN_ISA", "avx2")]),
        Who::Candle => dunlin(&[("DUNLIN_ENGINE", "reference")]),
    }
}

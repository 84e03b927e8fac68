//! `cargo xtask bench --arm`: instructions of an inference on emulated aarch64 cores, ours and the peers'; writes
//! its part of docs/benchmarks.md.

mod core;
mod emulator;
mod python;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::document;
use crate::peers::{DOCUMENT, FORMS, PRECISIONS, Precision, Prepared, WORKLOADS, Workload};
use crate::process::{keep, program};
use crate::project::Project;
use core::{CORES, Core};
use emulator::Emulator;
use python::ForeignPython;

/// Of the workloads, those that are counted.
const COUNTED: &[&str] = &["kws", "ic"];

pub(crate) fn run(project: &Project) -> bool {
    match measure(project) {
        Ok(()) => true,
        Err(why) => {
            eprintln!("bench --arm: {why}");
            false
        }
    }
}

fn measure(project: &Project) -> Result<(), String> {
    let prepared = Prepared::make(project)?;
    let emulator = Emulator::make(project)?;
    let python = ForeignPython::make(project, &emulator)?;
    let bench = Bench { project, prepared: &prepared, emulator: &emulator, python: &python };
    let mut table = "| model | precision | core | Dunlin | ONNX Runtime | LiteRT | to the better peer |\n\
         |---|---|---|---|---|---|---|\n"
        .to_owned();
    for workload in WORKLOADS.iter().filter(|workload| COUNTED.contains(&workload.name())) {
        for precision in PRECISIONS {
            for core in CORES {
                let line = bench.line(workload, precision, core)?;
                print!("{line}");
                table += &line;
            }
        }
    }
    document::rewrite(project, DOCUMENT, "bench", "arm", &table)
}

struct Bench<'a> {
    project: &'a Project,
    prepared: &'a Prepared<'a>,
    emulator: &'a Emulator,
    python: &'a ForeignPython,
}

impl Bench<'_> {
    fn line(&self, workload: &Workload, precision: Precision, core: &Core) -> Result<String, String> {
        let ours = self.ours(workload, precision, core);
        let onnx_runtime = self.onnx_runtime(workload, precision, core);
        let litert = self.python.count(core, "litert", &self.prepared.data.join(workload.tflite(precision)));
        let counts = [("Dunlin", &ours), ("ONNX Runtime", &onnx_runtime), ("LiteRT", &litert)];
        for (engine, count) in counts {
            if let Err(why) = count {
                println!("{} {}, {}, {engine}: {why}", workload.name(), precision.name(), core.name);
            }
        }
        let better = [&onnx_runtime, &litert].into_iter().flatten().min();
        let ratio = ours.as_ref().ok().zip(better).map(|(ours, theirs)| *ours as f64 / *theirs as f64);
        let ratio = ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let cells = counts.map(|(_, count)| count.as_ref().map_or("-".to_owned(), |count| count.to_string()));
        let cells = cells.join(" | ");
        Ok(format!(
            "| {} | {} | {} ({}) | {cells} | {ratio} |\n",
            workload.title,
            precision.name(),
            core.name,
            core.isa
        ))
    }

    fn ours(&self, workload: &Workload, precision: Precision, core: &Core) -> Result<u64, String> {
        let (copy, key) = self.signed(workload, precision)?;
        let mut run = self.emulator.command(core, &self.emulator.dunlin, &[]);
        let job = json!({
            "copy": copy, "keys": [key], "threads": 1, "batch": workload.batch, "seconds": 1.0, "reference": false,
            "isa": core.isa, "bursts": true,
        });
        run.arg(job.to_string());
        emulator::count(run)
    }

    /// The fewer of its forms' instructions.
    fn onnx_runtime(&self, workload: &Workload, precision: Precision, core: &Core) -> Result<u64, String> {
        let count = |model: PathBuf| self.python.count(core, "onnxruntime", &model);
        if precision == Precision::F32 {
            return count(self.prepared.data.join(workload.onnx()));
        }
        let mut counts = FORMS.iter().map(|form| count(self.prepared.quantized(workload, form)));
        let first = counts.next().unwrap_or(Err("no form".to_owned()));
        counts.fold(first, |best, next| match (best, next) {
            (Ok(best), Ok(next)) => Ok(best.min(next)),
            (Ok(count), Err(_)) | (Err(_), Ok(count)) => Ok(count),
            (Err(why), Err(_)) => Err(why),
        })
    }

    /// A signed copy of a bundle, as the emulated command cannot start a second process of itself.
    fn signed(&self, workload: &Workload, precision: Precision) -> Result<(PathBuf, PathBuf), String> {
        let bundle = self.prepared.bundle(workload, precision);
        let (copy, key) = (bundle.with_extension("signed.dunlin"), bundle.with_file_name("bench"));
        let dunlin = || program(self.project, self.prepared.dunlin());
        if !key.with_extension("key").is_file() {
            keep(dunlin().args(["keygen", "--no-password", "--out"]).arg(&key))?;
        }
        let mut sign = dunlin();
        sign.arg("sign").arg(&bundle).arg("--key").arg(key.with_extension("key")).arg("--out").arg(&copy);
        keep(sign.args([
            "--commit",
            "none",
            "--reviewer",
            "nobody",
            "--license",
            "none",
            "--data-sha256",
            &"0".repeat(64),
        ]))?;
        read_only(&copy)?;
        Ok((copy, key.with_extension("pub")))
    }
}

fn read_only(path: &Path) -> Result<(), String> {
    let made = fs::metadata(path).and_then(|file| {
        let mut permissions = file.permissions();
        permissions.set_readonly(true);
        fs::set_permissions(path, permissions)
    });
    made.map_err(|error| format!("{}: {error}", path.display()))
}

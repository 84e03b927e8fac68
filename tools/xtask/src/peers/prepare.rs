//! What a measurement needs: the peers' Python, the `dunlin` command, a bundle of each model, ONNX Runtime's int8 forms.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::process::{cargo, keep, program, show, target_folder, untied};
use crate::project::Project;
use crate::python;

use super::workload::{PRECISIONS, Precision, WORKLOADS, Workload};

/// Names the folder of the models, which are not the project's own.
const DATA: &str = "DUNLIN_DATA";

/// ONNX Runtime's static int8: types of activations and weights. Which is faster differs by model.
pub(crate) const FORMS: [&str; 2] = ["u8s8", "s8s8"];

pub(crate) struct Prepared<'a> {
    pub(crate) project: &'a Project,
    pub(crate) data: PathBuf,
    python: OsString,
    dunlin: PathBuf,
    /// Bundles and quantised models, in the cache.
    made: PathBuf,
}

impl<'a> Prepared<'a> {
    pub(crate) fn make(project: &'a Project) -> Result<Self, String> {
        let data = env::var_os(DATA).map(PathBuf::from).filter(|data| data.join(WORKLOADS[0].onnx()).is_file());
        let data = data.ok_or_else(|| format!("set {DATA} to a folder that holds {}", WORKLOADS[0].onnx()))?;
        let python = python::peers(project)?;
        let made = project.cache.join("bench");
        fs::create_dir_all(&made).map_err(|error| format!("{}: {error}", made.display()))?;
        let dunlin = build(project)?;
        let prepared = Self { project, data, python, dunlin, made };
        for workload in WORKLOADS {
            prepared.import(workload);
            FORMS.iter().try_for_each(|form| prepared.quantize(workload, form))?;
        }
        Ok(prepared)
    }

    fn import(&self, workload: &Workload) {
        for precision in PRECISIONS {
            let quantize = (precision == Precision::Int8).then_some("int8");
            let (onnx, bundle) = (self.data.join(workload.onnx()), self.bundle(workload, precision));
            // The figures of the others are worth having all the same.
            if let Err(why) = self.import_file(&onnx, &bundle, quantize) {
                println!("{} {}: {why}", workload.name(), precision.name());
            }
        }
    }

    pub(crate) fn import_file(&self, onnx: &Path, bundle: &Path, quantize: Option<&str>) -> Result<(), String> {
        // One that an earlier build could import is not what is to be measured.
        let _ = fs::remove_file(bundle);
        let mut import = program(self.project, &self.dunlin);
        import.arg("import").arg(onnx).arg("--out").arg(bundle);
        import.args(quantize.iter().flat_map(|method| ["--quantize", method]));
        keep(&mut import).map(drop)
    }

    fn quantize(&self, workload: &Workload, form: &str) -> Result<(), String> {
        let target = self.quantized(workload, form);
        if target.is_file() {
            return Ok(());
        }
        let mut quantize = self.python("quantize.py");
        quantize.arg(self.data.join(workload.onnx())).arg(&target).arg(form);
        keep(&mut quantize).map(drop)
    }

    /// A file of the cache.
    pub(crate) fn made(&self, name: &str) -> PathBuf {
        self.made.join(name)
    }

    pub(crate) fn bundle(&self, workload: &Workload, precision: Precision) -> PathBuf {
        self.made.join(format!("{}-{}.dunlin", workload.name(), precision.name()))
    }

    pub(crate) fn quantized(&self, workload: &Workload, form: &str) -> PathBuf {
        self.made.join(format!("{}-{form}.onnx", workload.name()))
    }

    /// One of the scripts beside this crate, on the peers' Python.
    pub(crate) fn python(&self, script: &str) -> Command {
        let mut python = untied(self.project, &self.python);
        python.arg(self.project.root.join("tools/xtask/python").join(script));
        python
    }

    /// The command, built.
    pub(crate) fn dunlin(&self) -> &Path {
        &self.dunlin
    }

    /// `dunlin bench` of a bundle.
    pub(crate) fn bench(&self, workload: &Workload, precision: Precision) -> Command {
        let mut bench = self.bench_of(&self.bundle(workload, precision));
        bench.args(["--batch", &workload.batch.to_string()]);
        bench
    }

    pub(crate) fn bench_of(&self, bundle: &Path) -> Command {
        let mut bench = program(self.project, &self.dunlin);
        bench.arg("bench").arg(bundle);
        bench
    }

    /// A peer with a model, alive for bursts.
    pub(crate) fn peer(&self, engine: &str, model: &Path) -> Command {
        let mut peer = self.python("burst.py");
        peer.arg(engine).arg(model).stderr(Stdio::null());
        peer
    }

    /// The table of file sizes: what the graph and the weights take in a bundle, and the peers' files.
    pub(crate) fn sizes(&self) -> Result<String, String> {
        let mut table =
            "| model | precision | graph and weights, bytes | tflite, bytes | share |\n|---|---|---|---|---|\n"
                .to_owned();
        for workload in WORKLOADS {
            for precision in PRECISIONS {
                let Ok(ours) = self.graph_and_weights(&self.bundle(workload, precision)) else { continue };
                let theirs = length(&self.data.join(workload.tflite(precision)))?;
                let share = ours as f64 / theirs as f64;
                let (title, precision) = (workload.title, precision.name());
                table += &format!("| {title} | {precision} | {ours} | {theirs} | {share:.2} |\n");
            }
        }
        Ok(table)
    }

    fn graph_and_weights(&self, bundle: &Path) -> Result<u64, String> {
        let inspected = keep(program(self.project, &self.dunlin).arg("inspect").arg(bundle).arg("--json"))?;
        let inspected: Value = serde_json::from_str(&inspected).map_err(|error| format!("inspect --json: {error}"))?;
        let entries = inspected["manifest"]["entries"].as_array().into_iter().flatten();
        let counted = entries.filter(|entry| {
            let name = entry["name"].as_str().unwrap_or_default();
            name == "graph.json" || name.starts_with("weights.")
        });
        Ok(counted.filter_map(|entry| entry["length"].as_u64()).sum())
    }
}

fn length(path: &Path) -> Result<u64, String> {
    fs::metadata(path).map(|file| file.len()).map_err(|error| format!("{}: {error}", path.display()))
}

/// Builds the command and says where it is.
fn build(project: &Project) -> Result<PathBuf, String> {
    show(cargo(project).args(["build", "--release", "--package", "dunlin-cli", "--package", "dunlin-bench"]))?;
    Ok(target_folder(project)?.join("release/dunlin"))
}

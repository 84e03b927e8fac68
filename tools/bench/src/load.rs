//! Opening the copy, and the first answer: each happens once in a process, so it is timed as it comes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dunlin_bundle::graph::Graph;
use dunlin_bundle::{Bundle, TrustedKeys};
use dunlin_engine::{Engine, Model};
use dunlin_predictor::{LoadError, Predictor, golden_records};

use crate::error::{BenchError, Failure};

/// A bundle ready to answer.
pub(crate) struct Loaded {
    pub(crate) name: String,
    pub(crate) graph: Graph,
    pub(crate) model: Arc<dyn Model>,
    /// From opening the file, its signature verified, to a predictor that could answer.
    pub(crate) load: Duration,
    /// The same and the answer to the first golden record.
    pub(crate) first: Duration,
}

/// Opens a copy and answers its first golden record.
pub(crate) fn load(path: &Path, keys: &[PathBuf], engine: &dyn Engine) -> Result<Loaded, BenchError> {
    let keys = trusted(keys)?;
    let start = Instant::now();
    let bundle = Bundle::open_installed(path, &keys).map_err(|error| BenchError::of(path, error.code(), &error))?;
    let model = engine.compile(bundle.graph(), bundle.weights());
    let model = model.map_err(|error| BenchError::of(path, "cannot_load", LoadError::from(error)))?;
    let (schema, transforms, guard) = (bundle.schema(), bundle.transforms(), &bundle.reference().guard);
    let predictor = Predictor::assemble(schema, transforms, bundle.graph(), Arc::clone(&model), guard);
    let mut predictor = predictor.map_err(|error| BenchError::of(path, "cannot_load", error))?;
    let load = start.elapsed();
    let records = golden_records(bundle.schema(), bundle.golden(), bundle.golden_tensors());
    let records = records.map_err(|error| BenchError::of(path, "golden_disagrees", error))?;
    let before_answer = start.elapsed();
    if let Some(record) = records.first() {
        predictor.predict(record).map_err(|error| BenchError::of(path, "cannot_answer", error))?;
    }
    let first = load + (start.elapsed() - before_answer);
    let manifest = bundle.manifest();
    let name = format!("{} {}", manifest.model_id, manifest.version);
    Ok(Loaded { name, graph: bundle.graph().clone(), model, load, first })
}

fn trusted(paths: &[PathBuf]) -> Result<TrustedKeys, BenchError> {
    let mut keys = TrustedKeys::new();
    for path in paths {
        let text = fs::read_to_string(path).map_err(|error| BenchError::file(path, &error))?;
        let added = keys.add(&path.display().to_string(), &text);
        added.map_err(|error| BenchError::new(Failure::Key, "not_a_key", error))?;
    }
    Ok(keys)
}

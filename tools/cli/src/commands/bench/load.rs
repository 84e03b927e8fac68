//! Opening the copy, and the first answer: each happens once in a process, so it is timed as it comes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dunlin_bundle::Bundle;
use dunlin_bundle::graph::Graph;
use dunlin_engine::Model;
use dunlin_predictor::{LoadError, Predictor, golden_records};

use crate::commands::read_keys;
use crate::engine;
use crate::error::{CliError, Kind};

/// A bundle ready to answer.
pub(super) struct Loaded {
    pub(super) name: String,
    pub(super) graph: Graph,
    pub(super) model: Arc<dyn Model>,
    /// From opening the file, its signature verified, to a predictor that could answer.
    pub(super) load: Duration,
    /// The same and the answer to the first golden record.
    pub(super) first: Duration,
}

/// Opens a copy and answers its first golden record.
pub(super) fn load(path: &Path, keys: &[PathBuf]) -> Result<Loaded, CliError> {
    let keys = read_keys(keys)?;
    let engine = engine::chosen()?;
    let start = Instant::now();
    let bundle = Bundle::open_installed(path, &keys).map_err(|error| CliError::from(error).of(path))?;
    let model = engine.compile(bundle.graph(), bundle.weights());
    let model = model.map_err(|error| CliError::from(LoadError::from(error)).of(path))?;
    let (schema, transforms, guard) = (bundle.schema(), bundle.transforms(), &bundle.reference().guard);
    let predictor = Predictor::assemble(schema, transforms, bundle.graph(), Arc::clone(&model), guard);
    let mut predictor = predictor.map_err(|error| CliError::from(error).of(path))?;
    let load = start.elapsed();
    let records = golden_records(bundle.schema(), bundle.golden(), bundle.golden_tensors())?;
    let before_answer = start.elapsed();
    if let Some(record) = records.first() {
        let answer = predictor.predict(record);
        answer.map_err(|error| CliError::new(Kind::Bundle, "cannot_answer", error).of(path))?;
    }
    let first = load + (start.elapsed() - before_answer);
    let manifest = bundle.manifest();
    let name = format!("{} {}", manifest.model_id, manifest.version);
    Ok(Loaded { name, graph: bundle.graph().clone(), model, load, first })
}

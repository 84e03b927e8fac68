//! The predictor: a loaded model and one caller's run of it.

use std::sync::Arc;

use dunlin_bundle::Contents;
use dunlin_bundle::graph::{Dim, Graph, ValueInfo};
use dunlin_bundle::reference::GuardThresholds;
use dunlin_bundle::schema::Schema;
use dunlin_bundle::transform_spec::TransformsSpec;
use dunlin_engine::{Engine, KernelSet, Model, PlanReport, RawOutput, Run};
use dunlin_features::{Features, Record, RecordSchema, Scalars, Transforms};

use crate::error::{LoadError, PredictError};
use crate::fit::{check_inputs, check_outputs};
use crate::guard::Guard;
use crate::prediction::Prediction;

/// Answers records, one caller at a time. [`Predictor::another`] gives a second caller its own, on the same weights.
pub struct Predictor {
    line: Arc<Line>,
    run: Box<dyn Run>,
    features: Features,
    raw: RawOutput,
}

/// What every caller shares.
struct Line {
    schema: RecordSchema,
    transforms: Transforms,
    model: Arc<dyn Model>,
    /// As the graph declares them.
    outputs: Vec<ValueInfo>,
    guard: Guard,
}

impl Predictor {
    /// Answers one record.
    ///
    /// # Errors
    /// [`PredictError`] when the record is refused, naming the feature, or the engine fails, naming the node.
    pub fn predict(&mut self, record: &Record<'_>) -> Result<Prediction, PredictError> {
        self.predict_scalars(&Scalars::of(record))
    }

    /// The same for a caller who needs the scalars of the record's tensors too.
    ///
    /// # Errors
    /// As [`Predictor::predict`].
    pub fn predict_scalars(&mut self, record: &Scalars<'_>) -> Result<Prediction, PredictError> {
        let input = self.line.schema.check(record.record())?;
        self.line.transforms.apply_into(&input, &mut self.features)?;
        self.run.run(self.features.tensors(), &mut self.raw)?;
        self.raw.check(&self.line.outputs, 1)?;
        Ok(self.line.guard.judge(record, &self.raw))
    }

    /// Loads a bundle's model onto an engine.
    ///
    /// # Errors
    /// [`LoadError`] naming what does not fit.
    pub fn load(engine: &dyn Engine, contents: &Contents) -> Result<Self, LoadError> {
        check_engine_version(contents)?;
        let model = engine.compile(contents.graph(), contents.weights())?;
        let guard = &contents.reference().guard;
        Self::assemble(contents.schema(), contents.transforms(), contents.graph(), model, guard)
    }

    /// Loads a bundle's baseline, where it has one.
    ///
    /// # Errors
    /// [`LoadError`] naming what does not fit.
    pub fn load_baseline(engine: &dyn Engine, contents: &Contents) -> Result<Option<Self>, LoadError> {
        let Some(baseline) = contents.baseline() else { return Ok(None) };
        let model = engine.compile(&baseline.graph, &baseline.weights)?;
        let none = GuardThresholds::default();
        let guard = contents.reference().baseline_guard.as_ref().unwrap_or(&none);
        Self::assemble(contents.schema(), &baseline.transforms, &baseline.graph, model, guard).map(Some)
    }

    /// Puts a predictor together from its parts: a compiled model, or a Rust user's own behind [`Model`].
    ///
    /// # Errors
    /// [`LoadError`] when the transforms do not fit the schema or the graph, or the thresholds name what is not there.
    pub fn assemble(
        schema: &Schema,
        transforms: &TransformsSpec,
        graph: &Graph,
        model: Arc<dyn Model>,
        guard: &GuardThresholds,
    ) -> Result<Self, LoadError> {
        check_inputs(transforms, graph)?;
        check_outputs(schema, graph)?;
        let line = Line {
            schema: RecordSchema::new(schema.clone())?,
            transforms: Transforms::compile(schema, transforms)?,
            guard: Guard::new(schema, guard)?,
            outputs: graph.outputs.clone(),
            model,
        };
        Ok(Self::of(Arc::new(line)))
    }

    fn of(line: Arc<Line>) -> Self {
        let run = Arc::clone(&line.model).new_run();
        Self { line, run, features: Features::default(), raw: RawOutput::default() }
    }

    /// A predictor for another caller, on the same weights.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::of(Arc::clone(&self.line))
    }

    /// What a record must hold.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.line.schema.schema()
    }

    /// The schema made ready to check records.
    #[must_use]
    pub fn record_schema(&self) -> &RecordSchema {
        &self.line.schema
    }

    /// Which kernels answer.
    #[must_use]
    pub fn kernels(&self) -> &KernelSet {
        self.line.model.kernels()
    }

    /// What a run for a single record takes; `None` where the engine has no plan.
    #[must_use]
    pub fn plan_report(&self) -> Option<PlanReport> {
        // A model that could not run with one record would not have been loaded.
        self.line.model.report(1).ok().flatten()
    }

    /// The shape of each output for a single record, in the schema's order.
    pub fn output_shapes(&self) -> impl Iterator<Item = Vec<usize>> + '_ {
        let size = |dim: &Dim| if let Dim::Size(size) = dim { *size } else { 1 };
        self.line.outputs.iter().map(move |output| output.shape.iter().map(size).collect())
    }

    /// The guard that judges the answers.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.line.guard
    }
}

/// A bundle may ask for an engine that is not older than what it was made for.
fn check_engine_version(contents: &Contents) -> Result<(), LoadError> {
    const FOUND: &str = env!("CARGO_PKG_VERSION");
    let needed = contents.manifest().engine.min_version.as_ref();
    match needed.filter(|needed| semver::Version::parse(FOUND).is_ok_and(|found| found < **needed)) {
        Some(needed) => Err(LoadError::EngineTooOld { needed: needed.to_string(), found: FOUND }),
        None => Ok(()),
    }
}

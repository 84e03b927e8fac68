//! What `compare` says of two bundles is what becomes of real records: each rule is put to the predictors of both.

mod features;
mod model;
mod outputs;
mod server;
mod whole;

use dunlin_bundle::Contents;
use dunlin_bundle::compat::{Compat, Level, compare};
use dunlin_engine::PlanEngine;
use dunlin_features::Record;
use dunlin_predictor::{Prediction, Predictor};
use serde_json::Value;

use model::Model;

/// A bundle and the one that is to follow it.
struct Pair {
    old: Contents,
    new: Contents,
}

impl Pair {
    /// The model of these tests, and itself after a change.
    fn after(change: impl FnOnce(&mut Model)) -> Self {
        Self::of(Model::default(), change)
    }

    /// A model, and itself after a change and with the next sequence.
    fn of(model: Model, change: impl FnOnce(&mut Model)) -> Self {
        let mut new = Model { sequence: model.sequence + 1, ..model.clone() };
        change(&mut new);
        Self { old: model.contents(), new: new.contents() }
    }

    fn compared(&self) -> Compat {
        compare(&self.old, &self.new)
    }

    /// All that is said, as `level subject code`, sorted.
    fn said(&self) -> Vec<String> {
        let level = |level| match level {
            Level::Compatible => "compatible",
            Level::Note => "note",
            Level::Incompatible => "incompatible",
        };
        let mut said: Vec<String> = self
            .compared()
            .findings
            .iter()
            .map(|finding| format!("{}: {}: {}", level(finding.level), finding.subject, finding.code))
            .collect();
        said.sort();
        said
    }

    /// What the new bundle answers to a record by name, or the code with which it is refused.
    fn by_new(&self, record: &Value) -> Result<Prediction, &'static str> {
        answer(&self.new, record)
    }

    /// The same of the old bundle, as after a rollback.
    fn by_old(&self, record: &Value) -> Result<Prediction, &'static str> {
        answer(&self.old, record)
    }
}

fn answer(contents: &Contents, record: &Value) -> Result<Prediction, &'static str> {
    let mut predictor = predictor(contents);
    let record = Record::from_json_str(predictor.schema(), &record.to_string()).map_err(|error| error.code())?;
    predict(&mut predictor, &record)
}

fn predictor(contents: &Contents) -> Predictor {
    Predictor::load(&PlanEngine::default(), contents).unwrap()
}

fn predict(predictor: &mut Predictor, record: &Record<'_>) -> Result<Prediction, &'static str> {
    predictor.predict(record).map_err(|error| error.code())
}

//! A session: one caller's way to answers, each of them on the record.

mod remember;
mod resolve;

use std::sync::Arc;
use std::time::Duration;

use dunlin_bundle::BundleError;
use dunlin_bundle::schema::Schema;
use dunlin_features::{FeatureError, Record};
use dunlin_predictor::{LoadError, PredictError, Prediction, Predictor};

use crate::answer::{Answer, AnsweredBy};
use crate::clock::Moment;
use crate::fallback::{Leaving, Waiting};
use crate::ids::SubjectHash;
use crate::privacy::HashKey;
use crate::registry::LoadedModel;
use crate::runtime::Shared;
use crate::store::StorageProblem;

/// Answers records with one version of a model, for one caller at a time; more parallelism is more sessions.
pub struct Session {
    shared: Arc<Shared>,
    loaded: Arc<LoadedModel>,
    model: Predictor,
    baseline: Option<Predictor>,
    hash_key: HashKey,
    /// Whom the prediction being made is for.
    subject: Option<SubjectHash>,
    /// What of a record may leave, where the cloud may be asked.
    leaving: Option<Leaving>,
    waiting: Waiting,
}

/// A session cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// No model of this name is installed.
    #[error("no model '{model_id}' is installed; install its bundle first")]
    NotInstalled {
        /// The name asked for.
        model_id: String,
    },
    /// The registry cannot be read, and no bundle is held in memory.
    #[error("the registry cannot be read ({0}); install the bundle that the app ships with, it will be held in memory")]
    Storage(#[from] StorageProblem),
    /// The installed copy is damaged, or no configured key has signed it.
    #[error("the installed copy cannot be trusted ({0}); install the bundle again")]
    Bundle(#[from] BundleError),
    /// This build cannot run the installed copy.
    #[error("the installed copy cannot be loaded: {0}")]
    Load(#[from] LoadError),
}

impl Session {
    /// Answers one record and puts the answer on the record.
    ///
    /// # Errors
    /// [`PredictError`] when the record is refused, naming the feature; the refusal is on the record too.
    pub fn predict(&mut self, record: &Record<'_>) -> Result<Answer, PredictError> {
        let started = self.shared.clock.now();
        let prediction = self.model.predict(record);
        let chosen = prediction.map(|prediction| self.choose(record, prediction));
        let mut answer = self.remember(record, started, chosen)?;
        answer.fallback = self.ask(record, &answer);
        Ok(answer)
    }

    /// The same for a person who may ask to be forgotten; the journal keeps a keyed hash of the name, not the name.
    ///
    /// # Errors
    /// As [`Session::predict`].
    pub fn predict_for(&mut self, subject: &str, record: &Record<'_>) -> Result<Answer, PredictError> {
        self.subject = Some(self.hash_key.subject(subject));
        let answer = self.predict(record);
        self.subject = None;
        answer
    }

    /// Puts a refusal on the record that came before there was a record to predict from, and gives it back:
    /// `Record::from_json(session.schema(), &object).map_err(|error| session.refuse(error))?`.
    pub fn refuse(&self, error: FeatureError) -> PredictError {
        let now = self.shared.clock.now();
        let error = PredictError::from(error);
        self.remember_refusal(now, now, &error);
        error
    }

    /// What a record must hold.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.model.schema()
    }

    /// The shape of each output, in the schema's order; the first dimension is the batch's, of one record.
    pub fn output_shapes(&self) -> impl Iterator<Item = Vec<usize>> + '_ {
        self.model.output_shapes()
    }

    /// Bytes of the arenas that this session alone owns, its baseline's included; `None` where the engine has no plan.
    #[must_use]
    pub fn arena_bytes(&self) -> Option<usize> {
        let arena = |model: &Predictor| model.plan_report().map(|report| report.arena_bytes);
        Some(arena(&self.model)? + self.baseline.as_ref().and_then(arena).unwrap_or(0))
    }

    /// Which kernels answer.
    #[must_use]
    pub fn kernel_set(&self) -> &str {
        &self.loaded.context.kernel_set
    }

    /// Version of the model that answers.
    #[must_use]
    pub fn model_version(&self) -> &str {
        &self.loaded.context.version
    }

    pub(crate) fn open(shared: Arc<Shared>, model_id: &str) -> Result<Self, SessionError> {
        let loaded = match shared.registry.held(model_id) {
            Some(held) => held,
            None => {
                let installed = shared.state().active(model_id)?;
                let installed =
                    installed.ok_or_else(|| SessionError::NotInstalled { model_id: model_id.to_owned() })?;
                shared.registry.load(shared.folder.path(), &shared.keys, &*shared.engine, &installed)?
            }
        };
        let (model, baseline) = loaded.predictors();
        let hash_key = shared.state().identity().hash_key.clone();
        let leaving = shared.desk.as_ref().map(|desk| desk.leaving(model.schema()));
        let waiting = Waiting::default();
        Ok(Self { shared, loaded, model, baseline, hash_key, subject: None, leaving, waiting })
    }

    /// The first that accepts its own answer, of the model and the baseline.
    fn choose(&mut self, record: &Record<'_>, prediction: Prediction) -> Chosen {
        if prediction.verdict.is_accept() {
            return Chosen { answered_by: AnsweredBy::Model, outputs: prediction.outputs.clone(), prediction };
        }
        let second = self.baseline.as_mut().and_then(|baseline| baseline.predict(record).ok());
        match second.filter(|second| second.verdict.is_accept()) {
            Some(second) => Chosen { answered_by: AnsweredBy::Baseline, outputs: second.outputs, prediction },
            None => Chosen { answered_by: AnsweredBy::Nobody, outputs: None, prediction },
        }
    }

    fn is_stale(&self, now: Moment) -> bool {
        self.loaded.stale_from_us.is_some_and(|from| now.wall_us >= from)
    }
}

/// An answer before it has an id.
struct Chosen {
    answered_by: AnsweredBy,
    outputs: Option<Vec<dunlin_predictor::OutputValue>>,
    prediction: Prediction,
}

fn elapsed(from: Moment, to: Moment) -> Duration {
    Duration::from_micros(to.mono_us.saturating_sub(from.mono_us).unsigned_abs())
}

//! A session: one caller's way to answers, each of them on the record.

mod batch;
mod chain;
mod precompute;
mod remember;
mod resolve;
mod side;
mod trial;

use std::sync::Arc;
use std::time::Duration;

use dunlin_bundle::BundleError;
use dunlin_bundle::schema::Schema;
use dunlin_engine::PlanReport;
use dunlin_features::{FeatureError, Record, Scalars};
use dunlin_predictor::{LoadError, PredictError, Prediction, Predictor};

pub use self::batch::{Batch, BatchRecord};
pub use self::precompute::{Precompute, PrecomputeError, PrecomputeReport};
use self::side::Side;
use self::trial::Other;
use crate::answer::{Answer, AnsweredBy};
use crate::clock::Moment;
use crate::fallback::{Leaving, Waiting};
use crate::ids::SubjectHash;
use crate::privacy::HashKey;
use crate::runtime::Shared;
use crate::store::{Slot, StorageProblem};

/// Answers records with one version of a model, for one caller at a time; more parallelism is more sessions.
pub struct Session {
    shared: Arc<Shared>,
    /// What records hold, for the life of the session.
    schema: Arc<Schema>,
    /// The bundle that answers.
    side: Side,
    /// The other of a trial.
    other: Option<Other>,
    /// The version before, where it may answer in the place of the one that abstains.
    previous: Option<Side>,
    /// It answered NaN while nobody watched.
    is_suspect: bool,
    /// The registry's, as it was when the session was opened.
    generation: u64,
    /// The registry's, when taking another bundle last failed.
    failed_at: Option<u64>,
    hash_key: HashKey,
    /// Whom the prediction being made is for.
    subject: Option<SubjectHash>,
    /// Its row waits for room in the journal.
    patient: bool,
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
    /// It wants other records than those that the session was opened for.
    #[error("version {version} cannot take this session's records ({source}); open another session")]
    OtherRecords {
        /// Version of the bundle.
        version: String,
        /// The feature at fault.
        source: FeatureError,
    },
    /// It crashed the process at each of its last starts, and there is no previous version to go back to.
    #[error(
        "{model_id} {version} was begun {starts} times and never came to an answer; install a bundle that works, with a \
         higher sequence"
    )]
    KeepsFailing {
        /// Name of the model.
        model_id: String,
        /// Version of the bundle.
        version: String,
        /// Starts that were begun and did not end.
        starts: u32,
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
        self.step_back();
        let by_candidate = self.take_turns();
        let answer = self.answer(record, by_candidate);
        if by_candidate {
            self.exchange();
        }
        answer
    }

    /// The line itself: predict, choose, remember, ask.
    fn answer(&mut self, record: &Record<'_>, by_candidate: bool) -> Result<Answer, PredictError> {
        let started = self.shared.clock.now();
        let projected = self.side.projection.of(record);
        let (given, record) = (record, &*projected);
        let (found, scalars) = (self.precomputed(record), Scalars::of(record));
        let is_found = found.is_some();
        let prediction = found.map_or_else(|| self.side.predict(&self.shared, &scalars), Ok);
        let is_challenger = by_candidate || self.is_on_probation();
        let compared = self.compare(given, prediction.as_ref(), started, is_challenger);
        let chosen = prediction.map(|prediction| self.choose(given, prediction, is_challenger).found(is_found));
        let mut answer = self.remember(&scalars, started, chosen, compared)?;
        self.hurry(&answer);
        answer.fallback = self.ask(record, &answer);
        Ok(answer)
    }

    /// In canary the candidate answers for some: then the two change places for one record.
    fn take_turns(&mut self) -> bool {
        let by_candidate = self.other.as_ref().is_some_and(|other| other.answers(self.subject));
        if by_candidate {
            self.exchange();
        }
        by_candidate
    }

    fn exchange(&mut self) {
        if let Some(other) = &mut self.other {
            std::mem::swap(&mut self.side, &mut other.side);
        }
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
        &self.schema
    }

    /// The shape of each output, in the schema's order; the first dimension is the batch's, of one record.
    pub fn output_shapes(&self) -> impl Iterator<Item = Vec<usize>> + '_ {
        self.side.model.output_shapes()
    }

    /// Bytes of the arenas that this session alone owns, its baseline's included; `None` where the engine has no plan.
    #[must_use]
    pub fn arena_bytes(&self) -> Option<usize> {
        self.of_plans(|report| report.arena_bytes)
    }

    /// Bytes of packed weights and other constants, shared by all sessions of the bundle, its baseline's included; `None`
    /// where the engine has no plan.
    #[must_use]
    pub fn packed_bytes(&self) -> Option<usize> {
        self.of_plans(|report| report.packed_bytes)
    }

    fn of_plans(&self, bytes: impl Fn(&PlanReport) -> usize) -> Option<usize> {
        let of = |model: &Predictor| model.plan_report().as_ref().map(&bytes);
        Some(of(&self.side.model)? + self.side.baseline.as_ref().and_then(of).unwrap_or(0))
    }

    /// Which kernels answer.
    #[must_use]
    pub fn kernel_set(&self) -> &str {
        &self.side.context.kernel_set
    }

    /// Name of the model that answers.
    #[must_use]
    pub fn model_id(&self) -> &str {
        &self.side.context.model_id
    }

    /// Version of the model that answers, for machines.
    #[must_use]
    pub fn model_sequence(&self) -> u64 {
        self.side.context.sequence
    }

    /// Version of the model that answers.
    #[must_use]
    pub fn model_version(&self) -> &str {
        &self.side.context.version
    }

    /// For records of the active bundle's schema, where no other is given.
    pub(crate) fn open(
        shared: Arc<Shared>,
        model_id: &str,
        records: Option<Arc<Schema>>,
    ) -> Result<Self, SessionError> {
        // Read first: what changes from here on is seen as a change.
        let generation = shared.registry.generation();
        let side = match shared.registry.held(model_id) {
            Some(held) => Side::of(held, Slot::Active, records.as_deref())?,
            None => {
                let installed = shared.registry.state().active(model_id)?;
                let installed =
                    installed.ok_or_else(|| SessionError::NotInstalled { model_id: model_id.to_owned() })?;
                Side::open(&shared, &installed, records.as_deref())?
            }
        };
        let schema = records.unwrap_or_else(|| Arc::new(side.model.schema().clone()));
        // What is held in memory alone has no trial.
        let other = Other::open(&shared, &side, &schema).filter(|_| shared.registry.held(model_id).is_none());
        let previous = chain::open_previous(&shared, &side, &schema);
        let hash_key = shared.registry.state().identity().hash_key.clone();
        let leaving = shared.desk.as_ref().map(|desk| desk.leaving(side.model.schema()));
        let waiting = Waiting::default();
        Ok(Self {
            shared,
            schema,
            side,
            other,
            previous,
            is_suspect: false,
            generation,
            failed_at: None,
            hash_key,
            subject: None,
            patient: false,
            leaving,
            waiting,
        })
    }
}

/// An answer before it has an id.
struct Chosen {
    answered_by: AnsweredBy,
    outputs: Option<Vec<dunlin_predictor::OutputValue>>,
    prediction: Prediction,
}

impl Chosen {
    /// Says so, where the model's answer was found and not made.
    fn found(mut self, is_found: bool) -> Self {
        if is_found && self.answered_by == AnsweredBy::Model {
            self.answered_by = AnsweredBy::Cache;
        }
        self
    }
}

fn elapsed(from: Moment, to: Moment) -> Duration {
    Duration::from_micros(to.mono_us.saturating_sub(from.mono_us).unsigned_abs())
}

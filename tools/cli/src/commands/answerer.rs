//! Who answers: a runtime with its journal, or the predictor alone.

use std::path::Path;
use std::time::Duration;

use dunlin::counters::Counter;
use dunlin::fallback::{FallbackError, Resolved};
use dunlin::health::Part;
use dunlin::ids::PredictionId;
use dunlin::journal::Scalar;
use dunlin::{
    Admission, Answer, AnsweredBy, Config, FeatureError, InstallError, OutputValue, PredictError, Prediction, Record,
    Runtime, Session, TrustedKeys,
};
use dunlin_bundle::Bundle;
use dunlin_bundle::schema::Schema;
use dunlin_predictor::{Predictor, verify_golden};
use dunlin_records::{Row, RowError};
use serde::{Deserialize, Serialize};

use super::predict::Cloud;

use crate::error::{CliError, Kind};
use crate::{engine, folder};

/// What became of one record.
pub(crate) struct Answered {
    /// What the model made of it.
    pub prediction: Prediction,
    /// What to use, where somebody answered.
    pub outputs: Option<Vec<OutputValue>>,
    /// Who did.
    pub answered_by: AnsweredBy,
    /// What is on the record, where there is one.
    pub kept: Option<Kept>,
}

/// An answer in a journal.
pub(crate) struct Kept {
    /// Its name there.
    pub id: PredictionId,
    /// From record to answer.
    pub latency: Duration,
    /// What came of asking the cloud.
    pub resolved: Option<Result<Resolved, FallbackError>>,
}

impl Answered {
    /// Whether the cloud has answered.
    fn is_resolved(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| matches!(kept.resolved, Some(Ok(_))))
    }
}

/// Answers records.
pub(crate) enum Answerer {
    /// Through a session: with fallback to the baseline and the cloud, every answer in the journal.
    OnRecord {
        /// The open folder.
        runtime: Runtime,
        /// Its session.
        session: Box<Session>,
        /// Whom to ask for what nobody here can answer.
        cloud: Option<Box<Cloud>>,
        /// Rows that were lost before, as the runtime counts them.
        lost_before: u64,
    },
    /// By the predictor alone.
    OffRecord {
        /// The model.
        predictor: Box<Predictor>,
        /// Its name, version and sequence.
        name: String,
    },
}

/// How the records went.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// By whomever.
    pub answered: u64,
    /// Nobody's answer could be trusted.
    pub unanswered: u64,
    /// By the schema, or because they were no records.
    pub refused: u64,
}

impl Answerer {
    /// Opens a folder, installs the bundle and opens a session.
    pub(crate) fn on_record(
        dir: &Path,
        bundle: &Path,
        keys: TrustedKeys,
        admission: Admission,
        cloud: Option<Box<Cloud>>,
    ) -> Result<Self, CliError> {
        let config = Config::with_engine(dir, keys, engine::chosen()?).admission(admission);
        let runtime = Runtime::open(match &cloud {
            Some(cloud) => config.fallback(cloud.policy()),
            None => config,
        });
        let installed = runtime.install(bundle);
        for notice in runtime.health().notices {
            eprintln!("dunlin: {}; {}", notice.what, notice.remedy);
        }
        let installed = installed.map_err(|error| match &error {
            InstallError::Bundle(_) => CliError::from(error).of(bundle),
            _ => error.into(),
        })?;
        Self::of(runtime, &installed.model_id, cloud)
    }

    /// Opens a folder for a model that is installed there; without a name, for the only one.
    pub(crate) fn installed(dir: &Path, model_id: Option<&str>, keys: TrustedKeys) -> Result<Self, CliError> {
        folder::must_exist(dir)?;
        let runtime = Runtime::open(Config::with_engine(dir, keys, engine::chosen()?));
        let mut names: Vec<String> = runtime.health().models.into_iter().map(|model| model.model_id).collect();
        names.sort_unstable();
        names.dedup();
        let model_id = match (model_id, names.as_slice()) {
            (Some(model_id), _) => model_id,
            (None, [only]) => only,
            (None, []) => return Err(CliError::new(Kind::Bundle, "no_model", "no model is installed here").of(dir)),
            (None, many) => {
                let message = format!("several models are installed; name one with --model: {}", many.join(", "));
                return Err(CliError::new(Kind::Usage, "which_model", message).of(dir));
            }
        };
        Self::of(runtime, model_id, None)
    }

    fn of(runtime: Runtime, model_id: &str, cloud: Option<Box<Cloud>>) -> Result<Self, CliError> {
        let session = Box::new(runtime.session(model_id)?);
        let lost_before = lost(&runtime);
        Ok(Self::OnRecord { runtime, session, cloud, lost_before })
    }

    /// Verifies a bundle as a device would and loads its model.
    pub(crate) fn off_record(bundle: Vec<u8>, keys: &TrustedKeys) -> Result<Self, CliError> {
        let bundle = Bundle::read(bundle, keys)?;
        let mut predictor = Predictor::load(&*engine::chosen()?, &bundle)?;
        verify_golden(&mut predictor, &bundle)?;
        let manifest = bundle.manifest();
        let name = format!("{} {} (sequence {})", manifest.model_id, manifest.version, manifest.sequence);
        Ok(Self::OffRecord { predictor: Box::new(predictor), name })
    }

    /// What a record must hold.
    pub(crate) fn schema(&self) -> &Schema {
        match self {
            Self::OnRecord { session, .. } => session.schema(),
            Self::OffRecord { predictor, .. } => predictor.schema(),
        }
    }

    /// The shape of each output, in the schema's order.
    pub(crate) fn output_shapes(&self) -> Vec<Vec<usize>> {
        match self {
            Self::OnRecord { session, .. } => session.output_shapes().collect(),
            Self::OffRecord { predictor, .. } => predictor.output_shapes().collect(),
        }
    }

    /// The model's name, version and sequence, and the kernels that run it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::OnRecord { session, .. } => {
                let (id, sequence) = (session.model_id(), session.model_sequence());
                format!("{id} {} (sequence {sequence}), {}", session.model_version(), session.kernel_set())
            }
            Self::OffRecord { predictor, name } => format!("{name}, {}", predictor.kernels()),
        }
    }

    /// Answers a row, or refuses it, and counts it.
    pub(crate) fn take(&mut self, row: Row, tally: &mut Tally) -> Result<Answered, RowError> {
        let answered = match row.record {
            Ok((record, label)) => self.answer(&record, label).map_err(RowError::from),
            Err(error) => {
                error.refused.clone().into_iter().for_each(|refused| self.refuse(*refused));
                Err(error)
            }
        };
        match &answered {
            Ok(answered) if answered.answered_by == AnsweredBy::Nobody && !answered.is_resolved() => {
                tally.unanswered += 1;
            }
            Ok(_) => tally.answered += 1,
            Err(_) => tally.refused += 1,
        }
        answered
    }

    /// Answers one record; a label goes into the journal where there is one. Where rows come faster than the disk takes
    /// them, this waits.
    fn answer(&mut self, record: &Record<'_>, label: Option<Scalar>) -> Result<Answered, PredictError> {
        match self {
            Self::OnRecord { runtime, session, cloud, .. } => {
                let answer = match cloud {
                    Some(_) => session.predict(record),
                    None => session.predict_patiently(record),
                }?;
                let resolved = cloud.as_ref().and_then(|cloud| cloud.ask(session, &answer));
                if let Some(label) = label
                    && let Err(error) = runtime.label(answer.id, label)
                {
                    eprintln!("dunlin: {error}");
                }
                let Answer { id, outputs, answered_by, prediction, latency, .. } = answer;
                Ok(Answered { prediction, outputs, answered_by, kept: Some(Kept { id, latency, resolved }) })
            }
            Self::OffRecord { predictor, .. } => {
                let prediction = predictor.predict(record)?;
                let accepted = prediction.verdict.is_accept();
                let outputs = prediction.outputs.clone().filter(|_| accepted);
                let answered_by = if accepted { AnsweredBy::Model } else { AnsweredBy::Nobody };
                Ok(Answered { prediction, outputs, answered_by, kept: None })
            }
        }
    }

    /// Puts a row that is no record of the schema on the record, where there is one.
    fn refuse(&mut self, error: FeatureError) {
        if let Self::OnRecord { session, .. } = self {
            session.refuse_patiently(error);
        }
    }

    /// Forces what was answered so far to the disk; what cannot be written is counted, and told when closing.
    pub(crate) fn flush(&self) {
        if let Self::OnRecord { runtime, .. } = self {
            let _ = runtime.flush();
        }
    }

    /// Closes the folder; a folder that could not be used as it should is an error, after all records were answered.
    pub(crate) fn close(self) -> Result<(), CliError> {
        let Self::OnRecord { runtime, session, lost_before, .. } = self else { return Ok(()) };
        drop(session);
        let flushed = runtime.flush();
        let (health, lost) = (runtime.health(), lost(&runtime) - lost_before);
        let storage = |message: String| CliError::new(Kind::Storage, "storage", message);
        let degraded = [health.state, health.journal].into_iter().find_map(|part| match part {
            Part::Degraded(notice) => Some(notice),
            Part::Ok => None,
        });
        if let Some(notice) = degraded {
            let kept = if lost == 0 { String::new() } else { format!("; {lost} rows are not in the journal") };
            return Err(storage(format!(
                "{}; {}. Records were answered all the same{kept}.",
                notice.what, notice.remedy
            )));
        }
        flushed.map_err(|problem| CliError::from(&problem))?;
        if lost > 0 {
            return Err(storage(format!("{lost} rows are not in the journal, which could not be written for a while")));
        }
        runtime.close().map_err(|e| storage(e.to_string()))
    }
}

/// Rows that were not written, as the runtime counts them.
fn lost(runtime: &Runtime) -> u64 {
    let counters = runtime.health().counters;
    [Counter::DroppedFull, Counter::WriteFailed].iter().filter_map(|counter| counters.get(counter.name())).sum()
}

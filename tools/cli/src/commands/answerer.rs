//! Who answers: a runtime with its journal, or the predictor alone.

use std::path::Path;

use dunlin::counters::Counter;
use dunlin::fallback::{FallbackError, Resolved};
use dunlin::health::Part;
use dunlin::journal::Scalar;
use dunlin::{
    Admission, AnsweredBy, Config, FeatureError, InstallError, OutputValue, PredictError, Reason, Record, Runtime,
    Session, TrustedKeys, Verdict,
};
use dunlin_bundle::Bundle;
use dunlin_bundle::schema::Schema;
use dunlin_predictor::{Predictor, verify_golden};
use serde_json::{Map, Value, json};

use super::cloud::Cloud;
use crate::engine;
use crate::error::{CliError, Kind};

/// Rows after which the journal is flushed: with a label each, they fill half of its ring.
const ROWS_PER_FLUSH: u32 = 256;

/// Answers records.
pub(super) enum Answerer {
    /// Through a session: with fallback to the baseline and the cloud, every answer in the journal.
    OnRecord {
        /// The open folder.
        runtime: Runtime,
        /// Its session.
        session: Box<Session>,
        /// Whom to ask for what nobody here can answer.
        cloud: Option<Box<Cloud>>,
        /// Rows since the last flush.
        unflushed: u32,
        /// Rows that were lost before, as the runtime counts them.
        lost_before: u64,
    },
    /// By the predictor alone.
    OffRecord(Box<Predictor>),
}

impl Answerer {
    /// Opens a folder, installs the bundle and opens a session.
    pub(super) fn on_record(
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
        let session = Box::new(runtime.session(&installed.model_id)?);
        let lost_before = lost(&runtime);
        Ok(Self::OnRecord { runtime, session, cloud, unflushed: 0, lost_before })
    }

    /// Verifies a bundle as a device would and loads its model.
    pub(super) fn off_record(bundle: Vec<u8>, keys: &TrustedKeys) -> Result<Self, CliError> {
        let bundle = Bundle::read(bundle, keys)?;
        let mut predictor = Predictor::load(&*engine::chosen()?, &bundle)?;
        verify_golden(&mut predictor, &bundle)?;
        Ok(Self::OffRecord(Box::new(predictor)))
    }

    /// What a record must hold.
    pub(super) fn schema(&self) -> &Schema {
        match self {
            Self::OnRecord { session, .. } => session.schema(),
            Self::OffRecord(predictor) => predictor.schema(),
        }
    }

    /// Answers one record; a label goes into the journal where there is one.
    pub(super) fn answer(&mut self, record: &Record<'_>, label: Option<Scalar>) -> Result<Value, PredictError> {
        match self {
            Self::OnRecord { runtime, session, cloud, unflushed, .. } => {
                make_room(runtime, unflushed);
                let answer = session.predict(record)?;
                let resolved = cloud.as_ref().and_then(|cloud| cloud.ask(session, &answer));
                if let Some(label) = label
                    && let Err(error) = runtime.label(answer.id, label)
                {
                    eprintln!("dunlin: {error}");
                }
                let mut json = judged(answer.verdict(), answer.outputs.as_deref());
                json["id"] = json!(answer.id);
                json["answered_by"] = json!(answer.answered_by.name());
                json["confidence"] = json!(answer.prediction.confidence);
                json["distance"] = json!(answer.prediction.distance);
                json["latency_us"] = json!(answer.latency.as_micros() as u64);
                json["model_version"] = json!(session.model_version());
                json["kernel_set"] = json!(session.kernel_set());
                if let Some(resolved) = &resolved {
                    tell(&mut json, resolved);
                }
                Ok(json)
            }
            Self::OffRecord(predictor) => {
                let prediction = predictor.predict(record)?;
                let accepted = prediction.verdict.is_accept();
                let mut json = judged(&prediction.verdict, prediction.outputs.as_deref().filter(|_| accepted));
                json["answered_by"] = json!(if accepted { "model" } else { "none" });
                json["confidence"] = json!(prediction.confidence);
                json["distance"] = json!(prediction.distance);
                Ok(json)
            }
        }
    }

    /// Puts a row that is no record of the schema on the record, where there is one.
    pub(crate) fn refuse(&mut self, error: FeatureError) {
        if let Self::OnRecord { runtime, session, unflushed, .. } = self {
            make_room(runtime, unflushed);
            session.refuse(error);
        }
    }

    /// Closes the folder; a folder that could not be used as it should is an error, after all records were answered.
    pub(super) fn close(self) -> Result<(), CliError> {
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

/// What a live caller would rather lose than wait for, a batch waits for: the journal's ring never runs full.
fn make_room(runtime: &Runtime, unflushed: &mut u32) {
    *unflushed += 1;
    if *unflushed == ROWS_PER_FLUSH {
        *unflushed = 0;
        // What it cannot write is counted, and told when closing.
        let _ = runtime.flush();
    }
}

/// Rows that were not written, as the runtime counts them.
fn lost(runtime: &Runtime) -> u64 {
    let counters = runtime.health().counters;
    [Counter::DroppedFull, Counter::WriteFailed].iter().filter_map(|counter| counters.get(counter.name())).sum()
}

/// Says what came of asking the cloud; the verdict and its reasons stay the model's.
fn tell(json: &mut Value, resolved: &Result<Resolved, FallbackError>) {
    match resolved {
        Ok(resolved) => {
            json["outputs"] = json!(named(&resolved.outputs));
            json["answered_by"] = json!(AnsweredBy::Cloud.name());
            json["confidence"] = json!(resolved.confidence);
            json["fallback"] = json!({"status": "resolved", "reason": null});
        }
        Err(error) => {
            json["fallback"] = json!({"status": "failed", "reason": error.code(), "message": error.to_string()});
        }
    }
}

fn judged(verdict: &Verdict, outputs: Option<&[OutputValue]>) -> Value {
    let reason = |r: &Reason| json!({"code": r.code(), "culprit": r.culprit(), "message": r.to_string()});
    let reasons: Vec<Value> = verdict.reasons().iter().map(reason).collect();
    json!({"verdict": verdict.code(), "reasons": reasons, "outputs": outputs.map(named)})
}

fn named(outputs: &[OutputValue]) -> Map<String, Value> {
    outputs.iter().map(|o| (o.name.to_string(), output(o))).collect()
}

fn output(output: &OutputValue) -> Value {
    match &output.class {
        Some(class) => json!({"class": *class.name, "probability": class.probability, "values": output.values}),
        None => json!({"values": output.values}),
    }
}

//! What answers: the runtime, a session of its model for each source of records, and those who are told.

use std::path::{Path, PathBuf};

use dunlin::{FeatureError, InstallOutcome, PredictError, Record, Runtime, Session, SessionError};
use serde_json::{Value, json};

use crate::error::DaemonError;
use crate::followers::Followers;
use crate::gate::Gate;
use crate::sensor::SensorCounts;
use crate::sink::{Outcome, Sinks};

/// A runtime, the name of the model that answers, and whoever is told.
pub(crate) struct Served {
    pub(crate) runtime: Runtime,
    pub(crate) model: String,
    pub(crate) state_directory: PathBuf,
    pub(crate) sinks: Sinks,
    pub(crate) followers: Followers,
    pub(crate) sensor: SensorCounts,
    pub(crate) stdin: Gate,
}

/// On whose behalf a record is answered.
#[derive(Clone, Copy)]
pub(crate) enum Caller<'a> {
    /// Somebody who waits for the answer; perhaps about a person who may ask to be forgotten.
    Live { subject: Option<&'a str> },
    /// One of many records of a file: it waits for the journal, and the live ones do not.
    Patient,
}

impl Caller<'_> {
    /// About nobody.
    pub(crate) const ANYBODY: Self = Self::Live { subject: None };
}

/// A session that goes on to the version that is active.
pub(crate) struct Following<'s> {
    served: &'s Served,
    session: Option<Session>,
    /// Why it could not go on to the active version, told once.
    trouble: String,
}

impl Served {
    /// A session of the version that is active now.
    pub(crate) fn session(&self) -> Result<Session, SessionError> {
        self.runtime.session(&self.model)
    }

    /// Installs what the board ships with. A bundle that is refused ends the start only where no other can answer.
    pub(crate) fn install(&self, bundle: Option<&Path>) -> Result<(), DaemonError> {
        let Some(path) = bundle else { return Ok(()) };
        match self.runtime.install_shipped(path) {
            Ok(report) => {
                let (model, version) = (&report.model_id, &report.version);
                match report.outcome {
                    InstallOutcome::Activated => log::info!("{model} {version} is installed"),
                    InstallOutcome::HeldInMemory => {
                        log::error!("{model} {version} is held in memory: the state directory cannot be written")
                    }
                    _ => log::debug!("{model} {version}: {:?}", report.outcome),
                }
                Ok(())
            }
            Err(source) if self.session().is_ok() => {
                log::error!("{}: {source}; the installed one answers on", path.display());
                Ok(())
            }
            Err(source) => Err(DaemonError::Bundle { path: path.to_owned(), source }),
        }
    }

    /// For one source of records.
    pub(crate) fn follow(&self) -> Following<'_> {
        Following { served: self, session: None, trouble: String::new() }
    }
}

impl Following<'_> {
    /// The session of the version that is active now. One that wants other records than the last is another session: whoever
    /// reads records reads them by its schema before [`Self::answer`].
    pub(crate) fn session(&mut self) -> Result<&mut Session, SessionError> {
        match &mut self.session {
            Some(open) => {
                if let Err(error) = open.renew() {
                    match self.served.session() {
                        Ok(other) => *open = other,
                        Err(_) => tell_once(&mut self.trouble, format!("{}: {error}", open.model_version())),
                    }
                }
                Ok(open)
            }
            none => Ok(none.insert(self.served.session()?)),
        }
    }

    /// Answers a record that was read by the session's schema, or the reason for which there is none; tells the sinks, and
    /// gives what a client is told.
    pub(crate) fn answer(&mut self, caller: Caller<'_>, record: Result<Record<'_>, FeatureError>) -> Value {
        let Some(session) = &mut self.session else { return refused("no_session", None, "there is no model yet") };
        let sinks = &self.served.sinks;
        match predict(session, caller, record) {
            Ok(answer) => {
                let mut document = answer.document();
                document["model_version"] = json!(session.model_version());
                let class = answer.class().map(|class| &*class.name);
                sinks.offer(Outcome { verdict: answer.verdict().code(), class, document: &document });
                document
            }
            Err(error) => {
                let document = refused(error.code(), error.feature(), &error.to_string());
                sinks.offer(Outcome { verdict: "refused", class: None, document: &document });
                document
            }
        }
    }

    /// The same, for those who follow too.
    pub(crate) fn answer_and_tell(&mut self, record: Result<Record<'_>, FeatureError>) {
        let document = self.answer(Caller::ANYBODY, record);
        self.served.followers.tell(|| document.to_string());
    }
}

/// Logs what is the matter, unless it is what was the matter already.
pub(crate) fn tell_once(told: &mut String, trouble: String) {
    if *told != trouble {
        log::warn!("{trouble}");
        *told = trouble;
    }
}

fn predict(
    session: &mut Session,
    caller: Caller<'_>,
    record: Result<Record<'_>, FeatureError>,
) -> Result<dunlin::Answer, PredictError> {
    match (record, caller) {
        (Ok(record), Caller::Live { subject: None }) => session.predict(&record),
        (Ok(record), Caller::Live { subject: Some(subject) }) => session.predict_for(subject, &record),
        (Ok(record), Caller::Patient) => session.predict_patiently(&record),
        (Err(error), Caller::Live { .. }) => Err(session.refuse(error)),
        (Err(error), Caller::Patient) => Err(session.refuse_patiently(error)),
    }
}

/// What is said of a record or of a line that cannot be answered.
pub(crate) fn refused(code: &str, feature: Option<&str>, message: &str) -> Value {
    json!({"error": {"code": code, "feature": feature, "message": message}})
}

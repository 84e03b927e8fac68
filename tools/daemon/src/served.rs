//! What answers: the runtime, a session of its model for each source of records, and those who are told.

use std::path::PathBuf;

use dunlin::{FeatureError, PredictError, Record, Runtime, Session, SessionError};
use serde_json::{Value, json};

use crate::followers::Followers;
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
}

impl Served {
    /// A session of the version that is active now.
    pub(crate) fn session(&self) -> Result<Session, SessionError> {
        self.runtime.session(&self.model)
    }

    /// For one source of records.
    pub(crate) fn follow(&self) -> Following<'_> {
        Following { served: self, session: None }
    }
}

impl Following<'_> {
    /// The session of the version that is active now; one that wants other records than the last is another session.
    pub(crate) fn session(&mut self) -> Result<&mut Session, SessionError> {
        match &mut self.session {
            Some(open) => {
                if let Err(error) = open.renew() {
                    match self.served.session() {
                        Ok(other) => *open = other,
                        Err(_) => log::warn!("{}: goes on with {}: {error}", self.served.model, open.model_version()),
                    }
                }
                Ok(open)
            }
            none => Ok(none.insert(self.served.session()?)),
        }
    }

    /// Answers a record, or the reason for which there is none, tells the sinks, and gives what a client is told.
    pub(crate) fn answer(&mut self, caller: Caller<'_>, record: Result<Record<'_>, FeatureError>) -> Value {
        let sinks = &self.served.sinks;
        let session = match self.session() {
            Ok(session) => session,
            Err(error) => return refused("no_session", None, &error.to_string()),
        };
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
    pub(crate) fn answer_and_tell(&mut self, record: Result<Record<'_>, FeatureError>) -> Value {
        let document = self.answer(Caller::ANYBODY, record);
        self.served.followers.tell(|| document.to_string());
        document
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

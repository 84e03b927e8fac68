//! A runtime, the sessions that C has opened in it, and what it was told last of an upload and an update.

use std::sync::{Mutex, PoisonError};

use dunlin::ids::PredictionId;
use dunlin::journal::{Appended, LabelError, Scalar};
use dunlin::outbox::{Link, Next, Reported, Response, Transport, TransportError, Upload};
use dunlin::{Runtime, UpdateReport};
use serde_json::Value;

use crate::abi::status::Status;
use crate::failure::Failure;
use crate::seat::{SESSIONS, Seat};
use crate::slab::Slab;

pub(crate) static RUNTIMES: Slab<Opened> = Slab::new("runtime", 1);

/// An open runtime.
pub(crate) struct Opened {
    pub(crate) runtime: Runtime,
    sessions: Mutex<Vec<u64>>,
    upload: Mutex<Option<Upload>>,
    /// What the last update did.
    updated: Mutex<Option<UpdateReport>>,
}

impl Opened {
    pub(crate) fn new(config: dunlin::Config) -> Self {
        let (sessions, upload, updated) = Default::default();
        Self { runtime: Runtime::open(config), sessions, upload, updated }
    }

    /// Opens a session and remembers it, to be closed with the runtime.
    pub(crate) fn open_session(&self, model_id: &str) -> Result<u64, Failure> {
        let handle = SESSIONS.insert(Mutex::new(Seat::new(self.runtime.session(model_id)?, model_id)))?;
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|open| SESSIONS.holds(*open));
        sessions.push(handle);
        Ok(handle)
    }

    /// Closes the sessions that nobody is in a call with; busy where there are others.
    pub(crate) fn close_sessions(&mut self) -> Result<(), Failure> {
        let sessions = self.sessions.get_mut().unwrap_or_else(PoisonError::into_inner);
        let closed = |handle: &u64| SESSIONS.take(*handle, |_| Ok(())).err();
        sessions.retain(|handle| closed(handle).is_some_and(|failure| failure.status == Status::Busy));
        if sessions.is_empty() { Ok(()) } else { Err(Failure::busy("session")) }
    }

    pub(crate) fn health(&self) -> String {
        serde_json::json!(self.runtime.health()).to_string()
    }

    /// The open alarms, each with its sentences.
    pub(crate) fn alarms(&self) -> Result<String, Failure> {
        let alarms = self.runtime.alarms()?;
        let told = alarms.iter().map(|alarm| {
            let mut object = serde_json::json!(alarm);
            object["what"] = alarm.what().into();
            object["how_sure"] = alarm.how_sure().into();
            object["what_to_do"] = alarm.what_to_do().into();
            object
        });
        Ok(told.collect::<Value>().to_string())
    }

    /// How the trials stand that are on.
    pub(crate) fn trials(&self) -> Result<String, Failure> {
        Ok(serde_json::json!(self.runtime.trials()?).to_string())
    }

    /// Follows the update channel, and keeps the report to be told again.
    pub(crate) fn update(&self, transport: &mut dyn Transport, link: Link) -> Result<UpdateReport, Failure> {
        let report = self.runtime.update(transport, link)?;
        *self.updated.lock().unwrap_or_else(PoisonError::into_inner) = Some(report.clone());
        Ok(report)
    }

    /// What the last update did, as JSON.
    pub(crate) fn update_report(&self) -> String {
        serde_json::json!(*self.updated.lock().unwrap_or_else(PoisonError::into_inner)).to_string()
    }

    pub(crate) fn label(&self, id: i64, value: Scalar) -> Result<(), Failure> {
        kept(self.runtime.label(PredictionId::from_i64(id)?, value))
    }

    pub(crate) fn outcome(&self, id: i64, name: &str, value: Scalar) -> Result<(), Failure> {
        kept(self.runtime.outcome(PredictionId::from_i64(id)?, name, value))
    }

    /// What is to be sent now; an upload is kept until the next, so that its body can be read piece by piece.
    pub(crate) fn next_upload(&self, link: Link) -> Result<Next, Failure> {
        let next = self.runtime.next_upload(link)?;
        *self.upload.lock().unwrap_or_else(PoisonError::into_inner) = match &next {
            Next::Upload(upload) => Some(upload.clone()),
            Next::Wait(_) | Next::Done => None,
        };
        Ok(next)
    }

    /// Hands the rest of an upload's body, from an offset, to `read`.
    pub(crate) fn upload_body<T>(&self, id: &str, offset: usize, read: impl FnOnce(&[u8]) -> T) -> Result<T, Failure> {
        let upload = self.upload.lock().unwrap_or_else(PoisonError::into_inner);
        let upload = upload.as_ref().filter(|upload| upload.id == id).ok_or_else(|| {
            let message = "no such upload was given out last; ask for the next one, and use its id";
            Failure::argument("not_the_last_upload", "id", message)
        })?;
        let length = upload.body.len();
        Ok(read(upload.body.get(offset..).ok_or_else(|| Failure::no_such_index("offset", offset, length))?))
    }

    pub(crate) fn report_upload(
        &self,
        id: &str,
        answer: Result<Response, TransportError>,
    ) -> Result<Reported, Failure> {
        let reported = self.runtime.report_upload(id, answer)?;
        self.upload.lock().unwrap_or_else(PoisonError::into_inner).take_if(|upload| upload.id == id);
        Ok(reported)
    }
}

/// A value that is lost is a failure.
fn kept(appended: Result<Appended, LabelError>) -> Result<(), Failure> {
    match appended? {
        Appended::Queued | Appended::Written => Ok(()),
        Appended::Dropped => Err(Failure::dropped()),
        Appended::Failed(problem) => Err(problem.into()),
    }
}

//! One folder, its models, its journal.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use dunlin::CloseError;
use dunlin::ids::PredictionId;
use dunlin::journal::{Appended, LabelError};

use crate::alarm::Alarm;
use crate::boundary::guarded;
use crate::config::Config;
use crate::error::DunlinError;
use crate::health::Health;
use crate::install::InstallReport;
use crate::open_session::OpenSession;
use crate::scalar::Scalar;
use crate::session::Session;
use crate::transport::{Foreign, Transport};
use crate::upload::{Delivery, Link, NextUpload, Reported, SyncReport};

/// An open folder. Every call may come from any thread.
#[derive(uniffi::Object)]
pub struct Runtime {
    open: Mutex<Option<Open>>,
}

/// A runtime that is not closed, and the sessions that close with it.
struct Open {
    core: Arc<dunlin::Runtime>,
    sessions: Vec<Weak<OpenSession>>,
}

#[uniffi::export]
impl Runtime {
    /// Opens a folder, making it where it is not there. A folder that cannot be opened, read or written is no error: the
    /// runtime answers all the same, and `health` says what is degraded.
    ///
    /// # Errors
    /// [`DunlinError::InvalidArgument`] when the text of a key is none, or two keys have one name.
    #[uniffi::constructor]
    pub fn open(config: Config) -> Result<Self, DunlinError> {
        guarded(|| {
            let core = Arc::new(dunlin::Runtime::open(config.try_into()?));
            Ok(Self { open: Mutex::new(Some(Open { core, sessions: Vec::new() })) })
        })
    }

    /// Installs a bundle that came from outside, after every check. It answers in sessions opened from now on.
    ///
    /// # Errors
    /// [`DunlinError::Refused`] naming what is wrong; the model that was active stays active.
    pub fn install(&self, path: String) -> Result<InstallReport, DunlinError> {
        self.call(|core| core.install(Path::new(&path))?.try_into())
    }

    /// Installs the bundle that the app ships with; to be called at every start. One that is older than what was ever
    /// accepted is passed over.
    ///
    /// # Errors
    /// As `install`.
    pub fn install_shipped(&self, path: String) -> Result<InstallReport, DunlinError> {
        self.call(|core| core.install_shipped(Path::new(&path))?.try_into())
    }

    /// A session of a model's active version. It finishes on that version, unless that is thrown out, or the session renewed.
    ///
    /// # Errors
    /// [`DunlinError::NotInstalled`], or [`DunlinError::Model`] when its file cannot be verified or loaded.
    pub fn session(&self, model_id: String) -> Result<Session, DunlinError> {
        self.call(|core| {
            let session = Arc::new(OpenSession::new(core.session(&model_id)?));
            // Closed meanwhile: the session goes with the runtime.
            let mut locked = self.lock();
            let open = locked.as_mut().ok_or_else(DunlinError::runtime_closed)?;
            open.sessions.retain(|session| session.strong_count() > 0);
            open.sessions.push(Arc::downgrade(&session));
            drop(locked);
            Session::new(session)
        })
    }

    /// Says what was right. The last label of a prediction stands.
    ///
    /// # Errors
    /// [`DunlinError::InvalidArgument`] when the id is not that of a prediction (where that can be known), or the value cannot
    /// be kept; [`DunlinError::Storage`] when it is lost.
    pub fn label(&self, id: i64, value: Scalar) -> Result<(), DunlinError> {
        self.call(|core| kept(core.label(PredictionId::from_i64(id)?, value)))
    }

    /// Says what came of a prediction, under a name of the app's choosing. The last value of a name stands.
    ///
    /// # Errors
    /// As `label`, and when the name is too long.
    pub fn outcome(&self, id: i64, name: String, value: Scalar) -> Result<(), DunlinError> {
        self.call(|core| kept(core.outcome(PredictionId::from_i64(id)?, &name, value)))
    }

    /// Deletes every prediction made for a person, and tells how many there were.
    ///
    /// # Errors
    /// [`DunlinError::Storage`]; nothing may have been deleted then.
    pub fn forget(&self, subject: String) -> Result<u64, DunlinError> {
        self.call(|core| Ok(core.forget(&subject)?))
    }

    /// What works, what does not, since when, and what to do about it.
    ///
    /// # Errors
    /// [`DunlinError::Closed`].
    pub fn health(&self) -> Result<Health, DunlinError> {
        self.call(|core| Ok(core.health().into()))
    }

    /// The alarms that are open, oldest first.
    ///
    /// # Errors
    /// [`DunlinError::Storage`].
    pub fn alarms(&self) -> Result<Vec<Alarm>, DunlinError> {
        self.call(|core| Ok(core.alarms()?.into_iter().map(Into::into).collect()))
    }

    /// Does what is due by the clock; to be called now and then.
    ///
    /// # Errors
    /// [`DunlinError::Storage`]; what is due stays due.
    pub fn tick(&self) -> Result<(), DunlinError> {
        self.call(|core| Ok(core.tick()?))
    }

    /// Sends what waits, until nothing may be sent for now. The transport may call this runtime, and even close it.
    ///
    /// # Errors
    /// [`DunlinError::Storage`]. What the transport could not send is no error: the report tells of it.
    pub fn sync(&self, transport: Arc<dyn Transport>, link: Link) -> Result<SyncReport, DunlinError> {
        self.call(|core| Ok(core.sync(&mut Foreign(transport), link.into())?.into()))
    }

    /// What is to be sent now, for a host that sends in its own time.
    ///
    /// # Errors
    /// [`DunlinError::Storage`]; nothing may be sent then.
    pub fn next_upload(&self, link: Link) -> Result<NextUpload, DunlinError> {
        self.call(|core| Ok(core.next_upload(link.into())?.into()))
    }

    /// Takes in what came of an upload.
    ///
    /// # Errors
    /// [`DunlinError::Storage`]; the upload is then sent again, and the receiver counts it once.
    pub fn report_upload(&self, id: String, delivery: Delivery) -> Result<Reported, DunlinError> {
        self.call(|core| core.report_upload(&id, delivery.into())?.try_into())
    }

    /// Forgets every wait and pause of uploading: a new token, another network.
    ///
    /// # Errors
    /// [`DunlinError::Storage`].
    pub fn resume_uploads(&self) -> Result<(), DunlinError> {
        self.call(|core| Ok(core.resume_uploads()?))
    }

    /// Writes everything so far and forces it to the disk.
    ///
    /// # Errors
    /// [`DunlinError::Storage`]; the rows concerned are counted.
    pub fn flush(&self) -> Result<(), DunlinError> {
        self.call(|core| Ok(core.flush()?))
    }

    /// Writes everything and gives the folder's lock back: for apps that the system is about to freeze. The next prediction
    /// takes it again.
    ///
    /// # Errors
    /// As `flush`.
    pub fn suspend(&self) -> Result<(), DunlinError> {
        self.call(|core| Ok(core.suspend()?))
    }

    /// Closes the sessions, writes everything and closes the folder. Every later call is [`DunlinError::Closed`]; closing
    /// twice is once. A call that is under way on another thread finishes, and the folder is let go with the last of them.
    ///
    /// # Errors
    /// [`DunlinError::Storage`] when something cannot be written; it is closed all the same.
    pub fn close(&self) -> Result<(), DunlinError> {
        guarded(|| {
            let Some(open) = self.lock().take() else { return Ok(()) };
            open.sessions.iter().filter_map(Weak::upgrade).for_each(|session| session.close());
            match Arc::try_unwrap(open.core).map(dunlin::Runtime::close) {
                // A session that was just being opened finds the runtime closed, and lets go.
                Ok(Ok(()) | Err(CloseError::SessionsOpen)) => Ok(()),
                Ok(Err(problem)) => Err(problem.into()),
                Err(in_use) => Ok(in_use.flush()?),
            }
        })
    }
}

impl Runtime {
    /// Runs a call without holding the lock, so that calls do not wait for each other, and a transport may call back.
    pub(crate) fn call<T>(
        &self,
        act: impl FnOnce(&dunlin::Runtime) -> Result<T, DunlinError>,
    ) -> Result<T, DunlinError> {
        guarded(|| {
            let core = self.lock().as_ref().map(|open| Arc::clone(&open.core));
            act(&*core.ok_or_else(DunlinError::runtime_closed)?)
        })
    }

    /// Every change under the lock is whole.
    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A label or an outcome that is lost is told: only its giver can give it again.
fn kept(appended: Result<Appended, LabelError>) -> Result<(), DunlinError> {
    match appended? {
        Appended::Queued | Appended::Written => Ok(()),
        Appended::Failed(problem) => Err(problem.into()),
        Appended::Dropped => Err(DunlinError::Storage {
            message: "labels come faster than the disk takes them; flush, and give this one again".to_owned(),
        }),
    }
}

//! The runtime: one folder, its models, its journal.

use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::counters::Counters;
use crate::fallback::Desk;
use crate::health::{Health, ModelHealth};
use crate::ids::PredictionId;
use crate::journal::{Appended, Journal, LabelError, Reader, Scalar, highest_epoch};
use crate::keeper::Keeper;
use crate::monitor::{Alarm, Monitor};
use crate::outbox::{self, Link, Next, Reported, Response, SyncReport, Transport, TransportError};
use crate::registry::{self, Admission, Aim, InstallError, InstallReport, LoadedModel, Registry, Source, install};
use crate::session::{Session, SessionError};
use crate::store::{Folder, InstalledModel, Slot, State, StorageProblem};
use crate::trial::{TrialPolicy, Trials};
use crate::update::Updates;

/// An open folder. Cheap to share behind an `Arc`; sessions keep what they need of it alive.
pub struct Runtime {
    pub(crate) shared: Arc<Shared>,
}

/// What the runtime and its sessions share.
pub(crate) struct Shared {
    pub(crate) admission: Admission,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<Counters>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) journal: Journal,
    /// Where the cloud may be asked.
    pub(crate) desk: Option<Desk>,
    pub(crate) trial: TrialPolicy,
    /// The update channel, where one is followed.
    pub(crate) updates: Option<Updates>,
    closed: bool,
}

/// The runtime could not be closed in order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloseError {
    /// Sessions are still open. Everything so far is on the disk; the folder closes with the last of them.
    #[error("sessions are still open; drop them before closing the runtime")]
    SessionsOpen,
    /// The last rows or counters could not be written.
    #[error(transparent)]
    Storage(#[from] StorageProblem),
}

impl Runtime {
    /// Opens a folder, making it where it is not there.
    ///
    /// Never fails: what cannot be opened, locked, read or written is degraded, and [`Runtime::health`] says what, since
    /// when and what to do. A runtime that cannot write still answers.
    #[must_use]
    pub fn open(config: Config) -> Self {
        let Config { folder, keys, engine, journal, monitor, trial, fallback, chains, admission, updates, clock } =
            config;
        let folder = Arc::new(Folder::new(folder));
        let counters = Arc::new(Counters::default());
        let state = State::open(Arc::clone(&folder), clock.clone(), highest_epoch(folder.path()));
        counters.raise_to(&state.counters().unwrap_or_default());
        let epoch = state.epoch();
        let registry = Arc::new(Registry::new(keys, engine, chains, Arc::clone(&folder), state));
        let monitor = Monitor::new(monitor, epoch, clock.boot_id());
        let keeper = Box::new(Keeper { monitor, trials: Trials::new(Arc::clone(&registry), trial) });
        let journal = Journal::open_followed(folder, clock.clone(), epoch, journal, Arc::clone(&counters), keeper);
        let desk = fallback.map(|policy| Desk::open(policy, &clock, &journal));
        let updates = updates.map(Updates::new);
        let shared = Shared { admission, clock, counters, registry, journal, desk, trial, updates, closed: false };
        Self { shared: Arc::new(shared) }
    }

    /// Installs a bundle that came from outside, after every check: signature, hashes, limits, sequence, and its golden
    /// set on this device. It then answers in sessions opened from now on.
    ///
    /// # Errors
    /// [`InstallError`] naming what is wrong; the model that was active stays active.
    pub fn install(&self, bundle: &Path) -> Result<InstallReport, InstallError> {
        install(&self.shared, bundle, Source::Outside, Aim::Activate)
    }

    /// Installs the bundle that the app ships with; to be called at every start. One that is older than what was ever
    /// accepted is passed over.
    ///
    /// # Errors
    /// As [`Runtime::install`].
    pub fn install_shipped(&self, bundle: &Path) -> Result<InstallReport, InstallError> {
        install(&self.shared, bundle, Source::Shipped, Aim::Activate)
    }

    /// A session of a model's active version. It finishes on that version, whatever is installed meanwhile.
    ///
    /// # Errors
    /// [`SessionError`] when no such model is installed, or its file cannot be verified or loaded.
    pub fn session(&self, model_id: &str) -> Result<Session, SessionError> {
        Session::open(Arc::clone(&self.shared), model_id, None)
    }

    /// Says what was right. The last label of a prediction stands.
    ///
    /// # Errors
    /// [`LabelError`] when the id is not that of a prediction (where that can be known), or the value cannot be kept.
    pub fn label(&self, id: PredictionId, value: impl Into<Scalar>) -> Result<Appended, LabelError> {
        self.shared.journal.label(id, &value.into())
    }

    /// Says what came of a prediction, under a name of the app's choosing. The last value of a name stands.
    ///
    /// # Errors
    /// As [`Runtime::label`], and when the name is too long.
    pub fn outcome(&self, id: PredictionId, name: &str, value: impl Into<Scalar>) -> Result<Appended, LabelError> {
        self.shared.journal.outcome(id, name, &value.into())
    }

    /// Deletes every prediction made for a person, and tells how many there were.
    ///
    /// # Errors
    /// [`StorageProblem`] when the journal cannot be written, or the key that people are hashed with cannot be had.
    pub fn forget(&self, subject: &str) -> Result<u64, StorageProblem> {
        // A state that cannot be read has another key, whose hash finds nobody: that must not pass for having forgotten.
        self.shared.save_counters()?;
        let hash = self.shared.registry.state().identity().hash_key.subject(subject);
        self.shared.journal.forget(hash)
    }

    /// What works, what does not, since when, and what to do about it.
    #[must_use]
    pub fn health(&self) -> Health {
        let (journal, mut notices) = self.shared.journal.health();
        notices.extend(self.shared.registry.all_held().into_iter().map(|(_, why)| why));
        notices.extend(self.shared.updates.as_ref().and_then(|updates| updates.notice(&self.shared)));
        let counters = self.shared.counters.totals();
        let models = self.shared.models();
        Health { state: self.shared.registry.state().health(), journal, notices, counters, models }
    }

    /// Does what is due by the clock: closes windows whose time has come. To be called now and then, and before uploading.
    ///
    /// # Errors
    /// [`StorageProblem`] when the journal cannot be written; what is due stays due.
    pub fn tick(&self) -> Result<(), StorageProblem> {
        self.shared.journal.transact(false, |tables, keeper, now| keeper.tick(tables, now))
    }

    /// What is to be sent now, over the link that the host has. What it returns is on the disk, ids and bytes, before it
    /// is returned.
    ///
    /// # Errors
    /// [`StorageProblem`] when the journal cannot be written: nothing may be sent then, since it could not be remembered.
    pub fn next_upload(&self, link: Link) -> Result<Next, StorageProblem> {
        let install = self.shared.registry.state().identity().install_id;
        self.shared.journal.transact(true, move |tables, _, now| outbox::next(tables, &install, link, now.wall_us))
    }

    /// Takes in what came of an upload.
    ///
    /// # Errors
    /// [`StorageProblem`] when the journal cannot be written; the upload is then sent again, and the receiver counts it once.
    pub fn report_upload(
        &self,
        id: &str,
        answer: Result<Response, TransportError>,
    ) -> Result<Reported, StorageProblem> {
        let id = id.to_owned();
        self.shared.journal.transact(false, move |tables, _, now| outbox::report(tables, &id, &answer, now.wall_us))
    }

    /// Forgets every wait and pause of the outbox: something has changed that it cannot know of (a new token, another
    /// network).
    ///
    /// # Errors
    /// [`StorageProblem`] when the journal cannot be written.
    pub fn resume_uploads(&self) -> Result<(), StorageProblem> {
        self.shared.journal.transact(false, |tables, _, _| outbox::resume(tables))
    }

    /// Closes what is due and sends what waits, until nothing may be sent for now.
    ///
    /// # Errors
    /// [`StorageProblem`] when the journal cannot be written.
    pub fn sync(&self, transport: &mut dyn Transport, link: Link) -> Result<SyncReport, StorageProblem> {
        self.tick()?;
        let mut report = SyncReport::default();
        loop {
            let upload = match self.next_upload(link)? {
                Next::Upload(upload) => upload,
                Next::Wait(wait) => return Ok(SyncReport { wait: Some(wait), ..report }),
                Next::Done => return Ok(report),
            };
            let answer = transport.send(&upload);
            let reported = self.report_upload(&upload.id, answer.clone())?;
            report.note(&answer, &reported);
        }
    }

    /// The alarms that are open, oldest first.
    ///
    /// # Errors
    /// [`StorageProblem`] when there is no journal, or it cannot be read.
    pub fn alarms(&self) -> Result<Vec<Alarm>, StorageProblem> {
        self.shared.journal.flush()?;
        let alarms = Reader::open(self.shared.registry.folder.path())?.alarms()?;
        Ok(alarms.into_iter().filter(|alarm| alarm.cleared_us.is_none()).collect())
    }

    /// Writes everything so far and forces it to the disk.
    ///
    /// # Errors
    /// [`StorageProblem`] when it cannot be written; the rows concerned are counted.
    pub fn flush(&self) -> Result<(), StorageProblem> {
        self.shared.journal.flush()?;
        self.shared.save_counters()
    }

    /// Writes everything and gives the folder's lock back: for apps that the system is about to freeze. The next
    /// prediction takes it again.
    ///
    /// # Errors
    /// As [`Runtime::flush`].
    pub fn suspend(&self) -> Result<(), StorageProblem> {
        let (written, saved) = (self.shared.journal.flush(), self.shared.save_counters());
        self.shared.journal.suspend().and(written).and(saved)
    }

    /// Writes everything and closes the folder. Dropping does the same, but cannot tell how it went.
    ///
    /// # Errors
    /// [`CloseError::SessionsOpen`] while a session is open, [`CloseError::Storage`] when something cannot be written.
    pub fn close(self) -> Result<(), CloseError> {
        match Arc::try_unwrap(self.shared) {
            Ok(mut shared) => Ok(shared.close()?),
            Err(shared) => {
                shared.journal.flush()?;
                Err(CloseError::SessionsOpen)
            }
        }
    }
}

impl Shared {
    /// Enters changes of bundles' states in the journal, which counts what it loses.
    pub(crate) fn enter_changes(&self, events: &[serde_json::Value]) {
        for detail in events {
            let _ = self.journal.event(registry::KIND, detail);
        }
    }

    fn save_counters(&self) -> Result<(), StorageProblem> {
        self.registry.state().save_counters(&self.counters.totals())
    }

    /// Closes once; what fails is told once.
    fn close(&mut self) -> Result<(), StorageProblem> {
        if std::mem::replace(&mut self.closed, true) {
            return Ok(());
        }
        let written = self.journal.shut_down();
        let mut state = self.registry.state();
        let saved = state.save_counters(&self.counters.totals());
        written.and(saved).and(state.mark_closed())
    }

    /// The models installed; one that is held in memory answers in the place of the active one.
    fn models(&self) -> Vec<ModelHealth> {
        let mut models: Vec<ModelHealth> =
            self.registry.all_held().iter().map(|(model, _)| held_health(model)).collect();
        let stored = self.registry.state().models().unwrap_or_default();
        let is_held =
            |model: &InstalledModel| model.slot == Slot::Active && self.registry.held(&model.model.model_id).is_some();
        models.extend(stored.into_iter().filter(|model| !is_held(model)).map(stored_health));
        models
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Err(problem) = self.close() {
            log::warn!("the runtime was dropped and could not be closed in order: {problem}");
        }
    }
}

fn stored_health(installed: InstalledModel) -> ModelHealth {
    ModelHealth {
        model_id: installed.model.model_id,
        version: installed.model.version,
        sequence: installed.model.sequence,
        slot: Some(installed.slot.name().to_owned()),
    }
}

fn held_health(model: &LoadedModel) -> ModelHealth {
    ModelHealth {
        model_id: model.version.id.clone(),
        version: model.version.version.clone(),
        sequence: model.version.sequence,
        slot: Some(Slot::Active.name().to_owned()),
    }
}

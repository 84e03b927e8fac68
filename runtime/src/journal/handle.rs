//! The handle that callers hold: hands rows to the writer, and never keeps a prediction from its caller.

use std::borrow::Cow;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::config::{Durability, JournalConfig};
use super::database::{Action, FILE};
use super::epochs::Opening;
use super::follower::{Follower, Nobody};
use super::ring::{Command, Offered, Patience, Reply, Ring};
use super::row::{Appended, Entry, Event, LabelError, Row, Scalar, Settled, check_length};
use super::writer::{Report, Writer};
use crate::clock::{Clock, Moment};
use crate::counters::{Counter, Counters};
use crate::health::{Notice, Part};
use crate::ids::{Epoch, PredictionId, SubjectHash};
use crate::store::tables::{TableResult, Tables};
use crate::store::{Folder, StorageProblem, StorageProblemKind};

/// The open journal. Shared by reference between threads; closed in order when dropped.
pub struct Journal {
    ring: Arc<Ring>,
    report: Arc<Mutex<Report>>,
    counters: Arc<Counters>,
    folder: Arc<Folder>,
    clock: Clock,
    durability: Durability,
    writer: Option<JoinHandle<()>>,
}

impl Journal {
    /// Opens the journal of a folder and starts its writer.
    ///
    /// Never fails: a journal that cannot be opened or written counts its rows as not written, tries again when it may
    /// work, and says so in [`health`](Self::health). One that cannot be understood is set aside and replaced. What an
    /// earlier opening lost in a crash is counted now.
    #[must_use]
    pub fn open(
        folder: Arc<Folder>,
        clock: Clock,
        epoch: Epoch,
        config: JournalConfig,
        counters: Arc<Counters>,
    ) -> Self {
        Self::open_followed(folder, clock, epoch, config, counters, Box::new(Nobody))
    }

    /// The same, with somebody who keeps account of the rows in their transactions.
    pub(crate) fn open_followed(
        folder: Arc<Folder>,
        clock: Clock,
        epoch: Epoch,
        config: JournalConfig,
        counters: Arc<Counters>,
        follower: Box<dyn Follower>,
    ) -> Self {
        let ring = Arc::new(Ring::new(epoch, config.durability));
        let report = Arc::default();
        let opening =
            Opening { epoch, boot_id: clock.boot_id().to_owned(), opened_us: clock.now().wall_us, settled: 0 };
        let mut writer = Writer {
            ring: Arc::clone(&ring),
            folder: folder.clone(),
            clock: clock.clone(),
            config,
            follower,
            opening,
            counters: counters.clone(),
            report: Arc::clone(&report),
            database: None,
            retry_at_us: i64::MIN,
        };
        if let Err(problem) = writer.open() {
            log::debug!("journal opened degraded: {problem}");
        }
        let spawned = std::thread::Builder::new().name("dunlin-journal".to_owned()).spawn(move || writer.run());
        if let Err(error) = &spawned {
            let problem = StorageProblem::from_io(&folder.path().join(FILE), error);
            let since_us = clock.now().wall_us;
            report.lock().unwrap_or_else(PoisonError::into_inner).problem = Some((problem, since_us));
            let _ = ring.shut();
        }
        Self { ring, report, counters, folder, clock, durability: config.durability, writer: spawned.ok() }
    }

    /// Takes a prediction's row and gives the prediction its id.
    ///
    /// In batched mode this never waits for the disk; in `Sync` mode it returns once the row is on the disk or has
    /// failed. The id is good either way; a row that is lost has been counted.
    pub fn append(&self, row: Row) -> (PredictionId, Appended) {
        self.append_to(row, Patience::None)
    }

    /// The same for a caller that would rather wait than lose a row: it waits while half of the ring is taken.
    pub fn append_patiently(&self, row: Row) -> (PredictionId, Appended) {
        self.append_to(row, Patience::Some)
    }

    fn append_to(&self, row: Row, patience: Patience) -> (PredictionId, Appended) {
        let (waiter, waiting) = self.waiter();
        let (id, offered) = self.ring.offer_prediction(row, waiter, patience);
        let (appended, _) = self.settle(offered, waiting);
        (id, appended)
    }

    /// Says what was right. The last label of a prediction stands.
    ///
    /// # Errors
    /// When the id is not that of a prediction in the journal (where that can be known), or the value cannot be kept.
    pub fn label(&self, id: PredictionId, value: &Scalar) -> Result<Appended, LabelError> {
        let value = value.to_json("label")?;
        self.annotate(id, Entry::Label { id, value, wall_us: self.clock.now().wall_us })
    }

    /// Says what came of a prediction, under a name of the app's choosing. The last value of a name stands.
    ///
    /// # Errors
    /// When the id is not that of a prediction in the journal (where that can be known), or name or value cannot be
    /// kept.
    pub fn outcome(&self, id: PredictionId, name: &str, value: &Scalar) -> Result<Appended, LabelError> {
        check_length(name, name.len())?;
        let value = value.to_json(name)?;
        self.annotate(id, Entry::Outcome { id, name: name.to_owned(), value, wall_us: self.clock.now().wall_us })
    }

    /// Says that somebody else has answered a prediction, and what. A row that is not there any more is counted.
    pub(crate) fn answered(&self, id: PredictionId, by: &'static str, output: Option<String>) -> Appended {
        let (waiter, waiting) = self.waiter();
        let offered = self.ring.offer(Entry::Answered { id, by, output }, waiter);
        self.settle(offered, waiting).0
    }

    /// Notes something that happened to the runtime itself; `detail` is a JSON object without user data.
    pub fn event(&self, kind: impl Into<Cow<'static, str>>, detail: &serde_json::Value) -> Appended {
        let event = Event { wall_us: self.clock.now().wall_us, kind: kind.into(), detail: detail.to_string() };
        let (waiter, waiting) = self.waiter();
        let offered = self.ring.offer(Entry::Event(event), waiter);
        self.settle(offered, waiting).0
    }

    /// Deletes every prediction of a person, with labels and outcomes, and every journal that was set aside; tells how
    /// many predictions there were.
    ///
    /// # Errors
    /// When the journal cannot be written; nothing may have been deleted then.
    pub fn forget(&self, subject: SubjectHash) -> Result<u64, StorageProblem> {
        self.ask(|reply| Command::Forget(subject, reply))
    }

    /// Writes all that was appended so far and forces it to the disk. A degraded journal is tried again.
    ///
    /// # Errors
    /// When it cannot be written; the rows concerned have been counted.
    pub fn flush(&self) -> Result<(), StorageProblem> {
        self.ask(Command::Flush)
    }

    /// Writes all, closes the files and gives the folder's lock back: for apps that the system is about to freeze, and
    /// would kill for holding a lock. The next row opens the journal again.
    ///
    /// # Errors
    /// When it cannot be written; the rows concerned have been counted.
    pub fn suspend(&self) -> Result<(), StorageProblem> {
        self.ask(Command::Suspend)
    }

    /// Writes all and closes the journal. Dropping does the same, but cannot tell.
    ///
    /// # Errors
    /// When it cannot be written; the rows concerned have been counted.
    pub fn close(mut self) -> Result<(), StorageProblem> {
        self.shut_down()
    }

    /// Runs an action on the tables in a transaction of its own, after all rows that were accepted before; with `durable` it
    /// is forced to the disk before this returns.
    ///
    /// # Errors
    /// When the journal cannot be written; nothing of the action has happened then.
    pub(crate) fn transact<T: Send + 'static>(
        &self,
        durable: bool,
        act: impl FnOnce(&mut Tables<'_>, &mut dyn Follower, Moment) -> TableResult<T> + Send + 'static,
    ) -> Result<T, StorageProblem> {
        let (made, result) = sync_channel(1);
        let action: Action = Box::new(move |tables, follower, now| {
            // There is room for the one result, and its receiver is below.
            let _ = made.send(act(tables, follower, now)?);
            Ok(())
        });
        self.ask(|reply| Command::Transact(action, durable, reply))?;
        result.recv().map_err(|_| self.no_writer())
    }

    /// Has an action run on the tables as soon as the writer gets to it, without waiting for it.
    pub(crate) fn post(
        &self,
        act: impl FnOnce(&mut Tables<'_>, &mut dyn Follower, Moment) -> TableResult<()> + Send + 'static,
    ) {
        let (reply, _nobody) = sync_channel(1);
        // A journal without a writer says so in its health.
        let _ = self.ring.command(Command::Transact(Box::new(act), false, reply));
    }

    /// Whether rows are being written, and what has been dealt with but should be known.
    #[must_use]
    pub fn health(&self) -> (Part, Vec<Notice>) {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let part = match &report.problem {
            None => Part::Ok,
            Some((problem, since_us)) => Part::Degraded(problem.notice(*since_us)),
        };
        (part, report.notices.clone())
    }

    /// Why rows cannot be written; `None` when all is well.
    #[must_use]
    pub fn problem(&self) -> Option<StorageProblem> {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.problem.as_ref().map(|(problem, _)| problem.clone())
    }

    fn annotate(&self, id: PredictionId, entry: Entry) -> Result<Appended, LabelError> {
        if !self.ring.may_know(id) {
            self.counters.add(Counter::UnknownId, 1);
            return Err(LabelError::UnknownPrediction { id });
        }
        let (waiter, waiting) = self.waiter();
        match self.settle(self.ring.offer(entry, waiter), waiting) {
            (_, true) => Err(LabelError::UnknownPrediction { id }),
            (appended, false) => Ok(appended),
        }
    }

    /// A channel for the writer's answer, in `Sync` mode.
    fn waiter(&self) -> (Option<std::sync::mpsc::SyncSender<Settled>>, Option<Receiver<Settled>>) {
        match self.durability {
            Durability::Sync => {
                let (sender, receiver) = sync_channel(1);
                (Some(sender), Some(receiver))
            }
            Durability::Batched { .. } => (None, None),
        }
    }

    /// What became of an entry, and whether its prediction turned out to be unknown.
    fn settle(&self, offered: Offered, waiting: Option<Receiver<Settled>>) -> (Appended, bool) {
        match (offered, waiting) {
            (Offered::Full, _) => {
                self.counters.add(Counter::DroppedFull, 1);
                (Appended::Dropped, false)
            }
            (Offered::Closed, _) => {
                self.counters.add(Counter::WriteFailed, 1);
                (Appended::Failed(self.no_writer()), false)
            }
            (Offered::Accepted, None) => (Appended::Queued, false),
            (Offered::Accepted, Some(waiting)) => match waiting.recv() {
                Ok(Settled::Written) => (Appended::Written, false),
                Ok(Settled::UnknownId) => (Appended::Written, true),
                Ok(Settled::Failed(problem)) => (Appended::Failed(problem), false),
                // The writer ended with the row in its hands, and has counted it.
                Err(_) => (Appended::Failed(self.no_writer()), false),
            },
        }
    }

    /// Sends a command and waits for its answer.
    fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StorageProblem> {
        let (reply, answer) = sync_channel(1);
        if !self.ring.command(command(reply)) {
            return Err(self.no_writer());
        }
        answer.recv().unwrap_or_else(|_| Err(self.no_writer()))
    }

    fn no_writer(&self) -> StorageProblem {
        let detail = "the journal's writer has ended".to_owned();
        let path = self.folder.path().join(FILE);
        self.problem().unwrap_or_else(|| StorageProblem::new(&path, StorageProblemKind::Io { detail }))
    }

    /// As [`close`](Self::close), for an owner that is itself being dropped.
    pub(crate) fn shut_down(&mut self) -> Result<(), StorageProblem> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let closed = self.ask(Command::Close);
        // A writer that panicked has said so on its own thread.
        let _ = writer.join();
        closed
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Err(problem) = self.shut_down() {
            log::warn!("journal closed with rows unwritten: {problem}");
        }
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("folder", &self.folder.path()).field("durability", &self.durability).finish()
    }
}

//! The one writer: takes what the ring holds, writes it in one transaction, and counts what it cannot write.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::aside;
use super::config::JournalConfig;
use super::database::{Action, Database, FILE};
use super::epochs::Opening;
use super::follower::Follower;
use super::ring::{Command, Item, Ring, Work};
use super::row::{Entry, Event, Settled};
use crate::clock::Clock;
use crate::counters::{Counter, Counters};
use crate::health::Notice;
use crate::ids::SubjectHash;
use crate::store::policy::REOPEN_AFTER;
use crate::store::{Folder, StorageProblem, StorageProblemKind};

/// What the writer shares with the handle, for health.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) problem: Option<(StorageProblem, i64)>,
    pub(super) notices: Vec<Notice>,
}

pub(super) struct Writer {
    pub(super) ring: Arc<Ring>,
    pub(super) folder: Arc<Folder>,
    pub(super) clock: Clock,
    pub(super) config: JournalConfig,
    pub(super) follower: Box<dyn Follower>,
    pub(super) opening: Opening,
    pub(super) counters: Arc<Counters>,
    pub(super) report: Arc<Mutex<Report>>,
    pub(super) database: Option<Database>,
    /// Monotonic time before which an unopened journal is not tried again, except on request.
    pub(super) retry_at_us: i64,
}

impl Writer {
    /// Works until it is told to close.
    pub(super) fn run(mut self) {
        // However this thread ends, nobody may be left waiting for it.
        let _shut = ShutOnDrop { ring: self.ring.clone(), counters: self.counters.clone() };
        loop {
            let Work { items, commands } = self.ring.wait();
            if !commands.is_empty() {
                self.retry_at_us = i64::MIN;
            }
            let mut written = self.write(items);
            for command in commands {
                // A caller that has gone away needs no answer.
                match command {
                    Command::Flush(reply) => {
                        let _ = reply.send(std::mem::replace(&mut written, Ok(())).and_then(|()| self.sync()));
                    }
                    Command::Suspend(reply) => {
                        let _ = reply.send(std::mem::replace(&mut written, Ok(())).and_then(|()| self.suspend()));
                    }
                    Command::Forget(subject, reply) => {
                        let _ = reply.send(self.forget(subject));
                    }
                    Command::Transact(act, durable, reply) => {
                        let _ = reply.send(self.transact(act, durable));
                    }
                    Command::Close(reply) => {
                        let _ = reply.send(written.and_then(|()| self.close_file()));
                        return;
                    }
                }
            }
        }
    }

    /// Opens the journal unless it is open; one that cannot be understood is set aside and replaced.
    pub(super) fn open(&mut self) -> Result<&mut Database, StorageProblem> {
        let database = match self.database.take() {
            Some(database) => database,
            None => {
                let opened = self.try_open();
                self.note(opened.as_ref().err());
                opened?
            }
        };
        Ok(self.database.insert(database))
    }

    fn try_open(&mut self) -> Result<Database, StorageProblem> {
        let folder = self.folder.path().to_owned();
        if self.clock.now().mono_us < self.retry_at_us
            && let Some((problem, _)) = &self.report().problem
        {
            return Err(problem.clone());
        }
        self.retry_at_us = self.clock.now().mono_us.saturating_add(REOPEN_AFTER.as_micros() as i64);
        self.folder.lock()?;
        self.follower.rolled_back();
        match Database::open(&folder, self.config, &self.opening, &self.counters) {
            Err(problem) if problem.kind.is_of_content() => self.replace(&folder, &problem),
            opened => opened,
        }
    }

    /// Sets a journal aside, starts a new one, and says so.
    fn replace(&mut self, folder: &Path, problem: &StorageProblem) -> Result<Database, StorageProblem> {
        let now_us = self.clock.now().wall_us;
        let to = aside::set_aside(folder, now_us).map_err(|e| StorageProblem::from_io(&folder.join(FILE), &e))?;
        log::warn!("journal: {problem}; set aside as {}", to.display());
        self.counters.add(Counter::SetAside, 1);
        self.report().notices.push(Notice {
            what: format!("{problem}; set aside as {} and replaced", to.display()),
            since_us: now_us,
            remedy: "look at the file if its rows matter, else delete it".to_owned(),
        });
        self.follower.rolled_back();
        let mut database = Database::open(folder, self.config, &self.opening, &self.counters)?;
        let name = to.file_name().map(|name| name.display().to_string());
        let detail = serde_json::json!({ "reason": problem.kind.to_string(), "file": name });
        let event = Event { wall_us: now_us, kind: "journal_set_aside".into(), detail: detail.to_string() };
        database.record(&event)?;
        Ok(database)
    }

    /// Writes a batch, or counts that it could not be written; tells each waiter.
    fn write(&mut self, items: Vec<Item>) -> Result<(), StorageProblem> {
        if items.is_empty() {
            return Ok(());
        }
        let entries: Vec<&Entry> = items.iter().map(|item| &item.entry).collect();
        let outcome = self.write_or_replace(&entries);
        self.opening.settled += items.len() as u64;
        self.note(outcome.as_ref().err());
        match &outcome {
            Ok(known) => {
                for (item, &known) in items.iter().zip(known) {
                    item.tell(if known { Settled::Written } else { Settled::UnknownId });
                }
            }
            Err(problem) => {
                self.counters.add(Counter::WriteFailed, items.len() as u64);
                items.iter().for_each(|item| item.tell(Settled::Failed(problem.clone())));
            }
        }
        outcome.map(|_| ())
    }

    /// Writes a batch; if the journal turns out to be damaged, into a new one.
    fn write_or_replace(&mut self, entries: &[&Entry]) -> Result<Vec<bool>, StorageProblem> {
        match self.write_once(entries) {
            Err(problem) if problem.kind.is_of_content() => {
                self.database = None;
                let folder = self.folder.path().to_owned();
                self.database = Some(self.replace(&folder, &problem)?);
                self.write_once(entries)
            }
            outcome => outcome,
        }
    }

    fn write_once(&mut self, entries: &[&Entry]) -> Result<Vec<bool>, StorageProblem> {
        let (ring, counters, settled) = (self.ring.clone(), self.counters.clone(), self.opening.settled);
        let now = self.clock.now();
        self.open()?;
        let Self { database, follower, .. } = self;
        let Some(database) = database else { unreachable!("opened just above") };
        let outcome = database.write(entries, now, settled, || ring.accepted(), &counters, &mut **follower);
        match outcome {
            Ok(committed) => {
                for event in follower.committed(now) {
                    // What was done is done, also where it cannot be told.
                    if let Err(problem) = database.record(&event) {
                        log::warn!("journal: an event is lost: {problem}");
                    }
                }
                database.tidy();
                committed.tally.count(&counters);
                Ok(committed.known)
            }
            Err(problem) => {
                if !matches!(problem.kind, StorageProblemKind::DiskFull | StorageProblemKind::InUse) {
                    // The file may have gone away under us: look afresh next time.
                    self.database = None;
                }
                Err(problem)
            }
        }
    }

    /// Runs an action on the tables.
    fn transact(&mut self, act: Action, durable: bool) -> Result<(), StorageProblem> {
        let (now, counters) = (self.clock.now(), self.counters.clone());
        let opened = self.open().map(|_| ());
        self.note(opened.as_ref().err());
        opened?;
        let Self { database, follower, .. } = self;
        let Some(database) = database else { unreachable!("opened just above") };
        let done = database.transact(act, now, &counters, &mut **follower, durable);
        self.note(done.as_ref().err());
        done?.count(&self.counters);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageProblem> {
        let done = self.open().and_then(|database| database.sync());
        self.note(done.as_ref().err());
        done
    }

    /// Closes the file in order. The folder stays locked for whoever else of this process holds it.
    fn close_file(&mut self) -> Result<(), StorageProblem> {
        match self.database.take() {
            Some(database) => database.close(&self.counters),
            None => Ok(()),
        }
    }

    /// Closes the file and gives the folder's lock back. The next row opens it again.
    fn suspend(&mut self) -> Result<(), StorageProblem> {
        let closed = self.close_file();
        self.folder.release();
        self.retry_at_us = i64::MIN;
        closed
    }

    fn forget(&mut self, subject: SubjectHash) -> Result<u64, StorageProblem> {
        let counters = self.counters.clone();
        let tally = self.open()?.forget(&subject.0, &counters)?;
        tally.count(&counters);
        aside::delete_all(self.folder.path()).map_err(|e| StorageProblem::from_io(self.folder.path(), &e))?;
        Ok(tally.get(Counter::Forgotten))
    }

    /// Keeps health up to date: the time of the first failure stands until writing works again.
    fn note(&self, problem: Option<&StorageProblem>) {
        let now_us = self.clock.now().wall_us;
        let mut report = self.report();
        let since_us = report.problem.as_ref().map_or(now_us, |(_, since_us)| *since_us);
        if let (Some(problem), None) = (problem, &report.problem) {
            log::warn!("journal: {problem}; rows are counted as not written until it works again");
        }
        report.problem = problem.map(|problem| (problem.clone(), since_us));
    }

    fn report(&self) -> std::sync::MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Item {
    fn tell(&self, settled: Settled) {
        if let Some(waiter) = &self.waiter {
            // A waiter that has gone away needs no answer.
            let _ = waiter.send(settled);
        }
    }
}

/// Shuts the ring when the writer ends, also by a panic; what is left in it is counted.
struct ShutOnDrop {
    ring: Arc<Ring>,
    counters: Arc<Counters>,
}

impl Drop for ShutOnDrop {
    fn drop(&mut self) {
        let left = self.ring.shut();
        self.counters.add(Counter::WriteFailed, left.items.len() as u64);
    }
}

//! The bounded queue between the callers and the one writer.
//!
//! A lock is held for a push or a swap, never during I/O. The writer sleeps without a timer while there is nothing to
//! write; the first row starts its timer, and the high-water mark or a command cuts it short.

use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::config::Durability;
use super::database::Action;
use super::row::{Entry, Row, Settled};
use crate::ids::{Epoch, PredictionId, SubjectHash};
use crate::store::StorageProblem;
use crate::store::policy::PATIENT_SHARE;

/// The answer to a command that can fail.
pub(crate) type Reply<T> = SyncSender<Result<T, StorageProblem>>;

/// What a caller asks of the writer besides writing rows. All rows accepted before are written first.
pub(crate) enum Command {
    Flush(Reply<()>),
    Suspend(Reply<()>),
    Forget(SubjectHash, Reply<u64>),
    /// An action on the tables, and whether it must be forced to the disk.
    Transact(Action, bool, Reply<()>),
    Close(Reply<()>),
}

/// An entry, and who waits for it.
pub(crate) struct Item {
    pub(crate) entry: Entry,
    pub(crate) waiter: Option<SyncSender<Settled>>,
}

/// What the writer has to do.
pub(crate) struct Work {
    pub(crate) items: Vec<Item>,
    pub(crate) commands: Vec<Command>,
}

/// Whether the ring took an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    Accepted,
    Full,
    Closed,
}

/// Whether a caller would rather wait for room than lose its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    None,
    Some,
}

pub(crate) struct Ring {
    epoch: Epoch,
    durability: Durability,
    inner: Mutex<Inner>,
    work: Condvar,
    room: Condvar,
}

#[derive(Default)]
struct Inner {
    items: Vec<Item>,
    commands: Vec<Command>,
    last_counter: u32,
    accepted: u64,
    closed: bool,
}

impl Ring {
    pub(crate) fn new(epoch: Epoch, durability: Durability) -> Self {
        let inner = Mutex::new(Inner::default());
        Self { epoch, durability, inner, work: Condvar::new(), room: Condvar::new() }
    }

    /// Gives a prediction its id and takes its row, in one step, so that rows stand in the order of their ids.
    pub(crate) fn offer_prediction(
        &self,
        row: Row,
        waiter: Option<SyncSender<Settled>>,
        patience: Patience,
    ) -> (PredictionId, Offered) {
        let mut inner = self.with_room(patience);
        let Some(counter) = inner.last_counter.checked_add(1) else {
            // Four thousand million predictions in one opening: no id is left, and none may come twice in the journal.
            return (PredictionId::new(self.epoch, u32::MAX), Offered::Full);
        };
        inner.last_counter = counter;
        let id = PredictionId::new(self.epoch, counter);
        (id, self.push(inner, Item { entry: Entry::Prediction { id, row }, waiter }))
    }

    /// Takes any other entry.
    pub(crate) fn offer(&self, entry: Entry, waiter: Option<SyncSender<Settled>>) -> Offered {
        let inner = self.with_room(Patience::None);
        self.push(inner, Item { entry, waiter })
    }

    /// Hands a command to the writer; false when there is no writer any more.
    pub(crate) fn command(&self, command: Command) -> bool {
        let mut inner = self.lock();
        if inner.closed {
            return false;
        }
        inner.commands.push(command);
        self.work.notify_one();
        true
    }

    /// Sleeps until there is work, and takes all of it.
    pub(crate) fn wait(&self) -> Work {
        let idle = |inner: &mut Inner| inner.items.is_empty() && inner.commands.is_empty();
        let early = |inner: &mut Inner| inner.items.len() < self.durability.high_water() && inner.commands.is_empty();
        let inner = self.work.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        let waited = self.work.wait_timeout_while(inner, self.durability.max_delay(), early);
        let (mut inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let work = Work { items: std::mem::take(&mut inner.items), commands: std::mem::take(&mut inner.commands) };
        self.room.notify_all();
        work
    }

    /// Rows accepted so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.lock().accepted
    }

    /// Whether an id could have been given out: false for one of this epoch that was not.
    pub(crate) fn may_know(&self, id: PredictionId) -> bool {
        id.epoch() != self.epoch || (1..=self.lock().last_counter).contains(&id.counter())
    }

    /// Takes nothing more; what is left is returned to be counted.
    pub(crate) fn shut(&self) -> Work {
        let mut inner = self.lock();
        inner.closed = true;
        self.room.notify_all();
        Work { items: std::mem::take(&mut inner.items), commands: std::mem::take(&mut inner.commands) }
    }

    fn push(&self, mut inner: MutexGuard<'_, Inner>, item: Item) -> Offered {
        if inner.closed {
            return Offered::Closed;
        }
        if inner.items.len() >= self.durability.capacity() {
            return Offered::Full;
        }
        inner.items.push(item);
        inner.accepted += 1;
        let waiting = inner.items.len();
        if waiting == 1 || waiting == self.durability.high_water() {
            self.work.notify_one();
        }
        Offered::Accepted
    }

    /// In `Sync` mode the caller waits for its commit anyway, so it may as well wait for room.
    fn with_room(&self, patience: Patience) -> MutexGuard<'_, Inner> {
        let inner = self.lock();
        let enough = match (self.durability, patience) {
            (Durability::Sync, _) => self.durability.capacity(),
            (Durability::Batched { .. }, Patience::Some) => self.durability.capacity() / PATIENT_SHARE,
            (Durability::Batched { .. }, Patience::None) => return inner,
        };
        let full = |inner: &mut Inner| !inner.closed && inner.items.len() >= enough;
        self.room.wait_while(inner, full).unwrap_or_else(PoisonError::into_inner)
    }

    /// Every change under the lock is whole, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

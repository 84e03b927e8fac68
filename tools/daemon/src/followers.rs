//! Clients that want every answer of the sensor as it comes.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Answers that a client may be behind. One that is further behind misses some, and sees that by their ids.
const BEHIND: usize = 256;

/// Everybody who follows; nobody can where there is no sensor, and once the daemon ends.
pub(crate) struct Followers(Mutex<Option<Vec<SyncSender<Arc<str>>>>>);

impl Followers {
    /// Of a sensor, where there is one.
    pub(crate) fn new(has_sensor: bool) -> Self {
        Self(Mutex::new(has_sensor.then(Vec::new)))
    }

    /// Answers from now on until the daemon ends.
    pub(crate) fn join(&self) -> Option<Receiver<Arc<str>>> {
        let (to, from) = sync_channel(BEHIND);
        self.list().as_mut()?.push(to);
        Some(from)
    }

    /// Hands an answer to everybody who is still there. Waits for nobody.
    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        let mut list = self.list();
        let Some(list) = list.as_mut().filter(|list| !list.is_empty()) else { return };
        let line: Arc<str> = line().into();
        list.retain(|to| !matches!(to.try_send(Arc::clone(&line)), Err(TrySendError::Disconnected(_))));
    }

    /// There will be no more.
    pub(crate) fn end(&self) {
        *self.list() = None;
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Option<Vec<SyncSender<Arc<str>>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

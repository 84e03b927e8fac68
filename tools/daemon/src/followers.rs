//! Clients that want every answer of the sensor and of the folder as it comes.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Answers that a client may be behind. One that is further behind misses some, and sees that by their ids.
const BEHIND: usize = 256;

/// Everybody who follows.
#[derive(Default)]
pub(crate) struct Followers(Mutex<Vec<SyncSender<Arc<str>>>>);

impl Followers {
    /// Answers from now on; none any more once the daemon ends.
    pub(crate) fn join(&self) -> Receiver<Arc<str>> {
        let (to, from) = sync_channel(BEHIND);
        self.list().push(to);
        from
    }

    /// Hands an answer to everybody who is still there. Waits for nobody.
    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        let mut list = self.list();
        if list.is_empty() {
            return;
        }
        let line: Arc<str> = line().into();
        list.retain(|to| !matches!(to.try_send(Arc::clone(&line)), Err(TrySendError::Disconnected(_))));
    }

    /// There will be no more.
    pub(crate) fn end(&self) {
        self.list().clear();
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<SyncSender<Arc<str>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

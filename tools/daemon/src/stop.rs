//! Ends a thread that waits, from another.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Whether it is to end.
#[derive(Default)]
pub(crate) struct Stop {
    is_stopped: Mutex<bool>,
    told: Condvar,
}

impl Stop {
    /// From now on.
    pub(crate) fn now(&self) {
        *self.is_stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }

    /// Waits, unless it is stopped before: true then.
    pub(crate) fn within(&self, time: Duration) -> bool {
        let is_stopped = self.is_stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.told.wait_timeout_while(is_stopped, time, |is_stopped| !*is_stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

//! The end of standard input's records: it cannot be told to end as a connection can.

use std::sync::{Mutex, PoisonError};

use crate::line::Reply;
use crate::served::refused;

/// Through which records go, until it is shut.
#[derive(Default)]
pub(crate) struct Gate(Mutex<bool>);

impl Gate {
    /// Answers, unless the end has begun.
    pub(crate) fn pass(&self, answer: impl FnOnce() -> Reply) -> Reply {
        let is_shut = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_shut {
            return refused("ending", None, "the daemon ends; send it again to the next one").into();
        }
        answer()
    }

    /// Waits for the record that is being answered.
    pub(crate) fn shut(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

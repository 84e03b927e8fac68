//! A session behind a lock, so that several threads may call it, and until it is closed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use dunlin::fallback;

use crate::error::DunlinError;
use crate::packed;

/// Fallback requests of packed answers that wait to be taken; of too many, the oldest is forgotten. A caller takes its own
/// at once, so as many as threads that predict are enough.
const MAX_UNTAKEN: usize = 64;

/// What the foreign object, the runtime and the table of handles share.
pub(crate) struct OpenSession(Mutex<Option<Inner>>);

/// A session that is open.
pub(crate) struct Inner {
    pub(crate) session: dunlin::Session,
    /// Bytes that hold any packed answer.
    pub(crate) max_answer_bytes: usize,
    /// Bytes of the caller's, for packed calls that bring none.
    pub(crate) lent: Option<Box<dyn packed::Lent>>,
    untaken: BTreeMap<i64, fallback::FallbackRequest>,
}

impl OpenSession {
    pub(crate) fn new(session: dunlin::Session) -> Self {
        let max_answer_bytes = packed::max_answer_bytes(session.schema(), session.output_shapes());
        Self(Mutex::new(Some(Inner { session, max_answer_bytes, lent: None, untaken: BTreeMap::new() })))
    }

    /// Does something with the session; other callers wait meanwhile.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Inner) -> Result<T, DunlinError>) -> Result<T, DunlinError> {
        // A call that panicked may have left a run half done: such a session answers nothing any more.
        let broken = |_| DunlinError::Internal {
            message: "an earlier call of this session met a defect; close it and ask for another".to_owned(),
        };
        let mut open: MutexGuard<'_, Option<Inner>> = self.0.lock().map_err(broken)?;
        act(open.as_mut().ok_or_else(DunlinError::session_closed)?)
    }

    /// Closes the session, after a call that is under way. Twice is once.
    pub(crate) fn close(&self) {
        let closed = match self.0.lock() {
            Ok(mut open) => open.take(),
            Err(broken) => broken.into_inner().take(),
        };
        // Outside of the lock: a session may take its runtime along.
        drop(closed);
    }
}

impl Inner {
    /// Keeps the request of a packed answer until it is taken.
    pub(crate) fn keep(&mut self, request: fallback::FallbackRequest) {
        self.untaken.insert(request.id.to_i64(), request);
        if self.untaken.len() > MAX_UNTAKEN {
            self.untaken.pop_first();
        }
    }

    /// Takes the request of a prediction.
    pub(crate) fn take(&mut self, id: i64) -> Option<fallback::FallbackRequest> {
        self.untaken.remove(&id)
    }
}

//! The numbers by which the JVM's hot path names sessions: one table for the process, since the JVM calls plain functions.

use std::sync::{Arc, PoisonError, RwLock};

use crate::error::DunlinError;
use crate::open_session::OpenSession;
use crate::slab::Slab;

static SESSIONS: RwLock<Slab<Arc<OpenSession>>> = RwLock::new(Slab::new());

/// Names a session.
pub(crate) fn add(session: &Arc<OpenSession>) -> Result<u64, DunlinError> {
    let mut sessions = SESSIONS.write().unwrap_or_else(PoisonError::into_inner);
    let added = sessions.insert(Arc::clone(session));
    added.ok_or_else(|| DunlinError::Internal { message: "too many sessions are open; close some".to_owned() })
}

/// The session of a handle.
pub(crate) fn get(handle: u64) -> Result<Arc<OpenSession>, DunlinError> {
    let sessions = SESSIONS.read().unwrap_or_else(PoisonError::into_inner);
    sessions.get(handle).cloned().ok_or_else(DunlinError::session_closed)
}

/// Forgets a handle; once is enough.
pub(crate) fn remove(handle: u64) {
    let removed = SESSIONS.write().unwrap_or_else(PoisonError::into_inner).remove(handle);
    // Outside of the lock: a session may take its runtime along.
    drop(removed);
}

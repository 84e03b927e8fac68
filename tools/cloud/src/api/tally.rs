//! What has happened since the start, counted in memory: attempts, duplicates, refusals.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// Counts since the server started.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: Mutex<Counts>,
}

/// The counts at one moment. Each attempt ends as accepted, duplicate, refused or faulty, or its connection broke.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Counts {
    /// Upload attempts whose head arrived.
    pub(crate) attempts: u64,
    /// Uploads that were new and are on disk.
    pub(crate) accepted: u64,
    /// Uploads that were on disk already.
    pub(crate) duplicates: u64,
    /// Attempts refused, by the code of the error.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Attempts that a fault of the plan was answered to.
    pub(crate) faults: u64,
    /// Rows answered by models.
    pub(crate) rows_inferred: u64,
    /// Inference requests that got no answer, by status.
    pub(crate) inferences_refused: BTreeMap<u16, u64>,
}

impl Tally {
    /// Changes the counts.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.lock());
    }

    pub(crate) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

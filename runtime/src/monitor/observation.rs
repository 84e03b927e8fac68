//! What one record adds to its window: a bin for each watched feature, and no value.

use std::sync::Arc;

use super::watch::Watch;

/// What is to be counted of one record, made where the record still is.
#[derive(Clone)]
pub struct Observation {
    pub(super) watch: Arc<Watch>,
    /// One for each of the watch's features.
    pub(super) seen: Vec<Seen>,
    /// The model is past the age that its bundle allows.
    pub(super) stale: bool,
}

/// What was seen of one feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing that counts: it has no bins, or its record was refused for another feature.
    Nothing,
    /// A value, by the bin of the reference that it falls in.
    Bin(usize),
    /// It was absent.
    Missing,
    /// It was refused because it lay outside of its domain.
    OutOfDomain,
    /// It was refused because its level is not in the vocabulary.
    Unseen,
    /// It was NaN or infinite.
    NonFinite,
}

impl PartialEq for Observation {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.watch, &other.watch) && (&self.seen, self.stale) == (&other.seen, other.stale)
    }
}

impl std::fmt::Debug for Observation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observation").field("model", self.watch.model()).field("seen", &self.seen).finish()
    }
}

//! Answers in advance: filling a model's cache, and finding a record's answer in it.

use std::io;
use std::path::PathBuf;

use dunlin_features::{Record, Scalars};
use dunlin_predictor::Prediction;

use super::Session;
use crate::cache::{self, Owner, Placed, Shelf};
use crate::privacy::HashKey;
use crate::store::StorageProblem;

/// Answers that are being computed in advance; [`Session::precompute`] makes it.
pub struct Precompute<'s> {
    session: &'s mut Session,
    shelf: Shelf,
    key: HashKey,
    report: PrecomputeReport,
}

/// What was computed in advance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrecomputeReport {
    /// Records given.
    pub records: u64,
    /// Answers kept.
    pub kept: u64,
    /// Records that came before.
    pub repeated: u64,
    /// Answers that the guard did not accept: such a record is answered as it comes.
    pub not_accepted: u64,
    /// Records that the schema refused.
    pub refused: u64,
    /// Accepted answers for which there was no room any more.
    pub left_out: u64,
    /// Bytes of the file, and of memory in every process that has the model loaded.
    pub bytes: u64,
}

/// Answers cannot be computed in advance.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrecomputeError {
    /// Not even one answer fits.
    #[error("{max_bytes} bytes hold no answer of {model_id}; allow more")]
    TooSmall {
        /// Name of the model.
        model_id: String,
        /// The bytes allowed.
        max_bytes: u64,
    },
    /// The model is held in memory alone, or the folder's secret cannot be read: what is written would never be found.
    #[error("{model_id} is not installed in a folder that can be used ({why}); see the health of the runtime")]
    NotStored {
        /// Name of the model.
        model_id: String,
        /// What is the matter.
        why: String,
    },
    /// The file cannot be written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Session {
    /// Begins to compute answers in advance, for records that are known to come often: from a file of at most so many
    /// bytes, which replaces the model's earlier one. Sessions opened after [`Precompute::finish`] answer such a record without running the model.
    ///
    /// # Errors
    /// [`PrecomputeError`] when no answer fits, or the model is not stored.
    pub fn precompute(&mut self, max_bytes: u64) -> Result<Precompute<'_>, PrecomputeError> {
        let model_id = self.model_id().to_owned();
        let registry = &self.shared.registry;
        let not_stored = |why: String| PrecomputeError::NotStored { model_id: model_id.clone(), why };
        if registry.held(&model_id).is_some() {
            return Err(not_stored("it is held in memory".to_owned()));
        }
        let key = {
            let state = registry.state();
            if let Some(problem) = state.problem() {
                return Err(not_stored(StorageProblem::to_string(problem)));
            }
            state.identity().hash_key.clone()
        };
        let shelf = Shelf::new(&self.owner(&key), max_bytes);
        if shelf.is_too_small() {
            return Err(PrecomputeError::TooSmall { model_id, max_bytes });
        }
        Ok(Precompute { session: self, shelf, key, report: PrecomputeReport::default() })
    }

    fn owner<'a>(&'a self, key: &'a HashKey) -> Owner<'a> {
        let shapes = self.side.model.output_shapes().collect();
        Owner { key, digest: &self.side.loaded.digest, shapes }
    }

    /// A record's answer that was computed in advance. During a trial, and before a bundle has answered once, there is none:
    /// what is compared or proved there is the model itself.
    pub(super) fn precomputed(&self, record: &Record<'_>) -> Option<Prediction> {
        let answers = self.side.loaded.answers.as_ref()?;
        if self.other.is_some() || self.side.is_unproven() || self.side.loaded.is_withdrawn() {
            return None;
        }
        self.side.model.record_schema().check(record).ok()?;
        answers.find(record, self.side.model.guard())
    }
}

impl Precompute<'_> {
    /// Computes a record's answer. Nobody asked for it, so that it is not on the record.
    pub fn add(&mut self, record: &Record<'_>) {
        self.report.records += 1;
        let Session { side, shared, .. } = &mut *self.session;
        let projected = side.projection.of(record);
        if self.shelf.has(&projected) {
            self.report.repeated += 1;
            return;
        }
        let counted = match side.predict(shared, &Scalars::of(&projected)) {
            Err(_) => &mut self.report.refused,
            Ok(prediction) => match prediction.outputs.as_deref().filter(|_| prediction.verdict.is_accept()) {
                None => &mut self.report.not_accepted,
                Some(outputs) => match self.shelf.place(&projected, &prediction, outputs) {
                    Placed::Kept => &mut self.report.kept,
                    Placed::Repeated => &mut self.report.repeated,
                    Placed::Full => &mut self.report.left_out,
                },
            },
        };
        *counted += 1;
    }

    /// Counts a record that could not be read.
    pub fn refuse(&mut self) {
        self.report.records += 1;
        self.report.refused += 1;
    }

    /// Whether no answer more fits.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.shelf.is_full()
    }

    /// Writes the answers, durably.
    ///
    /// # Errors
    /// [`PrecomputeError::File`] when the file cannot be written; an earlier one is left as it was.
    pub fn finish(self) -> Result<PrecomputeReport, PrecomputeError> {
        let registry = &self.session.shared.registry;
        let (folder, owner) = (registry.folder.path(), self.session.owner(&self.key));
        let path = cache::path(folder, owner.digest);
        let written = self.shelf.write(folder, &owner);
        let bytes = written.map_err(|source| PrecomputeError::File { path, source })?;
        // The next session loads the model with its answers.
        registry.forget(owner.digest);
        Ok(PrecomputeReport { bytes, ..self.report })
    }
}

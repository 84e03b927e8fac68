//! Answers while they are being collected: bounded, each record once.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use dunlin_features::Record;
use dunlin_predictor::{OutputValue, Prediction};

use super::file::{self, FRAME_BYTES};
use super::key::Keys;
use super::{KEY_BYTES, Key, Owner, entry_bytes};

/// Collects answers until its bytes are used up.
pub(crate) struct Shelf {
    keys: Keys,
    answers: BTreeMap<Key, Vec<u8>>,
    /// Answers that there is room for.
    room: usize,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    Kept,
    /// Its record came before.
    Repeated,
    Full,
}

impl Shelf {
    /// For a file of at most so many bytes.
    pub(crate) fn new(owner: &Owner<'_>, max_bytes: u64) -> Self {
        let each = (KEY_BYTES + entry_bytes(&owner.shapes)) as u64;
        let room = max_bytes.saturating_sub(FRAME_BYTES as u64) / each;
        let keys = Keys::new(owner.key, owner.digest);
        Self { keys, answers: BTreeMap::new(), room: usize::try_from(room).unwrap_or(usize::MAX) }
    }

    /// Whether not even one answer fits.
    pub(crate) fn is_too_small(&self) -> bool {
        self.room == 0
    }

    /// Whether a record's answer is here.
    pub(crate) fn has(&self, record: &Record<'_>) -> bool {
        self.answers.contains_key(&self.keys.of(record))
    }

    /// Whether no answer more fits.
    pub(crate) fn is_full(&self) -> bool {
        self.answers.len() >= self.room
    }

    /// Places an accepted prediction.
    pub(crate) fn place(&mut self, record: &Record<'_>, prediction: &Prediction, outputs: &[OutputValue]) -> Placed {
        if self.has(record) {
            return Placed::Repeated;
        }
        if self.is_full() {
            return Placed::Full;
        }
        let mut entry = prediction.distance.unwrap_or(f64::NAN).to_le_bytes().to_vec();
        entry.extend(outputs.iter().flat_map(|output| &output.values).flat_map(|value| value.to_le_bytes()));
        self.answers.insert(self.keys.of(record), entry);
        Placed::Kept
    }

    /// Writes the file; tells its bytes.
    pub(crate) fn write(&self, folder: &Path, owner: &Owner<'_>) -> io::Result<u64> {
        file::write(folder, owner, self.answers.iter())
    }
}

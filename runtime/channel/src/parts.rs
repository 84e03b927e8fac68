//! A download by parts: which bytes come next, and whether what came is what was signed.

use crate::channel::Release;
use crate::digest::Digest;

/// How far the download of a release is. The bytes themselves are the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    bytes: u64,
    part_bytes: u64,
    hashes: Vec<Digest>,
    verified: Vec<bool>,
}

/// A part to fetch: bytes `start` to `start + length - 1` of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 0.
    pub index: usize,
    /// Where it starts.
    pub start: u64,
    /// How long it is; the last may be shorter than the others, none is empty.
    pub length: u64,
}

impl Part {
    /// The value of the HTTP header `Range`.
    #[must_use]
    pub fn range(&self) -> String {
        format!("bytes={}-{}", self.start, self.start.saturating_add(self.length).saturating_sub(1))
    }
}

/// A part that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartError {
    /// The release has no such part.
    #[error("there is no part {index}, there are {count}")]
    NoSuchPart {
        /// Number asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// Another length than asked for: the server ignores ranges, or the connection broke.
    #[error(
        "part {index}: {got} bytes came for {expected}; ask for `{range}` again, and check that the server answers ranges"
    )]
    Length {
        /// Number of the part.
        index: usize,
        /// Bytes that it has.
        expected: u64,
        /// Bytes that came.
        got: usize,
        /// The range that it has.
        range: String,
    },
    /// Other bytes than were signed.
    #[error("part {index}: its SHA-256 is not the signed one; fetch it again, and check what stands between")]
    Hash {
        /// Number of the part.
        index: usize,
    },
}

impl Parts {
    /// Nothing of the release is there yet. After a restart, give what is on the disk to [`Parts::check`] again.
    #[must_use]
    pub fn of(release: &Release) -> Self {
        let (bytes, part_bytes, hashes) = (release.bytes, release.part_bytes, release.parts.clone());
        Self { bytes, part_bytes, verified: vec![false; hashes.len()], hashes }
    }

    /// How many parts there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.hashes.len()
    }

    /// Where a part lies; none where there is no such part.
    #[must_use]
    pub fn part(&self, index: usize) -> Option<Part> {
        self.hashes.get(index)?;
        let start = u64::try_from(index).ok()?.checked_mul(self.part_bytes)?;
        let length = self.bytes.checked_sub(start)?.min(self.part_bytes);
        (length > 0).then_some(Part { index, start, length })
    }

    /// The first part that is not verified.
    #[must_use]
    pub fn next(&self) -> Option<Part> {
        self.part(self.verified.iter().position(|verified| !verified)?)
    }

    /// Checks what came, or what is on the disk, for a part. A part that fails counts as missing from then on.
    ///
    /// # Errors
    /// [`PartError`] saying what is wrong with it.
    pub fn check(&mut self, index: usize, bytes: &[u8]) -> Result<(), PartError> {
        let count = self.count();
        let (part, expected) =
            self.part(index).zip(self.hashes.get(index)).ok_or(PartError::NoSuchPart { index, count })?;
        let fits = if bytes.len() as u64 != part.length {
            Err(PartError::Length { index, expected: part.length, got: bytes.len(), range: part.range() })
        } else if Digest::of(bytes) != *expected {
            Err(PartError::Hash { index })
        } else {
            Ok(())
        };
        if let Some(verified) = self.verified.get_mut(index) {
            *verified = fits.is_ok();
        }
        fits
    }

    /// Bytes that are still to come.
    #[must_use]
    pub fn missing_bytes(&self) -> u64 {
        let missing = (0..self.count()).filter(|index| !self.verified[*index]).filter_map(|index| self.part(index));
        missing.fold(0, |sum, part| sum.saturating_add(part.length))
    }

    /// Whether every part is verified.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.verified.iter().all(|verified| *verified)
    }
}

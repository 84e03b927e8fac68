//! A bundle that a trusted key has vouched for.

use std::fs::File;
use std::io::Read;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use crate::contents::Contents;
use crate::error::BundleError;
use crate::keys::TrustedKeys;
use crate::limits::MAX_BUNDLE_BYTES;
use crate::mmap::Backing;
use crate::read::{self, Depth};

/// Checked [`Contents`] with a good signature by a trusted key. Later stages need not check again.
#[derive(Clone, Debug)]
pub struct Bundle {
    contents: Contents,
    signer: String,
}

impl Bundle {
    /// Reads a bundle from memory. The signature is checked before anything that it covers is parsed.
    ///
    /// # Errors
    /// [`BundleError`] naming the entry at fault.
    pub fn read(bytes: Vec<u8>, keys: &TrustedKeys) -> Result<Self, BundleError> {
        Self::of(Backing::Memory(bytes), keys, Depth::Whole)
    }

    /// Reads a bundle from a file into memory: a file that others can truncate is never mapped.
    ///
    /// # Errors
    /// [`BundleError`] naming the entry at fault.
    pub fn open(path: &Path, keys: &TrustedKeys) -> Result<Self, BundleError> {
        Self::read(read_file(path)?, keys)
    }

    /// Maps a bundle that was read whole with [`Bundle::open`] when it was installed, and that is private and read-only
    /// since. Signature, layout, lengths and everything but tensors are checked again; tensors are not read.
    ///
    /// # Errors
    /// [`BundleError`] naming the entry at fault.
    pub fn open_installed(path: &Path, keys: &TrustedKeys) -> Result<Self, BundleError> {
        let file = File::open(path).map_err(|source| BundleError::Io { source })?;
        let length = file.metadata().map_err(|source| BundleError::Io { source })?.len();
        if length > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge { length, limit: MAX_BUNDLE_BYTES });
        }
        if length == 0 {
            return Err(BundleError::TooSmall { length });
        }
        let map = Backing::map(&file).map_err(|source| BundleError::Io { source })?;
        Self::of(map, keys, Depth::Headers)
    }

    fn of(file: Backing, keys: &TrustedKeys, depth: Depth) -> Result<Self, BundleError> {
        let vouch = |manifest: &[u8], signature: &[u8]| keys.verify(manifest, signature).map(str::to_owned);
        let (contents, signer) = read::contents(Arc::new(file), depth, vouch)?;
        Ok(Self { contents, signer })
    }

    /// Name of the trusted key that signed it.
    #[must_use]
    pub fn signer(&self) -> &str {
        &self.signer
    }
}

impl Deref for Bundle {
    type Target = Contents;

    fn deref(&self) -> &Contents {
        &self.contents
    }
}

/// Reads a file of at most [`MAX_BUNDLE_BYTES`], whatever length it claims.
fn read_file(path: &Path) -> Result<Vec<u8>, BundleError> {
    let io = |source| BundleError::Io { source };
    let file = File::open(path).map_err(io)?;
    let claimed = file.metadata().map_err(io)?.len();
    if claimed > MAX_BUNDLE_BYTES {
        return Err(BundleError::TooLarge { length: claimed, limit: MAX_BUNDLE_BYTES });
    }
    let mut bytes = Vec::with_capacity(claimed as usize);
    file.take(MAX_BUNDLE_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

//! The copy of a bundle that is measured, as an installation makes it: private, read-only, signed.

use std::fs;
use std::path::{Path, PathBuf};

use dunlin_bench::Job;
use dunlin_bundle::{Bundle, Contents, attach_signature, sign_input};
use minisign::KeyPair;
use tempfile::TempDir;

use super::Args;
use crate::commands::keygen::{key_error, texts};
use crate::commands::{read_bundle, read_keys};
use crate::engine;
use crate::error::CliError;

/// Lives as long as the measurement.
pub(super) struct InstalledCopy {
    folder: TempDir,
    keys: Vec<PathBuf>,
}

impl InstalledCopy {
    /// Checks the bundle whole, which opening the copy need not do again.
    pub(super) fn make(bundle: &Path, keys: &[PathBuf]) -> Result<Self, CliError> {
        let bytes = read_bundle(bundle)?;
        let folder = tempfile::tempdir().map_err(|e| CliError::file(&std::env::temp_dir(), &e))?;
        let (bytes, keys) = if keys.is_empty() {
            let key = folder.path().join("bench.pub");
            (signed_for_now(bytes, &key).map_err(|error| error.of(bundle))?, vec![key])
        } else {
            let trusted = read_keys(keys)?;
            Bundle::read(bytes.clone(), &trusted).map_err(|error| CliError::from(error).of(bundle))?;
            (bytes, keys.to_vec())
        };
        let copy = Self { folder, keys };
        write_read_only(&copy.path(), &bytes)?;
        Ok(copy)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("bench.dunlin")
    }

    /// What is to be measured of it.
    pub(super) fn job(&self, args: &Args) -> Result<Job, CliError> {
        let Args { threads, batch, seconds, bursts, .. } = *args;
        let (reference, isa) = engine::named()?;
        Ok(Job { copy: self.path(), keys: self.keys.clone(), threads, batch, seconds, reference, isa, bursts })
    }
}

fn signed_for_now(bytes: Vec<u8>, public: &Path) -> Result<Vec<u8>, CliError> {
    Contents::read_unsigned(bytes.clone())?;
    let pair = KeyPair::generate_unencrypted_keypair().map_err(|e| key_error(&e))?;
    fs::write(public, texts(&pair)?.1).map_err(|e| CliError::file(public, &e))?;
    let signature = minisign::sign(None, &pair.sk, sign_input(&bytes)?.as_slice(), Some("bench"), Some("bench"));
    Ok(attach_signature(bytes, &signature.map_err(|e| key_error(&e))?.into_string())?)
}

fn write_read_only(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let written = fs::write(path, bytes).and_then(|()| {
        let mut permissions = fs::metadata(path)?.permissions();
        permissions.set_readonly(true);
        fs::set_permissions(path, permissions)
    });
    written.map_err(|e| CliError::file(path, &e))
}

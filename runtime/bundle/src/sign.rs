//! Completes and signs a bundle that was packed: the signing itself is the tool's, which holds the secret key.

use crate::check::FORMAT;
use crate::contents::Contents;
use crate::entry::{MANIFEST, SIGNATURE};
use crate::error::BundleError;
use crate::keys::parse_signature;
use crate::manifest::Provenance;
use crate::write::{WriteError, assemble, manifest_json};

/// The bytes to sign: the manifest as it stands in a bundle. Everything else in the bundle is checked first, so that
/// nobody signs what every reader would refuse.
///
/// # Errors
/// [`BundleError`] naming the entry at fault.
pub fn sign_input(bundle: &[u8]) -> Result<Vec<u8>, BundleError> {
    Ok(Contents::read_unsigned(bundle.to_vec())?.manifest_bytes().to_vec())
}

/// Puts a minisign signature of [`sign_input`] into a bundle, in place of the one that may be there.
///
/// Whether it is a good one is for [`Bundle::read`](crate::Bundle::read) to say.
///
/// # Errors
/// [`BundleError`] when the text is not a minisign signature, or the bundle itself is at fault.
pub fn attach_signature(bundle: Vec<u8>, signature: &str) -> Result<Vec<u8>, BundleError> {
    let mut signature = signature.replace("\r\n", "\n");
    if !signature.ends_with('\n') {
        signature.push('\n');
    }
    parse_signature(signature.as_bytes())?;
    let contents = Contents::read_unsigned(bundle)?;
    rebuild(&contents, signature.as_bytes(), contents.manifest_bytes())
}

/// Sets licence and provenance of a bundle, which loses its signature: what is already there and not given stays.
///
/// # Errors
/// [`WriteError`] naming the entry at fault, or when a newer minor format could lose what this version does not know.
pub fn with_provenance(
    bundle: Vec<u8>,
    license: Option<String>,
    provenance: Provenance,
) -> Result<Vec<u8>, WriteError> {
    let contents = Contents::read_unsigned(bundle)?;
    let mut manifest = contents.manifest.clone();
    if manifest.format.minor > FORMAT.minor {
        let (found, supported) = (manifest.format.into(), FORMAT.into());
        return Err(BundleError::UnsupportedFormat { found, supported }.into());
    }
    let old = manifest.provenance;
    manifest.license = license.or(manifest.license);
    manifest.provenance = Provenance {
        commit: provenance.commit.or(old.commit),
        data_sha256: provenance.data_sha256.or(old.data_sha256),
        tuner_trial: provenance.tuner_trial.or(old.tuner_trial),
        reviewer: provenance.reviewer.or(old.reviewer),
    };
    let manifest = manifest_json(&manifest)?;
    let file = rebuild(&contents, &[], &manifest)?;
    Contents::read_unsigned(file.clone())?;
    Ok(file)
}

/// The same entries after another signature and manifest.
fn rebuild(contents: &Contents, signature: &[u8], manifest: &[u8]) -> Result<Vec<u8>, BundleError> {
    let mut entries = vec![(SIGNATURE, signature), (MANIFEST, manifest)];
    for (entry, range) in contents.manifest.entries.iter().zip(&contents.entry_ranges) {
        entries.push((&entry.name, &contents.file[range.clone()]));
    }
    assemble(&entries)
}

//! Why the server does not start with a folder of bundles.

use std::path::PathBuf;

use dunlin_bundle::BundleError;
use dunlin_predictor::{GoldenError, LoadError};

/// A folder of bundles that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelsError {
    /// The folder cannot be read.
    #[error("folder of bundles {}: {source}; check the path and who may read it", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file in it is no bundle that can be trusted here.
    #[error("{}: {fault}; mend it or take it out of the folder", path.display())]
    Bundle {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Box<BundleFault>,
    },
    /// Two files are of the same model and sequence, so that neither is the later.
    #[error("'{first}' and '{second}' are both sequence {sequence} of model '{model}'; keep one of them")]
    Twins {
        /// One file.
        first: String,
        /// The other.
        second: String,
        /// The model.
        model: String,
        /// The sequence.
        sequence: u64,
    },
}

/// What is wrong with a bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleFault {
    /// The file cannot be read.
    #[error("{0}")]
    Read(std::io::Error),
    /// The file is larger than a bundle can be.
    #[error("{length} bytes are more than a bundle can have")]
    TooLarge {
        /// Its length.
        length: u64,
    },
    /// The bundle is refused.
    #[error(transparent)]
    Refused(#[from] BundleError),
    /// Its model cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Its golden set does not agree here.
    #[error(transparent)]
    Golden(#[from] GoldenError),
}

//! Which bundles this device holds and trusts: installing them, and loading them for sessions.
//!
//! A bundle is copied into the runtime's folder first, and only that copy, which nobody else writes, is verified, run
//! against its golden set and, in the end, mapped.

mod files;
mod install;
mod loaded;

pub use install::{InstallError, InstallOutcome, InstallReport};
pub(crate) use install::{Source, install};
pub(crate) use loaded::{LoadedModel, Registry};

//! Reference models, and the packer that makes a bundle of a trained model.
//!
//! A recipe ([`digits::train`]) trains with candle-nn and writes a [`ModelFolder`]: schema, fitted transforms, graph,
//! weights, records. [`pack::pack`] turns any such folder, whoever wrote it, into an unsigned bundle: it quantises,
//! fits the guard, counts the reference distribution, and runs the golden set.

#![forbid(unsafe_code)]

pub mod digits;
mod folder;
pub mod pack;
pub mod train;

pub use folder::{BaselineFiles, FolderError, GuardSettings, LabelledRecord, ModelFolder, PackSettings};

//! Reference models, and the packer that makes a bundle of a trained model.
//!
//! A recipe ([`digits::train`], [`vibration::train`]) trains with candle-nn and writes a [`ModelFolder`]: schema, fitted transforms, graph,
//! weights, records. [`pack::pack`] turns any such folder, whoever wrote it, into an unsigned bundle: it quantises,
//! fits the guard, counts the reference distribution, and runs the golden set.

#![forbid(unsafe_code)]

pub mod digits;
mod folder;
pub mod pack;
mod recipe;
pub mod train;
pub mod vibration;

pub use folder::{BaselineFiles, FolderError, GuardSettings, LabelledRecord, ModelFolder, PackSettings};
pub use recipe::{RecipeError, Stage, held_out_of};

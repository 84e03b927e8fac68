//! The pure predict line: check, features, engine, guard. No storage, no clock, no network.
//!
//! [`Predictor::predict`] is the whole of it. Before the guard a failure is an error that names the feature or the
//! tensor; after it there is always a [`Prediction`] with a [`Verdict`]: accepted, or abstained with reasons.

#![forbid(unsafe_code)]

mod error;
mod fit;
mod golden;
mod guard;
mod prediction;
mod predictor;
mod scalars;

pub use error::{GoldenError, LoadError, PredictError};
pub use golden::{GoldenReport, golden_records, verify_golden};
pub use guard::Guard;
pub use prediction::{Class, OutputValue, Prediction, Reason, Verdict};
pub use predictor::Predictor;
pub use scalars::ScalarSet;

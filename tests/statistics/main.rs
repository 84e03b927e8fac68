//! The statistics of drift and of trials: against SciPy and river, and in worlds whose truth is known.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod detectors;
mod hypothesis_tests;
mod oracle;
mod paired;
mod sample_ratio;
#[allow(dead_code, reason = "the calibration measures more than the tests promise")]
mod simulation;
mod worlds;

//! Measures a bundle: how long it takes to load and to answer first, time and CPU time of an inference, memory, steps.
//!
//! Measuring happens in a process of its own, whose memory holds nothing of the making of the copy and no parser of
//! command lines. [`Job::figures`] starts that process; [`measuring_process`] is what it does.

#![forbid(unsafe_code)]

mod bursts;
mod error;
mod figures;
mod histogram;
mod job;
mod load;
mod measure;
mod noise;
mod process;
mod steps;

pub use error::{BenchError, Failure};
pub use figures::{Figures, Step};
pub use job::{Job, measuring_process};
pub use process::peak_rss_kb;

//! How a device notices that the world has moved: histograms that merge by addition, tests that compare them, and
//! detectors on a stream of errors. Pure maths, with no other crate of the workspace below it.
//!
//! ```text
//! Bins --counts--> Histogram --with how many values it is worth (Dependence)--> compare --> Comparison per feature
//!                                                          all features of a window --> alarms --> Judged
//! an error per labelled prediction --> Adwin, PageHinkley
//! PairedCounts of two models --decide--> PairedVerdict;  SampleRatio of two arms --> evidence of a mismatch
//! ```
//!
//! The packer fits [`Bins`] on the training sample and stores a [`Histogram`] per feature as the reference distribution;
//! the device counts on the same bins, so that comparing the two is arithmetic and no raw value ever has to be kept.
//! Every number that decides is in [`policy`], with its reason.
//!
//! ```
//! use dunlin_drift::{Bins, Dependence, Histogram, Scores, alarms, compare};
//!
//! // The reference: here, fine bins fitted on what was seen in training.
//! let training: Vec<f64> = (0..2000).map(|i| f64::from(i * 7919 % 2000)).collect();
//! let mut reference = Histogram::empty(Bins::fit_ordered(&training, 32));
//! training.iter().for_each(|value| reference.add_number(*value));
//!
//! // A window: the sensor has lost its lower half.
//! let scores = Scores::of(&reference);
//! let (mut window, mut dependence) = (Histogram::empty(reference.bins().clone()), Dependence::default());
//! for value in (0..200).map(|i| f64::from(1000 + i * 373 % 1000)) {
//!     window.add_number(value);
//!     if let Some(bin) = reference.bins().of_number(value) {
//!         dependence.push(&scores, bin);
//!     }
//! }
//! let compared = compare(&reference, 2000.0, &window, dependence.effective_size());
//! let judged = alarms(&[compared]);
//! assert!(judged[0].as_ref().is_some_and(|feature| feature.alarm));
//! ```

#![forbid(unsafe_code)]

mod adjust;
mod adwin;
mod alarms;
mod betting;
mod bins;
mod chi_square;
mod compare;
mod dependence;
mod fisher;
mod histogram;
mod kolmogorov;
mod page_hinkley;
mod paired;
pub mod policy;
mod psi;
mod robust;
mod sample_ratio;
mod tables;

pub use adjust::benjamini_hochberg;
pub use adwin::{Adwin, AdwinOptions};
pub use alarms::{Judged, alarms};
pub use bins::{Bins, BinsError, MAX_BINS};
pub use chi_square::{Tested, chi_square, chi_square_tail};
pub use compare::{Comparison, Test, compare, compare_by};
pub use dependence::{Dependence, Scores};
pub use fisher::fisher_exact;
pub use histogram::{Histogram, MergeError};
pub use kolmogorov::{kolmogorov_smirnov, kolmogorov_tail};
pub use page_hinkley::{Direction, PageHinkley, PageHinkleyOptions};
pub use paired::{PairedCounts, PairedDecision, PairedOptions, PairedVerdict, decide};
pub use policy::{ALPHA, MIN_EFFECT};
pub use psi::{psi, psi_without_shift};
pub use robust::{RobustScale, mean, quantile, standard_deviation};
pub use sample_ratio::SampleRatio;

//! Histograms that merge by addition, and robust statistics: pure maths, with no other crate of the workspace below it.
//!
//! The packer fits [`Bins`] on the training sample and stores a [`Histogram`] per feature as the reference distribution;
//! the device counts on the same bins, so that comparing the two is arithmetic and no raw value ever has to be kept.
//!
//! ```
//! use dunlin_drift::{Bins, Histogram};
//!
//! let training = [1.0, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 9.0];
//! let bins = Bins::fit_ordered(&training, 4);
//! let mut here = Histogram::empty(bins);
//! here.add_number(2.2);
//! here.add_missing();
//! assert_eq!((here.total(), here.missing()), (1, 1));
//! ```

#![forbid(unsafe_code)]

mod bins;
mod histogram;
mod robust;

pub use bins::{Bins, BinsError, MAX_BINS};
pub use histogram::{Histogram, MergeError};
pub use robust::{RobustScale, mean, quantile, standard_deviation};

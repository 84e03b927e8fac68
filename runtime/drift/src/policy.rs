//! Every number that decides whether a difference is worth a word, each with the reason for its value.

use crate::compare::Test;

/// Adjusted p-values below this are surprising. At 0.01 a healthy device that closes a window a day tells a false story
/// a few times a year at most; Benjamini and Hochberg's adjustment makes that hold for all features of a window together.
pub const ALPHA: f64 = 0.01;

/// The least effect that is worth a word: PSI less what chance alone gives. A shift of the mean by a quarter of a
/// standard deviation has a PSI of 0.06; smaller shifts seldom move a model's answers, however sure they are.
pub const MIN_EFFECT: f64 = 0.05;

/// The least effective size of a window. Fewer values let two bins be told apart at best, and where they come from a
/// longer stretch of dependent ones, so short a stretch hides its own memory: at 10, windows of 50 values with an
/// autocorrelation of 0.9 raised false alarms in a quarter of all windows.
pub const MIN_WINDOW_EFFECTIVE: f64 = 20.0;

/// The least effective size of a reference: as the window's, doubled, since one poor reference spoils every window that
/// is compared with it.
pub const MIN_REFERENCE_EFFECTIVE: f64 = 40.0;

/// The least share of a bin, both samples together. Finer bins spend degrees of freedom on detail that moves no model.
pub const MIN_SHARE: f64 = 0.05;

/// The least count that a bin expects in the smaller sample, so that the chi-square distribution holds (Cochran 1954).
pub const MIN_EXPECTED: f64 = 5.0;

/// What is added to each count before a PSI, so that an empty bin has a logarithm: the prior of Jeffreys.
pub const PSI_PRIOR: f64 = 0.5;

/// The test of ordered bins where three or more are left; docs/monitoring.md has the measurements behind the choice.
pub const ORDERED_TEST: Test = Test::ChiSquare;

/// A two-by-two table with a margin up to this is summed exactly (some 100,000 terms); where all are above it the exact test and
/// chi-square with one degree of freedom agree to many digits.
pub const EXACT_LIMIT: f64 = 1e7;

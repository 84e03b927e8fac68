//! Every number that decides whether a difference is worth a word, each with the reason for its value.

use crate::compare::Test;

/// Adjusted p-values below this are surprising. At 0.01 a healthy device that closes a window a day tells a false story
/// a few times a year at most; Benjamini and Hochberg's adjustment makes that hold for all features of a window together.
pub const ALPHA: f64 = 0.01;

/// The least effect that is worth a word: PSI less what chance alone gives. A shift of the mean by a quarter of a
/// standard deviation has a PSI of 0.06; smaller shifts seldom move a model's answers, however sure they are.
pub const MIN_EFFECT: f64 = 0.05;

/// The least effective size of a window. Below it little but the grossest shift could be told, and where the values are
/// dependent, so short a stretch hides its own memory: with 10 instead, a quarter of windows of 50 values with an
/// autocorrelation of 0.9 raised false alarms. Of independent values, 50 are enough in 99 of 100 windows.
pub const MIN_WINDOW_EFFECTIVE: f64 = 25.0;

/// The least effective size of a reference: as of a window, for the same reasons.
pub const MIN_REFERENCE_EFFECTIVE: f64 = 25.0;

/// The least share of a bin, both samples together. Finer bins spend degrees of freedom on detail that moves no model.
pub const MIN_SHARE: f64 = 0.05;

/// The least count that a bin expects in the smaller sample, so that the chi-square distribution holds (Cochran 1954).
pub const MIN_EXPECTED: f64 = 5.0;

/// What is added to each count before a PSI, so that an empty bin has a logarithm: the prior of Jeffreys.
pub const PSI_PRIOR: f64 = 0.5;

/// The test of ordered bins where three or more are left. Kolmogorov-Smirnov finds a moved mean a little sooner, but is
/// nearly blind to a changed spread and to values that pile up in one place: fifty values whose spread has halved alarm
/// in 1 % of windows instead of 56 %. docs/monitoring.md has the measurements.
pub const ORDERED_TEST: Test = Test::ChiSquare;

/// A two-by-two table with a margin up to this is summed exactly, in some 100,000 terms; where all are above it the exact
/// test and chi-square with one degree of freedom agree to many digits.
pub const EXACT_LIMIT: f64 = 1e7;

/// How often each decision about a challenger may be false, however often it is asked for. A wrong one costs a stretch with
/// the lesser of two good models; at 0.01 a device would wait half as long again for the right ones.
pub const PAIRED_ALPHA: f64 = 0.05;

/// How much worse a challenger may be and still count as not worse: two points of accuracy. Of two models equally good that
/// differ in 2 % of their answers this is known after some 400 pairs; half the margin takes 1,500.
pub const PAIRED_MARGIN: f64 = 0.02;

/// No decision about a challenger before this many pairs. The evidence is valid from the first, but the first of a trial come
/// from one hour of one person.
pub const PAIRED_MIN_PAIRS: u64 = 50;

/// The stakes over which the evidence of paired answers is averaged: the best is the mean difference over the share of pairs
/// that differ (below 1 always), which is unknown. The small one finds what a fleet can find: a mean difference from 0.015
/// of the share on. Each more stake costs every decision some evidence.
pub const STAKES: [f64; 6] = [0.03, 0.1, 0.3, 0.5, 0.7, 0.9];

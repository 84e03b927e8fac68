//! Worlds whose truth is known: digits from a new and a worn camera, and streams of random numbers. The tests and the
//! calibration watch them with the functions that a device uses.

pub(crate) mod device;
pub(crate) mod digits;
pub(crate) mod random;
pub(crate) mod streams;

/// Share of `hits` in `of`.
pub(crate) fn share(hits: usize, of: usize) -> f64 {
    hits as f64 / of.max(1) as f64
}

/// What false alarms may be at most: the promised level, and three standard errors of counting.
pub(crate) fn bound(repeats: usize) -> f64 {
    let level = dunlin_drift::ALPHA;
    level + 3.0 * (level * (1.0 - level) / repeats as f64).sqrt()
}

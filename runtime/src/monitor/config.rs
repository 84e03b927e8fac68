//! How large windows are.

use std::time::Duration;

/// When a window closes: at whichever comes first, but never below 50 records (fewer cannot be judged, and are too few
/// to hide in).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonitorConfig {
    /// Records of one model version.
    pub window_rows: u64,
    /// Time since the window's first record.
    pub window_time: Duration,
}

impl Default for MonitorConfig {
    /// 500 records show a shift of half a standard deviation with near certainty; a day is the rhythm of most people.
    fn default() -> Self {
        Self { window_rows: 500, window_time: Duration::from_secs(24 * 3600) }
    }
}

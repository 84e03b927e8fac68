//! Finds and reads the data, which are no part of the project.

use std::path::{Path, PathBuf};

/// One half hour.
#[derive(Clone, Debug)]
pub(crate) struct HalfHour {
    /// Time of day, 0 to 1.
    pub(crate) period: f64,
    /// In the order of [`super::FEATURES`].
    pub(crate) watched: [f64; super::FEATURES.len()],
    /// The label: whether the price is above its mean of the last day.
    pub(crate) rises: bool,
}

/// The rows in time order, or why there are none. `DUNLIN_DATA` names the folder with `elec2/elec.csv`; without it
/// `../shared/data` beside the checkout is tried.
pub(crate) fn read() -> Result<Vec<HalfHour>, String> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("DUNLIN_DATA").map_or_else(beside, PathBuf::from);
    let text = std::fs::read_to_string(folder.join("elec2/elec.csv"))
        .map_err(|error| format!("no elec2/elec.csv in the folder that DUNLIN_DATA names: {error}"))?;
    let rows = text.lines().enumerate().skip(1);
    rows.map(|(i, line)| half_hour(line).ok_or_else(|| format!("elec.csv: line {} is no half hour", i + 1))).collect()
}

fn half_hour(line: &str) -> Option<HalfHour> {
    let values: Vec<f64> = line.split(',').map(|value| value.trim().parse().ok()).collect::<Option<_>>()?;
    let [period, a, b, c, d, e, class] = values[..] else { return None };
    Some(HalfHour { period, watched: [a, b, c, d, e], rises: class == 1.0 })
}

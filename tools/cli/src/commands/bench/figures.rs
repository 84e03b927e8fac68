//! The figures of a measurement, for machines and for people.

use std::time::Duration;

use serde_json::{Value, json};

use super::Args;
use super::load::Loaded;
use super::measure::Timing;
use crate::output::facts;

/// What was measured.
pub(super) struct Figures<'a> {
    pub(super) args: &'a Args,
    pub(super) loaded: &'a Loaded,
    pub(super) timing: &'a Timing,
    pub(super) peak_rss_kb: Option<u64>,
}

impl Figures<'_> {
    /// For machines.
    pub(super) fn document(&self) -> Value {
        let (loaded, timing) = (self.loaded, self.timing);
        json!({
            "model": loaded.name,
            "kernels": loaded.model.kernels().name(),
            "batch": self.args.batch,
            "threads": self.args.threads,
            "inferences": timing.each.seen(),
            "median_us": micro(timing.each.quantile(0.5)),
            "p99_us": micro(timing.each.quantile(0.99)),
            "cpu_us": micro(timing.cpu.quantile(0.5)),
            "load_us": loaded.load.as_micros(),
            "first_us": loaded.first.as_micros(),
            "peak_rss_kb": self.peak_rss_kb,
        })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let (loaded, timing) = (self.loaded, self.timing);
        let quantile = |share| time(timing.each.quantile(share));
        let batch = if self.args.batch == 1 { String::new() } else { format!(" of {} records", self.args.batch) };
        let sessions = if self.args.threads == 1 { String::new() } else { format!(", {} at once", self.args.threads) };
        facts([
            ("model", loaded.name.clone()),
            ("kernels", loaded.model.kernels().name().to_owned()),
            ("inference", format!("{} median, {} p99{batch}{sessions}", quantile(0.5), quantile(0.99))),
            ("CPU time of one", time(timing.cpu.quantile(0.5))),
            ("load", time(nanoseconds(loaded.load))),
            ("first answer", time(nanoseconds(loaded.first))),
            ("peak memory", self.peak_rss_kb.map_or("-".to_owned(), |kb| format!("{kb} KiB"))),
        ])
        .to_string()
    }
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

/// Microseconds, to the nanosecond.
fn micro(nanoseconds: f64) -> f64 {
    nanoseconds.round() / 1e3
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e6 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

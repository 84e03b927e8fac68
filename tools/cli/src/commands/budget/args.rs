//! The command line of a budget, checked.

use std::path::PathBuf;

use clap::ValueEnum;
use dunlin::journal::Retention;
use dunlin::store::MIN_RETENTION_BYTES;
use serde::{Deserialize, Serialize};

use super::figures::Limit;
use crate::error::{CliError, Kind};

/// Slowest and fastest rate, records a second: one a day, and more than one thread answers.
const RATES: std::ops::RangeInclusive<f64> = 0.000_01..=100_000.0;

/// Say what a board needs for a bundle: memory, flash, bytes written and sent a day.
///
/// Measured by a process of its own with the bundle's golden records and a real journal in a temporary folder (TMPDIR says
/// where); the rest is computed from the policies that a board follows. Memory is that of this machine's processor and C
/// library.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The signed bundle.
    pub(super) bundle: PathBuf,
    /// Public key to trust; may be given more than once.
    #[arg(long = "key", required = true)]
    pub(super) keys: Vec<PathBuf>,
    /// Records a second. A sensor makes its rate, divided by its hop.
    #[arg(long, value_name = "HZ", default_value_t = 1.0, value_parser = rate)]
    rate: f64,
    /// When rows are on the disk, as in the board's configuration.
    #[arg(long, value_enum, default_value_t)]
    durability: Promise,
    /// Clients that are connected at a time; each has a session of its own.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Most predictions in the journal, as in the board's configuration (journal.max_rows).
    #[arg(long, value_name = "N", default_value_t = Retention::default().max_rows)]
    max_rows: u64,
    /// Most bytes of the journal (journal.max_bytes); 64M is 64 MiB.
    #[arg(long, value_name = "BYTES", default_value_t = Retention::default().max_bytes, value_parser = bytes)]
    max_bytes: u64,
    /// Days that predictions stay (journal.max_days).
    #[arg(long, value_name = "DAYS", default_value_t = Retention::default().max_days())]
    max_days: u32,
    /// The daemon as the board gets it, for its size: cross-compiled, stripped. It is not run.
    #[arg(long, value_name = "FILE")]
    pub(super) daemon: Option<PathBuf>,
    /// Memory that the daemon may take; 16M is 16 MiB. More is exit code 4.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    ram: Option<u64>,
    /// Flash that the daemon and its state may take. More is exit code 4.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    flash: Option<u64>,
}

/// When rows are on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Promise {
    /// Soon: many share a commit.
    #[default]
    Batched,
    /// Before their answers are sent: a commit each.
    Sync,
}

/// What a board is to do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    /// Records a second.
    pub(super) rate_hz: f64,
    pub(super) durability: Promise,
    /// Sessions at a time.
    pub(super) connections: u16,
    pub(super) max_rows: u64,
    pub(super) max_bytes: u64,
    pub(super) max_days: u32,
}

impl Asked {
    /// As a runtime is told.
    pub(super) fn retention(&self) -> Retention {
        Retention::new(self.max_rows, self.max_bytes, self.max_days).unwrap_or_default()
    }
}

impl Args {
    pub(super) fn asked(&self) -> Result<Asked, CliError> {
        let Self { durability, connections, max_rows, max_bytes, max_days, .. } = *self;
        if Retention::new(max_rows, max_bytes, max_days).is_none() {
            let why = format!(
                "such a journal would keep nothing: give --max-rows and --max-days of 1 or more, and --max-bytes of \
                 {MIN_RETENTION_BYTES} or more"
            );
            return Err(CliError::new(Kind::Usage, "keeps_nothing", why));
        }
        Ok(Asked { rate_hz: self.rate, durability, connections, max_rows, max_bytes, max_days })
    }

    /// What is allowed, of what.
    pub(super) fn limits(&self) -> Vec<Limit> {
        let limits = [("ram", self.ram), ("flash", self.flash)];
        limits.into_iter().filter_map(|(of, limit)| Some(Limit::new(of, limit?))).collect()
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| RATES.contains(rate));
    rate.ok_or_else(|| format!("give records a second, {} to {}", RATES.start(), RATES.end()))
}

/// A number of bytes, perhaps with K, M or G for the binary thousands.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|unit: char| !unit.is_ascii_digit());
    let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => Some(0),
        "K" | "KB" | "KIB" => Some(10),
        "M" | "MB" | "MIB" => Some(20),
        "G" | "GB" | "GIB" => Some(30),
        _ => None,
    };
    let bytes = shift.and_then(|shift| digits.parse::<u64>().ok()?.checked_mul(1 << shift));
    bytes.filter(|bytes| *bytes > 0).ok_or_else(|| "give bytes, 1 or more, such as 4194304, 4096K or 4M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_binary_thousands_and_nothing_else_is_taken() {
        assert_eq!([bytes("17"), bytes("4k"), bytes("16M"), bytes("1GiB")], [17, 4 << 10, 16 << 20, 1 << 30].map(Ok));
        for wrong in ["", "0", "-1", "M", "1.5M", "7Q", "99999999999G", "1 M", "µ"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rate_is_a_number_between_one_a_day_and_what_a_thread_can_answer() {
        assert_eq!([rate("50"), rate("0.001")], [Ok(50.0), Ok(0.001)]);
        for wrong in ["0", "-1", "NaN", "inf", "1e9", "1e-9", "often"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}

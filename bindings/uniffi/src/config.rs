//! What the app decides when it opens the runtime. What is left out is as in the runtime itself.

use std::time::Duration;

use dunlin::journal::{self, JournalConfig};
use dunlin::monitor::MonitorConfig;
use dunlin::{TrustedKeys, fallback};

use crate::error::DunlinError;

/// Where the runtime keeps its files, whom it trusts, and how it remembers.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Config {
    /// A folder of the runtime's own, made if it is not there.
    pub folder: String,
    /// The keys whose signatures count.
    pub keys: Vec<TrustedKey>,
    /// How soon rows reach the disk; batched if left out.
    #[uniffi(default = None)]
    pub durability: Option<Durability>,
    /// How long rows stay.
    #[uniffi(default = None)]
    pub retention: Option<Retention>,
    /// How large the monitor's windows are.
    #[uniffi(default = None)]
    pub monitor: Option<MonitorWindow>,
    /// When a prediction may ask a larger model elsewhere; never if left out.
    #[uniffi(default = None)]
    pub fallback: Option<FallbackPolicy>,
}

/// A key whose signatures count.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TrustedKey {
    /// A name of the app's choosing, which reports repeat.
    pub name: String,
    /// The text of a minisign `.pub` file, or its second line alone.
    pub public_key: String,
}

/// When a row is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Durability {
    /// Soon after a prediction has returned, which never waits for the disk.
    Batched {
        /// Longest time that a row waits in memory, in milliseconds.
        max_delay_ms: u64,
        /// Rows that wake the writer before that.
        max_rows: u32,
    },
    /// Before a prediction returns, also after a power cut.
    Sync,
}

/// What the journal may hold; the oldest predictions go first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Retention {
    /// Predictions.
    #[uniffi(default = None)]
    pub max_rows: Option<u64>,
    /// Bytes.
    #[uniffi(default = None)]
    pub max_bytes: Option<u64>,
    /// Age, in milliseconds.
    #[uniffi(default = None)]
    pub max_age_ms: Option<u64>,
}

/// When a window of the monitor closes: at whichever comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct MonitorWindow {
    /// Records of one model version.
    #[uniffi(default = None)]
    pub rows: Option<u64>,
    /// Time since its first record, in milliseconds.
    #[uniffi(default = None)]
    pub time_ms: Option<u64>,
}

/// When a prediction may ask a larger model elsewhere, and with what.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct FallbackPolicy {
    /// The reasons of abstention that may ask.
    #[uniffi(default = None)]
    pub ask_on: Option<Vec<AskOn>>,
    /// Ask also when the baseline answered in the model's place.
    #[uniffi(default = None)]
    pub ask_over_baseline: Option<bool>,
    /// The features that may leave, of those that the schema lets leave; all of them if left out.
    #[uniffi(default = None)]
    pub features: Option<Vec<String>>,
    /// How long an answer is taken, in milliseconds.
    #[uniffi(default = None)]
    pub deadline_ms: Option<u64>,
    /// Requests a day.
    #[uniffi(default = None)]
    pub requests_a_day: Option<u32>,
    /// Failures in a row after which nothing is asked for a while.
    #[uniffi(default = None)]
    pub failures: Option<u32>,
    /// For how long nothing is asked then, in milliseconds.
    #[uniffi(default = None)]
    pub open_for_ms: Option<u64>,
}

/// A reason of abstention that may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum AskOn {
    /// The chosen class is not probable enough.
    LowConfidence,
    /// The input lies far from the training sample.
    FarFromReference,
    /// An output lies outside of its range.
    OutOfRange,
    /// An output holds NaN or infinity.
    NonFinite,
}

impl TryFrom<Config> for dunlin::Config {
    type Error = DunlinError;

    /// A key that is none is the caller's mistake, and told at once.
    fn try_from(config: Config) -> Result<Self, DunlinError> {
        let mut keys = TrustedKeys::new();
        for key in &config.keys {
            keys.add(&key.name, &key.public_key)?;
        }
        let journal = JournalConfig {
            durability: config.durability.map(Into::into).unwrap_or_default(),
            retention: config.retention.unwrap_or_default().into(),
        };
        let monitor = config.monitor.unwrap_or_default().into();
        let core = Self::new(config.folder, keys).journal(journal).monitor(monitor);
        Ok(match config.fallback {
            Some(policy) => core.fallback(policy.into()),
            None => core,
        })
    }
}

impl From<Durability> for journal::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Sync => Self::Sync,
            Durability::Batched { max_delay_ms, max_rows } => Self::Batched {
                max_delay: Duration::from_millis(max_delay_ms),
                // 32 bits fit a usize on every device that this is built for; where not, more is as good as the most.
                max_rows: usize::try_from(max_rows).unwrap_or(usize::MAX),
            },
        }
    }
}

impl From<Retention> for journal::Retention {
    fn from(retention: Retention) -> Self {
        let usual = Self::default();
        Self {
            max_rows: retention.max_rows.unwrap_or(usual.max_rows),
            max_bytes: retention.max_bytes.unwrap_or(usual.max_bytes),
            max_age: retention.max_age_ms.map_or(usual.max_age, Duration::from_millis),
        }
    }
}

impl From<MonitorWindow> for MonitorConfig {
    fn from(window: MonitorWindow) -> Self {
        let usual = Self::default();
        Self {
            window_rows: window.rows.unwrap_or(usual.window_rows),
            window_time: window.time_ms.map_or(usual.window_time, Duration::from_millis),
        }
    }
}

impl From<FallbackPolicy> for fallback::FallbackPolicy {
    fn from(policy: FallbackPolicy) -> Self {
        let usual = Self::default();
        Self {
            ask_on: policy.ask_on.map_or(usual.ask_on, |on| on.into_iter().map(Into::into).collect()),
            ask_over_baseline: policy.ask_over_baseline.unwrap_or(usual.ask_over_baseline),
            features: policy.features.map(|names| names.into_iter().collect()).or(usual.features),
            deadline: policy.deadline_ms.map_or(usual.deadline, Duration::from_millis),
            requests_a_day: policy.requests_a_day.unwrap_or(usual.requests_a_day),
            failures: policy.failures.unwrap_or(usual.failures),
            open_for: policy.open_for_ms.map_or(usual.open_for, Duration::from_millis),
        }
    }
}

impl From<AskOn> for fallback::AskOn {
    fn from(on: AskOn) -> Self {
        match on {
            AskOn::LowConfidence => Self::LowConfidence,
            AskOn::FarFromReference => Self::FarFromReference,
            AskOn::OutOfRange => Self::OutOfRange,
            AskOn::NonFinite => Self::NonFinite,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_in_the_runtime() {
        assert_eq!(journal::Retention::from(Retention::default()), journal::Retention::default());
        assert_eq!(MonitorConfig::from(MonitorWindow::default()), MonitorConfig::default());
        assert_eq!(fallback::FallbackPolicy::from(FallbackPolicy::default()), fallback::FallbackPolicy::default());
    }

    #[test]
    fn what_is_given_is_taken() {
        let retention = Retention { max_rows: Some(3), max_bytes: Some(4), max_age_ms: Some(5_000) };
        let (max_age, usual) = (Duration::from_secs(5), fallback::FallbackPolicy::default());
        assert_eq!(journal::Retention::from(retention), journal::Retention { max_rows: 3, max_bytes: 4, max_age });
        let window = MonitorConfig::from(MonitorWindow { rows: Some(60), time_ms: None });
        assert_eq!(window, MonitorConfig { window_rows: 60, ..MonitorConfig::default() });
        let policy = FallbackPolicy {
            ask_on: Some(vec![AskOn::NonFinite]),
            ask_over_baseline: Some(true),
            deadline_ms: Some(250),
            ..FallbackPolicy::default()
        };
        let expected = fallback::FallbackPolicy {
            ask_on: [fallback::AskOn::NonFinite].into(),
            ask_over_baseline: true,
            deadline: Duration::from_millis(250),
            ..usual
        };
        assert_eq!(fallback::FallbackPolicy::from(policy), expected);
    }
}

//! What the app decides when it opens the runtime. What is left out is as in the runtime itself.

use std::collections::HashMap;
use std::time::Duration;

use dunlin::journal::{self, JournalConfig};
use dunlin::monitor::MonitorConfig;
use dunlin::{Admission, TrustedKeys};

use crate::error::DunlinError;
use crate::fallback_policy::{FallbackPolicy, FallbackStep};
use crate::trial::TrialPolicy;
use crate::update::UpdatePolicy;

/// Where the runtime keeps its files, whom it trusts, and how it remembers.
#[derive(Clone, Debug, Default, PartialEq, uniffi::Record)]
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
    /// Who answers where a model abstains, by the model's name, in place of what its bundle declares.
    #[uniffi(default = None)]
    pub fallback_chains: Option<HashMap<String, Vec<FallbackStep>>>,
    /// How a new version of a model is tried beside the proven one.
    #[uniffi(default = None)]
    pub trial: Option<TrialPolicy>,
    /// Which bundles the app admits, as the JSON text of its policy; all if left out.
    #[uniffi(default = None)]
    pub admission: Option<String>,
    /// Which update channel `update` follows; none if left out.
    #[uniffi(default = None)]
    pub updates: Option<UpdatePolicy>,
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
        let trial = config.trial.unwrap_or_default().into();
        let mut core = Self::new(config.folder, keys).journal(journal).monitor(monitor).trial(trial);
        for (model_id, chain) in config.fallback_chains.iter().flatten() {
            let chain: Vec<_> = chain.iter().copied().map(Into::into).collect();
            core = core.fallback_chain(model_id, &chain);
        }
        if let Some(policy) = config.fallback {
            core = core.fallback(policy.into());
        }
        if let Some(policy) = config.admission {
            core = core.admission(admission(&policy)?);
        }
        if let Some(policy) = config.updates {
            core = core.updates(policy.into());
        }
        Ok(core)
    }
}

/// A policy that is none is the caller's mistake, and told at once: without it everything would be admitted.
fn admission(policy: &str) -> Result<Admission, DunlinError> {
    let read = serde_json::from_str(policy);
    read.map_err(|error| DunlinError::invalid(format!("`admission` is not the JSON text of a policy: {error}")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_in_the_runtime() {
        assert_eq!(journal::Retention::from(Retention::default()), journal::Retention::default());
        assert_eq!(MonitorConfig::from(MonitorWindow::default()), MonitorConfig::default());
    }

    #[test]
    fn what_is_given_is_taken() {
        let retention = Retention { max_rows: Some(3), max_bytes: Some(4), max_age_ms: Some(5_000) };
        let max_age = Duration::from_secs(5);
        assert_eq!(journal::Retention::from(retention), journal::Retention { max_rows: 3, max_bytes: 4, max_age });
        let window = MonitorConfig::from(MonitorWindow { rows: Some(60), time_ms: None });
        assert_eq!(window, MonitorConfig { window_rows: 60, ..MonitorConfig::default() });
    }

    #[test]
    fn an_admission_is_read_whole_or_refused_by_the_field_that_it_does_not_know() {
        let read = admission(r#"{"licenses": ["MIT"], "max_memory_bytes": 1000}"#).unwrap();
        assert_eq!((read.licenses, read.max_memory_bytes), (Some(vec!["MIT".to_owned()]), Some(1000)));
        for (text, named) in [("{\"banned_feature\": []}", "banned_feature"), ("nothing", "admission")] {
            let refused = admission(text);
            assert!(
                matches!(&refused, Err(DunlinError::InvalidArgument { message }) if message.contains(named)),
                "{refused:?}"
            );
        }
    }
}

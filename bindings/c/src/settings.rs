//! From a config of C, its pointers already read, to the runtime's own.

use std::ptr;
use std::time::Duration;

use dunlin::TrustedKeys;
use dunlin::fallback::{AskOn, FallbackPolicy};
use dunlin::journal::{Durability, JournalConfig, Retention};
use dunlin::monitor::MonitorConfig;

use crate::abi::config::{
    Config, DUNLIN_ASK_FAR_FROM_REFERENCE, DUNLIN_ASK_LOW_CONFIDENCE, DUNLIN_ASK_NON_FINITE, DUNLIN_ASK_OUT_OF_RANGE,
    DUNLIN_DURABILITY_BATCHED, DUNLIN_DURABILITY_SYNC,
};
use crate::failure::Failure;

/// A config and what its pointers lead to.
pub(crate) struct Settings<'a> {
    pub(crate) config: &'a Config,
    pub(crate) folder: &'a str,
    /// Name and text of each key.
    pub(crate) keys: Vec<(&'a str, &'a str)>,
    /// The features that may leave; none said: all.
    pub(crate) names: Option<Vec<&'a str>>,
}

const FLAGS: [(u32, AskOn); 4] = [
    (DUNLIN_ASK_LOW_CONFIDENCE, AskOn::LowConfidence),
    (DUNLIN_ASK_FAR_FROM_REFERENCE, AskOn::FarFromReference),
    (DUNLIN_ASK_OUT_OF_RANGE, AskOn::OutOfRange),
    (DUNLIN_ASK_NON_FINITE, AskOn::NonFinite),
];

/// A caller that was compiled against another header is told so.
pub(crate) fn check_size(found: usize) -> Result<(), Failure> {
    let known = size_of::<Config>();
    if found == known {
        return Ok(());
    }
    let message = format!(
        "the config takes {found} bytes, this library knows one of {known}; fill it with dunlin_config_default, and \
         compile with this library's header"
    );
    Err(Failure::argument("wrong_size", "size", message))
}

/// The runtime's own defaults.
pub(crate) fn default() -> Config {
    let (retention, monitor, policy) = (Retention::default(), MonitorConfig::default(), FallbackPolicy::default());
    let (max_delay_ms, max_waiting_rows) = match Durability::default() {
        Durability::Batched { max_delay, max_rows } => (millis(max_delay), max_rows as u64),
        Durability::Sync => (0, 0),
    };
    Config {
        size: size_of::<Config>(),
        folder: ptr::null(),
        keys: ptr::null(),
        key_count: 0,
        durability: DUNLIN_DURABILITY_BATCHED,
        max_delay_ms,
        max_waiting_rows,
        max_rows: retention.max_rows,
        max_bytes: retention.max_bytes,
        max_age_s: retention.max_age.as_secs(),
        window_rows: monitor.window_rows,
        window_s: monitor.window_time.as_secs(),
        fallback: 0,
        fallback_ask_on: FLAGS.iter().filter(|(_, on)| policy.ask_on.contains(on)).map(|(flag, _)| flag).sum(),
        fallback_over_baseline: u32::from(policy.ask_over_baseline),
        fallback_features: ptr::null(),
        fallback_feature_count: 0,
        fallback_deadline_ms: millis(policy.deadline),
        fallback_requests_a_day: policy.requests_a_day,
        fallback_failures: policy.failures,
        fallback_open_for_s: policy.open_for.as_secs(),
    }
}

impl Settings<'_> {
    /// The runtime's config.
    pub(crate) fn to_config(&self) -> Result<dunlin::Config, Failure> {
        let mut keys = TrustedKeys::new();
        for (name, public_key) in &self.keys {
            keys.add(name, public_key)?;
        }
        let config = self.config;
        let retention = Retention {
            max_rows: config.max_rows,
            max_bytes: config.max_bytes,
            max_age: Duration::from_secs(config.max_age_s),
        };
        let monitor =
            MonitorConfig { window_rows: config.window_rows, window_time: Duration::from_secs(config.window_s) };
        let journal = JournalConfig { durability: self.durability()?, retention };
        let built = dunlin::Config::new(self.folder, keys).journal(journal).monitor(monitor);
        Ok(if is_set("fallback", config.fallback)? { built.fallback(self.policy()?) } else { built })
    }

    fn durability(&self) -> Result<Durability, Failure> {
        match self.config.durability {
            DUNLIN_DURABILITY_BATCHED => Ok(Durability::Batched {
                max_delay: Duration::from_millis(self.config.max_delay_ms),
                max_rows: usize::try_from(self.config.max_waiting_rows).unwrap_or(usize::MAX),
            }),
            DUNLIN_DURABILITY_SYNC => Ok(Durability::Sync),
            other => Err(unknown("durability", other)),
        }
    }

    fn policy(&self) -> Result<FallbackPolicy, Failure> {
        let config = self.config;
        let known = FLAGS.iter().fold(0, |all, (flag, _)| all | flag);
        if config.fallback_ask_on & !known != 0 {
            return Err(unknown("fallback_ask_on", config.fallback_ask_on));
        }
        let ask_on = FLAGS.iter().filter(|(flag, _)| config.fallback_ask_on & flag != 0).map(|(_, on)| *on);
        Ok(FallbackPolicy {
            ask_on: ask_on.collect(),
            ask_over_baseline: is_set("fallback_over_baseline", config.fallback_over_baseline)?,
            features: self.names.as_ref().map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            deadline: Duration::from_millis(config.fallback_deadline_ms),
            requests_a_day: config.fallback_requests_a_day,
            failures: config.fallback_failures,
            open_for: Duration::from_secs(config.fallback_open_for_s),
        })
    }
}

fn is_set(argument: &str, found: u32) -> Result<bool, Failure> {
    match found {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(unknown(argument, other)),
    }
}

fn unknown(argument: &str, found: u32) -> Failure {
    Failure::argument("unknown_value", argument, format!("'{argument}' is {found}, which this library does not know"))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(config: &Config) -> Settings<'_> {
        Settings { config, folder: "folder", keys: Vec::new(), names: Some(vec!["visits"]) }
    }

    fn code(config: &Config) -> Option<String> {
        settings(config).to_config().err().map(|failure| format!("{} {}", failure.code, failure.culprit))
    }

    #[test]
    fn the_defaults_are_those_of_the_runtime() {
        let config = default();
        assert_eq!(settings(&config).durability(), Ok(Durability::default()));
        let policy = FallbackPolicy { features: Some(["visits".to_owned()].into()), ..FallbackPolicy::default() };
        assert_eq!(settings(&config).policy(), Ok(policy));
        assert_eq!((code(&config), config.fallback), (None, 0));
    }

    #[test]
    fn a_number_that_has_no_meaning_is_refused_by_the_name_of_its_field() {
        let config = default();
        for (config, refused) in [
            (Config { durability: 2, ..config }, "unknown_value durability"),
            (Config { fallback: 2, ..config }, "unknown_value fallback"),
            (Config { fallback: 1, fallback_ask_on: 16, ..config }, "unknown_value fallback_ask_on"),
            (Config { fallback: 1, fallback_over_baseline: 9, ..config }, "unknown_value fallback_over_baseline"),
        ] {
            assert_eq!(code(&config).as_deref(), Some(refused));
        }
    }

    #[test]
    fn a_config_of_another_size_is_refused() {
        assert!(check_size(size_of::<Config>()).is_ok());
        for size in [0, size_of::<Config>() - 8, size_of::<Config>() + 8, usize::MAX] {
            assert_eq!(check_size(size).unwrap_err().code, "wrong_size");
        }
    }
}

//! From a config of C, its pointers already read, to the runtime's own.

use std::time::Duration;

use dunlin::fallback::{AskOn, FallbackPolicy};
use dunlin::journal::{Durability, JournalConfig, Retention};
use dunlin::monitor::MonitorConfig;
use dunlin::{Admission, FallbackStep, TrialPolicy, TrustedKeys, UpdatePolicy};

use crate::abi::config::{
    Config, DUNLIN_ASK_FAR_FROM_REFERENCE, DUNLIN_ASK_LOW_CONFIDENCE, DUNLIN_ASK_NON_FINITE, DUNLIN_ASK_OUT_OF_RANGE,
    DUNLIN_DURABILITY_BATCHED, DUNLIN_DURABILITY_SYNC, DUNLIN_FALLBACK_STEP_BASELINE, DUNLIN_FALLBACK_STEP_CLOUD,
    DUNLIN_FALLBACK_STEP_PREVIOUS,
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
    /// Models, and who answers where they abstain.
    pub(crate) chains: Vec<(&'a str, &'a [u32])>,
    /// The JSON text of the app's policy on bundles.
    pub(crate) admission: Option<&'a str>,
    /// The channel that is followed.
    pub(crate) updates: Option<Updates<'a>>,
}

/// A channel, and what the config's pointers say of it.
pub(crate) struct Updates<'a> {
    pub(crate) root: &'a [u8],
    pub(crate) channel: &'a str,
    pub(crate) models: Vec<&'a str>,
}

/// The reasons to ask by, and their flags.
pub(crate) const FLAGS: [(u32, AskOn); 4] = [
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
        let mut built = dunlin::Config::new(self.folder, keys).journal(journal).monitor(monitor).trial(self.trial());
        if is_set("fallback", config.fallback)? {
            built = built.fallback(self.policy()?);
        }
        for (model_id, steps) in &self.chains {
            let chain = steps.iter().map(|step| step_of(*step)).collect::<Result<Vec<_>, _>>()?;
            built = built.fallback_chain(model_id, &chain);
        }
        if let Some(policy) = self.admission {
            built = built.admission(admission(policy)?);
        }
        Ok(match &self.updates {
            Some(updates) => built.updates(self.followed(updates)?),
            None => built,
        })
    }

    fn followed(&self, updates: &Updates<'_>) -> Result<UpdatePolicy, Failure> {
        let mut policy = UpdatePolicy::new(updates.root, updates.channel);
        policy.over_metered = is_set("updates_over_metered", self.config.updates_over_metered)?;
        policy.max_bytes = self.config.updates_max_bytes;
        policy.models = updates.models.iter().map(|model| (*model).to_owned()).collect();
        Ok(policy)
    }

    fn trial(&self) -> TrialPolicy {
        let config = self.config;
        TrialPolicy {
            shadow_share: config.trial_shadow_share,
            shadow_cpu: config.trial_shadow_cpu,
            canary_share: config.trial_canary_share,
            alpha: config.trial_alpha,
            quality_margin: config.trial_quality_margin,
            behaviour_margin: config.trial_behaviour_margin,
            min_compared: config.trial_min_compared,
            min_labelled: config.trial_min_labelled,
            max_non_finite: config.trial_max_non_finite,
            min_agreement: config.trial_min_agreement,
        }
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

fn step_of(step: u32) -> Result<FallbackStep, Failure> {
    match step {
        DUNLIN_FALLBACK_STEP_PREVIOUS => Ok(FallbackStep::Previous),
        DUNLIN_FALLBACK_STEP_BASELINE => Ok(FallbackStep::Baseline),
        DUNLIN_FALLBACK_STEP_CLOUD => Ok(FallbackStep::Cloud),
        other => Err(unknown("fallback_chains.steps", other)),
    }
}

/// A policy that is none is told: without it everything would be admitted.
fn admission(policy: &str) -> Result<Admission, Failure> {
    let told = |error| format!("'admission' is not the JSON text of a policy: {error}");
    serde_json::from_str(policy).map_err(|error| Failure::argument("not_a_policy", "admission", told(error)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::defaults::config as default;

    fn settings(config: &Config) -> Settings<'_> {
        let (keys, chains) = (Vec::new(), vec![("tiny", &[DUNLIN_FALLBACK_STEP_PREVIOUS][..])]);
        Settings {
            config,
            folder: "folder",
            keys,
            names: Some(vec!["visits"]),
            chains,
            admission: Some("{}"),
            updates: None,
        }
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
        assert_eq!(settings(&config).trial(), TrialPolicy::default());
        let followed = settings(&config).followed(&Updates { root: b"{}", channel: "stable", models: vec!["tiny"] });
        let mut expected = UpdatePolicy::new("{}", "stable");
        expected.models.push("tiny".to_owned());
        assert_eq!(followed, Ok(expected));
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
    fn a_step_or_an_admission_that_is_none_is_refused_by_its_name() {
        let config = default();
        let refused = |chain: &[u32], admission| {
            let settings = Settings { chains: vec![("tiny", chain)], admission: Some(admission), ..settings(&config) };
            settings.to_config().err().map(|failure| format!("{} {}", failure.code, failure.culprit))
        };
        assert_eq!(refused(&[1, 0, 2], r#"{"licenses": ["MIT"]}"#), None);
        assert_eq!(refused(&[3], "{}").as_deref(), Some("unknown_value fallback_chains.steps"));
        assert_eq!(refused(&[], r#"{"license": []}"#).as_deref(), Some("not_a_policy admission"));
    }

    #[test]
    fn a_config_of_another_size_is_refused() {
        assert!(check_size(size_of::<Config>()).is_ok());
        for size in [0, size_of::<Config>() - 8, size_of::<Config>() + 8, usize::MAX] {
            assert_eq!(check_size(size).unwrap_err().code, "wrong_size");
        }
    }
}

//! The config that C begins with: the runtime's own defaults.

use std::ptr;
use std::time::Duration;

use dunlin::fallback::FallbackPolicy;
use dunlin::journal::{Durability, Retention};
use dunlin::monitor::MonitorConfig;
use dunlin::{TrialPolicy, UpdatePolicy};

use crate::abi::config::{Config, DUNLIN_DURABILITY_BATCHED};
use crate::settings::FLAGS;

/// The runtime's own defaults.
pub(crate) fn config() -> Config {
    let (retention, monitor, policy) = (Retention::default(), MonitorConfig::default(), FallbackPolicy::default());
    let (trial, updates) = (TrialPolicy::default(), UpdatePolicy::new("", ""));
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
        fallback_chains: ptr::null(),
        fallback_chain_count: 0,
        admission: ptr::null(),
        trial_shadow_share: trial.shadow_share,
        trial_shadow_cpu: trial.shadow_cpu,
        trial_canary_share: trial.canary_share,
        trial_alpha: trial.alpha,
        trial_quality_margin: trial.quality_margin,
        trial_behaviour_margin: trial.behaviour_margin,
        trial_min_compared: trial.min_compared,
        trial_min_labelled: trial.min_labelled,
        trial_max_non_finite: trial.max_non_finite,
        trial_min_agreement: trial.min_agreement,
        updates_root: ptr::null(),
        updates_root_length: 0,
        updates_channel: ptr::null(),
        updates_over_metered: u32::from(updates.over_metered),
        updates_max_bytes: updates.max_bytes,
        updates_models: ptr::null(),
        updates_model_count: 0,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

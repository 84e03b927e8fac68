//! Who answers where a model abstains: in what order, and when a larger model elsewhere may be asked.

use std::time::Duration;

use dunlin::fallback;

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

/// Somebody who may answer where a model abstains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum FallbackStep {
    /// The version before the active one, where the device still has it.
    Previous,
    /// The bundle's baseline, where it has one.
    Baseline,
    /// A larger model elsewhere, where the policy lets it be asked; beside the answer, whatever its place.
    Cloud,
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

impl From<FallbackStep> for dunlin::FallbackStep {
    fn from(step: FallbackStep) -> Self {
        match step {
            FallbackStep::Previous => Self::Previous,
            FallbackStep::Baseline => Self::Baseline,
            FallbackStep::Cloud => Self::Cloud,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_in_the_runtime() {
        assert_eq!(fallback::FallbackPolicy::from(FallbackPolicy::default()), fallback::FallbackPolicy::default());
    }

    #[test]
    fn what_is_given_is_taken() {
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
            ..fallback::FallbackPolicy::default()
        };
        assert_eq!(fallback::FallbackPolicy::from(policy), expected);
    }
}

//! What the app decides: when to ask, what may leave, and how much of it.

use std::collections::BTreeSet;
use std::time::Duration;

use dunlin_bundle::schema::Feature;
use dunlin_predictor::{Reason, Verdict};

use super::policy::{DEADLINE, FAILURES, OPEN_FOR, REQUESTS_A_DAY};

/// When a prediction may ask the cloud, and with what.
///
/// ```
/// use dunlin::fallback::{AskOn, FallbackPolicy};
///
/// let policy = FallbackPolicy {
///     ask_on: [AskOn::LowConfidence].into(),
///     features: Some(["visits".to_owned()].into()),
///     ..FallbackPolicy::default()
/// };
/// assert!(policy.requests_a_day > 0 && !policy.ask_over_baseline);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FallbackPolicy {
    /// The reasons of abstention that may ask. A prediction asks only if all of its reasons are among them.
    pub ask_on: BTreeSet<AskOn>,
    /// Ask also when the baseline answered in the model's place.
    pub ask_over_baseline: bool,
    /// The features that may leave; `None` for all that the schema lets leave. A feature that the schema keeps here stays
    /// here whatever this says.
    pub features: Option<BTreeSet<String>>,
    /// How long an answer is taken.
    pub deadline: Duration,
    /// Requests a day, counted from the first one.
    pub requests_a_day: u32,
    /// Failures in a row after which nothing is asked for a while; 0 counts as 1.
    pub failures: u32,
    /// For how long nothing is asked then; after it a single request probes whether the service is back.
    pub open_for: Duration,
}

/// A reason of abstention that may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
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

impl AskOn {
    /// Its code, the same as that of the guard's reason.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::LowConfidence => "low_confidence",
            Self::FarFromReference => "far_from_reference",
            Self::OutOfRange => "out_of_range",
            Self::NonFinite => "non_finite",
        }
    }
}

impl Default for FallbackPolicy {
    /// A model that is unsure, or out of its depth, may ask; one that computes nonsense needs mending instead.
    fn default() -> Self {
        Self {
            ask_on: [AskOn::LowConfidence, AskOn::FarFromReference].into(),
            ask_over_baseline: false,
            features: None,
            deadline: DEADLINE,
            requests_a_day: REQUESTS_A_DAY,
            failures: FAILURES,
            open_for: OPEN_FOR,
        }
    }
}

impl FallbackPolicy {
    /// Whether a verdict may ask. A reason that this version has no word for never does.
    pub(crate) fn asks_on(&self, verdict: &Verdict) -> bool {
        let asks = |reason: &Reason| self.ask_on.iter().any(|on| on.code() == reason.code());
        !verdict.is_accept() && verdict.reasons().iter().all(asks)
    }

    /// Whether a feature may leave: the schema must let it, and the app may not have kept it back.
    pub(crate) fn lets_leave(&self, feature: &Feature) -> bool {
        feature.may_leave && self.features.as_ref().is_none_or(|names| names.contains(&feature.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abstain<const N: usize>(reasons: [Reason; N]) -> Verdict {
        Verdict::Abstain(reasons.into())
    }

    fn every_reason() -> [Reason; 4] {
        [
            Reason::LowConfidence { output: "y".into(), confidence: 0.2, min: 0.5 },
            Reason::FarFromReference { scalar: "x".into(), distance: 9.0, max: 8.0 },
            Reason::OutOfRange { output: "y".into() },
            Reason::NonFinite { output: "y".into() },
        ]
    }

    #[test]
    fn a_verdict_asks_only_if_every_reason_may() {
        let [unsure, far, out_of_range, non_finite] = every_reason();
        let policy = FallbackPolicy::default();
        assert!(policy.asks_on(&abstain([unsure.clone()])) && policy.asks_on(&abstain([unsure.clone(), far])));
        assert!(!policy.asks_on(&abstain([out_of_range.clone()])) && !policy.asks_on(&abstain([non_finite])));
        assert!(!policy.asks_on(&abstain([unsure, out_of_range])));
        assert!(!policy.asks_on(&Verdict::Accept));
    }

    #[test]
    fn each_reason_can_be_let_ask_alone() {
        let all = [AskOn::LowConfidence, AskOn::FarFromReference, AskOn::OutOfRange, AskOn::NonFinite];
        for (on, reason) in all.into_iter().zip(every_reason()) {
            assert_eq!(on.code(), reason.code());
            let policy = FallbackPolicy { ask_on: [on].into(), ..FallbackPolicy::default() };
            let asking = every_reason().iter().filter(|reason| policy.asks_on(&abstain([(*reason).clone()]))).count();
            assert!(policy.asks_on(&abstain([reason])) && asking == 1);
        }
    }

    #[test]
    fn the_app_narrows_what_may_leave_and_never_widens_it() {
        let feature = |name: &str, may_leave: bool| -> Feature {
            let json = serde_json::json!({"name": name, "type": "NUMBER", "may_leave": may_leave});
            serde_json::from_value(json).unwrap()
        };
        let (open, kept) = (feature("open", true), feature("kept", false));
        let narrowed = |names: &[&str]| FallbackPolicy {
            features: Some(names.iter().map(|name| (*name).to_owned()).collect()),
            ..FallbackPolicy::default()
        };
        assert!(FallbackPolicy::default().lets_leave(&open) && !FallbackPolicy::default().lets_leave(&kept));
        assert!(!narrowed(&[]).lets_leave(&open) && narrowed(&["open"]).lets_leave(&open));
        assert!(!narrowed(&["open", "kept"]).lets_leave(&kept), "the app cannot widen it");
    }
}

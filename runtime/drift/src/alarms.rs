//! Which of a window's features have drifted.

use serde::{Deserialize, Serialize};

use crate::policy::{ALPHA, MIN_EFFECT};
use crate::{Comparison, benjamini_hochberg};

/// A comparison in the company of the window's other features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The comparison.
    pub comparison: Comparison,
    /// Its p-value, adjusted for all features compared at the same time.
    pub p_adjusted: f64,
    /// Whether it is both surprising (`p_adjusted` below [`ALPHA`]) and worth a word (effect at least [`MIN_EFFECT`]).
    pub alarm: bool,
}

/// Judges the features of one window together. A feature without enough evidence stays `None`, but counts among those
/// that were asked: which features have evidence is itself read from the window, and chance would pick them.
///
/// ```
/// use dunlin_drift::{Bins, Histogram, alarms, compare};
///
/// let mut reference = Histogram::empty(Bins::levels(["day", "night"]));
/// (0..500).for_each(|i| reference.add_level(if i % 2 == 0 { "day" } else { "night" }));
/// let mut window = Histogram::empty(reference.bins().clone());
/// (0..60).for_each(|_| window.add_level("night"));
/// let judged = alarms(&[compare(&reference, 500.0, &window, 60.0), None]);
/// assert!(judged[0].as_ref().is_some_and(|j| j.alarm) && judged[1].is_none());
/// ```
#[must_use]
pub fn alarms(comparisons: &[Option<Comparison>]) -> Vec<Option<Judged>> {
    let p_values: Vec<f64> = comparisons.iter().map(|c| c.as_ref().map_or(1.0, |c| c.p_value)).collect();
    let judge = |(comparison, p_adjusted): (&Option<Comparison>, f64)| {
        let comparison = comparison.clone()?;
        let alarm = p_adjusted < ALPHA && comparison.effect >= MIN_EFFECT;
        Some(Judged { comparison, p_adjusted, alarm })
    };
    comparisons.iter().zip(benjamini_hochberg(&p_values)).map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Test;

    fn compared(p_value: f64, effect: f64) -> Option<Comparison> {
        let (psi, statistic, bins) = (effect, 0.0, 2);
        let (n, n_effective, reference_n, reference_n_effective) = (50, 50.0, 1000, 1000.0);
        let test = Test::FisherExact;
        Some(Comparison {
            test,
            statistic,
            p_value,
            psi,
            effect,
            n,
            n_effective,
            reference_n,
            reference_n_effective,
            bins,
        })
    }

    #[test]
    fn an_alarm_is_both_surprising_and_worth_a_word() {
        let judged = alarms(&[compared(1e-5, 0.2), compared(1e-5, 0.04), None, compared(0.02, 0.9)]);
        let told: Vec<Option<bool>> = judged.iter().map(|j| j.as_ref().map(|j| j.alarm)).collect();
        assert_eq!(told, [Some(true), Some(false), None, Some(false)]);
    }

    #[test]
    fn company_raises_p_values_be_there_evidence_or_not() {
        let alone = alarms(&[compared(0.004, 0.2)]);
        assert!(alone[0].as_ref().unwrap().alarm);
        for company in [compared(0.5, 0.0), None] {
            let among = alarms(&[compared(0.004, 0.2), company.clone(), company]);
            assert!(!among[0].as_ref().unwrap().alarm);
        }
    }
}

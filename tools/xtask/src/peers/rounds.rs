//! Rounds in which every engine runs a burst of every model, and what they come to.

/// Nanoseconds of an inference, one number a round.
#[derive(Clone, Debug, Default)]
pub(super) struct Series(pub(super) Vec<f64>);

impl Series {
    pub(super) fn median(&self) -> f64 {
        quantile(&self.0, 0.5)
    }

    pub(super) fn lower_quartile(&self) -> f64 {
        quantile(&self.0, 0.25)
    }

    /// The median over the rounds of this engine's time divided by another's in the same round: what slowed the machine
    /// down for a while slowed both.
    pub(super) fn ratio_to(&self, other: &Self) -> f64 {
        quantile(&self.0.iter().zip(&other.0).map(|(mine, theirs)| mine / theirs).collect::<Vec<_>>(), 0.5)
    }
}

/// By linear interpolation; NaN of nothing.
pub(super) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(f64::NAN);
    at(place.floor()) + (at(place.ceil()) - at(place.floor())) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 0.5), 2.5);
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0, 5.0], 0.25), 2.0);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn a_ratio_pairs_the_rounds() {
        let (fast, slow) = (Series(vec![1.0, 10.0, 1.0]), Series(vec![2.0, 20.0, 2.0]));
        assert_eq!(fast.ratio_to(&slow), 0.5);
    }
}

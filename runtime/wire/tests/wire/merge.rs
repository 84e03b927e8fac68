//! Adding: in any order and grouping the counts are the same, and nothing is added that does not add.

use dunlin_wire::{MergeError, ModelVersion, Summary};
use proptest::prelude::*;

use crate::message::summary;

fn sum(left: &Summary, right: &Summary) -> Summary {
    let mut sum = left.clone();
    sum.merge(right).expect("they are of one model and the same bins");
    sum
}

/// Everything but alarms, of which one of each kind and subject is kept.
fn counts(summary: &Summary) -> Summary {
    let mut counts = summary.clone();
    counts.alarms.clear();
    counts
}

/// A histogram that is stored from another first bucket on counts the same.
fn same(left: &Summary, right: &Summary) -> Result<(), TestCaseError> {
    let (mut left, mut right) = (counts(left), counts(right));
    prop_assert_eq!(left.latency.bounds().collect::<Vec<_>>(), right.latency.bounds().collect::<Vec<_>>());
    left.latency = Default::default();
    right.latency = Default::default();
    prop_assert_eq!(left, right);
    Ok(())
}

proptest! {
    #[test]
    fn the_order_of_adding_does_not_matter(a in summary(1), b in summary(2)) {
        same(&sum(&a, &b), &sum(&b, &a))?;
    }

    #[test]
    fn the_grouping_of_adding_does_not_matter(a in summary(1), b in summary(2), c in summary(3)) {
        same(&sum(&sum(&a, &b), &c), &sum(&a, &sum(&b, &c)))?;
    }

    #[test]
    fn adding_to_nothing_changes_nothing(a in summary(1)) {
        same(&sum(&Summary::empty(a.model.clone()), &a), &a)?;
    }

    #[test]
    fn a_sum_covers_the_windows_of_both_and_its_verdicts_add_up(a in summary(1), b in summary(2)) {
        let sum = sum(&a, &b);
        prop_assert_eq!(sum.window_count(), a.window_count() + b.window_count());
        prop_assert_eq!(sum.rows, a.rows + b.rows);
        prop_assert_eq!(sum.verdicts.values().sum::<u64>(), sum.rows);
    }

    #[test]
    fn what_does_not_add_is_left_as_it_was(a in summary(1), b in summary(2)) {
        let mut other_version = b.clone();
        other_version.model = ModelVersion { sequence: 8, ..b.model.clone() };
        let mut other_bins = b;
        other_bins.features[1].counts.push(0);
        let mut kept = a.clone();
        prop_assert_eq!(kept.merge(&other_version), Err(MergeError::OtherModel));
        prop_assert_eq!(kept.merge(&other_bins), Err(MergeError::OtherBins { feature: "feature 1".into() }));
        prop_assert_eq!(kept, a);
    }
}

//! Any message, for the property tests, and that reading gives back what was written.

use std::collections::BTreeMap;

use dunlin_wire::{
    AlarmSummary, Envelope, FeatureSummary, LabelSummary, Latency, ModelVersion, Severity, Summary, WindowRange,
    decode, encode,
};
use proptest::prelude::*;

/// Counts by name. Small enough that sums of them are exact.
fn table() -> impl Strategy<Value = BTreeMap<String, u64>> {
    prop::collection::btree_map("[a-z_.]{0,12}", 0..1u64 << 40, 0..5)
}

fn latency() -> impl Strategy<Value = Latency> {
    prop::collection::vec(any::<u64>(), 0..20).prop_map(|all| {
        let mut latency = Latency::default();
        all.into_iter().for_each(|us| latency.add(us));
        latency
    })
}

fn features() -> impl Strategy<Value = Vec<FeatureSummary>> {
    // Always the same names and bins, so that any two of them add.
    prop::collection::vec((prop::array::uniform3(0..1u64 << 40), any::<[u16; 4]>()), 2).prop_map(|all| {
        let feature = |(index, (counts, other)): (usize, ([u64; 3], [u16; 4]))| FeatureSummary {
            name: format!("feature {index}"),
            counts: counts.to_vec(),
            missing: other[0].into(),
            out_of_domain: other[1].into(),
            unseen: other[2].into(),
            non_finite: other[3].into(),
        };
        all.into_iter().enumerate().map(feature).collect()
    })
}

fn labels() -> impl Strategy<Value = LabelSummary> {
    prop::collection::vec((prop::option::of("[ab]"), any::<bool>()), 0..6).prop_map(|all| {
        let mut labels = LabelSummary::default();
        all.iter().for_each(|(class, wrong)| labels.add(class.as_deref(), *wrong));
        labels
    })
}

fn alarms() -> impl Strategy<Value = Vec<AlarmSummary>> {
    let alarm = ("[ab]", "[xyz]", any::<bool>(), any::<i64>(), 0..1000u64, prop::option::of(-1e9..1e9)).prop_map(
        |(kind, subject, loud, since_us, windows, number)| AlarmSummary {
            kind,
            subject,
            severity: if loud { Severity::Alarm } else { Severity::Information },
            since_us,
            windows,
            test: number.map(|_| "chi_square".to_owned()),
            statistic: number,
            p_value: number,
            effect: number,
            n_effective: number,
        },
    );
    prop::collection::vec(alarm, 0..4)
}

/// A sound summary whose windows are of one epoch, `first..=last`.
pub(crate) fn summary(epoch: u32) -> impl Strategy<Value = Summary> {
    let parts = ((table(), table()), table(), table(), table(), latency(), features(), labels(), alarms(), table());
    (parts, 0..1000u32, 0..50u32, any::<[i64; 2]>()).prop_map(move |(parts, first, more, times)| {
        let ((verdicts, model_states), reasons, answered_by, kernel_sets, latency, features, labels, alarms, counters) =
            parts;
        let model = ModelVersion { id: "digits".into(), version: "1.0.0".into(), sequence: 7 };
        Summary {
            windows: vec![WindowRange { epoch, first, last: first + more }],
            started_us: times[0],
            ended_us: times[1],
            rows: verdicts.values().sum(),
            verdicts,
            reasons,
            answered_by,
            kernel_sets,
            model_states,
            latency,
            features,
            labels,
            alarms,
            counters,
            ..Summary::empty(model)
        }
    })
}

proptest! {
    #[test]
    fn reading_gives_back_what_was_written(summary in summary(3), id in "[0-9a-f-]{1,36}", install in "[0-9a-f]{1,32}") {
        let sent = Envelope::new(id, &install, summary);
        let bytes = encode(&sent).expect("it can be written");
        prop_assert_eq!(decode(&bytes), Ok(sent));
    }
}

//! A summary is small: a device may be on a metered line.

use std::collections::BTreeMap;

use dunlin_wire::{
    AlarmSummary, Envelope, FeatureSummary, Latency, ModelVersion, Severity, Summary, WindowRange, encode,
};

const ROWS: u64 = 1_000;
const FEATURES: usize = 20;
const BINS: u64 = 33;
const MOST_BYTES: usize = 2048;

const NAMES: [&str; FEATURES] = [
    "age_years",
    "amount_eur",
    "balance_after",
    "battery_percent",
    "cabin_temperature",
    "country",
    "device_class",
    "distance_km",
    "engine_speed",
    "hour_of_day",
    "humidity",
    "is_weekend",
    "merchant_category",
    "oil_pressure",
    "probabilities.confidence",
    "session_length",
    "speed_kmh",
    "vibration.mean",
    "vibration.standard_deviation",
    "weekday",
];

/// A stand-in for chance that is the same everywhere.
fn dice(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn table(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()
}

fn features() -> Vec<FeatureSummary> {
    let mut state = 1;
    let feature = |name: &&str| {
        let mut counts = vec![0; BINS as usize];
        let missing = dice(&mut state) % 40;
        for _ in 0..ROWS - missing {
            // The sum of two dice: fuller in the middle, as most features are.
            let bin = (dice(&mut state) % 17 + dice(&mut state) % 17) % BINS;
            counts[bin as usize] += 1;
        }
        FeatureSummary { name: (*name).to_owned(), counts, missing, ..FeatureSummary::default() }
    };
    NAMES.iter().map(feature).collect()
}

fn alarm(kind: &str, subject: &str, p_value: f64) -> AlarmSummary {
    AlarmSummary {
        kind: kind.into(),
        subject: subject.into(),
        severity: Severity::Alarm,
        since_us: 1_789_000_123_456_789,
        windows: 3,
        test: Some("chi_square".into()),
        statistic: Some(98.434_172_1),
        p_value: Some(p_value),
        effect: Some(0.134_219_87),
        n_effective: Some(871.25),
    }
}

#[test]
fn a_window_of_a_thousand_rows_and_twenty_features_takes_at_most_two_kibibytes() {
    let mut latency = Latency::default();
    let mut state = 7;
    (0..ROWS).for_each(|_| latency.add(80 + dice(&mut state) % 300));
    let model = ModelVersion { id: "card-fraud".into(), version: "2.11.0".into(), sequence: 41 };
    let summary = Summary {
        windows: vec![WindowRange { epoch: 117, first: 20, last: 23 }],
        started_us: 1_789_000_000_123_456,
        ended_us: 1_789_014_400_654_321,
        rows: ROWS,
        verdicts: table(&[("accept", 953), ("abstain", 36), ("refused", 11)]),
        reasons: table(&[("low_confidence", 21), ("far_from_reference", 15), ("out_of_domain", 8), ("missing", 3)]),
        answered_by: table(&[("model", 953), ("baseline", 36), ("none", 11)]),
        kernel_sets: table(&[("candle/aarch64+neon+dotprod/ggml", ROWS)]),
        latency,
        features: features(),
        alarms: vec![
            alarm("drift", "amount_eur", 1.234_567_89e-9),
            alarm("drift", "vibration.mean", 0.003_218_834),
            alarm("training_mismatch", "cabin_temperature", 2.2e-16),
        ],
        counters: table(&[
            ("dropped_full", 0),
            ("write_failed", 2),
            ("evicted_rows", 120_411),
            ("crash_lost_at_most", 17),
            ("summaries_merged", 4),
            ("uploads_rejected", 1),
            ("predictions", 1_204_112),
            ("opens", 117),
        ]),
        ..Summary::empty(model)
    };
    let envelope = Envelope::new("0190a6d2-7c1e-7b3a-9f42-5b8e1d0c6a97", "5f0c9a1be2d34c7688aa01de5b6f7c90", summary);
    let (sent, json) = (encode(&envelope).expect("it can be written"), serde_json::to_vec(&envelope).expect("as well"));
    eprintln!("{} bytes as sent, {} as JSON", sent.len(), json.len());
    assert!(sent.len() <= MOST_BYTES, "{} bytes", sent.len());
}

//! The bundle as a whole: its name, its sequence, what it takes to run, and what is nobody's affair but its own.

use dunlin_bundle::Contents;
use dunlin_bundle::compat::{Level, compare};
use dunlin_engine::PlanEngine;
use dunlin_predictor::{LoadError, Predictor};
use dunlin_tests::fixture::{floats, tiny_parts};

use super::Pair;
use super::model::record;

#[test]
fn a_bundle_is_compatible_with_itself_and_with_the_next_of_the_same_schema() {
    let same = Pair::after(|new| new.sequence = 1);
    assert_eq!(same.said(), [""; 0]);
    assert_eq!(same.old.digest(), same.new.digest());
    let next = Pair::after(|_| {});
    assert_eq!((next.said(), next.compared().level()), (Vec::new(), Level::Compatible));
    assert_ne!(next.old.digest(), next.new.digest());
}

#[test]
fn another_objective_is_a_matter_of_the_bundle_alone() {
    let old = tiny_parts();
    let mut new = tiny_parts();
    // Trained for something else: other weights, other transforms, other thresholds, other scores, no golden case the same.
    new.sequence += 1;
    new.safetensors = Some(floats(&[
        ("first.weight", &[6, 8], &[0.5; 48]),
        ("first.bias", &[6], &[0.1; 6]),
        ("second.weight", &[3, 6], &[0.2; 18]),
        ("second.bias", &[3], &[0.0; 3]),
    ]));
    new.transforms.inputs[0].columns[0].transforms.clear();
    new.reference.guard.min_confidence = Some(0.2);
    new.reference.metrics.insert("log_loss".to_owned(), 0.4);
    new.golden.cases.truncate(3);
    let [old, new] = [old, new].map(|parts| Contents::read_unsigned(parts.write().unwrap()).unwrap());
    assert_eq!(compare(&old, &new).findings, []);
    let record = dunlin_tests::fixture::records().remove(1).into();
    super::answer(&old, &record).unwrap();
    super::answer(&new, &record).unwrap();
}

#[test]
fn a_bundle_without_the_baseline_that_was_there_is_a_note() {
    let (old, mut new) = (tiny_parts(), tiny_parts());
    (new.sequence, new.baseline, new.reference.baseline_guard) = (8, None, None);
    let [old, new] = [old, new].map(|parts| Contents::read_unsigned(parts.write().unwrap()).unwrap());
    let compat = compare(&old, &new);
    assert_eq!((compat.level(), compat.findings[0].code), (Level::Note, "baseline_removed"));
    assert!(Predictor::load_baseline(&PlanEngine::default(), &old).unwrap().is_some());
    assert!(Predictor::load_baseline(&PlanEngine::default(), &new).unwrap().is_none());
}

#[test]
fn another_name_or_a_lower_sequence_is_incompatible_and_the_same_sequence_a_note() {
    assert_eq!(Pair::after(|new| new.id = "other").said(), ["incompatible: the bundle: other_model"]);
    assert_eq!(Pair::after(|new| new.sequence = 0).said(), ["incompatible: the bundle: older"]);
    let twin = Pair::after(|new| {
        new.sequence = 1;
        new.feature("used")["unit"] = serde_json::json!("m");
    });
    assert_eq!(twin.said(), ["note: feature `used`: feature_unit", "note: the bundle: same_sequence"]);
}

#[test]
fn a_later_engine_that_is_needed_is_a_note_as_runtimes_before_it_refuse_the_bundle() {
    let pair = Pair::after(|new| new.requires_engine = Some(semver::Version::new(99, 0, 0)));
    assert_eq!(pair.said(), ["note: the bundle: engine_version"]);
    pair.by_old(&record()).unwrap();
    let refused = Predictor::load(&PlanEngine::default(), &pair.new).err();
    assert!(matches!(refused, Some(LoadError::EngineTooOld { .. })), "{refused:?}");
}

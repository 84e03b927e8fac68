//! Labels and outcomes: joined by id, the last one stands, and unknown ids are told or counted.

use super::*;
use crate::ids::PredictionId;

#[test]
fn a_label_may_come_before_its_prediction_is_on_the_disk() {
    let mut bench = Bench::new();
    let journal = bench.open(patient(100));
    let (id, _) = journal.append(bench.row());
    assert_eq!(journal.label(id, &7.into()), Ok(Appended::Queued));
    assert_eq!(journal.outcome(id, "parcel_arrived", &true.into()), Ok(Appended::Queued));
    journal.flush().unwrap();
    let read = bench.reader().prediction(id).unwrap().unwrap();
    assert_eq!(read.label, Some(Scalar::Integer(7)));
    assert_eq!(read.outcomes["parcel_arrived"], Scalar::Boolean(true));
    assert_eq!((bench.count(Counter::Labels), bench.count(Counter::Outcomes)), (1, 1));
}

#[test]
fn the_last_label_and_the_last_value_of_an_outcome_stand() {
    let mut bench = Bench::new();
    let journal = bench.open(sync());
    let (id, _) = journal.append(bench.row());
    for value in [Scalar::from("cat"), Scalar::from(0.5), Scalar::from("dog")] {
        assert_eq!(journal.label(id, &value), Ok(Appended::Written));
        assert_eq!(journal.outcome(id, "seen", &value), Ok(Appended::Written));
    }
    let read = bench.reader().prediction(id).unwrap().unwrap();
    assert_eq!((read.label, &read.outcomes["seen"]), (Some("dog".into()), &"dog".into()));
    assert_eq!(bench.reader().totals().unwrap().labels, 1);
}

#[test]
fn a_label_of_an_earlier_opening_s_prediction_is_taken() {
    let mut bench = Bench::new();
    let journal = bench.open(sync());
    let (id, _) = journal.append(bench.row());
    journal.close().unwrap();
    let journal = bench.open(sync());
    assert_eq!(journal.label(id, &1.into()), Ok(Appended::Written));
}

#[test]
fn an_id_that_was_never_given_out_is_refused_at_once() {
    let mut bench = Bench::new();
    let journal = bench.open(patient(100));
    let id = PredictionId::new(Epoch::counted(bench.epoch).unwrap(), 1);
    assert_eq!(journal.label(id, &1.into()), Err(LabelError::UnknownPrediction { id }));
    assert_eq!(bench.count(Counter::UnknownId), 1);
}

#[test]
fn an_unknown_id_of_another_opening_is_told_in_sync_mode_and_counted_in_batched_mode() {
    let mut bench = Bench::new();
    let id: PredictionId = "77-1".parse().unwrap();
    let journal = bench.open(sync());
    assert_eq!(journal.outcome(id, "x", &1.into()), Err(LabelError::UnknownPrediction { id }));
    journal.close().unwrap();
    let journal = bench.open(patient(100));
    assert_eq!(journal.label(id, &1.into()), Ok(Appended::Queued));
    journal.flush().unwrap();
    assert_eq!(bench.count(Counter::UnknownId), 2);
    assert_eq!(bench.reader().totals().unwrap().labels, 0, "no label is left without its prediction");
}

#[test]
fn values_that_cannot_be_kept_are_refused_by_name() {
    let mut bench = Bench::new();
    let journal = bench.open(sync());
    let (id, _) = journal.append(bench.row());
    let refused = journal.outcome(id, "ratio", &f64::NAN.into());
    assert_eq!(refused, Err(LabelError::NotFinite { name: "ratio".into() }));
    let refused = journal.label(id, &"x".repeat(2_000).into());
    assert_eq!(refused, Err(LabelError::TooLong { name: "label".into(), found_bytes: 2_000, max_bytes: 1_024 }));
    let refused = journal.outcome(id, &"n".repeat(2_000), &1.into());
    assert!(matches!(refused, Err(LabelError::TooLong { name, .. }) if name.len() == 32));
}

#[test]
fn a_scalar_keeps_its_type_through_json() {
    for scalar in [Scalar::from(true), Scalar::from(3), Scalar::from(3.0), Scalar::from("3"), Scalar::from(1e300)] {
        let text = scalar.to_json("x").unwrap();
        assert_eq!(serde_json::from_str::<Scalar>(&text).unwrap(), scalar, "{text}");
    }
}

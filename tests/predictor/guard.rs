//! Each rule of the guard fires when it should, and not otherwise.

use dunlin_bundle::reference::GuardThresholds;
use dunlin_bundle::schema::Schema;
use dunlin_bundle::tensor::Tensor;
use dunlin_engine::RawOutput;
use dunlin_features::{Record, RecordSchema, Scalars};
use dunlin_predictor::{Guard, LoadError, Prediction, Reason};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::typed;

/// Two numbers and an image in; a class of three, a yes or no, and a price out.
fn schema() -> Schema {
    typed(json!({
        "feature": [
            {"name": "age", "type": "NUMBER"},
            {"name": "income", "type": "NUMBER", "presence": {"min_fraction": 0.0},
                "missing": {"policy": "impute", "value": 9000.0}},
            {"name": "image", "type": "TENSOR", "dtype": "F32", "shape": {"dim": [{"size": 1}, {"size": 2}]},
                "drift_summaries": ["mean", "standard_deviation"]},
        ],
        "output": [
            {"name": "kind", "task": "multiclass_classification", "classes": ["a", "b", "c"]},
            {"name": "member", "task": "binary_classification"},
            {"name": "price", "task": "regression", "float_domain": {"min": 0.0, "max": 10.0}},
        ],
    }))
}

fn record() -> Value {
    json!({"age": 40.0, "income": 2000.0, "image": [[0.0, 1.0]]})
}

fn good_outputs() -> [Vec<f32>; 3] {
    [vec![0.1, 0.7, 0.2], vec![0.9], vec![5.0]]
}

fn judge(thresholds: Value, record: &Value, outputs: &[Vec<f32>; 3]) -> Prediction {
    let schema = RecordSchema::new(schema()).unwrap();
    let record = Record::from_json_str(schema.schema(), &record.to_string()).unwrap();
    let guard = Guard::new(schema.schema(), &typed::<GuardThresholds>(thresholds)).unwrap();
    let tensors = outputs.iter().map(|data| Tensor { shape: vec![1, data.len()], data: data.clone() }).collect();
    schema.check(&record).unwrap();
    guard.judge(&Scalars::of(&record), &RawOutput { tensors })
}

fn judge_outputs(thresholds: Value, outputs: &[Vec<f32>; 3]) -> Prediction {
    judge(thresholds, &record(), outputs)
}

/// Code and culprit of each reason.
fn reasons(prediction: &Prediction) -> Vec<(&str, &str)> {
    prediction.verdict.reasons().iter().map(|reason| (reason.code(), reason.culprit())).collect()
}

#[test]
fn a_good_answer_is_accepted_and_read_as_the_schema_says() {
    let prediction = judge_outputs(json!({"min_confidence": 0.5}), &good_outputs());
    assert!(prediction.verdict.is_accept(), "{:?}", prediction.verdict);
    assert!((prediction.confidence.unwrap() - 0.7).abs() < 1e-6);
    assert_eq!(prediction.distance, None);
    let outputs = prediction.outputs.unwrap();
    assert_eq!(&*outputs[0].class.as_ref().unwrap().name, "b");
    assert_eq!(outputs[1].class.as_ref().unwrap().index, 1);
    assert_eq!((outputs[2].class.as_ref(), outputs[2].values.as_slice()), (None, &[5.0][..]));
}

#[test]
fn outputs_without_their_input_are_judged_by_every_rule_but_the_distance() {
    let far =
        json!({"min_confidence": 0.75, "distance": {"scales": {"age": {"center": 0.0, "scale": 1.0}}, "max": 1.0}});
    let guard = Guard::new(&schema(), &typed::<GuardThresholds>(far.clone())).unwrap();
    let mut outputs = good_outputs();
    outputs[2] = vec![11.0];
    let tensors = outputs.iter().map(|data| Tensor { shape: vec![1, data.len()], data: data.clone() }).collect();
    let alone = guard.judge_outputs(&RawOutput { tensors });
    let both = judge_outputs(far, &outputs);
    assert_eq!(reasons(&alone), [("out_of_range", "price"), ("low_confidence", "kind")]);
    assert_eq!(reasons(&both)[..2], reasons(&alone));
    assert_eq!((reasons(&both)[2].0, alone.distance), ("far_from_reference", None));
    assert_eq!((alone.outputs, alone.confidence), (both.outputs, both.confidence));
}

#[test]
fn nan_or_infinity_anywhere_is_never_an_answer() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for (output, element, name) in [(0, 0, "kind"), (0, 2, "kind"), (1, 0, "member"), (2, 0, "price")] {
            let mut outputs = good_outputs();
            outputs[output][element] = value;
            let prediction = judge_outputs(json!({"min_confidence": 0.5}), &outputs);
            assert_eq!(prediction.outputs, None);
            assert_eq!(prediction.confidence, None);
            assert_eq!(reasons(&prediction), [("non_finite", name)]);
        }
    }
}

#[test]
fn an_output_beyond_its_bounds_is_out_of_range_and_one_on_them_is_not() {
    for (price, out) in [(0.0, false), (10.0, false), (-0.001, true), (10.001, true)] {
        let [kind, member, _] = good_outputs();
        let prediction = judge_outputs(json!({}), &[kind, member, vec![price]]);
        assert_eq!(reasons(&prediction), if out { vec![("out_of_range", "price")] } else { vec![] }, "{price}");
        assert!(prediction.outputs.is_some(), "the values are there to be looked at");
    }
}

#[test]
fn a_class_less_probable_than_the_threshold_is_low_confidence() {
    for (probability, low) in [(0.5, false), (0.75, false), (0.4375, true)] {
        let outputs = [vec![0.0, probability, 0.25], vec![0.5], vec![1.0]];
        let prediction = judge_outputs(json!({"min_confidence": 0.5}), &outputs);
        assert_eq!(reasons(&prediction), if low { vec![("low_confidence", "kind")] } else { vec![] }, "{probability}");
    }
}

#[test]
fn of_a_yes_or_no_the_likelier_side_is_the_class() {
    for (yes, class, low) in [(0.875, 1, false), (0.125, 0, false), (0.625, 1, true), (0.375, 0, true), (0.5, 1, true)]
    {
        let outputs = [vec![1.0, 0.0, 0.0], vec![yes], vec![1.0]];
        let prediction = judge_outputs(json!({"min_confidence": 0.75}), &outputs);
        assert_eq!(reasons(&prediction), if low { vec![("low_confidence", "member")] } else { vec![] }, "{yes}");
        assert_eq!(prediction.outputs.unwrap()[1].class.as_ref().unwrap().index, class, "{yes}");
    }
}

#[test]
fn an_input_far_from_the_training_sample_is_named_by_its_farthest_scalar() {
    let distance = json!({"distance": {"max": 3.0, "scales": {
        "age": {"center": 40.0, "scale": 10.0},
        "image.mean": {"center": 0.5, "scale": 0.25},
    }}});
    let far = |age: f64, image: [f64; 2]| {
        judge(distance.clone(), &json!({"age": age, "income": 1.0, "image": [image]}), &good_outputs())
    };
    let near = far(70.0, [0.5, 0.5]);
    assert!(near.verdict.is_accept(), "three spreads are not more than three");
    assert_eq!(near.distance, Some(3.0));
    assert_eq!(reasons(&far(71.0, [0.5, 0.5])), [("far_from_reference", "age")]);
    assert_eq!(reasons(&far(71.0, [2.0, 2.0])), [("far_from_reference", "image.mean")]);
    let farther = far(0.0, [0.5, 0.5]);
    let [Reason::FarFromReference { distance, max, .. }] = farther.verdict.reasons() else { panic!("{farther:?}") };
    assert_eq!((*distance, *max), (4.0, 3.0));
}

#[test]
fn an_imputed_value_is_not_measured() {
    let distance = json!({"distance": {"max": 3.0, "scales": {"income": {"center": 0.0, "scale": 1.0}}}});
    let missing = judge(distance.clone(), &json!({"age": 40.0, "image": [[0.0, 1.0]]}), &good_outputs());
    assert!(missing.verdict.is_accept(), "{:?}", missing.verdict);
    let same_value_given = json!({"age": 40.0, "income": 9000.0, "image": [[0.0, 1.0]]});
    assert_eq!(reasons(&judge(distance, &same_value_given, &good_outputs())), [("far_from_reference", "income")]);
}

#[test]
fn all_rules_that_fire_are_told() {
    let thresholds = json!({
        "min_confidence": 0.9,
        "distance": {"max": 1.0, "scales": {"age": {"center": 0.0, "scale": 1.0}}},
    });
    let prediction = judge_outputs(thresholds, &[vec![0.5, 0.25, 0.25], vec![1.0], vec![-1.0]]);
    let expected = [("out_of_range", "price"), ("low_confidence", "kind"), ("far_from_reference", "age")];
    assert_eq!(reasons(&prediction), expected);
}

#[test]
fn a_threshold_for_a_scalar_that_is_not_there_is_refused_by_name() {
    for name in ["weight", "image", "image.maximum", "age.mean"] {
        let scales = json!({name: {"center": 0.0, "scale": 1.0}});
        let thresholds = typed(json!({"distance": {"max": 1.0, "scales": scales}}));
        let refused = Guard::new(&schema(), &thresholds).map(drop);
        assert_eq!(refused, Err(LoadError::UnknownScalar { scalar: name.to_owned() }));
    }
}

proptest! {
    #[test]
    fn what_is_accepted_is_finite_in_range_and_confident(
        kind in prop::collection::vec(prop_oneof![0.0..1.0_f32, any::<f32>()], 3),
        member in prop_oneof![0.0..1.0_f32, any::<f32>()],
        price in prop_oneof![-1.0..12.0_f32, any::<f32>()],
    ) {
        let all = kind.iter().chain([&member, &price]).all(|v| v.is_finite());
        let prediction = judge_outputs(json!({"min_confidence": 0.5}), &[kind.clone(), vec![member], vec![price]]);
        prop_assert_eq!(prediction.outputs.is_some(), all);
        if prediction.verdict.is_accept() {
            prop_assert!(all && (0.0..=10.0).contains(&price));
            prop_assert!(kind.iter().any(|v| *v >= 0.5));
        }
    }
}

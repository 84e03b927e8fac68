//! What fitting finds and what applying makes of it.

use super::*;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn schema() -> RecordSchema {
    let schema = serde_json::from_value(json!({
        "feature": [
            {"name": "n", "type": "NUMBER"},
            {"name": "c", "type": "CATEGORY", "string_domain": {"value": ["a", "b"], "unseen": "accept"}},
            {"name": "t", "type": "TENSOR", "dtype": "U8", "shape": {"dim": [{"size": 2}]}}
        ],
        "output": []
    }));
    RecordSchema::new(schema.expect("the schema is well formed")).expect("nothing is imputed")
}

fn spec(feature: &str, width: usize, transforms: Json) -> TransformsSpec {
    let spec = json!({"inputs": [{"name": "x", "shape": [width],
        "columns": [{"feature": feature, "transforms": transforms}]}]});
    serde_json::from_value(spec).expect("the specification is well formed")
}

fn record(n: f64, c: &str) -> Record<'static> {
    let object = json!({"n": n, "c": c, "t": [0, 255]});
    Record::from_json(schema().schema(), object.as_object().expect("it is an object")).expect("it fits the schema")
}

fn apply(transforms: &Transforms, record: &Record<'_>) -> Vec<f32> {
    let schema = schema();
    let features = transforms.apply(&schema.check(record).expect("the record passes")).expect("the values are finite");
    features.tensors()[0].data.clone()
}

fn sample() -> Vec<Record<'static>> {
    (0..100).map(|i| record(f64::from(i), if i % 3 == 0 { "a" } else { "b" })).collect()
}

fn fit(feature: &str, width: usize, transforms: Json) -> Transforms {
    Transforms::fit(&schema(), &spec(feature, width, transforms), &sample()).expect("the sample fits")
}

#[test]
fn each_transform_finds_its_parameters_and_applies_them() {
    let cases = [
        ("n", 1, json!([{"op": "standardize"}]), record(49.5, "a"), vec![0.0]),
        ("n", 1, json!([{"op": "min_max"}]), record(99.0, "a"), vec![1.0]),
        ("n", 1, json!([{"op": "log1p"}]), record(0.0, "a"), vec![0.0]),
        ("n", 1, json!([{"op": "clip"}]), record(1e9, "a"), vec![99.0]),
        ("n", 1, json!([{"op": "clip", "max": 7}]), record(1e9, "a"), vec![7.0]),
        ("n", 1, json!([{"op": "bucketize", "buckets": 4}]), record(60.0, "a"), vec![2.0]),
        (
            "n",
            3,
            json!([{"op": "bucketize", "boundaries": [50]}, {"op": "one_hot"}]),
            record(60.0, "a"),
            vec![0.0, 1.0, 0.0],
        ),
        ("c", 3, json!([{"op": "one_hot"}]), record(0.0, "b"), vec![0.0, 1.0, 0.0]),
        ("c", 3, json!([{"op": "one_hot"}]), record(0.0, "never seen"), vec![0.0, 0.0, 1.0]),
        ("t", 2, json!([{"op": "image_scale"}]), record(0.0, "a"), vec![0.0, 1.0]),
        ("t", 2, json!([{"op": "image_scale", "scale": 2.0, "offset": -1.0}]), record(0.0, "a"), vec![-1.0, 509.0]),
    ];
    for (feature, width, transforms, record, expected) in cases {
        assert_eq!(apply(&fit(feature, width, transforms.clone()), &record), expected, "{transforms}");
    }
}

#[test]
fn a_hash_bucket_is_within_its_range_and_the_same_for_the_same_text() {
    let fitted = fit("c", 1, json!([{"op": "hash_bucket", "buckets": 16}]));
    let (one, again) = (apply(&fitted, &record(0.0, "x")), apply(&fitted, &record(9.0, "x")));
    assert_eq!(one, again);
    assert!(one[0] < 16.0);
}

#[test]
fn what_does_not_fit_together_is_refused_by_feature_and_transform() {
    let schema = schema();
    let cases = [
        (spec("z", 1, json!([])), "uses feature 'z'"),
        (spec("n", 1, json!([{"op": "sharpen"}])), "'sharpen' of feature 'n' is not known"),
        (spec("n", 1, json!([{"op": "standardize", "mean": 0, "std": 0}])), "std above 0"),
        (spec("n", 1, json!([{"op": "standardize", "mean": 0, "std": 1, "typo": 1}])), "typo"),
        (spec("c", 1, json!([{"op": "log1p"}])), "'log1p' of feature 'c' takes numbers"),
        (spec("c", 1, json!([])), "takes numbers, not a text"),
        (spec("t", 3, json!([])), "make 2 values, its shape takes 3"),
        (spec("n", usize::MAX, json!([])), "make 1 values"),
        (spec("n", 1, json!([{"op": "one_hot", "vocabulary": ["a", "a"]}])), "distinct"),
    ];
    for (spec, message) in cases {
        let error = Transforms::compile(schema.schema(), &spec).expect_err(message).to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_value_that_a_transform_cannot_take_is_refused_by_feature() {
    let fitted = fit("n", 1, json!([{"op": "log1p"}]));
    let (schema, record) = (schema(), record(-2.0, "a"));
    let error = fitted.apply(&schema.check(&record).expect("the schema has no domain")).expect_err("ln(-1)");
    assert_eq!(error, TransformError::NonFinite { feature: "n".into() });
}

proptest! {
    #[test]
    fn fitted_transforms_never_panic_and_never_make_a_non_finite_value(n in prop::num::f64::ANY, c in ".*") {
        let chain = json!([{"op": "clip"}, {"op": "log1p"}, {"op": "standardize"}]);
        let (numbers, levels) = (fit("n", 1, chain), fit("c", 3, json!([{"op": "one_hot"}])));
        let (schema, mut record) = (schema(), record(0.0, &c));
        record.set(schema.schema(), "n", n).expect("n is in the schema");
        if let Ok(input) = schema.check(&record) {
            for transforms in [&numbers, &levels] {
                if let Ok(features) = transforms.apply(&input) {
                    prop_assert!(features.tensors()[0].data.iter().all(|v| v.is_finite()));
                }
            }
        } else {
            prop_assert!(!n.is_finite());
        }
    }
}

//! The model `level`: a window of four samples in, and whether their sum is positive, by a logistic function.

use std::collections::BTreeMap;

use dunlin_bundle::Parts;
use dunlin_bundle::golden::{GoldenCase, GoldenHeader, GoldenSet, Tolerance};
use dunlin_bundle::reference::Reference;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::fixture::{floats, tiny_parts};

/// Parts of the model `level`: `low` below a sum of zero, `high` above; unsure, and so abstaining, within 0.4 of it.
#[must_use]
pub fn level_parts() -> Parts {
    let samples = json!({"name": "samples", "type": "TENSOR", "dtype": "F32", "shape": {"dim": [{"size": 4}]},
        "float_domain": {"min": -100.0, "max": 100.0}, "drift_summaries": ["mean", "standard_deviation"]});
    let place = json!({"name": "place", "type": "CATEGORY", "string_domain": {"value": ["roof", "cellar"]},
        "presence": {"min_fraction": 0.0}, "missing": {"policy": "impute", "value": "roof"}});
    let value = |name: &str, width: usize| json!({"name": name, "dtype": "F32", "shape": ["N", width]});
    let place_column = json!({"feature": "place", "transforms": [{"op": "one_hot", "vocabulary": ["roof", "cellar"]}]});
    Parts {
        model_id: "level".to_owned(),
        schema: typed(json!({
            "feature": [samples, place],
            "output": [{"name": "level", "task": "binary_classification", "classes": ["low", "high"]}],
        })),
        transforms: typed(
            json!({"inputs": [{"name": "x", "shape": [7], "columns": [{"feature": "samples"}, place_column]}]}),
        ),
        graph: typed(json!({
            "opset": 17, "inputs": [value("x", 7)], "outputs": [value("level", 1)],
            "initializers": ["sum.weight", "zero"],
            "nodes": [
                {"name": "sum", "op_type": "Gemm", "inputs": ["x", "sum.weight", "zero"], "outputs": ["logit"],
                    "attributes": {"transB": 1}},
                {"name": "level", "op_type": "Sigmoid", "inputs": ["logit"], "outputs": ["level"]},
            ],
        })),
        safetensors: Some(floats(&[
            ("sum.weight", &[1, 7], &[1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]),
            ("zero", &[1], &[0.0]),
        ])),
        reference: Reference { sample_size: 1, guard: typed(json!({"min_confidence": 0.6})), ..Reference::default() },
        golden: golden(),
        golden_tensors: Some(floats(&[("samples", &[1, 4], &[1.0, 2.0, -3.0, 2.0])])),
        baseline: None,
        ..tiny_parts()
    }
}

/// One record worked out on paper: the logistic of 1 + 2 - 3 + 2.
fn golden() -> GoldenSet {
    let tolerance = Tolerance { absolute: 1e-4, relative: 1e-5 };
    let families = BTreeMap::from(["f32", "ggml"].map(|family| (family.to_owned(), tolerance)));
    let case = GoldenCase { record: typed(json!({})), expected: [("level".to_owned(), vec![0.880_797])].into() };
    GoldenSet { header: GoldenHeader { tolerance: [("level".to_owned(), families)].into() }, cases: vec![case] }
}

/// A value from its JSON form.
fn typed<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).expect("the fixture's JSON is of the type")
}

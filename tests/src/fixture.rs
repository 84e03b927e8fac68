//! A small tabular model with every scalar type of feature, made by hand: valid, deterministic, and quick to run.

use std::collections::BTreeMap;

use dunlin_bundle::golden::{GoldenCase, GoldenHeader, GoldenSet, Tolerance};
use dunlin_bundle::graph::Graph;
use dunlin_bundle::manifest::{EngineRequirements, Provenance};
use dunlin_bundle::reference::Reference;
use dunlin_bundle::schema::Schema;
use dunlin_bundle::tensor::DType;
use dunlin_bundle::transform_spec::TransformsSpec;
use dunlin_bundle::{BaselineParts, GgmlType, Parts, Weight, WeightType, gguf_bytes, safetensors_bytes};
use dunlin_drift::{Bins, Histogram};
use serde_json::{Map, Value, json};

use crate::tiny_model::{self, HIDDEN, WIDTH};

/// Parts of the model `tiny`: five features, two layers, three classes, a linear baseline and eight golden cases.
#[must_use]
pub fn tiny_parts() -> Parts {
    Parts {
        model_id: "tiny".to_owned(),
        version: semver::Version::new(1, 2, 3),
        sequence: 7,
        license: Some("MIT".to_owned()),
        provenance: provenance(),
        engine: EngineRequirements::default(),
        latency_budget_us: Some(500),
        max_age_days: Some(90),
        fallback: None,
        objective: None,
        requires: Vec::new(),
        schema: schema(),
        transforms: transforms(),
        graph: graph(),
        safetensors: Some(floats(&[
            ("first.weight", &[HIDDEN, WIDTH], &tiny_model::first_weight()),
            ("first.bias", &[HIDDEN], &tiny_model::first_bias()),
            ("second.weight", &[3, HIDDEN], &tiny_model::second_weight()),
            ("second.bias", &[3], &tiny_model::second_bias()),
        ])),
        gguf: None,
        reference: reference(),
        golden: golden(),
        golden_tensors: None,
        baseline: Some(baseline()),
        readme: "---\nlicense: mit\n---\n# tiny\n\nA model made by hand for tests.\n".to_owned(),
    }
}

/// The parts of `tiny` with a tensor feature and a quantised tensor besides, so that every entry there can be is there.
///
/// # Panics
/// Never: the fixture's tensors are well formed.
#[must_use]
pub fn full_parts() -> Parts {
    let mut parts = tiny_parts();
    parts.schema.feature.push(typed(json!({
        "name": "image", "type": "TENSOR", "dtype": "F32", "shape": {"dim": [{"size": 2}, {"size": 2}]},
        "float_domain": {"min": 0.0, "max": 1.0}, "drift_summaries": ["mean", "gradient_energy"],
    })));
    let cases = parts.golden.cases.len();
    parts.golden_tensors = Some(floats(&[("image", &[cases, 2, 2], &vec![0.5; cases * 4])]));
    let block = [0; 34];
    let tensor = Weight { dtype: WeightType::Ggml(GgmlType::Q8_0), shape: &[1, 32], bytes: &block };
    parts.gguf = Some(gguf_bytes([("wide", tensor)]).expect("the tensor is one block"));
    parts
}

/// Records of the golden set, some of them without the optional `income`, one with an unseen `colour`.
#[must_use]
pub fn records() -> Vec<Map<String, Value>> {
    let colours = ["red", "green", "blue", "violet"];
    let record = |i: usize| {
        let mut record = Map::new();
        record.insert("age".to_owned(), json!(20.0 + 7.5 * i as f64));
        record.insert("visits".to_owned(), json!(i * i));
        record.insert("colour".to_owned(), json!(colours[i % colours.len()]));
        record.insert("member".to_owned(), json!(i.is_multiple_of(2)));
        if !i.is_multiple_of(3) {
            record.insert("income".to_owned(), json!(900.0 * i as f64));
        }
        record
    };
    (0..8).map(record).collect()
}

/// Dense f32 tensors by name, shape and elements, as a safetensors file.
///
/// # Panics
/// When the elements do not fit the shape.
#[must_use]
pub fn floats(tensors: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, _, data)| data.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let dtype = WeightType::Dense(DType::F32);
    let named = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| (*name, Weight { dtype, shape, bytes }));
    safetensors_bytes(named).expect("the elements fit the shape")
}

fn provenance() -> Provenance {
    Provenance {
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        data_sha256: Some("ab".repeat(32)),
        tuner_trial: None,
        reviewer: Some("A. Reviewer".to_owned()),
    }
}

fn schema() -> Schema {
    typed(json!({
        "feature": [
            {"name": "age", "type": "NUMBER", "unit": "a", "float_domain": {"min": 0.0, "max": 120.0}, "privacy": "bucket"},
            {"name": "visits", "type": "INTEGER", "int_domain": {"min": 0}, "privacy": "plain", "may_leave": true},
            {"name": "colour", "type": "CATEGORY", "privacy": "plain", "purpose": "personalisation",
                "string_domain": {"value": ["red", "green", "blue"], "unseen": "accept"}},
            {"name": "member", "type": "BOOLEAN", "privacy": "hash"},
            {"name": "income", "type": "NUMBER", "unit": "EUR", "float_domain": {"min": 0.0},
                "presence": {"min_fraction": 0.5}, "missing": {"policy": "impute", "value": 2000.0}},
        ],
        "output": [{"name": "tier", "task": "multiclass_classification", "classes": ["low", "middle", "high"]}],
    }))
}

fn transforms() -> TransformsSpec {
    typed(json!({"inputs": [{"name": "features", "shape": [WIDTH], "columns": [
        {"feature": "age", "transforms": [{"op": "standardize", "mean": 40.0, "std": 12.0}]},
        {"feature": "visits", "transforms": [{"op": "clip", "min": 0.0, "max": 1000.0}, {"op": "log1p"}]},
        {"feature": "colour", "transforms": [{"op": "one_hot", "vocabulary": ["red", "green", "blue"]}]},
        {"feature": "member"},
        {"feature": "income", "transforms": [{"op": "min_max", "min": 0.0, "max": 10000.0}]},
    ]}]}))
}

fn graph() -> Graph {
    let gemm = json!({"transB": 1});
    typed(json!({
        "opset": 17,
        "inputs": [{"name": "features", "dtype": "F32", "shape": ["N", WIDTH]}],
        "outputs": [{"name": "tier", "dtype": "F32", "shape": ["N", 3]}],
        "initializers": ["first.weight", "first.bias", "second.weight", "second.bias"],
        "nodes": [
            {"name": "first", "op_type": "Gemm", "inputs": ["features", "first.weight", "first.bias"],
                "outputs": ["hidden"], "attributes": gemm},
            {"name": "activation", "op_type": "Relu", "inputs": ["hidden"], "outputs": ["active"]},
            {"name": "second", "op_type": "Gemm", "inputs": ["active", "second.weight", "second.bias"],
                "outputs": ["logits"], "attributes": gemm},
            {"name": "softmax", "op_type": "Softmax", "inputs": ["logits"], "outputs": ["tier"],
                "attributes": {"axis": -1}},
        ],
    }))
}

fn baseline() -> BaselineParts {
    let graph = json!({
        "opset": 17,
        "inputs": [{"name": "features", "dtype": "F32", "shape": ["N", WIDTH]}],
        "outputs": [{"name": "tier", "dtype": "F32", "shape": ["N", 3]}],
        "initializers": ["weight", "bias"],
        "nodes": [
            {"name": "linear", "op_type": "Gemm", "inputs": ["features", "weight", "bias"], "outputs": ["logits"],
                "attributes": {"transB": 1}},
            {"name": "softmax", "op_type": "Softmax", "inputs": ["logits"], "outputs": ["tier"],
                "attributes": {"axis": -1}},
        ],
    });
    BaselineParts {
        transforms: transforms(),
        graph: typed(graph),
        safetensors: floats(&[
            ("weight", &[3, WIDTH], &tiny_model::baseline_weight()),
            ("bias", &[3], &[0.0, 0.1, 0.0]),
        ]),
    }
}

fn reference() -> Reference {
    let records = records();
    let number = |name: &str| {
        let values: Vec<f64> = records.iter().filter_map(|record| record.get(name)?.as_f64()).collect();
        let mut histogram = Histogram::empty(Bins::fit_ordered(&values, 8));
        values.iter().for_each(|value| histogram.add_number(*value));
        (values.len()..records.len()).for_each(|_| histogram.add_missing());
        (name.to_owned(), histogram)
    };
    let mut colours = Histogram::empty(Bins::levels(["red", "green", "blue"]));
    records.iter().filter_map(|record| record["colour"].as_str()).for_each(|level| colours.add_level(level));
    let mut distributions = BTreeMap::from(["age", "visits", "income"].map(number));
    distributions.insert("colour".to_owned(), colours);
    let scale = |center: f64, scale: f64| json!({"center": center, "scale": scale});
    let guard = json!({"min_confidence": 0.34, "distance": {
        "scales": {"age": scale(46.0, 18.0), "visits": scale(12.0, 15.0)}, "max": 8.0}});
    Reference {
        sample_size: records.len() as u64,
        distributions,
        guard: typed(guard),
        baseline_guard: Some(typed(json!({}))),
        metrics: BTreeMap::from([("accuracy".to_owned(), 0.9)]),
        slices: typed(json!([{"slice": "colour=red", "size": 2, "metrics": {"accuracy": 1.0}}])),
        age_curve: typed(json!([{"age_days": 0, "score": 0.9}, {"age_days": 90, "score": 0.85}])),
    }
}

fn golden() -> GoldenSet {
    let tolerance = Tolerance { absolute: 1e-5, relative: 1e-4 };
    let families = BTreeMap::from(["f32", "ggml"].map(|family| (family.to_owned(), tolerance)));
    let case = |record: Map<String, Value>| {
        let answer = tiny_model::answer(&record);
        GoldenCase { record, expected: BTreeMap::from([("tier".to_owned(), answer)]) }
    };
    GoldenSet {
        header: GoldenHeader { tolerance: BTreeMap::from([("tier".to_owned(), families)]) },
        cases: records().into_iter().map(case).collect(),
    }
}

/// A value from its JSON form.
fn typed<T: serde::de::DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).expect("the fixture's JSON is of the type")
}

//! The model `every`: a feature of each type and of each element type, and answers that can be worked out on paper.
//!
//! ```text
//! sum      n + i + 100 b + (10 red, 20 green) + hash(t) + the elements of f, half of u, and of h, s, w, l, + 50 of m, + o
//! side     the logistic function of n: the probability of `yes`
//! inverse  1 / (10 - o)
//! ```
//!
//! `hash(t)` is the 64-bit FNV-1a of the text, modulo 16. The guard wants a probability of 0.6, `n` within 8 of 0 and `sum`
//! within 1000 of 0, so that each of its reasons can be brought about: `o` = 10 makes `inverse` infinite. All but `t` and `o`
//! may leave the device.

use std::collections::BTreeMap;

use dunlin_bundle::golden::{GoldenCase, GoldenHeader, GoldenSet, Tolerance};
use dunlin_bundle::manifest::{EngineRequirements, Provenance};
use dunlin_bundle::reference::Reference;
use dunlin_bundle::{Parts, Weight, WeightType, safetensors_bytes, tensor::DType};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::fixture::floats;

/// Elements that the transforms make of a record.
const WIDTH: usize = 23;

/// What `sum` takes of each element.
const SUM: [f32; WIDTH] = [
    1.0, 1.0, 100.0, 10.0, 20.0, 0.0, 1.0, // n, i, b, c (red, green, anything else), t
    1.0, 1.0, 1.0, 1.0, // f
    0.5, 0.5, 0.5, // u
    1.0, 1.0, 1.0, 1.0, // h, s
    1.0, 1.0, // w, l
    50.0, 50.0, // m
    1.0,  // o
];

/// Parts of the model `every`.
#[must_use]
pub fn every_parts() -> Parts {
    let (mut side, mut below) = ([0.0; WIDTH], [0.0; WIDTH]);
    (side[0], below[WIDTH - 1]) = (1.0, -1.0);
    Parts {
        model_id: "every".to_owned(),
        version: semver::Version::new(1, 0, 0),
        sequence: 1,
        license: Some("MIT".to_owned()),
        provenance: Provenance::default(),
        engine: EngineRequirements::default(),
        latency_budget_us: None,
        max_age_days: None,
        fallback: None,
        objective: None,
        requires: Vec::new(),
        schema: schema(),
        transforms: transforms(),
        graph: graph(),
        safetensors: Some(floats(&[
            ("sum.weight", &[1, WIDTH], &SUM),
            ("side.weight", &[1, WIDTH], &side),
            ("below.weight", &[1, WIDTH], &below),
            ("zero", &[1], &[0.0]),
            ("ten", &[1], &[10.0]),
            ("one", &[1], &[1.0]),
        ])),
        gguf: None,
        reference: reference(),
        golden: golden(),
        golden_tensors: Some(golden_tensors()),
        baseline: None,
        readme: "---\nlicense: mit\n---\n# every\n\nA model made by hand for tests.\n".to_owned(),
    }
}

fn schema<T: DeserializeOwned>() -> T {
    let tensor = |name: &str, dtype: DType, sizes: &[usize]| {
        let dim: Vec<Value> = sizes.iter().map(|size| json!({"size": size})).collect();
        json!({"name": name, "type": "TENSOR", "dtype": dtype, "shape": {"dim": dim}, "may_leave": true})
    };
    let mut f = tensor("f", DType::F32, &[2, 2]);
    f["float_domain"] = json!({"min": 0.0, "max": 1.0});
    let bounded = json!({"min": -1000.0, "max": 1000.0});
    typed(json!({
        "feature": [
            {"name": "n", "type": "NUMBER", "float_domain": {"min": -10.0, "max": 10.0}, "may_leave": true},
            {"name": "i", "type": "INTEGER", "int_domain": {"min": 0, "max": 100}, "may_leave": true},
            {"name": "b", "type": "BOOLEAN", "may_leave": true},
            {"name": "c", "type": "CATEGORY", "string_domain": {"value": ["red", "green"]}, "may_leave": true},
            {"name": "t", "type": "TEXT", "string_domain": {"max_bytes": 8},
                "presence": {"min_fraction": 0.5}, "missing": {"policy": "impute", "value": ""}},
            f,
            tensor("u", DType::U8, &[3]),
            tensor("h", DType::F16, &[2]),
            tensor("s", DType::I8, &[2]),
            tensor("w", DType::I32, &[1]),
            tensor("l", DType::I64, &[1]),
            tensor("m", DType::Bool, &[2]),
            {"name": "o", "type": "NUMBER",
                "presence": {"min_fraction": 0.5}, "missing": {"policy": "impute", "value": 0.5}},
        ],
        "output": [
            {"name": "sum", "task": "regression", "float_domain": bounded, "unit": "points"},
            {"name": "side", "task": "binary_classification", "classes": ["no", "yes"]},
            {"name": "inverse", "task": "regression"},
        ],
    }))
}

fn transforms<T: DeserializeOwned>() -> T {
    let plain = |name: &str| json!({"feature": name});
    let mut columns = vec![
        plain("n"),
        plain("i"),
        plain("b"),
        json!({"feature": "c", "transforms": [{"op": "one_hot", "vocabulary": ["red", "green"]}]}),
        json!({"feature": "t", "transforms": [{"op": "hash_bucket", "buckets": 16}]}),
    ];
    columns.extend(["f", "u", "h", "s", "w", "l", "m", "o"].map(plain));
    typed(json!({"inputs": [{"name": "x", "shape": [WIDTH], "columns": columns}]}))
}

fn graph<T: DeserializeOwned>() -> T {
    let value = |name: &str, width: usize| json!({"name": name, "dtype": "F32", "shape": ["N", width]});
    let product = |name: &str, bias: &str, output: &str| {
        json!({"name": name, "op_type": "Gemm", "inputs": ["x", format!("{name}.weight"), bias], "outputs": [output],
            "attributes": {"transB": 1}})
    };
    typed(json!({
        "opset": 17,
        "inputs": [value("x", WIDTH)],
        "outputs": [value("sum", 1), value("side", 1), value("inverse", 1)],
        "initializers": ["sum.weight", "side.weight", "below.weight", "zero", "ten", "one"],
        "nodes": [
            product("sum", "zero", "sum"),
            product("side", "zero", "logit"),
            {"name": "logistic", "op_type": "Sigmoid", "inputs": ["logit"], "outputs": ["side"]},
            product("below", "ten", "difference"),
            {"name": "divide", "op_type": "Div", "inputs": ["one", "difference"], "outputs": ["inverse"]},
        ],
    }))
}

fn reference() -> Reference {
    let guard =
        json!({"min_confidence": 0.6, "distance": {"scales": {"n": {"center": 0.0, "scale": 1.0}}, "max": 8.0}});
    Reference { sample_size: 1, guard: typed(guard), ..Reference::default() }
}

/// One record worked out on paper: 2 + 3 + 100 + 20 + 12 + 2.5 + 3 + 0.25 + 2 - 7 + 40 + 50 + 0.5, the logistic of 2, and 1 / 9.5.
fn golden() -> GoldenSet {
    let tolerance = Tolerance { absolute: 1e-4, relative: 1e-5 };
    let families = BTreeMap::from(["f32", "ggml"].map(|family| (family.to_owned(), tolerance)));
    let outputs = ["sum", "side", "inverse"].map(|output| (output.to_owned(), families.clone()));
    let expected = [("sum", 228.25), ("side", 0.880_797), ("inverse", 0.105_263_16)];
    let case = GoldenCase {
        record: typed(json!({"n": 2.0, "i": 3, "b": true, "c": "green", "t": "a"})),
        expected: expected.map(|(output, value)| (output.to_owned(), vec![value])).into(),
    };
    GoldenSet { header: GoldenHeader { tolerance: outputs.into() }, cases: vec![case] }
}

/// The tensors of that record, each as one row.
fn golden_tensors() -> Vec<u8> {
    let f: Vec<u8> = [0.25_f32, 0.5, 0.75, 1.0].iter().flat_map(|element| element.to_le_bytes()).collect();
    let (w, l) = ((-7_i32).to_le_bytes(), 40_i64.to_le_bytes());
    // 0.5 and -0.25 as 16-bit floats: 0x3800 and 0xb400.
    let tensors: [(&str, DType, &[usize], &[u8]); 7] = [
        ("f", DType::F32, &[1, 2, 2], &f),
        ("u", DType::U8, &[1, 3], &[1, 2, 3]),
        ("h", DType::F16, &[1, 2], &[0x00, 0x38, 0x00, 0xb4]),
        ("s", DType::I8, &[1, 2], &[0xfd, 5]),
        ("w", DType::I32, &[1, 1], &w),
        ("l", DType::I64, &[1, 1], &l),
        ("m", DType::Bool, &[1, 2], &[1, 0]),
    ];
    let weight = |dtype, shape, bytes| Weight { dtype: WeightType::Dense(dtype), shape, bytes };
    safetensors_bytes(tensors.map(|(name, dtype, shape, bytes)| (name, weight(dtype, shape, bytes))))
        .expect("the elements fit the shapes")
}

/// A value from its JSON form.
fn typed<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).expect("the fixture's JSON is of the type")
}

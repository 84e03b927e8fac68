//! A model with a feature of each type, of which it uses one alone, so that all others can be changed at will.

use std::collections::BTreeMap;

use dunlin_bundle::golden::{GoldenCase, GoldenHeader, GoldenSet, Tolerance};
use dunlin_bundle::manifest::{EngineRequirements, Provenance};
use dunlin_bundle::reference::Reference;
use dunlin_bundle::schema::Schema;
use dunlin_bundle::tensor::DType;
use dunlin_bundle::{Contents, Parts, Weight, WeightType, safetensors_bytes};
use dunlin_tests::fixture::floats;
use serde_json::{Map, Value, json};

use crate::typed;

/// A model by what it asks and answers.
#[derive(Clone)]
pub(super) struct Model {
    pub(super) id: &'static str,
    pub(super) sequence: u64,
    pub(super) features: Vec<Value>,
    pub(super) outputs: Vec<Value>,
    /// Elements of an output that is no classification.
    pub(super) width: usize,
    pub(super) requires_engine: Option<semver::Version>,
}

impl Default for Model {
    fn default() -> Self {
        let tensor = |name: &str, dtype: &str, sizes: &[usize]| {
            let dim: Vec<Value> = sizes.iter().map(|size| json!({"size": size})).collect();
            json!({"name": name, "type": "TENSOR", "dtype": dtype, "shape": {"dim": dim}})
        };
        let features = vec![
            json!({"name": "used", "type": "NUMBER"}),
            json!({"name": "heat", "type": "NUMBER", "unit": "Cel", "float_domain": {"min": -10.0, "max": 40.0}}),
            json!({"name": "visits", "type": "INTEGER", "int_domain": {"min": 0, "max": 100}}),
            json!({"name": "member", "type": "BOOLEAN"}),
            json!({"name": "colour", "type": "CATEGORY", "string_domain": {"value": ["red", "green", "blue"]}}),
            json!({"name": "note", "type": "TEXT", "string_domain": {"max_bytes": 8}}),
            tensor("pixels", "U8", &[3]),
            json!({"name": "income", "type": "NUMBER", "presence": {"min_fraction": 0.5},
                "missing": {"policy": "impute", "value": 1.0}}),
        ];
        let outputs = vec![
            json!({"name": "tier", "task": "multiclass_classification", "classes": ["low", "middle", "high"]}),
            json!({"name": "score", "task": "regression", "float_domain": {"min": 0.0, "max": 1.0}, "unit": "points"}),
        ];
        Self { id: "changing", sequence: 1, features, outputs, width: 1, requires_engine: None }
    }
}

/// A record of the model as it is before any change.
pub(super) fn record() -> Value {
    json!({"used": 1.0, "heat": 20.5, "visits": 3, "member": true, "colour": "red", "note": "hello", "pixels": [1, 2, 3], "income": 2.0})
}

/// The same record with one value changed, or left out where it is null.
pub(super) fn with(name: &str, value: Value) -> Value {
    let mut record = record();
    record[name] = value.clone();
    if value.is_null() {
        record.as_object_mut().unwrap().remove(name);
    }
    record
}

impl Model {
    /// The description of a feature, to be changed.
    pub(super) fn feature(&mut self, name: &str) -> &mut Value {
        self.features.iter_mut().find(|feature| feature["name"] == name).unwrap()
    }

    /// The description of an output, to be changed.
    pub(super) fn output(&mut self, name: &str) -> &mut Value {
        self.outputs.iter_mut().find(|output| output["name"] == name).unwrap()
    }

    /// Packed and read again, as a device reads it.
    pub(super) fn contents(&self) -> Contents {
        Contents::read_unsigned(self.parts().write().unwrap()).unwrap()
    }

    fn parts(&self) -> Parts {
        let schema: Schema = typed(json!({"feature": self.features, "output": self.outputs}));
        let used = &schema.feature[0].name;
        let weights: Vec<(String, Vec<usize>, Vec<f32>)> = self
            .outputs
            .iter()
            .flat_map(|output| {
                let (name, width) = (output["name"].as_str().unwrap(), self.width_of(output));
                let bias = (0..width).map(|i| 0.1 + 0.1 * i as f32).collect();
                [
                    (format!("{name}.weight"), vec![width, 1], vec![0.0; width]),
                    (format!("{name}.bias"), vec![width], bias),
                ]
            })
            .collect();
        let named: Vec<(&str, &[usize], &[f32])> =
            weights.iter().map(|(n, s, d)| (n.as_str(), &s[..], &d[..])).collect();
        Parts {
            model_id: self.id.to_owned(),
            version: semver::Version::new(1, self.sequence, 0),
            sequence: self.sequence,
            license: Some("MIT".to_owned()),
            provenance: Provenance::default(),
            engine: EngineRequirements { min_version: self.requires_engine.clone() },
            latency_budget_us: None,
            max_age_days: None,
            fallback: None,
            objective: None,
            requires: Vec::new(),
            transforms: typed(json!({"inputs": [{"name": "x", "shape": [1], "columns": [{"feature": used}]}]})),
            graph: typed(self.graph()),
            safetensors: Some(floats(&named)),
            gguf: None,
            reference: Reference::default(),
            golden: self.golden(&schema),
            golden_tensors: Some(golden_tensors(&schema)).filter(|bytes| !bytes.is_empty()),
            baseline: None,
            readme: "---\nlicense: mit\n---\n# changing\n\nA model made by hand for tests.\n".to_owned(),
            schema,
        }
    }

    fn width_of(&self, output: &Value) -> usize {
        match output["task"].as_str().unwrap() {
            "multiclass_classification" => output["classes"].as_array().unwrap().len(),
            "binary_classification" => 1,
            _ => self.width,
        }
    }

    fn graph(&self) -> Value {
        let (mut nodes, mut outputs, mut initializers) = (Vec::new(), Vec::new(), Vec::new());
        for output in &self.outputs {
            let name = output["name"].as_str().unwrap();
            let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
            let squash = match output["task"].as_str().unwrap() {
                "multiclass_classification" => Some("Softmax"),
                "binary_classification" => Some("Sigmoid"),
                _ => None,
            };
            let made = squash.map_or(name.to_owned(), |_| format!("{name}.logits"));
            nodes.push(json!({"name": format!("{name}.product"), "op_type": "Gemm", "inputs": ["x", weight, bias],
                "outputs": [made], "attributes": {"transB": 1}}));
            if let Some(op) = squash {
                let node =
                    json!({"name": format!("{name}.squash"), "op_type": op, "inputs": [made], "outputs": [name]});
                nodes.push(node);
            }
            outputs.push(json!({"name": name, "dtype": "F32", "shape": ["N", self.width_of(output)]}));
            initializers.extend([weight, bias]);
        }
        json!({"opset": 17, "inputs": [{"name": "x", "dtype": "F32", "shape": ["N", 1]}], "outputs": outputs,
            "initializers": initializers, "nodes": nodes})
    }

    /// One case, whose answers nobody compares here.
    fn golden(&self, schema: &Schema) -> GoldenSet {
        let families: BTreeMap<String, Tolerance> =
            ["f32", "ggml"].map(|family| (family.to_owned(), Tolerance { absolute: 1e-5, relative: 1e-4 })).into();
        let named = |output: &Value| output["name"].as_str().unwrap().to_owned();
        let tolerance = self.outputs.iter().map(|output| (named(output), families.clone())).collect();
        let expected = self.outputs.iter().map(|output| (named(output), vec![0.5; self.width_of(output)])).collect();
        let scalars = schema.feature.iter().filter(|feature| feature.shape.is_none());
        let record: Map<String, Value> = scalars.map(|feature| (feature.name.clone(), json!(0))).collect();
        GoldenSet { header: GoldenHeader { tolerance }, cases: vec![GoldenCase { record, expected }] }
    }
}

/// A row of zeros for each tensor feature; nothing where there is none.
fn golden_tensors(schema: &Schema) -> Vec<u8> {
    let zeros: Vec<(&str, DType, Vec<usize>, Vec<u8>)> = schema
        .feature
        .iter()
        .filter_map(|feature| {
            let (dtype, sizes) = (feature.dtype?, feature.tensor_sizes());
            let bytes = sizes.iter().product::<usize>() * dtype.size_bytes();
            Some((feature.name.as_str(), dtype, [vec![1], sizes].concat(), vec![0; bytes]))
        })
        .collect();
    if zeros.is_empty() {
        return Vec::new();
    }
    let weight = |dtype: &DType| WeightType::Dense(*dtype);
    safetensors_bytes(zeros.iter().map(|(n, dtype, shape, bytes)| (*n, Weight { dtype: weight(dtype), shape, bytes })))
        .unwrap()
}

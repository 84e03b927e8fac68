//! Every ggml block type: a product by blocks against the same blocks dequantised and multiplied in double precision.

use std::collections::BTreeSet;
use std::sync::Arc;

use dunlin_bundle::graph::{Attribute, Dim, Graph, Node, ValueInfo};
use dunlin_bundle::tensor::DType;
use dunlin_bundle::{GgmlType, Weight, WeightType, Weights, gguf_bytes};
use dunlin_engine::{Engine, KernelFamily, Model, RawOutput, ReferenceEngine};
use dunlin_tests::op_case::{OPSET, Values, weights};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    name: String,
    blocks: String,
    /// The blocks, in hex.
    bytes: String,
    shape: [usize; 2],
    input: Values,
    bias: Values,
    expected: Values,
    /// The most that holding activations in 8 bits can change any element.
    bound: f32,
}

#[test]
fn every_block_type_multiplies_as_its_dequantised_values_do() {
    for vector in crate::vectors::<Vector>("blocks.json") {
        let name = &vector.name;
        let model = vector.model();
        let mut output = RawOutput::default();
        Arc::clone(&model)
            .new_run()
            .run(&[vector.input.tensor()], &mut output)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let exact = model.kernels().family() == KernelFamily::F32;
        for (element, (found, expected)) in output.tensors[0].data.iter().zip(&vector.expected.data).enumerate() {
            let rounding = 1e-4 + 1e-5 * expected.abs();
            let allowed = if exact { rounding } else { rounding + vector.bound };
            assert!(
                (found - expected).abs() <= allowed,
                "{name}, element {element}: {found} for {expected} +- {allowed}"
            );
        }
    }
}

#[test]
fn blocks_run_on_block_kernels_only_where_the_cpu_has_what_they_need() {
    for vector in crate::vectors::<Vector>("blocks.json") {
        let expected = if crate::block_kernels_run_here() { KernelFamily::Ggml } else { KernelFamily::F32 };
        assert_eq!(vector.model().kernels().family(), expected, "{}", vector.name);
    }
}

#[test]
fn no_block_type_of_the_format_is_without_a_vector() {
    let vectors: Vec<Vector> = crate::vectors("blocks.json");
    let covered: BTreeSet<GgmlType> = vectors.iter().map(Vector::ggml).collect();
    assert_eq!(covered, BTreeSet::from(GgmlType::ALL));
}

impl Vector {
    fn ggml(&self) -> GgmlType {
        *GgmlType::ALL.iter().find(|ggml| ggml.name() == self.blocks).unwrap()
    }

    fn model(&self) -> Arc<dyn Model> {
        let compiled = ReferenceEngine.compile(&self.graph(), &self.weights());
        compiled.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn graph(&self) -> Graph {
        let info = |name: &str, width: usize| ValueInfo {
            name: name.to_owned(),
            dtype: DType::F32,
            shape: vec![Dim::Symbol("N".to_owned()), Dim::Size(width)],
        };
        let node = Node {
            name: self.name.clone(),
            op_type: "Gemm".to_owned(),
            inputs: ["x", "w", "b"].map(str::to_owned).to_vec(),
            outputs: vec!["y".to_owned()],
            attributes: [("transB".to_owned(), Attribute::Int(1))].into(),
        };
        Graph {
            opset: OPSET,
            inputs: vec![info("x", self.shape[1])],
            outputs: vec![info("y", self.shape[0])],
            initializers: ["w", "b"].map(str::to_owned).to_vec(),
            nodes: vec![node],
        }
    }

    fn weights(&self) -> Weights {
        let pairs = self.bytes.as_bytes().chunks_exact(2);
        let bytes: Vec<u8> =
            pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
        let blocks = Weight { dtype: WeightType::Ggml(self.ggml()), shape: &self.shape, bytes: &bytes };
        let blocks = Weights::from_gguf(gguf_bytes([("w", blocks)]).unwrap()).unwrap();
        weights([("b", &self.bias)]).merge(&blocks).unwrap()
    }
}

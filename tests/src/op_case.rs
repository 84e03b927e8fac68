//! One op as a graph of its own: what the golden vectors and the comparison with ONNX Runtime are made of.

use std::collections::BTreeMap;

use dunlin_bundle::graph::{Attribute, Dim, Graph, Node, ValueInfo};
use dunlin_bundle::tensor::{DType, Tensor};
use dunlin_bundle::{Weight, WeightType, Weights, safetensors_bytes};
use serde::{Deserialize, Serialize};

/// Version of ONNX's operator set whose meanings the cases have.
pub const OPSET: u32 = 17;

/// One node with its operands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpCase {
    /// Says what is special about it.
    pub name: String,
    /// ONNX operator.
    pub op_type: String,
    /// Attributes by ONNX name.
    pub attributes: BTreeMap<String, Attribute>,
    /// Operands that come at run time: the node's first.
    pub inputs: Vec<Values>,
    /// Operands that are initializers, after the others; none where an optional one is left out.
    pub constants: Vec<Option<Values>>,
}

/// A tensor in a file of cases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Values {
    /// `F32` or `I64`.
    pub dtype: DType,
    /// Sizes of the dimensions.
    pub shape: Vec<usize>,
    /// Elements, row-major; whole numbers where the type is `I64`.
    pub data: Vec<f32>,
}

impl OpCase {
    /// The graph: inputs `x0`, `x1`, ..., initializers `c0`, `c1`, ..., output `y` of the given shape.
    #[must_use]
    pub fn graph(&self, output: &[usize]) -> Graph {
        let inputs = self.inputs.iter().enumerate().map(|(i, x)| value_info(&format!("x{i}"), &x.shape));
        let inputs: Vec<ValueInfo> = inputs.collect();
        let constants = self.constants.iter().enumerate();
        let constants = constants.map(|(i, c)| if c.is_some() { format!("c{i}") } else { String::new() });
        let constants: Vec<String> = constants.collect();
        let node = Node {
            name: self.name.clone(),
            op_type: self.op_type.clone(),
            inputs: inputs.iter().map(|x| x.name.clone()).chain(constants.iter().cloned()).collect(),
            outputs: vec!["y".to_owned()],
            attributes: self.attributes.clone(),
        };
        Graph {
            opset: OPSET,
            inputs,
            outputs: vec![value_info("y", output)],
            initializers: constants.into_iter().filter(|name| !name.is_empty()).collect(),
            nodes: vec![node],
        }
    }

    /// The initializers.
    ///
    /// # Panics
    /// When a tensor's data do not fit its shape.
    #[must_use]
    pub fn weights(&self) -> Weights {
        let constants = self.constants.iter().enumerate();
        let named = constants.filter_map(|(i, c)| Some((format!("c{i}"), c.as_ref()?)));
        weights(named.collect::<Vec<_>>().iter().map(|(name, values)| (name.as_str(), *values)))
    }

    /// The operands that come at run time.
    #[must_use]
    pub fn tensors(&self) -> Vec<Tensor> {
        self.inputs.iter().map(Values::tensor).collect()
    }
}

impl Values {
    /// A tensor of f32 elements.
    #[must_use]
    pub fn tensor(&self) -> Tensor {
        Tensor { shape: self.shape.clone(), data: self.data.clone() }
    }

    /// Elements as a weights file holds them.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self.dtype {
            DType::I64 => self.data.iter().flat_map(|v| (*v as i64).to_le_bytes()).collect(),
            _ => self.data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    }
}

/// Puts values into the form of a bundle's weights.
///
/// # Panics
/// When a tensor's data do not fit its shape.
#[must_use]
pub fn weights<'a>(values: impl IntoIterator<Item = (&'a str, &'a Values)>) -> Weights {
    let values: Vec<_> = values.into_iter().map(|(name, v)| (name, v, v.bytes())).collect();
    let dense = values
        .iter()
        .map(|(name, v, bytes)| (*name, Weight { dtype: WeightType::Dense(v.dtype), shape: &v.shape, bytes }));
    let file = safetensors_bytes(dense).expect("data fit their shapes");
    Weights::from_safetensors(file).expect("what was written can be read")
}

fn value_info(name: &str, shape: &[usize]) -> ValueInfo {
    ValueInfo { name: name.to_owned(), dtype: DType::F32, shape: shape.iter().map(|size| Dim::Size(*size)).collect() }
}

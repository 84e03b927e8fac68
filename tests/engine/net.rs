//! Small graphs, written down quickly.

use dunlin_bundle::graph::{Attribute, Dim, Graph, Node, ValueInfo};
use dunlin_bundle::tensor::{DType, Tensor};
use dunlin_bundle::{Weight, WeightType, Weights, gguf_bytes};
use dunlin_engine::{Engine, EngineError, RawOutput, ReferenceEngine};
use dunlin_tests::engines;
use dunlin_tests::op_case::{OPSET, Values, weights};

/// A graph whose inputs and outputs have the batch `N` first; shapes are given without it.
pub(crate) struct Net {
    pub(crate) graph: Graph,
    pub(crate) weights: Weights,
}

impl Net {
    pub(crate) fn new(inputs: &[(&str, &[usize])]) -> Self {
        let inputs = inputs.iter().map(|(name, row)| info(name, row)).collect();
        let graph = Graph { opset: OPSET, inputs, outputs: Vec::new(), initializers: Vec::new(), nodes: Vec::new() };
        Self { graph, weights: Weights::default() }
    }

    /// A graph of one node `node`, from input `x` to output `y`.
    pub(crate) fn of(op: &str, row: &[usize], constants: &[&str], attributes: &[(&str, Attribute)]) -> Self {
        let inputs: Vec<&str> = std::iter::once("x").chain(constants.iter().copied()).collect();
        Self::new(&[("x", row)]).node("node", op, &inputs, attributes)
    }

    /// A node named after its output.
    pub(crate) fn node(mut self, output: &str, op: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) -> Self {
        self.graph.nodes.push(Node {
            name: output.to_owned(),
            op_type: op.to_owned(),
            inputs: inputs.iter().map(|name| (*name).to_owned()).collect(),
            outputs: vec![output.to_owned()],
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        });
        self
    }

    /// An initializer of rising numbers.
    pub(crate) fn dense(self, name: &str, shape: &[usize]) -> Self {
        let data = (0..shape.iter().product()).map(|i: usize| (i % 11) as f32 / 8.0 - 0.5).collect();
        self.initializer(name, Values { dtype: DType::F32, shape: shape.to_vec(), data })
    }

    pub(crate) fn whole(self, name: &str, data: &[f32]) -> Self {
        self.initializer(name, Values { dtype: DType::I64, shape: vec![data.len()], data: data.to_vec() })
    }

    fn initializer(mut self, name: &str, values: Values) -> Self {
        self.weights = self.weights.merge(&weights([(name, &values)])).unwrap();
        self.graph.initializers.push(name.to_owned());
        self
    }

    pub(crate) fn blocks(mut self, name: &str, weight: Weight<'_>) -> Self {
        assert!(matches!(weight.dtype, WeightType::Ggml(_)));
        let blocks = Weights::from_gguf(gguf_bytes([(name, weight)]).unwrap()).unwrap();
        self.weights = self.weights.merge(&blocks).unwrap();
        self.graph.initializers.push(name.to_owned());
        self
    }

    pub(crate) fn output(mut self, name: &str, row: &[usize]) -> Self {
        self.graph.outputs.push(info(name, row));
        self
    }

    /// Why no engine compiles it; as the plan says it, all plans alike.
    pub(crate) fn refusal(&self) -> EngineError {
        let refusals: Vec<EngineError> =
            engines::all().into_iter().map(|(name, engine)| self.refused_by(&name, &*engine)).collect();
        assert!(refusals[1..].iter().all(|refusal| *refusal == refusals[1]), "{refusals:?}");
        refusals[1].clone()
    }

    /// Why the reference alone does not compile it.
    pub(crate) fn reference_refusal(&self) -> EngineError {
        self.refused_by("reference", &ReferenceEngine)
    }

    fn refused_by(&self, name: &str, engine: &dyn Engine) -> EngineError {
        match engine.compile(&self.graph, &self.weights) {
            Ok(_) => panic!("{name} compiled: {:?}", self.graph),
            Err(error) => error,
        }
    }

    /// Compiles and runs on every engine, which must agree; gives the best plan's answer.
    pub(crate) fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, EngineError> {
        let mut answers: Vec<(String, Vec<Tensor>)> = Vec::new();
        for (name, engine) in engines::all() {
            let mut output = RawOutput::default();
            engine.compile(&self.graph, &self.weights)?.new_run().run(inputs, &mut output)?;
            if let Some((first, expected)) = answers.first() {
                same(first, expected, &name, &output.tensors);
            }
            answers.push((name, output.tensors));
        }
        Ok(answers.pop().unwrap().1)
    }
}

/// Compiles and runs on the plan of every instruction set, which must agree; for ops that the reference has not.
pub(crate) fn on_plans(net: &Net, inputs: &[Tensor]) -> Result<Vec<Tensor>, EngineError> {
    let mut answers: Vec<Vec<Tensor>> = Vec::new();
    for (isa, engine) in engines::plans() {
        let mut output = RawOutput::default();
        engine.compile(&net.graph, &net.weights)?.new_run().run(inputs, &mut output)?;
        if let Some(first) = answers.first() {
            same("the first plan", first, &isa.to_string(), &output.tensors);
        }
        answers.push(output.tensors);
    }
    Ok(answers.pop().unwrap())
}

/// Finite numbers must be close; where one engine has NaN or infinity so must the other.
fn same(a_name: &str, a: &[Tensor], b_name: &str, b: &[Tensor]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.shape, b.shape, "{a_name} and {b_name}");
        for (x, y) in a.data.iter().zip(&b.data) {
            let close = x == y || (x.is_finite() && (x - y).abs() <= 1e-4 + 1e-2 * x.abs());
            assert!(close || (!x.is_finite() && !y.is_finite()), "{a_name} says {x}, {b_name} {y}");
        }
    }
}

fn info(name: &str, row: &[usize]) -> ValueInfo {
    let batch = Dim::Symbol("N".to_owned());
    let shape = std::iter::once(batch).chain(row.iter().map(|size| Dim::Size(*size))).collect();
    ValueInfo { name: name.to_owned(), dtype: DType::F32, shape }
}

pub(crate) fn tensor(shape: &[usize]) -> Tensor {
    let mut tensor = Tensor::zeros(shape).unwrap();
    tensor.data.iter_mut().enumerate().for_each(|(i, v)| *v = (i % 17) as f32 / 4.0 - 2.0);
    tensor
}

pub(crate) fn int(value: i64) -> Attribute {
    Attribute::Int(value)
}

pub(crate) fn ints(values: &[i64]) -> Attribute {
    Attribute::Ints(values.to_vec())
}

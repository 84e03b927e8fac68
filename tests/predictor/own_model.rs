//! Any `candle_nn::Module` of a user's own answers behind the same guard, and is held to what the graph declares.

use std::sync::Arc;

use candle_core::{Device, Result as CandleResult, Tensor};
use candle_nn::Module;
use dunlin_bundle::graph::Graph;
use dunlin_bundle::reference::GuardThresholds;
use dunlin_bundle::schema::Schema;
use dunlin_bundle::transform_spec::TransformsSpec;
use dunlin_engine::{EngineError, KernelFamily, ModuleModel};
use dunlin_features::Record;
use dunlin_predictor::{LoadError, PredictError, Predictor};
use serde_json::{Value, json};

use crate::typed;

fn schema() -> Schema {
    typed(json!({
        "feature": [{"name": "a", "type": "NUMBER"}, {"name": "b", "type": "NUMBER"}],
        "output": [{"name": "kind", "task": "multiclass_classification", "classes": ["left", "right"]}],
    }))
}

fn transforms() -> TransformsSpec {
    typed(json!({"inputs": [{"name": "x", "shape": [2], "columns": [{"feature": "a"}, {"feature": "b"}]}]}))
}

/// What stands for the graph of a model that has none: names and shapes of inputs and outputs.
fn graph(input: &str, output: &str, width: usize) -> Graph {
    let info = |name: &str, width: usize| json!({"name": name, "dtype": "F32", "shape": ["N", width]});
    let (inputs, outputs) = ([info(input, 2)], [info(output, width)]);
    typed(json!({"opset": 17, "inputs": inputs, "outputs": outputs, "initializers": [], "nodes": []}))
}

fn predictor<M: Module + Send + Sync + 'static>(module: M) -> Result<Predictor, LoadError> {
    assemble(module, &graph("x", "kind", 2))
}

fn assemble<M: Module + Send + Sync + 'static>(module: M, graph: &Graph) -> Result<Predictor, LoadError> {
    let model = Arc::new(ModuleModel::new(module));
    Predictor::assemble(&schema(), &transforms(), graph, model, &GuardThresholds::default())
}

fn predict(predictor: &mut Predictor, record: Value) -> Result<dunlin_predictor::Prediction, PredictError> {
    let record = Record::from_json_str(predictor.schema(), &record.to_string()).unwrap();
    predictor.predict(&record)
}

/// A linear layer and a softmax.
struct Network(candle_nn::Linear);

impl Network {
    fn new() -> CandleResult<Self> {
        let weight = Tensor::from_slice(&[1.0_f32, 0.0, 0.0, 1.0], (2, 2), &Device::Cpu)?;
        Ok(Self(candle_nn::Linear::new(weight, None)))
    }
}

impl Module for Network {
    fn forward(&self, x: &Tensor) -> CandleResult<Tensor> {
        candle_nn::ops::softmax(&self.0.forward(x)?, 1)
    }
}

#[test]
fn a_module_of_ones_own_answers_records() {
    let mut predictor = predictor(Network::new().unwrap()).unwrap();
    let prediction = predict(&mut predictor, json!({"a": 0.0, "b": 1.0})).unwrap();
    let class = prediction.outputs.as_ref().unwrap()[0].class.as_ref().unwrap();
    assert_eq!(&*class.name, "right");
    assert!((class.probability - 0.731_058_6).abs() < 1e-6, "1 / (1 + 1/e)");
    assert_eq!(predictor.kernels().family(), KernelFamily::F32);
    assert!(predictor.kernels().name().starts_with("candle-module/"), "{}", predictor.kernels());
}

#[test]
fn two_callers_share_one_model_across_threads() {
    let mut first = predictor(Network::new().unwrap()).unwrap();
    let mut second = first.another();
    let there = std::thread::spawn(move || predict(&mut second, json!({"a": 2.0, "b": 1.0})).unwrap());
    let here = predict(&mut first, json!({"a": 2.0, "b": 1.0})).unwrap();
    assert_eq!(there.join().unwrap(), here);
}

/// Makes something of the input that may be no answer.
struct Odd(fn(&Tensor) -> CandleResult<Tensor>);

impl Module for Odd {
    fn forward(&self, x: &Tensor) -> CandleResult<Tensor> {
        self.0(x)
    }
}

#[test]
fn a_module_that_makes_nan_has_no_answer() {
    let mut predictor = predictor(Odd(|x| (x * 0.0)? / 0.0)).unwrap();
    let prediction = predict(&mut predictor, json!({"a": 0.0, "b": 1.0})).unwrap();
    assert_eq!((prediction.outputs, prediction.verdict.reasons()[0].code()), (None, "non_finite"));
}

#[test]
fn a_module_that_makes_another_shape_than_declared_is_an_error_that_names_the_output() {
    let shapes: [fn(&Tensor) -> CandleResult<Tensor>; 4] =
        [|x| x.narrow(1, 0, 1), |x| x.flatten_all(), |x| Tensor::cat(&[x, x], 0), |x| x.narrow(1, 0, 0)];
    for shape in shapes {
        let error = predict(&mut predictor(Odd(shape)).unwrap(), json!({"a": 0.0, "b": 1.0})).unwrap_err();
        let PredictError::Engine(EngineError::WrongOutput { output, .. }) = &error else { panic!("{error}") };
        assert_eq!(output, "kind");
    }
}

#[test]
fn a_module_that_fails_or_makes_other_elements_is_an_error() {
    let failures: [fn(&Tensor) -> CandleResult<Tensor>; 2] = [|x| x.matmul(x), |x| x.to_dtype(candle_core::DType::F64)];
    for failure in failures {
        let error = predict(&mut predictor(Odd(failure)).unwrap(), json!({"a": 0.0, "b": 1.0})).unwrap_err();
        assert!(matches!(error, PredictError::Engine(EngineError::Backend { .. })), "{error}");
    }
}

#[test]
fn parts_that_do_not_belong_together_are_refused_when_they_are_assembled() {
    let refusal = |graph: &Graph| assemble(Network::new().unwrap(), graph).map(drop).unwrap_err();
    assert!(
        matches!(refusal(&graph("y", "kind", 2)), LoadError::InputsDiffer { made, taken } if made == "x" && taken == "y")
    );
    assert!(
        matches!(refusal(&graph("x", "other", 2)), LoadError::OutputsDiffer { made, described } if made == "other" && described == "kind")
    );
    for width in [0, 1, 3] {
        assert_eq!(refusal(&graph("x", "kind", width)), LoadError::OutputWidth { output: "kind".to_owned() });
    }
}

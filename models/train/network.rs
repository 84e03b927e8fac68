//! A network being trained: named parameters, a forward pass, and the graph that says the same in ONNX's words.

use candle_core::{Device, Result as CandleResult, Tensor, Var};
use dunlin_bundle::graph::Graph;
use dunlin_bundle::tensor::DType;
use dunlin_bundle::{Weight, WeightType, Weights, WeightsError, safetensors_bytes};

use super::random::SeededRandom;

/// A parameter's value under its initializer's name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Name of the graph's initializer.
    pub name: String,
    /// Sizes of the dimensions.
    pub shape: Vec<usize>,
    /// Elements, row-major.
    pub data: Vec<f32>,
}

/// What a recipe defines. The forward pass stops before the final softmax, which the loss contains.
pub trait Network {
    /// Name, shape and fan-in of each parameter, in the order in which [`Network::forward`] takes them. A fan-in of 0
    /// starts the parameter at zero.
    fn parameters() -> &'static [(&'static str, &'static [usize], usize)];

    /// Logits (batch, classes) of a batch (batch, channels, height, width).
    ///
    /// # Errors
    /// Those of candle.
    fn forward(parameters: &[Tensor], batch: &Tensor) -> CandleResult<Tensor>;

    /// The same computation for the engine, with the softmax.
    fn graph() -> Graph;
}

/// Draws a network's initial parameters.
pub(super) fn initial<N: Network>(random: &mut SeededRandom) -> CandleResult<Vec<Var>> {
    let draw = |(_, shape, fan_in): &(&str, &[usize], usize)| {
        let count = shape.iter().product();
        let values = if *fan_in == 0 { vec![0.0; count] } else { random.he_uniform(count, *fan_in) };
        Var::from_vec(values, *shape, &Device::Cpu)
    };
    N::parameters().iter().map(draw).collect()
}

/// Reads trained parameters back.
pub(super) fn named<N: Network>(variables: &[Var]) -> CandleResult<Vec<NamedTensor>> {
    let read = |((name, shape, _), variable): (&(&str, &[usize], usize), &Var)| {
        let data = variable.as_tensor().flatten_all()?.to_vec1()?;
        Ok(NamedTensor { name: (*name).to_owned(), shape: shape.to_vec(), data })
    };
    N::parameters().iter().zip(variables).map(read).collect()
}

/// Trained parameters as a model folder holds them.
///
/// # Errors
/// [`WeightsError`] naming a parameter that is not finite.
pub fn weights(parameters: &[NamedTensor]) -> Result<Weights, WeightsError> {
    let bytes: Vec<Vec<u8>> =
        parameters.iter().map(|p| p.data.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let view = parameters.iter().zip(&bytes).map(|(parameter, bytes)| {
        let NamedTensor { name, shape, .. } = parameter;
        (name.as_str(), Weight { dtype: WeightType::Dense(DType::F32), shape, bytes })
    });
    Weights::from_safetensors(safetensors_bytes(view)?)
}

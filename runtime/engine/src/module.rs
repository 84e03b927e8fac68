//! Any `candle_nn::Module` of a Rust user's own, behind the types of every other engine.

use std::sync::Arc;

use candle_core::{Device, Tensor as CandleTensor};
use candle_nn::Module;
use dunlin_bundle::tensor::Tensor;

use crate::error::EngineError;
use crate::kernels::{KernelFamily, KernelSet};
use crate::model::{Model, RawOutput, Run};

/// A module with one input and one output, f32.
///
/// ```
/// use std::sync::Arc;
/// use candle_core::{Device, Tensor as T};
/// use dunlin_bundle::tensor::Tensor;
/// use dunlin_engine::{Model, ModuleModel, RawOutput, Run};
///
/// let weight = T::from_slice(&[1.0_f32, 2.0], (1, 2), &Device::Cpu)?;
/// let model = Arc::new(ModuleModel::new(candle_nn::Linear::new(weight, None)));
/// let mut output = RawOutput::default();
/// model.new_run().run(&[Tensor { shape: vec![1, 2], data: vec![3.0, 4.0] }], &mut output)?;
/// assert_eq!(output.tensors[0].data, [11.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ModuleModel<M> {
    module: M,
    kernels: KernelSet,
}

impl<M: Module + Send + Sync + 'static> ModuleModel<M> {
    /// Puts a module behind [`Model`].
    #[must_use]
    pub fn new(module: M) -> Self {
        Self { module, kernels: KernelSet::here("candle-module", KernelFamily::F32, None) }
    }
}

impl<M: Module + Send + Sync + 'static> Model for ModuleModel<M> {
    fn new_run(self: Arc<Self>) -> Box<dyn Run> {
        Box::new(ModuleRun(self))
    }

    fn kernels(&self) -> &KernelSet {
        &self.kernels
    }
}

struct ModuleRun<M>(Arc<ModuleModel<M>>);

impl<M: Module + Send + Sync> Run for ModuleRun<M> {
    fn run(&mut self, inputs: &[Tensor], output: &mut RawOutput) -> Result<(), EngineError> {
        let [input] = inputs else {
            let reason = format!("a module takes one input, {} were given", inputs.len());
            return Err(EngineError::Backend { node: "module".to_owned(), reason });
        };
        let made = to_candle(input).and_then(|x| from_candle(&self.0.module.forward(&x)?));
        let made = made.map_err(|e| EngineError::Backend { node: "module".to_owned(), reason: e.to_string() })?;
        output.tensors.clear();
        output.tensors.push(made);
        Ok(())
    }
}

pub(crate) fn to_candle(tensor: &Tensor) -> candle_core::Result<CandleTensor> {
    CandleTensor::from_slice(&tensor.data, tensor.shape.as_slice(), &Device::Cpu)
}

pub(crate) fn from_candle(tensor: &CandleTensor) -> candle_core::Result<Tensor> {
    Ok(Tensor { shape: tensor.dims().to_vec(), data: tensor.flatten_all()?.to_vec1()? })
}

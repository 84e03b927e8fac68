//! The training loop: AdamW on cross-entropy, with a learning rate that falls along a cosine.

use candle_core::{Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};

use super::network::{NamedTensor, Network, initial, named};
use super::random::SeededRandom;

/// Training failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// candle refused an operation.
    #[error("training failed in candle: {0}")]
    Candle(#[from] candle_core::Error),
    /// The data have no record to learn from.
    #[error("there is no training record; give at least one batch")]
    Empty,
    /// The loss is NaN or infinite.
    #[error("the loss is no longer finite after epoch {epoch}; lower the learning rate")]
    Diverged {
        /// Epoch at whose end it was seen, from 1.
        epoch: usize,
    },
}

/// Inputs (elements of one record after the other, all of `shape`) and their classes.
pub struct Batchwise<'a> {
    /// Shape of one record's input.
    pub shape: &'a [usize],
    /// Inputs of all records.
    pub inputs: &'a [Vec<f32>],
    /// Class of each record.
    pub classes: &'a [u32],
}

/// Where training stands, told after each epoch.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Epochs done.
    pub epoch: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// Mean loss of the epoch, in nats.
    pub loss: f64,
}

/// How to train.
#[derive(Clone, Copy, Debug)]
pub struct Trainer {
    /// Decides initial weights and order.
    pub seed: u64,
    /// Passes over the data.
    pub epochs: usize,
    /// Records in a step.
    pub batch_size: usize,
    /// Learning rate at the start.
    pub learning_rate: f64,
    /// AdamW's decoupled weight decay.
    pub weight_decay: f64,
}

impl Trainer {
    /// Trains a network and gives its parameters.
    ///
    /// # Errors
    /// [`TrainError`] when there are no data, candle fails or the loss diverges.
    pub fn train<N: Network>(
        &self,
        data: &Batchwise<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Vec<NamedTensor>, TrainError> {
        if data.inputs.is_empty() || self.batch_size == 0 {
            return Err(TrainError::Empty);
        }
        let variables = initial::<N>(&mut SeededRandom::new(self.seed, 0))?;
        let mut order = SeededRandom::new(self.seed, 1);
        let parameters = ParamsAdamW { lr: self.learning_rate, weight_decay: self.weight_decay, ..Default::default() };
        let mut optimizer = AdamW::new(variables.clone(), parameters)?;
        for epoch in 0..self.epochs {
            optimizer.set_learning_rate(self.rate_at(epoch));
            let loss = self.epoch::<N>(data, &variables, &mut optimizer, &order.permutation(data.inputs.len()))?;
            let epoch = epoch + 1;
            if !loss.is_finite() {
                return Err(TrainError::Diverged { epoch });
            }
            progress(Progress { epoch, epochs: self.epochs, loss });
        }
        Ok(named::<N>(&variables)?)
    }

    fn epoch<N: Network>(
        &self,
        data: &Batchwise<'_>,
        variables: &[Var],
        optimizer: &mut AdamW,
        order: &[usize],
    ) -> Result<f64, TrainError> {
        let parameters: Vec<Tensor> = variables.iter().map(|v| v.as_tensor().clone()).collect();
        let mut sum = 0.0;
        for chosen in order.chunks(self.batch_size) {
            let (inputs, classes) = batch(data, chosen)?;
            let loss = candle_nn::loss::cross_entropy(&N::forward(&parameters, &inputs)?, &classes)?;
            optimizer.backward_step(&loss)?;
            sum += f64::from(loss.to_scalar::<f32>()?) * chosen.len() as f64;
        }
        Ok(sum / order.len() as f64)
    }

    fn rate_at(&self, epoch: usize) -> f64 {
        let done = epoch as f64 / self.epochs as f64;
        self.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
    }
}

fn batch(data: &Batchwise<'_>, chosen: &[usize]) -> candle_core::Result<(Tensor, Tensor)> {
    let inputs: Vec<f32> = chosen.iter().flat_map(|i| data.inputs[*i].iter().copied()).collect();
    let classes: Vec<u32> = chosen.iter().map(|i| data.classes[*i]).collect();
    let shape: Vec<usize> = std::iter::once(chosen.len()).chain(data.shape.iter().copied()).collect();
    Ok((Tensor::from_vec(inputs, shape, &Device::Cpu)?, Tensor::from_vec(classes, chosen.len(), &Device::Cpu)?))
}

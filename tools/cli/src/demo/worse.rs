//! A model that is a little worse than another: the same with noise on its weights.

use std::path::Path;

use dunlin_bundle::Weights;
use dunlin_bundle::WeightsError;
use dunlin_models::ModelFolder;
use dunlin_models::pack::{Precision, pack};
use dunlin_models::train::{NamedTensor, SeededRandom, weights};

use super::make::accuracy;
use super::tool::tool;
use crate::error::{CliError, Kind};
use crate::output::Output;

/// How much worse it is to be on the held-out digits, in shares of them.
const AT_LEAST: f64 = 0.05;
/// Noise is raised by this until it is, as a share of each weight.
const STEP: f32 = 0.05;
const MOST_STEPS: u16 = 60;

/// Both scores on the same held-out digits.
pub(super) struct Worse {
    pub before: f64,
    pub after: f64,
}

impl Worse {
    pub(super) fn points(&self) -> f64 {
        self.before - self.after
    }
}

/// Makes it of a model folder, and publishes it to all under the next sequence.
pub(super) fn publish(dir: &Path, model: &Path, output: Output) -> Result<Worse, CliError> {
    let mut folder = ModelFolder::read(model)?;
    let before = accuracy(&pack(&folder, Precision::F32)?.scores)?;
    folder.settings.version.minor += 1;
    folder.settings.sequence += 1;
    let good = folder.weights.clone();
    for step in 1..=MOST_STEPS {
        let noisy = noisy(&good, STEP * f32::from(step));
        folder.weights = noisy.map_err(|error| CliError::new(Kind::Model, "weights", error))?;
        let packed = pack(&folder, Precision::F32)?;
        let after = accuracy(&packed.scores)?;
        if before - after >= AT_LEAST {
            super::make::write_signed(dir, "worse.dunlin", packed.bytes)?;
            tool(dir, "publish worse.dunlin --channel channel --percent 100 --key demo.key")?;
            output.say(&format!("   Accuracy on held-out digits: {before:.4}, and {after:.4} of the worse one."));
            return Ok(Worse { before, after });
        }
    }
    Err(CliError::new(Kind::Model, "no_worse", "noise on the weights makes the model no worse"))
}

fn noisy(good: &Weights, share: f32) -> Result<Weights, WeightsError> {
    let mut random = SeededRandom::new(1, 6);
    let tensors: Vec<NamedTensor> = good
        .iter()
        .map(|(name, weight)| NamedTensor {
            name: name.to_owned(),
            shape: weight.shape.to_vec(),
            data: weight
                .bytes
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
                .map(|value| value * (1.0 + share * (2.0 * random.uniform() - 1.0)))
                .collect(),
        })
        .collect();
    weights(&tensors)
}

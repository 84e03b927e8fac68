//! The digits recipe: 8x8 scans of handwritten digits, a small convolutional network, and a linear baseline.

mod data;
mod fresh;
mod networks;
mod worn;

use dunlin_features::{Record, TensorValue};

pub use data::{Digit, SIDE, digits};
use networks::{Convolutional, Linear};
pub use worn::WornCamera;

use crate::folder::{LabelledRecord, ModelFolder};
use crate::recipe::{Example, Examples, Recipe, RecipeError, Stage, split};
use crate::train::{Progress, Trainer};

/// The seed that the project ships.
pub const SEED: u64 = 7;

const RECIPE: Recipe = Recipe {
    name: "digits",
    schema: include_str!("schema.json"),
    transforms: include_str!("features.json"),
    settings: include_str!("settings.json"),
    card: include_str!("README.md"),
    network: Trainer { seed: 0, epochs: 12, batch_size: 32, learning_rate: 2e-3, weight_decay: 1e-2 },
    baseline: Trainer { seed: 0, epochs: 12, batch_size: 32, learning_rate: 1e-2, weight_decay: 1e-2 },
};

/// Trains the network and its baseline and gives everything that packing needs.
///
/// The same seed on the same machine gives the same weights, bit for bit.
///
/// # Errors
/// [`RecipeError`] when a file of the recipe is damaged or training fails.
pub fn train(seed: u64, progress: &mut dyn FnMut(Stage, Progress)) -> Result<ModelFolder, RecipeError> {
    train_on(seed, &[], progress)
}

/// The same with labelled records that came later besides: the scans are split as they were, so that what an earlier model
/// held out is held out again, and of the later records a fifth is held out as well, behind the scans.
///
/// # Errors
/// As [`train`], and [`RecipeError::Fresh`] naming a record that is no labelled digit.
pub fn train_on(
    seed: u64,
    fresh: &[LabelledRecord],
    progress: &mut dyn FnMut(Stage, Progress),
) -> Result<ModelFolder, RecipeError> {
    let bad = |reason| RecipeError::BadFile { recipe: RECIPE.name, file: "digits.csv", reason };
    // The scans are not in exchangeable order (one writer after another).
    let (held_out, training) = split(&digits().map_err(bad)?, seed);
    let (fresh_held_out, fresh_training) = split(&fresh::digits(fresh)?, seed);
    let examples = Examples {
        training: training.iter().chain(&fresh_training).map(Digit::example).collect(),
        held_out: held_out.iter().chain(&fresh_held_out).map(Digit::example).collect(),
        sha256: fresh::sha256(fresh),
    };
    RECIPE.train::<Convolutional, Linear>(seed, &examples, progress)
}

impl Digit {
    /// The record that the model answers.
    #[must_use]
    pub fn record(&self) -> Record<'static> {
        Record::new(vec![Some(TensorValue::from_f32(&[SIDE, SIDE], &self.pixels).into())])
    }

    fn example(&self) -> Example {
        Example { record: self.record(), class: self.label }
    }
}

//! The vibration recipe: what is wrong with a rotating machine, from a quarter of a second of an accelerometer on it; a
//! small convolutional network, and a filter bank as its baseline.
//!
//! The vibration is generated ([`Machine::stream`]), by the textbook: shaft, bearing and structure as the files say that
//! make them, with the source of each formula. Whoever wants to play a board takes samples from a [`Stream`], also through a
//! [`WornMount`].

mod bearing;
mod data;
mod machine;
mod mount;
mod networks;
mod stream;

pub use data::{Window, windows};
pub use machine::{Fault, Level, Machine, SAMPLE_RATE_HZ, WINDOW};
pub use mount::WornMount;
pub use stream::Stream;

use networks::{Convolutional, FilterBank};

use crate::folder::ModelFolder;
use crate::recipe::{Example, Examples, Recipe, RecipeError, Stage, split};
use crate::train::{Progress, Trainer};

/// The seed that the project ships.
pub const SEED: u64 = 7;

const RECIPE: Recipe = Recipe {
    name: "vibration",
    schema: include_str!("schema.json"),
    transforms: include_str!("features.json"),
    settings: include_str!("settings.json"),
    card: include_str!("README.md"),
    network: Trainer { seed: 0, epochs: 12, batch_size: 32, learning_rate: 3e-3, weight_decay: 1e-2 },
    baseline: Trainer { seed: 0, epochs: 12, batch_size: 32, learning_rate: 1e-2, weight_decay: 1e-2 },
};

/// Trains the network and its baseline and gives everything that packing needs. Training records are the samples alone, as a
/// board has them; the held-out ones also say speed and load, so that scores are told for each.
///
/// The same seed on the same machine gives the same weights, bit for bit.
///
/// # Errors
/// [`RecipeError`] when training fails.
pub fn train(seed: u64, progress: &mut dyn FnMut(Stage, Progress)) -> Result<ModelFolder, RecipeError> {
    let windows = windows();
    let (held_out, training) = split(&windows, seed);
    let class = |window: &Window| window.machine.fault as u32;
    let example = |window: &Window| Example { record: window.record(), class: class(window) };
    let with_context = |window: &Window| Example { record: window.record_with_context(), class: class(window) };
    let examples = Examples {
        training: training.iter().map(example).collect(),
        held_out: held_out.iter().map(with_context).collect(),
        sha256: data::sha256(&windows),
    };
    RECIPE.train::<Convolutional, FilterBank>(seed, &examples, progress)
}

//! What training needs beside candle-nn: a seeded generator, an initialiser, and a loop that is the same every time.
//!
//! candle's CPU generator cannot be seeded, so everything random here comes from ChaCha8 with the recipe's seed: the
//! same seed on the same machine gives the same weights, bit for bit.

pub(crate) mod graph;
pub(crate) mod layers;
mod network;
mod random;
mod run;

pub use network::{NamedTensor, Network, weights};
pub use random::SeededRandom;
pub use run::{Batchwise, Progress, TrainError, Trainer};

//! The digits recipe: 8x8 scans of handwritten digits, a small convolutional network, and a linear baseline.

mod data;
mod fresh;
mod networks;
mod worn;

use dunlin_bundle::schema::Schema;
use dunlin_bundle::transform_spec::TransformsSpec;
use dunlin_features::{Record, RecordSchema, TensorValue, Transforms};
use serde_json::Value as Json;

pub use data::{Digit, SIDE, digits};
use networks::{Convolutional, Linear};
pub use worn::WornCamera;

use crate::folder::{BaselineFiles, LabelledRecord, ModelFolder, PackSettings};
use crate::train::{Batchwise, NamedTensor, Network, Progress, SeededRandom, TrainError, Trainer, weights};

/// The seed that the project ships.
pub const SEED: u64 = 7;
/// Share of the digits held out, after a shuffle: the scans are not in exchangeable order (one writer after another).
const HELD_OUT_SHARE: f64 = 0.2;

const SCHEMA: &str = include_str!("schema.json");
const TRANSFORMS: &str = include_str!("features.json");
const SETTINGS: &str = include_str!("settings.json");
const CARD: &str = include_str!("README.md");

const NETWORK: Trainer = Trainer { seed: 0, epochs: 12, batch_size: 32, learning_rate: 2e-3, weight_decay: 1e-2 };
const BASELINE: Trainer = Trainer { seed: 0, epochs: 12, batch_size: 32, learning_rate: 1e-2, weight_decay: 1e-2 };

/// Training failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The training loop failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The transforms could not be fitted.
    #[error(transparent)]
    Transform(#[from] dunlin_features::TransformError),
    /// The schema refuses a record.
    #[error(transparent)]
    Feature(#[from] dunlin_features::FeatureError),
    /// The trained weights cannot be written, such as when one of them is not finite.
    #[error(transparent)]
    Weights(#[from] dunlin_bundle::WeightsError),
    /// A record that came later is no labelled digit.
    #[error("record {number}: {reason}")]
    Fresh {
        /// Which of them, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of the recipe is not what it should be.
    #[error("{file} of the digits recipe cannot be read: {reason}")]
    BadFile {
        /// The file.
        file: &'static str,
        /// Why.
        reason: String,
    },
}

/// Which network is being trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The linear baseline.
    Baseline,
    /// The convolutional network.
    Network,
}

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
    let digits = digits().map_err(|reason| RecipeError::BadFile { file: "digits.csv", reason })?;
    let (mut held_out, mut training) = split(digits, seed);
    let (fresh_held_out, fresh_training) = split(fresh::digits(fresh)?, seed);
    held_out.extend(fresh_held_out);
    training.extend(fresh_training);
    let schema = RecordSchema::new(read("schema.json", SCHEMA)?)?;
    let unfitted: TransformsSpec = read("features.json", TRANSFORMS)?;
    let records: Vec<Record<'static>> = training.iter().map(Digit::record).collect();
    let transforms = Transforms::fit(&schema, &unfitted, &records)?;
    let inputs = inputs(&schema, &transforms, &records)?;
    let classes: Vec<u32> = training.iter().map(|d| d.label).collect();
    let data = Batchwise { shape: &[1, SIDE, SIDE], inputs: &inputs, classes: &classes };
    let baseline = Trainer { seed, ..BASELINE }.train::<Linear>(&data, &mut |p| progress(Stage::Baseline, p))?;
    let network = Trainer { seed, ..NETWORK }.train::<Convolutional>(&data, &mut |p| progress(Stage::Network, p))?;
    let folder = folder(schema.schema().clone(), transforms.spec().clone(), &network, &baseline, &training, &held_out)?;
    let settings = PackSettings { data_sha256: Some(fresh::sha256(fresh)), ..folder.settings };
    Ok(ModelFolder { settings, ..folder })
}

/// How many records the recipe holds out of so many.
#[must_use]
pub fn held_out_of(records: usize) -> usize {
    (records as f64 * HELD_OUT_SHARE).round() as usize
}

/// A seeded shuffle: the held-out digits, then the others.
fn split(digits: Vec<Digit>, seed: u64) -> (Vec<Digit>, Vec<Digit>) {
    let order = SeededRandom::new(seed, 2).permutation(digits.len());
    let mut shuffled: Vec<Digit> = order.into_iter().map(|i| digits[i].clone()).collect();
    let training = shuffled.split_off(held_out_of(shuffled.len()));
    (shuffled, training)
}

fn inputs(
    schema: &RecordSchema,
    transforms: &Transforms,
    records: &[Record<'_>],
) -> Result<Vec<Vec<f32>>, RecipeError> {
    let input = |record| {
        let features = transforms.apply(&schema.check(record)?)?;
        Ok(features.tensors().iter().flat_map(|t| t.data.iter().copied()).collect())
    };
    records.iter().map(input).collect()
}

fn folder(
    schema: Schema,
    transforms: TransformsSpec,
    network: &[NamedTensor],
    baseline: &[NamedTensor],
    training: &[Digit],
    held_out: &[Digit],
) -> Result<ModelFolder, RecipeError> {
    let settings: PackSettings = read("settings.json", SETTINGS)?;
    let labelled = |digits: &[Digit]| digits.iter().map(|d| d.labelled(&schema)).collect::<Vec<LabelledRecord>>();
    Ok(ModelFolder {
        settings,
        reference: labelled(training),
        held_out: labelled(held_out),
        graph: Convolutional::graph(),
        weights: weights(network)?,
        baseline: Some(BaselineFiles {
            transforms: transforms.clone(),
            graph: Linear::graph(),
            weights: weights(baseline)?,
        }),
        card: CARD.to_owned(),
        schema,
        transforms,
    })
}

fn read<T: serde::de::DeserializeOwned>(file: &'static str, text: &str) -> Result<T, RecipeError> {
    serde_json::from_str(text).map_err(|e| RecipeError::BadFile { file, reason: e.to_string() })
}

impl Digit {
    /// The record that the model answers.
    #[must_use]
    pub fn record(&self) -> Record<'static> {
        Record::new(vec![Some(TensorValue::from_f32(&[SIDE, SIDE], &self.pixels).into())])
    }

    fn labelled(&self, schema: &Schema) -> LabelledRecord {
        LabelledRecord { record: self.record().to_json(schema), label: Some(Json::from(self.label.to_string())) }
    }
}

//! What recipes share: from files and examples to a trained model folder.

use dunlin_bundle::schema::Schema;
use dunlin_bundle::transform_spec::TransformsSpec;
use dunlin_features::{Record, RecordSchema, Transforms};
use serde_json::Value as Json;

use crate::folder::{BaselineFiles, LabelledRecord, ModelFolder, PackSettings};
use crate::train::{Batchwise, Network, Progress, SeededRandom, TrainError, Trainer, weights};

/// Share of the examples held out, after a shuffle.
const HELD_OUT_SHARE: f64 = 0.2;

/// Training a recipe failed.
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
    /// A record that came later is no labelled example.
    #[error("record {number}: {reason}")]
    Fresh {
        /// Which of them, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of the recipe is not what it should be.
    #[error("{file} of the {recipe} recipe cannot be read: {reason}")]
    BadFile {
        /// The recipe.
        recipe: &'static str,
        /// The file.
        file: &'static str,
        /// Why.
        reason: String,
    },
}

/// Which network is being trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The baseline.
    Baseline,
    /// The network.
    Network,
}

/// How many records a recipe holds out of so many.
#[must_use]
pub fn held_out_of(records: usize) -> usize {
    (records as f64 * HELD_OUT_SHARE).round() as usize
}

/// A seeded shuffle: the held-out examples, then the others.
pub(crate) fn split<T: Clone>(examples: &[T], seed: u64) -> (Vec<T>, Vec<T>) {
    let order = SeededRandom::new(seed, 2).permutation(examples.len());
    let mut shuffled: Vec<T> = order.into_iter().map(|i| examples[i].clone()).collect();
    let training = shuffled.split_off(held_out_of(shuffled.len()));
    (shuffled, training)
}

/// A recipe's files, as text, and how its networks are trained.
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    pub(crate) schema: &'static str,
    pub(crate) transforms: &'static str,
    pub(crate) settings: &'static str,
    pub(crate) card: &'static str,
    pub(crate) network: Trainer,
    pub(crate) baseline: Trainer,
}

/// A record and the number of its class in the schema's first output.
pub(crate) struct Example {
    pub(crate) record: Record<'static>,
    pub(crate) class: u32,
}

/// What a recipe is trained and scored on.
pub(crate) struct Examples {
    pub(crate) training: Vec<Example>,
    pub(crate) held_out: Vec<Example>,
    /// SHA-256 of the data that they are of, in hex.
    pub(crate) sha256: String,
}

impl Recipe {
    /// Trains the network `N` and the baseline `B`, and gives everything that packing needs.
    pub(crate) fn train<N: Network, B: Network>(
        &self,
        seed: u64,
        examples: &Examples,
        progress: &mut dyn FnMut(Stage, Progress),
    ) -> Result<ModelFolder, RecipeError> {
        let schema = RecordSchema::new(self.read("schema.json", self.schema)?)?;
        let unfitted: TransformsSpec = self.read("features.json", self.transforms)?;
        let records: Vec<Record<'static>> = examples.training.iter().map(|example| example.record.clone()).collect();
        let transforms = Transforms::fit(&schema, &unfitted, &records)?;
        let inputs = inputs(&schema, &transforms, &records)?;
        let classes: Vec<u32> = examples.training.iter().map(|example| example.class).collect();
        let shape = unfitted.inputs.first().map(|input| input.shape.clone()).unwrap_or_default();
        let data = Batchwise { shape: &shape, inputs: &inputs, classes: &classes };
        let baseline = Trainer { seed, ..self.baseline }.train::<B>(&data, &mut |p| progress(Stage::Baseline, p))?;
        let network = Trainer { seed, ..self.network }.train::<N>(&data, &mut |p| progress(Stage::Network, p))?;
        let (schema, transforms) = (schema.schema().clone(), transforms.spec().clone());
        let settings: PackSettings = self.read("settings.json", self.settings)?;
        Ok(ModelFolder {
            settings: PackSettings { data_sha256: Some(examples.sha256.clone()), ..settings },
            reference: labelled(&schema, &examples.training),
            held_out: labelled(&schema, &examples.held_out),
            graph: N::graph(),
            weights: weights(&network)?,
            baseline: Some(BaselineFiles {
                transforms: transforms.clone(),
                graph: B::graph(),
                weights: weights(&baseline)?,
            }),
            card: self.card.to_owned(),
            schema,
            transforms,
        })
    }

    fn read<T: serde::de::DeserializeOwned>(&self, file: &'static str, text: &str) -> Result<T, RecipeError> {
        let bad = |e: serde_json::Error| RecipeError::BadFile { recipe: self.name, file, reason: e.to_string() };
        serde_json::from_str(text).map_err(bad)
    }
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

fn labelled(schema: &Schema, examples: &[Example]) -> Vec<LabelledRecord> {
    let classes = schema.output.first().map(|output| output.classes.as_slice()).unwrap_or_default();
    let labelled = |example: &Example| LabelledRecord {
        record: example.record.to_json(schema),
        label: classes.get(example.class as usize).map(|class| Json::from(class.as_str())),
    };
    examples.iter().map(labelled).collect()
}

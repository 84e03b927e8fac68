//! What a bundle holds, parsed and checked; not yet vouched for by anyone.

use std::ops::Range;
use std::sync::Arc;

use crate::error::BundleError;
use crate::golden::GoldenSet;
use crate::graph::Graph;
use crate::manifest::Manifest;
use crate::mmap::Backing;
use crate::read::{self, Depth};
use crate::reference::Reference;
use crate::schema::Schema;
use crate::transform_spec::TransformsSpec;
use crate::weights::Weights;

/// The parts of a bundle, each parsed, within its limits and in agreement with the others.
///
/// Whoever holds one knows that the content is whole and consistent, but only a [`Bundle`](crate::Bundle) says that
/// someone trusted has signed it.
#[derive(Clone, Debug)]
pub struct Contents {
    pub(crate) file: Arc<Backing>,
    pub(crate) signature_range: Range<usize>,
    pub(crate) manifest_range: Range<usize>,
    /// Of the entries that the manifest lists, in its order.
    pub(crate) entry_ranges: Vec<Range<usize>>,
    pub(crate) digest: String,
    pub(crate) manifest: Manifest,
    pub(crate) schema: Schema,
    pub(crate) transforms: TransformsSpec,
    pub(crate) graph: Graph,
    pub(crate) weights: Weights,
    pub(crate) reference: Reference,
    pub(crate) golden: GoldenSet,
    pub(crate) golden_tensors: Weights,
    pub(crate) baseline: Option<Baseline>,
    pub(crate) readme: String,
}

/// A simpler model over the same schema, which answers when the model cannot.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// What turns a record into the graph's inputs.
    pub transforms: TransformsSpec,
    /// Its computation.
    pub graph: Graph,
    /// Its tensors.
    pub weights: Weights,
}

impl Contents {
    /// Reads a bundle without asking who signed it, if anyone: for tools that sign or inspect. Everything else is checked.
    ///
    /// # Errors
    /// [`BundleError`] naming the entry at fault.
    pub fn read_unsigned(bytes: Vec<u8>) -> Result<Self, BundleError> {
        read::contents(Arc::new(Backing::Memory(bytes)), Depth::Whole, |_, _| Ok(())).map(|(contents, ())| contents)
    }

    /// What the model is and where it came from.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What a record must hold and what the model answers.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What turns a record into the graph's inputs.
    #[must_use]
    pub fn transforms(&self) -> &TransformsSpec {
        &self.transforms
    }

    /// The model's computation.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The model's tensors, of both weights entries.
    #[must_use]
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The training distribution and the guard's thresholds.
    #[must_use]
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Records whose outputs are known.
    #[must_use]
    pub fn golden(&self) -> &GoldenSet {
        &self.golden
    }

    /// Tensor features of the golden records, one row a case; empty when the schema has no tensor feature.
    #[must_use]
    pub fn golden_tensors(&self) -> &Weights {
        &self.golden_tensors
    }

    /// The simpler model, where the bundle has one.
    #[must_use]
    pub fn baseline(&self) -> Option<&Baseline> {
        self.baseline.as_ref()
    }

    /// The model card.
    #[must_use]
    pub fn readme(&self) -> &str {
        &self.readme
    }

    /// SHA-256 of the manifest, in hex. As the manifest holds the hash of every other entry, it identifies all content,
    /// and it stays the same when the bundle is signed again.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Share of the model's weight elements that are held in quantised blocks, 0 to 1.
    #[must_use]
    pub fn quantized_share(&self) -> f64 {
        self.weights.quantized_share()
    }

    /// Length of the whole file.
    #[must_use]
    pub fn length_bytes(&self) -> u64 {
        self.file.len() as u64
    }

    /// Whether the signature entry holds anything; says nothing about whether it is good.
    #[must_use]
    pub fn has_signature(&self) -> bool {
        !self.signature_range.is_empty()
    }

    /// The bytes that a signature covers: the manifest as it stands in the file.
    #[must_use]
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.file[self.manifest_range.clone()]
    }
}

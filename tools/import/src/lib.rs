//! ONNX in, a bundle's graph and weights out.
//!
//! bytes -> `parse` -> model -> `normalise` -> nodes of one form, whatever the opset and the exporter -> `emit` ->
//! graph and weights, batch normalizations folded, names short -> [`Imported`]
//!
//! [`quantize`](mod@quantize) makes it smaller and faster; [`package`] makes a model folder of it; both on [`Data`] of
//! the caller's or on noise.
//!
//! The batch becomes a symbol where it can be proved that no row depends on another ([`Batch`]).

#![forbid(unsafe_code)]

mod builder;
mod constant;
mod data;
mod emit;
mod error;
mod facts;
mod limits;
mod lower;
mod model;
mod names;
mod normalise;
mod onnx;
pub mod package;
mod parse;
pub mod quantize;
mod rules;
mod sklearn;
mod unique;

use std::collections::BTreeMap;

use dunlin_bundle::Weights;
use dunlin_bundle::graph::Graph;

pub use data::{Data, DataError, Row, Source};
pub use error::ImportError;

/// A model in the form that every engine reads.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Its computation.
    pub graph: Graph,
    /// Its tensors, each used.
    pub weights: Weights,
    /// Names of the classes, where the file has them; else empty.
    pub classes: Vec<String>,
    /// Whether it takes any number of rows.
    pub batch: Batch,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Who wrote the file, as it says: `pytorch 2.9`.
    pub producer: String,
}

/// How many rows a graph takes at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Batch {
    /// Any number: each row's answer is what it would be alone.
    Any,
    /// The file's number only.
    Fixed {
        /// Rows.
        size: usize,
        /// The first node, input or output that a batch of another size would change.
        node: String,
        /// How.
        reason: String,
    },
}

/// Imports a model.
///
/// # Errors
/// [`ImportError`] naming the node, tensor, input or output, and what to do.
pub fn import(bytes: &[u8]) -> Result<Imported, ImportError> {
    import_with_sizes(bytes, &BTreeMap::new())
}

/// Imports a model some of whose inputs have open dimensions beside the batch (`sequence`), with the sizes that they
/// are to have. One that the file leaves unnamed is called after its input and place: `x.1`.
///
/// # Errors
/// As [`import`], and [`ImportError::BadInput`] for a size that no input has.
pub fn import_with_sizes(bytes: &[u8], sizes: &BTreeMap<String, usize>) -> Result<Imported, ImportError> {
    let mut notes = Vec::new();
    let mut model = parse::parse(bytes, &mut notes)?;
    model.give_sizes(sizes)?;
    let classes = sklearn::drop_labels(&mut model);
    let normalised = normalise::normalise(&model)?;
    notes.extend(normalised.notes.iter().cloned());
    let (graph, weights) = emit::emit(&normalised)?;
    Ok(Imported { graph, weights, classes, batch: normalised.batch, notes, producer: model.producer })
}

/// Each op of a graph with how often it comes, the most frequent first.
#[must_use]
pub fn op_counts(graph: &Graph) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::new();
    graph.nodes.iter().for_each(|node| *counts.entry(node.op_type.clone()).or_insert(0) += 1);
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

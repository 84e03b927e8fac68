//! Answers computed in advance: for records that are known to come often, found again by a hash.
//!
//! ```text
//! precompute  Record --check, model, guard--> accepted? --key--> Shelf --bounded, sealed--> cache/<digest>.answers
//! predict     Record --check--> key --found--> outputs --guard--> Prediction           (else the model runs, as ever)
//! ```
//!
//! A key is 128 bits of HMAC-SHA-256 under the installation's own secret, over the model's digest and the record: nobody
//! who chooses records can look for two that share a key, and a file of another installation or model finds nothing. The
//! file ends with a seal of the same kind; one that is damaged, or of other outputs, is passed over.

mod file;
mod key;
mod shelf;

use dunlin_engine::RawOutput;
use dunlin_features::Record;
use dunlin_predictor::{Guard, Prediction};

pub(crate) use self::file::{path, remove, sweep};
use self::key::{KEY_BYTES, Key, Keys};
pub(crate) use self::shelf::{Placed, Shelf};
use crate::privacy::HashKey;

/// The answers of one model, in memory for as long as it is loaded.
pub(crate) struct Answers {
    keys: Keys,
    shapes: Vec<Vec<usize>>,
    /// Sorted.
    sorted: Vec<Key>,
    /// An entry for each key: the distance, and every element of every output.
    entries: Vec<u8>,
}

/// What an installation and a model have of their own.
pub(crate) struct Owner<'a> {
    pub(crate) key: &'a HashKey,
    /// Of the model's bundle.
    pub(crate) digest: &'a str,
    /// Of its outputs.
    pub(crate) shapes: Vec<Vec<usize>>,
}

impl Answers {
    /// What was computed for a record that passed its schema's check, judged again; `None` where nothing was, or the guard
    /// does not accept it.
    pub(crate) fn find(&self, record: &Record<'_>, guard: &Guard) -> Option<Prediction> {
        let at = self.sorted.binary_search(&self.keys.of(record)).ok()?;
        let size = entry_bytes(&self.shapes);
        let (distance, mut elements) = self.entries.get(at * size..)?.get(..size)?.split_first_chunk()?;
        let mut raw = RawOutput::default();
        for shape in &self.shapes {
            let (own, rest) = elements.split_at_checked(shape.iter().product::<usize>() * 4)?;
            let data = own.as_chunks().0.iter().map(|element| f32::from_le_bytes(*element)).collect();
            raw.tensors.push(dunlin_bundle::tensor::Tensor { shape: shape.clone(), data });
            elements = rest;
        }
        let prediction = guard.judge_outputs(&raw);
        // No distance is written as NaN.
        let distance = Some(f64::from_le_bytes(*distance)).filter(|distance| !distance.is_nan());
        prediction.verdict.is_accept().then_some(Prediction { distance, ..prediction })
    }
}

/// What an answer takes besides its key.
fn entry_bytes(shapes: &[Vec<usize>]) -> usize {
    8 + 4 * shapes.iter().map(|shape| shape.iter().product::<usize>()).sum::<usize>()
}

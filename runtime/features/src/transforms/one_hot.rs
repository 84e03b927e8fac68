//! `one_hot`: a vector with a one at the position of the level, and a last position for levels not seen in training.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Cell, Kind, Transform, TransformOp, default_to};

/// The most positions: wider encodings want `hash_bucket`.
const MAX_WIDTH: usize = 65_536;

/// Width: the levels listed, and one more for everything else. A text is looked up in `vocabulary`; a number (of
/// `bucketize` or `hash_bucket`) is its own position below `depth`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneHot {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    vocabulary: Vec<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    depth: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(depth: &usize) -> bool {
    *depth == 0
}

impl OneHot {
    fn known(&self) -> usize {
        self.vocabulary.len().max(self.depth)
    }
}

impl Transform for OneHot {
    fn kind(&self, input: Kind) -> Result<Kind, &'static str> {
        match input {
            Kind::Text if self.depth == 0 => Ok(Kind::Vector(self.known() + 1)),
            Kind::Number if self.depth > 0 => Ok(Kind::Vector(self.known() + 1)),
            _ if self.depth == 0 => Err("a text or category"),
            _ => Err("a number"),
        }
    }

    fn apply<'a>(&self, cell: Cell<'a>) -> Cell<'a> {
        let unseen = self.known();
        let position = match &cell {
            Cell::Text(level) => self.vocabulary.iter().position(|v| v.as_str() == level.as_ref()),
            Cell::Number(index) => (0..unseen).contains(&(*index as usize)).then_some(*index as usize),
            Cell::Vector(_) => None,
        };
        let mut encoded = vec![0.0; unseen + 1];
        encoded[position.unwrap_or(unseen)] = 1.0;
        Cell::Vector(encoded)
    }
}

impl TransformOp for OneHot {
    const OP: &'static str = "one_hot";

    fn validate(&self) -> Result<(), String> {
        let one_of_both = self.vocabulary.is_empty() != (self.depth == 0);
        let distinct: BTreeSet<&String> = self.vocabulary.iter().collect();
        if !one_of_both || distinct.len() != self.vocabulary.len() || self.known() >= MAX_WIDTH {
            return Err(format!("needs either a vocabulary of distinct levels or a depth, below {MAX_WIDTH}"));
        }
        Ok(())
    }

    fn fit(mut settings: Map<String, Json>, sample: &[Cell<'_>]) -> Result<Map<String, Json>, String> {
        let levels: BTreeSet<&str> =
            sample.iter().filter_map(|c| if let Cell::Text(t) = c { Some(t.as_ref()) } else { None }).collect();
        if !levels.is_empty() {
            default_to(&mut settings, "vocabulary", || levels.into_iter().collect());
        } else {
            let largest = sample.iter().flat_map(Cell::numbers).fold(0.0, f64::max);
            default_to(&mut settings, "depth", || (largest as usize + 1).into());
        }
        Ok(settings)
    }
}

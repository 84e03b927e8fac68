//! `log1p`: the natural logarithm of one plus the value, for counts and amounts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Cell, Kind, Transform, TransformOp, number_by_number};

/// `ln(1 + x)`; the feature's domain must keep x above -1.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log1p {}

impl Transform for Log1p {
    fn kind(&self, input: Kind) -> Result<Kind, &'static str> {
        number_by_number(input)
    }

    fn apply<'a>(&self, cell: Cell<'a>) -> Cell<'a> {
        cell.map(f64::ln_1p)
    }
}

impl TransformOp for Log1p {
    const OP: &'static str = "log1p";

    fn validate(&self) -> Result<(), String> {
        Ok(())
    }

    fn fit(settings: Map<String, Json>, _sample: &[Cell<'_>]) -> Result<Map<String, Json>, String> {
        Ok(settings)
    }
}

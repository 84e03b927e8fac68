//! `image_scale`: maps pixel values onto the range that the model was trained on.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Cell, Kind, Transform, TransformOp, all_numbers, default_to, number_by_number};

/// `x * scale + offset`, element by element.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageScale {
    scale: f64,
    #[serde(default)]
    offset: f64,
}

impl Transform for ImageScale {
    fn kind(&self, input: Kind) -> Result<Kind, &'static str> {
        number_by_number(input)
    }

    fn apply<'a>(&self, cell: Cell<'a>) -> Cell<'a> {
        cell.map(|x| x * self.scale + self.offset)
    }
}

impl TransformOp for ImageScale {
    const OP: &'static str = "image_scale";

    fn validate(&self) -> Result<(), String> {
        let good = self.scale.is_finite() && self.scale != 0.0 && self.offset.is_finite();
        good.then_some(()).ok_or_else(|| "scale must be finite and not 0, offset finite".to_owned())
    }

    /// Without a scale, the sample's largest magnitude becomes 1.
    fn fit(mut settings: Map<String, Json>, sample: &[Cell<'_>]) -> Result<Map<String, Json>, String> {
        let largest = all_numbers(sample).into_iter().map(f64::abs).fold(0.0, f64::max);
        default_to(&mut settings, "scale", || if largest > 0.0 { 1.0 / largest } else { 1.0 }.into());
        default_to(&mut settings, "offset", || 0.0.into());
        Ok(settings)
    }
}

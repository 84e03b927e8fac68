//! The scalars that stand for a tensor where its distribution is watched.

use std::cell::RefCell;

use dunlin_bundle::schema::TensorScalar;

use crate::elements::{mean_of, numbers, squared_differences, winner};
use crate::record::Record;
use crate::value::{TensorValue, Value};

/// A record with the scalars of its tensors, each computed when it is first asked for, and once: the guard, the monitor and the
/// journal ask for the same ones.
///
/// ```
/// use dunlin_bundle::schema::TensorScalar;
/// use dunlin_features::{Record, Scalars, TensorValue};
///
/// let record = Record::new(vec![Some(TensorValue::from_f32(&[2], &[1.0, 4.0]).into())]);
/// let scalars = Scalars::of(&record);
/// assert_eq!(scalars.get(0, TensorScalar::Mean), Some(2.5));
/// assert_eq!(scalars.get(1, TensorScalar::Mean), None);
/// ```
#[derive(Debug)]
pub struct Scalars<'r> {
    record: &'r Record<'r>,
    known: RefCell<Vec<(usize, TensorScalar, Option<f64>)>>,
}

impl<'r> Scalars<'r> {
    /// Of a record; nothing is computed yet.
    #[must_use]
    pub fn of(record: &'r Record<'r>) -> Self {
        Self { record, known: RefCell::default() }
    }

    /// The record.
    #[must_use]
    pub fn record(&self) -> &'r Record<'r> {
        self.record
    }

    /// A scalar of the tensor at a position of the schema; `None` where there is no tensor, or nothing can be computed of it.
    #[must_use]
    pub fn get(&self, position: usize, scalar: TensorScalar) -> Option<f64> {
        let Some(Some(Value::Tensor(tensor))) = self.record.values().get(position) else { return None };
        let mut known = self.known.borrow_mut();
        let found = known.iter().find(|(at, which, _)| (*at, *which) == (position, scalar));
        if let Some((_, _, value)) = found {
            return *value;
        }
        let value = tensor_scalar(scalar, tensor);
        known.push((position, scalar, value));
        value
    }
}

/// Computes one scalar of a tensor of finite elements, in the elements' unit (gradient energy in its square). `None` for a tensor without
/// elements, and for a gradient where no two elements are neighbours.
#[must_use]
pub fn tensor_scalar(scalar: TensorScalar, tensor: &TensorValue<'_>) -> Option<f64> {
    match scalar {
        TensorScalar::Mean => mean_of(tensor, |element| element),
        TensorScalar::StandardDeviation => {
            let center = mean_of(tensor, |element| element)?;
            mean_of(tensor, |element| (element - center) * (element - center)).map(f64::sqrt)
        }
        TensorScalar::Min => winner(tensor, |next, best| next < best),
        TensorScalar::Max => winner(tensor, |next, best| next > best),
        TensorScalar::GradientEnergy => gradient_energy(tensor),
        TensorScalar::ZeroFraction => mean_of(tensor, |element| f64::from(u8::from(element == 0.0))),
    }
}

/// Mean squared difference between neighbours along the last dimension, and along the one before it where there is one.
fn gradient_energy(tensor: &TensorValue<'_>) -> Option<f64> {
    let elements = numbers(tensor);
    let width = *tensor.shape.last()?;
    if width == 0 {
        return None;
    }
    let height = tensor.shape.iter().rev().nth(1).copied().unwrap_or(1);
    let rows = elements.chunks_exact(width);
    let (row_pairs, mut energy) = (rows.len() * (width - 1), 0.0);
    for row in rows {
        energy += squared_differences(&row[1..], row);
    }
    let images = elements.chunks_exact((width * height).max(1));
    let column_pairs = images.len() * (width * height).saturating_sub(width);
    for image in images {
        energy += squared_differences(&image[width.min(image.len())..], image);
    }
    let pairs = row_pairs + column_pairs;
    (pairs > 0).then(|| energy / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(scalar: TensorScalar, shape: &[usize], elements: &[f32]) -> Option<f64> {
        tensor_scalar(scalar, &TensorValue::from_f32(shape, elements))
    }

    #[test]
    fn scalars_of_a_small_image_are_what_a_hand_computes() {
        let image = [0.0, 2.0, 4.0, 0.0];
        let cases = [
            (TensorScalar::Mean, 1.5),
            (TensorScalar::StandardDeviation, 2.75_f64.sqrt()),
            (TensorScalar::Min, 0.0),
            (TensorScalar::Max, 4.0),
            // rows: 2, -4; columns: 4, -2
            (TensorScalar::GradientEnergy, (4.0 + 16.0 + 16.0 + 4.0) / 4.0),
            (TensorScalar::ZeroFraction, 0.5),
        ];
        for (scalar, expected) in cases {
            assert_eq!(of(scalar, &[2, 2], &image), Some(expected), "{scalar:?}");
        }
    }

    #[test]
    fn a_gradient_does_not_cross_from_one_channel_into_the_next() {
        let energy = of(TensorScalar::GradientEnergy, &[2, 2, 2], &[1.0, 1.0, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0]);
        assert_eq!(energy, Some(0.0));
    }

    #[test]
    fn nothing_is_computed_of_nothing() {
        assert_eq!(of(TensorScalar::Mean, &[0], &[]), None);
        assert_eq!(of(TensorScalar::GradientEnergy, &[1], &[1.0]), None);
        assert_eq!(of(TensorScalar::GradientEnergy, &[2, 0], &[]), None);
    }
}

//! The scalars that stand for a tensor where its distribution is watched.

use dunlin_bundle::schema::TensorScalar;

use crate::value::TensorValue;

/// Computes one scalar of a tensor, in the elements' unit (gradient energy in its square). `None` for a tensor without
/// elements, and for a gradient where no two elements are neighbours.
#[must_use]
pub fn tensor_scalar(scalar: TensorScalar, tensor: &TensorValue<'_>) -> Option<f64> {
    match scalar {
        TensorScalar::Mean => mean(tensor.elements()),
        TensorScalar::StandardDeviation => {
            let center = mean(tensor.elements())?;
            mean(tensor.elements().map(|e| (e - center).powi(2))).map(f64::sqrt)
        }
        TensorScalar::Min => tensor.elements().reduce(f64::min),
        TensorScalar::Max => tensor.elements().reduce(f64::max),
        TensorScalar::GradientEnergy => gradient_energy(tensor),
        TensorScalar::ZeroFraction => mean(tensor.elements().map(|e| f64::from(u8::from(e == 0.0)))),
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u64), |(sum, count), v| (sum + v, count + 1));
    (count > 0).then(|| sum / count as f64)
}

/// Mean squared difference between neighbours along the last dimension, and along the one before it where there is one.
fn gradient_energy(tensor: &TensorValue<'_>) -> Option<f64> {
    let elements: Vec<f64> = tensor.elements().collect();
    let width = *tensor.shape.last()?;
    if width == 0 {
        return None;
    }
    let height = tensor.shape.iter().rev().nth(1).copied().unwrap_or(1);
    let along_rows = elements.chunks_exact(width).flat_map(|row| row.windows(2).map(|pair| pair[1] - pair[0]));
    let plane = width * height;
    let along_columns = elements
        .chunks_exact(plane.max(1))
        .flat_map(|image| image.iter().zip(&image[width.min(image.len())..]).map(|(above, below)| below - above));
    mean(along_rows.chain(along_columns).map(|d| d * d))
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

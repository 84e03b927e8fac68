//! The elements of a tensor, read by loops that are compiled for their type: what every record passes through at full width.

use dunlin_bundle::tensor::DType;

use crate::value::TensorValue;

/// Sums are kept in so many lanes, in the same order on every machine: one lane would wait for each addition.
const LANES: usize = 8;

/// What is done with elements, whatever their type.
trait Reading {
    type Made;
    fn read<const N: usize>(self, elements: &[[u8; N]], number: impl Fn([u8; N]) -> f64) -> Self::Made;
}

fn read<R: Reading>(tensor: &TensorValue<'_>, reading: R) -> R::Made {
    let bytes = &*tensor.bytes;
    match tensor.dtype {
        DType::F32 => reading.read(bytes.as_chunks().0, |b| f64::from(f32::from_le_bytes(b))),
        DType::F16 => reading.read(bytes.as_chunks().0, |b| half::f16::from_le_bytes(b).to_f64()),
        DType::I8 => reading.read(bytes.as_chunks().0, |b| f64::from(i8::from_le_bytes(b))),
        DType::U8 => reading.read(bytes.as_chunks().0, |b| f64::from(u8::from_le_bytes(b))),
        DType::I32 => reading.read(bytes.as_chunks().0, |b| f64::from(i32::from_le_bytes(b))),
        DType::I64 => reading.read(bytes.as_chunks().0, |b| i64::from_le_bytes(b) as f64),
        DType::Bool => reading.read(bytes.as_chunks().0, |[b]: [u8; 1]| f64::from(u8::from(b != 0))),
    }
}

/// Whether every element is finite.
pub(crate) fn all_finite(tensor: &TensorValue<'_>) -> bool {
    // As large as the bits of a number can be without being infinity or NaN, the sign left out.
    const LARGEST: u32 = f32::MAX.to_bits();
    let bits = |element: &[u8; 4]| u32::from_le_bytes(*element) & !(1 << 31);
    match tensor.dtype {
        DType::F32 => tensor.bytes.as_chunks().0.iter().fold(true, |all, element| all & (bits(element) <= LARGEST)),
        DType::F16 => all_within(tensor, f64::NEG_INFINITY, f64::INFINITY),
        DType::I8 | DType::U8 | DType::I32 | DType::I64 | DType::Bool => true,
    }
}

/// Whether every element is finite and within bounds, which are included.
pub(crate) fn all_within(tensor: &TensorValue<'_>, min: f64, max: f64) -> bool {
    struct Within(f64, f64);
    impl Reading for Within {
        type Made = bool;
        fn read<const N: usize>(self, elements: &[[u8; N]], number: impl Fn([u8; N]) -> f64) -> bool {
            // No way out before the end: the loop has no branch, and a record that passes is read to the end anyway.
            elements.iter().fold(true, |all, element| {
                let number = number(*element);
                all & (number.abs() < f64::INFINITY) & (number >= self.0) & (number <= self.1)
            })
        }
    }
    read(tensor, Within(min, max))
}

/// Adds the elements to those that the engine takes.
pub(crate) fn add_floats(tensor: &TensorValue<'_>, to: &mut Vec<f32>) {
    struct Floats<'a>(&'a mut Vec<f32>);
    impl Reading for Floats<'_> {
        type Made = ();
        fn read<const N: usize>(self, elements: &[[u8; N]], number: impl Fn([u8; N]) -> f64) {
            self.0.extend(elements.iter().map(|element| number(*element) as f32));
        }
    }
    match tensor.dtype {
        DType::F32 => to.extend(tensor.bytes.as_chunks().0.iter().map(|element| f32::from_le_bytes(*element))),
        _ => read(tensor, Floats(to)),
    }
}

/// The elements as numbers.
pub(crate) fn numbers(tensor: &TensorValue<'_>) -> Vec<f64> {
    struct Numbers;
    impl Reading for Numbers {
        type Made = Vec<f64>;
        fn read<const N: usize>(self, elements: &[[u8; N]], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
            elements.iter().map(|element| number(*element)).collect()
        }
    }
    read(tensor, Numbers)
}

/// The mean of something of each element; `None` without elements.
pub(crate) fn mean_of(tensor: &TensorValue<'_>, of: impl Fn(f64) -> f64) -> Option<f64> {
    struct Sum<F>(F);
    impl<F: Fn(f64) -> f64> Reading for Sum<F> {
        type Made = (f64, usize);
        fn read<const N: usize>(self, elements: &[[u8; N]], number: impl Fn([u8; N]) -> f64) -> (f64, usize) {
            (sum(elements, |element| self.0(number(*element))), elements.len())
        }
    }
    let (sum, count) = read(tensor, Sum(of));
    (count > 0).then(|| sum / count as f64)
}

/// The first of the elements that no other wins against, all of them being finite; `None` without elements.
pub(crate) fn winner(tensor: &TensorValue<'_>, wins: impl Fn(f64, f64) -> bool) -> Option<f64> {
    struct Winner<F>(F);
    impl<F: Fn(f64, f64) -> bool> Reading for Winner<F> {
        type Made = Option<f64>;
        fn read<const N: usize>(self, elements: &[[u8; N]], number: impl Fn([u8; N]) -> f64) -> Option<f64> {
            let better = |best: f64, next: f64| if self.0(next, best) { next } else { best };
            let first = number(*elements.first()?);
            let (groups, rest) = elements.as_chunks::<LANES>();
            let mut lanes = [first; LANES];
            for group in groups {
                for (lane, element) in lanes.iter_mut().zip(group) {
                    *lane = better(*lane, number(*element));
                }
            }
            let rest = rest.iter().map(|element| number(*element));
            Some(lanes.into_iter().chain(rest).fold(first, better))
        }
    }
    read(tensor, Winner(wins))
}

/// The sum of something of each item, in lanes.
fn sum<T>(items: &[T], of: impl Fn(&T) -> f64) -> f64 {
    let (groups, rest) = items.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for group in groups {
        for (lane, item) in lanes.iter_mut().zip(group) {
            *lane += of(item);
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(of).sum::<f64>()
}

/// The sum of the squared differences of two rows, in lanes; what one has more is left out.
pub(crate) fn squared_differences(left: &[f64], right: &[f64]) -> f64 {
    let shared = left.len().min(right.len());
    let (left, right) = (&left[..shared], &right[..shared]);
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<LANES>(), right.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for (left, right) in left.iter().zip(right) {
        for (lane, (left, right)) in lanes.iter_mut().zip(left.iter().zip(right)) {
            *lane += (left - right) * (left - right);
        }
    }
    let rest = left_rest.iter().zip(right_rest).map(|(left, right)| (left - right) * (left - right));
    lanes.iter().sum::<f64>() + rest.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_done_in_lanes_is_what_is_done_one_by_one(values in prop::collection::vec(-100_i32..100, 0..60), cut in 0_usize..20) {
            // Whole numbers add up exactly in any order.
            let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
            let tensor = TensorValue::from_f32(&[values.len()], &values);
            let one_by_one: Vec<f64> = tensor.elements().collect();
            prop_assert_eq!(numbers(&tensor), one_by_one.clone());
            let mut floats = Vec::new();
            add_floats(&tensor, &mut floats);
            prop_assert_eq!(floats, values);
            let mean = (!one_by_one.is_empty()).then(|| one_by_one.iter().sum::<f64>() / one_by_one.len() as f64);
            prop_assert_eq!(mean_of(&tensor, |element| element), mean);
            prop_assert_eq!(winner(&tensor, |a, b| a < b), one_by_one.iter().copied().reduce(f64::min));
            prop_assert_eq!(winner(&tensor, |a, b| a > b), one_by_one.iter().copied().reduce(f64::max));
            let later = &one_by_one[cut.min(one_by_one.len())..];
            let squares: f64 = one_by_one.iter().zip(later).map(|(left, right)| (left - right).powi(2)).sum();
            prop_assert_eq!(squared_differences(later, &one_by_one), squares);
            let within = one_by_one.iter().all(|value| (-50.0..=50.0).contains(value));
            prop_assert_eq!(all_within(&tensor, -50.0, 50.0), within);
        }
    }

    #[test]
    fn the_largest_numbers_there_are_are_finite() {
        let tensor = TensorValue::from_f32(&[4], &[f32::MAX, f32::MIN, f32::MIN_POSITIVE, -0.0]);
        assert!(all_finite(&tensor));
    }

    #[test]
    fn a_nan_or_an_infinity_anywhere_is_outside_of_any_bounds() {
        for (at, wrong) in [(0, f32::NAN), (9, f32::INFINITY), (16, f32::NEG_INFINITY)] {
            let mut values = [1.0; 17];
            values[at] = wrong;
            let tensor = TensorValue::from_f32(&[17], &values);
            assert!(!all_within(&tensor, f64::NEG_INFINITY, f64::INFINITY), "{wrong} at {at}");
            assert!(!all_finite(&tensor), "{wrong} at {at}");
        }
    }
}

//! The digits, split at random again and again: no shift, unless a worn camera takes the window's pictures.

use dunlin_bundle::schema::TensorScalar;
use dunlin_features::{TensorValue, tensor_scalar};
use dunlin_models::digits::{Digit, SIDE, WornCamera, digits};
use dunlin_models::train::SeededRandom;

use super::device::{Watched, any_alarm};
use super::random::Random;

/// How many of the 1,797 digits are the reference.
const REFERENCE: usize = 1437;

/// What is watched of a picture.
#[derive(Clone, Copy)]
pub(crate) enum Watch {
    /// The four scalars that the digits model declares.
    Scalars,
    /// All 64 pixels.
    Pixels,
}

impl Watch {
    fn of(self, digit: &Digit) -> Vec<f64> {
        const SCALARS: [TensorScalar; 4] = [
            TensorScalar::Mean,
            TensorScalar::StandardDeviation,
            TensorScalar::GradientEnergy,
            TensorScalar::ZeroFraction,
        ];
        let tensor = TensorValue::from_f32(&[SIDE, SIDE], &digit.pixels);
        match self {
            Self::Scalars => SCALARS.iter().filter_map(|scalar| tensor_scalar(*scalar, &tensor)).collect(),
            Self::Pixels => digit.pixels.iter().map(|pixel| f64::from(*pixel)).collect(),
        }
    }
}

/// How many of `repeats` random splits alarm, for each size of window.
pub(crate) fn alarming(watch: Watch, camera: Option<WornCamera>, sizes: &[usize], repeats: usize) -> Vec<usize> {
    let digits = digits().unwrap();
    let unseen: Vec<Vec<f64>> = digits.iter().map(|digit| watch.of(digit)).collect();
    let mut hits = vec![0; sizes.len()];
    for repeat in 0..repeats as u64 {
        let order = Random::new(repeat).permutation(digits.len());
        let (reference, rest) = order.split_at(REFERENCE);
        let mut camera_random = SeededRandom::new(repeat, 0);
        let window: Vec<Vec<f64>> = match camera {
            None => rest.iter().map(|i| unseen[*i].clone()).collect(),
            Some(camera) => rest.iter().map(|i| watch.of(&camera.see(&digits[*i], &mut camera_random))).collect(),
        };
        let column = |rows: &[Vec<f64>], feature: usize| -> Vec<f64> { rows.iter().map(|row| row[feature]).collect() };
        let features: Vec<Watched> = (0..unseen[0].len())
            .map(|f| Watched::training(&reference.iter().map(|i| unseen[*i][f]).collect::<Vec<f64>>()))
            .collect();
        for (hits, size) in hits.iter_mut().zip(sizes) {
            let seen = &window[..*size];
            let compared: Vec<_> = features.iter().enumerate().map(|(f, w)| w.compare(&column(seen, f))).collect();
            *hits += usize::from(any_alarm(&compared));
        }
    }
    hits
}

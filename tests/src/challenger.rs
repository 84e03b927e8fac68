//! Later versions of the tiny model, by how they differ from it; each with a golden set that holds.

use dunlin_bundle::Parts;

use crate::fixture::{floats, tiny_parts};
use crate::tiny_model::{self, HIDDEN, WIDTH};

/// Where `income` stands among the inputs.
const INCOME: usize = 7;

/// The tiny model with something added to the logits of its classes: another opinion on records that lie near a border.
#[must_use]
pub fn biased(sequence: u64, bias: [f32; 3]) -> Parts {
    let mut parts = later(sequence);
    let second_bias: Vec<f32> = tiny_model::second_bias().iter().zip(bias).map(|(b, more)| b + more).collect();
    parts.safetensors = Some(weights(&tiny_model::first_weight(), &second_bias));
    for case in &mut parts.golden.cases {
        for expected in case.expected.values_mut() {
            let powers: Vec<f32> = expected.iter().zip(bias).map(|(p, more)| p * more.exp()).collect();
            let sum: f32 = powers.iter().sum();
            *expected = powers.iter().map(|p| p / sum).collect();
        }
    }
    parts
}

/// The tiny model with a weight so large that an income beyond some 11,000 makes NaN of every probability.
#[must_use]
pub fn overflowing(sequence: u64) -> Parts {
    let mut parts = later(sequence);
    let mut first = tiny_model::first_weight();
    first[INCOME] = 3e38;
    parts.safetensors = Some(weights(&first, &tiny_model::second_bias()));
    // Whatever the rest says, the class that the first hidden element speaks for is certain.
    let spoken_for: Vec<f32> = tiny_model::second_weight().chunks_exact(HIDDEN).map(|row| row[0]).collect();
    let most = spoken_for.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let certain: Vec<f32> = spoken_for.iter().map(|weight| f32::from(u8::from(*weight == most))).collect();
    for case in &mut parts.golden.cases {
        case.expected.values_mut().for_each(|expected| expected.clone_from(&certain));
    }
    // The first record has an income of nothing, which leaves the rest to speak.
    parts.golden.cases.retain(|case| case.record.get("income").is_none_or(|income| income.as_f64() > Some(0.0)));
    parts
}

/// The tiny model with one more hidden element, which is silent on every income that it was trained on and makes NaN of every
/// probability on one beyond 20,000: a fault that no golden set and no shadow shows until such a record comes.
#[must_use]
pub fn latent(sequence: u64) -> Parts {
    let mut parts = later(sequence);
    let (mut first, mut first_bias) = (tiny_model::first_weight(), tiny_model::first_bias());
    let mut rich = [0.0; WIDTH];
    rich[INCOME] = 1e20;
    first.extend(rich);
    first_bias.push(-2e20);
    let rows = tiny_model::second_weight();
    let second: Vec<f32> = rows.chunks_exact(HIDDEN).flat_map(|row| [row, &[1e30]].concat()).collect();
    parts.safetensors = Some(floats(&[
        ("first.weight", &[HIDDEN + 1, WIDTH], &first),
        ("first.bias", &[HIDDEN + 1], &first_bias),
        ("second.weight", &[3, HIDDEN + 1], &second),
        ("second.bias", &[3], &tiny_model::second_bias()),
    ]));
    parts
}

fn later(sequence: u64) -> Parts {
    Parts { version: semver::Version::new(1, 2, sequence), sequence, ..tiny_parts() }
}

fn weights(first_weight: &[f32], second_bias: &[f32]) -> Vec<u8> {
    floats(&[
        ("first.weight", &[HIDDEN, WIDTH], first_weight),
        ("first.bias", &[HIDDEN], &tiny_model::first_bias()),
        ("second.weight", &[3, HIDDEN], &tiny_model::second_weight()),
        ("second.bias", &[3], second_bias),
    ])
}

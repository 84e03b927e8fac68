//! The tiny model in plain arithmetic: its weights by formula, and what it must answer.

use serde_json::{Map, Value};

/// Elements that the transforms make of a record.
pub(crate) const WIDTH: usize = 8;
/// Elements of the hidden layer.
pub(crate) const HIDDEN: usize = 6;

pub(crate) fn first_weight() -> Vec<f32> {
    wave(HIDDEN * WIDTH, 0.7, 0.4)
}

pub(crate) fn first_bias() -> Vec<f32> {
    wave(HIDDEN, 0.3, 0.1)
}

pub(crate) fn second_weight() -> Vec<f32> {
    wave(3 * HIDDEN, 1.1, 0.9)
}

pub(crate) fn second_bias() -> Vec<f32> {
    wave(3, 0.5, 0.2)
}

pub(crate) fn baseline_weight() -> Vec<f32> {
    wave(3 * WIDTH, 0.9, 0.5)
}

/// Numbers that look irregular and are the same everywhere: a triangle wave, so that no library's sine matters.
fn wave(count: usize, step: f32, height: f32) -> Vec<f32> {
    (0..count).map(|i| height * (4.0 * ((i as f32 * step + 0.15).fract() - 0.5).abs() - 1.0)).collect()
}

/// The probabilities of the three classes for a record in JSON form.
pub fn answer(record: &Map<String, Value>) -> Vec<f32> {
    let hidden = layer(&inputs(record), &first_weight(), &first_bias());
    let active: Vec<f32> = hidden.into_iter().map(|v| v.max(0.0)).collect();
    softmax(&layer(&active, &second_weight(), &second_bias()))
}

/// What the transforms make of a record.
fn inputs(record: &Map<String, Value>) -> Vec<f32> {
    let number = |name: &str| record.get(name).and_then(Value::as_f64);
    let age = (number("age").unwrap_or_default() - 40.0) / 12.0;
    let visits = number("visits").unwrap_or_default().clamp(0.0, 1000.0).ln_1p();
    let colours = ["red", "green", "blue"];
    let colour = colours.iter().position(|c| Some(*c) == record["colour"].as_str()).unwrap_or(colours.len());
    let member = f32::from(u8::from(record["member"] == Value::Bool(true)));
    let income = number("income").unwrap_or(2000.0) / 10_000.0;
    let mut inputs = vec![age as f32, visits as f32, 0.0, 0.0, 0.0, 0.0, member, income as f32];
    inputs[2 + colour] = 1.0;
    inputs
}

/// `weight` is one row for each output, as Gemm with `transB` wants it.
fn layer(inputs: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let rows = weight.chunks_exact(inputs.len());
    rows.zip(bias).map(|(row, bias)| row.iter().zip(inputs).map(|(w, x)| w * x).sum::<f32>() + bias).collect()
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.iter().map(|v| (v - largest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().map(|p| p / sum).collect()
}

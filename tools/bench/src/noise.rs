//! Inputs without data: what a value is hardly changes how long an inference takes.

use dunlin_bundle::graph::{Dim, Graph};
use dunlin_bundle::tensor::Tensor;

/// Seeded values between -1 and 1 for every input of a graph; its symbols are the batch.
pub(crate) fn inputs(graph: &Graph, batch: usize) -> Vec<Tensor> {
    let mut state = 1_u64;
    let size = |dim: &Dim| if let Dim::Size(size) = dim { *size } else { batch };
    let mut tensor = |shape: Vec<usize>| {
        let data = (0..shape.iter().product()).map(|_| next(&mut state)).collect();
        Tensor { shape, data }
    };
    graph.inputs.iter().map(|input| tensor(input.shape.iter().map(size).collect())).collect()
}

/// The upper bits of a linear congruential generator (Knuth, MMIX) as a number between -1 and 1.
fn next(state: &mut u64) -> f32 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_fills_the_range_evenly() {
        let mut state = 1;
        let values: Vec<f32> = (0..10_000).map(|_| next(&mut state)).collect();
        assert!(values.iter().all(|value| (-1.0..1.0).contains(value)));
        let mean = values.iter().sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.02, "{mean}");
        let outer = values.iter().filter(|value| value.abs() > 0.5).count();
        assert!((4_800..5_200).contains(&outer), "{outer}");
    }
}

//! Depthwise convolutions of any geometry.

use crate::cases::{clamps, gaps, grids, place, taps};
use crate::plain::{Sum, at, compare, each, end, window};
use crate::{Numbers, kernels, untouched};
use dunlin_kernels::{Clamp, DepthwiseF32, Grid, PackedDepthwiseF32, Place, Taps};
use proptest::prelude::*;

/// A depthwise convolution to try; its channels are the elements of a run.
#[derive(Clone, Debug)]
struct Depthwise {
    grid: Grid,
    from: Place,
    taps: Taps,
    to: Place,
    clamp: Clamp,
    bias: bool,
    seed: u64,
}

fn depthwises() -> impl Strategy<Value = Depthwise> {
    let from = (0_usize..3, 0_usize..90, 0_usize..90).prop_map(|(start, line, pixel)| Place { start, line, pixel });
    // Pixels a whole number of columns apart, as in every convolution, share what they read.
    let columns = proptest::option::weighted(0.8, 0_usize..4);
    let size = prop_oneof![Just((3, 3)), (1_usize..=5, Just(5)), (1_usize..=6, 1_usize..=5)];
    let windows = (size, taps(1_usize..40, 1, 1), from, columns).prop_map(|((rows, cols), taps, from, columns)| {
        let pixel = columns.map_or(from.pixel, |columns| columns * taps.col);
        (Taps { rows, cols, ..taps }, Place { pixel, ..from })
    });
    (grids(), windows, gaps(), clamps(), any::<bool>(), any::<u64>()).prop_map(
        |(grid, (taps, from), to, clamp, bias, seed)| {
            let to = place(grid, taps.len, to.0, to.1);
            Depthwise { grid, from, taps, to, clamp, bias, seed }
        },
    )
}

impl Depthwise {
    fn check(&self) -> Result<(), TestCaseError> {
        let (taps, channels) = (self.taps.rows * self.taps.cols, self.taps.len);
        let mut numbers = Numbers(self.seed);
        let reach = window(self.taps).into_iter().max().unwrap() + 1;
        let x = numbers.guarded(end(self.grid, self.from, reach));
        let weights = numbers.reals(taps * channels);
        let bias = self.bias.then(|| numbers.reals(channels));
        let mut sums = vec![None; end(self.grid, self.to, channels)];
        for pixel in each(self.grid) {
            for channel in 0..channels {
                let mut sum = Sum::ZERO;
                sum.add(bias.as_ref().map_or(0.0, |bias| bias[channel].into()));
                for (tap, start) in window(Taps { len: 1, ..self.taps }).into_iter().enumerate() {
                    let x = x[at(self.from, pixel) + start + channel];
                    sum.add(f64::from(x) * f64::from(weights[tap * channels + channel]));
                }
                sums[at(self.to, pixel) + channel] = Some(sum);
            }
        }
        for kernels in kernels() {
            let packed = PackedDepthwiseF32::new(kernels, &weights, taps, channels, bias.as_deref()).unwrap();
            let mut y = untouched(sums.len());
            let Self { grid, from, taps, to, clamp, .. } = *self;
            DepthwiseF32 { grid, from, taps, to, clamp }.run(kernels, &x, &packed, &mut y);
            compare(DepthwiseF32::kernel(kernels), &y, &sums, clamp)?;
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn a_depthwise_convolution_is_that_of_plain_loops(depthwise in depthwises()) {
        depthwise.check()?;
    }
}

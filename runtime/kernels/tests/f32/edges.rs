//! What has no pixel, no channel or no element, what is not a number, and what would end past its slice.

use crate::{UNTOUCHED, kernels};
use dunlin_kernels::{Clamp, DepthwiseF32, GemmF32, Grid, Isa, Kernels, PackedDepthwiseF32, PackedF32, Place, Taps};

#[test]
fn no_pixel_writes_nothing() {
    for grid in [Grid { lines: 0, pixels: 5 }, Grid { lines: 5, pixels: 0 }, Grid { lines: 0, pixels: 0 }] {
        for kernels in kernels() {
            let clamp = Clamp::NONE;
            let (from, to) = (Place { start: 0, line: 40, pixel: 8 }, Place { start: 1, line: 40, pixel: 8 });
            let packed = PackedF32::new(kernels, &[1.0; 32], 4, 8, (8, 1), None).unwrap();
            GemmF32 { grid, from, taps: Taps::row(4), to, clamp }.run(kernels, &[], &packed, None, &mut []);
            let packed = PackedDepthwiseF32::new(kernels, &[1.0; 32], 4, 8, None).unwrap();
            let taps = Taps { rows: 2, row: 9, cols: 2, col: 9, len: 8 };
            DepthwiseF32 { grid, from, taps, to, clamp }.run(kernels, &[], &packed, &mut []);
        }
    }
}

#[test]
fn a_depthwise_convolution_of_no_channel_writes_nothing() {
    for kernels in kernels() {
        let grid = Grid { lines: 1, pixels: 3 };
        let place = Place { start: 0, line: 0, pixel: 2 };
        let packed = PackedDepthwiseF32::new(kernels, &[], 1, 0, Some(&[])).unwrap();
        let taps = Taps { rows: 1, row: 0, cols: 1, col: 0, len: 0 };
        let mut y = [UNTOUCHED; 6];
        DepthwiseF32 { grid, from: place, taps, to: place, clamp: Clamp::NONE }
            .run(kernels, &[0.0; 4], &packed, &mut y);
        assert_eq!(y, [UNTOUCHED; 6], "{}", DepthwiseF32::kernel(kernels));
    }
}

#[test]
fn weights_without_an_element_are_refused() {
    for kernels in kernels() {
        assert!(PackedF32::new(kernels, &[], 0, 4, (4, 1), None).is_none());
        assert!(PackedF32::new(kernels, &[], 4, 0, (0, 1), None).is_none());
        assert!(PackedF32::new(kernels, &[0.0; 15], 4, 4, (4, 1), None).is_none());
        assert!(PackedF32::new(kernels, &[0.0; 16], 4, 4, (4, 1), Some(&[0.0; 3])).is_none());
        assert!(PackedF32::new(kernels, &[0.0; 16], usize::MAX, 4, (4, 1), None).is_none());
        assert!(PackedDepthwiseF32::new(kernels, &[0.0; 35], 9, 4, None).is_none());
        assert!(PackedDepthwiseF32::new(kernels, &[0.0; 36], 9, 4, Some(&[0.0; 3])).is_none());
        assert!(PackedDepthwiseF32::new(kernels, &[0.0; 36], usize::MAX, 4, None).is_none());
    }
}

#[test]
fn what_is_not_a_number_passes_the_bounds() {
    let clamp = Clamp { min: 0.0, max: 1.0 };
    for kernels in kernels() {
        for n in [1, 8, 16, 24, 33] {
            let packed = PackedF32::new(kernels, &vec![1.0; 2 * n], 2, n, (n, 1), None).unwrap();
            let grid = Grid { lines: 1, pixels: 3 };
            let (from, to) = (Place { pixel: 2, ..Place::default() }, Place { pixel: n, ..Place::default() });
            let mut c = vec![UNTOUCHED; 3 * n];
            let a = [f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY, 0.0, f32::NEG_INFINITY, 0.0];
            GemmF32 { grid, from, taps: Taps::row(2), to, clamp }.run(kernels, &a, &packed, None, &mut c);
            assert!(c[..n].iter().all(|c| c.is_nan()), "{} {c:?}", GemmF32::kernel(kernels));
            assert_eq!(c[n..2 * n], vec![1.0; n], "{}", GemmF32::kernel(kernels));
            assert_eq!(c[2 * n..], vec![0.0; n], "{}", GemmF32::kernel(kernels));
            let packed = PackedDepthwiseF32::new(kernels, &vec![1.0; n], 1, n, None).unwrap();
            let mut y = vec![UNTOUCHED; 3 * n];
            let x = [vec![f32::NAN; n], vec![f32::INFINITY; n], vec![f32::NEG_INFINITY; n]].concat();
            DepthwiseF32 { grid, from: to, taps: Taps::row(n), to, clamp }.run(kernels, &x, &packed, &mut y);
            assert!(y[..n].iter().all(|y| y.is_nan()), "{} {y:?}", DepthwiseF32::kernel(kernels));
            assert_eq!(y[n..2 * n], vec![1.0; n], "{}", DepthwiseF32::kernel(kernels));
            assert_eq!(y[2 * n..], vec![0.0; n], "{}", DepthwiseF32::kernel(kernels));
        }
    }
}

#[test]
#[should_panic(expected = "C: ")]
fn a_product_that_would_end_past_its_result_is_refused() {
    let kernels = Kernels::of(Isa::best()).unwrap();
    let packed = PackedF32::new(kernels, &[1.0; 12], 4, 3, (3, 1), None).unwrap();
    let grid = Grid { lines: 1, pixels: 2 };
    let (from, to) = (Place { pixel: 4, ..Place::default() }, Place { pixel: 3, ..Place::default() });
    GemmF32 { grid, from, taps: Taps::row(4), to, clamp: Clamp::NONE }.run(
        kernels,
        &[0.0; 8],
        &packed,
        None,
        &mut [0.0; 5],
    );
}

#[test]
#[should_panic(expected = "A: ")]
fn a_product_that_would_read_past_its_operand_is_refused() {
    let kernels = Kernels::of(Isa::best()).unwrap();
    let packed = PackedF32::new(kernels, &[1.0; 12], 4, 3, (3, 1), None).unwrap();
    let grid = Grid { lines: 1, pixels: 2 };
    let (from, to) = (Place { pixel: 4, ..Place::default() }, Place { pixel: 3, ..Place::default() });
    GemmF32 { grid, from, taps: Taps::row(4), to, clamp: Clamp::NONE }.run(
        kernels,
        &[0.0; 7],
        &packed,
        None,
        &mut [0.0; 6],
    );
}

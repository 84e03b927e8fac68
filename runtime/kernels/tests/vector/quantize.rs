//! Between f32 and u8, element by element as ONNX says it.

use dunlin_kernels::q8::Requantize;
use dunlin_kernels::vector::{Quantized, add_q8, dequantize, quantize, quantize_rows, requantize_q8};
use proptest::prelude::*;

use crate::{EDGES, on_each};

/// The nearest u8 to a real value in units of the scale, ties to even.
fn nearest(x: f32, zero: u8, min: u8, max: u8) -> u8 {
    (x.round_ties_even() + f32::from(zero)).max(min.into()).min(max.into()) as u8
}

fn real(q: u8, zero: u8, scale: f32) -> f32 {
    (f32::from(q) - f32::from(zero)) * scale
}

fn requantizes() -> impl Strategy<Value = Requantize> {
    (any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(zero, a, b)| Requantize { zero, min: a.min(b), max: a.max(b) })
}

#[test]
fn quantising_saturates_and_rounds_ties_to_even() {
    let x: Vec<f32> = EDGES.into_iter().chain([f32::NAN]).chain((-600..600).map(|i| i as f32 * 0.25)).collect();
    on_each(|kernels| {
        for (scale, zero) in [(0.5, 0), (0.5, 128), (0.5, 255), (0.5, 77), (0.0039, 3), (1e-30, 9), (1e30, 9)] {
            let mut y = vec![1; x.len()];
            quantize(kernels, &x, scale, zero, &mut y);
            for (x, y) in x.iter().zip(&y) {
                let wanted = if x.is_nan() { 0 } else { nearest(x / scale, zero, 0, 255) };
                assert_eq!(*y, wanted, "{} {x} by {scale} + {zero}", kernels.isa());
            }
        }
    });
}

#[test]
fn a_row_with_nan_or_infinity_has_no_scale_and_a_row_of_zeros_has_scale_zero() {
    on_each(|kernels| {
        let rows = [
            [0.0, -0.0, 0.0],
            [1.0, f32::NAN, 2.0],
            [f32::NEG_INFINITY, 0.0, 1.0],
            [-1.0, 0.25, 0.5],
            [1e-45, 0.0, -1e-45],
            [f32::MAX, f32::MIN, 1.0],
        ];
        let (mut y, mut scale) = ([7; 18], [7.0; 6]);
        quantize_rows(kernels, rows.as_flattened(), 3, &mut y, &mut scale);
        assert_eq!((scale[0], &y[..3]), (0.0, &[128, 128, 128][..]));
        assert!(scale[1].is_nan() && scale[2].is_nan());
        assert_eq!((scale[3], &y[9..12]), (1.0 / 127.0, &[1, 160, 192][..]));
        assert_eq!((scale[4], &y[12..15]), (0.0, &[128, 128, 128][..]));
        assert_eq!((scale[5], &y[15..]), (f32::MAX / 127.0, &[255, 1, 128][..]));
    });
}

#[test]
fn every_quantum_survives_the_way_to_f32_and_back() {
    let all: Vec<u8> = (0..=255).collect();
    on_each(|kernels| {
        for (scale, zero) in [(0.1, 0), (3.7e-3, 128), (12.5, 255)] {
            let (mut x, mut y) = (vec![0.0; 256], vec![0; 256]);
            dequantize(kernels, &all, scale, zero, &mut x);
            assert!(all.iter().zip(&x).all(|(q, x)| *x == real(*q, zero, scale)));
            quantize(kernels, &x, scale, zero, &mut y);
            assert_eq!(y, all);
        }
    });
}

proptest! {
    #[test]
    fn quantising_is_right_at_every_length(
        x in prop::collection::vec(-50.0_f32..50.0, 0..140),
        scale in 1e-3_f32..1.0,
        zero: u8,
    ) {
        on_each(|kernels| {
            let mut y = vec![1; x.len()];
            quantize(kernels, &x, scale, zero, &mut y);
            let wanted: Vec<u8> = x.iter().map(|x| nearest(x / scale, zero, 0, 255)).collect();
            assert_eq!(y, wanted);
        });
    }

    #[test]
    fn next_to_a_tie_the_quotient_decides(scale in 1e-3_f32..1.0, zero: u8, first in -300_i32..200, nudges in prop::collection::vec(-3_i32..4, 140)) {
        let tie = |i: usize| (first + i as i32) as f32 + 0.5;
        let near = |(i, nudge): (usize, &i32)| f32::from_bits((tie(i) * scale).to_bits().wrapping_add_signed(*nudge));
        let x: Vec<f32> = nudges.iter().enumerate().map(near).collect();
        on_each(|kernels| {
            let mut y = vec![1; x.len()];
            quantize(kernels, &x, scale, zero, &mut y);
            let wanted: Vec<u8> = x.iter().map(|x| nearest(x / scale, zero, 0, 255)).collect();
            assert_eq!(y, wanted);
        });
    }

    #[test]
    fn sums_and_changes_of_scale_are_right(
        pairs in prop::collection::vec((any::<u8>(), any::<u8>()), 0..140),
        (a_zero, b_zero) in any::<(u8, u8)>(),
        (a_scale, b_scale) in (1e-3_f32..4.0, 1e-3_f32..4.0),
        requantize in requantizes(),
    ) {
        let (a, b): (Vec<u8>, Vec<u8>) = pairs.into_iter().unzip();
        let to_u8 = |x| nearest(x, requantize.zero, requantize.min, requantize.max);
        on_each(|kernels| {
            let (mut sum, mut other) = (vec![1; a.len()], vec![1; a.len()]);
            let quantized = |values, zero, scale| Quantized { values, zero, scale };
            let operand = quantized(&a, a_zero, a_scale);
            add_q8(kernels, operand, quantized(&b, b_zero, b_scale), requantize, &mut sum);
            requantize_q8(kernels, operand, requantize, &mut other);
            for i in 0..a.len() {
                let own = real(a[i], a_zero, a_scale);
                assert_eq!(sum[i], to_u8(own + real(b[i], b_zero, b_scale)));
                assert_eq!(other[i], to_u8(own));
            }
        });
    }

    #[test]
    fn rows_are_quantised_each_by_itself(row in 1_usize..70, rows in 0_usize..4, seed in prop::collection::vec(-9.0_f32..9.0, 280)) {
        let x = &seed[..row * rows];
        on_each(|kernels| {
            let (mut y, mut scale) = (vec![1; x.len()], vec![7.0; rows + 1]);
            quantize_rows(kernels, x, row, &mut y, &mut scale);
            assert_eq!(scale[rows], 7.0);
            for ((x, y), scale) in x.chunks(row).zip(y.chunks(row)).zip(scale) {
                let max = x.iter().fold(0.0_f32, |max, x| max.max(x.abs()));
                assert_eq!(scale, max / 127.0);
                assert!(x.iter().zip(y).all(|(x, y)| nearest(x / scale, 128, 1, 255) == *y));
            }
        });
    }
}

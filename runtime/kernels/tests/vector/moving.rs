//! Copies and borders, against the definition of an element's place.

use dunlin_kernels::Plain;
use dunlin_kernels::vector::{Border, copy_strided, fill_border, pad_image};
use proptest::prelude::*;

/// One side of a copy: where it starts, its strides, and how many elements it needs.
#[derive(Clone, Debug)]
struct Side {
    start: usize,
    strides: Vec<isize>,
    len: usize,
}

/// Lays out dimensions in an order, innermost last, with a gap after each; those in `reversed` run backwards and those in
/// `repeated` do not move.
fn lay_out(shape: &[usize], order: &[usize], gaps: &[usize], reversed: &[bool], repeated: &[bool]) -> Side {
    let (mut strides, mut step, mut start) = (vec![0; shape.len()], 1, 0);
    for (d, gap) in order.iter().rev().zip(gaps) {
        if repeated[*d] {
            continue;
        }
        strides[*d] = if reversed[*d] { -(step as isize) } else { step as isize };
        if reversed[*d] {
            start += step * shape[*d].saturating_sub(1);
        }
        step *= shape[*d].max(1) + gap;
    }
    Side { start: start + gaps[0], strides, len: step + gaps[0] }
}

fn copies() -> impl Strategy<Value = (Vec<usize>, Side, Side)> {
    let sizes = prop_oneof![
        prop::collection::vec(0_usize..5, 1..=6),
        prop::collection::vec(1_usize..40, 1..=3),
        Just(vec![1, 3, 5, 7, 2, 2, 1, 2]),
    ];
    sizes.prop_flat_map(|shape| {
        let rank = shape.len();
        let order = || Just((0..rank).collect::<Vec<_>>()).prop_shuffle();
        let orders = prop_oneof![(order(), order()), order().prop_map(|order| (order.clone(), order)),];
        // One in four has a gap, runs backwards or repeats.
        let gaps = || prop::collection::vec(prop_oneof![3 => Just(0), 1 => 1_usize..3], rank);
        let flags = || prop::collection::vec(prop::bool::weighted(0.25), rank);
        (Just(shape), orders, gaps(), gaps(), flags(), flags(), flags()).prop_map(
            |(shape, (x, y), x_gaps, y_gaps, back, repeated, y_back)| {
                let none = vec![false; shape.len()];
                let from = lay_out(&shape, &x, &x_gaps, &back, &repeated);
                let to = lay_out(&shape, &y, &y_gaps, &y_back, &none);
                (shape, from, to)
            },
        )
    })
}

fn check<T: Plain + PartialEq + std::fmt::Debug>(shape: &[usize], from: &Side, to: &Side, of: impl Fn(usize) -> T) {
    let x: Vec<T> = (0..from.len).map(&of).collect();
    let blank = of(usize::MAX);
    let mut y = vec![blank; to.len];
    copy_strided(&x, &from.strides, from.start, shape, &mut y, to.start, &to.strides);
    let mut wanted = vec![blank; to.len];
    for flat in 0..shape.iter().product() {
        let (mut rest, mut i, mut j) = (flat, from.start as isize, to.start as isize);
        for (d, size) in shape.iter().enumerate().rev() {
            let index = (rest % size) as isize;
            rest /= size;
            i += index * from.strides[d];
            j += index * to.strides[d];
        }
        wanted[j as usize] = x[i as usize];
    }
    assert_eq!(y, wanted);
}

proptest! {
    #[test]
    fn a_copy_puts_every_element_in_its_place((shape, from, to) in copies()) {
        check(&shape, &from, &to, |i| i as u8);
        check(&shape, &from, &to, |i| i as f32);
        check(&shape, &from, &to, |i| i as i64);
    }

    #[test]
    fn a_border_is_written_and_nothing_else(
        (h, w, c) in (0_usize..6, 0_usize..6, 0_usize..5),
        (top, left, bottom, right) in (0_usize..4, 0_usize..4, 0_usize..4, 0_usize..4),
    ) {
        let border = Border { top, left, bottom, right };
        let (rows, cols) = (h + top + bottom, w + left + right);
        let inside = |i: usize| {
            let (row, col) = (i / c / cols, i / c % cols);
            (top..top + h).contains(&row) && (left..left + w).contains(&col)
        };
        let x: Vec<f32> = (0..h * w * c).map(|i| i as f32).collect();
        let mut y = vec![-1.0; rows * cols * c];
        fill_border(&mut y, h, w, c, border, 0.5);
        assert!(y.iter().enumerate().all(|(i, y)| *y == if inside(i) { -1.0 } else { 0.5 }));
        let mut padded = vec![-1.0; rows * cols * c];
        pad_image(&x, h, w, c, border, 0.25, &mut padded);
        let mut pixels = x.iter();
        for (i, y) in padded.iter().enumerate() {
            assert_eq!(y, if inside(i) { pixels.next().unwrap() } else { &0.25 });
        }
    }
}

#[test]
fn images_go_from_channels_first_to_channels_last_and_back() {
    for (c, h, w) in [(3, 32, 32), (64, 25, 5), (1, 7, 9), (17, 23, 8)] {
        let x: Vec<f32> = (0..c * h * w).map(|i| i as f32).collect();
        let (mut last, mut first) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let strides = |a: usize, b: usize, c: usize| [a as isize, b as isize, c as isize];
        let (channels_first, channels_last) = (strides(h * w, w, 1), strides(1, w * c, c));
        copy_strided(&x, &channels_first, 0, &[c, h, w], &mut last, 0, &channels_last);
        for (i, value) in last.iter().enumerate() {
            assert_eq!(*value, x[i % c * h * w + i / c]);
        }
        copy_strided(&last, &channels_last, 0, &[c, h, w], &mut first, 0, &channels_first);
        assert_eq!(first, x);
    }
}

#[test]
fn a_copy_of_nothing_reads_nothing() {
    copy_strided::<f32>(&[], &[1, 1], 9, &[0, 3], &mut [], 9, &[1, 1]);
    let mut y = [0.0];
    copy_strided(&[1.0_f32], &[], 0, &[], &mut y, 0, &[]);
    assert_eq!(y, [1.0]);
}

#[test]
fn a_copy_that_would_leave_its_slices_is_a_fault_of_the_plan() {
    let far = isize::MAX / 2;
    let cases: [(usize, isize, usize, isize); 6] =
        [(0, 2, 0, 1), (1, -1, 0, 1), (0, 1, 1, 1), (0, 1, 0, -1), (0, far, 0, 1), (usize::MAX, 1, 0, 1)];
    for (x_start, x_stride, y_start, y_stride) in cases {
        let copied = std::panic::catch_unwind(|| {
            copy_strided(&[0_u8; 3], &[x_stride], x_start, &[3], &mut [0_u8; 3], y_start, &[y_stride]);
        });
        assert!(copied.is_err());
    }
}

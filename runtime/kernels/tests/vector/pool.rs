//! Pools, against a loop over every element of every window.

use dunlin_kernels::Place;
use dunlin_kernels::q8::Requantize;
use dunlin_kernels::vector::{AverageQ8, Pool, average_pool_f32, average_pool_q8, max_pool_f32, max_pool_q8};
use proptest::prelude::*;

use crate::{assert_close, on_each};

/// One dimension: input, kernel, stride, dilation, padding before and after, and whether the last window may be cut.
fn dimension() -> impl Strategy<Value = [usize; 7]> {
    (1_usize..9, 1_usize..5, 1_usize..4, 1_usize..3, 0_usize..3, 0_usize..3, 0_usize..2)
        .prop_map(|(input, kernel, stride, dilation, before, after, ceil)| {
            [input, kernel, stride, dilation, before, after, ceil]
        })
        .prop_filter("a window", |[input, kernel, _, dilation, before, after, _]| {
            input + before + after > (kernel - 1) * dilation
        })
}

/// Places leave a gap before, between lines and between pixels.
fn pools() -> impl Strategy<Value = Pool> {
    let channels = prop_oneof![1_usize..4, 6_usize..20, 60_usize..70, 125_usize..132];
    (dimension(), dimension(), channels, 0_usize..4, 0_usize..3).prop_map(|(down, across, channels, gap, start)| {
        let pair = |i: usize| [down[i], across[i]];
        let output = [down, across].map(|[input, kernel, stride, dilation, before, after, ceil]| {
            let left = input + before + after - (kernel - 1) * dilation - 1;
            left / stride + 1 + ceil * usize::from(left % stride > 0 && (left / stride + 1) * stride < input + before)
        });
        let place = |pixels: usize| Place { start, line: pixels * (channels + gap) + gap, pixel: channels + gap };
        Pool {
            input: pair(0),
            output,
            channels,
            kernel: pair(1),
            strides: pair(2),
            dilations: pair(3),
            pads: pair(4),
            pads_after: pair(5),
            from: place(across[0]),
            to: place(output[1]),
        }
    })
}

/// One past the last element of the images.
fn end(place: Place, [lines, pixels]: [usize; 2], channels: usize) -> usize {
    place.start + (lines - 1) * place.line + (pixels - 1) * place.pixel + channels
}

/// Calls with each element's place in y, its window's places in x, and the elements of the window that are not past the
/// padding.
fn each_window(pool: &Pool, mut call: impl FnMut(usize, &[usize], usize)) {
    for line in 0..pool.output[0] {
        for pixel in 0..pool.output[1] {
            for channel in 0..pool.channels {
                let (mut inside, mut padded) = (vec![], 0);
                for row in 0..pool.kernel[0] {
                    for col in 0..pool.kernel[1] {
                        let y = (line * pool.strides[0] + row * pool.dilations[0]) as isize - pool.pads[0] as isize;
                        let x = (pixel * pool.strides[1] + col * pool.dilations[1]) as isize - pool.pads[1] as isize;
                        let [h, w] = pool.input.map(|size| size as isize);
                        if y < h + pool.pads_after[0] as isize && x < w + pool.pads_after[1] as isize {
                            padded += 1;
                        }
                        if (0..h).contains(&y) && (0..w).contains(&x) {
                            let at = pool.from.start + y as usize * pool.from.line + x as usize * pool.from.pixel;
                            inside.push(at + channel);
                        }
                    }
                }
                call(pool.to.start + line * pool.to.line + pixel * pool.to.pixel + channel, &inside, padded);
            }
        }
    }
}

fn image(pool: &Pool, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..end(pool.from, pool.input, pool.channels)).map(next).collect()
}

proptest! {
    #[test]
    fn f32_pools_are_right(pool in pools(), seed: u64) {
        let x: Vec<f32> = image(&pool, seed).into_iter().map(|q| f32::from(q) - 128.0).collect();
        on_each(|kernels| {
            let blank = vec![f32::MAX; end(pool.to, pool.output, pool.channels)];
            let (mut max, mut average, mut padded) = (blank.clone(), blank.clone(), blank);
            max_pool_f32(kernels, &pool, &x, &mut max);
            average_pool_f32(kernels, &pool, false, &x, &mut average);
            average_pool_f32(kernels, &pool, true, &x, &mut padded);
            let mut written = 0;
            each_window(&pool, |at, inside, count| {
                written += 1;
                let sum: f64 = inside.iter().map(|i| f64::from(x[*i])).sum();
                assert_eq!(max[at], inside.iter().map(|i| x[*i]).fold(f32::NEG_INFINITY, f32::max));
                assert_close(average[at], sum / inside.len().max(1) as f64, 1e-6, 1e-6, || format!("{pool:?}"));
                assert_close(padded[at], sum / count.max(1) as f64, 1e-6, 1e-6, || format!("padded {pool:?}"));
            });
            for y in [&max, &average, &padded] {
                assert_eq!(y.iter().filter(|y| **y == f32::MAX).count(), y.len() - written);
            }
        });
    }

    #[test]
    fn int8_pools_are_right(pool in pools(), seed: u64, zero: u8, scale in 0.01_f32..3.0, include_pad: bool, bounds in any::<(u8, u8, u8)>()) {
        let x = image(&pool, seed);
        let requantize = Requantize { zero: bounds.0, min: bounds.1.min(bounds.2), max: bounds.1.max(bounds.2) };
        let average = AverageQ8 { include_pad, zero, scale, requantize };
        on_each(|kernels| {
            let len = end(pool.to, pool.output, pool.channels);
            let (mut max, mut y) = (vec![7; len], vec![7; len]);
            max_pool_q8(kernels, &pool, &x, &mut max);
            average_pool_q8(kernels, &pool, &average, &x, &mut y);
            let mut written = vec![false; len];
            each_window(&pool, |at, inside, count| {
                written[at] = true;
                assert_eq!(max[at], inside.iter().map(|i| x[*i]).max().unwrap_or(0));
                let sum: i32 = inside.iter().map(|i| i32::from(x[*i]) - i32::from(zero)).sum();
                let count = if include_pad { count } else { inside.len() };
                let wanted = requantize.apply(sum as f32 * (scale * (1.0 / count.max(1) as f32)));
                assert_eq!(y[at], wanted, "{:?}", pool);
            });
            for (at, _) in written.iter().enumerate().filter(|(_, written)| !**written) {
                assert_eq!((max[at], y[at]), (7, 7));
            }
        });
    }
}

/// A pool over a whole image.
fn global(h: usize, w: usize, channels: usize) -> Pool {
    Pool {
        input: [h, w],
        output: [1, 1],
        channels,
        kernel: [h, w],
        strides: [1; 2],
        dilations: [1; 2],
        pads: [0; 2],
        pads_after: [0; 2],
        from: Place { start: 0, line: w * channels, pixel: channels },
        to: Place::default(),
    }
}

#[test]
fn a_large_image_of_the_greatest_bytes_does_not_overflow() {
    let pool = global(40, 41, 67);
    let x = vec![255; 40 * 41 * 67];
    let average =
        AverageQ8 { include_pad: false, zero: 0, scale: 1.0, requantize: Requantize { zero: 0, min: 0, max: 255 } };
    on_each(|kernels| {
        let mut y = vec![0; 67];
        average_pool_q8(kernels, &pool, &average, &x, &mut y);
        assert_eq!(y, [255; 67]);
    });
}

#[test]
fn nan_wins_wherever_it_stands() {
    let pool = global(3, 5, 9);
    on_each(|kernels| {
        for at in 0..15 {
            let mut x = vec![1.0; 15 * 9];
            x[at * 9 + 4] = f32::NAN;
            let (mut max, mut average) = (vec![0.0; 9], vec![0.0; 9]);
            max_pool_f32(kernels, &pool, &x, &mut max);
            average_pool_f32(kernels, &pool, true, &x, &mut average);
            for (channel, (max, average)) in max.iter().zip(&average).enumerate() {
                assert_eq!((max.is_nan(), average.is_nan()), (channel == 4, channel == 4));
            }
        }
    });
}

#[test]
#[should_panic(expected = "x of a pool")]
fn an_image_that_is_too_small_is_a_fault_of_the_plan() {
    on_each(|kernels| max_pool_f32(kernels, &global(3, 5, 9), &[0.0; 134], &mut [0.0; 9]));
}

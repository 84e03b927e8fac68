//! Depthwise convolutions, channel by channel.

use super::{pixels, runs};
use crate::depthwise::{DepthwiseF32Args, DepthwiseF32Table};
use crate::q8::{DepthwiseQ8Args, DepthwiseQ8Table, Window};

pub(crate) const DEPTHWISE_F32: DepthwiseF32Table =
    DepthwiseF32Table { name: "depthwise_f32_1_scalar", vector: 1, run: depthwise_f32 };

pub(crate) const DEPTHWISE_Q8: DepthwiseQ8Table = DepthwiseQ8Table {
    name: "depthwise_q8_1_scalar",
    entries: Some,
    channel: |_, entry| entry,
    offset: 0,
    floats: false,
    packed: Window::elements,
    pack: |_, weights, packed| packed.copy_from_slice(weights),
    run: depthwise_q8,
};

/// # Safety
/// All that the arguments point at must be there, as the door checks.
unsafe fn depthwise_f32(args: &DepthwiseF32Args) {
    for [x, y] in pixels(args.grid, [args.from, args.to]) {
        for channel in 0..args.taps.len {
            // SAFETY: the door checked every pixel of x and y; weights and bias have every tap and channel.
            unsafe {
                let mut sum = *args.bias.add(channel);
                for (tap, run) in runs(args.taps).enumerate() {
                    sum += *args.x.add(x + run + channel) * *args.w.add(tap * args.w_tap + channel);
                }
                *args.y.add(y + channel) = args.clamp.apply(sum);
            }
        }
    }
}

/// # Safety
/// All that the arguments point at must be there, as the door checks.
unsafe fn depthwise_q8(args: &DepthwiseQ8Args) {
    let channels = args.taps.len;
    for [x, y] in pixels(args.grid, [args.from, args.to]) {
        for channel in 0..channels {
            // SAFETY: the door checked every pixel of x and y; weights, bias and scale have every tap and channel.
            unsafe {
                let mut sum = *args.bias.add(channel);
                for (tap, run) in runs(args.taps).enumerate() {
                    let product =
                        i32::from(*args.x.add(x + run + channel)) * i32::from(*args.w.add(tap * channels + channel));
                    sum = sum.wrapping_add(product);
                }
                *args.y.add(y + channel) = args.requantize.apply(sum as f32 * *args.scale.add(channel));
            }
        }
    }
}

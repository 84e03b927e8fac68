//! Loads and stores of rows whose columns may end within a vector: what lies past them is not touched.

use core::arch::aarch64::{
    float32x4_t, uint8x16_t, vcombine_f32, vcombine_u8, vdup_n_f32, vdup_n_u8, vdupq_n_f32, vdupq_n_u8, vextq_u8,
    vget_low_f32, vget_low_u8, vld1_f32, vld1_u8, vld1q_f32, vld1q_lane_f32, vld1q_u8, vreinterpretq_u16_u8,
    vreinterpretq_u32_u8, vst1_f32, vst1_u8, vst1q_f32, vst1q_lane_f32, vst1q_lane_u8, vst1q_lane_u16, vst1q_lane_u32,
    vst1q_u8,
};

/// The first `columns` of `V` vectors, at most all; the rest is unspecified.
///
/// # Safety
/// So many columns can be read.
#[inline(always)]
pub(super) unsafe fn load_f32<const V: usize>(from: *const f32, columns: usize) -> [float32x4_t; V] {
    core::array::from_fn(|i| {
        // SAFETY: as for this function.
        unsafe {
            match columns.wrapping_sub(4 * i) {
                1 => vld1q_lane_f32::<0>(from.add(4 * i), vdupq_n_f32(0.0)),
                2 => vcombine_f32(vld1_f32(from.add(4 * i)), vdup_n_f32(0.0)),
                3 => {
                    let two = vcombine_f32(vld1_f32(from.add(4 * i)), vdup_n_f32(0.0));
                    vld1q_lane_f32::<2>(from.add(4 * i + 2), two)
                }
                _ => vld1q_f32(from.add(4 * i)),
            }
        }
    })
}

/// Writes the first `columns` of `V` vectors, at most all and at least one of the last vector.
///
/// # Safety
/// So many columns can be written.
#[inline(always)]
pub(super) unsafe fn store_f32<const V: usize>(to: *mut f32, row: [float32x4_t; V], columns: usize) {
    for (i, x) in row.into_iter().enumerate() {
        // SAFETY: as for this function.
        unsafe {
            let to = to.add(4 * i);
            match columns.wrapping_sub(4 * i) {
                1 => vst1q_lane_f32::<0>(to, x),
                2 => vst1_f32(to, vget_low_f32(x)),
                3 => {
                    vst1_f32(to, vget_low_f32(x));
                    vst1q_lane_f32::<2>(to.add(2), x);
                }
                _ => vst1q_f32(to, x),
            }
        }
    }
}

/// The first `columns` bytes, at most 16; the rest is zero.
///
/// # Safety
/// So many bytes can be read.
#[inline(always)]
pub(super) unsafe fn load_u8(from: *const u8, columns: usize) -> uint8x16_t {
    // SAFETY: as for this function; the copy is filled from its start.
    unsafe {
        if columns >= 16 {
            return vld1q_u8(from);
        }
        if columns == 8 {
            return vcombine_u8(vld1_u8(from), vdup_n_u8(0));
        }
        let mut copy = [0_u8; 16];
        for (i, byte) in copy.iter_mut().enumerate().take(columns) {
            *byte = *from.add(i);
        }
        vld1q_u8(copy.as_ptr())
    }
}

/// Writes the first `columns` bytes, at most 16.
///
/// # Safety
/// So many bytes can be written.
#[inline(always)]
pub(super) unsafe fn store_u8(mut to: *mut u8, mut row: uint8x16_t, columns: usize) {
    // SAFETY: as for this function: the pieces add up to `columns`.
    unsafe {
        let zero = vdupq_n_u8(0);
        if columns >= 16 {
            return vst1q_u8(to, row);
        }
        if columns & 8 != 0 {
            vst1_u8(to, vget_low_u8(row));
            (to, row) = (to.add(8), vextq_u8::<8>(row, zero));
        }
        if columns & 4 != 0 {
            vst1q_lane_u32::<0>(to.cast(), vreinterpretq_u32_u8(row));
            (to, row) = (to.add(4), vextq_u8::<4>(row, zero));
        }
        if columns & 2 != 0 {
            vst1q_lane_u16::<0>(to.cast(), vreinterpretq_u16_u8(row));
            (to, row) = (to.add(2), vextq_u8::<2>(row, zero));
        }
        if columns & 1 != 0 {
            vst1q_lane_u8::<0>(to, row);
        }
    }
}

//! Block products with `smmla`: two rows by two columns by eight elements at a time; single rows by `sdot`.

use core::arch::aarch64::{
    float32x4_t, int8x16_t, int32x4_t, vcombine_f32, vcvtq_f32_s32, vdup_n_f32, vdupq_n_f32, vdupq_n_s32, vfmaq_f32,
    vfmsq_f32, vgetq_lane_f32, vmulq_f32, vreinterpretq_s8_s64, vreinterpretq_s64_s8, vzip1q_s64, vzip2q_s64,
};
use core::arch::asm;

use super::dotprod::Dotprod;
use super::{Along, ROWS, activations, half, signed};
use crate::blocks::activations::{Scales, UNIT, Unit};
use crate::blocks::formats::{Format, Half, Header};
use crate::blocks::rows::{self, Machine};
use crate::blocks::{BlocksArgs, for_block_type};

struct I8mm;

type Single = Along<Dotprod>;

impl Half for I8mm {
    #[inline(always)]
    unsafe fn half(bits: u16) -> f32 {
        half(bits)
    }
}

// SAFETY (all of the impl): as for the trait.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
impl Machine for I8mm {
    type Quants = <Single as Machine>::Quants;
    type Sum = <Single as Machine>::Sum;

    fn offset<F: Format>() -> i32 {
        0
    }

    #[inline(always)]
    unsafe fn quants<F: Format>(quants: [u8; UNIT]) -> Self::Quants {
        unsafe { Single::quants::<F>(quants) }
    }

    #[inline(always)]
    unsafe fn zero() -> Self::Sum {
        unsafe { Single::zero() }
    }

    #[inline(always)]
    unsafe fn add<F: Format>(sum: Self::Sum, w: Self::Quants, x: &Unit, scales: [f32; 2]) -> Self::Sum {
        unsafe { Single::add::<F>(sum, w, x, scales) }
    }

    #[inline(always)]
    unsafe fn total(sum: Self::Sum) -> f32 {
        unsafe { Single::total(sum) }
    }

    #[inline(always)]
    unsafe fn tile<F: Format, const R: usize, const C: usize>(
        w: [*const u8; C],
        x: [*const Unit; R],
        units: usize,
        scales: Scales,
    ) -> [[f32; C]; R] {
        unsafe {
            if R != ROWS || C != 2 {
                return rows::tile::<Self, F, R, C>(w, x, units, scales);
            }
            let sums = pairs::<F>([w[0], w[C - 1]], core::array::from_fn(|i| x[i % R]), units);
            core::array::from_fn(|i| core::array::from_fn(|j| sums[i % ROWS][j % 2]))
        }
    }
}

/// Two columns by two pairs of rows.
///
/// # Safety
/// So many units stand at each pointer; the CPU has the instruction, and the caller is compiled for it.
#[inline(always)]
unsafe fn pairs<F: Format>(mut w: [*const u8; 2], x: [*const Unit; ROWS], units: usize) -> [[f32; 2]; ROWS] {
    // SAFETY: as for this function.
    unsafe {
        let mut sums = [vdupq_n_f32(0.0); ROWS / 2];
        let mut first = 0;
        while first < units {
            let headers = [F::header::<I8mm>(w[0]), F::header::<I8mm>(w[1])];
            for unit in 0..F::UNITS {
                let quants = [signed::<F>(&F::quants(w[0], unit)), signed::<F>(&F::quants(w[1], unit))];
                let columns = groups(quants);
                for (i, sum) in sums.iter_mut().enumerate() {
                    let x = [&*x[2 * i].add(first.wrapping_add(unit)), &*x[2 * i + 1].add(first.wrapping_add(unit))];
                    *sum = add::<F>(*sum, columns, x, &headers, unit);
                    if F::MINIMA {
                        *sum = take::<F>(*sum, x, &headers, unit);
                    }
                }
            }
            w = [w[0].add(F::BYTES), w[1].add(F::BYTES)];
            first = first.wrapping_add(F::UNITS);
        }
        let [upper, lower] = sums.map(|sum| {
            [[vgetq_lane_f32::<0>(sum), vgetq_lane_f32::<1>(sum)], [vgetq_lane_f32::<2>(sum), vgetq_lane_f32::<3>(sum)]]
        });
        [upper[0], upper[1], lower[0], lower[1]]
    }
}

/// Two units as the instruction takes them: eight elements of the one, then of the other.
///
/// # Safety
/// None: NEON is in every CPU of the target.
#[inline(always)]
unsafe fn groups(units: [[int8x16_t; 2]; 2]) -> [int8x16_t; 4] {
    // SAFETY: as for this function.
    unsafe {
        let [a, b] = units.map(|unit| unit.map(|half| vreinterpretq_s64_s8(half)));
        [vzip1q_s64(a[0], b[0]), vzip2q_s64(a[0], b[0]), vzip1q_s64(a[1], b[1]), vzip2q_s64(a[1], b[1])]
            .map(|group| vreinterpretq_s8_s64(group))
    }
}

/// Adds the products of two rows by two columns.
///
/// # Safety
/// As for [`pairs`].
#[inline(always)]
unsafe fn add<F: Format>(
    sum: float32x4_t,
    columns: [int8x16_t; 4],
    x: [&Unit; 2],
    headers: &[Header; 2],
    unit: usize,
) -> float32x4_t {
    // SAFETY: as for this function.
    unsafe {
        let rows = groups(x.map(|x| activations(x)));
        let by_rows = of_rows([x[0].scale, x[1].scale]);
        let scaled = |sum, dots: int32x4_t, half: usize| {
            let scales = vmulq_f32(of_columns([headers[0].scales[half][unit], headers[1].scales[half][unit]]), by_rows);
            vfmaq_f32(sum, vcvtq_f32_s32(dots), scales)
        };
        let first = smmla(smmla(vdupq_n_s32(0), rows[0], columns[0]), rows[1], columns[1]);
        let sum = if F::HALVES { scaled(sum, first, 0) } else { sum };
        let start = if F::HALVES { vdupq_n_s32(0) } else { first };
        let rest = smmla(smmla(start, rows[2], columns[2]), rows[3], columns[3]);
        scaled(sum, rest, if F::HALVES { 1 } else { 0 })
    }
}

/// Takes the products of the minima.
///
/// # Safety
/// As for [`pairs`].
#[inline(always)]
unsafe fn take<F: Format>(sum: float32x4_t, x: [&Unit; 2], headers: &[Header; 2], unit: usize) -> float32x4_t {
    // SAFETY: as for this function.
    unsafe {
        let part = |sum, half: usize| {
            let columns = of_columns([headers[0].minima[half][unit], headers[1].minima[half][unit]]);
            vfmsq_f32(sum, columns, of_rows([x[0].sums[half], x[1].sums[half]]))
        };
        let sum = part(sum, 0);
        if F::HALVES { part(sum, 1) } else { sum }
    }
}

/// A number for each row, in the lanes of its columns.
///
/// # Safety
/// None: NEON is in every CPU of the target.
#[inline(always)]
unsafe fn of_rows(numbers: [f32; 2]) -> float32x4_t {
    // SAFETY: as for this function.
    unsafe { vcombine_f32(vdup_n_f32(numbers[0]), vdup_n_f32(numbers[1])) }
}

/// A number for each column, in the lanes of both rows.
///
/// # Safety
/// None: NEON is in every CPU of the target.
#[inline(always)]
unsafe fn of_columns(numbers: [f32; 2]) -> float32x4_t {
    // SAFETY: a vector of four numbers is read.
    unsafe { core::arch::aarch64::vld1q_f32([numbers[0], numbers[1], numbers[0], numbers[1]].as_ptr()) }
}

/// Adds the products of two rows of eight bytes by two. Its intrinsic is not stable yet.
///
/// # Safety
/// The CPU has the instruction, and the caller is compiled for it.
#[inline(always)]
unsafe fn smmla(mut sums: int32x4_t, rows: int8x16_t, columns: int8x16_t) -> int32x4_t {
    // SAFETY: reads and writes registers only.
    unsafe {
        asm!(
            "smmla {sums:v}.4s, {rows:v}.16b, {columns:v}.16b",
            sums = inout(vreg) sums,
            rows = in(vreg) rows,
            columns = in(vreg) columns,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// # Safety
/// As the door checked; the CPU has the instruction set.
pub(in crate::blocks) unsafe fn gemm(args: &BlocksArgs) {
    #[target_feature(enable = "dotprod,i8mm")]
    unsafe fn run<F: Format>(args: &BlocksArgs) {
        // SAFETY: as for this function.
        unsafe { rows::gemm::<I8mm, F, ROWS>(args) }
    }
    // SAFETY: as for this function.
    unsafe { for_block_type!(args.block_type, run, args) }
}

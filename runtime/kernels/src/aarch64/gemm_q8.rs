//! The int8 product, whatever the instructions that sum: panels of 16 columns, tiles of a few rows.

use core::arch::aarch64::int32x4_t;

use super::finish::Finish;
use super::walk::{At, walk};
use crate::geometry::Place;
use crate::q8::{GemmQ8Args, GemmQ8ToF32Args, ProductArgs};

/// Columns of a full panel: four vectors.
pub(super) const WIDTH: usize = 16;

/// How an instruction set sums products of bytes.
pub(super) trait Dot: Sized {
    /// Elements of k that stand together in a panel.
    const GROUP: usize;

    /// The sums of `M` rows, which start at `a`, by `V` vectors of columns, bias added.
    ///
    /// # Safety
    /// The door checked the rows; the panel `b` and the bias are `V` vectors wide.
    unsafe fn sums<const M: usize, const V: usize>(
        product: &ProductArgs,
        a: [*const u8; M],
        b: *const i8,
        bias: *const i32,
    ) -> [[int32x4_t; V]; M];

    /// [`tiles`] of as many rows as suit the instruction set.
    ///
    /// # Safety
    /// As for [`tiles`].
    unsafe fn panel<const V: usize, F: Finish>(product: &ProductArgs, finish: &F, pixels: &[At], first: usize);
}

/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU must have the instruction set.
pub(super) unsafe fn gemm_q8<D: Dot>(args: &GemmQ8Args) {
    let residual_at = args.residual.map(|residual| residual.at).unwrap_or_default();
    // SAFETY: as for this function.
    unsafe { product::<D, _>(&args.product, [args.product.from, args.to, residual_at], args) }
}

/// # Safety
/// As for [`gemm_q8`].
pub(super) unsafe fn gemm_q8_to_f32<D: Dot>(args: &GemmQ8ToF32Args) {
    let row_at = Place { start: 0, line: args.product.grid.pixels, pixel: 1 };
    // SAFETY: as for this function.
    unsafe { product::<D, _>(&args.product, [args.product.from, args.to, row_at], args) }
}

/// # Safety
/// As for [`gemm_q8`].
#[inline(always)]
unsafe fn product<D: Dot, F: Finish>(product: &ProductArgs, places: [Place; 3], finish: &F) {
    walk(product.grid, places, product.n, WIDTH, |pixels, first| {
        // SAFETY: as for this function; a panel has as many vectors as its columns need.
        unsafe {
            match product.n.wrapping_sub(first).div_ceil(4) {
                1 => D::panel::<1, F>(product, finish, pixels, first),
                2 => D::panel::<2, F>(product, finish, pixels, first),
                3 => D::panel::<3, F>(product, finish, pixels, first),
                _ => D::panel::<4, F>(product, finish, pixels, first),
            }
        }
    });
}

/// Makes the pixels of one panel in tiles of `M` rows, at most 5, and a last one of fewer.
///
/// # Safety
/// As for [`gemm_q8`]; the panel is `V` vectors wide.
#[inline(always)]
pub(super) unsafe fn tiles<D: Dot, const M: usize, const V: usize, F: Finish>(
    product: &ProductArgs,
    finish: &F,
    pixels: &[At],
    first: usize,
) {
    // SAFETY: as for this function; each tile gets as many pixels as it has rows.
    unsafe {
        let taps = &product.taps;
        let run = taps.len.wrapping_add(D::GROUP - 1) / D::GROUP * D::GROUP;
        let k = taps.rows.wrapping_mul(taps.cols).wrapping_mul(run);
        let columns = product.n.wrapping_sub(first);
        let panel = Panel {
            product,
            finish,
            first,
            columns,
            plain: columns >= 4 * V && finish.plain(),
            b: product.b.add(first.wrapping_mul(k)),
            bias: product.bias.add(first),
        };
        let mut rest = pixels;
        while let Some((rows, after)) = rest.split_at_checked(M) {
            panel.tile::<D, M, V>(rows);
            rest = after;
        }
        match rest.len() {
            1 => panel.tile::<D, 1, V>(rest),
            2 if M > 2 && V.is_multiple_of(2) => panel.tile::<D, 2, V>(rest),
            3 if M > 3 && V.is_multiple_of(2) => panel.tile::<D, 3, V>(rest),
            4 if M > 4 && V.is_multiple_of(2) => panel.tile::<D, 4, V>(rest),
            // Panels of an odd width are rare, and code takes room.
            _ => (0..rest.len()).for_each(|row| panel.tile::<D, 1, V>(&rest[row..])),
        }
    }
}

/// What the tiles of a panel share.
struct Panel<'a, F> {
    product: &'a ProductArgs,
    finish: &'a F,
    first: usize,
    /// Left of the row, the panel's included.
    columns: usize,
    /// Whether rows are full, and finished in the common way.
    plain: bool,
    b: *const i8,
    bias: *const i32,
}

impl<F: Finish> Panel<'_, F> {
    /// # Safety
    /// As for [`tiles`]; `pixels` are `M`, or more.
    #[inline(always)]
    unsafe fn tile<D: Dot, const M: usize, const V: usize>(&self, pixels: &[At]) {
        // SAFETY: as for this function.
        unsafe {
            let pixels = pixels.first_chunk::<M>().unwrap_unchecked();
            let rows = pixels.map(|at| self.product.a.add(at.a));
            let sums = D::sums::<M, V>(self.product, rows, self.b, self.bias);
            if self.plain {
                for (at, row) in pixels.iter().zip(sums) {
                    self.finish.full_row(row, at, self.first);
                }
            } else {
                any_rows(self.finish, &sums, pixels, self.first, self.columns);
            }
        }
    }
}

/// Rows that need more than the common case: apart, because each tile would hold a copy for each of its rows.
///
/// # Safety
/// As for [`tiles`]; as many rows of sums as pixels.
#[inline(never)]
unsafe fn any_rows<const V: usize, F: Finish>(
    finish: &F,
    sums: &[[int32x4_t; V]],
    pixels: &[At],
    first: usize,
    columns: usize,
) {
    for (at, row) in pixels.iter().zip(sums) {
        // SAFETY: as for this function.
        unsafe { finish.any_row(*row, at, first, columns) }
    }
}

/// # Safety
/// There are `V` vectors.
#[inline(always)]
pub(super) unsafe fn bias<const V: usize>(from: *const i32) -> [int32x4_t; V] {
    // SAFETY: as for this function.
    core::array::from_fn(|i| unsafe { core::arch::aarch64::vld1q_s32(from.add(4 * i)) })
}

//! One row by an int8 matrix: two panels of weights are read side by side, so that each group of the row serves both.

use super::gemm_q8::{GROUP, PANEL, VECTOR};
use super::output_q8::{Output, Target};
use super::sums_q8::SLIM;
use crate::geometry::Grid;
use crate::q8::ProductArgs;
use std::arch::x86_64::*;

/// Whether a call makes one pixel from one run, and not of a slim product, whose groups are longer.
#[inline(always)]
pub(super) fn is_single(product: &ProductArgs) -> bool {
    let is_row = (product.taps.rows, product.taps.cols) == (1, 1);
    is_row && product.grid == Grid { lines: 1, pixels: 1 } && product.n > SLIM
}

/// Makes the one pixel; the call must be as `is_single` says.
///
/// # Safety
/// As for `gemm_q8::run`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn run<O: Output>(product: &ProductArgs, output: O) {
    let mut row = Row {
        product,
        output,
        a: product.a.wrapping_add(product.from.start).cast(),
        groups: product.taps.len.div_ceil(GROUP),
        b: product.b,
        first: 0,
    };
    // SAFETY: as the caller says; packed panels are as wide as the vectors that their columns take.
    unsafe {
        while product.n.wrapping_sub(row.first) >= 2 * PANEL {
            row.make::<2, 4, 2>(PANEL);
        }
        while row.first < product.n {
            let columns = PANEL.min(product.n.wrapping_sub(row.first));
            match columns.div_ceil(VECTOR) {
                1 => row.make::<1, 1, 8>(columns),
                2 => row.make::<1, 2, 4>(columns),
                3 => row.make::<1, 3, 4>(columns),
                _ => row.make::<1, 4, 4>(columns),
            }
        }
    }
}

/// The row, and the columns that come next.
struct Row<'a, O> {
    product: &'a ProductArgs,
    output: O,
    a: *const i32,
    /// Groups of the row.
    groups: usize,
    b: *const i8,
    first: usize,
}

impl<O: Output> Row<'_, O> {
    /// Makes `PANELS` panels of `NV` vectors, of which each has so many columns, and steps past them.
    ///
    /// # Safety
    /// As for [`run`]; there must be the panels.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn make<const PANELS: usize, const NV: usize, const CHAINS: usize>(&mut self, columns: usize) {
        // SAFETY: as the caller says.
        unsafe {
            for sums in self.sums::<PANELS, NV, CHAINS>() {
                let c = self.output.place().start;
                self.output.store([sums], &Target { c, step: 0, pixel: 0, first: self.first, columns });
                self.first = self.first.wrapping_add(columns);
            }
        }
        self.b = self.b.wrapping_add(self.groups.wrapping_mul(PANELS * NV * VECTOR * GROUP));
    }

    /// The sums of the panels, bias added. `CHAINS` groups are summed apart, so that a product need not wait for the one
    /// before.
    ///
    /// # Safety
    /// As for [`Row::make`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn sums<const PANELS: usize, const NV: usize, const CHAINS: usize>(&self) -> [[__m512i; NV]; PANELS] {
        let line = NV * VECTOR * GROUP;
        let from_panel = self.groups.wrapping_mul(line);
        let (mut a, mut b, mut left) = (self.a, self.b, self.groups);
        // SAFETY: as the caller says: the row is readable to a whole group, each panel has every group, the bias each column.
        unsafe {
            let mut chains = [[[_mm512_setzero_si512(); NV]; PANELS]; CHAINS];
            for (v, sum) in chains[0].as_flattened_mut().iter_mut().enumerate() {
                *sum = _mm512_loadu_si512(self.product.bias.add(self.first).add(v * VECTOR).cast());
            }
            while left >= CHAINS {
                for chain in &mut chains {
                    add_products(chain, a, b, from_panel);
                    (a, b) = (a.add(1), b.add(line));
                }
                left = left.wrapping_sub(CHAINS);
            }
            while left > 0 {
                add_products(&mut chains[0], a, b, from_panel);
                (a, b) = (a.add(1), b.add(line));
                left = left.wrapping_sub(1);
            }
            let mut parts = CHAINS;
            while parts > 1 {
                parts /= 2;
                for part in 0..parts {
                    let other = chains[part + parts];
                    for (sum, other) in chains[part].as_flattened_mut().iter_mut().zip(other.as_flattened()) {
                        *sum = _mm512_add_epi32(*sum, *other);
                    }
                }
            }
            chains[0]
        }
    }
}

/// Adds the products of one group of the row with its line of each panel.
///
/// # Safety
/// As for [`Row::make`].
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn add_products<const PANELS: usize, const NV: usize>(
    sums: &mut [[__m512i; NV]; PANELS],
    a: *const i32,
    b: *const i8,
    from_panel: usize,
) {
    // SAFETY: as the caller says.
    unsafe {
        let x = _mm512_set1_epi32(a.read_unaligned());
        for (panel, sums) in sums.iter_mut().enumerate() {
            let b = b.add(panel.wrapping_mul(from_panel));
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = _mm512_dpbusd_epi32(*sum, x, _mm512_loadu_si512(b.add(v * VECTOR * GROUP).cast()));
            }
        }
    }
}

//! One row by a matrix: its weights are read once and wait for the cache, so several panels are read side by side.

use super::{Columns, Steps, add_residual, bound, store};
use crate::gemm::GemmF32Args;
use crate::x86_64::lanes::Lanes;

/// Whether a call makes one pixel from one run.
#[inline(always)]
pub(in crate::x86_64) fn is_single(args: &GemmF32Args) -> bool {
    (args.grid.lines, args.grid.pixels, args.taps.rows, args.taps.cols) == (1, 1, 1, 1)
}

/// The columns that come next, and where their operands start.
struct Row<'a> {
    columns: Columns<'a>,
    c: *mut f32,
    residual: *const f32,
    left: usize,
}

/// The kernel for one pixel and one run: `TOGETHER` panels of `VECTORS` vectors at a time, then panel by panel, then what
/// is left of the last one by vectors of `V`, and of `N` where it ends with half of one.
///
/// # Safety
/// As for [`super::run`]; panels are `VECTORS` vectors wide and padded to vectors of `N`.
#[inline(always)]
pub(in crate::x86_64) unsafe fn run<
    V: Lanes,
    N: Lanes,
    const TOGETHER: usize,
    const VECTORS: usize,
    const PHASES: usize,
>(
    args: &GemmF32Args,
) {
    let panel = VECTORS * V::COUNT;
    // Panels take the place of pixels: their results follow on each other.
    let mut columns = Columns::new(args, Steps { a: 0, c: panel, residual: panel });
    columns.count = panel;
    columns.b_line = panel;
    let offset = if args.residual.is_null() { 0 } else { args.residual_at.start };
    let (c, residual) = (args.c.wrapping_add(args.to.start), args.residual.wrapping_add(offset));
    let mut row = Row { columns, c, residual, left: args.n };
    let a = args.a.wrapping_add(args.from.start);
    // SAFETY: as this function's; there are as many columns as are taken.
    unsafe {
        while row.left >= TOGETHER * panel {
            row.make::<V, TOGETHER, VECTORS, PHASES>(a);
        }
        while row.left >= panel {
            row.make::<V, 1, VECTORS, 4>(a);
        }
        let padded = row.left.next_multiple_of(N::COUNT);
        row.columns.b_line = padded;
        let mut end = padded;
        while end >= V::COUNT {
            row.narrow::<V>(a);
            end = end.wrapping_sub(V::COUNT);
        }
        while end >= N::COUNT {
            row.narrow::<N>(a);
            end = end.wrapping_sub(N::COUNT);
        }
    }
}

impl Row<'_> {
    /// Makes whole panels and steps past them.
    ///
    /// # Safety
    /// As for [`run`].
    #[inline(always)]
    unsafe fn make<V: Lanes, const PANELS: usize, const VECTORS: usize, const PHASES: usize>(&mut self, a: *const f32) {
        let k = self.columns.args.taps.len;
        let panel = VECTORS * V::COUNT;
        // SAFETY: as this function's.
        unsafe { self.finish(sums::<V, PANELS, VECTORS, PHASES>(&self.columns, a)) };
        self.columns.b = self.columns.b.wrapping_add(k.wrapping_mul(PANELS * panel));
        self.step(PANELS * panel);
    }

    /// Makes a vector of a narrower panel and steps past it.
    ///
    /// # Safety
    /// As for [`run`].
    #[inline(always)]
    unsafe fn narrow<V: Lanes>(&mut self, a: *const f32) {
        self.columns.count = if self.left < V::COUNT { self.left } else { V::COUNT };
        // SAFETY: as this function's.
        unsafe { self.finish(sums::<V, 1, 1, 8>(&self.columns, a)) };
        self.columns.b = self.columns.b.wrapping_add(V::COUNT);
        self.step(self.columns.count);
    }

    /// # Safety
    /// As for [`run`].
    #[inline(always)]
    unsafe fn finish<V: Lanes, const PANELS: usize, const VECTORS: usize>(&self, mut sums: [[V; VECTORS]; PANELS]) {
        // SAFETY: as this function's.
        unsafe {
            if !self.residual.is_null() {
                add_residual(&self.columns, self.residual, &mut sums);
            }
            bound(&self.columns, &mut sums);
            store(&self.columns, self.c, sums);
        }
    }

    #[inline(always)]
    fn step(&mut self, columns: usize) {
        self.columns.bias = self.columns.bias.wrapping_add(columns);
        self.c = self.c.wrapping_add(columns);
        self.residual = self.residual.wrapping_add(if self.residual.is_null() { 0 } else { columns });
        self.left = self.left.wrapping_sub(columns);
    }
}

/// The sums of `PANELS` panels, bias added, in `PHASES` parts as in [`super::tiles`].
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn sums<V: Lanes, const PANELS: usize, const VECTORS: usize, const PHASES: usize>(
    columns: &Columns<'_>,
    mut a: *const f32,
) -> [[V; VECTORS]; PANELS] {
    let mut left = columns.args.taps.len;
    let from_panel = left.wrapping_mul(columns.b_line);
    // SAFETY: as this function's.
    unsafe {
        let mut sums = [[[V::splat(0.0); VECTORS]; PANELS]; PHASES];
        for (v, sum) in sums[0].as_flattened_mut().iter_mut().enumerate() {
            *sum = V::load(columns.bias.add(v * V::COUNT));
        }
        let mut b = columns.b;
        while left >= PHASES {
            for sums in &mut sums {
                add_products(sums, *a, b, from_panel);
                a = a.add(1);
                b = b.add(columns.b_line);
            }
            left = left.wrapping_sub(PHASES);
        }
        while left > 0 {
            add_products(&mut sums[0], *a, b, from_panel);
            a = a.add(1);
            b = b.add(columns.b_line);
            left = left.wrapping_sub(1);
        }
        let mut parts = PHASES;
        while parts > 1 {
            parts /= 2;
            for part in 0..parts {
                let other = sums[part + parts];
                for (sum, other) in sums[part].as_flattened_mut().iter_mut().zip(other.as_flattened()) {
                    *sum = sum.add(*other);
                }
            }
        }
        sums[0]
    }
}

/// Adds the products of one element of the row with its line of each panel.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn add_products<V: Lanes, const PANELS: usize, const VECTORS: usize>(
    sums: &mut [[V; VECTORS]; PANELS],
    x: f32,
    b: *const f32,
    from_panel: usize,
) {
    // SAFETY: as this function's.
    unsafe {
        let x = V::splat(x);
        for (panel, sums) in sums.iter_mut().enumerate() {
            let b = b.add(panel.wrapping_mul(from_panel));
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = sum.add_product(x, V::load(b.add(v * V::COUNT)));
            }
        }
    }
}

//! The f32 product for vectors of any width: tiles of some pixels by some vectors, whose sums stay in registers.

pub(super) mod single;
mod walk;

use super::lanes::{Lanes, hidden, opaque};
use crate::gemm::GemmF32Args;
pub(super) use walk::{Tiles, run};

/// Makes `count` tiles, one after the other, whose operands start where the pointers say: A, C and the residual, null
/// where there is none.
pub(super) type Tile = unsafe fn(&Columns<'_>, *const f32, *mut f32, *const f32, count: usize);

/// Pixels of the largest tile.
const MOST: usize = 12;

/// The columns of C that are being made: what stays the same for all their tiles.
pub(super) struct Columns<'a> {
    /// Of which a tile needs the taps and the bounds.
    args: &'a GemmF32Args,
    /// Which bounds there are: the lower, the upper.
    bounded: [bool; 2],
    /// Weights of the first k, for the first column.
    b: *const f32,
    /// From one k to the next.
    b_line: usize,
    bias: *const f32,
    /// Those that are written, at most as many as the tile is wide; only the tile's last vector may be partial.
    count: usize,
    /// From a pixel to the next.
    pixel: Steps,
}

/// How far the operands go on.
#[derive(Clone, Copy)]
struct Steps {
    a: usize,
    c: usize,
    residual: usize,
}

/// Where a pixel's operands start; the residual is null where there is none.
#[derive(Clone, Copy)]
struct Operands {
    a: *const f32,
    c: *mut f32,
    residual: *const f32,
}

impl<'a> Columns<'a> {
    #[inline(always)]
    fn new(args: &'a GemmF32Args, pixel: Steps) -> Self {
        let bounded = [args.clamp.min > f32::NEG_INFINITY, args.clamp.max < f32::INFINITY];
        Self { args, bounded, b: args.b, b_line: 0, bias: args.bias, count: 0, pixel }
    }
}

impl Steps {
    #[inline(always)]
    fn times(self, count: usize) -> Self {
        let times = |step: usize| step.wrapping_mul(count);
        Self { a: times(self.a), c: times(self.c), residual: times(self.residual) }
    }
}

impl Operands {
    #[inline(always)]
    fn first(args: &GemmF32Args) -> Self {
        let start = Steps { a: args.from.start, c: args.to.start, residual: args.residual_at.start };
        Self { a: args.a, c: args.c, residual: args.residual }.after(start)
    }

    #[inline(always)]
    fn after(self, steps: Steps) -> Self {
        let residual = if self.residual.is_null() { 0 } else { steps.residual };
        Self {
            a: self.a.wrapping_add(steps.a),
            c: self.c.wrapping_add(steps.c),
            residual: self.residual.wrapping_add(residual),
        }
    }
}

/// `count` tiles of `PIXELS` by `VECTORS` vectors. Sums are kept in `PHASES` parts (a power of two), for as many
/// elements of a run, so that a tile of few sums need not wait for the last product before the next.
///
/// # Safety
/// There must be the operands of so many pixels, and the CPU have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn tiles<V: Lanes, const PIXELS: usize, const VECTORS: usize, const PHASES: usize>(
    columns: &Columns<'_>,
    a: *const f32,
    c: *mut f32,
    residual: *const f32,
    count: usize,
) {
    let mut at = Operands { a, c, residual };
    for _ in 0..count {
        // SAFETY: as this function's.
        unsafe {
            let mut sums = sums::<V, PIXELS, VECTORS, PHASES>(columns, at.a);
            if !at.residual.is_null() {
                add_residual(columns, at.residual, &mut sums);
            }
            bound(columns, &mut sums);
            store(columns, at.c, sums);
        }
        at = at.after(columns.pixel.times(PIXELS));
    }
}

/// The rows of A that a tile reads, three to a base: so few addresses stay in registers.
struct Rows {
    bases: [*const f32; MOST / 3],
    step: usize,
}

/// The same element of three rows, counted from the first.
#[derive(Clone, Copy)]
struct Element([usize; 3]);

impl Rows {
    #[inline(always)]
    fn new(a: *const f32, step: usize) -> Self {
        let mut bases = [a; MOST / 3];
        for (i, base) in bases.iter_mut().enumerate() {
            *base = opaque(a.wrapping_add(step.wrapping_mul(3 * i)));
        }
        Self { bases, step }
    }

    #[inline(always)]
    fn element(&self, k: usize) -> Element {
        Element([k, k.wrapping_add(self.step), k.wrapping_add(self.step.wrapping_mul(2))].map(hidden))
    }
}

impl Element {
    #[inline(always)]
    fn next(self) -> Self {
        Self(self.0.map(|k| hidden(k.wrapping_add(1))))
    }
}

/// The sums of a tile, bias added.
///
/// # Safety
/// As for [`tiles`].
#[inline(always)]
unsafe fn sums<V: Lanes, const PIXELS: usize, const VECTORS: usize, const PHASES: usize>(
    columns: &Columns<'_>,
    a: *const f32,
) -> [[V; VECTORS]; PIXELS] {
    // SAFETY: the taps read within A for every pixel; B has a line of at least this many columns for each element read.
    unsafe {
        let mut sums = [[[V::splat(0.0); VECTORS]; PIXELS]; PHASES];
        for v in 0..VECTORS {
            let bias = V::load(columns.bias.add(v * V::COUNT));
            for pixel in &mut sums[0] {
                pixel[v] = bias;
            }
        }
        let rows = Rows::new(a, columns.pixel.a);
        let (taps, mut b, mut line) = (&columns.args.taps, columns.b, 0_usize);
        for _ in 0..taps.rows {
            let mut run = line;
            for _ in 0..taps.cols {
                let mut element = rows.element(run);
                let mut left = taps.len;
                while PHASES > 1 && left >= PHASES {
                    for phase in &mut sums {
                        add_products(phase, &rows, element, b);
                        b = b.add(columns.b_line);
                        element = element.next();
                    }
                    left = left.wrapping_sub(PHASES);
                }
                while left > 0 {
                    add_products(&mut sums[0], &rows, element, b);
                    b = b.add(columns.b_line);
                    element = element.next();
                    left = left.wrapping_sub(1);
                }
                run = run.wrapping_add(taps.col);
            }
            line = line.wrapping_add(taps.row);
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

/// Adds the products of one element of each row with its line of B.
///
/// # Safety
/// As for [`tiles`].
#[inline(always)]
unsafe fn add_products<V: Lanes, const PIXELS: usize, const VECTORS: usize>(
    sums: &mut [[V; VECTORS]; PIXELS],
    rows: &Rows,
    element: Element,
    b: *const f32,
) {
    // SAFETY: as this function's.
    unsafe {
        let mut weights = [V::splat(0.0); VECTORS];
        for (v, weights) in weights.iter_mut().enumerate() {
            *weights = V::load(b.add(v * V::COUNT));
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            let x = V::splat(*rows.bases[row / 3].add(element.0[row % 3]));
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = sum.add_product(x, weights);
            }
        }
    }
}

/// Columns of a tile's last vector.
#[inline(always)]
fn last<V: Lanes, const VECTORS: usize>(columns: &Columns<'_>) -> usize {
    columns.count.wrapping_sub((VECTORS - 1) * V::COUNT)
}

/// # Safety
/// As for [`tiles`].
#[inline(always)]
unsafe fn add_residual<V: Lanes, const PIXELS: usize, const VECTORS: usize>(
    columns: &Columns<'_>,
    mut residual: *const f32,
    sums: &mut [[V; VECTORS]; PIXELS],
) {
    let last = last::<V, VECTORS>(columns);
    for sums in sums {
        for (v, sum) in sums.iter_mut().enumerate() {
            let whole = v + 1 < VECTORS || last == V::COUNT;
            // SAFETY: as this function's: all but the last vector are whole, and of that one so many lanes.
            unsafe {
                let from = residual.add(v * V::COUNT);
                *sum = sum.add(if whole { V::load(from) } else { V::load_first(from, last) });
            }
        }
        residual = residual.wrapping_add(columns.pixel.residual);
    }
}

/// Holds sums within their bounds; one that is not there costs nothing.
///
/// # Safety
/// As for [`tiles`].
#[inline(always)]
unsafe fn bound<V: Lanes, const PIXELS: usize, const VECTORS: usize>(
    columns: &Columns<'_>,
    sums: &mut [[V; VECTORS]; PIXELS],
) {
    // SAFETY: as this function's.
    unsafe {
        if columns.bounded[0] {
            let min = V::splat(columns.args.clamp.min);
            for sum in sums.as_flattened_mut() {
                *sum = sum.at_least(min);
            }
        }
        if columns.bounded[1] {
            let max = V::splat(columns.args.clamp.max);
            for sum in sums.as_flattened_mut() {
                *sum = sum.at_most(max);
            }
        }
    }
}

/// # Safety
/// As for [`tiles`].
#[inline(always)]
unsafe fn store<V: Lanes, const PIXELS: usize, const VECTORS: usize>(
    columns: &Columns<'_>,
    mut c: *mut f32,
    sums: [[V; VECTORS]; PIXELS],
) {
    let last = last::<V, VECTORS>(columns);
    for sums in sums {
        for (v, sum) in sums.into_iter().enumerate() {
            let whole = v + 1 < VECTORS || last == V::COUNT;
            // SAFETY: as this function's: all but the last vector lie within C, and so many lanes of that one.
            unsafe {
                let to = c.add(v * V::COUNT);
                if whole { sum.store(to) } else { sum.store_first(to, last) }
            }
        }
        c = c.wrapping_add(columns.pixel.c);
    }
}

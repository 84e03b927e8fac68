//! The f32 product for vectors of any width: tiles of some rows by some vectors whose sums stay in registers.

use super::lanes::Lanes;
use crate::gemm::GemmF32Args;
use crate::geometry::{Clamp, Place, Taps};

/// Makes `count` tiles of its number of rows, one after the other, from the cursor on.
pub(super) type Tile = unsafe fn(&Columns, &mut Cursor, count: usize);

/// The tiles of one width.
pub(super) struct Tiles {
    /// Columns of B that they read.
    pub(super) columns: usize,
    /// The first makes one row, the next two, and so on.
    pub(super) by_rows: &'static [Tile],
}

/// The columns of C that are being made: what stays the same for all their tiles.
pub(super) struct Columns {
    taps: Taps,
    /// Weights of the first k, for the first column.
    b: *const f32,
    /// From one k to the next.
    b_line: usize,
    bias: *const f32,
    /// Those that are written, at most as many as the tile is wide; only the tile's last vector may be partial.
    count: usize,
    clamp: Clamp,
    /// Pixels of a line.
    pixels: usize,
    a: Steps,
    c: Steps,
    residual: Steps,
}

/// How an operand goes on from pixel to pixel.
#[derive(Clone, Copy)]
struct Steps {
    /// To the next pixel of the line.
    pixel: usize,
    /// From a line's last pixel to the first of the next line; wraps around where lines lie backwards or overlap.
    wrap: usize,
}

/// The pixel that is next.
pub(super) struct Cursor {
    a: *const f32,
    c: *mut f32,
    /// Null where there is no residual, and then it stays so.
    residual: *const f32,
    /// Pixels left of its line, with itself.
    left: usize,
}

impl Steps {
    fn of(at: &Place, pixels: usize) -> Self {
        let line = at.pixel.wrapping_mul(pixels.wrapping_sub(1));
        Self { pixel: at.pixel, wrap: at.line.wrapping_sub(line) }
    }

    #[inline(always)]
    fn next(self, line_ends: bool) -> usize {
        if line_ends { self.wrap } else { self.pixel }
    }
}

/// The kernel, given the tiles of an instruction set, the widest first; one of them is a vector wide, the unit to which
/// panels are padded.
///
/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU have the tiles' instructions.
#[inline(always)]
pub(super) unsafe fn run(args: &GemmF32Args, panel: usize, unit: usize, sets: &[Tiles]) {
    let pixels = args.grid.lines.wrapping_mul(args.grid.pixels);
    if pixels == 0 {
        return;
    }
    let k = args.taps.rows.wrapping_mul(args.taps.cols).wrapping_mul(args.taps.len);
    let mut columns = Columns {
        taps: args.taps,
        b: args.b,
        b_line: 0,
        bias: args.bias,
        count: 0,
        clamp: args.clamp,
        pixels: args.grid.pixels,
        a: Steps::of(&args.from, args.grid.pixels),
        c: Steps::of(&args.to, args.grid.pixels),
        residual: Steps::of(&args.residual_at, args.grid.pixels),
    };
    let mut first = 0;
    while first < args.n {
        let left = args.n.wrapping_sub(first);
        // What is left of this panel, padded as it was packed.
        let within = panel.wrapping_sub(first % panel);
        let padded = left.wrapping_add(unit.wrapping_sub(1)) / unit * unit;
        let padded = if padded < within { padded } else { within };
        if first.is_multiple_of(panel) {
            // SAFETY: the panels before this one hold `k` of each of the `first` columns.
            columns.b = unsafe { args.b.add(first.wrapping_mul(k)) };
            columns.b_line = padded;
        }
        let Some(set) = sets.iter().find(|set| set.columns <= padded) else { return };
        columns.count = if left < set.columns { left } else { set.columns };
        // SAFETY: the door checked all pixels of A, C and the residual; B and the bias have the padded columns.
        unsafe {
            all_rows(args, &columns, first, pixels, set);
            columns.bias = columns.bias.add(set.columns);
            columns.b = columns.b.add(set.columns);
        }
        first = first.wrapping_add(set.columns);
    }
}

/// Makes some columns of every pixel.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn all_rows(args: &GemmF32Args, columns: &Columns, first: usize, pixels: usize, set: &Tiles) {
    // SAFETY: the door checked where places start.
    let mut cursor = unsafe {
        Cursor {
            a: args.a.add(args.from.start),
            c: args.c.add(args.to.start).add(first),
            residual: args.residual.wrapping_add(args.residual_at.start).wrapping_add(first),
            left: args.grid.pixels,
        }
    };
    if args.residual.is_null() {
        cursor.residual = args.residual;
    }
    let most = set.by_rows.len();
    let (full, rest) = (pixels / most, pixels % most);
    // SAFETY: the tiles make `pixels` rows together; the sets have a tile of every number of rows up to the most.
    unsafe {
        if full > 0 {
            set.by_rows.get_unchecked(most.wrapping_sub(1))(columns, &mut cursor, full);
        }
        if rest > 0 {
            set.by_rows.get_unchecked(rest.wrapping_sub(1))(columns, &mut cursor, 1);
        }
    }
}

/// `count` tiles of `ROWS` pixels by `VECTORS` vectors. Sums are kept in `PHASES` parts, for as many elements of a run, so
/// that a tile of few sums need not wait for the last product before the next.
///
/// # Safety
/// From the cursor on there must be as many pixels, and the CPU have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn tiles<V: Lanes, const ROWS: usize, const VECTORS: usize, const PHASES: usize>(
    columns: &Columns,
    cursor: &mut Cursor,
    count: usize,
) {
    for _ in 0..count {
        // SAFETY: as this function's.
        unsafe {
            let next = starts::<_, ROWS>(cursor.a, cursor.left, columns.pixels, columns.a);
            let sums = sums::<V, ROWS, VECTORS, PHASES>(columns, next.0);
            finish(columns, cursor, sums);
            (cursor.a, cursor.left) = (next.1, next.2);
        }
    }
}

/// Where the next pixels start, then where the one after them does, and how many are left of its line.
#[inline(always)]
fn starts<T, const ROWS: usize>(
    from: *const T,
    left: usize,
    pixels: usize,
    steps: Steps,
) -> ([*const T; ROWS], *const T, usize) {
    let (mut at, mut left) = (from, left);
    let mut starts = [from; ROWS];
    for start in &mut starts {
        *start = at;
        left = left.wrapping_sub(1);
        let ends = left == 0;
        at = at.wrapping_add(steps.next(ends));
        left = if ends { pixels } else { left };
    }
    (starts, at, left)
}

/// The sums of a tile, bias added.
///
/// # Safety
/// As for [`tiles`].
#[inline(always)]
unsafe fn sums<V: Lanes, const ROWS: usize, const VECTORS: usize, const PHASES: usize>(
    columns: &Columns,
    a: [*const f32; ROWS],
) -> [[V; VECTORS]; ROWS] {
    // SAFETY: the taps read within A for every pixel; B has a line of at least this many columns for each element read.
    unsafe {
        let mut sums = [[[V::splat(0.0); VECTORS]; ROWS]; PHASES];
        for v in 0..VECTORS {
            let bias = V::load(columns.bias.add(v * V::COUNT));
            for row in &mut sums[0] {
                row[v] = bias;
            }
        }
        let Taps { rows, row: row_step, cols, col: col_step, len } = columns.taps;
        let (mut b, mut line) = (columns.b, 0_usize);
        for _ in 0..rows {
            let mut run = line;
            for _ in 0..cols {
                let end = run.wrapping_add(len);
                let mut k = run;
                while PHASES > 1 && end.wrapping_sub(k) >= PHASES {
                    for phase in &mut sums {
                        add_products(phase, &a, k, b);
                        b = b.add(columns.b_line);
                        k = k.wrapping_add(1);
                    }
                }
                while k != end {
                    add_products(&mut sums[0], &a, k, b);
                    b = b.add(columns.b_line);
                    k = k.wrapping_add(1);
                }
                run = run.wrapping_add(col_step);
            }
            line = line.wrapping_add(row_step);
        }
        let mut total = sums[0];
        for phase in &sums[1..] {
            for (total, sum) in total.as_flattened_mut().iter_mut().zip(phase.as_flattened()) {
                *total = total.add(*sum);
            }
        }
        total
    }
}

/// Adds the products of one element of each row with its line of B.
///
/// # Safety
/// As for [`tiles`].
#[inline(always)]
unsafe fn add_products<V: Lanes, const ROWS: usize, const VECTORS: usize>(
    sums: &mut [[V; VECTORS]; ROWS],
    a: &[*const f32; ROWS],
    k: usize,
    b: *const f32,
) {
    // SAFETY: as this function's.
    unsafe {
        let mut weights = [V::splat(0.0); VECTORS];
        for (v, weights) in weights.iter_mut().enumerate() {
            *weights = V::load(b.add(v * V::COUNT));
        }
        for (sums, a) in sums.iter_mut().zip(a) {
            let x = V::splat(*a.add(k));
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = sum.add_product(x, weights);
            }
        }
    }
}

/// Adds the residual, holds the sums within their bounds and writes them; the cursor's C and residual go on.
///
/// # Safety
/// As for [`tiles`].
#[inline(always)]
unsafe fn finish<V: Lanes, const ROWS: usize, const VECTORS: usize>(
    columns: &Columns,
    cursor: &mut Cursor,
    mut sums: [[V; VECTORS]; ROWS],
) {
    let last = columns.count.wrapping_sub((VECTORS - 1) * V::COUNT);
    let full = last == V::COUNT;
    // SAFETY: as this function's: all but the last vector lie within C and the residual, and `last` lanes of that one.
    unsafe {
        if !cursor.residual.is_null() {
            let next = starts::<_, ROWS>(cursor.residual, cursor.left, columns.pixels, columns.residual);
            cursor.residual = next.1;
            for (sums, from) in sums.iter_mut().zip(next.0) {
                for (v, sum) in sums.iter_mut().enumerate() {
                    let from = from.add(v * V::COUNT);
                    let whole = full || v + 1 < VECTORS;
                    *sum = sum.add(if whole { V::load(from) } else { V::load_first(from, last) });
                }
            }
        }
        bound(&mut sums, columns.clamp);
        let next = starts::<_, ROWS>(cursor.c.cast_const(), cursor.left, columns.pixels, columns.c);
        cursor.c = next.1.cast_mut();
        for (sums, to) in sums.into_iter().zip(next.0) {
            for (v, sum) in sums.into_iter().enumerate() {
                let to = to.cast_mut().add(v * V::COUNT);
                if full || v + 1 < VECTORS { sum.store(to) } else { sum.store_first(to, last) }
            }
        }
    }
}

/// Holds sums within bounds; a bound of infinity costs nothing.
///
/// # Safety
/// The CPU must have the instructions of `V`.
#[inline(always)]
unsafe fn bound<V: Lanes, const ROWS: usize, const VECTORS: usize>(sums: &mut [[V; VECTORS]; ROWS], clamp: Clamp) {
    // SAFETY: as this function's.
    unsafe {
        if clamp.min > f32::NEG_INFINITY {
            let min = V::splat(clamp.min);
            for sum in sums.as_flattened_mut() {
                *sum = sum.at_least(min);
            }
        }
        if clamp.max < f32::INFINITY {
            let max = V::splat(clamp.max);
            for sum in sums.as_flattened_mut() {
                *sum = sum.at_most(max);
            }
        }
    }
}

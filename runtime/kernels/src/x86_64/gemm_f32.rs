//! The f32 product for vectors of any width: tiles of some pixels by some vectors, whose sums stay in registers.

use super::lanes::{Lanes, hidden, opaque};
use crate::gemm::GemmF32Args;
use crate::geometry::{Clamp, Grid, Place, Taps};

/// Makes `count` tiles, one after the other.
pub(super) type Tile = unsafe fn(&Columns, Pixel, count: usize);

/// The tiles of one width.
pub(super) struct Tiles {
    /// Columns of B that they read.
    pub(super) columns: usize,
    /// The first makes one pixel, the next two, and so on up to [`MOST`] or less.
    pub(super) by_pixels: &'static [Tile],
}

/// Pixels of the largest tile.
const MOST: usize = 12;

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
    /// From a pixel to the next in A, C and the residual.
    steps: [usize; 3],
}

/// Where a pixel's operands start; the residual is null where there is none.
#[derive(Clone, Copy)]
pub(super) struct Pixel {
    a: *const f32,
    c: *mut f32,
    residual: *const f32,
}

impl Pixel {
    /// The pixel that is `count` steps further.
    #[inline(always)]
    fn after(self, count: usize, steps: [usize; 3]) -> Self {
        let residual = self.residual.wrapping_add(steps[2].wrapping_mul(count));
        Self {
            a: self.a.wrapping_add(steps[0].wrapping_mul(count)),
            c: self.c.wrapping_add(steps[1].wrapping_mul(count)),
            residual: if self.residual.is_null() { self.residual } else { residual },
        }
    }
}

/// A grid as it is walked: the fewer lines, the fuller the tiles.
struct Walk {
    grid: Grid,
    /// From a line to the next in A, C and the residual.
    lines: [usize; 3],
    /// From a pixel to the next.
    pixels: [usize; 3],
}

impl Walk {
    /// One line where the places allow it, else lines or columns, whichever tiles of at most `most` pixels fit better.
    #[inline(always)]
    fn new(args: &GemmF32Args, most: usize) -> Self {
        let places: [&Place; 3] = [&args.from, &args.to, &args.residual_at];
        let (grid, lines, pixels) = (args.grid, places.map(|at| at.line), places.map(|at| at.pixel));
        let known = Self { grid, lines, pixels };
        if grid.lines <= 1 {
            return known;
        }
        let used = if args.residual.is_null() { 2 } else { 3 };
        if (0..used).all(|i| lines[i] == pixels[i].wrapping_mul(grid.pixels)) {
            return Self { grid: Grid { lines: 1, pixels: grid.lines.wrapping_mul(grid.pixels) }, ..known };
        }
        let turned = Grid { lines: grid.pixels, pixels: grid.lines };
        // A tile of one pixel takes as long as one of two: it waits for B.
        let cost = |grid: Grid| grid.lines.wrapping_mul(grid.pixels.wrapping_add(usize::from(grid.pixels % most == 1)));
        if cost(turned) < cost(grid) { Self { grid: turned, lines: pixels, pixels: lines } } else { known }
    }
}

/// The kernel, given the tiles of an instruction set, the widest first and the last of them as wide as `unit`, to which
/// panels are padded.
///
/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU have the tiles' instructions.
#[inline(always)]
pub(super) unsafe fn run<const SETS: usize>(args: &GemmF32Args, panel: usize, unit: usize, sets: &[Tiles; SETS]) {
    if args.grid.lines == 0 || args.grid.pixels == 0 {
        return;
    }
    let walk = Walk::new(args, sets[0].by_pixels.len());
    let (taps, bias, clamp, steps) = (args.taps, args.bias, args.clamp, walk.pixels);
    let k = taps.rows.wrapping_mul(taps.cols).wrapping_mul(taps.len);
    let mut columns = Columns { taps, b: args.b, b_line: 0, bias, count: 0, clamp, steps };
    // SAFETY: the door checked where places start.
    let mut start = unsafe {
        Pixel {
            a: args.a.add(args.from.start),
            c: args.c.add(args.to.start),
            residual: args.residual.wrapping_add(args.residual_at.start),
        }
    };
    let mut left = args.n;
    let mut b = args.b;
    while left > 0 {
        let padded = left.wrapping_add(unit.wrapping_sub(1)) / unit * unit;
        let mut within = if padded < panel { padded } else { panel };
        (columns.b, columns.b_line) = (b, within);
        b = b.wrapping_add(within.wrapping_mul(k));
        for set in sets {
            while within >= set.columns {
                columns.count = if left < set.columns { left } else { set.columns };
                // SAFETY: the door checked all pixels of A, C and the residual; B and the bias have the padded columns.
                unsafe {
                    walk.tile(&columns, start, set);
                    columns.bias = columns.bias.add(set.columns);
                    columns.b = columns.b.add(set.columns);
                    start.c = start.c.wrapping_add(set.columns);
                }
                if !start.residual.is_null() {
                    start.residual = start.residual.wrapping_add(set.columns);
                }
                within = within.wrapping_sub(set.columns);
                left = left.wrapping_sub(columns.count);
            }
        }
    }
}

impl Walk {
    /// Makes some columns of every pixel: full tiles, then one of what is left of a line.
    ///
    /// # Safety
    /// As for [`run`].
    #[inline(always)]
    unsafe fn tile(&self, columns: &Columns, start: Pixel, set: &Tiles) {
        let Grid { lines, pixels } = self.grid;
        let most = set.by_pixels.len();
        // Most products are small: what divides takes long.
        let (full, rest) = if pixels < most { (0, pixels) } else { (pixels / most, pixels % most) };
        let mut line = start;
        for _ in 0..lines {
            let mut pixel = line;
            // SAFETY: the tiles of a line make its pixels; the set has a tile of every size up to the most.
            unsafe {
                if full > 0 {
                    set.by_pixels.get_unchecked(most.wrapping_sub(1))(columns, pixel, full);
                    pixel = pixel.after(full.wrapping_mul(most), columns.steps);
                }
                if rest > 0 {
                    set.by_pixels.get_unchecked(rest.wrapping_sub(1))(columns, pixel, 1);
                }
            }
            line = line.after(1, self.lines);
        }
    }
}

/// `count` tiles of `PIXELS` by `VECTORS` vectors. Sums are kept in `PHASES` parts, for as many elements of a run, so that
/// a tile of few sums need not wait for the last product before the next.
///
/// # Safety
/// From the pixel on there must be as many, and the CPU have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn tiles<V: Lanes, const PIXELS: usize, const VECTORS: usize, const PHASES: usize>(
    columns: &Columns,
    mut pixel: Pixel,
    count: usize,
) {
    for _ in 0..count {
        // SAFETY: as this function's.
        unsafe {
            let sums = sums::<V, PIXELS, VECTORS, PHASES>(columns, pixel.a);
            finish(columns, pixel, sums);
        }
        pixel = pixel.after(PIXELS, columns.steps);
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
    columns: &Columns,
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
        let rows = Rows::new(a, columns.steps[0]);
        let (taps, mut b, mut line) = (columns.taps, columns.b, 0_usize);
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

/// Adds the residual, holds the sums within their bounds and writes them.
///
/// # Safety
/// As for [`tiles`].
#[inline(always)]
unsafe fn finish<V: Lanes, const PIXELS: usize, const VECTORS: usize>(
    columns: &Columns,
    mut pixel: Pixel,
    mut sums: [[V; VECTORS]; PIXELS],
) {
    let last = columns.count.wrapping_sub((VECTORS - 1) * V::COUNT);
    let full = last == V::COUNT;
    // SAFETY: as this function's: all but the last vector lie within C and the residual, and `last` lanes of that one.
    unsafe {
        if !pixel.residual.is_null() {
            let mut from = pixel.residual;
            for sums in &mut sums {
                for (v, sum) in sums.iter_mut().enumerate() {
                    let from = from.add(v * V::COUNT);
                    let whole = full || v + 1 < VECTORS;
                    *sum = sum.add(if whole { V::load(from) } else { V::load_first(from, last) });
                }
                from = from.wrapping_add(columns.steps[2]);
            }
        }
        bound(&mut sums, columns.clamp);
        for sums in sums {
            for (v, sum) in sums.into_iter().enumerate() {
                let to = pixel.c.add(v * V::COUNT);
                if full || v + 1 < VECTORS { sum.store(to) } else { sum.store_first(to, last) }
            }
            pixel.c = pixel.c.wrapping_add(columns.steps[1]);
        }
    }
}

/// Holds sums within bounds; a bound of infinity costs nothing.
///
/// # Safety
/// The CPU must have the instructions of `V`.
#[inline(always)]
unsafe fn bound<V: Lanes, const PIXELS: usize, const VECTORS: usize>(sums: &mut [[V; VECTORS]; PIXELS], clamp: Clamp) {
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

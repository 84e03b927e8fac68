//! How a product is divided into tiles: panel by panel, and the pixels of its grid in lines as full as can be.

use super::{Columns, Operands, Steps, Tile};
use crate::gemm::GemmF32Args;
use crate::geometry::Grid;
use crate::x86_64::tiles::split;

/// A tile of fewer pixels waits for B.
const FEW: usize = 4;

/// The tiles of one width.
pub(in crate::x86_64) struct Tiles {
    /// Columns of B that they read.
    pub(in crate::x86_64) columns: usize,
    /// The first makes one pixel, the next two, and so on.
    pub(in crate::x86_64) by_pixels: &'static [Tile],
}

/// A grid as it is walked.
struct Walk {
    grid: Grid,
    /// From a line to the next.
    line: Steps,
    /// From a pixel to the next in its line.
    pixel: Steps,
}

/// The kernel, given the tiles of an instruction set, the widest first and the last of them as wide as `unit`, to which
/// panels are padded.
///
/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU have the tiles' instructions.
#[inline(always)]
pub(in crate::x86_64) unsafe fn run<const SETS: usize>(
    args: &GemmF32Args,
    panel: usize,
    unit: usize,
    sets: &[Tiles; SETS],
) {
    if args.grid.lines == 0 || args.grid.pixels == 0 {
        return;
    }
    let walk = Walk::new(args, sets[0].by_pixels.len());
    let k = args.taps.rows.wrapping_mul(args.taps.cols).wrapping_mul(args.taps.len);
    let mut columns = Columns::new(args, walk.pixel);
    let mut operands = Operands::first(args);
    let (mut left, mut next_panel) = (args.n, args.b);
    while left > 0 {
        let padded = left.wrapping_add(unit.wrapping_sub(1)) / unit * unit;
        let mut within = if padded < panel { padded } else { panel };
        (columns.b, columns.b_line) = (next_panel, within);
        next_panel = next_panel.wrapping_add(within.wrapping_mul(k));
        for set in sets {
            while within >= set.columns {
                columns.count = if left < set.columns { left } else { set.columns };
                // SAFETY: the door checked all pixels of A, C and the residual; B and the bias have the padded columns.
                unsafe { walk.tile(&columns, operands, set) };
                columns.bias = columns.bias.wrapping_add(set.columns);
                columns.b = columns.b.wrapping_add(set.columns);
                operands = operands.after(Steps { a: 0, c: set.columns, residual: set.columns });
                within = within.wrapping_sub(set.columns);
                left = left.wrapping_sub(columns.count);
            }
        }
    }
}

impl Walk {
    /// One line where the places allow it, else lines or columns, whichever tiles of at most `most` pixels fit better.
    #[inline(always)]
    fn new(args: &GemmF32Args, most: usize) -> Self {
        let (from, to, residual) = (&args.from, &args.to, &args.residual_at);
        let line = Steps { a: from.line, c: to.line, residual: residual.line };
        let pixel = Steps { a: from.pixel, c: to.pixel, residual: residual.pixel };
        let Grid { lines, pixels } = args.grid;
        if lines == 1 {
            return Self { grid: args.grid, line, pixel };
        }
        let row = pixel.times(pixels);
        if row.a == line.a && row.c == line.c && (row.residual == line.residual || args.residual.is_null()) {
            return Self { grid: Grid { lines: 1, pixels: lines.wrapping_mul(pixels) }, line, pixel };
        }
        // To begin and to end a tile takes about as long as a pixel more.
        let cost = |lines: usize, pixels: usize| lines.wrapping_mul(pixels.wrapping_add(pixels.div_ceil(most)));
        if cost(pixels, lines) < cost(lines, pixels) {
            return Self { grid: Grid { lines: pixels, pixels: lines }, line: pixel, pixel: line };
        }
        Self { grid: args.grid, line, pixel }
    }

    /// Makes some columns of every pixel, tile by tile.
    ///
    /// # Safety
    /// As for [`run`].
    #[inline(always)]
    unsafe fn tile(&self, columns: &Columns<'_>, first: Operands, set: &Tiles) {
        let Grid { lines, pixels } = self.grid;
        let parts = parts(pixels, set.by_pixels.len());
        let mut line = first;
        for _ in 0..lines {
            let mut at = line;
            for (tiles, pixels) in parts {
                if tiles > 0 {
                    // SAFETY: the tiles of a line make its pixels; the set has a tile of every size up to the most.
                    unsafe {
                        set.by_pixels.get_unchecked(pixels.wrapping_sub(1))(columns, at.a, at.c, at.residual, tiles);
                    }
                    at = at.after(self.pixel.times(pixels.wrapping_mul(tiles)));
                }
            }
            line = line.after(self.line);
        }
    }
}

/// The tiles of a line: how many, and of how many pixels each. Full ones and what is left; but where that would be few
/// pixels, tiles as even as can be.
#[inline(always)]
fn parts(pixels: usize, most: usize) -> [(usize, usize); 2] {
    // Most products are small: what divides takes long.
    if pixels <= most {
        return [(1, pixels), (0, 0)];
    }
    let (full, rest) = (pixels / most, pixels % most);
    if rest == 0 || rest >= FEW {
        return [(full, most), (usize::from(rest > 0), rest)];
    }
    let (tiles, least, more) = split(pixels, most);
    [(more, least.wrapping_add(1)), (tiles.wrapping_sub(more), least)]
}

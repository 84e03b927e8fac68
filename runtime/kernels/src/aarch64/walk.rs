//! The order in which a product is made: pixels by the chunk, then panel by panel, then tile by tile.

use core::mem::MaybeUninit;

use crate::geometry::{Grid, Place, Taps};

/// Pixels whose rows meet every panel before the next pixels' turn: few enough that a panel and their rows share a
/// cache, enough that a panel is seldom fetched. Divides into tiles of 4, 5 and 6 rows.
const CHUNK: usize = 60;

/// Where one pixel's row of A, its row of C, and a third operand (residual or row scale) start.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) a: usize,
    pub(super) c: usize,
    pub(super) r: usize,
}

/// Calls `panel(pixels, first column)` for every chunk of the grid and every panel of `width` columns.
#[inline(always)]
pub(super) fn walk(grid: Grid, places: [Place; 3], n: usize, width: usize, mut panel: impl FnMut(&[At], usize)) {
    let [a, c, r] = places;
    let mut line = At { a: a.start, c: c.start, r: r.start };
    let (mut at, mut left_of_line) = (line, grid.pixels);
    // Not filled before it is used: that would take longer than a small product.
    let mut pixels = [const { MaybeUninit::<At>::uninit() }; CHUNK];
    let mut left = grid.lines.wrapping_mul(grid.pixels);
    while left > 0 {
        let count = left.min(CHUNK);
        let mut unset = &mut pixels[..count];
        while !unset.is_empty() {
            let (here, after) = unset.split_at_mut(left_of_line.min(unset.len()));
            left_of_line = left_of_line.wrapping_sub(here.len());
            for pixel in here {
                pixel.write(at);
                at = at.plus(a.pixel, c.pixel, r.pixel);
            }
            if left_of_line == 0 {
                line = line.plus(a.line, c.line, r.line);
                (at, left_of_line) = (line, grid.pixels);
            }
            unset = after;
        }
        // SAFETY: the first `count` were written above.
        let pixels = unsafe { core::slice::from_raw_parts(pixels.as_ptr().cast::<At>(), count) };
        let mut first = 0;
        while first < n {
            panel(pixels, first);
            first = first.wrapping_add(width);
        }
        left = left.wrapping_sub(count);
    }
}

impl At {
    /// Wrapping, because the place after the last pixel need not exist.
    #[inline(always)]
    fn plus(self, a: usize, c: usize, r: usize) -> Self {
        Self { a: self.a.wrapping_add(a), c: self.c.wrapping_add(c), r: self.r.wrapping_add(r) }
    }
}

/// The offsets of every run of the taps, from the first element of a window.
pub(super) struct Runs<'a> {
    taps: &'a Taps,
    row: usize,
    at: usize,
    cols: usize,
    rows: usize,
}

impl<'a> Runs<'a> {
    #[inline(always)]
    pub(super) fn of(taps: &'a Taps) -> Self {
        Self { taps, row: 0, at: 0, cols: taps.cols, rows: taps.rows }
    }

    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<usize> {
        if self.cols == 0 {
            self.rows = self.rows.wrapping_sub(1);
            self.row = self.row.wrapping_add(self.taps.row);
            (self.at, self.cols) = (self.row, self.taps.cols);
        }
        if self.rows == 0 {
            return None;
        }
        let at = self.at;
        self.at = at.wrapping_add(self.taps.col);
        self.cols = self.cols.wrapping_sub(1);
        Some(at)
    }
}

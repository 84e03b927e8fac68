//! The pixels of a grid, a few at a time, whatever its lines and pixels are.

use crate::geometry::{Grid, Place};

/// Walks the pixels of a grid in order, with the offset of each at two places.
pub(super) struct Pixels {
    grid: Grid,
    places: [Place; 2],
    /// Pixels left of the line.
    left: usize,
    /// Offsets of the next pixel, and of the first pixel of its line.
    at: [usize; 2],
    line: [usize; 2],
}

impl Pixels {
    #[inline(always)]
    pub(super) fn new(grid: Grid, places: [Place; 2]) -> Self {
        let at = places.map(|place| place.start);
        // Lines that follow on each other are one.
        let dense = places.iter().all(|place| place.line == grid.pixels.wrapping_mul(place.pixel));
        let left = if dense { grid.lines.wrapping_mul(grid.pixels) } else { grid.pixels };
        Self { grid, places, left, at, line: at }
    }

    /// Offsets of the next `count` pixels, at most `MR`; the last stands for those that are missing.
    #[inline(always)]
    pub(super) fn next<const MR: usize>(&mut self, count: usize) -> [[usize; MR]; 2] {
        let mut offsets = [[0; MR]; 2];
        if count == MR && MR <= self.left {
            for ((offsets, at), place) in offsets.iter_mut().zip(&mut self.at).zip(&self.places) {
                for offset in offsets {
                    *offset = *at;
                    *at = at.wrapping_add(place.pixel);
                }
            }
            self.forward(MR);
        } else {
            let [first, second] = &mut offsets;
            for (i, (first, second)) in first.iter_mut().zip(second).enumerate() {
                (*first, *second) = (self.at[0], self.at[1]);
                if i + 1 < count {
                    self.step();
                }
            }
            self.step();
        }
        offsets
    }

    #[inline(always)]
    fn step(&mut self) {
        for (at, place) in self.at.iter_mut().zip(&self.places) {
            *at = at.wrapping_add(place.pixel);
        }
        self.forward(1);
    }

    /// Counts pixels of the line, and goes to the next one after the last.
    #[inline(always)]
    fn forward(&mut self, count: usize) {
        self.left = self.left.wrapping_sub(count);
        if self.left == 0 {
            // Past the last line the offsets may wrap: they are not used.
            self.left = self.grid.pixels;
            for ((at, line), place) in self.at.iter_mut().zip(&mut self.line).zip(&self.places) {
                *line = line.wrapping_add(place.line);
                *at = *line;
            }
        }
    }
}

/// Splits `count` pixels into tiles of at most `most`, as even as can be: the number of tiles, the pixels of the lesser
/// ones, and how many have one more.
pub(super) fn split(count: usize, most: usize) -> (usize, usize, usize) {
    let tiles = count.div_ceil(most);
    if tiles == 0 { (0, 0, 0) } else { (tiles, count / tiles, count % tiles) }
}

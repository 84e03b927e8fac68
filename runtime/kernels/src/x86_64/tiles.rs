//! The pixels of a grid as lines that are as long as they can be, and the tiles of a line.

use crate::geometry::{Grid, Place};

/// The pixels of a grid, where lines that follow on each other are one, and lines of one pixel are the pixels of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) grid: Grid,
    pub(super) from: Place,
    pub(super) to: Place,
}

impl Lines {
    #[inline]
    pub(super) fn of(grid: Grid, from: Place, to: Place) -> Self {
        let joined = |at: Place| at.line == grid.pixels.wrapping_mul(at.pixel);
        if joined(from) && joined(to) {
            Self { grid: Grid { lines: 1, pixels: grid.lines.wrapping_mul(grid.pixels) }, from, to }
        } else if grid.pixels == 1 {
            let turned = |at: Place| Place { pixel: at.line, ..at };
            Self { grid: Grid { lines: 1, pixels: grid.lines }, from: turned(from), to: turned(to) }
        } else {
            Self { grid, from, to }
        }
    }
}

/// Splits `count` pixels, at least one, into tiles of at most `most`, as even as can be: the number of tiles, the pixels of the lesser
/// ones, and how many have one more.
#[inline]
pub(super) fn split(count: usize, most: usize) -> (usize, usize, usize) {
    if count <= most {
        return (1, count, 0);
    }
    let tiles = count.div_ceil(most);
    (tiles, count / tiles, count % tiles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_follow_on_each_other_are_one() {
        let at = |pixel, line| Place { start: 7, line, pixel };
        let grid = Grid { lines: 3, pixels: 5 };
        assert_eq!(Lines::of(grid, at(4, 20), at(8, 40)).grid, Grid { lines: 1, pixels: 15 });
        assert_eq!(Lines::of(grid, at(4, 20), at(8, 41)).grid, grid);
        let column = Lines::of(Grid { lines: 3, pixels: 1 }, at(4, 20), at(8, 41));
        assert_eq!((column.grid, column.from.pixel, column.to.pixel), (Grid { lines: 1, pixels: 3 }, 20, 41));
    }

    #[test]
    fn tiles_are_even() {
        assert_eq!(split(9, 6), (2, 4, 1));
        assert_eq!(split(12, 6), (2, 6, 0));
        assert_eq!(split(3, 6), (1, 3, 0));
    }
}

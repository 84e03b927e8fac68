//! The windows of a pool: which elements of an image each result looks at.

use crate::geometry::{Grid, Place};

/// A pool over one image, channels last. What lies outside of the image is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Height and width of x.
    pub input: [usize; 2],
    /// Height and width of y.
    pub output: [usize; 2],
    /// Channels of both.
    pub channels: usize,
    /// Height and width of the window.
    pub kernel: [usize; 2],
    /// Pixels from a window to the next, down and across.
    pub strides: [usize; 2],
    /// Pixels from an element of a window to the next, down and across.
    pub dilations: [usize; 2],
    /// Padding above and to the left.
    pub pads: [usize; 2],
    /// Padding below and to the right; it counts where averages include padding.
    pub pads_after: [usize; 2],
    /// Where the pixels of x lie.
    pub from: Place,
    /// Where the pixels of y lie.
    pub to: Place,
}

/// One window, cut to the image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Its first element in x.
    pub(super) start: usize,
    pub(super) rows: usize,
    /// Elements from a row to the next.
    pub(super) row_step: usize,
    pub(super) cols: usize,
    /// Elements from a column to the next.
    pub(super) col_step: usize,
    /// Pixels within the image and its padding.
    pub(super) padded: usize,
}

/// The part of a window along one dimension.
#[derive(Clone, Copy)]
pub(super) struct Span {
    /// The first pixel of the image in the window.
    first: usize,
    /// Elements within the image.
    count: usize,
    /// Elements within the image and its padding.
    padded: usize,
}

impl Pool {
    /// Checks that images and results lie within their slices, and that no position overflows.
    ///
    /// # Panics
    /// When they do not: a fault of the plan.
    pub(super) fn check(&self, x: usize, y: usize) {
        let steps = [self.strides, self.dilations, self.kernel];
        assert!(steps.as_flattened().iter().all(|step| *step > 0), "{self:?} has a step or window of 0");
        let grid = |[lines, pixels]: [usize; 2]| Grid { lines, pixels };
        grid(self.input).check("x of a pool", &self.from, Some(self.channels), x);
        grid(self.output).check("y of a pool", &self.to, Some(self.channels), y);
        let end = |d: usize| {
            let last = self.output[d].checked_mul(self.strides[d])?;
            let window = self.kernel[d].checked_mul(self.dilations[d])?;
            let size = self.input[d].checked_add(self.pads[d])?.checked_add(self.pads_after[d])?;
            last.checked_add(window)?.checked_add(size)
        };
        assert!(end(0).is_some() && end(1).is_some(), "{self:?} overflows");
    }

    /// The window at a pixel of y along one dimension.
    #[inline(always)]
    fn span(&self, d: usize, at: usize) -> Span {
        let (start, step, before) = (at * self.strides[d], self.dilations[d], self.pads[d]);
        let kernel = self.kernel[d];
        if start >= before && start + (kernel - 1) * step < before + self.input[d] {
            return Span { first: start - before, count: kernel, padded: kernel };
        }
        // Elements of the window before a position that is counted from the padding's start.
        let elements = |end: usize| end.saturating_sub(start).div_ceil(step).min(kernel);
        let skipped = elements(before);
        let end = before + self.input[d];
        let count = elements(end) - skipped;
        Span { first: (start + skipped * step).wrapping_sub(before), count, padded: elements(end + self.pads_after[d]) }
    }

    /// The rows of the windows of a line of y.
    pub(super) fn rows(&self, line: usize) -> Span {
        self.span(0, line)
    }

    /// The first element of a pixel of y.
    #[inline(always)]
    pub(super) fn target(&self, line: usize, pixel: usize) -> usize {
        self.to.start + line * self.to.line + pixel * self.to.pixel
    }

    /// The window at a pixel of a line that has these rows.
    #[inline(always)]
    pub(super) fn window(&self, rows: Span, pixel: usize) -> Window {
        let cols = self.span(1, pixel);
        let padded = rows.padded * cols.padded;
        let (row_step, col_step) = (self.dilations[0] * self.from.line, self.dilations[1] * self.from.pixel);
        if rows.count == 0 || cols.count == 0 {
            return Window { start: 0, rows: 0, row_step, cols: 0, col_step, padded };
        }
        let start = self.from.start + rows.first * self.from.line + cols.first * self.from.pixel;
        if row_step == cols.count * col_step {
            // As over a whole image: one long row.
            return Window { start, rows: 1, row_step, cols: rows.count * cols.count, col_step, padded };
        }
        Window { start, rows: rows.count, row_step, cols: cols.count, col_step, padded }
    }
}

impl Window {
    /// The first element of each row.
    #[inline(always)]
    pub(super) fn row_starts(&self) -> impl Iterator<Item = usize> {
        let (start, step) = (self.start, self.row_step);
        (0..self.rows).map(move |row| start.wrapping_add(row.wrapping_mul(step)))
    }

    /// One over what an average counts.
    #[inline(always)]
    pub(super) fn weight(&self, include_pad: bool) -> f32 {
        let count = if include_pad { self.padded } else { self.rows * self.cols };
        1.0 / count.max(1) as f32
    }
}

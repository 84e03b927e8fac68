//! Where the operands of a kernel lie: grids of pixels, their places in memory, and the window read at each.

/// The pixels that a kernel makes: `lines` of `pixels` each. A matrix is one line whose pixels are its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Lines, such as the rows of an image.
    pub lines: usize,
    /// Pixels of a line.
    pub pixels: usize,
}

/// Where the pixels of a grid lie, in elements of a slice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The first element of the first pixel.
    pub start: usize,
    /// From a pixel to the one in the next line.
    pub line: usize,
    /// From a pixel to the next one in its line.
    pub pixel: usize,
}

/// What is read at each pixel: `rows * cols` runs of `len` neighbouring elements. A matrix product reads one run, a
/// row; a convolution over channels last reads one run of `kernel width * channels` for each row of its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taps {
    /// Rows of the window.
    pub rows: usize,
    /// Elements from one row of the window to the next.
    pub row: usize,
    /// Runs in a row.
    pub cols: usize,
    /// Elements from one run of a row to the next.
    pub col: usize,
    /// Elements of a run.
    pub len: usize,
}

/// Bounds that a result is held within; NaN passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clamp {
    /// The lower bound.
    pub min: f32,
    /// The upper bound.
    pub max: f32,
}

impl Clamp {
    /// No bound.
    pub const NONE: Self = Self { min: f32::NEG_INFINITY, max: f32::INFINITY };
    /// `Relu`.
    pub const RELU: Self = Self { min: 0.0, max: f32::INFINITY };

    /// Holds a value within the bounds.
    #[inline(always)]
    #[must_use]
    pub fn apply(self, x: f32) -> f32 {
        // Written so that NaN fails both comparisons and passes.
        let x = if x < self.min { self.min } else { x };
        if x > self.max { self.max } else { x }
    }
}

impl Taps {
    /// One run: a row of a matrix.
    #[must_use]
    pub fn row(len: usize) -> Self {
        Self { rows: 1, row: 0, cols: 1, col: 0, len }
    }

    /// Elements read at a pixel; `None` when they overflow.
    #[must_use]
    pub fn elements(&self) -> Option<usize> {
        self.rows.checked_mul(self.cols)?.checked_mul(self.len)
    }

    /// One past the last element that is read, counted from the first, when runs are read in steps of `step` elements, a
    /// power of two.
    #[inline]
    pub(crate) fn reach(&self, step: usize) -> Option<usize> {
        let rows = self.rows.checked_sub(1)?.checked_mul(self.row)?;
        let cols = self.cols.checked_sub(1)?.checked_mul(self.col)?;
        // Rounded up without a division, which would take as long as a small product.
        let len = self.len.checked_add(step - 1)? & !(step - 1);
        rows.checked_add(cols)?.checked_add(len)
    }
}

impl Grid {
    /// Pixels in all; `None` when they overflow.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        self.lines.checked_mul(self.pixels)
    }

    /// One past the last element that is touched at a place when each pixel touches `reach` elements. 0 for no pixel.
    #[inline]
    fn end(&self, at: &Place, reach: usize) -> Option<usize> {
        let (Some(lines), Some(pixels)) = (self.lines.checked_sub(1), self.pixels.checked_sub(1)) else {
            return Some(0);
        };
        let last = lines.checked_mul(at.line)?.checked_add(pixels.checked_mul(at.pixel)?)?;
        at.start.checked_add(last)?.checked_add(reach)
    }

    /// Checks that all pixels lie within `len` elements.
    ///
    /// # Panics
    /// When they do not: the engine plans places before the first run, so this is a fault of the plan and not of an input.
    #[inline]
    pub(crate) fn check(&self, what: &str, at: &Place, reach: Option<usize>, len: usize) {
        let end = reach.and_then(|reach| self.end(at, reach));
        if end.is_none_or(|end| end > len) {
            self.refuse(what, at, len);
        }
    }

    /// Apart, so that a call that passes does not prepare what it would say.
    #[cold]
    #[inline(never)]
    fn refuse(&self, what: &str, at: &Place, len: usize) -> ! {
        panic!("{what}: {self:?} at {at:?} ends past {len} elements")
    }
}

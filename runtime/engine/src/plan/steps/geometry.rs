//! Where a convolution's images lie: from shapes, window and borders to the places that kernels take.

use dunlin_kernels::{Grid, Place, Taps};

use crate::ir::ops::Conv;
use crate::plan::order::{Halo, ImageShape};

/// The call of a kernel for the first image, and how far it is to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub(super) grid: Grid,
    pub(super) from: Place,
    pub(super) taps: Taps,
    pub(super) to: Place,
    pub(super) residual: Place,
    pub(super) images: usize,
    /// Elements from one image to the next of x, y and the residual.
    pub(super) image: [usize; 3],
}

/// Images of a shape with a border around each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bordered {
    pub(super) shape: ImageShape,
    pub(super) halo: Halo,
}

impl Bordered {
    /// Elements of a line with its border.
    pub(super) fn line_elements(&self) -> usize {
        self.halo.around(&self.shape).1 * self.shape.c
    }

    /// Elements of an image with its border.
    pub(super) fn image_elements(&self) -> usize {
        self.halo.around(&self.shape).0 * self.line_elements()
    }

    /// Where the pixels within the border lie.
    pub(super) fn inner(&self) -> Place {
        let start = self.halo.top * self.line_elements() + self.halo.left * self.shape.c;
        Place { start, line: self.line_elements(), pixel: self.shape.c }
    }
}

/// The geometry of a convolution from x to y, lines that follow each other joined; `channels` are those that a group reads.
pub(super) fn of_conv(conv: &Conv, channels: usize, x: Bordered, y: Bordered, residual: Option<Bordered>) -> Geometry {
    of_lines(conv, channels, x, y, residual).joined()
}

/// The same, line by line and image by image.
pub(super) fn of_lines(conv: &Conv, channels: usize, x: Bordered, y: Bordered, residual: Option<Bordered>) -> Geometry {
    let [(top, _), (left, _)] = conv.pads;
    let (line, c) = (x.line_elements(), x.shape.c);
    // The border is at least as wide as the padding.
    let start = (x.halo.top - top) * line + (x.halo.left - left) * c;
    let from = Place { start, line: conv.strides[0] * line, pixel: conv.strides[1] * c };
    let (rows, row) = (conv.kernel[0], conv.dilations[0] * line);
    let runs_join = conv.dilations[1] == 1 && channels == c;
    let taps = if runs_join {
        Taps { rows, row, cols: 1, col: 0, len: conv.kernel[1] * c }
    } else {
        Taps { rows, row, cols: conv.kernel[1], col: conv.dilations[1] * c, len: channels }
    };
    let residual = residual.unwrap_or(y);
    Geometry {
        grid: Grid { lines: y.shape.h, pixels: y.shape.w },
        from,
        taps,
        to: y.inner(),
        residual: residual.inner(),
        images: x.shape.n,
        image: [x.image_elements(), y.image_elements(), residual.image_elements()],
    }
}

impl Geometry {
    /// Lines that follow each other without gap become one, and so do images.
    fn joined(mut self) -> Self {
        let places = [self.from, self.to, self.residual];
        if places.iter().all(|at| at.line == self.grid.pixels * at.pixel) {
            self.grid = Grid { lines: 1, pixels: self.grid.lines * self.grid.pixels };
            if places.iter().zip(self.image).all(|(at, image)| image == self.grid.pixels * at.pixel) {
                self.grid.pixels *= self.images;
                self.images = 1;
            }
            for at in [&mut self.from, &mut self.to, &mut self.residual] {
                at.line = self.grid.pixels * at.pixel;
            }
        }
        self
    }

    /// Multiplications of all images for `n` results a pixel.
    pub(super) fn macs(&self, n: usize) -> u64 {
        let k = self.taps.rows * self.taps.cols * self.taps.len;
        [self.grid.lines, self.grid.pixels, k, n]
            .into_iter()
            .fold(self.images as u64, |m, d| m.saturating_mul(d as u64))
    }
}

/// A place, some elements further.
pub(super) fn moved(at: Place, by: usize) -> Place {
    Place { start: at.start + by, ..at }
}

//! Borders of images, channels last.

use crate::aligned::Plain;

/// Pixels around an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Border {
    /// Rows above.
    pub top: usize,
    /// Columns to the left.
    pub left: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns to the right.
    pub right: usize,
}

/// Elements of an image with its border.
struct Padded {
    /// Elements of a line of the image without its border.
    own: usize,
    /// Elements from a line to the next.
    line: usize,
    /// The first element of the image without its border.
    start: usize,
}

impl Padded {
    /// Checks the size of y.
    fn new(h: usize, w: usize, c: usize, border: Border, y: usize) -> Self {
        let sizes = || {
            let line = w.checked_add(border.left)?.checked_add(border.right)?.checked_mul(c)?;
            let rows = h.checked_add(border.top)?.checked_add(border.bottom)?;
            Some((line, rows.checked_mul(line)?))
        };
        let found = sizes().filter(|(_, count)| *count == y);
        let Some((line, _)) = found else {
            panic!("an image of {h} by {w} by {c} with {border:?} does not have {y} elements")
        };
        // No product is larger than what was checked.
        Self { own: w * c, line, start: if y == 0 { 0 } else { border.top * line + border.left * c } }
    }
}

/// Writes the border of an image of height h, width w and c channels, that y holds with it.
///
/// # Panics
/// When y is of another size.
pub fn fill_border<T: Plain>(y: &mut [T], h: usize, w: usize, c: usize, border: Border, value: T) {
    let Padded { own, line, start } = Padded::new(h, w, c, border, y.len());
    if h == 0 || own == 0 {
        y.fill(value);
        return;
    }
    let (before, rest) = y.split_at_mut(start);
    before.fill(value);
    // What is right of a line and left of the next lie side by side; so do what is right of the last and what is below.
    let (inner, last) = rest.split_at_mut((h - 1) * line);
    for row in inner.chunks_exact_mut(line) {
        row[own..].fill(value);
    }
    last[own..].fill(value);
}

/// Copies an image of height h, width w and c channels, and puts a border around it.
///
/// # Panics
/// When x or y is of another size.
pub fn pad_image<T: Plain>(x: &[T], h: usize, w: usize, c: usize, border: Border, value: T, y: &mut [T]) {
    let Padded { own, line, start } = Padded::new(h, w, c, border, y.len());
    assert_eq!(x.len(), h * own, "x must be {h} by {w} by {c}");
    fill_border(y, h, w, c, border, value);
    if own > 0 {
        for (row, from) in x.chunks_exact(own).enumerate() {
            y[start + row * line..][..own].copy_from_slice(from);
        }
    }
}

//! Where a residual is added to a product that stands in C as u8.

use crate::geometry::Place;
use crate::q8::{GemmQ8Args, Requantize, ResidualArgs};

/// Adds so many neighbouring elements of a residual to C's.
pub(super) type AddRun = unsafe fn(by: Requantize, residual: &ResidualArgs, c: *mut u8, r: *const u8, len: usize);

/// Calls `add` for all pixels.
///
/// # Safety
/// All that the arguments point at must be there, as the door checks, and the CPU must have what `add` needs.
#[inline(always)]
pub(super) unsafe fn add(args: &GemmQ8Args, residual: &ResidualArgs, add: AddRun) {
    let (grid, n) = (args.product.grid, args.product.n);
    // Neighbouring pixels are one run.
    let dense = args.to.pixel == n && residual.at.pixel == n;
    let (pixels, len) = if dense { (1, grid.pixels.wrapping_mul(n)) } else { (grid.pixels, n) };
    for line in 0..grid.lines {
        for pixel in 0..pixels {
            let offset = |at: &Place| {
                let line = line.wrapping_mul(at.line);
                at.start.wrapping_add(line).wrapping_add(pixel.wrapping_mul(at.pixel))
            };
            // SAFETY: the door checked every pixel of C and the residual.
            unsafe {
                let (c, r) = (args.c.add(offset(&args.to)), residual.r.add(offset(&residual.at)));
                add(args.requantize, residual, c, r, len);
            }
        }
    }
}

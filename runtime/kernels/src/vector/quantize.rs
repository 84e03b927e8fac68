//! Between f32 and u8, and between u8 of different scales.

use super::rounding::Rounding;
use crate::dispatch::Kernels;
use crate::q8::Requantize;

/// Elements that are divided by multiplication together.
const BLOCK: usize = 64;

/// How far from a tie, at least, a product by the reciprocal is rounded as the quotient is. Of a result of 8 bits the
/// reciprocal's, the product's and the quotient's own rounding take less than half of it.
const SURE: f32 = 0.5 - 1.0 / 8192.0;

/// Quantised elements: each stands for `scale * (q - zero)`.
#[derive(Clone, Copy, Debug)]
pub struct Quantized<'a> {
    /// q.
    pub values: &'a [u8],
    /// The zero point.
    pub zero: u8,
    /// The scale, in units of the result's where these are the operand of an int8 operation.
    pub scale: f32,
}

/// ONNX `QuantizeLinear`: `round(x / scale) + zero`, ties to even, held within 0 and 255. NaN becomes 0.
///
/// # Panics
/// When x and y differ in length.
pub fn quantize(kernels: &Kernels, x: &[f32], scale: f32, zero: u8, y: &mut [u8]) {
    assert_eq!(x.len(), y.len(), "x and y must be of one length");
    quantize_all(kernels.isa(), x, scale, Rounding::new(Requantize { zero, min: 0, max: 255 }), y);
}

vectorised! {
    fn quantize_all(x: &[f32], scale: f32, rounding: Rounding, y: &mut [u8]) {
        divide(x, scale, rounding, y);
    }
}

/// `x / scale` rounded: by the reciprocal where that leaves no doubt, since a division takes as long as ten products.
#[inline(always)]
fn divide(x: &[f32], scale: f32, rounding: Rounding, y: &mut [u8]) {
    let reciprocal = 1.0 / scale;
    let ((blocks, rest), (y_blocks, y_rest)) = (x.as_chunks::<BLOCK>(), y.as_chunks_mut::<BLOCK>());
    for (x, y) in blocks.iter().zip(y_blocks) {
        // One that is subnormal or infinite has lost digits.
        if !reciprocal.is_normal() || !multiply(x, reciprocal, rounding, y) {
            divide_each(x, scale, rounding, y);
        }
    }
    divide_each(rest, scale, rounding, y_rest);
}

#[inline(always)]
fn divide_each(x: &[f32], scale: f32, rounding: Rounding, y: &mut [u8]) {
    for (x, y) in x.iter().zip(y) {
        *y = rounding.apply(*x / scale);
    }
}

/// Rounds `x * reciprocal`; whether that is what division gives for sure.
#[inline(always)]
fn multiply(x: &[f32; BLOCK], reciprocal: f32, rounding: Rounding, y: &mut [u8; BLOCK]) -> bool {
    // Without the sign, floats are ordered as their bits are.
    let mut farthest = 0;
    for (x, y) in x.iter().zip(y) {
        let (rounded, change) = rounding.apply_with_change(*x * reciprocal);
        *y = rounded;
        farthest = u32::max(farthest, change.to_bits() & 0x7fff_ffff);
    }
    farthest < SURE.to_bits()
}

/// ONNX `DequantizeLinear`: `(x - zero) * scale`.
///
/// # Panics
/// When x and y differ in length.
pub fn dequantize(kernels: &Kernels, x: &[u8], scale: f32, zero: u8, y: &mut [f32]) {
    assert_eq!(x.len(), y.len(), "x and y must be of one length");
    dequantize_all(kernels.isa(), Quantized { values: x, zero, scale }, y);
}

vectorised! {
    fn dequantize_all(x: Quantized<'_>, y: &mut [f32]) {
        for (q, y) in x.values.iter().zip(y) {
            *y = x.real(*q);
        }
    }
}

impl Quantized<'_> {
    #[inline(always)]
    fn real(&self, q: u8) -> f32 {
        i32::from(q).wrapping_sub(i32::from(self.zero)) as f32 * self.scale
    }
}

/// `a + b`, each of its own scale, in units of the result's.
///
/// # Panics
/// When the slices differ in length.
pub fn add_q8(kernels: &Kernels, a: Quantized<'_>, b: Quantized<'_>, requantize: Requantize, y: &mut [u8]) {
    assert!(a.values.len() == y.len() && b.values.len() == y.len(), "a, b and y must be of one length");
    add_all(kernels.isa(), a, b, Rounding::new(requantize), y);
}

vectorised! {
    fn add_all(a: Quantized<'_>, b: Quantized<'_>, rounding: Rounding, y: &mut [u8]) {
        for ((p, q), y) in a.values.iter().zip(b.values).zip(y) {
            *y = rounding.apply(a.real(*p) + b.real(*q));
        }
    }
}

/// x in another scale: a `QuantizeLinear` after a `DequantizeLinear`.
///
/// # Panics
/// When x and y differ in length.
pub fn requantize_q8(kernels: &Kernels, x: Quantized<'_>, requantize: Requantize, y: &mut [u8]) {
    assert_eq!(x.values.len(), y.len(), "x and y must be of one length");
    requantize_all(kernels.isa(), x, Rounding::new(requantize), y);
}

vectorised! {
    fn requantize_all(x: Quantized<'_>, rounding: Rounding, y: &mut [u8]) {
        for (q, y) in x.values.iter().zip(y) {
            *y = rounding.apply(x.real(*q));
        }
    }
}

/// Dynamic int8: quantises each row of `row` elements by itself, symmetrically: `scale = max |x| / 127` and
/// `q = round(x / scale) + 128`. The scale of a row of zeros is 0; that of a row that holds NaN or an infinity is NaN, so
/// that what is computed from it shows it. `row_scale` may be longer than there are rows.
///
/// # Panics
/// When x is not whole rows, x and y differ in length or there are fewer scales than rows.
pub fn quantize_rows(kernels: &Kernels, x: &[f32], row: usize, y: &mut [u8], row_scale: &mut [f32]) {
    if x.is_empty() && y.is_empty() {
        return;
    }
    assert!(row > 0 && x.len().is_multiple_of(row) && x.len() == y.len(), "x and y must be the same whole rows");
    assert!(row_scale.len() >= x.len() / row, "each row must have a scale");
    quantize_each_row(kernels.isa(), x, row, y, row_scale);
}

vectorised! {
    fn quantize_each_row(x: &[f32], row: usize, y: &mut [u8], row_scale: &mut [f32]) {
        let rounding = Rounding::new(Requantize { zero: 128, min: 1, max: 255 });
        for ((x, y), row_scale) in x.chunks_exact(row).zip(y.chunks_exact_mut(row)).zip(row_scale) {
            // Without the sign, floats are ordered as their bits are, and infinities and NaN are the greatest.
            let max = f32::from_bits(x.iter().map(|x| x.to_bits() & 0x7fff_ffff).fold(0, u32::max));
            let scale = max / 127.0;
            *row_scale = if max.is_finite() { scale } else { f32::NAN };
            // A scale that is too small for a float is 0, and so are its elements.
            let divisor = if scale > 0.0 { scale } else { 1.0 };
            divide(x, divisor, rounding, y);
        }
    }
}

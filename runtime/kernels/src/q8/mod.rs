//! Static and dynamic int8: unsigned activations by signed weights, summed in i32, scaled back in f32.
//!
//! A real value is `scale * (q - zero)`. Activations are u8 with a zero point, weights i8 with none and a scale of their
//! own for each output channel. (Signed activations are the same with 128 added to value and zero point.)

mod depthwise;
mod gemm;

pub use depthwise::{DepthwiseQ8, PackedDepthwiseQ8, Window};
pub(crate) use depthwise::{DepthwiseQ8Args, DepthwiseQ8Table};
pub use gemm::{GemmQ8, GemmQ8ToF32, PackedQ8, Residual, SourceQ8};
pub(crate) use gemm::{GemmQ8Args, GemmQ8Table, GemmQ8ToF32Args, ProductArgs};
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) use gemm::ResidualArgs;

/// How a sum becomes u8: `clamp(round(sum * scale) + zero, min, max)`, ties to even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requantize {
    /// The result's zero point.
    pub zero: u8,
    /// The lower bound; an activation such as `Relu` raises it to its zero point.
    pub min: u8,
    /// The upper bound.
    pub max: u8,
}

impl Requantize {
    /// A real value, in units of the result's scale, as u8. NaN, which no sum of integers is, becomes the lower bound.
    #[inline(always)]
    #[must_use]
    pub fn apply(self, x: f32) -> u8 {
        let (zero, min, max) = (f32::from(self.zero), f32::from(self.min), f32::from(self.max));
        // Bounded as a float, so that the conversion is of a whole number from 0 to 255.
        (x.round_ties_even() + zero).max(min).min(max) as u8
    }
}

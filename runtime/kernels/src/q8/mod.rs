//! Static and dynamic int8: unsigned activations by signed weights, summed in i32, scaled back in f32.
//!
//! A real value is `scale * (q - zero)`. Activations are u8 with a zero point, weights i8 with none and a scale of their
//! own for each output channel. (Signed activations are the same with 128 added to value and zero point.)

mod depthwise;
mod floats;
mod gemm;

pub use depthwise::{DepthwiseQ8, PackedDepthwiseQ8, Window};
pub(crate) use depthwise::{DepthwiseQ8Args, DepthwiseQ8Table};
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) use gemm::ResidualArgs;
pub use gemm::{GemmQ8, GemmQ8ToF32, PackedQ8, Residual, SourceQ8};
pub(crate) use gemm::{GemmQ8Args, GemmQ8Table, GemmQ8ToF32Args, ProductArgs};

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

/// Whether a sum of `k` products and its bias, times its scale, may be past what an i32 holds, or no number. Only a model
/// whose results have next to no use is so: a change of one activation by one moves them by hundreds of quanta.
fn is_vast(bias: Option<&[i32]>, k: usize, scale: &[f32]) -> bool {
    let products = 255.0 * 128.0 * k as f64;
    scale.iter().enumerate().any(|(i, scale)| {
        let bias = bias.and_then(|bias| bias.get(i)).map_or(0, |bias| bias.unsigned_abs());
        let most = (f64::from(bias) + products) * f64::from(scale.abs());
        // Below 2 to the 31 by more than rounding to f32 adds.
        most.is_nan() || most > 2e9
    })
}

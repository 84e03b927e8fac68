//! Layers that recipes train with.

use candle_core::{Result as CandleResult, Tensor};

/// A convolution over height and width with as much padding on each side and one stride for both; `x` is (batch, channels,
/// height, width), `weight` (outputs, channels, height, width), `bias` (outputs).
pub(crate) fn convolution(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    padding: usize,
    stride: usize,
) -> CandleResult<Tensor> {
    x.conv2d(weight, padding, stride, 1, 1)?.broadcast_add(&bias.reshape((1, bias.elem_count(), 1, 1))?)
}

/// A layer of (outputs, inputs) weights on (batch, inputs).
pub(crate) fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> CandleResult<Tensor> {
    x.matmul(&weight.t()?)?.broadcast_add(bias)
}

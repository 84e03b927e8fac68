//! `Conv`: one- and two-dimensional, grouped, with padding of its own on each side.

use dunlin_kernels::Clamp;
use dunlin_kernels::q8::Requantize;

use super::{Context, Op, Parsed, Scale, check_shape};
use crate::ir::Type;

/// A convolution's window. One-dimensional ones are those of images one pixel high.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conv {
    pub(crate) group: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) strides: [usize; 2],
    pub(crate) dilations: [usize; 2],
    /// Before and after, for height and width.
    pub(crate) pads: [(usize, usize); 2],
    /// An activation that was fused.
    pub(crate) clamp: Clamp,
    /// Whether the last input is added before the clamp.
    pub(crate) residual: bool,
}

/// A depthwise convolution whose only use is a pointwise one. Inputs: x, depthwise w and b, pointwise w and b.
#[derive(Clone, Debug)]
pub(crate) struct Separable {
    pub(crate) depthwise: Conv,
    pub(crate) pointwise: Conv,
    /// Where both are int8.
    pub(crate) quantized: Option<[Quantized; 2]>,
}

/// What an int8 product is made with.
#[derive(Clone, Debug)]
pub(crate) struct Quantized {
    pub(crate) x: Scale,
    pub(crate) requantize: Requantize,
    /// One for each output channel: the product of x's and the weights' scales over the result's.
    pub(crate) multipliers: Vec<f32>,
    pub(crate) bias: Vec<i32>,
}

/// An int8 convolution. Inputs: x (U8), w (I8), and the residual where there is one.
#[derive(Clone, Debug)]
pub(crate) struct QConv {
    pub(crate) conv: Conv,
    pub(crate) quantized: Quantized,
    pub(crate) residual: Option<QResidual>,
}

/// How another activation is added to an int8 convolution's result.
#[derive(Clone, Debug)]
pub(crate) struct QResidual {
    /// How the convolution alone becomes u8.
    pub(crate) product: Requantize,
    /// Its scale, and the other's, in units of the result's.
    pub(crate) scales: (f32, f32),
    /// The other's zero point.
    pub(crate) zero: u8,
    /// How the sum becomes u8.
    pub(crate) requantize: Requantize,
}

/// Reads a Conv node. Inputs: X (N, C, spatial), W (M, C / group, kernel), and optionally B (M).
pub(super) fn parse(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(2, 3)?;
    let (x, w) = (context.f32_input(0)?, context.f32_input(1)?);
    let (xs, ws) = (&x.shape, &w.shape);
    if !(3..=4).contains(&xs.len()) || ws.len() != xs.len() {
        return Err(format!("X {xs:?} and W {ws:?} must agree on one or two spatial dimensions"));
    }
    let spatial = xs.len() - 2;
    let attributes = &context.attributes;
    let group = attributes.size("group", 1)?;
    if let Some(kernel) = attributes.ints("kernel_shape")?
        && !ws[2..].iter().map(|size| *size as i64).eq(kernel.iter().copied())
    {
        return Err(format!("kernel_shape {kernel:?} is not that of W {ws:?}"));
    }
    if attributes.string("auto_pad", "NOTSET")? != "NOTSET" {
        return Err("auto_pad must be written as pads".to_owned());
    }
    let (mut strides, mut dilations) = (attributes.sizes("strides", spatial)?, attributes.sizes("dilations", spatial)?);
    let pads = attributes.pads(spatial)?;
    if ws[1].checked_mul(group) != Some(xs[1]) || !ws[0].is_multiple_of(group) || ws[0] == 0 {
        return Err(format!("X {xs:?} and W {ws:?} do not agree on channels for {group} groups"));
    }
    if let Some(bias) = context.optional(2)
        && (bias.shape != [ws[0]] || bias.ty != Type::F32)
    {
        return Err(format!("B must be F32 of shape [{}]", ws[0]));
    }
    let mut shape = vec![xs[0], ws[0]];
    for d in 0..spatial {
        let count = windows(xs[d + 2], ws[d + 2], strides[d], dilations[d], pads[d])?;
        // Steps that nobody takes may be as long as they like in a file, but not in what follows.
        strides[d] = if count == 1 { 1 } else { strides[d] };
        dilations[d] = if ws[d + 2] == 1 { 1 } else { dilations[d] };
        shape.push(count);
    }
    check_shape(&shape)?;
    let conv = Conv {
        group,
        kernel: image(&ws[2..], 1),
        strides: image(&strides, 1),
        dilations: image(&dilations, 1),
        pads: image(&pads, (0, 0)),
        clamp: Clamp::NONE,
        residual: false,
    };
    let inputs = if context.optional(2).is_some() { vec![0, 1, 2] } else { vec![0, 1] };
    Parsed::one(Op::Conv(conv), inputs, Type::F32, shape)
}

/// Height and width; a height of `none` where there is only a width.
fn image<T: Copy>(values: &[T], none: T) -> [T; 2] {
    if let [height, width] = *values { [height, width] } else { [none, values[0]] }
}

/// Positions of a window of `kernel` along a padded dimension, by ONNX's floor formula.
pub(super) fn windows(
    size: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    pad: (usize, usize),
) -> Result<usize, String> {
    let padded = size.checked_add(pad.0).and_then(|s| s.checked_add(pad.1));
    let reach = kernel.checked_sub(1).and_then(|k| k.checked_mul(dilation)).and_then(|r| r.checked_add(1));
    match (padded, reach) {
        (Some(padded), Some(reach)) if reach <= padded && stride > 0 => Ok((padded - reach) / stride + 1),
        _ => Err(format!("a window of {kernel} does not fit in {size} with pads {pad:?}")),
    }
}

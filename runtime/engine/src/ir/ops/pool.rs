//! `MaxPool`, `AveragePool` and the global pools, over one or two spatial dimensions.

use super::convolution::windows;
use super::{Context, Op, Parsed, check_shape};
use crate::ir::Type;

/// A pool's window. One-dimensional ones are those of images one pixel high.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pool {
    pub(crate) kind: PoolKind,
    pub(crate) kernel: [usize; 2],
    pub(crate) strides: [usize; 2],
    pub(crate) dilations: [usize; 2],
    /// Before, for height and width; what lies after follows from the result's size.
    pub(crate) pads: [usize; 2],
    /// After, which counts where averages include padding.
    pub(crate) pads_after: [usize; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PoolKind {
    Max,
    /// Whether padding counts among the elements.
    Average {
        include_pad: bool,
    },
}

/// Reads MaxPool or AveragePool.
pub(super) fn parse(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1)?;
    if context.outputs > 1 {
        return Err("only the first output is supported".to_owned());
    }
    let x = context.input(0)?;
    let spatial = spatial(&x.shape)?;
    let attributes = &context.attributes;
    if attributes.string("auto_pad", "NOTSET")? != "NOTSET" {
        return Err("auto_pad must be written as pads".to_owned());
    }
    attributes.int("storage_order", 0)?;
    let ceil = attributes.flag("ceil_mode", false)?;
    let kernel = attributes.sizes("kernel_shape", spatial)?;
    let (mut strides, mut dilations) = (attributes.sizes("strides", spatial)?, attributes.sizes("dilations", spatial)?);
    let pads = attributes.pads(spatial)?;
    let include_pad = attributes.flag("count_include_pad", false)?;
    let kind = if context.op_type == "MaxPool" { PoolKind::Max } else { PoolKind::Average { include_pad } };
    if x.ty != Type::F32 && !(kind == PoolKind::Max && matches!(x.ty, Type::U8 | Type::I8)) {
        return Err(format!("'{}' must be F32, is {:?}", x.name, x.ty));
    }
    let mut shape = x.shape[..2].to_vec();
    for d in 0..spatial {
        let size = x.shape[d + 2];
        let mut count = windows(size, kernel[d], strides[d], dilations[d], pads[d])?;
        let reach = (kernel[d] - 1) * dilations[d] + 1;
        let next = count.saturating_mul(strides[d]);
        // One window more where something is left, unless it would start in the padding after.
        if ceil && next - strides[d] + reach < size + pads[d].0 + pads[d].1 && next < size + pads[d].0 {
            count += 1;
        }
        // Steps that nobody takes may be as long as they like in a file, but not in what follows.
        strides[d] = if count == 1 { 1 } else { strides[d] };
        dilations[d] = if kernel[d] == 1 { 1 } else { dilations[d] };
        shape.push(count);
    }
    check_shape(&shape)?;
    let pool = Pool {
        kind,
        kernel: image(&kernel, 1),
        strides: image(&strides, 1),
        dilations: image(&dilations, 1),
        pads: image(&pads, (0, 0)).map(|pad| pad.0),
        pads_after: image(&pads, (0, 0)).map(|pad| pad.1),
    };
    Parsed::one(Op::Pool(pool), [0], x.ty, shape)
}

/// Reads GlobalAveragePool or GlobalMaxPool: a window as large as the image.
pub(super) fn global(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1)?;
    let x = context.f32_input(0)?;
    let spatial = spatial(&x.shape)?;
    let kind =
        if context.op_type == "GlobalMaxPool" { PoolKind::Max } else { PoolKind::Average { include_pad: false } };
    let kernel = image(&x.shape[2..], 1);
    let pool = Pool { kind, kernel, strides: [1; 2], dilations: [1; 2], pads: [0; 2], pads_after: [0; 2] };
    let mut shape = x.shape[..2].to_vec();
    shape.extend(vec![1; spatial]);
    Parsed::one(Op::Pool(pool), [0], Type::F32, shape)
}

fn spatial(shape: &[usize]) -> Result<usize, String> {
    match shape.len() {
        3 | 4 if shape.iter().all(|d| *d > 0) => Ok(shape.len() - 2),
        _ => Err(format!("X {shape:?} must have one or two spatial dimensions, and no empty one")),
    }
}

/// Height and width; a height of `none` where there is only a width.
fn image<T: Copy>(values: &[T], none: T) -> [T; 2] {
    if let [height, width] = *values { [height, width] } else { [none, values[0]] }
}

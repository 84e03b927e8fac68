//! `MaxPool`, `AveragePool` and the global pools, over one to three spatial dimensions.

use super::convolution::windows;
use super::{Context, Op, Parsed, check_shape};
use crate::ir::{Type, Value};

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
    let x = context.input(0)?;
    let spatial = spatial(&x.shape)?;
    let attributes = &context.attributes;
    if attributes.string("auto_pad", "NOTSET")? != "NOTSET" {
        return Err("auto_pad must be written as pads".to_owned());
    }
    let column_major = attributes.flag("storage_order", false)?;
    let ceil = attributes.flag("ceil_mode", false)?;
    if attributes.ints("kernel_shape")?.is_none() {
        return Err("attribute 'kernel_shape' is missing".to_owned());
    }
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
    let of = |range: std::ops::Range<usize>| Pool {
        kind,
        kernel: image(&kernel[range.clone()], 1),
        strides: image(&strides[range.clone()], 1),
        dilations: image(&dilations[range.clone()], 1),
        pads: image(&pads[range.clone()], (0, 0)).map(|pad| pad.0),
        pads_after: image(&pads[range], (0, 0)).map(|pad| pad.1),
    };
    let wants_places = context.outputs > 1;
    if wants_places && (kind != PoolKind::Max || spatial == 3 || x.ty != Type::F32) {
        return Err("a second output is supported of a MaxPool of F32 over one or two dimensions only".to_owned());
    }
    if spatial < 3 {
        let pool = of(0..spatial);
        let places = Op::MaxPlaces { pool: pool.clone(), column_major };
        let mut made = vec![Parsed::new(Op::Pool(pool), [0], x.ty, shape.clone()).named(0)];
        made.extend(wants_places.then(|| Parsed::new(places, [0], Type::I64, shape).named(1)));
        return Ok(made);
    }
    Ok(volume(x, &shape, of(1..3), of(0..1)))
}

/// A pool over three dimensions: over the last two, whose images are then as many as channels and slices, and over the
/// first of what that made. Greatest elements are so found in two goes; the elements that an average counts multiply.
fn volume(x: &Value, shape: &[usize], images: Pool, slices: Pool) -> Vec<Parsed> {
    let [n, c, d, h, w] = [x.shape[0], x.shape[1], x.shape[2], x.shape[3], x.shape[4]];
    let (slices_out, out) = (shape[2], [shape[3], shape[4]]);
    // A one-dimensional window is that of an image one pixel high; turned, of one that is one pixel wide.
    let turned = |[none, size]: [usize; 2]| [size, none];
    let slices = Pool {
        kernel: turned(slices.kernel),
        strides: turned(slices.strides),
        dilations: turned(slices.dilations),
        pads: turned(slices.pads),
        pads_after: turned(slices.pads_after),
        ..slices
    };
    let of = |op, from, shape: Vec<usize>| Parsed::new(op, [from], x.ty, shape);
    vec![
        of(Op::View, 0, vec![n, c * d, h, w]),
        of(Op::Pool(images), Parsed::PREVIOUS, vec![n, c * d, out[0], out[1]]),
        of(Op::View, Parsed::PREVIOUS, vec![n, c, d, out[0] * out[1]]),
        of(Op::Pool(slices), Parsed::PREVIOUS, vec![n, c, slices_out, out[0] * out[1]]),
        of(Op::View, Parsed::PREVIOUS, shape.to_vec()).named(0),
    ]
}

/// Reads GlobalAveragePool or GlobalMaxPool: a window as large as the image.
pub(super) fn global(context: &Context<'_>) -> Result<Vec<Parsed>, String> {
    context.takes(1, 1)?;
    let x = context.f32_input(0)?;
    let spatial = spatial(&x.shape)?;
    let kind =
        if context.op_type == "GlobalMaxPool" { PoolKind::Max } else { PoolKind::Average { include_pad: false } };
    let whole = |kernel| Pool { kind, kernel, strides: [1; 2], dilations: [1; 2], pads: [0; 2], pads_after: [0; 2] };
    let mut shape = x.shape[..2].to_vec();
    shape.extend(vec![1; spatial]);
    if let [_, _, d, h, w] = x.shape[..] {
        return Ok(volume(x, &shape, whole([h, w]), whole([1, d])));
    }
    Parsed::one(Op::Pool(whole(image(&x.shape[2..], 1))), [0], Type::F32, shape)
}

fn spatial(shape: &[usize]) -> Result<usize, String> {
    match shape.len() {
        3..=5 if shape.iter().all(|d| *d > 0) => Ok(shape.len() - 2),
        _ => Err(format!("X {shape:?} must have one to three spatial dimensions, and no empty one")),
    }
}

/// Height and width; a height of `none` where there is only a width.
fn image<T: Copy>(values: &[T], none: T) -> [T; 2] {
    if let [height, width] = *values { [height, width] } else { [none, values[0]] }
}
